//! The thread that looks after a projection while the engine runs: it shows how much is behind,
//! and notes in the data directory how far everything has come.
//!
//! Must always hold: what fails here stops nothing, for the note may say too little; and the data
//! directory stays locked until the last note is written.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use persistence::dir::LockShare;
use tracing::{debug, warn};

use crate::limits::{PROJECTED_MARK_EVERY, PROJECTION_LOOK_EVERY};
use crate::metrics::ProjectionMetrics;
use crate::projected::Projected;

/// The thread, until it is stopped.
pub(crate) struct ProjectionThread {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl ProjectionThread {
    pub(crate) fn start(
        projected: Arc<Projected>,
        lock: LockShare,
    ) -> Result<Self, std::io::Error> {
        let (stop, stopped) = bounded(0);
        let mut work =
            Work { projected, metrics: ProjectionMetrics::new(), has_failed: false, _lock: lock };
        // Before anything else is shown.
        work.show();
        let run = move || work.run(&stopped);
        let thread = std::thread::Builder::new().name("projection".to_owned()).spawn(run)?;
        Ok(Self { stop, thread })
    }

    /// Ends it, with a last note.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        drop(self.stop);
        self.thread
    }
}

struct Work {
    projected: Arc<Projected>,
    metrics: ProjectionMetrics,
    /// Whether the last note could not be written.
    has_failed: bool,
    _lock: LockShare,
}

impl Work {
    fn run(&mut self, stopped: &Receiver<()>) {
        let mut noted_at = Instant::now();
        while stopped.recv_timeout(PROJECTION_LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            self.show();
            if noted_at.elapsed() >= PROJECTED_MARK_EVERY {
                noted_at = Instant::now();
                self.note();
            }
        }
        self.show();
        self.note();
    }

    fn show(&mut self) {
        let lag = self.projected.lag();
        self.metrics.lag_facts.set(lag.facts as f64);
        self.metrics.lag_seconds.set(lag.seconds);
        self.metrics.lag_bytes.set(lag.bytes as f64);
        self.metrics.budget_bytes.set(self.projected.budget_bytes() as f64);
        self.metrics.reachable.set(f64::from(u8::from(self.projected.is_reachable())));
    }

    fn note(&mut self) {
        let Err(cause) = self.projected.write_mark() else {
            self.has_failed = false;
            return;
        };
        if std::mem::replace(&mut self.has_failed, true) {
            debug!(%cause, "how far the projection is could not be noted again");
            return;
        }
        warn!(
            %cause,
            "how far the projection is could not be noted; a start keeps and counts more than it \
             has to, and it is tried again and again"
        );
    }
}
