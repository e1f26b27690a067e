//! Facts that cannot have happened are refused, each for its own reason, and change nothing. A
//! checker that believes everything would pass every walk.

mod holds;
mod sale;
mod spots;

use inventory_core::fact::{RequestMark, SeatStatus};
use inventory_core::ids::{CategoryIndex, ChartHash, EventId, Lsn, SeatIndex};
use inventory_core::limits::REQUEST_AHEAD_MILLIS_MAX;
use inventory_core::rules::EventRules;
use inventory_core::spots::AreaPlaces;
use inventory_core::state::Memory;
use inventory_core::ticket_type::TicketType;

use super::*;
use crate::testing::*;

#[test]
fn a_sale_as_it_should_be_is_believed() {
    let mut story = Story::new();
    let first = story.place("ann", seats(&[1, 2]));
    story.at += 10;
    let sale = story.sell(first, "ann", seats(&[1]));
    story.done(released(first, seats(&[2])));
    let second = story.place("ann", seats(&[2, 3]));
    story.at += 60;
    story.done(extended(second, story.at + TTL));
    story.done(Change::EventClosed);
    story.done(blocked(places(5)));
    story.at += TTL;
    story.done(expired(second, seats(&[2, 3])));
    story.done(blocked(seats(&[2, 6, 7])));
    story.done(returned(sale, seats(&[1])));
    story.done(unblocked(places(2)));
    story.done(unblocked(seats(&[7, 6])));
    assert_eq!(story.model.seat(EVENT, SeatIndex(2)), Some(SeatStatus::Blocked));
    assert_eq!(story.model.compare(&story.state()), Ok(()));
}

#[test]
fn places_in_history_come_one_after_the_other() {
    let mut story = Story::new();
    let next = story.fact(Change::EventClosed);
    story.refused_fact("it is not the next", &Fact { lsn: Lsn(1), ..next.clone() });
    story.refused_fact("it is not the next", &Fact { lsn: Lsn(3), ..next.clone() });
    let early = Fact { at: Timestamp(999), ..next.clone() };
    story.refused_fact("it is before the one in front of it", &early);
    story.done(Change::EventClosed);
    story.refused_fact("it is not the next", &next);
}

#[test]
fn events_are_there_and_live_where_they_belong() {
    let story = Story::new();
    let next = story.fact(Change::EventClosed);
    let stranger = (2..).map(EventId).find(|event| event.shard() != EVENT.shard());
    let unborn = (2..).map(EventId).find(|event| event.shard() == EVENT.shard());
    let of = |event_id: Option<EventId>| Fact { event_id: event_id.unwrap(), ..next.clone() };
    story.refused_fact("its event lives on another shard", &of(stranger));
    story.refused_fact("there is no such event", &of(unborn));
    let expired = expired(nobodys_hold(), seats(&[1]));
    let of_unborn = Fact { event_id: unborn.unwrap(), ..story.fact(expired) };
    story.refused_fact("there is no such event", &of_unborn);
}

#[test]
fn a_request_is_done_once() {
    let mut story = Story::new();
    let hold = story.place("ann", seats(&[1]));
    let done = story.facts[1].request;
    let again = Fact { request: done, ..story.fact(Change::EventClosed) };
    story.refused_fact("its request was done before", &again);
    let nobodys = Fact { request: None, ..story.fact(Change::EventClosed) };
    story.refused_fact("nobody asked for it", &nobodys);
    story.at += TTL;
    let asked = Fact {
        request: Some(RequestMark { id: story.request_id(), fingerprint: 1 }),
        ..story.fact(expired(hold, seats(&[1])))
    };
    story.refused_fact("nobody asks for an expiry", &asked);
    let ahead = request_id(7, story.at + REQUEST_AHEAD_MILLIS_MAX + 1, 1);
    let request = Some(RequestMark { id: ahead, fingerprint: 1 });
    let ahead = Fact { request, ..story.fact(Change::EventClosed) };
    story.refused_fact("its request comes from the future", &ahead);
}

#[test]
fn a_request_that_was_forgotten_is_not_done_again() {
    let memory = Memory { requests_max: 1, ..Memory::default() };
    let mut story = Story::remembering(memory, rules(), Vec::new());
    story.place("ann", seats(&[1]));
    let again = Fact { request: story.facts[0].request, ..story.fact(Change::EventClosed) };
    story.refused_fact("its request may have been done before", &again);
}

#[test]
fn an_event_is_created_once_on_a_known_chart() {
    let story = Story::new();
    story.refused("the event is there already", created(rules(), Vec::new()));
    let unborn = (2..).map(EventId).find(|event| event.shard() == EVENT.shard());
    let create = |change| Fact { event_id: unborn.unwrap(), ..story.fact(change) };
    assert_eq!(story.model.clone().apply(&create(created(rules(), Vec::new()))), Ok(()));
    let (name, rules) = ("show".into(), rules());
    let (chart, ticket_types) = (ChartHash([9; 32]), Vec::new());
    let unknown = Change::EventCreated { name, chart, rules, ticket_types };
    story.refused_fact("its chart is not known", &create(unknown));
}

#[test]
fn an_event_has_rules_by_which_it_can_be_sold() {
    let story = Story::new();
    let unborn = (2..).map(EventId).find(|event| event.shard() == EVENT.shard());
    let refused = |change| {
        let fact = Fact { event_id: unborn.unwrap(), ..story.fact(change) };
        story.refused_fact("no event can be sold by these rules", &fact);
    };
    let usual = rules();
    let never = (Some(Timestamp(5)), Some(Timestamp(5)));
    for rules in [
        EventRules { hold_ttl_millis: 99, ..usual },
        EventRules { hold_ttl_millis: 24 * 60 * 60 * 1_000 + 1, ..usual },
        EventRules { buyer_seats_max: Some(0), ..usual },
        EventRules { sale_opens_at: never.0, sale_closes_at: never.1, ..usual },
    ] {
        refused(created(rules, Vec::new()));
    }
    let adult = ticket_type("adult");
    let categories = |numbers: &[u32]| numbers.iter().copied().map(CategoryIndex).collect();
    for ticket_types in [
        vec![ticket_type("")],
        vec![ticket_type(&"x".repeat(65))],
        vec![adult.clone(), adult.clone()],
        vec![TicketType { quota: Some(0), ..adult.clone() }],
        vec![TicketType { categories: categories(&[2]), ..adult.clone() }],
        vec![TicketType { categories: categories(&[1, 1]), ..adult.clone() }],
        vec![TicketType { sale_opens_at: never.0, sale_closes_at: never.1, ..adult.clone() }],
        (0..65).map(|number| ticket_type(&number.to_string())).collect(),
    ] {
        refused(created(usual, ticket_types));
    }
    let (name, chart, ticket_types) = ("x".repeat(256).into(), CHART, Vec::new());
    refused(Change::EventCreated { name, chart, rules: usual, ticket_types });
}

#[test]
fn an_event_is_closed_once() {
    let mut story = Story::new();
    story.done(Change::EventClosed);
    story.refused("it was closed before", Change::EventClosed);
}
