//! One fact of the journal, as a line of its dump has it: one JSON object, with what does not
//! apply left out.

use serde::{Deserialize, Serialize};

use super::violation::in_words;
use super::{Evidence, Source};
use crate::ids::{AllocationId, HoldId, RequestId};
use crate::spots::{Places, Sorted};

/// What changed, in the journal's words.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// An event went on sale, all its seats available.
    EventCreated,
    /// An event's sale ended for good.
    EventClosed,
    /// Available seats became held.
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

impl Change {
    /// The word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EventCreated => "event_created",
            Self::EventClosed => "event_closed",
            Self::HoldPlaced => "hold_placed",
            Self::HoldExtended => "hold_extended",
            Self::HoldReleased => "hold_released",
            Self::HoldAllocated => "hold_allocated",
            Self::HoldExpired => "hold_expired",
            Self::SpotsReturned => "spots_returned",
            Self::SpotsBlocked => "spots_blocked",
            Self::SpotsUnblocked => "spots_unblocked",
        }
    }
}

/// One fact, as a line of the journal's dump has it. What more a line says is not looked at.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct JournalRecord {
    /// Its place in its shard's history.
    pub(crate) lsn: u64,
    /// Its shard.
    pub(crate) shard: u16,
    /// The epoch in which it was written.
    pub(crate) epoch: u64,
    /// The journal's number of the batch that it came in.
    pub(crate) batch: u64,
    /// When it was decided.
    pub(crate) at_millis: u64,
    /// The event that it changes.
    pub(crate) event_id: u64,
    /// What changed.
    pub(crate) change: Change,
    /// The request that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<RequestId>,
    /// The hold that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hold_id: Option<HoldId>,
    /// The allocation that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allocation_id: Option<AllocationId>,
    /// Whose hold or allocation it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) buyer_id: Option<String>,
    /// The seats that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) seats: Vec<u32>,
    /// Their ticket types in the same order; empty where none has one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) seat_types: Vec<Option<u16>>,
    /// The places that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) areas: Vec<AreaPlaces>,
    /// The event's ticket types, by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ticket_types: Vec<TicketType>,
    /// When the hold now ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deadline_millis: Option<u64>,
}

/// Places in an area.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct AreaPlaces {
    pub(crate) area: u32,
    pub(crate) count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ticket_type: Option<u16>,
}

/// A ticket type of an event.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct TicketType {
    pub(crate) key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quota: Option<u32>,
}

impl JournalRecord {
    /// What the fact changed, in an order of its own.
    pub(crate) fn spots(&self) -> Sorted {
        let types = self.seat_types.iter().copied().chain(std::iter::repeat(None));
        let mut seats: Vec<_> = self.seats.iter().copied().zip(types).collect();
        let places = |of: &AreaPlaces| Places {
            area: of.area,
            ticket_type: of.ticket_type,
            count: of.count,
        };
        let mut areas: Vec<_> = self.areas.iter().map(places).collect();
        seats.sort_unstable();
        areas.sort_unstable();
        (seats, areas)
    }

    /// The fact as evidence.
    pub(crate) fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::new(Source::Journal, self.change.name());
        evidence.request_id = self.request_id;
        evidence.hold_id = self.hold_id;
        evidence.allocation_id = self.allocation_id;
        evidence.buyer_id.clone_from(&self.buyer_id);
        evidence.shard = Some(self.shard);
        evidence.lsn = Some(self.lsn);
        evidence.at_millis = Some(self.at_millis);
        evidence.deadline_millis = self.deadline_millis;
        evidence.seats.clone_from(&self.seats);
        evidence.places = self.spots().1.iter().map(in_words).collect();
        evidence
    }
}
