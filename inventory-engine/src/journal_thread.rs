//! The thread that owns the journal: one append, and so one sync, serves all turns that came in
//! while the last one ran.
//!
//! Must always hold: after the first append that is not durable nothing is said to be durable
//! any more, and the engine stops.

use std::time::Instant;

use crossbeam_channel::Receiver;
use inventory_core::ids::{Lsn, ShardId};
use persistence::batch::Batch;
use persistence::journal::{Append, Journal};
use tracing::error;

use crate::inbox::Inbox;
use crate::limits::GROUP_BATCHES_MAX;
use crate::metrics::JournalMetrics;
use crate::stop::{StopReason, Stopper};
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
}

/// Appends until no writer is left, or until the journal fails.
pub(crate) fn run(
    mut journal: Box<dyn Journal>,
    turns: &Receiver<Turn>,
    inboxes: &[Inbox],
    stopper: &Stopper,
) {
    let metrics = JournalMetrics::new();
    let mut group = Group::default();
    while let Ok(turn) = turns.recv() {
        group.take(turn);
        while group.batches.len() < GROUP_BATCHES_MAX
            && let Ok(turn) = turns.try_recv()
        {
            group.take(turn);
        }
        let started = Instant::now();
        let append = journal.append(&group.batches);
        metrics.append_seconds.record(started.elapsed());
        metrics.group_facts.record(group.facts() as f64);
        group.batches.clear();
        let reason = match append {
            Append::Durable => {
                for (claim, watermarks) in group.waiting.drain(..) {
                    claim.durable(watermarks);
                }
                let is_short = journal.room().is_short;
                metrics.short_of_space.set(f64::from(u8::from(is_short)));
                continue;
            }
            Append::Fenced { by } => StopReason::Fenced { by },
            Append::Unknown(cause) => StopReason::JournalFailed { cause: cause.to_string() },
        };
        error!(%reason, "the journal takes nothing more; the engine stops");
        stopper.stop(reason);
        inboxes.iter().for_each(Inbox::close);
        // Claims that are dropped say that it failed, until the last writer is gone.
        group.waiting.clear();
        turns.iter().for_each(drop);
        return;
    }
}
