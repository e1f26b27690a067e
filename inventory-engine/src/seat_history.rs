//! What happened to a seat, told from its event's facts: who had it, until when, by which
//! request, and why it went.
//!
//! Must always hold: a story is told from durable facts alone, and takes no more memory than the
//! moments that were asked for, however much happened to the event.

use std::collections::VecDeque;
use std::sync::Arc;

use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{
    AllocationId, BuyerId, HoldId, Lsn, RequestId, SeatIndex, TicketTypeIndex,
};
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;

/// Why a seat changed, or what of its hold did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// A buyer holds it.
    HoldPlaced,
    /// The hold that has it lasts longer.
    HoldExtended,
    /// Its buyer gave it back.
    HoldReleased,
    /// The hold's deadline passed.
    HoldExpired,
    /// It was sold.
    Allocated,
    /// Its buyer returned it.
    Returned,
    /// The organizer took it off sale.
    Blocked,
    /// The organizer put it back.
    Unblocked,
}

/// One thing that happened to a seat.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Moment {
    /// The fact.
    pub lsn: Lsn,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// What the seat became.
    pub became: SeatStatus,
    /// Who asked for it; `None` for what the engine did by itself.
    pub request_id: Option<RequestId>,
    /// The hold.
    pub hold_id: Option<HoldId>,
    /// The allocation.
    pub allocation_id: Option<AllocationId>,
    /// Whose hold or allocation; `None` where that lies before the history that is kept.
    pub buyer_id: Option<BuyerId>,
    /// What it is held or sold as.
    pub ticket_type: Option<TicketTypeIndex>,
    /// Of the hold, where it was placed or extended.
    pub deadline: Option<Timestamp>,
}

/// A seat's story.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SeatStory {
    /// Oldest first.
    pub moments: VecDeque<Moment>,
    /// Whether there were more in front of the first.
    pub is_cut: bool,
}

/// Who has the seat, as far as the story has been told.
#[derive(Default)]
struct Owner {
    hold_id: Option<HoldId>,
    allocation_id: Option<AllocationId>,
    buyer_id: Option<BuyerId>,
}

/// Tells a seat's story from the facts of its event, in order, with the newest `moments_max`
/// moments.
pub fn tell<E>(
    facts: impl Iterator<Item = Result<Arc<Fact>, E>>,
    seat: SeatIndex,
    moments_max: usize,
) -> Result<SeatStory, E> {
    let mut story = SeatStory { moments: VecDeque::new(), is_cut: false };
    let mut owner = Owner::default();
    for fact in facts {
        let fact = fact?;
        let Some(moment) = moment(&fact, seat, &mut owner) else { continue };
        if story.moments.len() == moments_max {
            story.moments.pop_front();
            story.is_cut = true;
        }
        story.moments.push_back(moment);
    }
    Ok(story)
}

/// What a fact means for a seat; `None` if nothing.
fn moment(fact: &Fact, seat: SeatIndex, owner: &mut Owner) -> Option<Moment> {
    let sold_as = |spots: &Spots| spots.seats.iter().find(|spot| spot.seat == seat).copied();
    let moved = fact.change.spots_moved();
    let (cause, spot) = match &fact.change {
        Change::HoldExtended { hold_id, .. } if owner.hold_id == Some(*hold_id) => {
            (Cause::HoldExtended, None)
        }
        Change::EventCreated { .. } | Change::EventClosed | Change::HoldExtended { .. } => {
            return None;
        }
        Change::HoldPlaced { .. } => (Cause::HoldPlaced, Some(sold_as(moved?.0)?)),
        Change::HoldReleased { .. } => (Cause::HoldReleased, Some(sold_as(moved?.0)?)),
        Change::HoldExpired { .. } => (Cause::HoldExpired, Some(sold_as(moved?.0)?)),
        Change::HoldAllocated { .. } => (Cause::Allocated, Some(sold_as(moved?.0)?)),
        Change::SpotsReturned { .. } => (Cause::Returned, Some(sold_as(moved?.0)?)),
        Change::SpotsBlocked { .. } => (Cause::Blocked, Some(sold_as(moved?.0)?)),
        Change::SpotsUnblocked { .. } => (Cause::Unblocked, Some(sold_as(moved?.0)?)),
    };
    let deadline = owner.learn(&fact.change);
    let became = moved.map_or(SeatStatus::Held, |(_, _, became)| became);
    let moment = Moment {
        lsn: fact.lsn,
        at: fact.at,
        cause,
        became,
        request_id: fact.request.map(|request| request.id),
        hold_id: owner.hold_id,
        allocation_id: owner.allocation_id,
        buyer_id: owner.buyer_id.clone(),
        ticket_type: spot.and_then(|spot| spot.ticket_type),
        deadline,
    };
    if matches!(became, SeatStatus::Available | SeatStatus::Blocked) {
        *owner = Owner::default();
    }
    Some(moment)
}

impl Owner {
    /// Whose the seat is in the moment of a change, and the deadline that it sets.
    fn learn(&mut self, change: &Change) -> Option<Timestamp> {
        match change {
            Change::HoldPlaced { hold_id, buyer_id, deadline, .. } => {
                self.hold_id = Some(*hold_id);
                self.buyer_id = Some(buyer_id.clone());
                Some(*deadline)
            }
            Change::HoldExtended { deadline, .. } => Some(*deadline),
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, .. } => {
                self.hold_id = Some(*hold_id);
                self.allocation_id = Some(*allocation_id);
                self.buyer_id = Some(buyer_id.clone());
                None
            }
            Change::HoldReleased { hold_id, .. } | Change::HoldExpired { hold_id, .. } => {
                self.hold_id = Some(*hold_id);
                None
            }
            Change::SpotsReturned { allocation_id, .. } => {
                self.allocation_id = Some(*allocation_id);
                None
            }
            Change::EventCreated { .. }
            | Change::EventClosed
            | Change::SpotsBlocked { .. }
            | Change::SpotsUnblocked { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
