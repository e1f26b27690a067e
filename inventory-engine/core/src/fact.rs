//! What happened. A fact says everything that `apply`, the journal and every projection need;
//! no rule has to be known to read one.

use compact_str::CompactString;

use crate::ids::{AllocationId, BuyerId, ChartHash, EventId, HoldId, Lsn, RequestId};
use crate::rules::EventRules;
use crate::spots::Spots;
use crate::ticket_type::TicketType;
use crate::time::Timestamp;

/// One accepted change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fact {
    /// Its place in its shard's history.
    pub lsn: Lsn,
    /// When it was decided; never before the fact in front of it.
    pub at: Timestamp,
    /// The event that it changes.
    pub event_id: EventId,
    /// The request that asked for it; `None` for what the engine does by itself.
    pub request: Option<RequestMark>,
    /// What changed.
    pub change: Change,
}

/// How an accepted request is recognized when it comes again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestMark {
    /// The caller's id.
    pub id: RequestId,
    /// [`crate::command::Command::fingerprint`] of what it asked for.
    pub fingerprint: u64,
}

/// What changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// An event went on sale, all its spots available.
    EventCreated {
        /// A name for people.
        name: CompactString,
        /// Its chart.
        chart: ChartHash,
        /// Its rules.
        rules: EventRules,
        /// What its spots may be sold as.
        ticket_types: Vec<TicketType>,
    },
    /// An event's sale ended for good.
    EventClosed,
    /// Available spots became held.
    HoldPlaced {
        /// The new hold.
        hold_id: HoldId,
        /// Its buyer.
        buyer_id: BuyerId,
        /// Its spots.
        spots: Spots,
        /// When it ends by itself.
        deadline: Timestamp,
    },
    /// A hold's deadline moved.
    HoldExtended {
        /// The hold.
        hold_id: HoldId,
        /// When it now ends by itself.
        deadline: Timestamp,
    },
    /// Held spots became available. A hold without spots is over.
    HoldReleased {
        /// The hold.
        hold_id: HoldId,
        /// The spots.
        spots: Spots,
    },
    /// Held spots became allocated. A hold without spots is over.
    HoldAllocated {
        /// The hold.
        hold_id: HoldId,
        /// The new allocation.
        allocation_id: AllocationId,
        /// Its buyer.
        buyer_id: BuyerId,
        /// The spots.
        spots: Spots,
    },
    /// A hold's deadline passed, and its spots became available.
    HoldExpired {
        /// The hold.
        hold_id: HoldId,
        /// The spots it still had.
        spots: Spots,
    },
    /// Allocated spots became available.
    SpotsReturned {
        /// The allocation. Without spots it is over.
        allocation_id: AllocationId,
        /// The spots.
        spots: Spots,
    },
    /// Available spots became blocked.
    SpotsBlocked {
        /// The spots.
        spots: Spots,
    },
    /// Blocked spots became available.
    SpotsUnblocked {
        /// The spots.
        spots: Spots,
    },
}

/// What can be said of a seat at any time.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SeatStatus {
    /// Anyone may hold it.
    Available = 0,
    /// A live hold has it.
    Held = 1,
    /// It is sold.
    Allocated = 2,
    /// The organizer took it off sale.
    Blocked = 3,
}

impl SeatStatus {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Available, Self::Held, Self::Allocated, Self::Blocked];

    /// The word that the API, the logs and the reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Held => "held",
            Self::Allocated => "allocated",
            Self::Blocked => "blocked",
        }
    }
}

impl Change {
    /// The spots that changed, what they were and what they became; `None` if none did.
    pub fn spots_moved(&self) -> Option<(&Spots, SeatStatus, SeatStatus)> {
        use SeatStatus::{Allocated, Available, Blocked, Held};
        match self {
            Self::EventCreated { .. } | Self::EventClosed | Self::HoldExtended { .. } => None,
            Self::HoldPlaced { spots, .. } => Some((spots, Available, Held)),
            Self::HoldAllocated { spots, .. } => Some((spots, Held, Allocated)),
            Self::HoldReleased { spots, .. } | Self::HoldExpired { spots, .. } => {
                Some((spots, Held, Available))
            }
            Self::SpotsReturned { spots, .. } => Some((spots, Allocated, Available)),
            Self::SpotsBlocked { spots } => Some((spots, Available, Blocked)),
            Self::SpotsUnblocked { spots } => Some((spots, Blocked, Available)),
        }
    }

    /// The word for it in logs, dumps and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EventCreated { .. } => "event_created",
            Self::EventClosed => "event_closed",
            Self::HoldPlaced { .. } => "hold_placed",
            Self::HoldExtended { .. } => "hold_extended",
            Self::HoldReleased { .. } => "hold_released",
            Self::HoldAllocated { .. } => "hold_allocated",
            Self::HoldExpired { .. } => "hold_expired",
            Self::SpotsReturned { .. } => "spots_returned",
            Self::SpotsBlocked { .. } => "spots_blocked",
            Self::SpotsUnblocked { .. } => "spots_unblocked",
        }
    }
}
