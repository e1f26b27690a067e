//! From a data directory to shards that can serve: every fact is applied again in order, and
//! each batch's digest is compared with the state it leaves. Nothing is decided again.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use inventory_charts::CanonicalError;
use inventory_core::chart::Chart;
use inventory_core::digest::Digest;
use inventory_core::fact::Change;
use inventory_core::ids::{ChartHash, EventId, Lsn, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::ShardState;
use persistence::batch::Batch;
use persistence::charts::ChartStore;
use persistence::dir::DataDir;
use persistence::file::recovery::{Recovery, RecoveryReport};
use persistence::file::{FileJournal, Options};
use tracing::info;

/// Why a data directory cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// It is in use, or not ours.
    #[error(transparent)]
    DataDir(#[from] persistence::dir::Error),
    /// The journal cannot be trusted.
    #[error(transparent)]
    Journal(#[from] persistence::file::error::Error),
    /// A chart that an event uses is gone or damaged.
    #[error("the chart of event {event_id} cannot be read: {cause}")]
    ChartUnreadable {
        /// The event.
        event_id: EventId,
        /// What the store said.
        cause: persistence::charts::Error,
    },
    /// A chart that was stored is not one.
    #[error("the chart {hash} of this data directory is not a chart of this release: {cause}")]
    ChartInvalid {
        /// The chart.
        hash: ChartHash,
        /// What is wrong with it.
        cause: CanonicalError,
    },
    /// Replay led to another state than the one that was lived.
    #[error(
        "replay differs from history: after fact {lsn} of shard {shard} the state's digest is \
         {found:032x}, and {expected:032x} was journaled; this release cannot serve this data, \
         nothing was changed"
    )]
    DigestDiffers {
        /// The shard.
        shard: ShardId,
        /// The last fact that was applied.
        lsn: Lsn,
        /// The digest of the state.
        found: u128,
        /// The digest that was journaled.
        expected: u128,
    },
}

/// What a data directory held, ready to go on.
pub struct Recovered {
    /// Every shard, each with the number of its next batch.
    pub shards: Vec<(ShardState, u64)>,
    /// Where its charts are.
    pub charts: ChartStore,
    /// Where its facts go from now on.
    pub journal: FileJournal,
    /// What was read.
    pub report: RecoveryReport,
    /// How long it took.
    pub took: Duration,
}

/// Every shard without history, hashing by a seed of this process.
pub fn empty_shards() -> Vec<(ShardState, u64)> {
    let seed = RandomState::new().build_hasher().finish();
    (0..SHARDS).map(|shard| (ShardState::seeded(ShardId(shard), seed), 1)).collect()
}

/// Locks a data directory, replays its journal, and opens it for writing.
pub fn recover(path: &Path, options: Options) -> Result<Recovered, RecoveryError> {
    let started = Instant::now();
    let dir = DataDir::open(path)?;
    let charts = dir.charts();
    let mut recovery = Recovery::open(dir, options)?;
    let mut shards = empty_shards();
    while let Some(batch) = recovery.next_batch()? {
        let (state, next_sequence) = &mut shards[usize::from(batch.shard().0)];
        replay(&charts, state, &batch)?;
        *next_sequence = batch.sequence() + 1;
    }
    let (journal, report) = recovery.finish()?;
    let took = started.elapsed();
    info!(%report, took_ms = took.as_millis() as u64, "recovered");
    Ok(Recovered { shards, charts, journal, report, took })
}

fn replay(charts: &ChartStore, state: &mut ShardState, batch: &Batch) -> Result<(), RecoveryError> {
    for fact in batch.facts() {
        if let Change::EventCreated { chart: hash, .. } = fact.change
            && state.chart(hash).is_none()
        {
            let document = charts.get(hash).map_err(|cause| RecoveryError::ChartUnreadable {
                event_id: fact.event_id,
                cause,
            })?;
            state.register_chart(hash, Arc::new(read_chart(hash, &document)?));
        }
        state.apply(Arc::clone(fact));
    }
    let Digest(found) = state.digest();
    let Digest(expected) = batch.digest_after();
    if found == expected {
        return Ok(());
    }
    let (shard, lsn) = (batch.shard(), batch.last_lsn());
    Err(RecoveryError::DigestDiffers { shard, lsn, found, expected })
}

/// A chart from its canonical document.
pub(crate) fn read_chart(hash: ChartHash, document: &[u8]) -> Result<Chart, RecoveryError> {
    inventory_charts::from_canonical_bytes(document)
        .map_err(|cause| RecoveryError::ChartInvalid { hash, cause })
}
