//! What the engine has to answer to a command, and changes nothing.

mod best;
mod sale;
mod selection;

use std::sync::Arc;

use inventory_core::command::{
    Allocate, BestAvailable, Block, CloseEvent, Command, CreateEvent, Extend, Part, Place, Release,
    Return, Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact, RequestMark};
use inventory_core::ids::{AllocationId, BuyerId, EventId, HoldId, Lsn, RequestId};
use inventory_core::limits::HOLD_SEATS_MAX;
use inventory_core::rejection::{Rejection, RejectionCode, RejectionCode::*};
use inventory_core::spots::Spots;
use inventory_core::state::{Ending, Hold};
use inventory_core::time::Timestamp;

pub use self::best::Choice;

use crate::Model;
use crate::event::{Event, Owner};
use crate::requests::Age;
use crate::rules::can_be_sold;
use crate::spots::wanted;

/// What comes of a command that is not refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Prediction {
    /// It is done, and this is the fact, bit for bit.
    Fact(Fact),
    /// It is done with seats of the engine's choice.
    Choice(Choice),
    /// It was done before, and this is what came of it then.
    Repeat(Arc<Fact>),
}

/// No, and nothing more to be said.
fn no(code: RejectionCode) -> Rejection {
    Rejection::never(code)
}

impl Model {
    /// What the engine has to answer to a command of this shard, if its clock says `now`: the
    /// whole refusal, or what comes of it.
    ///
    /// # Errors
    /// The refusal, with all that it has to say.
    pub fn predict(&self, now: Timestamp, command: &Command) -> Result<Prediction, Rejection> {
        let at = now.max(self.last_at);
        let request = RequestMark { id: command.request_id, fingerprint: command.fingerprint() };
        if let Some((first, fact)) = self.requests.find(request.id) {
            let is_same = first.fingerprint == request.fingerprint;
            let repeat = Prediction::Repeat(Arc::clone(fact));
            return if is_same { Ok(repeat) } else { Err(no(RequestIdReused)) };
        }
        self.requests.check_age(request.id, at).map_err(|age| match age {
            Age::TooOld => no(RequestTooOld),
            Age::Ahead => no(RequestIdAhead),
        })?;
        let (event_id, change) = match &command.verb {
            Verb::CreateEvent(create) => self.create_event(create)?,
            Verb::CloseEvent(close) => self.close_event(close)?,
            Verb::Place(place) => self.place(at, request.id, place)?,
            Verb::Extend(extend) => self.extend(at, extend)?,
            Verb::Release(release) => self.release(at, release)?,
            Verb::Allocate(allocate) => self.allocate(at, request.id, allocate)?,
            Verb::Return(give_back) => self.give_back(give_back)?,
            Verb::Block(block) => self.block(block)?,
            Verb::Unblock(unblock) => self.unblock(unblock)?,
        };
        let fact = Fact { lsn: self.next_lsn(), at, event_id, request: Some(request), change };
        Ok(match wish(command) {
            Some(wish) => Prediction::Choice(Choice { rest: fact, wish: wish.clone() }),
            None => Prediction::Fact(fact),
        })
    }

    fn create_event(&self, create: &CreateEvent) -> Result<(EventId, Change), Rejection> {
        if self.event(create.event_id).is_some() {
            return Err(no(EventExists));
        }
        let Some(chart) = self.chart(create.chart) else { return Err(no(ChartUnknown)) };
        let CreateEvent { event_id, name, chart: hash, rules, ticket_types } = create.clone();
        if !can_be_sold(&name, chart, &rules, &ticket_types) {
            return Err(no(RulesInvalid));
        }
        Ok((event_id, Change::EventCreated { name, chart: hash, rules, ticket_types }))
    }

    fn close_event(&self, close: &CloseEvent) -> Result<(EventId, Change), Rejection> {
        match self.known(close.event_id)?.closed_at {
            Some(_) => Err(no(EventClosed)),
            None => Ok((close.event_id, Change::EventClosed)),
        }
    }

    /// What best available will choose is left out.
    fn place(
        &self,
        at: Timestamp,
        request_id: RequestId,
        place: &Place,
    ) -> Result<(EventId, Change), Rejection> {
        let Place { event_id, buyer_id, selection } = place;
        let event = self.known(*event_id)?;
        let spots = match selection {
            Selection::Spots(spots) => {
                event.check_named(spots, HOLD_SEATS_MAX)?;
                event.check_types(spots)?;
                event.check_tables(spots.seat_indexes())?;
                event.check_may_buy(at, buyer_id, &wanted(spots))?;
                event.check_owners(spots, Owner::Nobody, (SeatsUnavailable, AreaFull))?;
                spots.clone()
            }
            Selection::BestAvailable(wish) => {
                let wanted = event.check_wish(wish)?;
                event.check_may_buy(at, buyer_id, &wanted)?;
                event.check_together(wish)?;
                Spots::default()
            }
        };
        let change = Change::HoldPlaced {
            hold_id: HoldId::new(self.shard, self.next_lsn(), request_id),
            buyer_id: buyer_id.clone(),
            spots,
            deadline: at.plus_millis(event.rules.hold_ttl_millis),
        };
        Ok((*event_id, change))
    }

    fn extend(&self, at: Timestamp, extend: &Extend) -> Result<(EventId, Change), Rejection> {
        let (event, hold) = self.usable_hold(at, extend.hold_id, &extend.buyer_id)?;
        if event.closed_at.is_some() {
            return Err(no(EventClosed));
        }
        if hold.extensions >= event.rules.extensions_max {
            return Err(no(ExtensionsExhausted));
        }
        let full = at.plus_millis(event.rules.hold_ttl_millis);
        let deadline = hold.deadline.max(full);
        Ok((event.id, Change::HoldExtended { hold_id: hold.id, deadline }))
    }

    fn release(&self, at: Timestamp, release: &Release) -> Result<(EventId, Change), Rejection> {
        let (event, hold) = self.usable_hold(at, release.hold_id, &release.buyer_id)?;
        let spots = event.part(&hold.spots, &release.part, SeatNotInHold)?;
        Ok((event.id, Change::HoldReleased { hold_id: hold.id, spots }))
    }

    fn allocate(
        &self,
        at: Timestamp,
        request_id: RequestId,
        allocate: &Allocate,
    ) -> Result<(EventId, Change), Rejection> {
        let (event, hold) = self.usable_hold(at, allocate.hold_id, &allocate.buyer_id)?;
        let change = Change::HoldAllocated {
            hold_id: hold.id,
            allocation_id: AllocationId::new(self.shard, self.next_lsn(), request_id),
            buyer_id: hold.buyer_id.clone(),
            spots: event.part(&hold.spots, &allocate.part, SeatNotInHold)?,
        };
        Ok((event.id, change))
    }

    fn give_back(&self, give_back: &Return) -> Result<(EventId, Change), Rejection> {
        let Return { allocation_id, buyer_id, part } = give_back;
        let sale = self.sale(*allocation_id).filter(|sale| sale.buyer_id == *buyer_id);
        let Some(sale) = sale else { return Err(no(AllocationUnknown)) };
        let event = self.known(sale.event_id)?;
        let spots = event.part(&sale.spots, part, SeatNotInAllocation)?;
        Ok((event.id, Change::SpotsReturned { allocation_id: sale.id, spots }))
    }

    fn block(&self, block: &Block) -> Result<(EventId, Change), Rejection> {
        let event = self.known(block.event_id)?;
        event.check_block(&block.spots)?;
        event.check_owners(&block.spots, Owner::Nobody, (SeatsUnavailable, AreaFull))?;
        Ok((event.id, Change::SpotsBlocked { spots: block.spots.clone() }))
    }

    fn unblock(&self, unblock: &Unblock) -> Result<(EventId, Change), Rejection> {
        let event = self.known(unblock.event_id)?;
        event.check_block(&unblock.spots)?;
        event.check_owners(&unblock.spots, Owner::Organizer, (SeatNotBlocked, SeatNotBlocked))?;
        Ok((event.id, Change::SpotsUnblocked { spots: unblock.spots.clone() }))
    }

    fn next_lsn(&self) -> Lsn {
        Lsn(self.last_lsn.0 + 1)
    }

    fn known(&self, event_id: EventId) -> Result<&Event, Rejection> {
        self.event(event_id).ok_or_else(|| no(EventUnknown))
    }

    /// A hold that its buyer can use. Whoever else asks learns no more than that there is none.
    fn usable_hold(
        &self,
        at: Timestamp,
        hold_id: HoldId,
        buyer_id: &BuyerId,
    ) -> Result<(&Event, &Hold), Rejection> {
        if let Some(hold) = self.live_hold(hold_id) {
            let event = self.known(hold.event_id)?;
            return match hold.buyer_id == *buyer_id {
                false => Err(no(HoldUnknown)),
                true if at >= hold.deadline => Err(no(HoldExpired)),
                true => Ok((event, hold)),
            };
        }
        let ended = self.ended_holds.iter().find(|ended| ended.id == hold_id);
        match ended.filter(|ended| ended.buyer_id == *buyer_id).map(|ended| ended.ending) {
            None => Err(no(HoldUnknown)),
            Some(Ending::Expired) => Err(no(HoldExpired)),
            Some(Ending::Released) => Err(no(HoldReleased)),
            Some(Ending::Allocated) => Err(no(HoldAllocated)),
        }
    }
}

impl Event {
    /// The part of what is owned that is asked for, as what it is owned.
    fn part(&self, owned: &Spots, part: &Part, missing: RejectionCode) -> Result<Spots, Rejection> {
        match part {
            Part::Whole => Ok(owned.clone()),
            Part::Spots { seats, areas } => self.named_part(owned, (seats, areas), missing),
        }
    }
}

fn wish(command: &Command) -> Option<&BestAvailable> {
    match &command.verb {
        Verb::Place(Place { selection: Selection::BestAvailable(wish), .. }) => Some(wish),
        _ => None,
    }
}
