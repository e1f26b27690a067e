//! Why something is not in Postgres, or cannot be had from there.

use inventory_charts::CanonicalError;
use inventory_core::ids::{ChartHash, Lsn, ShardId};

use crate::claim::Refusal;

/// Why the projection, the archive or a recovery from it does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address makes no sense. It is not repeated, since it may have a password in it.
    #[error("the database's address is no `postgres://USER@HOST:PORT/NAME`: {0}")]
    Address(String),
    /// Postgres failed, or cannot be reached.
    #[error("Postgres: {0}")]
    Database(#[from] sqlx::Error),
    /// It took too long.
    #[error("Postgres has not answered in time")]
    TimedOut,
    /// The tables could not be made, or are of another release.
    #[error("the tables of this release could not be made: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The shards are another node's, or were never ours.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// The shards' lines are not where they were left. Who it is that moved them, a claim tells.
    #[error("the shards were moved by somebody else; nothing was written")]
    Fenced,
    /// The tables are not as the facts in front have left them.
    #[error(
        "the tables are not as they were left: `{statement}...` met {found} rows of {expected}; \
         somebody else has written to them. Nothing was written; the archive is not touched by \
         this"
    )]
    Diverged {
        /// The beginning of the statement.
        statement: String,
        /// How many rows should have been there.
        expected: u64,
        /// How many were.
        found: u64,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] persistence::file::error::Error),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] persistence::files::Error),
    /// A chart cannot be read.
    #[error(transparent)]
    Chart(#[from] persistence::charts::Error),
    /// A chart that was stored is not one.
    #[error("the chart {hash} is not a chart of this release: {cause}")]
    ChartInvalid {
        /// The chart.
        hash: ChartHash,
        /// What is wrong with it.
        cause: CanonicalError,
    },
    /// A comparison needs all facts.
    #[error(
        "the journal begins with batch {first_number}, and a comparison needs it from its first \
         fact: what is in front was pruned, or this directory was recovered"
    )]
    JournalBegins {
        /// Its first batch.
        first_number: u64,
    },
    /// Something could not be compressed or decompressed.
    #[error("zstd: {0}")]
    Compression(std::io::Error),
    /// The archive lacks something.
    #[error("the archive has no fact {lsn} of shard {shard}; it cannot be recovered from")]
    ArchiveGap {
        /// The shard.
        shard: ShardId,
        /// The first fact that is missing.
        lsn: Lsn,
    },
    /// What is in the archive is not what was put there.
    #[error("the archive is damaged: {0}")]
    ArchiveDamaged(String),
    /// There is nothing to recover.
    #[error("nothing has ever been written to this database; there is nothing to recover")]
    NothingThere,
    /// A fact of the history is not one.
    #[error("the table history has no fact of this release at LSN {lsn} of shard {shard}: {what}")]
    FactUnreadable {
        /// The shard.
        shard: ShardId,
        /// The fact.
        lsn: Lsn,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is no map of that moment.
    #[error(transparent)]
    Past(#[from] inventory_engine::past::Error),
    /// A snapshot of the data directory cannot be read.
    #[error(transparent)]
    Snapshot(#[from] persistence::snapshot::Error),
    /// What was restored does not lead where it should.
    #[error(transparent)]
    Replay(#[from] inventory_engine::recovery::RecoveryError),
    /// The directory that was to be made could not be.
    #[error(transparent)]
    Restore(#[from] persistence::file::restore::Error),
}
