//! What a buyer asks and what comes back, in words that neither transport owns.
//!
//! A request never changes once it is made: sent again, it goes out with the same id and the
//! same payload. Its answer is final, or says that nothing was done, or says nothing at all.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::ids::{AllocationId, HoldId, RequestId};
use crate::spots::Spots;

/// A word of the API, such as `seats_unavailable`.
pub(crate) type Word = Cow<'static, str>;

/// The refusals that buyers meet; known so that a hundred thousand of them cost no allocation.
const KNOWN_WORDS: [&str; 22] = [
    "not_enough_together",
    "seats_unavailable",
    "area_full",
    "quota_exceeded",
    "table_not_whole",
    "ticket_type_mismatch",
    "ticket_type_required",
    "ticket_type_unknown",
    "ticket_type_not_open",
    "ticket_type_closed",
    "hold_expired",
    "hold_released",
    "hold_allocated",
    "hold_unknown",
    "seat_not_in_hold",
    "extensions_exhausted",
    "buyer_limit_exceeded",
    "request_id_reused",
    "request_too_old",
    "sale_not_open",
    "sale_closed",
    "event_unknown",
];

/// The word, without a copy if it is a known one.
pub(crate) fn word(text: &str) -> Word {
    let known = KNOWN_WORDS.iter().find(|known| **known == text);
    known.map_or_else(|| Cow::Owned(text.to_owned()), |known| Cow::Borrowed(*known))
}

/// The things that a buyer does.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Hold seats and places.
    Place,
    /// Move a hold's deadline.
    Extend,
    /// Give back what is held.
    Release,
    /// Buy what is held.
    Allocate,
    /// Give back what was bought.
    Return,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Place, Self::Extend, Self::Release, Self::Allocate, Self::Return];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Extend => "extend",
            Self::Release => "release",
            Self::Allocate => "allocate",
            Self::Return => "return",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Selection {
    /// These seats and places, picked from the map.
    Spots(Spots),
    /// A table that is sold as a whole, by its number in the layout and under its own name.
    Table { table: u32, ticket_type: Option<u16> },
    /// Seats next to each other, wherever the engine finds them best.
    Best(Best),
}

/// A wish for seats next to each other.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Best {
    pub(crate) quantity: u32,
    /// Only of this price level, by its key.
    pub(crate) category: Option<Arc<str>>,
    /// How many as which ticket type; empty where the event has none.
    pub(crate) ticket_types: Box<[(u16, u32)]>,
}

impl Best {
    /// So many seats, as nothing in particular.
    pub(crate) fn of(quantity: u32) -> Self {
        Self { quantity, ..Self::default() }
    }
}

/// What is asked. A part that is absent means all that the hold or the allocation still has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verb {
    Place(Selection),
    Extend(HoldId),
    Release(HoldId, Option<Spots>),
    Allocate(HoldId, Option<Spots>),
    Return(AllocationId, Option<Spots>),
}

/// One request of one buyer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Request {
    pub(crate) id: RequestId,
    pub(crate) buyer: Arc<str>,
    pub(crate) verb: Verb,
}

impl Request {
    pub(crate) fn operation(&self) -> Operation {
        match self.verb {
            Verb::Place(_) => Operation::Place,
            Verb::Extend(_) => Operation::Extend,
            Verb::Release(..) => Operation::Release,
            Verb::Allocate(..) => Operation::Allocate,
            Verb::Return(..) => Operation::Return,
        }
    }

    /// The hold that it is about; none for a place or a return.
    pub(crate) fn hold_id(&self) -> Option<HoldId> {
        match self.verb {
            Verb::Place(_) | Verb::Return(..) => None,
            Verb::Extend(hold_id) | Verb::Release(hold_id, _) | Verb::Allocate(hold_id, _) => {
                Some(hold_id)
            }
        }
    }
}

/// What came back. LSNs are there if the transport tells them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// Spots are held.
    Placed { hold_id: HoldId, spots: Spots, deadline_millis: u64, lsn: Option<u64> },
    /// The deadline moved.
    Extended { hold_id: HoldId, deadline_millis: u64, lsn: Option<u64> },
    /// Held spots were given back.
    Released { hold_id: HoldId, spots: Spots, lsn: Option<u64> },
    /// Spots are sold.
    Allocated { hold_id: HoldId, allocation_id: AllocationId, spots: Spots, lsn: Option<u64> },
    /// Sold spots were given back.
    Returned { allocation_id: AllocationId, spots: Spots, lsn: Option<u64> },
    /// The rules say no. Nothing was done.
    Rejected(Refusal),
    /// It was not decided. Nothing was done.
    Denied { reason: Denial, retry_after_millis: Option<u32> },
    /// It was sent, and what became of it is not known.
    Unknown,
    /// It never left: there was no connection.
    NotSent,
}

/// What the rules said against a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) reason: Word,
    /// How many spots could have been had instead, of the area or the ticket type that stood in
    /// the way if one did.
    pub(crate) could_have: Option<u32>,
    /// The ticket type that stood in the way.
    pub(crate) ticket_type: Option<u16>,
}

impl Refusal {
    /// A refusal that says no more than its reason.
    #[cfg(test)]
    pub(crate) fn of(reason: &'static str) -> Self {
        Self { reason: Cow::Borrowed(reason), ..Self::default() }
    }
}

/// Why a request was not decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Denial {
    Overloaded,
    RateLimited,
    DeadlineExceeded,
    ShuttingDown,
    /// The server found no sense in it, or the tester none in the answer; with the message.
    Invalid(Box<str>),
}

impl Answer {
    /// Whether the engine did it.
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(
            self,
            Self::Placed { .. }
                | Self::Extended { .. }
                | Self::Released { .. }
                | Self::Allocated { .. }
                | Self::Returned { .. }
        )
    }

    /// Whether it says for certain that nothing was done.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Rejected(_) | Self::Denied { .. })
    }

    /// The place in the shard's history that an accepted answer names.
    pub(crate) fn lsn(&self) -> Option<u64> {
        match self {
            Self::Placed { lsn, .. }
            | Self::Extended { lsn, .. }
            | Self::Released { lsn, .. }
            | Self::Allocated { lsn, .. }
            | Self::Returned { lsn, .. } => *lsn,
            _ => None,
        }
    }

    /// What an accepted answer names; none for an extension.
    pub(crate) fn spots(&self) -> Option<&Spots> {
        match self {
            Self::Placed { spots, .. }
            | Self::Released { spots, .. }
            | Self::Allocated { spots, .. }
            | Self::Returned { spots, .. } => Some(spots),
            _ => None,
        }
    }

    /// The seats among them.
    pub(crate) fn seats(&self) -> &[u32] {
        self.spots().map_or(&[], |spots| &spots.seats)
    }

    /// Whether the rules said no, for this reason.
    pub(crate) fn is_refused_as(&self, reason: &str) -> bool {
        matches!(self, Self::Rejected(refusal) if refusal.reason == reason)
    }

    /// The word for it in reports.
    pub(crate) fn name(&self) -> Word {
        match self {
            Self::Placed { .. } => Cow::Borrowed("placed"),
            Self::Extended { .. } => Cow::Borrowed("extended"),
            Self::Released { .. } => Cow::Borrowed("released"),
            Self::Allocated { .. } => Cow::Borrowed("allocated"),
            Self::Returned { .. } => Cow::Borrowed("returned"),
            Self::Rejected(refusal) => refusal.reason.clone(),
            Self::Denied { reason, .. } => Cow::Borrowed(match reason {
                Denial::Overloaded => "overloaded",
                Denial::RateLimited => "rate_limited",
                Denial::DeadlineExceeded => "deadline_exceeded",
                Denial::ShuttingDown => "shutting_down",
                Denial::Invalid(_) => "invalid",
            }),
            Self::Unknown => Cow::Borrowed("unknown"),
            Self::NotSent => Cow::Borrowed("not_sent"),
        }
    }
}
