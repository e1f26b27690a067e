//! Records whose answers cannot all be true, and honest ones that only look odd.

use std::sync::Arc;

use super::*;
use crate::layout::{Area, Terms, TicketType};
use crate::request::{Best, Refusal, Request, Selection};
use crate::spots::Places;

/// Milliseconds after an arbitrary start, as the record's microseconds.
const START_MILLIS: u64 = 1_763_000_000_000;

fn entry(request: u128, verb: Verb, sent_millis: u64, answer: Answer) -> Entry {
    let sent_micros = (START_MILLIS + sent_millis) * 1_000;
    let request = Request { id: RequestId(request), buyer: "ann".into(), verb };
    Entry {
        request: Arc::new(request),
        intended_micros: sent_micros,
        sent_micros,
        received_micros: sent_micros + 2_000,
        answer,
    }
}

fn placed(request: u128, sent: u64, hold: u128, seats: &[u32], deadline: u64) -> Entry {
    let answer = Answer::Placed {
        hold_id: HoldId(hold),
        spots: Spots::of_seats(seats),
        deadline_millis: START_MILLIS + deadline,
        lsn: None,
    };
    entry(request, Verb::Place(Selection::Best(Best::of(seats.len() as u32))), sent, answer)
}

fn allocated(request: u128, sent: u64, hold: u128, allocation: u128, seats: &[u32]) -> Entry {
    let answer = Answer::Allocated {
        hold_id: HoldId(hold),
        allocation_id: AllocationId(allocation),
        spots: Spots::of_seats(seats),
        lsn: None,
    };
    entry(request, Verb::Allocate(HoldId(hold), None), sent, answer)
}

fn released(request: u128, sent: u64, hold: u128, seats: &[u32]) -> Entry {
    let answer =
        Answer::Released { hold_id: HoldId(hold), spots: Spots::of_seats(seats), lsn: None };
    entry(request, Verb::Release(HoldId(hold), None), sent, answer)
}

fn rejected(request: u128, verb: Verb, sent: u64) -> Entry {
    let answer = Answer::Rejected(Refusal::of("hold_expired"));
    entry(request, verb, sent, answer)
}

/// An area of ten places, and ticket types, the second with three tickets.
fn layout() -> Layout {
    let area = Area { capacity: 10, ..Area::default() };
    let of = |quota| TicketType { quota, ..TicketType::default() };
    let terms = Terms { ticket_types: vec![of(None), of(Some(3))], buyer_spots_max: None };
    Layout::with(Vec::new(), vec![area], terms)
}

fn check(entries: &[Entry], expected: &[Kind]) {
    let mut findings = Findings::default();
    audit(&Books::new(entries), &layout(), 50_000, &mut findings);
    assert_eq!(findings.kinds(), expected, "{:#?}", findings.violations);
    for violation in &findings.violations {
        assert!(!violation.evidence.is_empty(), "a violation without evidence: {violation}");
    }
}

#[test]
fn an_honest_sale_is_silent() {
    check(
        &[
            placed(1, 0, 1, &[1, 2], 1_000),
            // Sent again, answered the same.
            placed(1, 5, 1, &[1, 2], 1_000),
            allocated(2, 500, 1, 91, &[1, 2]),
            allocated(2, 500, 1, 91, &[1, 2]),
            // Seat 3: released, then held again; seat 4: expired, then held again.
            placed(3, 0, 2, &[3, 4], 1_000),
            released(4, 100, 2, &[3]),
            placed(5, 101, 3, &[3], 1_100),
            placed(6, 1_001, 4, &[4], 2_000),
            rejected(7, Verb::Allocate(HoldId(2), None), 1_100),
        ],
        &[],
    );
}

#[test]
fn a_double_sale_is_found() {
    check(&[allocated(1, 0, 1, 91, &[5, 6]), allocated(2, 10, 2, 92, &[6])], &[Kind::SoldTwice]);
}

#[test]
fn two_live_holds_of_one_seat_are_found() {
    check(&[placed(1, 0, 1, &[5], 1_000), placed(2, 500, 2, &[5], 1_500)], &[Kind::HeldTwice]);
}

#[test]
fn a_hold_on_a_sold_seat_is_found() {
    check(
        &[
            placed(1, 0, 1, &[5], 1_000),
            allocated(2, 10, 1, 91, &[5]),
            placed(3, 5_000, 2, &[5], 6_000),
        ],
        &[Kind::HeldTwice],
    );
}

#[test]
fn a_release_in_doubt_may_have_freed_the_seat() {
    let doubt = entry(2, Verb::Release(HoldId(1), None), 100, Answer::Unknown);
    check(&[placed(1, 0, 1, &[5], 1_000), doubt, placed(3, 500, 2, &[5], 1_500)], &[]);
}

#[test]
fn two_answers_to_one_request_are_found() {
    check(&[placed(1, 0, 1, &[5], 1_000), placed(1, 1, 2, &[6], 1_000)], &[Kind::AnswerDiffers]);
}

#[test]
fn a_forgotten_request_is_found() {
    let again = rejected(2, Verb::Allocate(HoldId(1), None), 900);
    check(
        &[placed(1, 0, 1, &[5], 1_000), allocated(2, 800, 1, 91, &[5]), again],
        &[Kind::AnswerForgotten],
    );
    // Sent at the same time, the refused one may have been decided first.
    let at_once = rejected(2, Verb::Allocate(HoldId(1), None), 801);
    check(&[placed(1, 0, 1, &[5], 1_000), allocated(2, 800, 1, 91, &[5]), at_once], &[]);
}

#[test]
fn a_late_payment_that_is_accepted_is_found() {
    let place = placed(1, 0, 1, &[5], 1_000);
    check(&[place.clone(), allocated(2, 1_049, 1, 91, &[5])], &[]);
    check(&[place.clone(), allocated(2, 1_060, 1, 91, &[5])], &[Kind::AcceptedLate]);
    // Sent in time the first time, and answered when it came again.
    let lost = entry(2, Verb::Allocate(HoldId(1), None), 900, Answer::Unknown);
    check(&[place.clone(), lost, allocated(2, 2_000, 1, 91, &[5])], &[]);
    // An extension in doubt may have moved the deadline.
    let extension = entry(3, Verb::Extend(HoldId(1)), 900, Answer::Unknown);
    check(&[place, extension, allocated(2, 1_500, 1, 91, &[5])], &[]);
}

/// The same answer about places of the area as the second ticket type, or as the first.
fn about_places(mut entry: Entry, count: u32, ticket_type: u16) -> Entry {
    let places = Spots {
        areas: Box::new([Places { area: 0, ticket_type: Some(ticket_type), count }]),
        ..Spots::default()
    };
    if let Answer::Placed { spots, .. }
    | Answer::Released { spots, .. }
    | Answer::Allocated { spots, .. }
    | Answer::Returned { spots, .. } = &mut entry.answer
    {
        *spots = places;
    }
    entry
}

fn returned(request: u128, sent: u64, allocation: u128, seats: &[u32]) -> Entry {
    let allocation_id = AllocationId(allocation);
    let answer = Answer::Returned { allocation_id, spots: Spots::of_seats(seats), lsn: None };
    entry(request, Verb::Return(allocation_id, None), sent, answer)
}

#[test]
fn places_beyond_the_capacity_are_found() {
    let honest = [
        about_places(placed(1, 0, 1, &[], 1_000), 6, 0),
        about_places(allocated(2, 500, 1, 91, &[]), 6, 0),
        about_places(placed(3, 100, 2, &[], 1_100), 4, 0),
        about_places(released(4, 300, 2, &[]), 4, 0),
        about_places(placed(5, 400, 3, &[], 1_400), 4, 0),
        // The third hold has run out.
        about_places(placed(6, 1_500, 4, &[], 2_500), 4, 0),
    ];
    check(&honest, &[]);
    let eleventh = about_places(placed(7, 1_600, 5, &[], 2_600), 1, 0);
    check(&[&honest[..], &[eleventh]].concat(), &[Kind::Oversold]);
    let after_the_sale = about_places(placed(7, 90_000, 5, &[], 91_000), 5, 0);
    check(&[&honest[..], &[after_the_sale]].concat(), &[Kind::Oversold]);
}

#[test]
fn an_exceeded_quota_is_found() {
    let mut seats = placed(1, 0, 1, &[4, 5], 1_000);
    if let Answer::Placed { spots, .. } = &mut seats.answer {
        spots.seat_types = Box::new([1, 1]);
    }
    let third = about_places(placed(2, 10, 2, &[], 1_010), 1, 1);
    check(&[seats.clone(), third.clone()], &[]);
    let fourth = about_places(placed(3, 20, 3, &[], 1_020), 1, 1);
    check(&[seats, third, fourth], &[Kind::Oversold]);
}

#[test]
fn what_was_brought_back_may_be_sold_again() {
    let again = [
        placed(1, 0, 1, &[5], 1_000),
        allocated(2, 100, 1, 91, &[5]),
        returned(3, 200, 91, &[5]),
        placed(4, 300, 2, &[5], 1_300),
        allocated(5, 400, 2, 92, &[5]),
    ];
    check(&again, &[]);
    assert_eq!(Books::new(&again).standing(5), Some(Standing::Sold));
    assert_eq!(Books::new(&again[..3]).standing(5), Some(Standing::Back));
    // A return that was asked for after the second sale cannot have come before it.
    let mut late = again.clone();
    late[2] = returned(3, 900, 91, &[5]);
    check(&late, &[Kind::SoldTwice, Kind::HeldTwice]);
    let mut doubtful = again.clone();
    doubtful[2].answer = Answer::Unknown;
    check(&doubtful, &[]);
    assert_eq!(Books::new(&doubtful[..3]).standing(5), Some(Standing::Doubtful));
    let places = [
        about_places(placed(1, 0, 1, &[], 1_000), 10, 0),
        about_places(allocated(2, 100, 1, 91, &[]), 10, 0),
        about_places(returned(3, 200, 91, &[]), 2, 0),
        about_places(placed(4, 300, 2, &[], 1_300), 2, 0),
    ];
    check(&places, &[]);
    check(&[&places[..2], &places[3..]].concat(), &[Kind::Oversold]);
}
