//! A fact of the journal, as a line of `holdfast journal dump` has it.

use std::fmt;
use std::io::BufRead;

use serde::Deserialize;

use crate::history::{AllocationId, HoldId, RequestId};

/// What changed, in the journal's words.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// An event went on sale.
    EventCreated,
    /// An event's sale ended.
    EventClosed,
    /// Seats became held.
    HoldPlaced,
    /// A hold's deadline moved.
    HoldExtended,
    /// Held seats became available.
    HoldReleased,
    /// Held seats became allocated.
    HoldAllocated,
    /// A hold's deadline passed.
    HoldExpired,
    /// Allocated seats became available.
    SpotsReturned,
    /// Available seats became blocked.
    SpotsBlocked,
    /// Blocked seats became available.
    SpotsUnblocked,
}

/// One fact. What more a line says is not looked at.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Fact {
    /// Its place in its shard's history.
    pub lsn: u64,
    /// Its shard.
    pub shard: u16,
    /// The epoch in which it was written.
    pub epoch: u64,
    /// When it was decided, milliseconds since 1970 by the server's clock.
    pub at_millis: u64,
    /// The event that it changes.
    pub event_id: u64,
    /// What changed.
    pub change: Change,
    /// The request that asked for it.
    pub request_id: Option<RequestId>,
    /// The hold that it is about.
    pub hold_id: Option<HoldId>,
    /// The allocation that it is about.
    pub allocation_id: Option<AllocationId>,
    /// The seats that changed.
    #[serde(default)]
    pub seats: Vec<u32>,
    /// When the hold now ends by itself.
    pub deadline_millis: Option<u64>,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lsn, shard, epoch, at_millis, event_id, change, seats, .. } = self;
        write!(f, "journal shard {shard} lsn {lsn} epoch {epoch} at {at_millis}: {change:?}")?;
        write!(f, " event {event_id} seats {seats:?}")?;
        self.request_id.iter().try_for_each(|id| write!(f, " request {id}"))?;
        self.hold_id.iter().try_for_each(|id| write!(f, " hold {id}"))?;
        self.allocation_id.iter().try_for_each(|id| write!(f, " allocation {id}"))?;
        self.deadline_millis.iter().try_for_each(|at| write!(f, " until {at}"))
    }
}

/// Why a dump is none.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// It cannot be read to its end.
    #[error("the journal's dump cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A line is not a fact.
    #[error("line {line} of the journal's dump is not a fact: {source}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why not.
        source: serde_json::Error,
    },
}

/// The facts of a dump.
///
/// # Errors
/// If it cannot be read, or a line is not a fact.
pub fn read_dump(lines: impl BufRead) -> Result<Vec<Fact>, DumpError> {
    let facts = lines.lines().zip(1..).map(|(text, line)| {
        serde_json::from_str(&text?).map_err(|source| DumpError::Line { line, source })
    });
    facts.collect()
}
