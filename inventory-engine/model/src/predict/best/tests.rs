//! What may be chosen, and what may not.

use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::command::{Command, Place, Selection, Verb};
use inventory_core::ids::CategoryIndex;
use inventory_core::spots::SeatSpots;
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use super::*;
use crate::predict::Prediction;
use crate::testing::*;

/// What is predicted of a wish for two seats, the first an adult's and the second a child's.
fn choice(story: &Story) -> Choice {
    let ticket_types = vec![(TicketTypeIndex(0), 1), (TicketTypeIndex(1), 1)];
    let wish = BestAvailable { quantity: 2, ticket_types, ..BestAvailable::default() };
    let selection = Selection::BestAvailable(wish);
    let place = Place { event_id: EVENT, buyer_id: buyer_id("bob"), selection };
    let command = Command { request_id: story.request_id(), verb: Verb::Place(place) };
    match story.model.predict(Timestamp(story.at), &command) {
        Ok(Prediction::Choice(choice)) => choice,
        other => panic!("the engine has to choose: {other:?}"),
    }
}

fn story() -> Story {
    let child = TicketType { categories: vec![CategoryIndex(0)], ..ticket_type("child") };
    let mut story = Story::with(rules(), vec![ticket_type("adult"), child]);
    story.place("ann", typed(seats(&[1]), 0));
    story
}

/// The seats as they are wished for.
fn chosen(wanted: &[u32]) -> SeatSpots {
    let mut spots = typed(seats(wanted), 1).seats;
    spots[0].ticket_type = Some(TicketTypeIndex(0));
    spots
}

fn with_seats(rest: &Fact, wanted: SeatSpots) -> Fact {
    let mut fact = rest.clone();
    if let Change::HoldPlaced { spots, .. } = &mut fact.change {
        spots.seats = wanted;
    }
    fact
}

#[test]
fn the_nearest_seats_next_to_each_other_are_right() {
    let mut story = story();
    let choice = choice(&story);
    let fact = with_seats(choice.rest(), chosen(&[2, 3]));
    assert_eq!(choice.check(&story.model, &fact), Ok(()));
    assert_eq!(fact.request.map(|request| request.id), Some(story.request_id()));
    story.done(fact.change);
}

#[test]
fn what_does_not_fit_or_is_farther_away_is_wrong() {
    let story = story();
    let choice = choice(&story);
    let check = |expected: &str, wanted: SeatSpots| {
        let fact = with_seats(choice.rest(), wanted);
        let said = choice.check(&story.model, &fact).expect_err(expected);
        assert!(said.contains(expected), "{said}");
    };
    check("is not nearest", chosen(&[3, 4]));
    // Held; apart; not one after the other; of a category that no child may have; in no row.
    for unfit in [[0, 1], [0, 2], [3, 2], [4, 5], [6, 7]] {
        check("does not fit", chosen(&unfit));
    }
    check("the seats are sold as", typed(seats(&[2, 3]), 0).seats);
    check("the seats are sold as", chosen(&[2]));
    check("the seats are sold as", seats(&[2, 3]).seats);
}

#[test]
fn whatever_else_the_fact_says_is_held_against_it() {
    let story = story();
    let choice = choice(&story);
    let right = with_seats(choice.rest(), chosen(&[2, 3]));
    let check = |fact: Fact| {
        let said = choice.check(&story.model, &fact).expect_err("it says something else");
        assert!(said.starts_with("but for its seats"), "{said}");
    };
    check(Fact { lsn: right.lsn.next(), ..right.clone() });
    check(Fact { at: Timestamp(1), ..right.clone() });
    check(Fact { request: None, ..right.clone() });
    let mut other = right.clone();
    if let Change::HoldPlaced { deadline, .. } = &mut other.change {
        *deadline = Timestamp(1);
    }
    check(other);
    let closed = Fact { change: Change::EventClosed, ..right };
    assert!(choice.check(&story.model, &closed).is_err_and(|why| why.ends_with("places no hold")));
}

#[test]
fn where_nothing_says_where_people_look_it_is_the_middle_of_the_front() {
    let mut story = story();
    let chart = story.model.charts[0].1.parts().clone();
    let parts = ChartParts { focal_point: None, ..chart };
    let chart = Arc::new(Chart::new(parts).expect("the chart is whole"));
    story.model.events[0].chart = chart;
    // Seats stand from 0 to 7: the middle of 3 and 4 is the middle of all.
    let choice = choice(&story);
    let near = with_seats(choice.rest(), chosen(&[3, 4]));
    assert_eq!(choice.check(&story.model, &near), Ok(()));
    let far = with_seats(choice.rest(), chosen(&[2, 3]));
    assert!(choice.check(&story.model, &far).is_err_and(|why| why.contains("is not nearest")));
}
