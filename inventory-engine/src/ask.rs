//! What is asked of a shard: commands and the reads that only its writer can answer.

use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::command::{Command, Part, Verb};
use inventory_core::ids::{BuyerId, EventId, HoldId, SeatIndex, ShardId};

use crate::names::{EventNames, NamedPlaces, Resolver, Unknown};

/// Something for the writer of a shard.
#[derive(Debug)]
pub enum Ask {
    /// A change.
    Command {
        /// What to do.
        command: Command,
        /// Names of the command that the event does not have.
        unknown: Unknown,
        /// The part of a hold or an allocation by name; only the writer knows of what event.
        part: Option<Box<NamedPart>>,
    },
    /// The command that puts an event on sale.
    CreateEvent {
        /// What to do.
        command: Command,
        /// Its chart, durable; `None` if there is none of that content.
        chart: Option<Arc<Chart>>,
    },
    /// A look.
    Query(Query),
}

/// A part of a hold or an allocation.
#[derive(Debug)]
pub struct NamedPart {
    /// Seats by index, if not by label.
    pub indexes: Vec<SeatIndex>,
    /// Seats by label, if not by index.
    pub labels: Vec<String>,
    /// Places.
    pub areas: Vec<NamedPlaces>,
}

/// A look at what only the writer knows.
#[derive(Debug)]
pub enum Query {
    /// A hold; another buyer's is unknown.
    Hold {
        /// Which.
        hold_id: HoldId,
        /// For whom; `None` for anyone.
        buyer_id: Option<BuyerId>,
    },
    /// An event held against itself.
    Verify {
        /// Which.
        event_id: EventId,
    },
}

impl Ask {
    /// A command without names.
    pub fn command(command: Command) -> Self {
        Self::Command { command, unknown: Unknown::default(), part: None }
    }

    /// Who has to answer.
    pub fn shard(&self) -> ShardId {
        match self {
            Self::Command { command, .. } | Self::CreateEvent { command, .. } => command.shard(),
            Self::Query(Query::Hold { hold_id, .. }) => hold_id.shard(),
            Self::Query(Query::Verify { event_id }) => event_id.shard(),
        }
    }
}

/// Gives a command the part of its hold or allocation that it is about. Returns the names that
/// the event does not have.
pub(crate) fn set_part(
    command: &mut Command,
    named: &NamedPart,
    names: Option<&EventNames>,
) -> Unknown {
    let part = match &mut command.verb {
        Verb::Release(release) => &mut release.part,
        Verb::Allocate(allocate) => &mut allocate.part,
        Verb::Return(give_back) => &mut give_back.part,
        _ => return Unknown::default(),
    };
    let mut resolver = Resolver::new(names);
    let mut seats = named.indexes.clone();
    seats.extend(resolver.seats(&named.labels).into_iter().map(|(_, seat)| seat));
    *part = Part::Spots { seats, areas: resolver.areas(&named.areas) };
    resolver.unknown
}
