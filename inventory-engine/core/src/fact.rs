//! What happened. A fact says everything that `apply`, the journal and every projection need;
//! no rule has to be known to read one.

use compact_str::CompactString;

use crate::ids::{AllocationId, BuyerId, ChartHash, EventId, HoldId, Lsn, RequestId, SeatIndex};
use crate::rules::EventRules;
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
    /// An event went on sale, all its seats available.
    EventCreated {
        /// A name for people.
        name: CompactString,
        /// Its chart.
        chart: ChartHash,
        /// Its rules.
        rules: EventRules,
    },
    /// Available seats became held.
    HoldPlaced {
        /// The new hold.
        hold_id: HoldId,
        /// Its buyer.
        buyer_id: BuyerId,
        /// Its seats.
        seats: Vec<SeatIndex>,
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
    /// Held seats became available. A hold without seats is over.
    HoldReleased {
        /// The hold.
        hold_id: HoldId,
        /// The seats.
        seats: Vec<SeatIndex>,
    },
    /// Held seats became allocated. A hold without seats is over.
    HoldAllocated {
        /// The hold.
        hold_id: HoldId,
        /// The new allocation.
        allocation_id: AllocationId,
        /// Its buyer.
        buyer_id: BuyerId,
        /// The seats.
        seats: Vec<SeatIndex>,
    },
    /// A hold's deadline passed, and its seats became available.
    HoldExpired {
        /// The hold.
        hold_id: HoldId,
        /// The seats it still had.
        seats: Vec<SeatIndex>,
    },
    /// Allocated seats became available.
    SeatsReturned {
        /// The allocation. Without seats it is over.
        allocation_id: AllocationId,
        /// The seats.
        seats: Vec<SeatIndex>,
    },
    /// Available seats became blocked.
    SeatsBlocked {
        /// The seats.
        seats: Vec<SeatIndex>,
    },
    /// Blocked seats became available.
    SeatsUnblocked {
        /// The seats.
        seats: Vec<SeatIndex>,
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
    /// The seats that changed and what they became; `None` if no seat did.
    pub fn seats_became(&self) -> Option<(&[SeatIndex], SeatStatus)> {
        match self {
            Self::EventCreated { .. } | Self::HoldExtended { .. } => None,
            Self::HoldPlaced { seats, .. } => Some((seats, SeatStatus::Held)),
            Self::HoldAllocated { seats, .. } => Some((seats, SeatStatus::Allocated)),
            Self::SeatsBlocked { seats } => Some((seats, SeatStatus::Blocked)),
            Self::HoldReleased { seats, .. }
            | Self::HoldExpired { seats, .. }
            | Self::SeatsReturned { seats, .. }
            | Self::SeatsUnblocked { seats } => Some((seats, SeatStatus::Available)),
        }
    }

    /// The word for it in logs, dumps and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EventCreated { .. } => "event_created",
            Self::HoldPlaced { .. } => "hold_placed",
            Self::HoldExtended { .. } => "hold_extended",
            Self::HoldReleased { .. } => "hold_released",
            Self::HoldAllocated { .. } => "hold_allocated",
            Self::HoldExpired { .. } => "hold_expired",
            Self::SeatsReturned { .. } => "seats_returned",
            Self::SeatsBlocked { .. } => "seats_blocked",
            Self::SeatsUnblocked { .. } => "seats_unblocked",
        }
    }
}
