//! What facts do, once they are believed.

use std::sync::Arc;

use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AreaIndex, HoldId};
use inventory_core::spots::Spots;
use inventory_core::state::{Allocation, EndedHold, Ending, Hold};

use crate::Model;
use crate::event::Event;
use crate::spots::lose;

const AUDITED: &str = "the fact was audited";

impl Model {
    /// The next fact of the shard's history.
    ///
    /// # Errors
    /// Why it cannot have happened. Nothing is changed then.
    pub fn apply(&mut self, fact: &Fact) -> Result<(), String> {
        self.audit(fact).map_err(|why| format!("fact {} {:?}: {why}", fact.lsn, fact.change))?;
        (self.last_lsn, self.last_at) = (fact.lsn, fact.at);
        if let Change::EventCreated { .. } = fact.change {
            self.create(fact);
        }
        let event = self.events.iter_mut().find(|event| event.id == fact.event_id);
        let ended = event.expect(AUDITED).change(fact);
        self.ended_holds.extend(ended);
        let too_many = self.ended_holds.len().saturating_sub(self.memory.ended_holds_max);
        self.ended_holds.drain(..too_many);
        self.requests.remember(fact, self.memory);
        Ok(())
    }

    fn create(&mut self, fact: &Fact) {
        let Change::EventCreated { name, chart: chart_hash, rules, ticket_types } = &fact.change
        else {
            return;
        };
        let chart = Arc::clone(self.chart(*chart_hash).expect(AUDITED));
        self.events.push(Event {
            id: fact.event_id,
            name: name.to_string(),
            chart_hash: *chart_hash,
            chart,
            rules: *rules,
            ticket_types: ticket_types.clone(),
            created_at: fact.at,
            closed_at: None,
            holds: Vec::new(),
            sales: Vec::new(),
            blocked_seats: Vec::new(),
            blocked_places: Vec::new(),
        });
    }
}

impl Event {
    /// Makes a fact part of the event. Says which hold has ended by it.
    fn change(&mut self, fact: &Fact) -> Option<EndedHold> {
        match &fact.change {
            Change::EventCreated { .. } => {}
            Change::EventClosed => self.closed_at = Some(fact.at),
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline } => self.holds.push(Hold {
                id: *hold_id,
                event_id: self.id,
                buyer_id: buyer_id.clone(),
                spots: spots.clone(),
                deadline: *deadline,
                extensions: 0,
            }),
            Change::HoldExtended { hold_id, deadline } => {
                let hold = self.holds.iter_mut().find(|hold| hold.id == *hold_id).expect(AUDITED);
                hold.deadline = *deadline;
                hold.extensions += 1;
            }
            Change::HoldReleased { hold_id, spots } => {
                return self.leave(fact, *hold_id, spots, Ending::Released);
            }
            Change::HoldExpired { hold_id, spots } => {
                return self.leave(fact, *hold_id, spots, Ending::Expired);
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots } => {
                self.sales.push(Allocation {
                    id: *allocation_id,
                    hold_id: *hold_id,
                    event_id: self.id,
                    buyer_id: buyer_id.clone(),
                    spots: spots.clone(),
                    allocated_at: fact.at,
                });
                return self.leave(fact, *hold_id, spots, Ending::Allocated);
            }
            Change::SpotsReturned { allocation_id, spots } => {
                let sale = self.sales.iter_mut().find(|sale| sale.id == *allocation_id);
                lose(&mut sale.expect(AUDITED).spots, spots);
                self.sales.retain(|sale| !sale.spots.is_empty());
            }
            Change::SpotsBlocked { spots } => {
                self.blocked_seats.extend(spots.seat_indexes());
                self.blocked_places.extend(places(spots));
            }
            Change::SpotsUnblocked { spots } => {
                self.blocked_seats.retain(|seat| !spots.seat_indexes().any(|of| of == *seat));
                for area in places(spots) {
                    let place = self.blocked_places.iter().position(|blocked| *blocked == area);
                    self.blocked_places.remove(place.expect(AUDITED));
                }
            }
        }
        None
    }

    /// Spots leave a hold, which ends with its last one.
    fn leave(
        &mut self,
        fact: &Fact,
        hold_id: HoldId,
        spots: &Spots,
        ending: Ending,
    ) -> Option<EndedHold> {
        let number = self.holds.iter().position(|hold| hold.id == hold_id).expect(AUDITED);
        let hold = &mut self.holds[number];
        lose(&mut hold.spots, spots);
        if !hold.spots.is_empty() {
            return None;
        }
        let Hold { id, event_id, buyer_id, .. } = self.holds.remove(number);
        Some(EndedHold { id, event_id, buyer_id, ending, at: fact.at })
    }
}

/// The area of each place, one by one.
fn places(spots: &Spots) -> impl Iterator<Item = AreaIndex> {
    let lines = spots.areas.iter();
    lines.flat_map(|line| std::iter::repeat_n(line.area, line.count as usize))
}
