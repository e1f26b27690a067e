//! The thread that makes snapshots and puts away the segments behind them, as long as the engine
//! runs.
//!
//! Must always hold: neither of the two waits for the other to succeed, so that a journal whose
//! snapshots fail is still compressed and pruned behind those that there are; and what fails is
//! told once, until it has worked again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};
use persistence::file::archive::{Archived, Failed};
use rustix::process::setpriority_process;
use tracing::{debug, info, warn};

use crate::limits::SNAPSHOT_NICENESS;
use crate::metrics::SnapshotMetrics;
use crate::snapshots::{Made, SnapshotError, Snapshotter};

/// The thread, until it is stopped.
pub(crate) struct SnapshotThread {
    is_stopped: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
    thread: JoinHandle<()>,
}

impl SnapshotThread {
    pub(crate) fn start(snapshotter: Snapshotter) -> Result<Self, std::io::Error> {
        let is_stopped = Arc::clone(snapshotter.is_stopped());
        let (stop, stopped) = bounded(0);
        let work = Work::new(snapshotter);
        let thread = std::thread::Builder::new()
            .name("snapshots".to_owned())
            .spawn(move || work.run(&stopped))?;
        Ok(Self { is_stopped, stop: Some(stop), thread })
    }

    /// Ends it soon: what is half done is left out.
    pub(crate) fn stop(mut self) -> JoinHandle<()> {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.stop = None;
        self.thread
    }
}

/// What the thread does, turn by turn.
pub struct Work {
    snapshotter: Snapshotter,
    metrics: SnapshotMetrics,
    /// When segments were last looked after.
    looked_at: Option<Duration>,
    /// Whether the last attempt at a snapshot failed.
    has_snapshot_failed: bool,
    /// Whether the last look at the segments did.
    has_archive_failed: bool,
}

/// What to wait for before the next turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rest {
    /// Nothing but this time.
    For(Duration),
    /// That a segment is sealed, and no longer than this.
    UntilSealed(Duration),
}

impl Work {
    /// For a thread that has not begun.
    pub fn new(snapshotter: Snapshotter) -> Self {
        Self {
            snapshotter,
            metrics: SnapshotMetrics::new(),
            looked_at: None,
            has_snapshot_failed: false,
            has_archive_failed: false,
        }
    }

    fn run(mut self, stopped: &Receiver<()>) {
        if let Err(cause) = setpriority_process(None, SNAPSHOT_NICENESS) {
            debug!(%cause, "snapshots are made with the priority of everything else");
        }
        let rolled = self.snapshotter.rolls().rolled().clone();
        loop {
            match self.turn() {
                // A roll in between is found by `is_due`.
                Rest::For(pause) => match stopped.recv_timeout(pause) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                },
                Rest::UntilSealed(patience) => select! {
                    recv(stopped) -> _ => return,
                    recv(rolled) -> _ => {}
                    default(patience) => {}
                },
            }
        }
    }

    /// Looks after the segments if that was long ago, and makes a snapshot if it is time.
    pub fn turn(&mut self) -> Rest {
        let every = self.snapshotter.options().archive_every;
        // First, so that a snapshot that is found damaged is made anew at once.
        if self.until_look(every).is_zero() {
            self.look_after_archive();
        }
        let made = match self.snapshotter.is_due() {
            Ok(false) => return Rest::UntilSealed(self.until_look(every)),
            Ok(true) => self.snapshotter.make(),
            Err(error) => Err(error),
        };
        match made {
            Ok(made) => {
                self.made(made);
                // There is more behind two snapshots now.
                self.look_after_archive();
            }
            Err(SnapshotError::Stopped) => {}
            Err(cause) => self.snapshot_failed(&cause),
        }
        Rest::For(self.snapshotter.options().pause)
    }

    /// How long until the segments are to be looked after again.
    fn until_look(&self, every: Duration) -> Duration {
        let now = self.snapshotter.since_boot();
        self.looked_at.map_or(Duration::ZERO, |at| every.saturating_sub(now.saturating_sub(at)))
    }

    fn made(&mut self, Made { number, bytes, took }: Made) {
        self.metrics.made(number, took);
        self.has_snapshot_failed = false;
        let took_ms = took.as_millis() as u64;
        info!(snapshot = number, bytes, took_ms, "a snapshot was made");
    }

    fn snapshot_failed(&mut self, cause: &SnapshotError) {
        self.metrics.failures.increment(1);
        if std::mem::replace(&mut self.has_snapshot_failed, true) {
            debug!(%cause, "a snapshot could not be made again");
            return;
        }
        warn!(
            %cause,
            "a snapshot could not be made; the sale goes on, starts take longer, and it is tried \
             again and again"
        );
    }

    fn look_after_archive(&mut self) {
        self.looked_at = Some(self.snapshotter.since_boot());
        let (done, failed) = match self.snapshotter.archive() {
            Ok(done) => (done, None),
            Err(Failed { done, cause }) => (done, Some(cause)),
        };
        let Archived { compressed, removed, damaged } = done;
        if (compressed, removed) != (0, 0) {
            info!(compressed, removed, damaged, "segments that no start needs were put away");
        }
        match failed {
            Some(cause) => self.archive_failed(&cause),
            None => self.has_archive_failed = false,
        }
    }

    fn archive_failed(&mut self, cause: &persistence::files::Error) {
        self.metrics.failures.increment(1);
        if std::mem::replace(&mut self.has_archive_failed, true) {
            debug!(%cause, "old segments could not be put away again");
            return;
        }
        warn!(
            %cause,
            "old segments could not be put away; the sale goes on, they take space until they \
             are, and it is tried again and again"
        );
    }
}
