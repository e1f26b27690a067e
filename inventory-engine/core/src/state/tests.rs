//! A state for damage to be planted in, and histories that do not follow from it.

use super::*;
use crate::chart::{ChartParts, Point, Row, Seat};
use crate::command::{Allocate, CreateEvent, Part, Place, Selection};
use crate::ids::{BuyerId, RequestId, SeatIndex};
use crate::rules::EventRules;

pub(super) const EVENT: EventId = EventId(1);

fn chart() -> Arc<Chart> {
    let seats = (0..6).map(|number| Seat {
        label: format!("A-{number}"),
        section: None,
        category: None,
        position: Point { x: f64::from(number), y: 0.0 },
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    });
    let row = Row { label: "A".to_owned(), section: None, seats: (0..6).map(SeatIndex).collect() };
    let name = "one row".to_owned();
    let parts = ChartParts { name, rows: vec![row], seats: seats.collect(), ..Default::default() };
    Arc::new(Chart::new(parts).unwrap())
}

fn accept(state: &mut ShardState, verb: Verb) {
    let number = u128::from(state.last_lsn().0 + 1);
    let request_id = RequestId::new(7 << 76 | 0b10 << 62 | number).unwrap();
    match state.decide(Timestamp(1), &Command { request_id, verb }).unwrap() {
        Decision::New(fact) => state.apply(Arc::new(fact)),
        Decision::Repeat(fact) => panic!("{fact:?} happened before"),
    }
}

/// An event with a hold of the seats 0 and 1 and an allocation of the seat 2.
pub(super) fn state() -> ShardState {
    let mut state = ShardState::new(ShardId(0));
    let buyer_id = BuyerId::new("ann").unwrap();
    let hash = ChartHash([1; 32]);
    state.register_chart(hash, chart());
    let (event_id, rules) = (EVENT, EventRules::default());
    let create = CreateEvent { event_id, name: "show".into(), chart: hash, rules };
    accept(&mut state, Verb::CreateEvent(create));
    for seats in [vec![SeatIndex(2)], vec![SeatIndex(0), SeatIndex(1)]] {
        let (buyer_id, selection) = (buyer_id.clone(), Selection::Seats(seats));
        accept(&mut state, Verb::Place(Place { event_id, buyer_id, selection }));
    }
    let first = state.holds.values().find(|hold| hold.seats == [SeatIndex(2)]);
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
    state.apply(Arc::new(fact));
}

fn block(seat: u32) -> Change {
    Change::SpotsBlocked { seats: vec![SeatIndex(seat)] }
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
#[should_panic(expected = "an event that was created before")]
fn a_fact_about_an_event_that_is_not_there_is_not_applied() {
    let hold_id = state().holds.values().next().map(|hold| hold.id).unwrap();
    let change = Change::HoldExtended { hold_id, deadline: Timestamp(2) };
    apply_spoiled(change, |fact| fact.event_id = EventId(2));
}

#[test]
#[should_panic(expected = "a hold is named by its fact")]
fn a_hold_named_by_another_fact_is_not_applied() {
    let buyer_id = BuyerId::new("bob").unwrap();
    let hold_id = state().holds.values().next().map(|hold| hold.id).unwrap();
    let (seats, deadline) = (vec![SeatIndex(5)], Timestamp(9));
    apply_spoiled(Change::HoldPlaced { hold_id, buyer_id, seats, deadline }, |_| ());
}

#[test]
#[should_panic(expected = "the hold had the fact's seats")]
fn seats_do_not_leave_a_hold_that_never_had_them() {
    let hold_id = state().holds.values().next().map(|hold| hold.id).unwrap();
    apply_spoiled(Change::HoldReleased { hold_id, seats: vec![SeatIndex(5)] }, |_| ());
}

#[test]
#[should_panic(expected = "a request makes one fact")]
fn a_request_that_was_done_is_not_done_again() {
    let request = state().requests.facts().next().and_then(|fact| fact.request);
    apply_spoiled(block(5), |fact| fact.request = request);
}

#[test]
fn the_digest_of_a_history_never_changes() {
    // Digests are stored: another number here means that older data is taken for damaged.
    assert_eq!(ShardState::new(ShardId(0)).digest(), Digest(0));
    assert_eq!(state().digest(), Digest(0x289c2263b4abc8dbc0a764139f0f3be9));
}
