//! From a data directory to shards that can serve: every fact is applied again in order, and
//! each batch's digest is compared with the state it leaves. Nothing is decided again.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
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

use crate::limits::{REPLAY_BATCHES_AHEAD_MAX, REPLAY_THREADS_MAX};

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
    #[error(
        "the chart of event {event_id} cannot be read: {cause}. Restore charts/ of the data \
         directory from a backup; nothing was changed"
    )]
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
    /// A fact that could not have been decided on the state in front of it.
    #[error(
        "replay differs from history: fact {lsn} of shard {shard} does not follow from the facts \
         in front of it; this release cannot serve this data, nothing was changed"
    )]
    FactImpossible {
        /// The shard.
        shard: ShardId,
        /// The fact.
        lsn: Lsn,
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
    let shards = replay_all(&mut recovery, &charts)?;
    let (journal, report) = recovery.finish()?;
    let took = started.elapsed();
    info!(%report, took_ms = took.as_millis() as u64, "recovered");
    Ok(Recovered { shards, charts, journal, report, took })
}

/// Reads and decodes on this thread, and applies on others, each with some of the shards.
fn replay_all(
    recovery: &mut Recovery,
    charts: &ChartStore,
) -> Result<Vec<(ShardState, u64)>, RecoveryError> {
    let threads = available_parallelism().map_or(1, NonZero::get).min(REPLAY_THREADS_MAX);
    let charts = Charts { store: charts, known: Mutex::default() };
    let mut by_thread: Vec<Vec<(ShardState, u64)>> = (0..threads).map(|_| Vec::new()).collect();
    for shard in empty_shards() {
        by_thread[usize::from(shard.0.shard().0) % threads].push(shard);
    }
    let mut shards = std::thread::scope(|scope| {
        let mut appliers = Vec::new();
        let mut inboxes = Vec::new();
        for shards in by_thread {
            let (inbox, batches) = bounded(REPLAY_BATCHES_AHEAD_MAX);
            let charts = &charts;
            appliers.push(scope.spawn(move || apply_all(charts, shards, threads, &batches)));
            inboxes.push(inbox);
        }
        let mut read = Ok(());
        loop {
            match recovery.next_batch() {
                // One that takes no more has found something, which is told below.
                Ok(Some(batch)) => {
                    let thread = usize::from(batch.shard().0) % threads;
                    if inboxes[thread].send(batch).is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        drop(inboxes);
        let mut shards = Vec::with_capacity(usize::from(SHARDS));
        for applier in appliers {
            shards.extend(applier.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        read?;
        Ok::<_, RecoveryError>(shards)
    })?;
    shards.sort_unstable_by_key(|(state, _)| state.shard());
    Ok(shards)
}

/// Applies the batches of `shards`: of all of them every one whose number leaves the same
/// remainder by `threads`.
fn apply_all(
    charts: &Charts<'_>,
    mut shards: Vec<(ShardState, u64)>,
    threads: usize,
    batches: &Receiver<Batch>,
) -> Result<Vec<(ShardState, u64)>, RecoveryError> {
    for batch in batches {
        let (state, next_sequence) = &mut shards[usize::from(batch.shard().0) / threads];
        replay(charts, state, &batch)?;
        *next_sequence = batch.sequence() + 1;
    }
    Ok(shards)
}

/// Charts, each read once for all shards.
struct Charts<'a> {
    store: &'a ChartStore,
    known: Mutex<BTreeMap<ChartHash, Arc<Chart>>>,
}

impl Charts<'_> {
    fn get(&self, event_id: EventId, hash: ChartHash) -> Result<Arc<Chart>, RecoveryError> {
        // A map that a panic left behind is whole. Who waits would read the same file.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chart) = known.get(&hash) {
            return Ok(Arc::clone(chart));
        }
        let document = self.store.get(hash);
        let document =
            document.map_err(|cause| RecoveryError::ChartUnreadable { event_id, cause })?;
        let chart = Arc::new(read_chart(hash, &document)?);
        known.insert(hash, Arc::clone(&chart));
        Ok(chart)
    }
}

fn replay(charts: &Charts<'_>, state: &mut ShardState, batch: &Batch) -> Result<(), RecoveryError> {
    for fact in batch.facts() {
        if let Change::EventCreated { chart: hash, .. } = fact.change
            && state.chart(hash).is_none()
        {
            state.register_chart(hash, charts.get(fact.event_id, hash)?);
        }
        // What `apply` asserts is for facts that were decided here; these come from a file. A
        // state that a panic left half done is dropped with the error.
        let applied = catch_unwind(AssertUnwindSafe(|| state.apply(Arc::clone(fact))));
        if applied.is_err() {
            let (shard, lsn) = (batch.shard(), fact.lsn);
            return Err(RecoveryError::FactImpossible { shard, lsn });
        }
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
