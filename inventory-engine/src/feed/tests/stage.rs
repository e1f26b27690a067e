//! An event whose facts are decided and applied by the core, with the truth of each version
//! worked out by a naive map that knows nothing of views and feeds.

use std::collections::BTreeMap;
use std::sync::Arc;

use inventory_core::chart::{Area, Chart, ChartParts, Point, Row, Seat};
use inventory_core::command::{
    Allocate, Block, CloseEvent, Command, CreateEvent, Extend, Part, Place, Release, Return,
    Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, ChartHash, EventId, HoldId, RequestId, SeatIndex,
    TicketTypeIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, Counts, SeatSpot, Spots};
use inventory_core::state::{Decision, ShardState};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use super::super::Picture;
use crate::view::EventView;

const EVENT: EventId = EventId(1);
const CHART: ChartHash = ChartHash([7; 32]);
const SEATS: u32 = 12;
const AREA_CAPACITIES: [u32; 2] = [30, 9];
const QUOTA: u32 = 25;
const HOLD_TTL_MILLIS: u64 = 100;

/// The event, and what is to be known of its past.
pub(super) struct Stage {
    state: ShardState,
    pub(super) view: Arc<EventView>,
    /// What the event looked like at each of its versions.
    pub(super) truth: BTreeMap<u64, Picture>,
    neighbour: EventId,
    holds: Vec<(HoldId, BuyerId)>,
    allocations: Vec<(AllocationId, BuyerId)>,
    now: u64,
    asked: u128,
}

impl Stage {
    /// An event with everything available, and another one in the same shard.
    pub(super) fn new() -> Self {
        let mut state = ShardState::new(EVENT.shard());
        state.register_chart(CHART, chart());
        let command = Command { request_id: request_id(1), verb: create(EVENT) };
        let Ok(Decision::New(created)) = state.decide(Timestamp(1), &command) else {
            panic!("an event can be created");
        };
        let created = Arc::new(created);
        state.apply(&created);
        let view = EventView::created(state.event(EVENT).unwrap(), &created);
        let spots = SEATS + AREA_CAPACITIES.iter().sum::<u32>();
        let picture = Picture {
            version: created.lsn.0,
            statuses: vec![0; SEATS as usize],
            areas: AREA_CAPACITIES.map(Counts::available).to_vec(),
            ticket_types: [QUOTA, spots].map(Counts::available).to_vec(),
            is_closed: false,
        };
        let mut of_shard = (2..).map(EventId).filter(|event| event.shard() == EVENT.shard());
        let mut stage = Self {
            state,
            view: Arc::new(view),
            truth: BTreeMap::from([(created.lsn.0, picture)]),
            neighbour: of_shard.next().unwrap(),
            holds: Vec::new(),
            allocations: Vec::new(),
            now: 1,
            asked: 1,
        };
        stage.ask(create(stage.neighbour)).unwrap();
        stage
    }

    /// What is accepted of something that two numbers choose; nothing is shown yet. `None` if it
    /// was refused or concerns the other event.
    pub(super) fn step(&mut self, what: u8, which: u8) -> Option<Arc<Fact>> {
        self.now += 1;
        if what.is_multiple_of(16) {
            let fact = self.state.decide_expiry(Timestamp(self.now))?;
            return Some(self.accept(fact)).filter(|fact| fact.event_id == EVENT);
        }
        let buyer_id = BuyerId::new("ann").unwrap();
        let spots = choose(which);
        let hold = self.holds.get(usize::from(which) % self.holds.len().max(1)).cloned();
        let verb = match what % 16 {
            1..=5 => {
                let selection = Selection::Spots(spots);
                Verb::Place(Place { event_id: EVENT, buyer_id, selection })
            }
            6 => {
                let selection = Selection::Spots(choose(which));
                Verb::Place(Place { event_id: self.neighbour, buyer_id, selection })
            }
            7 | 8 => {
                let (hold_id, buyer_id) = hold?;
                Verb::Release(Release { hold_id, buyer_id, part: Part::Whole })
            }
            9 | 10 => {
                let (hold_id, buyer_id) = hold?;
                Verb::Allocate(Allocate { hold_id, buyer_id, part: Part::Whole })
            }
            11 => {
                let (hold_id, buyer_id) = hold?;
                Verb::Extend(Extend { hold_id, buyer_id })
            }
            12 => {
                let (allocation_id, buyer_id) = self.allocations.pop()?;
                Verb::Return(Return { allocation_id, buyer_id, part: Part::Whole })
            }
            13 => Verb::Block(Block { event_id: EVENT, spots: untyped(spots) }),
            14 => Verb::Unblock(Unblock { event_id: EVENT, spots: untyped(spots) }),
            _ if which == 0 => Verb::CloseEvent(CloseEvent { event_id: EVENT }),
            _ => return None,
        };
        self.ask(verb).filter(|fact| fact.event_id == EVENT)
    }

    fn ask(&mut self, verb: Verb) -> Option<Arc<Fact>> {
        self.asked += 1;
        let command = Command { request_id: request_id(self.asked), verb };
        match self.state.decide(Timestamp(self.now), &command) {
            Ok(Decision::New(fact)) => Some(self.accept(fact)),
            _ => None,
        }
    }

    fn accept(&mut self, fact: Fact) -> Arc<Fact> {
        let fact = Arc::new(fact);
        self.state.apply(&fact);
        match &fact.change {
            Change::HoldPlaced { hold_id, buyer_id, .. } => {
                self.holds.push((*hold_id, buyer_id.clone()));
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, .. } => {
                self.holds.retain(|hold| hold.0 != *hold_id);
                self.allocations.push((*allocation_id, buyer_id.clone()));
            }
            Change::HoldReleased { hold_id, .. } | Change::HoldExpired { hold_id, .. } => {
                self.holds.retain(|hold| hold.0 != *hold_id);
            }
            _ => {}
        }
        if fact.event_id == EVENT
            && let Some((_, before)) = self.truth.last_key_value()
        {
            let after = after(before.clone(), &fact);
            self.truth.insert(fact.lsn.0, after);
        }
        fact
    }
}

/// What a fact makes of a picture, one spot after the other.
fn after(mut picture: Picture, fact: &Fact) -> Picture {
    picture.version = fact.lsn.0;
    picture.is_closed |= matches!(fact.change, Change::EventClosed);
    let Some((spots, from, became)) = fact.change.spots_moved() else { return picture };
    let mut shift = |ticket_type: Option<TicketTypeIndex>, count| {
        if let Some(ticket_type) = ticket_type {
            picture.ticket_types[usize::from(ticket_type.0)].shift(from, became, count);
        }
    };
    for spot in &spots.seats {
        assert_eq!(picture.statuses[spot.seat.0 as usize], from as u8);
        picture.statuses[spot.seat.0 as usize] = became as u8;
        shift(spot.ticket_type, 1);
    }
    for places in &spots.areas {
        picture.areas[places.area.0 as usize].shift(from, became, places.count);
        shift(places.ticket_type, places.count);
    }
    picture
}

fn request_id(number: u128) -> RequestId {
    RequestId::new(0x0000_0000_0001_7000_8000_0000_0000_0000 | number).unwrap()
}

fn create(event_id: EventId) -> Verb {
    let of = |key: &str, quota| TicketType {
        key: key.into(),
        quota,
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    };
    Verb::CreateEvent(CreateEvent {
        event_id,
        name: "night".into(),
        chart: CHART,
        rules: EventRules { hold_ttl_millis: HOLD_TTL_MILLIS, ..EventRules::default() },
        ticket_types: vec![of("adult", Some(QUOTA)), of("child", None)],
    })
}

/// Some seats, some places, or both.
fn choose(which: u8) -> Spots {
    let ticket_type = Some(TicketTypeIndex(u16::from(which) % 2));
    let first = u32::from(which) % SEATS;
    let seat = |seat| SeatSpot { seat: SeatIndex(seat % SEATS), ticket_type };
    let seats = (first..first + u32::from(which) / 64).map(seat).collect::<Vec<_>>();
    let count = u32::from(which) % 5;
    let area = AreaIndex(u32::from(which / 8) % 2);
    let areas = if count == 0 && !seats.is_empty() {
        Vec::new()
    } else {
        vec![AreaPlaces { area, ticket_type, count: count.max(1) }]
    };
    Spots { seats: seats.into(), areas }
}

fn untyped(mut spots: Spots) -> Spots {
    spots.seats.iter_mut().for_each(|spot| spot.ticket_type = None);
    spots.areas.iter_mut().for_each(|places| places.ticket_type = None);
    spots
}

fn chart() -> Arc<Chart> {
    let seat = |number: u32| Seat {
        label: format!("A-{number}"),
        section: None,
        category: None,
        position: Point { x: f64::from(number), y: 0.0 },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    };
    let area = |(number, &capacity): (usize, &u32)| Area {
        label: format!("lawn {number}"),
        section: None,
        category: None,
        capacity,
    };
    let row = Row { label: "A".into(), section: None, seats: (0..SEATS).map(SeatIndex).collect() };
    let parts = ChartParts {
        name: "small".into(),
        rows: vec![row],
        seats: (0..SEATS).map(seat).collect(),
        areas: AREA_CAPACITIES.iter().enumerate().map(area).collect(),
        ..ChartParts::default()
    };
    Arc::new(Chart::new(parts).unwrap())
}

#[test]
fn a_stage_sees_every_kind_of_change() {
    let mut stage = Stage::new();
    let mut kinds = std::collections::BTreeSet::new();
    for round in 0..4_000_u32 {
        let (what, which) = (round.wrapping_mul(2_654_435_761) >> 24, round.wrapping_mul(40_503));
        let fact = stage.step(what as u8, (which >> 8) as u8 | 1);
        kinds.extend(fact.map(|fact| fact.change.name()));
    }
    kinds.extend(stage.step(15, 0).map(|fact| fact.change.name()));
    assert_eq!(kinds.len(), 9, "{kinds:?}");
}
