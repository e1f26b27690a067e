//! The thread that owns the journal: one append, and so one sync, serves all turns that came in
//! while the last one ran.
//!
//! Must always hold: after the first append that is not durable nothing is said to be durable
//! any more, and the engine stops.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use inventory_core::ids::{Lsn, ShardId};
use inventory_core::time::Timestamp;
use metrics::Gauge;
use persistence::batch::Batch;
use persistence::journal::{self, Append, Journal, Supply};
use tracing::{error, info, warn};

use crate::inbox::Inbox;
use crate::limits::{APPEND_SLOW, GROUP_BATCHES_MAX, ROOM_CHECK_EVERY};
use crate::metrics::{JournalMetrics, PROJECTION_REFUSING};
use crate::projected::Projected;
use crate::room::{Limit, Room, fact_bytes};
use crate::stop::{StopReason, Stopper};
use crate::throttle::Throttle;
use crate::writer::{Claim, Turn};

/// Turns that one append serves.
#[derive(Default)]
struct Group {
    batches: Vec<Batch>,
    /// Each turn's claim, and the LSNs up to which the turn goes.
    waiting: Vec<(Claim, Vec<(ShardId, Lsn)>)>,
}

impl Group {
    fn take(&mut self, turn: Turn) {
        let watermarks = turn.batches.iter().map(|batch| (batch.shard(), batch.last_lsn()));
        self.waiting.push((turn.claim, watermarks.collect()));
        self.batches.extend(turn.batches);
    }

    fn facts(&self) -> usize {
        self.batches.iter().map(|batch| batch.facts().len()).sum()
    }

    /// When the oldest and the newest of the facts were decided. Those of a batch stand in the
    /// order of their time.
    fn decided(&self) -> [Timestamp; 2] {
        let firsts = self.batches.iter().filter_map(|batch| batch.facts().first());
        let lasts = self.batches.iter().filter_map(|batch| batch.facts().last());
        let (from, until) = (firsts.map(|of| of.at).min(), lasts.map(|of| of.at).max());
        [from.unwrap_or_default(), until.unwrap_or_default()]
    }

    /// What the writers said that the facts would take at most.
    fn room_bytes(&self) -> u64 {
        let facts = self.batches.iter().flat_map(Batch::facts);
        facts.map(|fact| fact_bytes(&fact.change)).sum()
    }
}

/// The thread's own: what it writes to, and whom it tells how that went.
pub(crate) struct JournalThread {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) inboxes: Vec<Inbox>,
    pub(crate) room: Arc<Room>,
    pub(crate) stopper: Stopper,
    pub(crate) metrics: JournalMetrics,
    /// What the log says that new holds are refused for.
    pub(crate) told: Told,
    /// If what becomes durable is projected.
    pub(crate) projection: Option<Follower>,
}

/// Reasons for which the log says that new holds are refused.
#[derive(Default)]
pub(crate) struct Told {
    disk: bool,
    budget: bool,
}

/// Who is told what became durable.
pub(crate) struct Follower {
    projected: Arc<Projected>,
    refusing: Gauge,
}

impl Follower {
    pub(crate) fn new(projected: Arc<Projected>) -> Self {
        Self { projected, refusing: metrics::gauge!(PROJECTION_REFUSING) }
    }
}

impl JournalThread {
    /// Appends until no writer is left, or until the journal fails.
    pub(crate) fn run(mut self, turns: &Receiver<Turn>) {
        let mut group = Group::default();
        let slow = Throttle::new();
        loop {
            match turns.recv_timeout(ROOM_CHECK_EVERY) {
                Ok(turn) => group.take(turn),
                // Space may have come or gone while nothing was written.
                Err(RecvTimeoutError::Timeout) => {
                    self.report_room(0);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while group.batches.len() < GROUP_BATCHES_MAX
                && let Ok(turn) = turns.try_recv()
            {
                group.take(turn);
            }
            if self.stopper.is_superseded() {
                return self.leave(group, turns);
            }
            let (facts, bytes) = (group.facts(), group.room_bytes());
            let decided = self.projection.as_ref().map(|_| group.decided());
            let started = Instant::now();
            let append = self.journal.append(&group.batches);
            let took = started.elapsed();
            self.metrics.append_seconds.record(took);
            self.metrics.group_facts.record(facts as f64);
            if took > APPEND_SLOW
                && let Some(appends) = slow.count()
            {
                let took_ms = took.as_millis() as u64;
                warn!(took_ms, facts, appends, "the disk is slow: a sync took over a second");
            }
            group.batches.clear();
            let reason = match append {
                Append::Durable => {
                    self.count(facts, decided);
                    // Before anybody is answered: what is asked next finds the room that is left.
                    self.report_room(bytes);
                    for (claim, watermarks) in group.waiting.drain(..) {
                        claim.durable(watermarks);
                    }
                    self.publish();
                    continue;
                }
                Append::Fenced { by } => StopReason::Fenced { by },
                Append::Unknown(cause) => StopReason::JournalFailed { cause: cause.to_string() },
            };
            error!(%reason, "the journal takes nothing more; the engine stops");
            self.stopper.stop(reason);
            return self.leave(group, turns);
        }
    }

    /// Appends nothing more.
    fn leave(self, group: Group, turns: &Receiver<Turn>) {
        self.inboxes.iter().for_each(Inbox::close);
        // Claims that are dropped say that it failed, until the last writer is gone.
        drop(group);
        turns.iter().for_each(drop);
    }

    /// Counts what has become durable, before its answers leave: who was answered finds its fact
    /// among those that are behind.
    fn count(&self, facts: usize, decided: Option<[Timestamp; 2]>) {
        if let (Some(follower), Some(decided)) = (&self.projection, decided) {
            follower.projected.count(self.journal.written(), facts as u64, decided);
        }
    }

    /// Wakes the projector, after the answers have left: nobody but those who wait for it anyway
    /// pays for that.
    fn publish(&self) {
        if let Some(follower) = &self.projection {
            follower.projected.publish(self.journal.written().number);
        }
    }

    /// Tells the writers how much room there is, now that facts of so many bytes are written. To
    /// be called before anybody is served, too.
    pub(crate) fn report_room(&mut self, written_bytes: u64) {
        let disk = self.journal.room();
        let (left, limit) = match &self.projection {
            Some(follower) => follower.projected.room_left(disk),
            None => (disk, Limit::Disk),
        };
        self.room.set_limit(limit);
        self.room.report(left, written_bytes);
        let (refuses, owed_bytes) = (self.room.refuses(), self.room.owed_bytes());
        self.tell(disk.supply, left, limit, refuses);
        let one_if = |is_so: bool| f64::from(u8::from(is_so));
        self.metrics.short_of_space.set(one_if(disk.supply == Supply::Short));
        self.metrics.refusing_holds.set(one_if(refuses && limit == Limit::Disk));
        self.metrics.room_bytes.set(disk.bytes as f64);
        self.metrics.owed_bytes.set(owed_bytes as f64);
        if let Some(follower) = &self.projection {
            follower.refusing.set(one_if(refuses && limit == Limit::Budget));
        }
    }

    /// Says in the log once that new holds are refused, and once that they are taken again. Each
    /// ending makes room for a hold or two: that is not worth a line. Nor is a start that has yet
    /// to hear whether it gets more: it gets it, or a failure is told.
    fn tell(&mut self, disk: Supply, left: journal::Room, limit: Limit, refuses: bool) {
        let (free_bytes, owed_bytes) = (left.bytes, self.room.owed_bytes());
        if self.told.disk && disk == Supply::Sure {
            self.told.disk = false;
            info!(free_bytes, owed_bytes, "the disk has space again: new holds are taken");
        }
        if self.told.budget && limit == Limit::Disk {
            self.told.budget = false;
            info!("the projection has caught up: it is no reason to refuse new holds any more");
        }
        if !refuses || left.supply != Supply::Short {
            return;
        }
        match limit {
            Limit::Disk if !self.told.disk => {
                self.told.disk = true;
                warn!(
                    free_bytes,
                    owed_bytes,
                    "the disk is nearly full: new holds are refused, what is left is kept for \
                     those that live"
                );
            }
            Limit::Budget if !self.told.budget => {
                self.told.budget = true;
                warn!(
                    free_bytes,
                    owed_bytes,
                    "the projection is too far behind: new holds are refused, what is left of the \
                     journal's budget is kept for those that live"
                );
            }
            Limit::Disk | Limit::Budget => {}
        }
    }
}
