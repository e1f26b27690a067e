//! From a data directory to shards that can serve: the newest snapshot that can be used is
//! restored, and every fact behind it is applied again in order. Nothing is decided again.
//!
//! Must always hold: each batch's digest is compared with the state it leaves, so the state that
//! serves is the one that was lived; a snapshot that cannot be used costs time and no data.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use inventory_charts::CanonicalError;
use inventory_core::chart::Chart;
use inventory_core::ids::{ChartHash, EventId, Lsn, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::{Memory, ShardState};
use persistence::batch::Batch;
use persistence::charts::ChartStore;
use persistence::dir::{DataDir, DataDirPaths};
use persistence::file::recovery::{Recovery, RecoveryReport};
use persistence::file::{FileJournal, Options, Position};
use persistence::machine::Machine;
use persistence::snapshot::{Section, SnapshotReader};
use tracing::{info, warn};

use crate::limits::{
    REPLAY_BATCHES_AHEAD_MAX, REPLAY_THREADS_MAX, RESTORE_SECTIONS_AHEAD_MAX, TELL_PROGRESS_EVERY,
};
use crate::progress::RecoveryProgress;
use crate::replay::{Charts, RestoreError, replay, restore};

/// Why a data directory cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// It is in use, or not ours.
    #[error(transparent)]
    DataDir(#[from] persistence::dir::Error),
    /// The journal cannot be trusted.
    #[error(transparent)]
    Journal(#[from] persistence::file::error::Error),
    /// The file system failed.
    #[error(transparent)]
    File(#[from] persistence::files::Error),
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
    /// The first batch behind the snapshot that was restored; `None` without one.
    pub snapshot: Option<u64>,
    /// Snapshots that could not be used.
    pub useless_snapshots: Vec<u64>,
    /// How long it took.
    pub took: Duration,
}

/// Every shard without history, hashing by a seed of this process.
pub fn empty_shards() -> Vec<(ShardState, u64)> {
    empty_shards_remembering(Memory::default())
}

fn empty_shards_remembering(memory: Memory) -> Vec<(ShardState, u64)> {
    let seed = hash_seed();
    let empty = |shard| (ShardState::remembering(ShardId(shard), seed, memory), 1);
    (0..SHARDS).map(empty).collect()
}

/// A seed that nobody outside of this process knows.
pub(crate) fn hash_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Locks a data directory, restores its newest snapshot, replays its journal from there, and
/// opens it for writing. How far it is can be seen by `progress` meanwhile.
pub fn recover(
    path: &Path,
    options: Options,
    progress: &Arc<RecoveryProgress>,
) -> Result<Recovered, RecoveryError> {
    recover_in(DataDir::open(path)?, options, Memory::default(), progress)
}

/// The same in a data directory that is open already, on whatever machine, of shards that
/// remember so much.
pub fn recover_in(
    dir: DataDir,
    options: Options,
    memory: Memory,
    progress: &Arc<RecoveryProgress>,
) -> Result<Recovered, RecoveryError> {
    let started = Instant::now();
    let store = dir.charts();
    let charts = Charts::new(&store, None);
    let threads = threads_beside(dir.paths().machine());
    let mut teller = Teller { progress, last_told: started };
    let (restored, useless_snapshots) = restore_newest(dir.paths(), &charts, memory, &mut teller)?;
    let snapshot = restored.as_ref().map(|restored| restored.position.next_number());
    let (mut recovery, shards) = match restored {
        Some(Restored { position, shards }) => {
            (Recovery::open_behind(dir, options, position)?, shards)
        }
        None => (Recovery::open(dir, options)?, empty_shards_remembering(memory)),
    };
    let shards = replay_all(&mut recovery, &charts, shards, threads, &mut teller)?;
    let (journal, report) = recovery.finish()?;
    progress.finish();
    let took = started.elapsed();
    info!(%report, snapshot, took_ms = took.as_millis() as u64, "recovered");
    let charts = store;
    Ok(Recovered { shards, charts, journal, report, snapshot, useless_snapshots, took })
}

/// Tells how far it is: whoever looks, and the log from time to time.
struct Teller<'a> {
    progress: &'a RecoveryProgress,
    last_told: Instant,
}

impl Teller<'_> {
    fn read(&mut self, bytes: u64) {
        let progress = self.progress;
        progress.set_read(bytes);
        if self.last_told.elapsed() >= TELL_PROGRESS_EVERY {
            self.last_told = Instant::now();
            info!(
                bytes_read = progress.bytes_read(),
                bytes_total = progress.bytes_total(),
                facts = progress.facts(),
                snapshot = progress.snapshot_number(),
                "recovering"
            );
        }
    }
}

/// The state that a snapshot says.
struct Restored {
    position: Position,
    /// Every shard, each with the number of its next batch.
    shards: Vec<(ShardState, u64)>,
}

/// Restores the newest snapshot that can be used. Says as well which cannot.
fn restore_newest(
    paths: &DataDirPaths,
    charts: &Charts<'_>,
    memory: Memory,
    teller: &mut Teller<'_>,
) -> Result<(Option<Restored>, Vec<u64>), RecoveryError> {
    let snapshots = paths.snapshots();
    let threads = threads_beside(paths.machine());
    let mut useless = Vec::new();
    for number in snapshots.newest_first()? {
        let restored = snapshots
            .open(number)
            .map_err(RestoreError::from)
            .and_then(|reader| restore_all(reader, charts, memory, threads, teller));
        match restored {
            Ok(restored) => {
                teller.progress.set_snapshot(number);
                return Ok((Some(restored), useless));
            }
            Err(RestoreError::Chart(error)) => return Err(error),
            Err(cause) => {
                warn!(
                    snapshot = number,
                    %cause,
                    "a snapshot cannot be used; the start takes an older one, or the whole journal"
                );
                useless.push(number);
            }
        }
    }
    Ok((None, useless))
}

/// Reads a snapshot on this thread, and makes states of it on others if there are any.
fn restore_all(
    mut reader: SnapshotReader,
    charts: &Charts<'_>,
    memory: Memory,
    threads: usize,
    teller: &mut Teller<'_>,
) -> Result<Restored, RestoreError> {
    let position = reader.position().clone();
    let read_before = teller.progress.bytes_total();
    teller.progress.add_total(reader.bytes_in_all());
    let seed = hash_seed();
    if threads == 0 {
        let mut shards = Vec::with_capacity(usize::from(SHARDS));
        while let Some(section) = reader.next_section()? {
            shards.push(restore_one(charts, &section, &position, memory, seed)?);
        }
        return Ok(Restored { position, shards });
    }
    let mut shards = std::thread::scope(|scope| {
        let (sender, sections) = bounded::<Section>(RESTORE_SECTIONS_AHEAD_MAX);
        let restorers: Vec<_> = (0..threads)
            .map(|_| {
                let (sections, position) = (sections.clone(), &position);
                scope.spawn(move || restore_some(charts, &sections, position, memory, seed))
            })
            .collect();
        drop(sections);
        let mut read = Ok(());
        loop {
            match reader.next_section() {
                Ok(Some(section)) => {
                    // If nobody takes more, something was found, which is told below.
                    if sender.send(section).is_err() {
                        break;
                    }
                    teller.read(read_before + reader.bytes_read());
                }
                Ok(None) => break,
                Err(error) => {
                    read = Err(error);
                    break;
                }
            }
        }
        drop(sender);
        let mut shards = Vec::with_capacity(usize::from(SHARDS));
        for restorer in restorers {
            shards.extend(restorer.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        read?;
        Ok::<_, RestoreError>(shards)
    })?;
    shards.sort_unstable_by_key(|(state, _)| state.shard());
    Ok(Restored { position, shards })
}

/// Makes states of the sections that come.
fn restore_some(
    charts: &Charts<'_>,
    sections: &Receiver<Section>,
    position: &Position,
    memory: Memory,
    seed: u64,
) -> Result<Vec<(ShardState, u64)>, RestoreError> {
    sections.iter().map(|section| restore_one(charts, &section, position, memory, seed)).collect()
}

/// Makes a state of a section, with the number of its shard's next batch.
fn restore_one(
    charts: &Charts<'_>,
    section: &Section,
    position: &Position,
    memory: Memory,
    seed: u64,
) -> Result<(ShardState, u64), RestoreError> {
    let next_sequence = position.next_sequence(section.shard());
    Ok((restore(charts, section, memory, seed)?, next_sequence))
}

/// How many threads there are to share the work with.
fn threads_beside(machine: &Machine) -> usize {
    if !machine.has_threads() {
        return 0;
    }
    available_parallelism().map_or(1, NonZero::get).min(REPLAY_THREADS_MAX)
}

/// Reads and decodes on this thread, and applies on others if there are any, each with some of the
/// shards.
fn replay_all(
    recovery: &mut Recovery,
    charts: &Charts<'_>,
    mut shards: Vec<(ShardState, u64)>,
    threads: usize,
    teller: &mut Teller<'_>,
) -> Result<Vec<(ShardState, u64)>, RecoveryError> {
    if threads == 0 {
        while let Some(batch) = recovery.next_batch()? {
            apply_one(charts, &mut shards[usize::from(batch.shard().0)], &batch)?;
        }
        return Ok(shards);
    }
    let progress = teller.progress;
    let read_before = progress.bytes_total();
    progress.add_total(recovery.bytes_in_all());
    let mut by_thread: Vec<Vec<(ShardState, u64)>> = (0..threads).map(|_| Vec::new()).collect();
    for shard in shards {
        by_thread[usize::from(shard.0.shard().0) % threads].push(shard);
    }
    let mut shards = std::thread::scope(|scope| {
        let mut appliers = Vec::new();
        let mut inboxes = Vec::new();
        for shards in by_thread {
            let (inbox, batches) = bounded(REPLAY_BATCHES_AHEAD_MAX);
            let apply = move || apply_all(charts, shards, threads, &batches, progress);
            appliers.push(scope.spawn(apply));
            inboxes.push(inbox);
        }
        let mut read = Ok(());
        loop {
            match recovery.next_batch() {
                Ok(Some(batch)) => {
                    let thread = usize::from(batch.shard().0) % threads;
                    // One that takes no more has found something, which is told below.
                    if inboxes[thread].send(batch).is_err() {
                        break;
                    }
                    teller.read(read_before + recovery.bytes_read());
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
    progress: &RecoveryProgress,
) -> Result<Vec<(ShardState, u64)>, RecoveryError> {
    for batch in batches {
        apply_one(charts, &mut shards[usize::from(batch.shard().0) / threads], &batch)?;
        progress.add_facts(batch.facts().len() as u64);
    }
    Ok(shards)
}

/// Applies a batch to its shard.
fn apply_one(
    charts: &Charts<'_>,
    (state, next_sequence): &mut (ShardState, u64),
    batch: &Batch,
) -> Result<(), RecoveryError> {
    replay(charts, state, batch)?;
    *next_sequence = batch.sequence() + 1;
    Ok(())
}

/// A chart from its canonical document.
pub(crate) fn read_chart(hash: ChartHash, document: &[u8]) -> Result<Chart, RecoveryError> {
    inventory_charts::from_canonical_bytes(document)
        .map_err(|cause| RecoveryError::ChartInvalid { hash, cause })
}
