//! An event with one seat and an area of two places, and what becomes of it: facts that the core
//! decides, with the truth of each version in plain words.

use inventory_core::chart::{Area, Chart, ChartParts, Point, Row, Seat};
use inventory_core::command::{
    Allocate, CloseEvent, Command, CreateEvent, Part, Place, Release, Selection, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AreaIndex, BuyerId, ChartHash, EventId, HoldId, RequestId, SeatIndex};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, Counts, SeatSpot, Spots};
use inventory_core::state::{Decision, ShardState};
use inventory_core::time::Timestamp;

use crate::collections::BTreeMap;
use crate::feed::Picture;
use crate::room::Toll;
use crate::sync::Arc;
use crate::view::EventView;

const EVENT: EventId = EventId(1);
const CHART: ChartHash = ChartHash([7; 32]);
const PLACES: u32 = 2;

/// What happens to the event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The seat and a place are held.
    Hold,
    /// The seat is sold, the place stays held.
    SellSeat,
    /// All that is held is sold.
    Sell,
    /// The place is given back, the seat stays held.
    ReleasePlace,
    /// The sale ends.
    Close,
}

/// What happened.
pub(crate) struct Story {
    /// The fact that created the event.
    created: Fact,
    /// What happened then.
    pub(crate) facts: Vec<Fact>,
    /// What each of these does to the room of a journal.
    pub(crate) tolls: Vec<Toll>,
    /// What the event looks like at each of its versions.
    pub(crate) truth: BTreeMap<u64, Picture>,
}

impl Story {
    /// Lets the core decide it all.
    pub(crate) fn of(steps: &[Step]) -> Arc<Self> {
        let mut shard = shard();
        let created = ask(&mut shard, create()).0;
        let mut picture = Picture {
            version: created.lsn.0,
            statuses: vec![0],
            areas: vec![Counts::available(PLACES)],
            ..Picture::default()
        };
        let mut story = Self {
            truth: BTreeMap::from([(picture.version, picture.clone())]),
            created,
            facts: Vec::new(),
            tolls: Vec::new(),
        };
        let mut hold = None;
        for step in steps {
            let (fact, toll) = ask(&mut shard, step.verb(hold));
            if let Change::HoldPlaced { hold_id, .. } = fact.change {
                hold = Some(hold_id);
            }
            step.happens_to(&mut picture);
            picture.version = fact.lsn.0;
            story.truth.insert(picture.version, picture.clone());
            story.facts.push(fact);
            story.tolls.push(toll);
        }
        Arc::new(story)
    }

    /// The event as it is shown before anything happens.
    pub(crate) fn view(&self) -> Arc<EventView> {
        let mut shard = shard();
        shard.apply(&self.created);
        let event = shard.event(EVENT).expect("it was created");
        Arc::new(EventView::created(event, &self.created))
    }

    /// The version that all of it leads to.
    pub(crate) fn last_version(&self) -> u64 {
        self.truth.keys().next_back().copied().expect("an event has a version from the first on")
    }
}

impl Step {
    fn verb(self, hold: Option<HoldId>) -> Verb {
        let buyer_id = buyer();
        let hold_id = || hold.expect("what is held was held before");
        let seat = Part::Spots { seats: vec![SeatIndex(0)], areas: Vec::new() };
        let sell = |part, buyer_id| Verb::Allocate(Allocate { hold_id: hold_id(), buyer_id, part });
        match self {
            Self::Hold => {
                let seats = [SeatSpot { seat: SeatIndex(0), ticket_type: None }];
                let spots = Spots { seats: seats.into_iter().collect(), areas: vec![place()] };
                let selection = Selection::Spots(spots);
                Verb::Place(Place { event_id: EVENT, buyer_id, selection })
            }
            Self::SellSeat => sell(seat, buyer_id),
            Self::Sell => sell(Part::Whole, buyer_id),
            Self::ReleasePlace => {
                let part = Part::Spots { seats: Vec::new(), areas: vec![place()] };
                Verb::Release(Release { hold_id: hold_id(), buyer_id, part })
            }
            Self::Close => Verb::CloseEvent(CloseEvent { event_id: EVENT }),
        }
    }

    /// What it makes of an event on which it may happen.
    fn happens_to(self, picture: &mut Picture) {
        let (seat, places) = match self {
            Self::Hold => (1, [1, 1, 0, 0]),
            Self::SellSeat => (2, [1, 1, 0, 0]),
            Self::Sell => (2, [1, 0, 1, 0]),
            Self::ReleasePlace => (1, [2, 0, 0, 0]),
            Self::Close => return picture.is_closed = true,
        };
        (picture.statuses, picture.areas) = (vec![seat], vec![Counts(places)]);
    }
}

fn ask(shard: &mut ShardState, verb: Verb) -> (Fact, Toll) {
    // A UUID of version 7; what tells them apart is the number of the fact.
    let uuid = 1 << 80 | 7 << 76 | 0b10 << 62 | u128::from(shard.last_lsn().0);
    let request_id = RequestId::new(uuid).expect("a UUID");
    let Ok(Decision::New(fact)) = shard.decide(Timestamp(1), &Command { request_id, verb }) else {
        panic!("a story tells of what may happen");
    };
    let toll = Toll::of(shard, &fact);
    shard.apply(&fact);
    (fact, toll)
}

fn shard() -> ShardState {
    let mut shard = ShardState::new(EVENT.shard());
    shard.register_chart(CHART, chart());
    shard
}

fn create() -> Verb {
    Verb::CreateEvent(CreateEvent {
        event_id: EVENT,
        name: "night".into(),
        chart: CHART,
        rules: EventRules::default(),
        ticket_types: Vec::new(),
    })
}

fn buyer() -> BuyerId {
    BuyerId::new("ann").expect("a short name")
}

fn place() -> AreaPlaces {
    AreaPlaces { area: AreaIndex(0), ticket_type: None, count: 1 }
}

fn chart() -> Arc<Chart> {
    let seat = Seat {
        label: "A-1".into(),
        section: None,
        category: None,
        position: Point::default(),
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    };
    let area = Area { label: "lawn".into(), section: None, category: None, capacity: PLACES };
    let row = Row { label: "A".into(), section: None, seats: vec![SeatIndex(0)] };
    let parts = ChartParts {
        name: "small".into(),
        rows: vec![row],
        seats: vec![seat],
        areas: vec![area],
        ..ChartParts::default()
    };
    Arc::new(Chart::new(parts).expect("a chart that is right"))
}
