//! Why a command was refused. A rejection changes nothing and is not remembered.

use std::fmt;

use crate::fact::SeatStatus;
use crate::ids::SeatIndex;
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
    /// How many seats the caller could have had instead, where that can be said.
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

/// Whether the same request could succeed later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retry {
    /// Not without somebody changing their mind.
    Never,
    /// When others let go of what they hold.
    Later,
    /// Not before this point in time.
    At(Timestamp),
}

/// What was refused. Variants stand in the order in which the checks run; numbers are stable
/// and never reused. Each command's file names the ones it can give.
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
    /// No seat was asked for.
    SelectionEmpty = 13,
    /// More seats were asked for than one command may name.
    SelectionTooLarge = 14,
    /// A seat was named twice.
    SeatRepeated = 15,
    /// The event has no such seat.
    SeatUnknown = 16,
    /// The seat is not in this hold.
    SeatNotInHold = 17,
    /// The seat is not in this allocation.
    SeatNotInAllocation = 18,
    /// The sale has not begun.
    SaleNotOpen = 19,
    /// The sale is over.
    SaleClosed = 20,
    /// The hold was extended as often as the event allows.
    ExtensionsExhausted = 21,
    /// The buyer would hold and own more seats than the event allows.
    BuyerLimitExceeded = 22,
    /// Some of the seats are not available.
    SeatsUnavailable = 23,
    /// No row has that many fitting seats next to each other.
    NotEnoughTogether = 24,
    /// Some of the seats are not blocked.
    SeatNotBlocked = 25,
}

impl RejectionCode {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 25] = [
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
        Self::SeatNotInHold,
        Self::SeatNotInAllocation,
        Self::SaleNotOpen,
        Self::SaleClosed,
        Self::ExtensionsExhausted,
        Self::BuyerLimitExceeded,
        Self::SeatsUnavailable,
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
            Self::SeatNotInHold => "seat_not_in_hold",
            Self::SeatNotInAllocation => "seat_not_in_allocation",
            Self::SaleNotOpen => "sale_not_open",
            Self::SaleClosed => "sale_closed",
            Self::ExtensionsExhausted => "extensions_exhausted",
            Self::BuyerLimitExceeded => "buyer_limit_exceeded",
            Self::SeatsUnavailable => "seats_unavailable",
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
                 limit a buyer and that the sale opens before it closes"
            }
            Self::HoldUnknown => "this buyer has no such hold",
            Self::HoldExpired => "the hold's deadline has passed; hold seats again",
            Self::HoldReleased => "the hold was released; hold seats again",
            Self::HoldAllocated => "the hold's seats were allocated already",
            Self::AllocationUnknown => "this buyer has no such allocation",
            Self::SelectionEmpty => "name at least one seat",
            Self::SelectionTooLarge => "name fewer seats in one request",
            Self::SeatRepeated => "name each seat once",
            Self::SeatUnknown => "the event's chart has no such seat",
            Self::SeatNotInHold => "the hold does not have these seats",
            Self::SeatNotInAllocation => "the allocation does not have these seats",
            Self::SaleNotOpen => "the sale has not begun",
            Self::SaleClosed => "the sale is over",
            Self::ExtensionsExhausted => "the hold cannot be extended again; allocate or release",
            Self::BuyerLimitExceeded => "this would be more seats than one buyer may have",
            Self::SeatsUnavailable => "some of these seats are not available; choose others",
            Self::NotEnoughTogether => {
                "no row has that many seats together; ask for fewer, or in parts"
            }
            Self::SeatNotBlocked => "some of these seats are not blocked",
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
        Self { code, retry: Retry::Never, conflicts: Vec::new(), could_have: None }
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

    /// The same, saying how many seats could have been had.
    #[must_use]
    pub fn with_could_have(mut self, seats: u32) -> Self {
        self.could_have = Some(seats);
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
    fn numbers_ascend_without_a_gap_and_names_differ() {
        for (position, code) in RejectionCode::ALL.iter().enumerate() {
            assert_eq!(*code as usize, position + 1);
        }
        let mut names: Vec<_> = RejectionCode::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RejectionCode::ALL.len());
    }
}
