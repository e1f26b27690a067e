//! One watcher with a feed of its own: what the engine's feed does in `watch`, in its task and in
//! `Watcher::next`, one after the other.

use crate::feed::Shared;
use crate::feed::frame::{Base, Frame};
use crate::feed::hub::{Hub, Next};
use crate::feed::picture::{Delta, Picture};
use crate::feed::tap::Pending;
use crate::sync::finish;
use crate::view::EventView;

pub(crate) struct Watcher<'a> {
    event: &'a EventView,
    hub: Hub,
    spare: Pending,
    picture: Option<Picture>,
}

impl<'a> Watcher<'a> {
    /// Begins a feed.
    pub(crate) fn begin(event: &'a EventView) -> Self {
        event.tap().open();
        let hub = Hub::new(Base::read(event));
        Self { event, hub, spare: Pending::default(), picture: None }
    }

    /// Waits until the writer has told something, and goes on with it.
    pub(crate) fn wait(&mut self) {
        finish(self.event.tap().told());
        let mut pending = self.event.tap().take(crate::mem::take(&mut self.spare));
        let frame = Frame::of(&mut pending, self.event, self.hub.version());
        pending.clear();
        self.spare = pending;
        if let Some(frame) = frame {
            self.hub.go_on(frame);
        }
    }

    /// What it makes of all that it was given; `None` while it was given nothing.
    pub(crate) fn look(&mut self) -> Option<&Picture> {
        let known = self.picture.as_ref().map(|picture| picture.version);
        match self.hub.after(known) {
            Next::Wait => {}
            Next::Snapshot(picture) => self.picture = Some(picture.content().clone()),
            Next::Delta(delta) => self.follow(delta.content()),
            Next::Behind { from_version, frames } => {
                let frames = frames.iter().map(|frame| frame.content());
                let delta = Shared::new(Delta::merged(from_version, frames));
                self.follow(delta.content());
                self.hub.keep(delta);
            }
        }
        self.picture.as_ref()
    }

    fn follow(&mut self, delta: &Delta) {
        let picture = self.picture.as_mut().expect("a delta is for who has a picture");
        assert_eq!(delta.from_version, picture.version, "a delta leads on");
        picture.apply(delta);
    }

    /// Ends the feed.
    pub(crate) fn end(self) {
        self.event.tap().close();
    }
}
