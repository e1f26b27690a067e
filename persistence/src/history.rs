//! What happened to one event, read from the journal of a running engine.
//!
//! Must always hold: the facts come in the order of their LSNs and up to the one that was asked
//! for, all of which are durable; and whatever else is in the journal, no more than one segment
//! is in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use inventory_core::fact::Fact;
use inventory_core::ids::{EventId, Lsn, ShardId};

use crate::dir::DataDirPaths;
use crate::file::error::Error;
use crate::file::scan::{Begin, Scanner};

/// The facts of one event. Ends behind the first error.
#[derive(Debug)]
pub struct EventHistory {
    scanner: Scanner,
    event_id: EventId,
    shard: ShardId,
    through_lsn: Lsn,
    facts: VecDeque<Arc<Fact>>,
    is_over: bool,
}

impl EventHistory {
    /// Begins to read: without the lock, changing nothing. `through_lsn` is an LSN of the event's
    /// shard that is durable; facts behind it are left out.
    pub fn open(paths: &DataDirPaths, event_id: EventId, through_lsn: Lsn) -> Result<Self, Error> {
        let shard = event_id.shard();
        let scanner = Scanner::new(paths, Begin::Oldest)?.only(shard.0..shard.0 + 1);
        let (facts, is_over) = (VecDeque::new(), through_lsn == Lsn(0));
        Ok(Self { scanner, event_id, shard, through_lsn, facts, is_over })
    }

    /// Whether history is there from the engine's first day; what was in front of it has been
    /// pruned otherwise.
    pub fn is_whole(&self) -> bool {
        self.scanner.begins_with() == 1
    }

    /// Takes the event's facts of the next batch of its shard.
    fn read_batch(&mut self) -> Result<(), Error> {
        let Some(stored) = self.scanner.next_batch()? else {
            self.is_over = true;
            // A shard may have been quiet for longer than history is kept.
            return if self.is_whole() {
                let (shard, lsn) = (self.shard, self.through_lsn);
                Err(Error::FactMissing { shard, lsn })
            } else {
                Ok(())
            };
        };
        let batch = &stored.batch;
        self.is_over = batch.last_lsn() >= self.through_lsn;
        let through = batch.facts().iter().take_while(|fact| fact.lsn <= self.through_lsn);
        self.facts.extend(through.filter(|fact| fact.event_id == self.event_id).cloned());
        Ok(())
    }
}

impl Iterator for EventHistory {
    type Item = Result<Arc<Fact>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.facts.is_empty() && !self.is_over {
            if let Err(error) = self.read_batch() {
                self.is_over = true;
                return Some(Err(error));
            }
        }
        self.facts.pop_front().map(Ok)
    }
}
