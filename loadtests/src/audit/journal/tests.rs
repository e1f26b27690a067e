//! Journals with one mistake planted in each, and an honest one: each mistake is found by its
//! kind, and honesty is met with silence.

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::audit::fact::{AreaPlaces, Change, JournalRecord, TicketType};
use crate::client::Totals;
use crate::ids::{AllocationId, HoldId, RequestId};
use crate::kill::Kill;
use crate::layout::{Layout, SeatPlace};
use crate::record::Entry;
use crate::request::{Answer, Best, Refusal, Request, Selection, Verb};
use crate::seat_map::{ALLOCATED, AVAILABLE, HELD, Stock, View};
use crate::spots::{Places, Spots};

const START: u64 = 1_763_000_000_000;
const EVENT: u64 = 1;

fn fact(lsn: u64, at: u64, change: Change, seats: &[u32]) -> JournalRecord {
    JournalRecord {
        lsn,
        shard: 9,
        epoch: 1,
        batch: lsn,
        at_millis: START + at,
        event_id: EVENT,
        change,
        request_id: None,
        hold_id: None,
        allocation_id: None,
        buyer_id: None,
        seats: seats.to_vec(),
        seat_types: Vec::new(),
        areas: Vec::new(),
        ticket_types: Vec::new(),
        deadline_millis: None,
    }
}

fn placed(lsn: u64, at: u64, hold: u128, seats: &[u32], deadline: u64) -> JournalRecord {
    JournalRecord {
        request_id: Some(RequestId(1_000 + u128::from(lsn))),
        hold_id: Some(HoldId(hold)),
        buyer_id: Some("ann".to_owned()),
        deadline_millis: Some(START + deadline),
        ..fact(lsn, at, Change::HoldPlaced, seats)
    }
}

fn allocated(lsn: u64, at: u64, hold: u128, seats: &[u32]) -> JournalRecord {
    JournalRecord {
        request_id: Some(RequestId(1_000 + u128::from(lsn))),
        hold_id: Some(HoldId(hold)),
        allocation_id: Some(AllocationId(5_000 + u128::from(lsn))),
        buyer_id: Some("ann".to_owned()),
        ..fact(lsn, at, Change::HoldAllocated, seats)
    }
}

fn expired(lsn: u64, at: u64, hold: u128, seats: &[u32]) -> JournalRecord {
    JournalRecord { hold_id: Some(HoldId(hold)), ..fact(lsn, at, Change::HoldExpired, seats) }
}

fn released(lsn: u64, at: u64, hold: u128, seats: &[u32]) -> JournalRecord {
    JournalRecord {
        request_id: Some(RequestId(1_000 + u128::from(lsn))),
        hold_id: Some(HoldId(hold)),
        ..fact(lsn, at, Change::HoldReleased, seats)
    }
}

/// An answer of the record that says what the fact says.
fn answered(fact: &JournalRecord) -> Entry {
    let places =
        |of: &AreaPlaces| Places { area: of.area, ticket_type: of.ticket_type, count: of.count };
    let spots = Spots {
        seats: fact.seats.clone().into(),
        seat_types: fact.seat_types.iter().copied().map(Option::unwrap).collect(),
        areas: fact.areas.iter().map(places).collect(),
    };
    let (hold_id, lsn) = (fact.hold_id.unwrap_or(HoldId(0)), Some(fact.lsn));
    let (verb, answer) = match fact.change {
        Change::HoldPlaced => {
            let deadline_millis = fact.deadline_millis.unwrap();
            let verb = Verb::Place(Selection::Best(Best::of(spots.count() as u32)));
            (verb, Answer::Placed { hold_id, spots, deadline_millis, lsn })
        }
        Change::HoldReleased => {
            (Verb::Release(hold_id, None), Answer::Released { hold_id, spots, lsn })
        }
        Change::SpotsReturned => {
            let allocation_id = fact.allocation_id.unwrap();
            let answer = Answer::Returned { allocation_id, spots, lsn };
            (Verb::Return(allocation_id, None), answer)
        }
        _ => {
            let allocation_id = fact.allocation_id.unwrap();
            let answer = Answer::Allocated { hold_id, allocation_id, spots, lsn };
            (Verb::Allocate(hold_id, None), answer)
        }
    };
    let request = Request { id: fact.request_id.unwrap(), buyer: "ann".into(), verb };
    Entry {
        request: Arc::new(request),
        intended_micros: fact.at_millis * 1_000,
        sent_micros: fact.at_millis * 1_000,
        received_micros: fact.at_millis * 1_000 + 900,
        answer,
    }
}

fn testimony(statuses: [u8; 4]) -> Testimony {
    let layout = Layout::new((0..4).map(|_| SeatPlace::default()).collect());
    let stock = Stock {
        statuses: Bytes::copy_from_slice(&statuses),
        areas: vec![Counts { available: 5, ..Counts::default() }],
        ticket_types: Vec::new(),
    };
    let view = View::new(stock, &layout);
    Testimony {
        totals: Totals { seats: view.counts, capacity: 4, ..Totals::default() },
        view,
        at_millis: START + 100_000,
        holds: Vec::new(),
        verification: None,
    }
}

fn lines(facts: &[JournalRecord]) -> String {
    facts.iter().map(|fact| serde_json::to_string(fact).unwrap() + "\n").collect()
}

fn check_all(
    facts: &[JournalRecord],
    entries: &[Entry],
    kills: &[Kill],
    statuses: Option<[u8; 4]>,
    expected: &[Kind],
) {
    let testimony = statuses.map(testimony);
    let circumstances = Circumstances {
        event_id: EVENT,
        kills,
        clock_slack_millis: 50,
        expiry_slack_millis: 5_000,
        testimony: testimony.as_ref(),
    };
    let mut findings = Findings::default();
    let mut journal = Cursor::new(lines(facts));
    let read = audit(&mut journal, &Books::new(entries), circumstances, &mut findings);
    assert_eq!(read, facts.len() as u64);
    assert_eq!(findings.kinds(), expected, "{:#?}", findings.violations);
    for violation in &findings.violations {
        assert!(!violation.evidence.is_empty(), "a violation without evidence: {violation}");
    }
}

fn check(facts: &[JournalRecord], expected: &[Kind]) {
    check_all(facts, &[], &[], None, expected);
}

/// Four seats: two sold, one released, one expired and sold after.
fn honest() -> Vec<JournalRecord> {
    vec![
        fact(1, 0, Change::EventCreated, &[]),
        placed(2, 10, 1, &[0, 1], 10_010),
        placed(3, 20, 2, &[2, 3], 10_020),
        allocated(4, 5_000, 1, &[0, 1]),
        released(5, 6_000, 2, &[2]),
        expired(6, 10_021, 2, &[3]),
        placed(7, 10_030, 3, &[3], 20_030),
        allocated(8, 10_040, 3, &[3]),
    ]
}

const HONEST_END: [u8; 4] = [ALLOCATED, ALLOCATED, AVAILABLE, ALLOCATED];

#[test]
fn an_honest_journal_is_silent() {
    let facts = honest();
    let entries: Vec<Entry> =
        facts.iter().filter(|fact| fact.request_id.is_some()).map(answered).collect();
    check_all(&facts, &entries, &[], Some(HONEST_END), &[]);
}

#[test]
fn a_planted_double_sale_is_found() {
    // Seat 0 is sold, and the journal lets another buyer hold and buy it.
    let mut facts = honest();
    facts.push(placed(9, 10_050, 4, &[0], 20_050));
    facts.push(allocated(10, 10_060, 4, &[0]));
    check(&facts, &[Kind::SoldTwice]);
    // Seat 0 is sold out of a hold that never had it.
    let mut facts = honest();
    facts.push(placed(9, 10_050, 4, &[2], 20_050));
    facts.push(allocated(10, 10_060, 4, &[0]));
    check(&facts, &[Kind::SoldTwice, Kind::SoldTwice]);
}

#[test]
fn a_seat_in_two_live_holds_is_found() {
    let facts = [
        fact(1, 0, Change::EventCreated, &[]),
        placed(2, 10, 1, &[0], 10_010),
        placed(3, 20, 2, &[0], 10_020),
    ];
    check(&facts, &[Kind::HeldTwice]);
}

#[test]
fn a_returned_seat_may_be_sold_again() {
    let mut facts = honest();
    facts.push(JournalRecord {
        request_id: Some(RequestId(1_009)),
        allocation_id: Some(AllocationId(5_004)),
        ..fact(9, 10_050, Change::SpotsReturned, &[0])
    });
    facts.push(placed(10, 10_060, 4, &[0], 20_060));
    facts.push(allocated(11, 10_070, 4, &[0]));
    check(&facts, &[]);
    check_all(&facts, &[answered(&facts[8])], &[], None, &[]);
    let mut other_seat = answered(&facts[8]);
    if let Answer::Returned { spots, .. } = &mut other_seat.answer {
        *spots = Spots::of_seats([1]);
    }
    check_all(&facts, &[other_seat], &[], None, &[Kind::AcknowledgedDiffers]);
    facts.push(JournalRecord {
        allocation_id: Some(AllocationId(5_004)),
        ..fact(12, 10_080, Change::SpotsReturned, &[0])
    });
    check(&facts, &[Kind::FactImpossible]);
}

#[test]
fn an_acknowledged_allocation_that_is_missing_is_found() {
    let facts = honest();
    let mut entries: Vec<Entry> =
        facts.iter().filter(|fact| fact.request_id.is_some()).map(answered).collect();
    entries.push(answered(&allocated(9, 10_050, 4, &[2])));
    check_all(&facts, &entries, &[], None, &[Kind::AcknowledgedMissing]);
}

#[test]
fn an_acknowledged_answer_that_differs_is_found() {
    let facts = honest();
    let change: [fn(&mut JournalRecord); 4] = [
        |fact| fact.lsn = 77,
        |fact| fact.seats = vec![0],
        |fact| fact.allocation_id = Some(AllocationId(1)),
        |fact| fact.hold_id = Some(HoldId(1_234)),
    ];
    for change in change {
        let mut other = facts[3].clone();
        change(&mut other);
        check_all(&facts, &[answered(&other)], &[], None, &[Kind::AcknowledgedDiffers]);
    }
}

#[test]
fn an_early_expiry_is_found() {
    let mut facts = honest();
    facts[5].at_millis = START + 10_019;
    check(&facts, &[Kind::ExpiredEarly]);
}

#[test]
fn a_late_expiry_is_found_unless_the_server_was_down() {
    let mut facts = honest();
    facts.truncate(6);
    facts[5].at_millis = START + 16_000;
    check(&facts, &[Kind::AlivePastDeadline]);
    let down = Kill {
        at_secs: 9.0,
        killed_at_millis: START + 9_000,
        serving_at_millis: START + 12_000,
        unanswered: 100,
        lost: 100,
        burst_buyers: 0,
        recovery_ms: 3_000,
    };
    check_all(&facts, &[], &[down], None, &[]);
}

#[test]
fn a_hold_without_an_end_is_found() {
    let facts = [fact(1, 0, Change::EventCreated, &[]), placed(2, 10, 1, &[0], 10_010)];
    let end = [HELD, AVAILABLE, AVAILABLE, AVAILABLE];
    check_all(&facts, &[], &[], Some(end), &[Kind::AlivePastDeadline]);
}

#[test]
fn a_late_allocation_is_found() {
    let mut facts = honest();
    facts.truncate(4);
    facts[3].at_millis = START + 10_009;
    check(&facts, &[]);
    facts[3].at_millis = START + 10_010;
    check(&facts, &[Kind::AcceptedLate]);
}

#[test]
fn an_lsn_gap_is_found() {
    let mut facts = honest();
    facts.remove(4);
    // What the missing fact did is missing too: the hold runs out with a seat too few.
    check(&facts, &[Kind::LsnGap, Kind::FactImpossible]);
    let later = [fact(2, 0, Change::EventCreated, &[])];
    check(&later, &[Kind::LsnGap]);
}

#[test]
fn time_and_epochs_that_go_backwards_are_found() {
    let mut facts = honest();
    facts[1].at_millis = START + 21;
    check(&facts, &[Kind::TimeBackwards]);
    let mut facts = honest();
    facts[2].epoch = 2;
    check(&facts, &[Kind::TimeBackwards]);
}

#[test]
fn a_request_that_was_done_twice_is_found() {
    let mut facts = honest();
    facts[6].request_id = facts[1].request_id;
    check(&facts, &[Kind::DoneTwice]);
}

#[test]
fn a_refused_request_that_was_done_is_found() {
    let facts = honest();
    let mut entry = answered(&facts[3]);
    entry.answer = Answer::Rejected(Refusal::of("hold_expired"));
    check_all(&facts, &[entry.clone()], &[], None, &[Kind::RefusedButDone]);
    // Lost first and refused when it came again, a second after it had been done.
    let mut lost = entry.clone();
    lost.answer = Answer::Unknown;
    entry.sent_micros += 1_000_000;
    check_all(&facts, &[lost, entry], &[], None, &[Kind::AnswerForgotten]);
}

#[test]
fn a_server_that_disagrees_with_its_journal_is_found() {
    let end = [ALLOCATED, AVAILABLE, AVAILABLE, ALLOCATED];
    check_all(&honest(), &[], &[], Some(end), &[Kind::StateDiffers, Kind::Conservation]);
}

#[test]
fn a_line_that_is_no_fact_is_found() {
    let circumstances = Circumstances {
        event_id: EVENT,
        kills: &[],
        clock_slack_millis: 50,
        expiry_slack_millis: 5_000,
        testimony: None,
    };
    let mut findings = Findings::default();
    let mut journal = Cursor::new(format!("{}not a fact\n", lines(&honest()[..2])));
    audit(&mut journal, &Books::default(), circumstances, &mut findings);
    assert_eq!(findings.kinds(), [Kind::NotAuditable]);
}

#[test]
fn a_line_has_the_agreed_names() {
    let line = r#"{"lsn":4,"shard":9,"epoch":1,"batch":4,"at_millis":7,"event_id":1,
        "change":"hold_allocated","request_id":"000000000000000000000000000003ec",
        "hold_id":"00000000000000000000000000000001",
        "allocation_id":"0000000000000000000000000000138c","buyer_id":"ann","seats":[0,1],
        "name":"what else there is"}"#;
    let mut expected = allocated(4, 0, 1, &[0, 1]);
    expected.at_millis = 7;
    assert_eq!(serde_json::from_str::<JournalRecord>(line).unwrap(), expected);
}

/// A fact with places of area 0 as a ticket type.
fn with_places(fact: JournalRecord, ticket_type: Option<u16>, count: u32) -> JournalRecord {
    JournalRecord { areas: vec![AreaPlaces { area: 0, count, ticket_type }], ..fact }
}

/// An event with an area of five places, and two ticket types, the second with three tickets.
fn created() -> JournalRecord {
    let ticket_type = |key: &str, quota| TicketType { key: key.to_owned(), quota };
    let ticket_types = vec![ticket_type("adult", None), ticket_type("child", Some(3))];
    JournalRecord { ticket_types, ..fact(1, 0, Change::EventCreated, &[]) }
}

#[test]
fn places_and_quotas_are_counted() {
    let child = |fact| JournalRecord { seat_types: vec![Some(1)], ..fact };
    let honest = [
        created(),
        with_places(placed(2, 10, 1, &[], 10_010), Some(0), 4),
        with_places(child(placed(3, 20, 2, &[0], 10_020)), Some(1), 1),
        with_places(allocated(4, 30, 1, &[]), Some(0), 3),
        with_places(released(5, 40, 1, &[]), Some(0), 1),
        with_places(child(expired(6, 10_021, 2, &[0])), Some(1), 1),
        with_places(placed(7, 10_030, 3, &[], 200_000), Some(1), 2),
        child(placed(8, 10_040, 4, &[1], 200_000)),
    ];
    let end = Some([AVAILABLE, HELD, AVAILABLE, AVAILABLE]);
    check_all(&honest, &[], &[], end, &[]);
    let and = |more: &[JournalRecord]| [&honest, more].concat();
    let sixth = with_places(placed(9, 10_050, 5, &[], 200_000), Some(0), 1);
    check_all(&and(&[sixth]), &[], &[], end, &[Kind::Oversold]);
    let fourth_child = child(placed(9, 10_050, 5, &[2], 200_000));
    check(&and(&[fourth_child]), &[Kind::Oversold]);
    let not_its_own = with_places(released(9, 10_050, 4, &[]), Some(1), 2);
    check(&and(&[not_its_own]), &[Kind::FactImpossible]);
    let more_than_held = with_places(released(9, 10_050, 3, &[]), Some(1), 9);
    let both = [Kind::FactImpossible; 3];
    check(&and(&[more_than_held]), &both);
}

#[test]
fn what_a_closed_event_holds_is_found() {
    let facts = [
        fact(1, 0, Change::EventCreated, &[]),
        placed(2, 10, 1, &[0], 10_010),
        fact(3, 20, Change::EventClosed, &[]),
        allocated(4, 30, 1, &[0]),
        placed(5, 40, 2, &[1], 10_040),
    ];
    check(&facts, &[Kind::FactImpossible]);
}

#[test]
fn acknowledged_places_and_ticket_types_are_in_the_journal() {
    let child = |fact| JournalRecord { seat_types: vec![Some(1)], ..fact };
    let facts = [
        created(),
        with_places(child(placed(2, 10, 1, &[0], 10_010)), Some(0), 2),
        with_places(child(allocated(3, 20, 1, &[0])), Some(0), 2),
    ];
    let acknowledged = [answered(&facts[1]), answered(&facts[2])];
    check_all(&facts, &acknowledged, &[], None, &[]);
    let change: [fn(&mut Spots); 4] = [
        |spots| spots.areas[0].count = 3,
        |spots| spots.areas[0].ticket_type = Some(1),
        |spots| spots.areas = Box::default(),
        |spots| spots.seat_types = Box::new([0]),
    ];
    for change in change {
        let mut other = acknowledged[1].clone();
        let Answer::Allocated { spots, .. } = &mut other.answer else { panic!("{other:?}") };
        change(spots);
        check_all(&facts, &[other], &[], None, &[Kind::AcknowledgedDiffers]);
    }
    let lost = answered(&with_places(allocated(4, 30, 2, &[]), Some(0), 1));
    check_all(&facts, &[lost], &[], None, &[Kind::AcknowledgedMissing]);
}
