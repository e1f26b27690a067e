//! What an event asserts of itself, and what it keeps of questions: with damage that no fact and
//! no image could do.

use super::*;
use crate::chart::Chart;
use crate::fact::{Change, Fact};
use crate::ids::SeatIndex;
use crate::state::ShardState;
use crate::state::tests::{EVENT, spots, state};

fn damaged(damage: impl FnOnce(&mut EventState)) -> ShardState {
    let mut state = state();
    damage(state.events.get_mut(&EVENT).unwrap());
    state
}

/// Blocks a place, which looks at everything that has a capacity.
fn apply_the_next_fact(mut state: ShardState) {
    let (lsn, at) = (state.last_lsn().next(), state.last_at());
    let line = AreaPlaces { area: AreaIndex(0), ticket_type: None, count: 1 };
    let change = Change::SpotsBlocked { spots: Spots { areas: vec![line], ..Spots::default() } };
    state.apply(&Fact { lsn, at, event_id: EVENT, request: None, change });
}

#[test]
fn what_adds_up_is_taken() {
    apply_the_next_fact(state());
}

#[test]
#[should_panic(expected = "available + held + allocated + blocked = capacity of event 1")]
fn a_seat_too_many_is_noticed_by_the_next_fact() {
    apply_the_next_fact(damaged(|event| event.counts.0[0] += 1));
}

#[test]
#[should_panic(expected = "available + held + allocated + blocked = capacity of area 0")]
fn a_place_too_many_is_noticed_by_the_next_fact_about_its_area() {
    apply_the_next_fact(damaged(|event| event.area_counts[0].0[2] += 1));
}

#[test]
#[should_panic(expected = "available + held + allocated + blocked = capacity of ticket type 1")]
fn a_quota_that_grew_is_noticed_by_the_next_fact() {
    apply_the_next_fact(damaged(|event| event.ticket_type_counts[1].0[0] += 1));
}

#[test]
fn a_count_of_seats_that_is_wrong_is_found() {
    let moved = damaged(|event| event.counts.shift(SeatStatus::Held, SeatStatus::Blocked, 1));
    let violations = moved.verify_event(EVENT).unwrap().violations;
    let expected = ["1 seats are said to be blocked, not 0", "3 seats are said to be held, not 4"];
    assert_eq!(violations, expected);
}

#[test]
fn runs_that_were_kept_too_long_are_found() {
    let mut state = state();
    let event = state.events.get_mut(&EVENT).unwrap();
    // The seats 3, 4 and 5 are free, and then one of them is not.
    assert_eq!(event.longest_run(RowIndex(0)), 3);
    event.seats.replace(SeatIndex(4), SeatState::Blocked);
    event.counts.shift(SeatStatus::Available, SeatStatus::Blocked, 1);
    let violations = state.verify_event(EVENT).unwrap().violations;
    let is_told = violations.iter().any(|found| found.starts_with("row 0 is said to have"));
    assert!(is_told, "{violations:?}");
}

/// Where nobody asks for the best seats, no seat that moves costs a look at its row.
#[test]
fn nothing_is_known_of_rows_until_somebody_asks_and_once_a_seat_has_moved() {
    let mut state = state();
    let event = state.events.get_mut(&EVENT).unwrap();
    assert!(!event.measured_rows.has_any(), "nobody has asked");
    event.longest_run(RowIndex(0));
    event.longest_accessible_run(RowIndex(0));
    assert!(event.measured_rows.has_any());
    let (free, taken) = (SeatState::Available, SeatState::Blocked);
    for (from, to) in [(free, taken), (taken, free)] {
        event.move_spots(&spots(&[(4, 0)], &[]), from, to, &mut state.digest);
        assert!(!event.measured_rows.has_any(), "a seat of the only row has moved");
    }
}

#[test]
fn rows_are_forgotten_one_by_one() {
    let mut rows = MeasuredRows::new(2);
    let measured = |anyone| LongestRuns { anyone, ..LongestRuns::default() };
    for row in [0, 1] {
        assert_eq!(rows.get(RowIndex(row), || measured(row)), measured(row));
        assert_eq!(rows.get(RowIndex(row), || measured(9)), measured(row), "it is kept");
    }
    rows.forget(RowIndex(0));
    rows.forget(RowIndex(0));
    assert!(rows.has_any(), "the other is known");
    assert_eq!((rows.kept(RowIndex(0)), rows.kept(RowIndex(1))), (None, Some(measured(1))));
    rows.forget(RowIndex(1));
    assert!(!rows.has_any());
}

#[test]
fn an_event_is_as_large_as_its_chart() {
    let event = state();
    let event = event.event(EVENT).unwrap();
    let chart: &Chart = &event.chart;
    assert_eq!(event.counts().total(), chart.seat_count());
    assert_eq!(event.ticket_type_capacity(0), chart.seat_count() + chart.place_count());
    assert_eq!(event.ticket_type_capacity(1), 5);
}
