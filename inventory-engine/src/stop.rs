//! Why an engine stopped by itself, told once to everybody who wants to know.

use std::sync::{Arc, OnceLock};

use inventory_core::ids::Epoch;
use tokio_util::sync::CancellationToken;

/// Why an engine stopped by itself.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StopReason {
    /// What was written last may or may not be on disk.
    #[error(
        "the journal failed: {cause}. Nothing that was acknowledged is lost. Mend the disk, then \
         start again: the start finds out what else survived"
    )]
    JournalFailed {
        /// What the journal said.
        cause: String,
    },
    /// A newer epoch rules.
    #[error("another engine has taken over with epoch {by}; this one may not write any more")]
    Fenced {
        /// The newer epoch.
        by: Epoch,
    },
    /// Postgres has the facts of another engine, which was started to go on in its place.
    #[error(
        "another engine (node {node_id:032x}, epoch {by}) has taken over in Postgres: this one may \
         not sell any more. What it acknowledged since then is not there and is listed in \
         superseded.jsonl of its data directory; settle those sales by hand, and do not start this \
         data directory again"
    )]
    Superseded {
        /// The epoch that rules in Postgres.
        by: Epoch,
        /// The identity of the data directory that it writes from.
        node_id: u128,
    },
    /// The database does not take this engine's facts, and says why.
    #[error("the database does not take this engine's facts: {cause}")]
    Unclaimed {
        /// What it said, and what to do.
        cause: String,
    },
    /// A thread of the engine ended that should not have.
    #[error("a writer of the engine panicked; its last words are in the log")]
    WriterPanicked,
}

impl StopReason {
    /// What happened in a few words that may be shown to anybody; the log has the rest.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::JournalFailed { .. } => "the journal failed",
            Self::Fenced { .. } | Self::Superseded { .. } => "another engine has taken over",
            Self::Unclaimed { .. } => "the database does not take the engine's facts",
            Self::WriterPanicked => "a thread of the engine panicked",
        }
    }
}

/// Stops once, with the first reason.
#[derive(Clone, Debug, Default)]
pub struct Stopper {
    reason: Arc<OnceLock<StopReason>>,
    stopped: CancellationToken,
}

impl Stopper {
    /// Stops the engine; of several reasons the first counts.
    pub fn stop(&self, reason: StopReason) {
        // Only the first reason counts.
        drop(self.reason.set(reason));
        self.stopped.cancel();
    }

    /// Waits until the engine has stopped by itself, and says why.
    pub async fn stopped(&self) -> StopReason {
        self.stopped.cancelled().await;
        // Set before the token is cancelled.
        self.reason.get().cloned().unwrap_or(StopReason::WriterPanicked)
    }

    /// Whether the engine has stopped by itself.
    pub(crate) fn has_stopped(&self) -> bool {
        self.reason.get().is_some()
    }

    /// Whether another engine sells in its place.
    pub(crate) fn is_superseded(&self) -> bool {
        matches!(self.reason.get(), Some(StopReason::Superseded { .. }))
    }

    /// Why the engine has stopped by itself, if it has.
    pub fn reason(&self) -> Option<StopReason> {
        self.reason.get().cloned()
    }
}
