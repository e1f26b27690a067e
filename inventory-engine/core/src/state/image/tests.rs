//! What an image says is what is restored, and what contradicts itself is refused by its name.

mod altered;

use super::*;
use crate::chart::{Area, ChartParts, Point, Seat};
use crate::command::{Allocate, Block, Command, CreateEvent, Part, Place, Selection, Verb};
use crate::encoding::EncodedFact;
use crate::fact::{Change, Fact};
use crate::ids::{HoldId, RequestId};
use crate::spots::{AreaPlaces, SeatSpot};
use crate::state::{Decision, Ending};

const CHART: ChartHash = ChartHash([7; 32]);
const EVENT: EventId = EventId(1);
const SHARD: ShardId = ShardId(3);

fn charts() -> BTreeMap<ChartHash, Arc<Chart>> {
    let mut parts = ChartParts { name: "venue".to_owned(), ..ChartParts::default() };
    for number in 0..8 {
        parts.seats.push(Seat {
            label: format!("A-{number}"),
            section: None,
            category: None,
            position: Point { x: f64::from(number), y: 0.0 },
            entrance: None,
            accessible: false,
            companion: false,
            restricted_view: false,
        });
    }
    for label in ["lawn", "terrace"] {
        let (label, section, category) = (label.to_owned(), None, None);
        parts.areas.push(Area { label, section, category, capacity: 10 });
    }
    BTreeMap::from([(CHART, Arc::new(Chart::new(parts).unwrap()))])
}

fn buyer() -> BuyerId {
    BuyerId::new("ann").unwrap()
}

fn spots(seats: &[u32], places: u32) -> Spots {
    let ticket_type = Some(TicketTypeIndex(0));
    let seats = seats.iter().map(|&seat| SeatSpot { seat: SeatIndex(seat), ticket_type });
    let areas = vec![AreaPlaces { area: AreaIndex(0), ticket_type, count: places }];
    Spots { seats: seats.collect(), areas }
}

/// A hold with seat 0, another with seat 1, an allocation with seats 2 and 3 and places, a hold
/// that ended with it, and blocked seats 5, 6 and 7.
fn state() -> ShardState {
    let mut state = ShardState::new(SHARD);
    for (hash, chart) in charts() {
        state.register_chart(hash, chart);
    }
    let (name, rules) = ("show".into(), EventRules::default());
    let adult = TicketType {
        key: "adult".into(),
        quota: Some(12),
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    };
    let ticket_types = vec![adult];
    let create = CreateEvent { event_id: EVENT, name, chart: CHART, rules, ticket_types };
    apply(&mut state, Verb::CreateEvent(create));
    let mut hold_ids = Vec::new();
    for wanted in [spots(&[0], 1), spots(&[1], 1), spots(&[2, 3], 4)] {
        let selection = Selection::Spots(wanted);
        let place = Place { event_id: EVENT, buyer_id: buyer(), selection };
        match apply(&mut state, Verb::Place(place)).change {
            Change::HoldPlaced { hold_id, .. } => hold_ids.push(hold_id),
            other => panic!("{other:?}"),
        }
    }
    let sold = Allocate { hold_id: hold_ids[2], buyer_id: buyer(), part: Part::Whole };
    apply(&mut state, Verb::Allocate(sold));
    let blocked = Spots::of_seats([5, 6, 7].map(SeatIndex));
    apply(&mut state, Verb::Block(Block { event_id: EVENT, spots: blocked }));
    state
}

fn apply(state: &mut ShardState, verb: Verb) -> Fact {
    let now = Timestamp(1_700_000_000_000 + state.last_lsn().0);
    let bits = u128::from(now.0) << 80 | 7 << 76 | 0b10 << 62;
    let command = Command { request_id: RequestId::new(bits).unwrap(), verb };
    match state.decide(now, &command) {
        Ok(Decision::New(fact)) => {
            state.apply(&fact);
            fact
        }
        other => panic!("{command:?}: {other:?}"),
    }
}

fn restore(image: ShardImage) -> Result<ShardState, ImageError> {
    ShardState::restore(image, &charts(), 5)
}

#[test]
fn an_image_has_what_there_is_in_an_order_of_its_own() {
    let image = state().image();
    assert_eq!(image.events[0].blocked_seats, [(SeatIndex(5), 3)]);
    assert_eq!(image.holds.iter().map(|hold| hold.id.lsn().0).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((image.allocations.len(), image.ended_holds.len()), (1, 1));
    assert_eq!(image.requests.len(), 6);
    assert_eq!(image.charts(), BTreeMap::from([(CHART, EVENT)]));
    let restored = restore(image.clone()).unwrap();
    assert_eq!((restored.image(), restored.shard()), (image, SHARD));
    let nothing = ShardState::new(SHARD).image();
    assert_eq!(restore(nothing.clone()).unwrap().image(), nothing);
}

/// What is done to an image, and what is said of it then.
type Damage = (&'static str, fn(&mut ShardImage), fn(&ImageError) -> bool);

const DAMAGES: &[Damage] = &[
    ("an event twice", |image| image.events.push(image.events[0].clone()), is_out_of_order),
    ("holds in another order", |image| image.holds.reverse(), is_out_of_order),
    ("a hold twice", |image| image.holds.push(image.holds[1].clone()), is_out_of_order),
    (
        "an allocation twice",
        |image| image.allocations.push(image.allocations[0].clone()),
        |error| is_out_of_order(error),
    ),
    (
        "an ended hold twice",
        |image| image.ended_holds.push(image.ended_holds[0].clone()),
        |error| is_out_of_order(error),
    ),
    (
        "a hold that ended and lives",
        |image| image.ended_holds[0].id = image.holds[0].id,
        |error| is_out_of_order(error),
    ),
    ("requests in another order", |image| edit(image, |all| all.reverse()), is_out_of_order),
    (
        "a request twice",
        |image| edit(image, |all| all.push(all[5].clone())),
        |error| is_out_of_order(error),
    ),
    ("a request that was forgotten", |image| image.newest_forgotten = u128::MAX, is_out_of_order),
    (
        "a fact of nobody's request",
        |image| edit(image, |all| all[0].request = None),
        |error| is_misplaced(error),
    ),
    ("a fact of tomorrow", |image| edit(image, |all| all[0].lsn = Lsn(99)), is_misplaced),
    ("a hold of another shard", |image| image.holds[1].id.0 |= 4 << 112, is_misplaced),
    ("a hold of tomorrow", |image| image.holds[1].id.0 |= 99 << 64, is_misplaced),
    ("an allocation of tomorrow", |image| image.allocations[0].id.0 |= 99 << 64, is_misplaced),
    ("an ended hold of tomorrow", |image| image.ended_holds[0].id.0 |= 99 << 64, is_misplaced),
    ("an event of tomorrow", |image| image.events[0].created_at.0 += 99, is_misplaced),
    (
        "another chart",
        |image| image.events[0].chart.0[0] = 8,
        |error| matches!(error, ImageError::ChartUnknown { event_id: EVENT, .. }),
    ),
    ("a hold of no event", |image| image.holds[0].event_id.0 = 2, is_of_no_event),
    ("an ended hold of no event", |image| image.ended_holds[0].event_id.0 = 2, is_of_no_event),
    ("a fact of no event", |image| edit(image, |all| all[3].event_id.0 = 2), is_of_no_event),
    ("a seat of two holds", |image| image.holds[1].spots.seats[0].seat.0 = 0, is_of_seats),
    ("a seat of a hold and a sale", |image| image.holds[1].spots.seats[0].seat.0 = 2, is_of_seats),
    ("a seat held and blocked", |image| image.holds[1].spots.seats[0].seat.0 = 5, is_of_seats),
    ("a seat that is not there", |image| image.holds[1].spots.seats[0].seat.0 = 8, is_of_seats),
    ("a blocked seat too many", |image| image.events[0].blocked_seats[0].1 = 4, is_of_seats),
    (
        "blocked seats without end",
        |image| image.events[0].blocked_seats[0].1 = u32::MAX,
        |error| is_of_seats(error),
    ),
    ("no blocked seat", |image| image.events[0].blocked_seats[0].1 = 0, is_of_seats),
    (
        "runs that touch",
        |image| image.events[0].blocked_seats = vec![(SeatIndex(5), 2), (SeatIndex(7), 1)],
        |error| is_of_seats(error),
    ),
    (
        "runs that overlap",
        |image| image.events[0].blocked_seats.push((SeatIndex(7), 1)),
        |error| is_of_seats(error),
    ),
    ("no such area", |image| image.holds[0].spots.areas[0].area.0 = 2, is_of_areas),
    ("too many places", |image| image.holds[0].spots.areas[0].count = 6, is_of_areas),
    ("no places", |image| image.holds[0].spots.areas[0].count = 0, is_of_areas),
    (
        "places twice",
        |image| image.holds[0].spots.areas = spots(&[], 1).areas.repeat(2),
        |error| is_of_areas(error),
    ),
    (
        "all places blocked",
        |image| image.events[0].blocked_places = vec![(AreaIndex(0), 5)],
        |error| is_of_areas(error),
    ),
    (
        "blocked places in no order",
        |image| {
            image.events[0].blocked_places = vec![(AreaIndex(1), 1), (AreaIndex(1), 1)];
        },
        is_of_areas,
    ),
    (
        "no such ticket type",
        |image| {
            image.holds[0].spots.seats[0].ticket_type = Some(TicketTypeIndex(1));
        },
        is_of_types,
    ),
    ("more than the quota", |image| image.events[0].ticket_types[0].quota = Some(9), is_of_types),
    (
        "a hold of nothing",
        |image| image.holds[0].spots = Spots::default(),
        |error| matches!(error, ImageError::Empty { .. }),
    ),
    ("a hold left out", |image| drop(image.holds.pop()), is_of_digest),
    ("another deadline", |image| image.holds[0].deadline.0 += 1, is_of_digest),
    ("another seat", |image| image.holds[0].spots.seats[0].seat.0 = 4, is_of_digest),
    ("another ending", |image| image.ended_holds[0].ending = Ending::Expired, is_of_digest),
    ("another time", |image| image.last_at.0 += 1, is_of_digest),
    ("another shard of nothing", |image| image.digest.0 ^= 1, is_of_digest),
    (
        "an event that was closed",
        |image| image.events[0].closed_at = Some(Timestamp(1)),
        |error| is_of_digest(error),
    ),
    (
        "blocked places",
        |image| image.events[0].blocked_places = vec![(AreaIndex(1), 1)],
        |error| is_of_digest(error),
    ),
];

#[test]
fn what_contradicts_itself_is_refused_by_its_name() {
    for (name, damage, is_expected) in DAMAGES {
        let mut image = state().image();
        damage(&mut image);
        match restore(image) {
            Ok(_) => panic!("{name} was restored"),
            Err(error) => assert!(is_expected(&error), "{name}: {error}"),
        }
    }
}

#[test]
fn a_repeat_and_a_late_payer_are_told_the_same_as_before() {
    let before = state();
    let restored = restore(before.image()).unwrap();
    let hold_id: HoldId = before.image().ended_holds[0].id;
    let sold = Allocate { hold_id, buyer_id: buyer(), part: Part::Whole };
    let verbs =
        [Verb::Allocate(sold), Verb::Block(Block { event_id: EVENT, spots: spots(&[4], 1) })];
    for (number, verb) in (0..8_u128).flat_map(|number| verbs.clone().map(|verb| (number, verb))) {
        // Ids that were used, and new ones.
        let bits = (1_700_000_000_000 + number) << 80 | 7 << 76 | 0b10 << 62;
        let command = Command { request_id: RequestId::new(bits).unwrap(), verb };
        let now = Timestamp(1_700_000_000_100);
        assert_eq!(restored.decide(now, &command), before.decide(now, &command), "{command:?}");
    }
}

/// Changes the facts that are remembered.
fn edit(image: &mut ShardImage, change: impl FnOnce(&mut Vec<Fact>)) {
    let mut facts: Vec<Fact> = image.requests.iter().map(EncodedFact::decode).collect();
    change(&mut facts);
    image.requests = facts.iter().collect();
}

fn is_out_of_order(error: &ImageError) -> bool {
    matches!(error, ImageError::OutOfOrder { .. })
}

fn is_misplaced(error: &ImageError) -> bool {
    matches!(error, ImageError::Misplaced { .. })
}

fn is_of_no_event(error: &ImageError) -> bool {
    matches!(error, ImageError::EventUnknown(EventId(2)))
}

fn is_of_seats(error: &ImageError) -> bool {
    matches!(error, ImageError::SeatImpossible { .. })
}

fn is_of_areas(error: &ImageError) -> bool {
    matches!(error, ImageError::AreaImpossible { .. })
}

fn is_of_types(error: &ImageError) -> bool {
    matches!(error, ImageError::TicketTypeImpossible { .. })
}

fn is_of_digest(error: &ImageError) -> bool {
    matches!(error, ImageError::DigestDiffers { .. })
}
