//! What a feed begins with and goes on with, made of what is shown and of what the writer tells
//! while it goes on.
//!
//! Must always hold: the tap is open before anything here is read, so that whatever a picture
//! does not show is told after it was read; and each frame ends at the newest fact that was told.

use crate::feed::picture::{Delta, Picture};
use crate::feed::tap::Pending;
use crate::view::EventView;

/// A picture, and from which version on it is exact.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) picture: Picture,
    pub(super) exact_from: u64,
}

/// What follows a feed's picture.
#[derive(Debug)]
pub(super) enum Frame {
    /// What changed.
    Delta(Delta),
    /// More than could be told: everything anew.
    Base(Base),
}

impl Base {
    /// Reads what is shown while the writer goes on.
    ///
    /// The tap is open, and the version is read before the states: what the states do not show is
    /// told to the tap, for the writer tells whatever it shows after this version was read. What
    /// the tap was told meanwhile is laid over them. They may show parts of one fact more, the one
    /// that is being shown: the writer has named it before its first state (`begun`), and will
    /// tell it.
    pub(super) fn read(event: &EventView) -> Self {
        loop {
            let mut picture = event.picture();
            let begun = event.tap().begun();
            let mut pending = event.tap().take(Pending::default());
            if pending.is_overflowed {
                continue;
            }
            if pending.to_version > picture.version {
                picture.apply(&pending.delta(picture.version));
            }
            return Self { picture, exact_from: begun };
        }
    }
}

impl Frame {
    /// Of what was told, behind a version; `None` if that is nothing.
    pub(super) fn of(pending: &mut Pending, event: &EventView, from_version: u64) -> Option<Self> {
        if pending.is_overflowed {
            return Some(Self::Base(Base::read(event)));
        }
        let is_new = pending.to_version > from_version;
        is_new.then(|| Self::Delta(pending.delta(from_version)))
    }
}
