//! A state for damage to be planted in, and histories that do not follow from it.

mod replay;

use super::*;
use crate::chart::{Area, ChartParts, Point, Row, Seat, Table};
use crate::command::{Allocate, CreateEvent, Part, Place, Selection};
use crate::ids::{AreaIndex, BuyerId, RequestId, SeatIndex, TicketTypeIndex};
use crate::rules::EventRules;
use crate::spots::{AreaPlaces, SeatSpot, Spots};
use crate::ticket_type::TicketType;

pub(super) const EVENT: EventId = EventId(1);

/// A row of six seats, a table of two that is sold as a whole, and an area for ten.
fn chart() -> Arc<Chart> {
    let seats = (0..8).map(|number| Seat {
        label: format!("A-{number}"),
        section: None,
        category: None,
        position: Point { x: f64::from(number), y: 0.0 },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    });
    let label = |label: &str| label.to_owned();
    let row = Row { label: label("A"), section: None, seats: (0..6).map(SeatIndex).collect() };
    let seats_of_table = vec![SeatIndex(6), SeatIndex(7)];
    let table = Table { label: label("T"), section: None, seats: seats_of_table, book_whole: true };
    let area = Area { label: label("lawn"), section: None, category: None, capacity: 10 };
    let parts = ChartParts {
        name: label("one of each"),
        rows: vec![row],
        tables: vec![table],
        areas: vec![area],
        seats: seats.collect(),
        ..Default::default()
    };
    Arc::new(Chart::new(parts).unwrap())
}

fn ticket_type(key: &str, quota: Option<u32>) -> TicketType {
    let categories = Vec::new();
    TicketType { key: key.into(), quota, sale_opens_at: None, sale_closes_at: None, categories }
}

/// Seats and places of the area, each with its ticket type.
pub(super) fn spots(seats: &[(u32, u16)], places: &[(u32, u16)]) -> Spots {
    let seat = |&(seat, index): &(u32, u16)| {
        let ticket_type = Some(TicketTypeIndex(index));
        SeatSpot { seat: SeatIndex(seat), ticket_type }
    };
    let places = places.iter().map(|&(count, index)| {
        let ticket_type = Some(TicketTypeIndex(index));
        AreaPlaces { area: AreaIndex(0), ticket_type, count }
    });
    Spots { seats: seats.iter().map(seat).collect(), areas: places.collect() }
}

fn accept(state: &mut ShardState, verb: Verb) {
    let number = u128::from(state.last_lsn().0 + 1);
    let request_id = RequestId::new(7 << 76 | 0b10 << 62 | number).unwrap();
    match state.decide(Timestamp(1), &Command { request_id, verb }).unwrap() {
        Decision::New(fact) => state.apply(&fact),
        Decision::Repeat(fact) => panic!("{fact:?} happened before"),
    }
}

/// An event with two ticket types, the second with a quota of 5; an allocation of the seat 2 and
/// a place; and a hold of the seats 0 and 1, the table, and three places as either type.
pub(super) fn state() -> ShardState {
    let mut state = ShardState::new(ShardId(0));
    let buyer_id = BuyerId::new("ann").unwrap();
    let hash = ChartHash([1; 32]);
    state.register_chart(hash, chart());
    let (event_id, rules) = (EVENT, EventRules::default());
    let ticket_types = vec![ticket_type("adult", None), ticket_type("child", Some(5))];
    let create = CreateEvent { event_id, name: "show".into(), chart: hash, rules, ticket_types };
    accept(&mut state, Verb::CreateEvent(create));
    let sold = spots(&[(2, 0)], &[(1, 1)]);
    let held = spots(&[(0, 0), (1, 1), (6, 0), (7, 0)], &[(2, 0), (1, 1)]);
    for spots in [&sold, &held] {
        let (buyer_id, selection) = (buyer_id.clone(), Selection::Spots(spots.clone()));
        accept(&mut state, Verb::Place(Place { event_id, buyer_id, selection }));
    }
    let first = state.holds.values().find(|hold| hold.spots == sold);
    let hold_id = first.unwrap().id;
    accept(&mut state, Verb::Allocate(Allocate { hold_id, buyer_id, part: Part::Whole }));
    state
}

/// Applies a fact that would be next, but for what `spoil` does to it.
fn apply_spoiled(change: Change, spoil: impl FnOnce(&mut Fact)) {
    let mut state = state();
    let (lsn, at) = (state.last_lsn().next(), state.last_at());
    let mut fact = Fact { lsn, at, event_id: EVENT, request: None, change };
    spoil(&mut fact);
    state.apply(&fact);
}

fn block(seat: u32) -> Change {
    Change::SpotsBlocked { spots: Spots::of_seats([SeatIndex(seat)]) }
}

fn the_hold() -> HoldId {
    state().holds.values().next().map(|hold| hold.id).unwrap()
}

#[test]
fn a_fact_that_follows_is_applied() {
    apply_spoiled(block(5), |_| ());
}

#[test]
#[should_panic(expected = "the LSN rises by one")]
fn a_fact_that_skips_one_is_not_applied() {
    apply_spoiled(block(5), |fact| fact.lsn = fact.lsn.next());
}

#[test]
#[should_panic(expected = "time never goes back")]
fn a_fact_of_an_earlier_time_is_not_applied() {
    apply_spoiled(block(5), |fact| fact.at = Timestamp(0));
}

#[test]
#[should_panic(expected = "is as the fact found it")]
fn a_fact_about_seats_in_another_state_is_not_applied() {
    apply_spoiled(block(0), |_| ());
}

#[test]
#[should_panic(expected = "no more leave a state than are in it")]
fn a_fact_about_more_places_than_there_are_is_not_applied() {
    let too_many = AreaPlaces { area: AreaIndex(0), ticket_type: None, count: 7 };
    let spots = Spots { areas: vec![too_many], ..Spots::default() };
    apply_spoiled(Change::SpotsBlocked { spots }, |_| ());
}

#[test]
#[should_panic(expected = "no more leave a state than are in it")]
fn a_fact_beyond_a_quota_is_not_applied() {
    let (buyer_id, spots) = (BuyerId::new("bob").unwrap(), spots(&[], &[(3, 1)]));
    let hold_id = HoldId::new(ShardId(0), state().last_lsn().next(), RequestId::new(UUID).unwrap());
    let deadline = Timestamp(9);
    apply_spoiled(Change::HoldPlaced { hold_id, buyer_id, spots, deadline }, |_| ());
}

const UUID: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0001;

#[test]
#[should_panic(expected = "an event that was created before")]
fn a_fact_about_an_event_that_is_not_there_is_not_applied() {
    let change = Change::HoldExtended { hold_id: the_hold(), deadline: Timestamp(2) };
    apply_spoiled(change, |fact| fact.event_id = EventId(2));
}

#[test]
#[should_panic(expected = "an event is closed once")]
fn an_event_that_is_closed_is_not_closed_again() {
    let mut state = state();
    for _ in 0..2 {
        let (lsn, at) = (state.last_lsn().next(), state.last_at());
        let change = Change::EventClosed;
        state.apply(&Fact { lsn, at, event_id: EVENT, request: None, change });
    }
}

#[test]
#[should_panic(expected = "a hold is named by its fact")]
fn a_hold_named_by_another_fact_is_not_applied() {
    let buyer_id = BuyerId::new("bob").unwrap();
    let (hold_id, spots, deadline) = (the_hold(), Spots::of_seats([SeatIndex(5)]), Timestamp(9));
    apply_spoiled(Change::HoldPlaced { hold_id, buyer_id, spots, deadline }, |_| ());
}

#[test]
#[should_panic(expected = "the hold had the fact's spots")]
fn seats_do_not_leave_a_hold_that_never_had_them() {
    let spots = Spots::of_seats([SeatIndex(5)]);
    apply_spoiled(Change::HoldReleased { hold_id: the_hold(), spots }, |_| ());
}

#[test]
#[should_panic(expected = "the hold had the fact's spots")]
fn places_do_not_leave_a_hold_as_another_ticket_type() {
    let spots = spots(&[], &[(2, 1)]);
    apply_spoiled(Change::HoldReleased { hold_id: the_hold(), spots }, |_| ());
}

#[test]
#[should_panic(expected = "the hold had the fact's spots")]
fn places_named_twice_do_not_leave_a_hold_that_has_them_once() {
    let spots = spots(&[], &[(1, 1), (1, 1)]);
    apply_spoiled(Change::HoldReleased { hold_id: the_hold(), spots }, |_| ());
}

#[test]
#[should_panic(expected = "a request makes one fact")]
fn a_request_that_was_done_is_not_done_again() {
    let request = state().requests.facts().next().and_then(|fact| fact.request());
    apply_spoiled(block(5), |fact| fact.request = request);
}

#[test]
fn what_an_event_is_sold_by_is_part_of_the_digest() {
    let digest = |name: &str, ticket_types: &[TicketType]| {
        let mut state = ShardState::new(ShardId(0));
        let chart = ChartHash([1; 32]);
        state.register_chart(chart, self::chart());
        let (rules, ticket_types) = (EventRules::default(), ticket_types.to_vec());
        let change = Change::EventCreated { name: name.into(), chart, rules, ticket_types };
        let (lsn, at) = (Lsn(1), Timestamp(1));
        state.apply(&Fact { lsn, at, event_id: EVENT, request: None, change });
        state.digest()
    };
    let child = |change: fn(&mut TicketType)| {
        let mut ticket_type = ticket_type("child", None);
        change(&mut ticket_type);
        digest("show", &[ticket_type])
    };
    // A name of the very bytes that a ticket type with the key "a" and no limits adds.
    let mut forged = vec![1, 1, 0, 0, 0, 0, 0, 0, 0];
    forged.extend([[0; 9]; 3].concat());
    forged.extend([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    forged.extend(*b"a");
    let forged = String::from_utf8(forged).unwrap();
    let mut digests = vec![
        digest("show", &[]),
        digest("ashow", &[]),
        digest(&forged, &[]),
        digest("", &[ticket_type("a", None)]),
        digest("show", &[ticket_type("a", None), ticket_type("b", None)]),
        digest("show", &[ticket_type("b", None), ticket_type("a", None)]),
        digest("show", &[ticket_type("ab", None), ticket_type("", None)]),
        child(|_| ()),
        child(|child| child.quota = Some(0)),
        child(|child| child.sale_opens_at = Some(Timestamp(0))),
        child(|child| child.sale_closes_at = Some(Timestamp(0))),
        child(|child| child.categories = vec![crate::ids::CategoryIndex(0)]),
    ];
    let many = digests.len();
    digests.sort_unstable_by_key(|digest| digest.0);
    digests.dedup();
    assert_eq!(digests.len(), many);
}

#[test]
fn the_digest_of_a_history_never_changes() {
    // Digests are stored: another number here means that older data is taken for damaged.
    assert_eq!(ShardState::new(ShardId(0)).digest(), Digest(0));
    assert_eq!(state().digest(), Digest(0x2566e1234b1af883a0ad642afeac7c57));
}
