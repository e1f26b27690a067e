//! The thread that owns the journal: one append, and so one sync, serves all turns that came in
//! while the last one ran.
//!
//! Must always hold: after the first append that is not durable nothing is said to be durable
//! any more, and the engine stops.

use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};
use inventory_core::ids::{Lsn, ShardId};
use persistence::batch::Batch;
use persistence::journal::{Append, Journal};
use tracing::error;

use crate::inbox::Inbox;
use crate::limits::GROUP_BATCHES_MAX;
use crate::metrics::JournalMetrics;
use crate::stop::{StopReason, Stopper};
use crate::writer::{Turn, Written};

/// Appends until no writer is left, or until the journal fails.
pub(crate) fn run(
    mut journal: Box<dyn Journal>,
    turns: &Receiver<Turn>,
    inboxes: &[Inbox],
    stopper: &Stopper,
) {
    let metrics = JournalMetrics::new();
    let mut group: Vec<Batch> = Vec::new();
    let mut waiting: Vec<(Sender<Written>, Vec<(ShardId, Lsn)>)> = Vec::new();
    while let Ok(turn) = turns.recv() {
        take(turn, &mut group, &mut waiting);
        while group.len() < GROUP_BATCHES_MAX
            && let Ok(turn) = turns.try_recv()
        {
            take(turn, &mut group, &mut waiting);
        }
        let facts: usize = group.iter().map(|batch| batch.facts().len()).sum();
        let started = Instant::now();
        let append = journal.append(&group);
        metrics.append_seconds.record(started.elapsed());
        metrics.group_facts.record(facts as f64);
        group.clear();
        let reason = match append {
            Append::Durable => {
                for (writer, watermarks) in waiting.drain(..) {
                    // A writer that is gone waits for nothing.
                    drop(writer.send(Written::Durable(watermarks)));
                }
                continue;
            }
            Append::Fenced { by } => StopReason::Fenced { by },
            Append::Unknown(cause) => StopReason::JournalFailed { cause: cause.to_string() },
        };
        error!(%reason, "the journal takes nothing more; the engine stops");
        stopper.stop(reason);
        inboxes.iter().for_each(Inbox::close);
        let writers = waiting.drain(..).map(|(writer, _)| writer);
        // Until the last writer has heard it and is gone.
        for writer in writers.chain(turns.iter().map(|turn| turn.written)) {
            drop(writer.send(Written::Failed));
        }
        return;
    }
}

fn take(
    turn: Turn,
    group: &mut Vec<Batch>,
    waiting: &mut Vec<(Sender<Written>, Vec<(ShardId, Lsn)>)>,
) {
    let watermarks = turn.batches.iter().map(|batch| (batch.shard(), batch.last_lsn())).collect();
    waiting.push((turn.written, watermarks));
    group.extend(turn.batches);
}
