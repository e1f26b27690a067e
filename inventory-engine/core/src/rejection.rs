//! Why a command was refused. A rejection changes nothing and is not remembered.

use std::fmt;

use crate::fact::SeatStatus;
use crate::ids::{AreaIndex, SeatIndex, TicketTypeIndex};
use crate::time::Timestamp;

/// Why, on which seats, and whether trying again could help.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejection {
    /// The first check that failed.
    pub code: RejectionCode,
    /// Whether the same request could succeed later.
    pub retry: Retry,
    /// The seats that stood in the way, each with its state; empty if none did.
    pub conflicts: Vec<SeatConflict>,
    /// The areas that stood in the way; empty if none did.
    pub areas: Vec<AreaConflict>,
    /// The ticket type that stood in the way.
    pub ticket_type: Option<TicketTypeIndex>,
    /// How many spots the caller could have had instead, where that can be said.
    pub could_have: Option<u32>,
}

/// A seat that stood in the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SeatConflict {
    /// The seat as the caller named it.
    pub seat: SeatIndex,
    /// Its state; `None` if there is no such seat.
    pub status: Option<SeatStatus>,
}

/// An area that stood in the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AreaConflict {
    /// The area as the caller named it.
    pub area: AreaIndex,
    /// How many of its places could have been had; `None` if there is no such area.
    pub could_have: Option<u32>,
}

/// Whether the same request could succeed later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retry {
    /// Not without somebody changing their mind.
    Never,
    /// When others let go of what they hold: it would do if they let go of all of it.
    Later,
    /// Not before this point in time.
    At(Timestamp),
}

/// What was refused. Variants stand in the order in which the checks run; numbers are stable,
/// are never reused, and need not ascend. Each command's file names the ones it can give.
#[repr(u16)]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RejectionCode {
    /// The request id came before, with another payload.
    RequestIdReused = 1,
    /// The request id is no newer than ids already forgotten; it may have been done before.
    RequestTooOld = 2,
    /// The request id's own time lies too far ahead of the engine's.
    RequestIdAhead = 3,
    /// There is no such event.
    EventUnknown = 4,
    /// There is such an event already.
    EventExists = 5,
    /// No chart of that content is known.
    ChartUnknown = 6,
    /// No event could be sold by these rules, or its name is too long.
    RulesInvalid = 7,
    /// No such hold, or not this buyer's.
    HoldUnknown = 8,
    /// The hold's deadline has passed.
    HoldExpired = 9,
    /// The hold was released.
    HoldReleased = 10,
    /// The hold became an allocation.
    HoldAllocated = 11,
    /// No such allocation, or not this buyer's.
    AllocationUnknown = 12,
    /// Neither a seat nor a place was asked for.
    SelectionEmpty = 13,
    /// More was asked for than one command may name.
    SelectionTooLarge = 14,
    /// A seat was named twice, or an area with one ticket type.
    SeatRepeated = 15,
    /// The event has no such seat.
    SeatUnknown = 16,
    /// The event has no such area.
    AreaUnknown = 26,
    /// The event has no such ticket type.
    TicketTypeUnknown = 27,
    /// The event has ticket types, and none was named.
    TicketTypeRequired = 28,
    /// Some of the spots are not sold as this ticket type.
    TicketTypeMismatch = 29,
    /// The seats or places are not in this hold.
    SeatNotInHold = 17,
    /// The seats or places are not in this allocation.
    SeatNotInAllocation = 18,
    /// A table that is sold only as a whole was taken apart.
    TableNotWhole = 30,
    /// The event's sale was ended for good.
    EventClosed = 31,
    /// The sale has not begun.
    SaleNotOpen = 19,
    /// The sale is over.
    SaleClosed = 20,
    /// The ticket type is not on sale yet.
    TicketTypeNotOpen = 32,
    /// The ticket type is not on sale any more.
    TicketTypeClosed = 33,
    /// The hold was extended as often as the event allows.
    ExtensionsExhausted = 21,
    /// The buyer would hold and own more spots than the event allows.
    BuyerLimitExceeded = 22,
    /// The ticket type has not as many left.
    QuotaExceeded = 34,
    /// Some of the seats are not available.
    SeatsUnavailable = 23,
    /// Some of the areas have not as many places left.
    AreaFull = 35,
    /// No row has that many fitting seats next to each other.
    NotEnoughTogether = 24,
    /// Some of the seats or places are not blocked.
    SeatNotBlocked = 25,
}

impl RejectionCode {
    /// All of them, in the order of the checks.
    pub const ALL: [Self; 35] = [
        Self::RequestIdReused,
        Self::RequestTooOld,
        Self::RequestIdAhead,
        Self::EventUnknown,
        Self::EventExists,
        Self::ChartUnknown,
        Self::RulesInvalid,
        Self::HoldUnknown,
        Self::HoldExpired,
        Self::HoldReleased,
        Self::HoldAllocated,
        Self::AllocationUnknown,
        Self::SelectionEmpty,
        Self::SelectionTooLarge,
        Self::SeatRepeated,
        Self::SeatUnknown,
        Self::AreaUnknown,
        Self::TicketTypeUnknown,
        Self::TicketTypeRequired,
        Self::TicketTypeMismatch,
        Self::SeatNotInHold,
        Self::SeatNotInAllocation,
        Self::TableNotWhole,
        Self::EventClosed,
        Self::SaleNotOpen,
        Self::SaleClosed,
        Self::TicketTypeNotOpen,
        Self::TicketTypeClosed,
        Self::ExtensionsExhausted,
        Self::BuyerLimitExceeded,
        Self::QuotaExceeded,
        Self::SeatsUnavailable,
        Self::AreaFull,
        Self::NotEnoughTogether,
        Self::SeatNotBlocked,
    ];

    /// The word that the API uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestIdReused => "request_id_reused",
            Self::RequestTooOld => "request_too_old",
            Self::RequestIdAhead => "request_id_ahead",
            Self::EventUnknown => "event_unknown",
            Self::EventExists => "event_exists",
            Self::ChartUnknown => "chart_unknown",
            Self::RulesInvalid => "rules_invalid",
            Self::HoldUnknown => "hold_unknown",
            Self::HoldExpired => "hold_expired",
            Self::HoldReleased => "hold_released",
            Self::HoldAllocated => "hold_allocated",
            Self::AllocationUnknown => "allocation_unknown",
            Self::SelectionEmpty => "selection_empty",
            Self::SelectionTooLarge => "selection_too_large",
            Self::SeatRepeated => "seat_repeated",
            Self::SeatUnknown => "seat_unknown",
            Self::AreaUnknown => "area_unknown",
            Self::TicketTypeUnknown => "ticket_type_unknown",
            Self::TicketTypeRequired => "ticket_type_required",
            Self::TicketTypeMismatch => "ticket_type_mismatch",
            Self::SeatNotInHold => "seat_not_in_hold",
            Self::SeatNotInAllocation => "seat_not_in_allocation",
            Self::TableNotWhole => "table_not_whole",
            Self::EventClosed => "event_closed",
            Self::SaleNotOpen => "sale_not_open",
            Self::SaleClosed => "sale_closed",
            Self::TicketTypeNotOpen => "ticket_type_not_open",
            Self::TicketTypeClosed => "ticket_type_closed",
            Self::ExtensionsExhausted => "extensions_exhausted",
            Self::BuyerLimitExceeded => "buyer_limit_exceeded",
            Self::QuotaExceeded => "quota_exceeded",
            Self::SeatsUnavailable => "seats_unavailable",
            Self::AreaFull => "area_full",
            Self::NotEnoughTogether => "not_enough_together",
            Self::SeatNotBlocked => "seat_not_blocked",
        }
    }

    /// What happened and what the caller can do, in a sentence.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::RequestIdReused => {
                "this request id was used for another request; make a new id for a new request"
            }
            Self::RequestTooOld => {
                "this request id is older than the engine remembers, so it might have been done \
                 before; look at the hold or the seats, then ask again with a new id"
            }
            Self::RequestIdAhead => {
                "this request id was made by a clock that is ahead of the engine's; set the \
                 caller's clock"
            }
            Self::EventUnknown => "there is no event with this id",
            Self::EventExists => "there is an event with this id already; choose another id",
            Self::ChartUnknown => "no chart has this hash; put the chart first",
            Self::RulesInvalid => {
                "no event can be sold like this: check the length of its name, the hold time, the \
                 limit a buyer, that each sale opens before it closes, and the ticket types: \
                 their keys, quotas and categories"
            }
            Self::HoldUnknown => "this buyer has no such hold",
            Self::HoldExpired => "the hold's deadline has passed; hold seats again",
            Self::HoldReleased => "the hold was released; hold seats again",
            Self::HoldAllocated => "the hold's seats were allocated already",
            Self::AllocationUnknown => "this buyer has no such allocation",
            Self::SelectionEmpty => "name at least one seat or place",
            Self::SelectionTooLarge => "name fewer seats and areas in one request",
            Self::SeatRepeated => "name each seat once, and each area once with a ticket type",
            Self::SeatUnknown => "the event's chart has no such seat",
            Self::AreaUnknown => "the event's chart has no such area",
            Self::TicketTypeUnknown => "the event has no such ticket type",
            Self::TicketTypeRequired => "name a ticket type for each seat and each area",
            Self::TicketTypeMismatch => {
                "some of these are of a category that is not sold as this ticket type"
            }
            Self::SeatNotInHold => "the hold does not have these seats or places",
            Self::SeatNotInAllocation => "the allocation does not have these seats or places",
            Self::TableNotWhole => "this table is sold as a whole; name all of its seats",
            Self::EventClosed => "the event is closed; nothing more is held or extended",
            Self::SaleNotOpen => "the sale has not begun",
            Self::SaleClosed => "the sale is over",
            Self::TicketTypeNotOpen => "this ticket type is not on sale yet",
            Self::TicketTypeClosed => "this ticket type is not on sale any more; choose another",
            Self::ExtensionsExhausted => "the hold cannot be extended again; allocate or release",
            Self::BuyerLimitExceeded => "this would be more seats than one buyer may have",
            Self::QuotaExceeded => {
                "this ticket type has not as many left; ask for fewer, or for another"
            }
            Self::SeatsUnavailable => "some of these seats are not available; choose others",
            Self::AreaFull => "some of these areas have not as many places left; ask for fewer",
            Self::NotEnoughTogether => {
                "no row has that many seats together; ask for fewer, or in parts"
            }
            Self::SeatNotBlocked => "some of these are not blocked",
        }
    }
}

impl fmt::Display for RejectionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Rejection {
    /// A refusal that only a different request can avoid.
    pub fn never(code: RejectionCode) -> Self {
        Self {
            code,
            retry: Retry::Never,
            conflicts: Vec::new(),
            areas: Vec::new(),
            ticket_type: None,
            could_have: None,
        }
    }

    /// The same, with a word on whether a retry could help.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same, naming the seats that stood in the way.
    #[must_use]
    pub fn with_conflicts(mut self, conflicts: Vec<SeatConflict>) -> Self {
        self.conflicts = conflicts;
        self
    }

    /// The same, naming the areas that stood in the way.
    #[must_use]
    pub fn with_areas(mut self, areas: Vec<AreaConflict>) -> Self {
        self.areas = areas;
        self
    }

    /// The same, naming the ticket type that stood in the way.
    #[must_use]
    pub fn with_ticket_type(mut self, ticket_type: TicketTypeIndex) -> Self {
        self.ticket_type = Some(ticket_type);
        self
    }

    /// The same, saying how many spots could have been had.
    #[must_use]
    pub fn with_could_have(mut self, spots: u32) -> Self {
        self.could_have = Some(spots);
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.code.advice())
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_gap_and_names_differ() {
        let mut numbers: Vec<_> = RejectionCode::ALL.iter().map(|code| *code as usize).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(1..=RejectionCode::ALL.len()));
        let mut names: Vec<_> = RejectionCode::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RejectionCode::ALL.len());
    }
}
