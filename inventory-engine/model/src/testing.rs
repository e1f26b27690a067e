//! A small sale for tests: one chart, one event that is there from the beginning, and facts as the
//! engine would write them, or nearly.

use std::sync::Arc;

use inventory_core::chart::{Area, Category, Chart, ChartParts, Point, Row, Seat, Table};
use inventory_core::fact::{Change, Fact, RequestMark};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, Lsn, RequestId,
    SeatIndex, TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, Spots};
use inventory_core::state::{Memory, ShardState};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use crate::Model;

pub(crate) const EVENT: EventId = EventId(1);
pub(crate) const CHART: ChartHash = ChartHash([1; 32]);

/// How long a hold lasts.
pub(crate) const TTL: u64 = 100;

/// What has happened, and what time it is.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) model: Model,
    pub(crate) facts: Vec<Fact>,
    pub(crate) at: u64,
    memory: Memory,
}

impl Story {
    /// An event by usual rules, with nothing sold in it.
    pub(crate) fn new() -> Self {
        Self::with(rules(), Vec::new())
    }

    pub(crate) fn with(rules: EventRules, ticket_types: Vec<TicketType>) -> Self {
        Self::remembering(Memory::default(), rules, ticket_types)
    }

    pub(crate) fn remembering(
        memory: Memory,
        rules: EventRules,
        ticket_types: Vec<TicketType>,
    ) -> Self {
        let mut model = Model::new(EVENT.shard(), memory);
        model.know_chart(CHART, chart());
        let mut story = Self { model, facts: Vec::new(), at: 1_000, memory };
        story.done(created(rules, ticket_types));
        story
    }

    /// A fact that says this, now, of the event.
    pub(crate) fn fact(&self, change: Change) -> Fact {
        let is_asked = !matches!(change, Change::HoldExpired { .. });
        Fact {
            lsn: self.model.last_lsn().next(),
            at: Timestamp(self.at),
            event_id: EVENT,
            request: is_asked.then(|| RequestMark { id: self.request_id(), fingerprint: 7 }),
            change,
        }
    }

    /// The id of the next request.
    pub(crate) fn request_id(&self) -> RequestId {
        request_id(7, self.at, self.model.last_lsn().0)
    }

    /// This happens.
    #[track_caller]
    pub(crate) fn done(&mut self, change: Change) {
        let fact = self.fact(change);
        assert_eq!(self.model.apply(&fact), Ok(()));
        self.facts.push(fact);
    }

    /// This cannot have happened, for a reason, and nothing comes of it.
    #[track_caller]
    pub(crate) fn refused(&self, why: &str, change: Change) {
        self.refused_fact(why, &self.fact(change));
    }

    #[track_caller]
    pub(crate) fn refused_fact(&self, why: &str, fact: &Fact) {
        let mut model = self.model.clone();
        let said = model.apply(fact).expect_err(why);
        assert!(said.ends_with(why), "{said:?} is not {why:?}");
        assert_eq!(format!("{model:?}"), format!("{:?}", self.model));
    }

    /// A hold is placed now.
    pub(crate) fn placing(&self, buyer: &str, spots: Spots) -> Change {
        Change::HoldPlaced {
            hold_id: HoldId::new(EVENT.shard(), self.model.last_lsn().next(), self.request_id()),
            buyer_id: buyer_id(buyer),
            spots,
            deadline: Timestamp(self.at + TTL),
        }
    }

    #[track_caller]
    pub(crate) fn place(&mut self, buyer: &str, spots: Spots) -> HoldId {
        self.done(self.placing(buyer, spots));
        self.model.live_holds().last().expect("a hold was placed").id
    }

    /// A hold or a part of it is sold now.
    pub(crate) fn selling(&self, hold_id: HoldId, buyer: &str, spots: Spots) -> Change {
        let (shard, lsn) = (EVENT.shard(), self.model.last_lsn().next());
        let allocation_id = AllocationId::new(shard, lsn, self.request_id());
        Change::HoldAllocated { hold_id, allocation_id, buyer_id: buyer_id(buyer), spots }
    }

    #[track_caller]
    pub(crate) fn sell(&mut self, hold_id: HoldId, buyer: &str, spots: Spots) -> AllocationId {
        self.done(self.selling(hold_id, buyer, spots));
        self.model.sales().last().expect("something was sold").id
    }

    /// The state machine to which the same has happened.
    pub(crate) fn state(&self) -> ShardState {
        let mut state = ShardState::remembering(EVENT.shard(), 7, self.memory);
        state.register_chart(CHART, chart());
        self.facts.iter().for_each(|fact| state.apply(fact));
        state
    }
}

/// Four spots a buyer, one extension.
pub(crate) fn rules() -> EventRules {
    EventRules {
        hold_ttl_millis: TTL,
        extensions_max: 1,
        buyer_seats_max: Some(4),
        ..EventRules::default()
    }
}

pub(crate) fn ticket_type(key: &str) -> TicketType {
    TicketType {
        key: key.into(),
        quota: None,
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    }
}

/// A row with the seats 0 to 5, gold but for the last, the nearest of which is 0; a table with the
/// seats 6 and 7 that is sold as a whole; an area with 5 places.
fn chart() -> Arc<Chart> {
    let mut parts = ChartParts { name: "small".to_owned(), ..ChartParts::default() };
    parts.focal_point = Some(Point::default());
    for key in ["gold", "silver"] {
        let (key, label) = (key.to_owned(), key.to_owned());
        parts.categories.push(Category { key, label, color: None });
    }
    let (gold, silver) = (CategoryIndex(0), CategoryIndex(1));
    for number in 0..8_u32 {
        parts.seats.push(Seat {
            label: number.to_string(),
            section: None,
            category: Some(if number == 5 { silver } else { gold }),
            position: Point { x: f64::from(number), y: 0.0 },
            entrance: None,
            accessible: false,
            companion: false,
            restricted_view: false,
        });
    }
    let (row, table) = ((0..6).map(SeatIndex).collect(), vec![SeatIndex(6), SeatIndex(7)]);
    parts.rows.push(Row { label: "row".to_owned(), section: None, seats: row });
    let label = "table".to_owned();
    parts.tables.push(Table { label, section: None, seats: table, book_whole: true });
    let (label, category) = ("lawn".to_owned(), Some(gold));
    parts.areas.push(Area { label, section: None, category, capacity: 5 });
    Arc::new(Chart::new(parts).expect("the chart is whole"))
}

pub(crate) fn request_id(version: u128, made_at: u64, number: u64) -> RequestId {
    let bits = u128::from(made_at) << 80 | version << 76 | 0b10 << 62 | u128::from(number);
    RequestId::new(bits).expect("a UUID of version 7 or 8")
}

pub(crate) fn buyer_id(name: &str) -> BuyerId {
    BuyerId::new(name).expect("a name")
}

pub(crate) fn seats(seats: &[u32]) -> Spots {
    Spots::of_seats(seats.iter().copied().map(SeatIndex))
}

/// Places in the area.
pub(crate) fn places(count: u32) -> Spots {
    Spots { areas: vec![line(0, None, count)], ..Spots::default() }
}

pub(crate) fn line(area: u32, ticket_type: Option<u16>, count: u32) -> AreaPlaces {
    let ticket_type = ticket_type.map(TicketTypeIndex);
    AreaPlaces { area: AreaIndex(area), ticket_type, count }
}

/// All of it as a ticket type.
pub(crate) fn typed(mut spots: Spots, index: u16) -> Spots {
    let named = Some(TicketTypeIndex(index));
    spots.seats.iter_mut().for_each(|spot| spot.ticket_type = named);
    spots.areas.iter_mut().for_each(|line| line.ticket_type = named);
    spots
}

pub(crate) fn created(rules: EventRules, ticket_types: Vec<TicketType>) -> Change {
    Change::EventCreated { name: "show".into(), chart: CHART, rules, ticket_types }
}

pub(crate) fn extended(hold_id: HoldId, deadline: u64) -> Change {
    Change::HoldExtended { hold_id, deadline: Timestamp(deadline) }
}

pub(crate) fn released(hold_id: HoldId, spots: Spots) -> Change {
    Change::HoldReleased { hold_id, spots }
}

pub(crate) fn expired(hold_id: HoldId, spots: Spots) -> Change {
    Change::HoldExpired { hold_id, spots }
}

pub(crate) fn returned(allocation_id: AllocationId, spots: Spots) -> Change {
    Change::SpotsReturned { allocation_id, spots }
}

pub(crate) fn blocked(spots: Spots) -> Change {
    Change::SpotsBlocked { spots }
}

pub(crate) fn unblocked(spots: Spots) -> Change {
    Change::SpotsUnblocked { spots }
}

/// Of no hold of the shard.
pub(crate) fn nobodys_hold() -> HoldId {
    HoldId::new(EVENT.shard(), Lsn(99), request_id(7, 1, 1))
}
