//! What a buyer asks and what comes back, in words that neither transport owns.
//!
//! A request never changes once it is made: sent again, it goes out with the same id and the
//! same payload. Its answer is final, or says that nothing was done, or says nothing at all.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::ids::{AllocationId, HoldId, RequestId};

/// A word of the API, such as `seats_unavailable`.
pub(crate) type Word = Cow<'static, str>;

/// The refusals that buyers meet; known so that a hundred thousand of them cost no allocation.
const KNOWN_WORDS: [&str; 14] = [
    "not_enough_together",
    "seats_unavailable",
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

/// The four things that a buyer does.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Hold seats.
    Place,
    /// Move a hold's deadline.
    Extend,
    /// Give held seats back.
    Release,
    /// Buy held seats.
    Allocate,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Place, Self::Extend, Self::Release, Self::Allocate];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Extend => "extend",
            Self::Release => "release",
            Self::Allocate => "allocate",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which seats are wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Selection {
    /// These, picked from the map.
    Seats(Box<[u32]>),
    /// So many next to each other, wherever the engine finds them best.
    Best(u32),
}

/// What is asked. A part that is absent means all that the hold still has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verb {
    Place(Selection),
    Extend(HoldId),
    Release(HoldId, Option<Box<[u32]>>),
    Allocate(HoldId, Option<Box<[u32]>>),
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
        }
    }

    /// The hold that it is about; none for a place.
    pub(crate) fn hold_id(&self) -> Option<HoldId> {
        match self.verb {
            Verb::Place(_) => None,
            Verb::Extend(hold_id) | Verb::Release(hold_id, _) | Verb::Allocate(hold_id, _) => {
                Some(hold_id)
            }
        }
    }
}

/// What came back. LSNs are there if the transport tells them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// Seats are held.
    Placed { hold_id: HoldId, seats: Box<[u32]>, deadline_millis: u64, lsn: Option<u64> },
    /// The deadline moved.
    Extended { hold_id: HoldId, deadline_millis: u64, lsn: Option<u64> },
    /// Seats were given back.
    Released { hold_id: HoldId, seats: Box<[u32]>, lsn: Option<u64> },
    /// Seats are sold.
    Allocated { hold_id: HoldId, allocation_id: AllocationId, seats: Box<[u32]>, lsn: Option<u64> },
    /// The rules say no. Nothing was done.
    Rejected { reason: Word, could_have: Option<u32> },
    /// It was not decided. Nothing was done.
    Denied { reason: Denial, retry_after_millis: Option<u32> },
    /// It was sent, and what became of it is not known.
    Unknown,
    /// It never left: there was no connection.
    NotSent,
}

/// Why a request was not decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Denial {
    Overloaded,
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
        )
    }

    /// Whether it says for certain that nothing was done.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::Denied { .. })
    }

    /// The place in the shard's history that an accepted answer names.
    pub(crate) fn lsn(&self) -> Option<u64> {
        match self {
            Self::Placed { lsn, .. }
            | Self::Extended { lsn, .. }
            | Self::Released { lsn, .. }
            | Self::Allocated { lsn, .. } => *lsn,
            _ => None,
        }
    }

    /// The seats that an accepted answer names; none for an extension.
    pub(crate) fn seats(&self) -> &[u32] {
        match self {
            Self::Placed { seats, .. }
            | Self::Released { seats, .. }
            | Self::Allocated { seats, .. } => seats,
            _ => &[],
        }
    }

    /// The word for it in reports.
    pub(crate) fn name(&self) -> Word {
        match self {
            Self::Placed { .. } => Cow::Borrowed("placed"),
            Self::Extended { .. } => Cow::Borrowed("extended"),
            Self::Released { .. } => Cow::Borrowed("released"),
            Self::Allocated { .. } => Cow::Borrowed("allocated"),
            Self::Rejected { reason, .. } => reason.clone(),
            Self::Denied { reason, .. } => Cow::Borrowed(match reason {
                Denial::Overloaded => "overloaded",
                Denial::DeadlineExceeded => "deadline_exceeded",
                Denial::ShuttingDown => "shutting_down",
                Denial::Invalid(_) => "invalid",
            }),
            Self::Unknown => Cow::Borrowed("unknown"),
            Self::NotSent => Cow::Borrowed("not_sent"),
        }
    }
}
