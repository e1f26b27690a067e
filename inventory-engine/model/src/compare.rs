//! A model held against a state machine: everything that either of them can be asked.
//!
//! Must always hold: what is told of the state is asked of it in both ways that it has. Its image
//! says what it stores; its answers about seats, counts, buyers and holds say what it has derived
//! from that.

use std::fmt::Debug;

use inventory_core::ids::{AreaIndex, BuyerId, SeatIndex, TicketTypeIndex};
use inventory_core::spots::Counts;
use inventory_core::state::{EventImage, EventState, HoldStory, SeatState, ShardImage, ShardState};

use crate::Model;
use crate::event::{Event, Owner};

fn same<T: PartialEq + Debug + ?Sized>(what: &str, model: &T, state: &T) -> Result<(), String> {
    if model == state {
        return Ok(());
    }
    Err(format!("{what}: {state:?} in the state machine, {model:?} in the model"))
}

impl Model {
    /// Whether everything is the same in the state machine.
    ///
    /// # Errors
    /// The first thing that differs.
    pub fn compare(&self, state: &ShardState) -> Result<(), String> {
        same("the shard", &self.shard, &state.shard())?;
        same("the last LSN", &self.last_lsn, &state.last_lsn())?;
        same("the time of the last fact", &self.last_at, &state.last_at())?;
        self.compare_image(&state.image())?;
        for event in &self.events {
            let of_state = state.event(event.id).ok_or("an event is not to be found")?;
            self.compare_event(event, of_state)
                .map_err(|why| format!("event {}: {why}", event.id))?;
        }
        self.compare_holds(state)
    }

    /// What is stored.
    fn compare_image(&self, image: &ShardImage) -> Result<(), String> {
        let mut events: Vec<EventImage> = self.events.iter().map(Event::image).collect();
        events.sort_unstable_by_key(|event| event.id);
        same("the events", &events, &image.events)?;
        let mut holds: Vec<_> = self.live_holds().cloned().collect();
        holds.sort_unstable_by_key(|hold| hold.id);
        same("the live holds", &holds, &image.holds)?;
        let mut sales: Vec<_> = self.sales().cloned().collect();
        sales.sort_unstable_by_key(|sale| sale.id);
        same("the allocations", &sales, &image.allocations)?;
        same("the ended holds", &self.ended_holds, &image.ended_holds)?;
        let forgotten = self.requests.newest_forgotten;
        same("the newest forgotten request", &forgotten, &image.newest_forgotten)?;
        let requests = self.requests.in_order();
        same("how many requests are remembered", &requests.len(), &image.requests.len())?;
        for ((request, fact), of_state) in requests.into_iter().zip(image.requests.iter()) {
            same("a request", &Some(*request), &of_state.request())?;
            same("what came of a request", &**fact, &of_state.decode())?;
        }
        Ok(())
    }

    /// What is derived for an event.
    fn compare_event(&self, event: &Event, state: &EventState) -> Result<(), String> {
        for (number, of_state) in (0..).zip(state.seats()) {
            let of_model = seat_state(event.owner(SeatIndex(number)));
            if of_model != of_state {
                return same(&format!("seat {number}"), &of_model, &of_state);
            }
        }
        same("how many seats there are", &event.parts().seats.len(), &state.seats().len())?;
        same("the seats", &Counts(event.seat_counts()), &state.counts())?;
        let areas = (0..event.parts().areas.len()).map(|number| AreaIndex(number as u32));
        let areas: Vec<_> = areas.filter_map(|area| event.area_counts(area)).map(Counts).collect();
        same("the areas", &areas[..], state.areas())?;
        let types = (0..event.ticket_types.len()).map(|number| TicketTypeIndex(number as u16));
        let types: Vec<_> = types.filter_map(|of| event.type_counts(of)).map(Counts).collect();
        same("the ticket types", &types[..], state.ticket_type_counts())?;
        self.buyers(event).into_iter().try_for_each(|buyer| {
            let (of_model, of_state) = (event.buyer_spots(buyer), state.buyer_spots(buyer));
            same(&format!("the spots of {buyer}"), &of_model, &of_state)
        })
    }

    /// Who had a hold of an event that is not forgotten, or has anything.
    fn buyers<'a>(&'a self, event: &'a Event) -> Vec<&'a BuyerId> {
        let ended = self.ended_holds.iter().filter(|hold| hold.event_id == event.id);
        let ended = ended.map(|hold| &hold.buyer_id);
        let holds = event.holds.iter().map(|hold| &hold.buyer_id);
        let sales = event.sales.iter().map(|sale| &sale.buyer_id);
        let mut buyers: Vec<_> = ended.chain(holds).chain(sales).collect();
        buyers.sort_unstable();
        buyers.dedup();
        buyers
    }

    /// What is told of holds.
    fn compare_holds(&self, state: &ShardState) -> Result<(), String> {
        let deadline = self.earliest_deadline();
        same("the earliest deadline", &deadline, &state.earliest_deadline())?;
        let mut holds: Vec<_> = self.live_holds().collect();
        holds.sort_unstable_by_key(|hold| (hold.deadline, hold.id));
        same("the order of the deadlines", &holds, &state.live_holds().collect())?;
        for hold in holds {
            match state.hold(hold.id) {
                Some(HoldStory::Live(told)) => same("a live hold", hold, told)?,
                told => return Err(format!("{hold:?} lives, and {told:?} is told")),
            }
        }
        for hold in &self.ended_holds {
            match state.hold(hold.id) {
                Some(HoldStory::Ended(told)) => same("an ended hold", hold, told)?,
                told => return Err(format!("{hold:?} has ended, and {told:?} is told")),
            }
        }
        Ok(())
    }
}

impl Event {
    fn image(&self) -> EventImage {
        let mut seats = self.blocked_seats.clone();
        seats.sort_unstable();
        let runs = seats.chunk_by(|one, next| one.0 + 1 == next.0);
        let areas = (0..self.parts().areas.len()).map(|number| AreaIndex(number as u32));
        let blocked =
            |area: AreaIndex| self.blocked_places.iter().filter(|of| **of == area).count();
        let blocked = areas.map(|area| (area, blocked(area) as u32));
        EventImage {
            id: self.id,
            name: self.name.as_str().into(),
            chart: self.chart_hash,
            rules: self.rules,
            ticket_types: self.ticket_types.clone(),
            created_at: self.created_at,
            closed_at: self.closed_at,
            blocked_seats: runs.map(|run| (run[0], run.len() as u32)).collect(),
            blocked_places: blocked.filter(|&(_, count)| count > 0).collect(),
        }
    }
}

fn seat_state(owner: Owner) -> SeatState {
    match owner {
        Owner::Nobody => SeatState::Available,
        Owner::Hold(hold_id) => SeatState::Held(hold_id.lsn()),
        Owner::Sale(allocation_id) => SeatState::Allocated(allocation_id.lsn()),
        Owner::Organizer => SeatState::Blocked,
    }
}

#[cfg(test)]
mod tests;
