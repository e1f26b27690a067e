//! What comes back: answers, and the failures that say why there is none.

use std::sync::Arc;
use std::time::Duration;

use inventory_core::fact::Fact;
use inventory_core::ids::{BuyerId, EventId, HoldId};
use inventory_core::rejection::Rejection;
use inventory_core::spots::Spots;
use inventory_core::state::{Ending, HoldStory, ShardState, Verification};
use inventory_core::time::Timestamp;

use crate::ack::Durability;
use crate::names::{EventNames, Unknown};

/// An answer that rests on durable state.
#[derive(Debug)]
pub enum Answer {
    /// It was done, now or when the same request came first.
    Accepted(Accepted),
    /// The rules say no.
    Refused(Box<Refusal>),
    /// The hold, if there is one.
    Hold(Option<Box<HoldReport>>),
    /// The event held against itself, if there is one.
    Verified(Option<Box<Verification>>),
}

/// What was done. What the event calls things is known to the directory, for the fact is shown
/// there before this leaves; a name's counter is touched by nobody on the way.
#[derive(Debug)]
pub struct Accepted {
    /// The fact.
    pub fact: Arc<Fact>,
    /// Whether the fact came of the same request when it came first.
    pub is_repeat: bool,
    /// Where it is by now. The pipeline knows of the journal alone; who waits for more says so.
    pub durability: Durability,
}

/// Why nothing was done.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub rejection: Rejection,
    /// What the event that it is about calls things, if that is known.
    pub names: Option<EventNames>,
    /// What stands behind indexes that nothing has.
    pub unknown: Unknown,
}

/// A hold as its buyer may see it.
#[derive(Debug)]
pub struct HoldReport {
    /// Its id.
    pub hold_id: HoldId,
    /// Its event.
    pub event_id: EventId,
    /// Its buyer.
    pub buyer_id: BuyerId,
    /// How it ended; `None` while it lives.
    pub ending: Option<Ending>,
    /// What it still has.
    pub spots: Spots,
    /// When it ends by itself, or when it ended.
    pub deadline: Timestamp,
    /// How often it can still be extended.
    pub extensions_left: u16,
    /// What the event calls things.
    pub names: EventNames,
}

impl HoldReport {
    /// What a shard knows of a hold; nothing if it is not this buyer's.
    pub fn of(state: &ShardState, hold_id: HoldId, buyer_id: Option<&BuyerId>) -> Option<Self> {
        let is_theirs = |owner: &BuyerId| buyer_id.is_none_or(|buyer_id| buyer_id == owner);
        match state.hold(hold_id)? {
            HoldStory::Live(hold) if is_theirs(&hold.buyer_id) => {
                let event = state.event(hold.event_id)?;
                Some(Self {
                    hold_id,
                    event_id: hold.event_id,
                    buyer_id: hold.buyer_id.clone(),
                    ending: None,
                    spots: hold.spots.clone(),
                    deadline: hold.deadline,
                    extensions_left: event.rules.extensions_max.saturating_sub(hold.extensions),
                    names: EventNames::of(event),
                })
            }
            HoldStory::Ended(hold) if is_theirs(&hold.buyer_id) => Some(Self {
                hold_id,
                event_id: hold.event_id,
                buyer_id: hold.buyer_id.clone(),
                ending: Some(hold.ending),
                spots: Spots::default(),
                deadline: hold.at,
                extensions_left: 0,
                names: EventNames::of(state.event(hold.event_id)?),
            }),
            _ => None,
        }
    }
}

/// A request that makes no sense.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// The field that is wrong, as the contract names it.
    pub field: &'static str,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Nobody could do this. Nothing was done.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The inbox is full. Nothing was done.
    #[error(
        "overloaded: too many commands are waiting; try again in {} ms",
        .retry_after.as_millis()
    )]
    Overloaded {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// What is left of the disk is kept for the endings of live holds. Nothing was done.
    #[error(
        "the disk is nearly full: what is left is kept for holds that live; allocating and \
         releasing go on, nothing was done, try again in {} s",
        .retry_after.as_secs()
    )]
    StorageShort {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// Too much is in the journal and not in Postgres. Nothing was done.
    #[error(
        "the projection to Postgres is too far behind: what is left of the journal's budget is \
         kept for holds that live; allocating and releasing go on, nothing was done, try again in \
         {} s",
        .retry_after.as_secs()
    )]
    ProjectionBehind {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// Nobody waits any more. Nothing was done.
    #[error("the time for this request was up before it was decided; nothing was done")]
    DeadlineExceeded,
    /// It was decided, but whether it is on disk cannot be said.
    #[error(
        "the engine stopped before it could say whether this is on disk; ask again with the same \
         request id"
    )]
    Unknown,
    /// The engine takes nothing more. Nothing was done.
    #[error("the engine is shutting down; nothing was done, ask again")]
    ShuttingDown,
}

/// An answer, or why there is none.
pub type Reply = Result<Answer, Failure>;
