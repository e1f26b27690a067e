//! What the commit pipeline needs of a journal, whatever keeps it: a file, memory, one day a
//! replicated log.
//!
//! Must always hold: a group is answered once. After the first answer that is not
//! [`Append::Durable`] every later one is the same, and nothing more is written: a sync that
//! failed once may have dropped what it should have kept, and doing it again proves nothing.

use std::sync::Arc;

use inventory_core::ids::Epoch;

use crate::batch::Batch;
pub use crate::chain::Break;
use crate::files;
use crate::projected::Written;

/// Keeps batches.
pub trait Journal: Send {
    /// Writes all batches of `group`, in order, and makes them durable with one sync.
    fn append(&mut self, group: &[Batch]) -> Append;

    /// The epoch that batches must carry.
    fn epoch(&self) -> Epoch;

    /// How much can be appended whatever happens to the disk's space. Ask from time to time also
    /// while nothing is appended: what could not be had is tried again when this is asked.
    fn room(&mut self) -> Room {
        Room::UNLIMITED
    }

    /// What has become durable since it was opened, for who follows it. A journal that cannot be
    /// followed says that nothing has.
    fn written(&self) -> Written {
        Written::default()
    }
}

/// What a journal can take without asking the disk for more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Room {
    /// Bytes that are preallocated and free. Appends work until they are written, whatever
    /// happens.
    pub bytes: u64,
    /// Whether there will be more behind them. Unless that is sure, they are all that may be
    /// promised: what is left is for the endings of the holds that live.
    pub supply: Supply,
}

/// Whether a journal gets more space when what it has is written.
///
/// It is sure from the moment in which everything was ready that should be ready ahead of use.
/// That stays true while what is taken into use is made anew: all of it was there one segment
/// ago, and a failure is known long before the next is full. Before that moment nobody knows. On
/// a disk that filled up while no engine ran, a start may have used the last of it, and who
/// believed that more comes would promise what endings need; on a healthy disk it comes in a
/// fraction of a second, in which there is room for thousands of holds, so that counting refuses
/// nobody. So a start counts, and only a failure is worth a warning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Supply {
    /// All that should be ready ahead of use has been.
    Sure,
    /// It has not been since the start, and nothing of it has failed.
    Awaited,
    /// Some of it could not be had when it was last tried.
    Short,
}

impl Room {
    /// The room of a journal that asks no disk.
    pub const UNLIMITED: Self = Self { bytes: u64::MAX, supply: Supply::Sure };
}

impl<J: Journal + ?Sized> Journal for Box<J> {
    fn append(&mut self, group: &[Batch]) -> Append {
        (**self).append(group)
    }

    fn epoch(&self) -> Epoch {
        (**self).epoch()
    }

    fn room(&mut self) -> Room {
        (**self).room()
    }

    fn written(&self) -> Written {
        (**self).written()
    }
}

/// What became of a group.
#[must_use = "callers may only be answered once their batch is durable"]
#[derive(Clone, Debug)]
pub enum Append {
    /// It survives everything but the loss of the disk.
    Durable,
    /// A writer of a higher epoch has taken over; nothing of the group was written.
    Fenced {
        /// The epoch that rules now.
        by: Epoch,
    },
    /// Nobody can say whether it is durable; the next start will find out.
    Unknown(AppendError),
}

/// Why nobody can say whether a group is durable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The file system failed.
    #[error("{0}; whether the last group is durable is known after the next start")]
    File(Arc<files::Error>),
    /// The group does not continue the journal; nothing of it was written.
    #[error("the group was not written because it does not continue the journal: {0}")]
    OutOfOrder(#[from] Break),
    /// The group is of an epoch that was never given out; nothing of it was written.
    #[error("the group was not written: its epoch {found} is above the journal's {known}")]
    EpochUnknown {
        /// What it carries.
        found: Epoch,
        /// The journal's own.
        known: Epoch,
    },
    /// A failure that was ordered for a test.
    #[error("a failure that was ordered")]
    Ordered,
}

impl From<files::Error> for AppendError {
    fn from(error: files::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

/// Refuses a batch of another epoch than the journal's.
pub(crate) fn check_epoch(batch: &Batch, epoch: Epoch) -> Result<(), Append> {
    match batch.epoch().cmp(&epoch) {
        std::cmp::Ordering::Less => Err(Append::Fenced { by: epoch }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => {
            let found = batch.epoch();
            Err(Append::Unknown(AppendError::EpochUnknown { found, known: epoch }))
        }
    }
}
