//! What came of a step, in the words that a story expects.

use super::script::START;
use super::story::Story;
use crate::fact::{Change, Fact, SeatStatus};
use crate::ids::{BuyerId, EventId, HoldId, Lsn, SeatIndex, TicketTypeIndex};
use crate::rejection::{Rejection, Retry};
use crate::spots::{Counts, Spots};
use crate::state::{Ending, HoldStory, SeatState};
use crate::time::Timestamp;

impl Story {
    /// An accepted change. `with_seats`: the engine chose them, so they are worth telling.
    pub(super) fn tell_fact(&self, fact: &Fact, with_seats: bool) -> String {
        let spots = |spots| self.tell_spots(fact.event_id, spots);
        match &fact.change {
            Change::EventCreated { .. } => "created".to_owned(),
            Change::EventClosed => "closed".to_owned(),
            Change::HoldPlaced { spots: chosen, deadline, .. } if with_seats => {
                format!("placed {} until {}", spots(chosen), tell_time(*deadline))
            }
            Change::HoldPlaced { deadline, .. } => format!("placed until {}", tell_time(*deadline)),
            Change::HoldExtended { deadline, .. } => {
                format!("extended until {}", tell_time(*deadline))
            }
            Change::HoldReleased { spots: freed, .. } => format!("released {}", spots(freed)),
            Change::HoldAllocated { spots: sold, .. } => format!("allocated {}", spots(sold)),
            Change::HoldExpired { hold_id, .. } => format!("expired {}", self.hold_name(*hold_id)),
            Change::SpotsReturned { spots: back, .. } => format!("returned {}", spots(back)),
            Change::SpotsBlocked { spots: blocked } => format!("blocked {}", spots(blocked)),
            Change::SpotsUnblocked { spots: freed } => format!("unblocked {}", spots(freed)),
        }
    }

    /// A refusal, with all that it says.
    pub(super) fn tell_rejection(&self, rejection: &Rejection) -> String {
        let mut told = rejection.code.name().to_owned();
        for conflict in &rejection.conflicts {
            let status = conflict.status.map_or("none", SeatStatus::name);
            told += &format!(" {}:{status}", self.seat_name(conflict.seat));
        }
        for conflict in &rejection.areas {
            let could_have = conflict.could_have.map(|count| count.to_string());
            let area = self.area_name(conflict.area);
            told += &format!(" {area}:{}", could_have.as_deref().unwrap_or("none"));
        }
        if let Some(TicketTypeIndex(index)) = rejection.ticket_type {
            told += &format!(" type {index}");
        }
        match rejection.retry {
            Retry::Never => {}
            Retry::Later => told += ", retry later",
            Retry::At(at) => told += &format!(", retry at {}", tell_time(at)),
        }
        if let Some(spots) = rejection.could_have {
            told += &format!(", could have {spots}");
        }
        told
    }

    /// `look`: each seat's state and who has it.
    pub(super) fn tell_states(&self, event_id: EventId, seats: &[SeatIndex]) -> String {
        let event = self.state.event(event_id).expect("one looks at an event that exists");
        let told = seats.iter().map(|&seat| match event.seat(seat) {
            None => "none".to_owned(),
            Some(SeatState::Available) => "available".to_owned(),
            Some(SeatState::Blocked) => "blocked".to_owned(),
            Some(SeatState::Held(lsn)) => format!("held:{}", self.hold_made_at(lsn)),
            Some(SeatState::Allocated(lsn)) => format!("allocated:{}", self.sale_made_at(lsn)),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    /// `count`: how many seats are in each state that any is in.
    pub(super) fn tell_counts(&self, event_id: EventId) -> String {
        tell(self.state.event(event_id).expect("one counts in an event").counts())
    }

    /// `places`: how many places of an area are in each state that any is in.
    pub(super) fn tell_places(&self, event_id: EventId, label: &str) -> String {
        let event = self.state.event(event_id).expect("an area is in an event");
        let area = event.chart.area_by_label(label).expect("one looks at an area that is there");
        tell(event.area_counts(area).expect("the event has every area of its chart"))
    }

    /// `quota`: how many spots of a ticket type are in each state that any is in.
    pub(super) fn tell_quota(&self, event_id: EventId, key: &str) -> String {
        let event = self.state.event(event_id).expect("a ticket type is of an event");
        tell(event.ticket_type_counts()[usize::from(self.type_index(event_id, key).0)])
    }

    /// `has`: how many seats count for a buyer.
    pub(super) fn tell_buyer(&self, event_id: EventId, buyer: &str) -> String {
        let event = self.state.event(event_id).expect("one has seats in an event");
        event.buyer_spots(&BuyerId::new(buyer).expect("a buyer has a name")).to_string()
    }

    /// `hold`: what can be said of a hold.
    pub(super) fn tell_hold(&self, hold_id: HoldId) -> String {
        match self.state.hold(hold_id) {
            None => "forgotten".to_owned(),
            Some(HoldStory::Live(hold)) => {
                let (seats, deadline) =
                    (self.tell_spots(hold.event_id, &hold.spots), tell_time(hold.deadline));
                format!("live {seats} until {deadline} extended {}", hold.extensions)
            }
            Some(HoldStory::Ended(hold)) => {
                let ending = match hold.ending {
                    Ending::Expired => "expired",
                    Ending::Released => "released",
                    Ending::Allocated => "allocated",
                };
                format!("{ending} at {}", tell_time(hold.at))
            }
        }
    }

    /// `sold`: whose an allocation is and what it has.
    pub(super) fn tell_sale(&self, name: &str) -> String {
        match self.state.allocations.get(&self.allocation(name)) {
            None => "gone".to_owned(),
            Some(sold) => {
                format!("{} {}", sold.buyer_id, self.tell_spots(sold.event_id, &sold.spots))
            }
        }
    }

    fn tell_spots(&self, event_id: EventId, spots: &Spots) -> String {
        let event = self.state.event(event_id).expect("spots are of an event");
        let sold_as = |ticket_type: Option<TicketTypeIndex>| match ticket_type {
            Some(TicketTypeIndex(index)) => {
                format!("/{}", event.ticket_types[usize::from(index)].key)
            }
            None => String::new(),
        };
        let seats = spots
            .seats
            .iter()
            .map(|spot| format!("{}{}", self.seat_name(spot.seat), sold_as(spot.ticket_type)));
        let areas = spots.areas.iter().map(|of| {
            format!("{}:{}{}", self.area_name(of.area), of.count, sold_as(of.ticket_type))
        });
        seats.chain(areas).collect::<Vec<_>>().join(" ")
    }

    fn hold_made_at(&self, lsn: Lsn) -> &str {
        let hold = self.holds.iter().find(|(_, (hold_id, _))| hold_id.lsn() == lsn);
        hold.map_or("?", |(name, _)| name)
    }

    fn sale_made_at(&self, lsn: Lsn) -> &str {
        let sale = self.sales.iter().find(|(_, (sale_id, _))| sale_id.lsn() == lsn);
        sale.map_or("?", |(name, _)| name)
    }

    fn hold_name(&self, hold_id: HoldId) -> &str {
        self.hold_made_at(hold_id.lsn())
    }
}

fn tell_time(at: Timestamp) -> String {
    let millis = at.millis_since(START);
    let (seconds, rest) = (millis / 1_000, millis % 1_000);
    let told = format!("{seconds}.{rest:03}");
    told.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn tell(counts: Counts) -> String {
    let there = SeatStatus::ALL.into_iter().filter(|&status| counts.get(status) > 0);
    let told = there.map(|status| format!("{} {}", status.name(), counts.get(status)));
    told.collect::<Vec<_>>().join(" ")
}
