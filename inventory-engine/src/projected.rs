//! How far the facts have come that are written to Postgres behind the journal: what the
//! projector tells, what callers wait for, how much is behind, and what that leaves of the
//! journal's budget.
//!
//! Must always hold: nobody is told that a fact is in Postgres before the projector has said so;
//! nobody waits while Postgres is away; and what is behind is counted in bounded memory, before
//! the answers leave that rest on it.

mod backlog;
mod options;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::ShardState;
use inventory_core::time::Timestamp;
use persistence::dir::DataDirPaths;
use persistence::file::JournalShare;
use persistence::files;
use persistence::journal::{self, Supply};
use persistence::projected::{Floor, ProjectedMark, Written};
use tokio::sync::watch;
use tokio::time::timeout;

use self::backlog::{Backlog, Piece};
pub use self::options::ProjectionOptions;
use crate::clock::Clock;
use crate::limits::{BUDGET_FREE_PARTS, BUDGET_PARTS};
use crate::metrics::WaitMetrics;
use crate::room::Limit;
use crate::stop::Stopper;

/// What a projector needs of an engine. It reads the journal's files up to `durable`, writes
/// their facts, and tells `projected` how far it is.
#[derive(Clone, Debug)]
pub struct ProjectionSource {
    /// Where the journal is.
    pub paths: DataDirPaths,
    /// The epoch that the engine writes under.
    pub epoch: Epoch,
    /// The number of the journal's last durable batch; zero before the first of all.
    pub durable: watch::Receiver<u64>,
    /// How far it is, for everybody to read.
    pub projected: Arc<Projected>,
    /// Stops the engine, for one that finds a newer epoch where it writes.
    pub stopper: Stopper,
}

/// How much is durable and not projected.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lag {
    /// Facts. Within a piece of the backlog (10 milliseconds of it, coarser ones in hours) they
    /// are counted in proportion to its batches; 0 only if there are none.
    pub facts: u64,
    /// The age of the oldest of them; 0 if there are none.
    pub seconds: f64,
    /// Bytes of their batches. Of what was there at a start, bytes of whole segments.
    pub bytes: u64,
}

/// How far the facts have come that are written behind the journal. One an engine; the projector
/// writes, everybody reads.
#[derive(Debug)]
pub struct Projected {
    paths: DataDirPaths,
    floor: Floor,
    clock: Clock,
    budget_bytes: u64,
    /// Up to which fact each shard is projected; by the number of the shard.
    lsns: Box<[AtomicU64]>,
    /// What was durable when the engine started.
    at_start: AtStart,
    progress: Mutex<Progress>,
    waits: WaitMetrics,
    durable: watch::Sender<u64>,
    /// Whether Postgres answers. Marked as changed whenever any of the LSNs rises, too.
    is_reachable: watch::Sender<bool>,
}

#[derive(Debug)]
struct AtStart {
    number: u64,
    /// By the number of the shard.
    lsns: Box<[Lsn]>,
}

#[derive(Debug)]
struct Progress {
    backlog: Backlog,
    written: Written,
    mark: ProjectedMark,
    /// What `projected.json` says.
    mark_on_disk: ProjectedMark,
}

impl Projected {
    /// Of the journal of a data directory that was just recovered, as its mark says. From here on
    /// the journal keeps what lies behind the mark.
    ///
    /// # Errors
    /// If the data directory cannot be read.
    pub(crate) fn open(
        options: ProjectionOptions,
        share: &JournalShare,
        written: Written,
        shards: &[(ShardState, u64)],
        clock: Clock,
    ) -> Result<Self, files::Error> {
        let paths = share.paths.clone();
        let mark = ProjectedMark::read(&paths)?;
        share.floor.set(mark.number + 1);
        let mut lsns = vec![Lsn(0); usize::from(SHARDS)].into_boxed_slice();
        for (state, _) in shards {
            lsns[usize::from(state.shard().0)] = state.last_lsn();
        }
        let facts: u64 = lsns.iter().map(|lsn| lsn.0).sum();
        let mut backlog = Backlog::new();
        if mark.number < written.number {
            let until = shards.iter().map(|(state, _)| state.last_at()).max().unwrap_or_default();
            backlog.add(Piece {
                first: mark.number + 1,
                last: written.number,
                facts: facts.saturating_sub(mark.facts),
                bytes: mark.bytes_behind(&paths)?,
                from: mark.at,
                until,
            });
        }
        let projected = Self {
            paths,
            floor: share.floor.clone(),
            clock,
            budget_bytes: options.journal_budget_bytes,
            lsns: (0..SHARDS).map(|_| AtomicU64::new(0)).collect(),
            at_start: AtStart { number: written.number, lsns },
            waits: WaitMetrics::new(),
            progress: Mutex::new(Progress { backlog, written, mark, mark_on_disk: mark }),
            durable: watch::Sender::new(written.number),
            is_reachable: watch::Sender::new(false),
        };
        projected.raise_all_from(mark.number);
        Ok(projected)
    }

    /// All facts of the journal's batches up to `number` are committed in Postgres, the last of
    /// them decided at `at`; of these shards that is up to these LSNs. Tell all shards that have
    /// facts there once at the beginning: who asks again for what was done long ago waits for it.
    ///
    /// Moves the journal's floor. `projected.json` follows within seconds, and at the end.
    pub fn advance(&self, number: u64, at: Timestamp, shards: &[(ShardId, Lsn)]) {
        for &(shard, lsn) in shards {
            self.raise(shard, lsn);
        }
        self.raise_all_from(number);
        let facts = self.lsns.iter().map(|lsn| lsn.load(Ordering::Acquire)).sum();
        let mut progress = self.lock();
        let mark = &mut progress.mark;
        // Shards that were not told yet count as nothing, so the sum may say too little.
        mark.facts = mark.facts.max(facts);
        if number > mark.number {
            (mark.number, mark.at) = (number, at);
            progress.backlog.take_through(number, at);
            self.floor.set(number + 1);
        }
        drop(progress);
        self.is_reachable.send_modify(|_| {});
    }

    /// The last fact of each shard when the engine had recovered, by the number of the shard.
    pub fn recovered_lsns(&self) -> &[Lsn] {
        &self.at_start.lsns
    }

    /// Whether Postgres answers; at first it does not. While it does not, nobody waits for it.
    pub fn set_reachable(&self, is_reachable: bool) {
        self.is_reachable
            .send_if_modified(|known| std::mem::replace(known, is_reachable) != is_reachable);
    }

    /// Whether Postgres answers.
    pub fn is_reachable(&self) -> bool {
        *self.is_reachable.borrow()
    }

    /// Waits until a fact is projected. False once it cannot be said in time: at once while
    /// Postgres is away, after `patience` else.
    pub async fn wait_for(&self, shard: ShardId, lsn: Lsn, patience: Duration) -> bool {
        if self.has(shard, lsn) {
            return true;
        }
        let mut changes = self.changes();
        let seen = async {
            loop {
                // Marked as seen before it is looked at: what comes in between wakes again.
                let is_reachable = *changes.borrow_and_update();
                if self.has(shard, lsn) || !is_reachable || changes.changed().await.is_err() {
                    return self.has(shard, lsn);
                }
            }
        };
        timeout(patience, seen).await.unwrap_or(false)
    }

    /// How much is durable and not projected.
    pub fn lag(&self) -> Lag {
        let progress = self.lock();
        let backlog = &progress.backlog;
        let (facts, bytes, oldest) = (backlog.facts(), backlog.bytes(), backlog.oldest());
        drop(progress);
        let age_millis = oldest.map_or(0, |oldest| self.clock.now().millis_since(oldest));
        Lag { facts, seconds: age_millis as f64 / 1_000.0, bytes }
    }

    /// Bytes that may be behind before new holds are refused, and soon after everything but the
    /// ends of holds.
    pub fn budget_bytes(&self) -> u64 {
        self.budget_bytes
    }

    /// The handles of who waits.
    pub(crate) fn waits(&self) -> &WaitMetrics {
        &self.waits
    }

    /// Whether a fact is projected.
    pub(crate) fn has(&self, shard: ShardId, lsn: Lsn) -> bool {
        self.lsns[usize::from(shard.0)].load(Ordering::Acquire) >= lsn.0
    }

    /// Wakes whenever more is projected or Postgres goes or comes; says whether it answers.
    pub(crate) fn changes(&self) -> watch::Receiver<bool> {
        self.is_reachable.subscribe()
    }

    /// The number of the last durable batch, for who follows the journal.
    pub(crate) fn durable(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }

    /// So many facts more are durable; the oldest and the newest of them were decided then. To be
    /// called before their answers leave.
    pub(crate) fn count(&self, written: Written, facts: u64, [from, until]: [Timestamp; 2]) {
        let mut progress = self.lock();
        let before = std::mem::replace(&mut progress.written, written);
        progress.backlog.add(Piece {
            first: before.number + 1,
            last: written.number,
            facts,
            bytes: written.bytes - before.bytes,
            from,
            until,
        });
    }

    /// Wakes who follows the journal, after its answers have left.
    pub(crate) fn publish(&self, number: u64) {
        self.durable.send_replace(number);
    }

    /// What may still be written of a journal that has `disk` left, and what bounds it. While the
    /// backlog is far below the budget that is the disk alone.
    pub(crate) fn room_left(&self, disk: journal::Room) -> (journal::Room, Limit) {
        let behind = self.lock().backlog.bytes();
        if behind < self.budget_bytes / BUDGET_PARTS * BUDGET_FREE_PARTS {
            return (disk, Limit::Disk);
        }
        let bytes = self.budget_bytes.saturating_sub(behind);
        match disk.supply {
            Supply::Awaited | Supply::Short if disk.bytes < bytes => (disk, Limit::Disk),
            // The end of the budget is like a disk that gets full.
            _ => (journal::Room { bytes, supply: Supply::Short }, Limit::Budget),
        }
    }

    /// Writes `projected.json` if it says less than is known.
    pub(crate) fn write_mark(&self) -> Result<(), files::Error> {
        let (mark, on_disk) = {
            let progress = self.lock();
            (progress.mark, progress.mark_on_disk)
        };
        if mark == on_disk {
            return Ok(());
        }
        mark.write(&self.paths)?;
        self.lock().mark_on_disk = mark;
        Ok(())
    }

    fn raise(&self, shard: ShardId, lsn: Lsn) {
        self.lsns[usize::from(shard.0)].fetch_max(lsn.0, Ordering::AcqRel);
    }

    /// Behind all that was there at the start, every shard is known to be as far as it was then.
    fn raise_all_from(&self, number: u64) {
        if number >= self.at_start.number {
            for (shard, &lsn) in (0..).map(ShardId).zip(&self.at_start.lsns) {
                self.raise(shard, lsn);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Nothing is left half done in it by a panic.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
