//! An event's seats and areas as they were at a moment, made again of its facts.
//!
//! Facts come from the journal ([`from_journal`]) or from wherever somebody else keeps them, in
//! the order of their LSNs. Must always hold: a map shows every fact up to its moment and none
//! behind it; and facts that contradict each other are told and never drawn.

mod journal;
mod replay;
mod seat_map;
#[cfg(test)]
mod tests;

use inventory_charts::CanonicalError;
use inventory_core::fact::Fact;
use inventory_core::ids::{ChartHash, EventId, Lsn, ShardId};
use inventory_core::time::Timestamp;
use persistence::{charts, file, snapshot};

pub use self::journal::from_journal;
pub use self::replay::Replay;
pub use self::seat_map::{Beginning, Owner, PlacesThen, SeatMap, SeatThen};

/// Up to where facts count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Until {
    /// As far as there are any.
    #[default]
    End,
    /// What was decided at this point in time counts as well.
    At(Timestamp),
    /// A fact of the event's shard; it counts as well.
    Through(Lsn),
}

/// Why there is no map of that moment.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No fact names the event.
    #[error("there is no event {0}")]
    EventUnknown(EventId),
    /// The moment lies in front of the event's first fact.
    #[error("event {event_id} came into being later, at {} ms with LSN {lsn}", created_at.0)]
    NotYet {
        /// The event.
        event_id: EventId,
        /// When it was created.
        created_at: Timestamp,
        /// By which fact, as far as that is known; else one behind it.
        lsn: Lsn,
    },
    /// What the map would be made of has been pruned.
    #[error(
        "the journal no longer has event {event_id} as it was then: it was pruned, and the first \
         moment that can be shown is {} ms, LSN {first_lsn}",
        first_at.0
    )]
    Pruned {
        /// The event.
        event_id: EventId,
        /// The first moment that can be shown.
        first_at: Timestamp,
        /// The same as a fact of the event's shard.
        first_lsn: Lsn,
    },
    /// The fact up to which was asked is not there.
    #[error("there is no fact {lsn} of shard {shard}; the last one is {last_lsn}")]
    FactMissing {
        /// The event's shard.
        shard: ShardId,
        /// The fact.
        lsn: Lsn,
        /// The last that there is; zero without any.
        last_lsn: Lsn,
    },
    /// Facts contradict each other, or their chart.
    #[error("fact {lsn} contradicts what is in front of it: {what}; nothing is shown")]
    Impossible {
        /// The fact.
        lsn: Lsn,
        /// Of what it says something else.
        what: String,
    },
    /// The journal begins in the middle, and no snapshot says what was in front.
    #[error(
        "the journal begins with batch {first_number}, and no snapshot can be used that says what \
         was in front"
    )]
    SnapshotsUnusable {
        /// Its first batch.
        first_number: u64,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] file::error::Error),
    /// The snapshots cannot be listed.
    #[error(transparent)]
    File(#[from] persistence::files::Error),
    /// The last snapshot that could be used cannot be read.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// The event's chart cannot be read.
    #[error(transparent)]
    Chart(#[from] charts::Error),
    /// The event's chart is not one.
    #[error("the chart {hash} is not a chart of this release: {cause}")]
    ChartInvalid {
        /// The chart.
        hash: ChartHash,
        /// What is wrong with it.
        cause: CanonicalError,
    },
}

impl Until {
    /// Whether a fact counts.
    pub fn includes(self, fact: &Fact) -> bool {
        self.reaches(fact.lsn, fact.at)
    }

    /// Whether what was decided then, by the fact of that LSN, counts.
    pub fn reaches(self, lsn: Lsn, at: Timestamp) -> bool {
        match self {
            Self::End => true,
            Self::At(until) => at <= until,
            Self::Through(until) => lsn <= until,
        }
    }
}
