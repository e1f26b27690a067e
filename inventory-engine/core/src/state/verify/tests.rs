//! Damage of every kind is planted, and has to be found.

use super::*;
use crate::ids::AreaIndex;
use crate::spots::{AreaPlaces, SeatSpot};
use crate::state::tests::{EVENT, spots, state};
use crate::time::Timestamp;

/// Plants damage and expects a violation that names it.
fn find(damage: impl FnOnce(&mut ShardState), evidence: &str) {
    let mut state = state();
    let before = state.verify_event(EVENT).unwrap();
    assert_eq!(before.violations, Vec::<String>::new());
    assert_eq!((before.live_holds, before.live_allocations), (1, 1));
    assert_eq!(before.counts, Counts([3, 4, 1, 0]));
    assert_eq!(before.areas, [Counts([6, 3, 1, 0])]);
    assert_eq!(before.ticket_types, [Counts([12, 5, 1, 0]), Counts([2, 2, 1, 0])]);
    damage(&mut state);
    let violations = state.verify_event(EVENT).unwrap().violations;
    assert!(violations.iter().any(|found| found.contains(evidence)), "{violations:#?}");
}

fn the_hold(state: &mut ShardState) -> &mut crate::state::Hold {
    state.holds.values_mut().next().unwrap()
}

fn the_allocation(state: &mut ShardState) -> &mut crate::state::Allocation {
    state.allocations.values_mut().next().unwrap()
}

fn seat(seat: u32) -> SeatSpot {
    SeatSpot { seat: SeatIndex(seat), ticket_type: Some(TicketTypeIndex(0)) }
}

/// Moves spots in the event and in the digest, and nowhere else.
fn smuggle(state: &mut ShardState, spots: &Spots, from: SeatState, to: SeatState) {
    let event = state.events.get_mut(&EVENT).unwrap();
    event.move_spots(spots, from, to, &mut state.digest);
}

const HELD_BY_NOBODY: SeatState = SeatState::Held(Lsn(99));

#[test]
fn a_seat_held_by_nobody_is_found() {
    find(
        |state| smuggle(state, &spots(&[(4, 0)], &[]), SeatState::Available, HELD_BY_NOBODY),
        "seat 4 is Held(Lsn(99)), its owner is None",
    );
}

#[test]
fn a_seat_sold_twice_is_found() {
    let sell_again = |state: &mut ShardState| the_hold(state).spots.seats.push(seat(2));
    find(sell_again, "seat 2 belongs to");
    find(sell_again, "the digest kept is not the digest of the state");
}

#[test]
fn a_seat_that_a_hold_lost_is_found() {
    let lose = |state: &mut ShardState| {
        the_hold(state).spots.seats.remove(1);
    };
    find(lose, "seat 1 is Held(Lsn(3)), its owner is None");
}

#[test]
fn a_seat_that_the_event_does_not_have_is_found() {
    let invent = |state: &mut ShardState| the_hold(state).spots.seats.push(seat(8));
    find(invent, "has seat 8, which the event does not");
}

#[test]
fn places_held_by_nobody_are_found() {
    let smuggled = |state: &mut ShardState| {
        smuggle(state, &spots(&[], &[(2, 0)]), SeatState::Available, HELD_BY_NOBODY);
    };
    find(smuggled, r#"area "lawn" is said to have Counts([4, 5, 1, 0]) of 10, not [0, 3, 1, 0]"#);
    find(smuggled, r#"ticket type "adult" is said to have Counts([10, 7, 1, 0]) of 18"#);
}

#[test]
fn places_sold_twice_are_found() {
    let sell_again = |state: &mut ShardState| the_allocation(state).spots.areas[0].count += 1;
    find(sell_again, r#"area "lawn" is said to have Counts([6, 3, 1, 0]) of 10, not [0, 3, 2, 0]"#);
    find(sell_again, r#"ticket type "child" is said to have Counts([2, 2, 1, 0]) of 5"#);
    find(sell_again, "buyer ann is said to have 9 spots, not 10");
    find(sell_again, "the digest kept is not the digest of the state");
}

#[test]
fn more_places_than_there_could_ever_be_are_found() {
    // As many as a number can say, twice: the report must not run over.
    let absurd = |state: &mut ShardState| {
        for places in &mut the_hold(state).spots.areas {
            places.count = u32::MAX;
        }
        the_allocation(state).spots.areas[0].count = u32::MAX;
    };
    find(absurd, r#"area "lawn" is said to have Counts([6, 3, 1, 0]) of 10, not"#);
    find(absurd, r#"ticket type "child" is said to have Counts([2, 2, 1, 0]) of 5, not"#);
    find(absurd, "buyer ann is said to have 9 spots, not 4294967295");
}

#[test]
fn places_in_no_area_of_the_event_are_found() {
    let invent = |state: &mut ShardState| {
        let places = AreaPlaces { area: AreaIndex(1), ticket_type: None, count: 1 };
        the_hold(state).spots.areas.push(places);
    };
    find(invent, "has places in no area of the event");
}

#[test]
fn blocked_places_that_are_too_many_are_found() {
    // Of ten places four are had; what is said to be blocked beside them has to fit.
    let smuggled = |state: &mut ShardState| {
        let places = AreaPlaces { area: AreaIndex(0), ticket_type: None, count: 3 };
        let spots = Spots { areas: vec![places], ..Spots::default() };
        smuggle(state, &spots, HELD_BY_NOBODY, SeatState::Blocked);
    };
    find(smuggled, r#"area "lawn" is said to have Counts([6, 0, 1, 3]) of 10, not [0, 3, 1, 0]"#);
}

#[test]
fn a_spot_sold_as_another_ticket_type_is_found() {
    let swap_type = |state: &mut ShardState| {
        the_hold(state).spots.seats[0].ticket_type = Some(TicketTypeIndex(1));
    };
    find(swap_type, r#"ticket type "adult" is said to have Counts([12, 5, 1, 0]) of 18"#);
    find(swap_type, r#"ticket type "child" is said to have Counts([2, 2, 1, 0]) of 5"#);
    find(swap_type, "the digest kept is not the digest of the state");
}

#[test]
fn spots_that_swapped_their_ticket_types_are_found() {
    // Every count is right; only the digest tells.
    let swap = |state: &mut ShardState| {
        let seats = &mut the_hold(state).spots.seats;
        (seats[0].ticket_type, seats[1].ticket_type) = (seats[1].ticket_type, seats[0].ticket_type);
    };
    find(swap, "the digest kept is not the digest of the state");
}

#[test]
fn a_ticket_type_that_the_event_does_not_have_is_found() {
    let invent = |state: &mut ShardState| {
        the_hold(state).spots.seats[0].ticket_type = Some(TicketTypeIndex(2));
    };
    find(invent, "has no ticket type of the event");
}

#[test]
fn a_ticket_type_sold_beyond_its_quota_is_found() {
    let oversell = |state: &mut ShardState| the_hold(state).spots.areas[1].count += 3;
    find(oversell, r#"ticket type "child" is said to have Counts([2, 2, 1, 0]) of 5, not"#);
}

#[test]
fn a_whole_table_that_was_taken_apart_is_found() {
    find(
        |state| {
            let lsn = the_hold(state).id.lsn();
            smuggle(state, &spots(&[(7, 0)], &[]), SeatState::Held(lsn), SeatState::Available);
        },
        r#"table "T" was taken apart"#,
    );
}

#[test]
fn an_event_closed_by_no_fact_is_found() {
    find(
        |state| state.events.get_mut(&EVENT).unwrap().closed_at = Some(Timestamp(1)),
        "the digest kept is not the digest of the state",
    );
}

#[test]
fn a_buyer_counted_wrong_is_found() {
    let miscount = |state: &mut ShardState| {
        let ann = BuyerId::new("ann").unwrap();
        state.events.get_mut(&EVENT).unwrap().add_buyer_spots(&ann, 1);
    };
    find(miscount, "buyer ann is said to have 10 spots, not 9");
    let invent = |state: &mut ShardState| {
        let bob = BuyerId::new("bob").unwrap();
        state.events.get_mut(&EVENT).unwrap().add_buyer_spots(&bob, 1);
    };
    find(invent, "2 buyers are said to have spots, not 1");
}

#[test]
fn a_hold_that_would_never_expire_is_found() {
    find(|state| state.deadlines.clear(), "is not waiting for its deadline");
    find(|state| state.deadlines.clear(), "0 deadlines wait for 1 holds");
}

#[test]
fn a_digest_of_another_state_is_found() {
    let forge = |state: &mut ShardState| state.digest = state.digest.plus(Digest(1));
    find(forge, "the digest kept is not the digest of the state");
}

#[test]
fn an_event_that_is_not_there_cannot_be_verified() {
    assert_eq!(state().verify_event(EventId(2)), None);
}
