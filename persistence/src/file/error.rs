//! Why a journal is not read to its end.
//!
//! Must always hold: damage to anything that may have been acknowledged is an error and never an
//! end, and it says which file, where, what is lost as far as anyone can know, and the way out.

use std::fmt;
use std::path::PathBuf;

use inventory_core::ids::{Lsn, ShardId};

use crate::chain::Break;
use crate::{batch, files, identity};
use inventory_core::encoding::DecodeError;

/// Why a journal cannot be read or opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// What was durable is not there any more.
    #[error(transparent)]
    Damage(#[from] Box<Damage>),
    /// A newer release wrote it.
    #[error(
        "{} has at byte {offset} {what}, which a newer release wrote; start that release",
        path.display()
    )]
    NewerRelease {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is not known.
        what: String,
    },
    /// A segment of another node.
    #[error(
        "{} belongs to node {found:032x}, the data directory to node {expected:032x}; \
         put the segment back where it came from",
        path.display()
    )]
    Foreign {
        /// The segment.
        path: PathBuf,
        /// Who wrote it.
        found: u128,
        /// Who owns the directory.
        expected: u128,
    },
    /// No snapshot can be used, and what was in front of them has been pruned.
    #[error(
        "no snapshot in {} can be used, and the journal begins with batch {first_number}: what \
         was sold before that is in the snapshots alone. Nothing was changed. Restore a snapshot, \
         or the whole data directory, from a backup",
        path.display()
    )]
    HistoryGone {
        /// The snapshots.
        path: PathBuf,
        /// The first batch that can be read.
        first_number: u64,
    },
    /// A fact that was said to be durable is not in the journal.
    #[error("fact {lsn} of shard {shard} is not in the journal; ask up to one that is durable")]
    FactMissing {
        /// The shard.
        shard: ShardId,
        /// The fact.
        lsn: Lsn,
    },
    /// A segment was pruned while the history in front of it was read.
    #[error("{} was removed while the journal was read; read it again", path.display())]
    Pruned {
        /// The segment.
        path: PathBuf,
    },
    /// The identity is damaged or of another release.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// There is no identity.
    #[error("{} is not a data directory: it has no identity.json", path.display())]
    NotADataDir {
        /// What was given.
        path: PathBuf,
    },
    /// `epoch.json` is missing though there are batches.
    #[error(
        "{} is missing, so nobody knows how far the journal was durable; restore it from a backup",
        path.display()
    )]
    EpochMissing {
        /// The file.
        path: PathBuf,
    },
    /// `epoch.json` is not what was written.
    #[error("{} is damaged ({reason}); restore it from a backup", path.display())]
    EpochDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Where a journal is broken although it was durable there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Damage {
    /// The segment, or the journal's directory if a whole segment is gone.
    pub path: PathBuf,
    /// Bytes from its beginning.
    pub offset: u64,
    /// What is wrong there.
    pub reason: Reason,
    /// What cannot be read any more.
    pub lost: Lost,
}

/// What cannot be read any more, as far as what lies behind it tells.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lost {
    /// The first batch.
    pub first_number: u64,
    /// The last batch in front of the next readable one, or the last that is known to have been
    /// durable; `None` if nothing tells.
    pub last_number: Option<u64>,
    /// LSNs between what can be read in front and behind, by shard. A shard that has nothing
    /// readable behind the damage is not named.
    pub lsns: Vec<LostLsns>,
}

/// LSNs of one shard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LostLsns {
    /// The shard.
    pub shard: ShardId,
    /// The first that is lost.
    pub first: Lsn,
    /// The last that is lost.
    pub last: Lsn,
}

/// What is wrong at a place of the journal.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reason {
    /// A segment's header does not verify. It was synced before the segment got its name.
    #[error("the segment's header does not verify")]
    Header,
    /// A compressed segment is not what was compressed.
    #[error("the compressed segment cannot be read: {0}")]
    Undecodable(String),
    /// A segment has become shorter. Its length was synced before it got its name.
    #[error("the segment has {found} bytes; it had {expected} when it was made")]
    Shortened {
        /// Bytes of the file.
        found: u64,
        /// Bytes that it had.
        expected: u64,
    },
    /// The newest segment is gone; it was named in `epoch.json` before anything in it was
    /// acknowledged.
    #[error("the segment that begins with batch {0} is gone")]
    SegmentGone(u64),
    /// A segment's header names another first batch than its file.
    #[error("the segment's header says that it begins with batch {0}")]
    Misnamed(u64),
    /// A segment begins in front of where the one before it ends.
    #[error("the segment begins with batch {found}, but batch {expected} is next")]
    Overlap {
        /// Its first batch.
        found: u64,
        /// What follows the segment before.
        expected: u64,
    },
    /// A segment does not continue the one before it.
    #[error("the segment continues another history than that of the segments in front of it")]
    OtherHistory,
    /// The digests of the shards do not add up to the segment's.
    #[error("the segment was begun with another state than the batches in front of it leave")]
    StateDigest,
    /// A segment of a lower epoch than the one before it, or of a lower one than its batches.
    #[error("an epoch falls")]
    Epoch,
    /// No start has raised an epoch that far, and none could raise it further.
    #[error("the segment names an epoch behind which there is none")]
    LastEpoch,
    /// A batch does not verify, and what lies behind says that it was durable.
    #[error("a batch does not verify, and what was written later says that it was durable")]
    Record,
    /// Nothing is there, and what lies behind says that there was.
    #[error("a batch is missing, and what was written later says that it was durable")]
    Missing,
    /// A whole batch that does not follow the one in front.
    #[error("a whole batch does not follow the one in front of it: {0}")]
    Break(#[from] Break),
    /// A whole batch whose payload cannot be read.
    #[error("a whole batch cannot be read: {0}")]
    Payload(#[from] DecodeError),
    /// A whole batch that could not have been appended.
    #[error("a whole batch is none: {0}")]
    Batch(#[from] batch::Error),
}

impl std::error::Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, reason, lost } = self;
        write!(f, "{} is damaged at byte {offset}: {reason}. Lost: {lost}. ", path.display())?;
        write!(
            f,
            "Nothing was changed. Restore the file, or the whole data directory, from a backup; \
             `holdfast journal dump` prints what can be read up to here"
        )
    }
}

/// Shards that a message names before it only counts them.
const SHARDS_NAMED_MAX: usize = 8;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last_number {
            Some(last) => write!(f, "batches {} to {last}", self.first_number)?,
            None => write!(f, "all batches from {} on", self.first_number)?,
        }
        for LostLsns { shard, first, last } in self.lsns.iter().take(SHARDS_NAMED_MAX) {
            write!(f, ", shard {shard} LSN {first} to {last}")?;
        }
        match self.lsns.len().saturating_sub(SHARDS_NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, ", and of {more} more shards"),
        }
    }
}
