//! A shard's history with a fact of every kind, as the state machine decided it: what the seeds
//! of all targets are made of.
//!
//! Must always hold: it is the same on every machine and at every time.

use std::sync::{Arc, LazyLock};

use inventory_charts::{Format, content_hash, import, to_canonical_bytes};
use inventory_core::chart::Chart;
use inventory_core::command::{
    Allocate, BestAvailable, Block, CloseEvent, Command, CreateEvent, Extend, Part, Place, Release,
    Return, Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, RequestId,
    SeatIndex, TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_core::state::{Decision, ShardState};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

/// The event that it is about; another is created beside it in the same shard.
pub(crate) const EVENT: EventId = EventId(1);

/// When it begins: the time in its request ids.
const BEGIN: u64 = 0x0190_0000_0000;

/// A hall with rows, tables, one of which goes as a whole, and areas.
pub(crate) const VENUE: &str = include_str!("venue.json");

/// The chart of [`VENUE`].
pub(crate) static CHART: LazyLock<Arc<Chart>> = LazyLock::new(|| {
    let imported = import(VENUE.as_bytes(), Some(Format::Holdfast));
    Arc::new(imported.expect("the venue is a chart").chart)
});

/// Its name.
pub(crate) static CHART_HASH: LazyLock<ChartHash> =
    LazyLock::new(|| content_hash(&to_canonical_bytes(&CHART)));

/// A shard and all that happened to it.
pub(crate) struct Story {
    pub(crate) state: ShardState,
    pub(crate) facts: Vec<Arc<Fact>>,
}

/// The whole story.
pub(crate) fn whole() -> Story {
    let mut story = on_sale();
    story.sell();
    story
}

/// Up to where the event is on sale.
pub(crate) fn on_sale() -> Story {
    let mut story = Story { state: ShardState::new(EVENT.shard()), facts: Vec::new() };
    story.state.register_chart(*CHART_HASH, Arc::clone(&CHART));
    story.ask(Verb::CreateEvent(CreateEvent {
        event_id: EVENT,
        name: "Gala".into(),
        chart: *CHART_HASH,
        rules: EventRules { buyer_seats_max: Some(20), ..EventRules::default() },
        ticket_types: vec![ticket_type("adult", Some(40)), ticket_type("child", None)],
    }));
    story
}

fn ticket_type(key: &str, quota: Option<u32>) -> TicketType {
    let categories = vec![CategoryIndex(0), CategoryIndex(1)];
    TicketType {
        key: key.into(),
        quota,
        sale_opens_at: None,
        sale_closes_at: Some(Timestamp(BEGIN << 1)),
        categories,
    }
}

/// A request id of the story's time.
pub(crate) fn request_id(number: usize) -> RequestId {
    let id = u128::from(BEGIN + number as u64) << 80 | 0x7000_8000_0000_0000_0001;
    RequestId::new(id).expect("it has the version and the variant of one")
}

/// Whoever buys.
pub(crate) fn buyer() -> BuyerId {
    BuyerId::new("ann").expect("it is short and visible")
}

impl Story {
    fn sell(&mut self) {
        let seats = self.place(spots(&[0, 1, 2], &[]));
        let places = self.place(spots(&[9, 10, 11, 12], &[(0, 3), (1, 2)]));
        let forgotten = self.place(spots(&[5], &[]));
        let (buyer_id, wish) = (buyer(), vec![(TicketTypeIndex(1), 2)]);
        self.ask(Verb::Place(Place {
            event_id: EVENT,
            buyer_id: buyer_id.clone(),
            selection: Selection::BestAvailable(BestAvailable {
                quantity: 2,
                ticket_types: wish,
                ..BestAvailable::default()
            }),
        }));
        self.ask(Verb::Extend(Extend { hold_id: seats, buyer_id: buyer_id.clone() }));
        let part = Part::Spots { seats: vec![SeatIndex(1)], areas: Vec::new() };
        let release = Release { hold_id: seats, buyer_id: buyer_id.clone(), part };
        self.ask(Verb::Release(release));
        let part = Part::Spots { seats: Vec::new(), areas: vec![area(0, 2)] };
        self.ask(Verb::Allocate(Allocate { hold_id: places, buyer_id: buyer_id.clone(), part }));
        let part = Part::Whole;
        let sold =
            self.ask(Verb::Allocate(Allocate { hold_id: seats, buyer_id: buyer_id.clone(), part }));
        let Change::HoldAllocated { allocation_id, .. } = sold.change else {
            panic!("an allocation was asked for and {sold:?} decided")
        };
        self.give_back(allocation_id);
        let blocked = Spots { seats: Spots::of_seats([SeatIndex(7)]).seats, areas: Vec::new() };
        let places = AreaPlaces { area: AreaIndex(1), ticket_type: None, count: 5 };
        let blocked = Spots { areas: vec![places], ..blocked };
        self.ask(Verb::Block(Block { event_id: EVENT, spots: blocked }));
        let freed = Spots { areas: vec![AreaPlaces { count: 2, ..places }], ..Spots::default() };
        self.ask(Verb::Unblock(Unblock { event_id: EVENT, spots: freed }));
        let part = Part::Whole;
        self.ask(Verb::Release(Release { hold_id: forgotten, buyer_id, part }));
        self.ask(Verb::CloseEvent(CloseEvent { event_id: EVENT }));
        let deadline = self.state.earliest_deadline().expect("a hold lives");
        let expired = self.state.decide_expiry(deadline).expect("its deadline has come");
        self.take(expired);
    }

    fn place(&mut self, spots: Spots) -> HoldId {
        let place =
            Place { event_id: EVENT, buyer_id: buyer(), selection: Selection::Spots(spots) };
        match self.ask(Verb::Place(place)).change {
            Change::HoldPlaced { hold_id, .. } => hold_id,
            other => panic!("a hold was asked for and {other:?} decided"),
        }
    }

    fn give_back(&mut self, allocation_id: AllocationId) {
        let part = Part::Spots { seats: vec![SeatIndex(0)], areas: Vec::new() };
        self.ask(Verb::Return(Return { allocation_id, buyer_id: buyer(), part }));
    }

    fn ask(&mut self, verb: Verb) -> Fact {
        let number = self.facts.len();
        let now = Timestamp(BEGIN + number as u64);
        let command = Command { request_id: request_id(number), verb };
        match self.state.decide(now, &command) {
            Ok(Decision::New(fact)) => self.take(fact),
            other => panic!("{command:?} was decided as {other:?}"),
        }
    }

    fn take(&mut self, fact: Fact) -> Fact {
        self.state.apply(&fact);
        self.facts.push(Arc::new(fact.clone()));
        fact
    }
}

/// Seats and places, all for adults.
fn spots(seats: &[u32], areas: &[(u32, u32)]) -> Spots {
    let seat = |&seat| SeatSpot { seat: SeatIndex(seat), ticket_type: Some(TicketTypeIndex(0)) };
    Spots {
        seats: seats.iter().map(seat).collect(),
        areas: areas.iter().map(|&(index, count)| area(index, count)).collect(),
    }
}

fn area(index: u32, count: u32) -> AreaPlaces {
    AreaPlaces { area: AreaIndex(index), ticket_type: Some(TicketTypeIndex(0)), count }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_has_a_change_of_every_kind_and_contradicts_nothing() {
        let story = whole();
        let kinds: BTreeSet<_> = story.facts.iter().map(|fact| fact.change.name()).collect();
        assert_eq!(kinds.len(), 10, "{kinds:?}");
        assert_eq!(story.state.verify_event(EVENT).unwrap().violations, [""; 0]);
    }
}
