//! What is asked of a shard: commands and the reads that only its writer can answer.

use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::command::{Command, Part, Verb};
use inventory_core::ids::{BuyerId, EventId, HoldId, SeatIndex, ShardId};

/// Something for the writer of a shard.
#[derive(Debug)]
pub enum Ask {
    /// A change.
    Command {
        /// What to do.
        command: Command,
        /// Labels of the command's seats that the chart does not have; see [`resolve_labels`].
        unknown_labels: Vec<String>,
        /// The part of a hold or an allocation by label; only the writer knows whose chart.
        part_labels: Vec<String>,
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
    /// A command whose seats are all known by index.
    pub fn command(command: Command) -> Self {
        Self::Command { command, unknown_labels: Vec::new(), part_labels: Vec::new() }
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

/// Indexes of labels. One that the chart does not have is added to `unknown`, and its place is
/// taken by an index that no seat has: counted down from the highest by its place in that list.
pub fn resolve_labels(
    chart: Option<&Chart>,
    labels: &[String],
    unknown: &mut Vec<String>,
) -> Vec<SeatIndex> {
    let indexes = labels.iter().map(|label| {
        chart.and_then(|chart| chart.seat_by_label(label)).unwrap_or_else(|| {
            unknown.push(label.clone());
            SeatIndex(u32::MAX - (unknown.len() - 1) as u32)
        })
    });
    indexes.collect()
}

/// The label that stands behind an index from [`resolve_labels`] that no seat has.
pub fn unknown_label(unknown: &[String], seat: SeatIndex) -> Option<&str> {
    unknown.get((u32::MAX - seat.0) as usize).map(String::as_str)
}

/// Gives a command the part of its hold or allocation that it is about.
pub(crate) fn set_part(command: &mut Command, seats: Vec<SeatIndex>) {
    let part = match &mut command.verb {
        Verb::Release(release) => &mut release.part,
        Verb::Allocate(allocate) => &mut allocate.part,
        Verb::Return(give_back) => &mut give_back.part,
        _ => return,
    };
    *part = Part::Seats(seats);
}
