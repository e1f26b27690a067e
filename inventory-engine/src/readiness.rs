//! Whether an engine serves, and if it does not, why: one truth for probes, for metrics and for
//! callers who come too early or too late.
//!
//! Must always hold: nobody is told 'ready' before everything was recovered, and nobody any more
//! once the engine is leaving or has stopped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::metrics::READY;
use crate::progress::RecoveryProgress;
use crate::stop::{StopReason, Stopper};

/// Where an engine is in its life.
#[derive(Clone, Debug)]
pub enum Phase {
    /// It reads what the data directory holds.
    Recovering(Arc<RecoveryProgress>),
    /// It serves.
    Ready,
    /// It was told to leave, and answers what is under way.
    Leaving,
    /// It has stopped by itself.
    Stopped(StopReason),
}

impl Phase {
    /// The word for it in answers and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Recovering(_) => "recovering",
            Self::Ready => "ready",
            Self::Leaving => "leaving",
            Self::Stopped(_) => "stopped",
        }
    }
}

/// The life of one engine, from before it is there. Clones tell of the same one.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    progress: Arc<RecoveryProgress>,
    /// There once the engine serves.
    stopper: OnceLock<Stopper>,
    is_leaving: AtomicBool,
}

impl Readiness {
    /// Of an engine that is about to recover.
    pub fn recovering() -> Self {
        metrics::gauge!(READY).set(0.0);
        Self::default()
    }

    /// How far the recovery is, to be written by who recovers.
    pub fn progress(&self) -> &Arc<RecoveryProgress> {
        &self.shared.progress
    }

    /// From now on the engine with this stopper serves.
    pub(crate) fn ready(&self, stopper: Stopper) {
        // An engine starts once; the first one is the one that serves.
        drop(self.shared.stopper.set(stopper));
        metrics::gauge!(READY).set(1.0);
    }

    /// From now on nobody should come any more.
    pub fn leave(&self) {
        self.shared.is_leaving.store(true, Ordering::Relaxed);
        metrics::gauge!(READY).set(0.0);
    }

    /// Where the engine is now.
    pub fn phase(&self) -> Phase {
        let stopper = self.shared.stopper.get();
        if let Some(reason) = stopper.and_then(Stopper::reason) {
            return Phase::Stopped(reason);
        }
        if self.shared.is_leaving.load(Ordering::Relaxed) {
            return Phase::Leaving;
        }
        match stopper {
            Some(_) => Phase::Ready,
            None => Phase::Recovering(Arc::clone(&self.shared.progress)),
        }
    }

    /// Whether calls reach the engine: it is there and has not stopped by itself. One that is
    /// leaving still answers, and says itself what it does not take any more.
    pub(crate) fn is_open(&self) -> bool {
        self.shared.stopper.get().is_some_and(|stopper| !stopper.has_stopped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_ready_between_its_recovery_and_its_end() {
        let readiness = Readiness::recovering();
        assert_eq!((readiness.phase().name(), readiness.is_open()), ("recovering", false));
        let stopper = Stopper::default();
        readiness.ready(stopper.clone());
        assert_eq!((readiness.phase().name(), readiness.is_open()), ("ready", true));
        readiness.leave();
        assert_eq!((readiness.phase().name(), readiness.is_open()), ("leaving", true));
        stopper.stop(StopReason::WriterPanicked);
        assert_eq!((readiness.phase().name(), readiness.is_open()), ("stopped", false));
    }

    #[test]
    fn who_leaves_in_the_middle_of_a_recovery_was_never_ready() {
        let readiness = Readiness::recovering();
        readiness.leave();
        assert_eq!((readiness.phase().name(), readiness.is_open()), ("leaving", false));
    }
}
