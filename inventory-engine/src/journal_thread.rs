//! The thread that owns the journal: one append, and so one sync, serves all turns that came in
//! while the last one ran.
//!
//! Must always hold: after the first append that is not durable nothing is said to be durable
//! any more, and the engine stops.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use inventory_core::ids::{Lsn, ShardId};
use persistence::batch::Batch;
use persistence::journal::{self, Append, Journal, Supply};
use tracing::{error, info, warn};

use crate::inbox::Inbox;
use crate::limits::{APPEND_SLOW, GROUP_BATCHES_MAX, ROOM_CHECK_EVERY};
use crate::metrics::JournalMetrics;
use crate::room::{Room, fact_bytes};
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
    /// Whether the log says that holds are refused for want of space.
    pub(crate) is_told: bool,
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
            let (facts, bytes) = (group.facts(), group.room_bytes());
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
                    // Before anybody is answered: what is asked next finds the room that is left.
                    self.report_room(bytes);
                    for (claim, watermarks) in group.waiting.drain(..) {
                        claim.durable(watermarks);
                    }
                    continue;
                }
                Append::Fenced { by } => StopReason::Fenced { by },
                Append::Unknown(cause) => StopReason::JournalFailed { cause: cause.to_string() },
            };
            error!(%reason, "the journal takes nothing more; the engine stops");
            self.stopper.stop(reason);
            self.inboxes.iter().for_each(Inbox::close);
            // Claims that are dropped say that it failed, until the last writer is gone.
            group.waiting.clear();
            turns.iter().for_each(drop);
            return;
        }
    }

    /// Tells the writers how much room there is, now that facts of so many bytes are written. To
    /// be called before anybody is served, too.
    pub(crate) fn report_room(&mut self, written_bytes: u64) {
        let left = self.journal.room();
        let journal::Room { bytes: free_bytes, supply } = left;
        self.room.report(left, written_bytes);
        let (refuses, owed_bytes) = (self.room.refuses(), self.room.owed_bytes());
        // Each ending makes room for a hold or two: that is not worth a line. Nor is a start that
        // has yet to hear whether it gets more: it gets it, or a failure is told.
        if refuses && supply == Supply::Short && !self.is_told {
            self.is_told = true;
            warn!(
                free_bytes,
                owed_bytes,
                "the disk is nearly full: new holds are refused, what is left is kept for those \
                 that live"
            );
        } else if self.is_told && supply == Supply::Sure {
            self.is_told = false;
            info!(free_bytes, owed_bytes, "the disk has space again: new holds are taken");
        }
        self.metrics.short_of_space.set(f64::from(u8::from(supply == Supply::Short)));
        self.metrics.refusing_holds.set(f64::from(u8::from(refuses)));
        self.metrics.room_bytes.set(free_bytes as f64);
        self.metrics.owed_bytes.set(owed_bytes as f64);
    }
}
