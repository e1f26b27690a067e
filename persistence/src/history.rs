//! What happened to one shard, and to one event, read from the journal without the lock, also
//! while an engine writes it.
//!
//! Must always hold: the facts come in the order of their LSNs, and those of an event up to the
//! one that was asked for, all of which are durable; and whatever else is in the journal, no more
//! than one segment is in memory.

use std::sync::Arc;
use std::vec;

use inventory_core::fact::Fact;
use inventory_core::ids::{EventId, Lsn, ShardId};

use crate::dir::DataDirPaths;
use crate::file::error::Error;
use crate::file::scan::{Begin, Scanner};

/// The facts of one shard that the journal still has, up to its end. What an engine writes
/// meanwhile may or may not be among them. Ends behind the first error.
#[derive(Debug)]
pub struct ShardHistory {
    scanner: Scanner,
    /// Of the batch that is given out.
    facts: vec::IntoIter<Arc<Fact>>,
    is_over: bool,
}

impl ShardHistory {
    /// Begins to read: without the lock, changing nothing.
    pub fn open(paths: &DataDirPaths, shard: ShardId) -> Result<Self, Error> {
        let scanner = Scanner::new(paths, Begin::Oldest)?.only(shard.0..shard.0 + 1);
        Ok(Self { scanner, facts: Vec::new().into_iter(), is_over: false })
    }

    /// Whether history is there from the engine's first day; what was in front of it has been
    /// pruned otherwise.
    pub fn is_whole(&self) -> bool {
        self.begins_with() == 1
    }

    /// The number of the first batch that is left.
    pub fn begins_with(&self) -> u64 {
        self.scanner.begins_with()
    }
}

impl Iterator for ShardHistory {
    type Item = Result<Arc<Fact>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(fact) = self.facts.next() {
                return Some(Ok(fact));
            }
            if self.is_over {
                return None;
            }
            match self.scanner.next_batch() {
                Ok(Some(stored)) => self.facts = stored.batch.facts().to_vec().into_iter(),
                Ok(None) => self.is_over = true,
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// The facts of one event. Ends behind the first error.
#[derive(Debug)]
pub struct EventHistory {
    facts: ShardHistory,
    event_id: EventId,
    through_lsn: Lsn,
    is_over: bool,
}

impl EventHistory {
    /// Begins to read: without the lock, changing nothing. `through_lsn` is an LSN of the event's
    /// shard that is durable; facts behind it are left out.
    pub fn open(paths: &DataDirPaths, event_id: EventId, through_lsn: Lsn) -> Result<Self, Error> {
        let facts = ShardHistory::open(paths, event_id.shard())?;
        Ok(Self { facts, event_id, through_lsn, is_over: through_lsn == Lsn(0) })
    }

    /// Whether history is there from the engine's first day; what was in front of it has been
    /// pruned otherwise.
    pub fn is_whole(&self) -> bool {
        self.facts.is_whole()
    }

    /// What to say where the journal ends in front of what was asked for.
    fn missing(&self) -> Option<Error> {
        let (shard, lsn) = (self.event_id.shard(), self.through_lsn);
        // A shard may have been quiet for longer than history is kept.
        self.is_whole().then_some(Error::FactMissing { shard, lsn })
    }
}

impl Iterator for EventHistory {
    type Item = Result<Arc<Fact>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            match self.facts.next() {
                Some(Ok(fact)) => {
                    self.is_over = fact.lsn >= self.through_lsn;
                    if fact.lsn <= self.through_lsn && fact.event_id == self.event_id {
                        return Some(Ok(fact));
                    }
                }
                Some(Err(error)) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
                None => {
                    self.is_over = true;
                    return self.missing().map(Err);
                }
            }
        }
        None
    }
}
