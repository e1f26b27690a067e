//! A model that is told one thing differently is not the same as the state machine any more,
//! whatever that thing is.

use inventory_core::fact::{Fact, RequestMark};
use inventory_core::ids::{ChartHash, Lsn, ShardId};
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::state::Ending;
use inventory_core::time::Timestamp;

use super::*;
use crate::requests::Requests;
use crate::testing::*;

/// A sale with something of everything: what is held, sold, ended, blocked.
fn story() -> Story {
    let mut story = Story::with(rules(), vec![ticket_type("adult")]);
    let both = |spots: Spots| Spots { areas: vec![line(0, Some(0), 1)], ..typed(spots, 0) };
    story.place("ann", both(seats(&[0, 1])));
    let sold = story.place("bob", both(seats(&[2])));
    story.sell(sold, "bob", both(seats(&[2])));
    let over = story.place("eve", typed(seats(&[3]), 0));
    story.done(released(over, typed(seats(&[3]), 0)));
    story.done(blocked(Spots { areas: vec![line(0, None, 1)], ..seats(&[4, 5]) }));
    story
}

#[track_caller]
fn check(expected: &str, change: impl FnOnce(&mut Model)) {
    let mut story = story();
    assert_eq!(story.model.compare(&story.state()), Ok(()));
    change(&mut story.model);
    let said = story.model.compare(&story.state()).expect_err(expected);
    assert!(said.starts_with(expected), "{said:?} is not about {expected:?}");
}

#[test]
fn a_shards_own_history_is_compared() {
    check("the shard", |model| model.shard = ShardId(0));
    check("the last LSN", |model| model.last_lsn = Lsn(3));
    check("the time of the last fact", |model| model.last_at = Timestamp(3));
    check("the ended holds", |model| drop(model.ended_holds.remove(0)));
    check("the ended holds", |model| model.ended_holds[1].ending = Ending::Expired);
    check("the ended holds", |model| model.ended_holds.swap(0, 1));
}

/// The requests of the story, each fact told a bit differently.
fn requests(model: &Model, change: impl Fn(&mut Fact)) -> Requests {
    let mut requests = Requests::default();
    for mut fact in story().facts {
        change(&mut fact);
        requests.remember(&fact, model.memory);
    }
    requests
}

#[test]
fn remembered_requests_are_compared() {
    check("the newest forgotten request", |model| model.requests.newest_forgotten = 1);
    check("how many requests", |model| {
        let request = Some(RequestMark { id: request_id(8, 1, 1), fingerprint: 1 });
        let fact = Fact { request, ..story().facts[0].clone() };
        model.requests.remember(&fact, model.memory);
    });
    check("what came of a request", |model| {
        model.requests = requests(model, |fact| fact.at = Timestamp(fact.at.0 - 1));
    });
    check("a request", |model| {
        model.requests = requests(model, |fact| {
            fact.request.iter_mut().for_each(|request| request.fingerprint += 1);
        });
    });
}

#[test]
fn events_are_compared() {
    check("the events", |model| drop(model.events.remove(0)));
    check("the events", |model| model.events[0].name.push('!'));
    check("the events", |model| model.events[0].chart_hash = ChartHash([3; 32]));
    check("the events", |model| {
        model.events[0].rules = EventRules { extensions_max: 7, ..rules() };
    });
    check("the events", |model| model.events[0].ticket_types.push(ticket_type("child")));
    check("the events", |model| model.events[0].created_at = Timestamp(1));
    check("the events", |model| model.events[0].closed_at = Some(Timestamp(1)));
    check("the events", |model| model.events[0].blocked_seats.truncate(1));
    check("the events", |model| model.events[0].blocked_places.clear());
}

#[test]
fn holds_are_compared() {
    check("the live holds", |model| model.events[0].holds.clear());
    check("the live holds", |model| model.events[0].holds[0].deadline = Timestamp(1));
    check("the live holds", |model| model.events[0].holds[0].extensions = 1);
    check("the live holds", |model| model.events[0].holds[0].buyer_id = buyer_id("eve"));
    check("the live holds", |model| model.events[0].holds[0].spots.seats.swap(0, 1));
    check("the live holds", |model| model.events[0].holds[0].spots.areas[0].count = 2);
}

#[test]
fn sales_are_compared() {
    check("the allocations", |model| model.events[0].sales.clear());
    check("the allocations", |model| model.events[0].sales[0].hold_id = nobodys_hold());
    check("the allocations", |model| model.events[0].sales[0].buyer_id = buyer_id("eve"));
    check("the allocations", |model| model.events[0].sales[0].spots.seats.clear());
    check("the allocations", |model| model.events[0].sales[0].allocated_at = Timestamp(1));
}

/// What is derived follows from what is stored, so it is told differently by itself.
#[track_caller]
fn check_derived(expected: &str, change: impl FnOnce(&mut Model)) {
    let mut story = story();
    change(&mut story.model);
    let (state, event) = (story.state(), &story.model.events[0]);
    let of_state = state.event(EVENT).expect("it was created");
    let compared = story.model.compare_event(event, of_state);
    let said = compared.and_then(|()| story.model.compare_holds(&state)).expect_err(expected);
    assert!(said.contains(expected), "{said:?} is not about {expected:?}");
}

#[test]
fn what_is_derived_is_compared() {
    check_derived("seat 0", |model| model.events[0].holds[0].spots.seats.clear());
    check_derived("seat 2", |model| model.events[0].sales[0].spots.seats.clear());
    check_derived("seat 4", |model| model.events[0].blocked_seats.clear());
    check_derived("seat 3", |model| model.events[0].blocked_seats.push(SeatIndex(3)));
    check_derived("the areas", |model| model.events[0].blocked_places.clear());
    check_derived("the ticket types", |model| {
        model.events[0].holds[0].spots.seats[0].ticket_type = None;
    });
    check_derived("the spots of ann", |model| {
        model.events[0].holds[0].buyer_id = buyer_id("eve");
        model.ended_holds[0].buyer_id = buyer_id("ann");
    });
    check_derived("the earliest deadline", |model| {
        model.events[0].holds[0].deadline = Timestamp(1);
    });
    check_derived("the order of the deadlines", |model| {
        model.events[0].holds[0].extensions = 1;
    });
    check_derived("has ended, and", |model| model.ended_holds[0].id = nobodys_hold());
    check_derived("an ended hold", |model| model.ended_holds[0].at = Timestamp(1));
}
