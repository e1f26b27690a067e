//! What callers ask for, one struct a verb. Seats are dense indexes; labels were resolved
//! against the chart before.

mod fingerprint;

use compact_str::CompactString;

use crate::ids::{
    AllocationId, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, RequestId, SeatIndex,
    SectionIndex, ShardId,
};
use crate::rules::EventRules;

/// A request for a change, with the id that makes it idempotent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    /// The same id with the same verb gets the first result again.
    pub request_id: RequestId,
    /// What to do.
    pub verb: Verb,
}

/// What to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verb {
    /// Put an event on sale.
    CreateEvent(CreateEvent),
    /// Hold seats.
    Place(Place),
    /// Move a hold's deadline.
    Extend(Extend),
    /// Give held seats back.
    Release(Release),
    /// Make held seats the buyer's own.
    Allocate(Allocate),
    /// Put sold seats back on sale.
    Return(Return),
    /// Take seats off sale.
    Block(Block),
    /// Put blocked seats back on sale.
    Unblock(Unblock),
}

/// Put an event on sale.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CreateEvent {
    /// An id nobody has used.
    pub event_id: EventId,
    /// A name for people.
    pub name: CompactString,
    /// A chart that the shard knows.
    pub chart: ChartHash,
    /// The rules of its sale.
    pub rules: EventRules,
}

/// Hold seats, all or none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The event.
    pub event_id: EventId,
    /// Who will be the only one to extend, release and allocate the hold.
    pub buyer_id: BuyerId,
    /// Which seats.
    pub selection: Selection,
}

/// Which seats to hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selection {
    /// Just these.
    Seats(Vec<SeatIndex>),
    /// The engine chooses.
    BestAvailable(BestAvailable),
}

/// A wish for seats next to each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BestAvailable {
    /// How many.
    pub quantity: u32,
    /// Only in this section.
    pub section: Option<SectionIndex>,
    /// Only of this category.
    pub category: Option<CategoryIndex>,
    /// Accessible and companion seats: only those if true, none of them if false.
    pub accessible: bool,
}

/// Which seats of a hold or an allocation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// All that it still has.
    Whole,
    /// Just these.
    Seats(Vec<SeatIndex>),
}

/// Move a hold's deadline to a full hold time from now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extend {
    /// The hold.
    pub hold_id: HoldId,
    /// Its buyer.
    pub buyer_id: BuyerId,
}

/// Give held seats back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Release {
    /// The hold.
    pub hold_id: HoldId,
    /// Its buyer.
    pub buyer_id: BuyerId,
    /// Which of its seats.
    pub part: Part,
}

/// Make held seats the buyer's own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Allocate {
    /// The hold.
    pub hold_id: HoldId,
    /// Its buyer.
    pub buyer_id: BuyerId,
    /// Which of its seats.
    pub part: Part,
}

/// Put sold seats back on sale.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Return {
    /// The allocation.
    pub allocation_id: AllocationId,
    /// Its buyer.
    pub buyer_id: BuyerId,
    /// Which of its seats.
    pub part: Part,
}

/// Take available seats off sale.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// The event.
    pub event_id: EventId,
    /// The seats.
    pub seats: Vec<SeatIndex>,
}

/// Put blocked seats back on sale.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unblock {
    /// The event.
    pub event_id: EventId,
    /// The seats.
    pub seats: Vec<SeatIndex>,
}

impl Command {
    /// The shard that has to decide this.
    pub fn shard(&self) -> ShardId {
        match &self.verb {
            Verb::CreateEvent(create) => create.event_id.shard(),
            Verb::Place(place) => place.event_id.shard(),
            Verb::Extend(extend) => extend.hold_id.shard(),
            Verb::Release(release) => release.hold_id.shard(),
            Verb::Allocate(allocate) => allocate.hold_id.shard(),
            Verb::Return(give_back) => give_back.allocation_id.shard(),
            Verb::Block(block) => block.event_id.shard(),
            Verb::Unblock(unblock) => unblock.event_id.shard(),
        }
    }
}

#[cfg(test)]
mod tests;
