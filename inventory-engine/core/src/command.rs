//! What callers ask for, one struct a verb. Seats are dense indexes; labels were resolved
//! against the chart before.

mod fingerprint;

use compact_str::CompactString;

use crate::ids::{
    AllocationId, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, RequestId, SeatIndex,
    SectionIndex, ShardId, TicketTypeIndex, ZoneIndex,
};
use crate::rules::EventRules;
use crate::spots::{AreaPlaces, Spots};
use crate::ticket_type::TicketType;

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
    /// End an event's sale for good.
    CloseEvent(CloseEvent),
    /// Hold seats and places.
    Place(Place),
    /// Move a hold's deadline.
    Extend(Extend),
    /// Give held spots back.
    Release(Release),
    /// Make held spots the buyer's own.
    Allocate(Allocate),
    /// Put sold spots back on sale.
    Return(Return),
    /// Take spots off sale.
    Block(Block),
    /// Put blocked spots back on sale.
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
    /// What its spots may be sold as. None: as nothing in particular.
    pub ticket_types: Vec<TicketType>,
}

/// End an event's sale for good: nothing more is held and no hold is extended. Holds that live
/// may still be allocated.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CloseEvent {
    /// The event.
    pub event_id: EventId,
}

/// Hold seats and places, all or none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The event.
    pub event_id: EventId,
    /// Who will be the only one to extend, release and allocate the hold.
    pub buyer_id: BuyerId,
    /// Which of them.
    pub selection: Selection,
}

/// What to hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selection {
    /// Just these.
    Spots(Spots),
    /// The engine chooses.
    BestAvailable(BestAvailable),
}

/// A wish for seats next to each other.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BestAvailable {
    /// How many.
    pub quantity: u32,
    /// Only in this section.
    pub section: Option<SectionIndex>,
    /// Only in this zone.
    pub zone: Option<ZoneIndex>,
    /// Only of this category.
    pub category: Option<CategoryIndex>,
    /// Accessible and companion seats: only those if true, none of them if false.
    pub accessible: bool,
    /// What the seats are sold as, from the first to the last; each type with how many, never
    /// none, the quantity in all. Every seat fits every type. Empty where the event has no ticket
    /// types.
    pub ticket_types: Vec<(TicketTypeIndex, u32)>,
}

/// Which spots of a hold or an allocation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// All that it still has.
    Whole,
    /// Just these.
    Spots {
        /// Seats, whatever they are sold as.
        seats: Vec<SeatIndex>,
        /// Places, each with what they are sold as.
        areas: Vec<AreaPlaces>,
    },
}

/// Move a hold's deadline to a full hold time from now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extend {
    /// The hold.
    pub hold_id: HoldId,
    /// Its buyer.
    pub buyer_id: BuyerId,
}

/// Give held spots back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Release {
    /// The hold.
    pub hold_id: HoldId,
    /// Its buyer.
    pub buyer_id: BuyerId,
    /// Which of its spots.
    pub part: Part,
}

/// Make held spots the buyer's own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Allocate {
    /// The hold.
    pub hold_id: HoldId,
    /// Its buyer.
    pub buyer_id: BuyerId,
    /// Which of its spots.
    pub part: Part,
}

/// Put sold spots back on sale.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Return {
    /// The allocation.
    pub allocation_id: AllocationId,
    /// Its buyer.
    pub buyer_id: BuyerId,
    /// Which of its spots.
    pub part: Part,
}

/// Take available spots off sale.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// The event.
    pub event_id: EventId,
    /// The spots, without ticket types: what is blocked is sold as nothing.
    pub spots: Spots,
}

/// Put blocked spots back on sale.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unblock {
    /// The event.
    pub event_id: EventId,
    /// The spots, without ticket types.
    pub spots: Spots,
}

impl Command {
    /// The shard that has to decide this.
    pub fn shard(&self) -> ShardId {
        match &self.verb {
            Verb::CreateEvent(create) => create.event_id.shard(),
            Verb::CloseEvent(close) => close.event_id.shard(),
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
