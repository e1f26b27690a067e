//! Live changes of an event: one feed for all who watch it. The writer tells the [`Tap`] what it
//! shows; the feed's task takes what has come together every [`FRAME_INTERVAL`], at once after a
//! pause, as one frame of absolute states; the [`Hub`] keeps the last frames and the picture that
//! they lead to. A feed begins with its first watcher and ends a while after the last one left.
//!
//! Must always hold: a picture that is handed out is exact at its version, and so is, at the end
//! of each delta, what its watcher makes of it; no watcher ever makes the writer wait, and none
//! has more than one update of its own in memory.

mod frame;
mod hub;
mod picture;
mod tap;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep};

use crate::feed::frame::{Base, Frame};
use crate::feed::hub::{Hub, Next};
pub use crate::feed::picture::{Delta, Picture};
use crate::feed::tap::Pending;
pub(crate) use crate::feed::tap::Tap;
use crate::limits::{FEED_LINGER, FRAME_INTERVAL};
use crate::metrics::{FEED_OVERFLOWS, FEEDS, FRAMES, FRAMES_MERGED, SNAPSHOTS_SENT, WATCHERS};
use crate::view::EventView;

/// A feed could not begin: as many events are watched already as may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many events are watched already; stop watching another, or try again later")]
pub struct TooManyFeeds;

/// What a watcher is told.
#[derive(Clone, Debug)]
pub enum Update {
    /// Everything.
    Snapshot(Arc<Shared<Picture>>),
    /// What changed since the update before.
    Delta(Arc<Shared<Delta>>),
}

/// Something that is told to many, with room for its bytes, which are made once.
#[derive(Debug)]
pub struct Shared<T> {
    content: T,
    encoded: OnceLock<Bytes>,
}

impl<T> Shared<T> {
    pub(crate) fn new(content: T) -> Arc<Self> {
        Arc::new(Self { content, encoded: OnceLock::new() })
    }

    /// What it is.
    pub fn content(&self) -> &T {
        &self.content
    }

    /// Its bytes; made by whoever is the first to ask.
    pub fn encoded(&self, encode: impl FnOnce(&T) -> Bytes) -> Bytes {
        self.encoded.get_or_init(|| encode(&self.content)).clone()
    }
}

/// Where an event's feed runs, if it does.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    desk: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    hub: Hub,
    /// Tells watchers that there is something new.
    news: watch::Sender<()>,
    watchers: usize,
    /// When the last watcher left.
    deserted_at: Instant,
}

/// Somebody who watches an event. Gives its place back when dropped.
#[derive(Debug)]
pub struct Watcher {
    event: Arc<EventView>,
    news: watch::Receiver<()>,
    /// The version of what it was told last, or what it said that it knows.
    cursor: Option<u64>,
}

impl Feed {
    fn desk(&self) -> MutexGuard<'_, Option<Running>> {
        // Who panics while he holds it leaves a hub whose task ends, and with it the feed.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins to watch an event. `after` is the version of the picture that the watcher has. Must be
/// called within a tokio runtime: the first one starts the feed's task, which takes one of the
/// places in `feeds`.
pub fn watch(
    event: &Arc<EventView>,
    after: Option<u64>,
    feeds: &Arc<Semaphore>,
) -> Result<Watcher, TooManyFeeds> {
    let mut desk = event.feed().desk();
    let running = match &mut *desk {
        Some(running) => running,
        none => {
            let place = Arc::clone(feeds).try_acquire_owned().map_err(|_| TooManyFeeds)?;
            event.tap().open();
            let (hub, news) = (Hub::new(Base::read(event)), watch::Sender::new(()));
            tokio::spawn(run(Guard::new(Arc::clone(event), place)));
            none.insert(Running { hub, news, watchers: 0, deserted_at: Instant::now() })
        }
    };
    running.watchers += 1;
    metrics::gauge!(WATCHERS).increment(1.0);
    Ok(Watcher { event: Arc::clone(event), news: running.news.subscribe(), cursor: after })
}

impl Watcher {
    /// What it does not know yet, once there is something. `None` if the feed has ended. May be
    /// dropped while it waits: nothing is lost.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            // Seen before it is looked at, so that what comes meanwhile wakes this again.
            self.news.borrow_and_update();
            if let Some(update) = self.look()? {
                return Some(update);
            }
            self.news.changed().await.ok()?;
        }
    }

    /// What there is to tell now; the outer `None` if there is no feed any more.
    fn look(&mut self) -> Option<Option<Update>> {
        let next = self.event.feed().desk().as_mut()?.hub.after(self.cursor);
        let update = match next {
            Next::Wait => return Some(None),
            Next::Snapshot(picture) => {
                metrics::counter!(SNAPSHOTS_SENT).increment(1);
                self.cursor = Some(picture.content().version);
                Update::Snapshot(picture)
            }
            Next::Delta(delta) => {
                self.cursor = Some(delta.content().to_version);
                Update::Delta(delta)
            }
            Next::Behind { from_version, frames } => {
                metrics::counter!(FRAMES_MERGED).increment(frames.len() as u64);
                // Outside of the lock, for the frames may be many.
                let frames = frames.iter().map(|frame| frame.content());
                let delta = Shared::new(Delta::merged(from_version, frames));
                self.cursor = Some(delta.content().to_version);
                if let Some(running) = &mut *self.event.feed().desk() {
                    running.hub.keep(Arc::clone(&delta));
                }
                Update::Delta(delta)
            }
        };
        Some(Some(update))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        metrics::gauge!(WATCHERS).decrement(1.0);
        let mut desk = self.event.feed().desk();
        // Of another feed than its own only if that one's task panicked.
        if let Some(running) = &mut *desk
            && running.news.subscribe().same_channel(&self.news)
        {
            running.watchers -= 1;
            running.deserted_at = Instant::now();
        }
    }
}

/// Ends a feed whose task does not end by itself but by a panic, so that nobody waits for it.
struct Guard {
    event: Arc<EventView>,
    is_over: bool,
    _place: OwnedSemaphorePermit,
}

impl Guard {
    fn new(event: Arc<EventView>, place: OwnedSemaphorePermit) -> Self {
        metrics::gauge!(FEEDS).increment(1.0);
        Self { event, is_over: false, _place: place }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        metrics::gauge!(FEEDS).decrement(1.0);
        if !self.is_over {
            end(&self.event, &mut self.event.feed().desk());
        }
    }
}

/// Ends a feed, under its lock: who finds none begins another, and opens the tap after this.
fn end(event: &EventView, desk: &mut Option<Running>) {
    event.tap().close();
    *desk = None;
}

/// A feed's task.
async fn run(mut guard: Guard) {
    let event = Arc::clone(&guard.event);
    let frames = metrics::counter!(FRAMES);
    let mut spare = Pending::default();
    loop {
        tokio::select! {
            // Nothing here is left to chance.
            biased;
            () = event.tap().told() => {
                if make_frame(&event, &mut spare) {
                    frames.increment(1);
                }
                sleep(FRAME_INTERVAL).await;
            }
            () = sleep(FEED_LINGER) => {}
        }
        guard.is_over = end_if_deserted(&event);
        if guard.is_over {
            return;
        }
    }
}

/// Ends a feed that nobody has watched for a while.
fn end_if_deserted(event: &EventView) -> bool {
    let mut desk = event.feed().desk();
    let is_deserted =
        |running: &Running| running.watchers == 0 && running.deserted_at.elapsed() >= FEED_LINGER;
    let is_over = desk.as_ref().is_none_or(is_deserted);
    if is_over {
        end(event, &mut desk);
    }
    is_over
}

/// Makes one frame of all that the writer has told since the last one. False if that is nothing.
fn make_frame(event: &EventView, spare: &mut Pending) -> bool {
    let mut pending = event.tap().take(std::mem::take(spare));
    let from_version = match &*event.feed().desk() {
        Some(running) => running.hub.version(),
        None => return false,
    };
    // Read, sorted and merged outside of the lock.
    let frame = Frame::of(&mut pending, event, from_version);
    pending.clear();
    *spare = pending;
    let Some(frame) = frame else { return false };
    if matches!(frame, Frame::Base(_)) {
        metrics::counter!(FEED_OVERFLOWS).increment(1);
    }
    let mut desk = event.feed().desk();
    let Some(running) = &mut *desk else { return false };
    running.hub.go_on(frame);
    running.news.send_replace(());
    true
}
