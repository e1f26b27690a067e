//! Damage of every kind is planted, and has to be found.

use super::*;
use crate::state::tests::{EVENT, state};

/// Plants damage and expects a violation that names it.
fn find(damage: impl FnOnce(&mut ShardState), evidence: &str) {
    let mut state = state();
    let before = state.verify_event(EVENT).unwrap();
    assert_eq!(before.violations, Vec::<String>::new());
    assert_eq!((before.live_holds, before.live_allocations), (1, 1));
    assert_eq!(before.counts, Counts([3, 2, 1, 0]));
    damage(&mut state);
    let violations = state.verify_event(EVENT).unwrap().violations;
    assert!(violations.iter().any(|found| found.contains(evidence)), "{violations:#?}");
}

fn the_hold(state: &mut ShardState) -> &mut crate::state::Hold {
    state.holds.values_mut().next().unwrap()
}

#[test]
fn a_seat_held_by_nobody_is_found() {
    let held = SeatState::Held(Lsn(99));
    find(
        |state| {
            let event = state.events.get_mut(&EVENT).unwrap();
            event.move_seats(&[SeatIndex(4)], SeatState::Available, held, &mut state.digest);
        },
        "seat 4 is Held(Lsn(99)), its owner is None",
    );
}

#[test]
fn a_seat_sold_twice_is_found() {
    let sell_again = |state: &mut ShardState| the_hold(state).seats.push(SeatIndex(2));
    find(sell_again, "seat 2 belongs to");
    find(sell_again, "the digest kept is not the digest of the state");
}

#[test]
fn a_seat_that_a_hold_lost_is_found() {
    find(|state| the_hold(state).seats.truncate(1), "seat 1 is Held(Lsn(3)), its owner is None");
}

#[test]
fn a_seat_that_the_event_does_not_have_is_found() {
    find(|state| the_hold(state).seats.push(SeatIndex(6)), "has seat 6, which the event does not");
}

#[test]
fn a_buyer_counted_wrong_is_found() {
    let miscount = |state: &mut ShardState| {
        let ann = BuyerId::new("ann").unwrap();
        state.events.get_mut(&EVENT).unwrap().add_buyer_seats(&ann, 1);
    };
    find(miscount, "buyer ann is said to have 4 seats, not 3");
    let invent = |state: &mut ShardState| {
        let bob = BuyerId::new("bob").unwrap();
        state.events.get_mut(&EVENT).unwrap().add_buyer_seats(&bob, 1);
    };
    find(invent, "2 buyers are said to have seats, not 1");
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
