//! Servers that say something else than they answered, and one that agrees.

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::ids::{AllocationId, RequestId};
use crate::layout::{Area, SeatPlace, Terms, TicketType};
use crate::record::Entry;
use crate::request::{Answer, Best, Request, Selection};
use crate::seat_map::{AVAILABLE, Counts, HELD, Stock};
use crate::spots::{Places, Spots};

const DEADLINE_MILLIS: u64 = 1_763_000_010_000;

fn entry(request: u128, verb: Verb, answer: Answer) -> Entry {
    let request = Request { id: RequestId(request), buyer: "ann".into(), verb };
    let micros = (DEADLINE_MILLIS - 10_000) * 1_000;
    Entry {
        request: Arc::new(request),
        intended_micros: micros,
        sent_micros: micros,
        received_micros: micros + 1_000,
        answer,
    }
}

/// A record of seats 0 and 1, held and sold.
fn record() -> Vec<Entry> {
    let hold_id = HoldId(7);
    let spots = Spots::of_seats([0, 1]);
    let placed = Answer::Placed {
        hold_id,
        spots: spots.clone(),
        deadline_millis: DEADLINE_MILLIS,
        lsn: Some(2),
    };
    let allocated =
        Answer::Allocated { hold_id, allocation_id: AllocationId(9), spots, lsn: Some(3) };
    vec![
        entry(1, Verb::Place(Selection::Best(Best::of(2))), placed),
        entry(2, Verb::Allocate(hold_id, None), allocated),
    ]
}

fn layout() -> Layout {
    Layout::new((0..4).map(|_| SeatPlace::default()).collect())
}

fn testimony(statuses: [u8; 4]) -> Testimony {
    let view = View::new(Bytes::copy_from_slice(&statuses), &layout());
    let sold = HoldSeen {
        state: HoldStateSeen::Allocated,
        deadline_millis: None,
        spots: Spots::default(),
    };
    Testimony {
        totals: Totals { seats: view.counts, capacity: 4, ..Totals::default() },
        view,
        at_millis: DEADLINE_MILLIS + 60_000,
        holds: vec![(HoldId(7), Some(sold))],
        verification: Some(Vec::new()),
    }
}

fn check(entries: &[Entry], testimony: &Testimony, expected: &[Kind]) {
    let before = View::new(Bytes::from_static(&[1; 4]), &layout());
    let circumstances = Circumstances {
        layout: &layout(),
        before: &before,
        is_alone: true,
        expiry_slack: Duration::from_secs(5),
    };
    let mut findings = Findings::default();
    audit(&Books::new(entries), testimony, circumstances, &mut findings);
    assert_eq!(findings.kinds(), expected, "{:#?}", findings.violations);
}

const AFTER: [u8; 4] = [ALLOCATED, ALLOCATED, AVAILABLE, AVAILABLE];

#[test]
fn a_server_that_agrees_is_silent() {
    check(&record(), &testimony(AFTER), &[]);
}

#[test]
fn a_missing_sale_is_found() {
    let lost = testimony([ALLOCATED, AVAILABLE, AVAILABLE, AVAILABLE]);
    check(&record(), &lost, &[Kind::AcknowledgedMissing]);
}

#[test]
fn a_sale_that_nobody_was_told_of_is_found() {
    let strange = testimony([ALLOCATED, ALLOCATED, ALLOCATED, AVAILABLE]);
    check(&record(), &strange, &[Kind::SoldToNobody]);
    // The buyer who asked and heard nothing may be the one.
    let mut entries = record();
    entries[1].answer = Answer::Unknown;
    check(&entries, &testimony(AFTER), &[]);
}

#[test]
fn counts_that_do_not_add_up_are_found() {
    let mut short = testimony(AFTER);
    short.totals.seats.available -= 1;
    check(&record(), &short, &[Kind::Conservation, Kind::Conservation]);
    let mut unknown_status = testimony(AFTER);
    unknown_status.view = View::new(Bytes::from_static(&[3, 3, 1, 0]), &layout());
    unknown_status.totals.seats = Counts { available: 2, allocated: 2, ..Counts::default() };
    check(&record(), &unknown_status, &[Kind::Conservation, Kind::Conservation]);
}

#[test]
fn a_hold_past_its_deadline_is_found() {
    let mut entries = record();
    entries.pop();
    let mut testimony = testimony([HELD, HELD, AVAILABLE, AVAILABLE]);
    let live = HoldSeen {
        state: HoldStateSeen::Live,
        deadline_millis: Some(DEADLINE_MILLIS),
        spots: Spots::of_seats([0, 1]),
    };
    testimony.holds = vec![(HoldId(7), Some(live))];
    check(&entries, &testimony, &[Kind::AlivePastDeadline]);
    testimony.at_millis = DEADLINE_MILLIS + 1_000;
    check(&entries, &testimony, &[]);
}

#[test]
fn an_acknowledged_hold_that_is_gone_is_found() {
    let mut entries = record();
    entries.pop();
    let mut testimony = testimony([AVAILABLE; 4]);
    testimony.holds = vec![(HoldId(7), None)];
    testimony.at_millis = DEADLINE_MILLIS - 1;
    check(&entries, &testimony, &[Kind::AcknowledgedMissing]);
    testimony.at_millis = DEADLINE_MILLIS;
    check(&entries, &testimony, &[]);
}

#[test]
fn a_server_that_doubts_itself_is_believed() {
    let mut testimony = testimony(AFTER);
    testimony.verification = Some(vec!["the digest differs".to_owned()]);
    check(&record(), &testimony, &[Kind::ServerVerification]);
}

/// A lawn of ten, and children, of whom three may come.
fn lawn() -> Layout {
    let area = Area { label: "Lawn".to_owned(), capacity: 10, ..Area::default() };
    let child = TicketType { key: "child".to_owned(), quota: Some(3), ..TicketType::default() };
    let terms = Terms { ticket_types: vec![child], buyer_spots_max: None };
    Layout::with(Vec::new(), vec![area], terms)
}

/// Two places of the lawn, held and sold to two children.
fn record_of_places() -> Vec<Entry> {
    let mut entries = record();
    let places = Places { area: 0, ticket_type: Some(0), count: 2 };
    for entry in &mut entries {
        if let Answer::Placed { spots, .. } | Answer::Allocated { spots, .. } = &mut entry.answer {
            *spots = Spots { areas: Box::new([places]), ..Spots::default() };
        }
    }
    entries
}

fn check_places(entries: &[Entry], area: Counts, child: Counts, expected: &[Kind]) {
    let layout = lawn();
    let view = |area, child| {
        let stock = Stock { areas: vec![area], ticket_types: vec![child], ..Stock::default() };
        View::new(stock, &layout)
    };
    let free = |available| Counts { available, ..Counts::default() };
    let before = view(free(10), free(3));
    let testimony = Testimony {
        totals: Totals { places: area, places_capacity: 10, ..Totals::default() },
        view: view(area, child),
        at_millis: DEADLINE_MILLIS + 60_000,
        holds: Vec::new(),
        verification: None,
    };
    let expiry_slack = Duration::from_secs(5);
    let circumstances =
        Circumstances { layout: &layout, before: &before, is_alone: true, expiry_slack };
    let mut findings = Findings::default();
    audit(&Books::new(entries), &testimony, circumstances, &mut findings);
    assert_eq!(findings.kinds(), expected, "{:#?}", findings.violations);
}

fn sold(available: u32, allocated: u32) -> Counts {
    Counts { available, allocated, ..Counts::default() }
}

#[test]
fn missing_places_and_tickets_are_found() {
    check_places(&record_of_places(), sold(8, 2), sold(1, 2), &[]);
    let missing = Kind::AcknowledgedMissing;
    check_places(&record_of_places(), sold(9, 1), sold(1, 2), &[missing]);
    check_places(&record_of_places(), sold(8, 2), sold(3, 0), &[missing]);
    let nobody = Kind::SoldToNobody;
    check_places(&record_of_places(), sold(7, 3), sold(1, 2), &[nobody]);
    // The buyer who asked and heard nothing may be the one.
    let mut entries = record_of_places();
    entries[1].answer = Answer::Unknown;
    check_places(&entries, sold(8, 2), sold(1, 2), &[]);
    check_places(&entries, sold(10, 0), sold(3, 0), &[]);
    check_places(&entries, sold(7, 3), sold(0, 3), &[nobody, nobody]);
}

#[test]
fn places_that_do_not_add_up_are_found() {
    let entries = record_of_places();
    check_places(&entries, sold(7, 2), sold(1, 2), &[Kind::Conservation]);
    check_places(&entries, sold(0, 11), sold(1, 2), &[Kind::Oversold, Kind::SoldToNobody]);
    check_places(&entries, sold(8, 2), sold(0, 4), &[Kind::Oversold, Kind::SoldToNobody]);
}

#[test]
fn a_seat_that_was_brought_back_is_free_again() {
    let mut entries = record();
    let allocation_id = AllocationId(9);
    let back = Answer::Returned { allocation_id, spots: Spots::of_seats([1]), lsn: Some(4) };
    entries.push(entry(3, Verb::Return(allocation_id, Some(Spots::of_seats([1]))), back));
    let free = testimony([ALLOCATED, AVAILABLE, AVAILABLE, AVAILABLE]);
    check(&entries, &free, &[]);
    check(&entries, &testimony(AFTER), &[Kind::SoldToNobody]);
    entries[2].answer = Answer::Unknown;
    check(&entries, &free, &[]);
    check(&entries, &testimony(AFTER), &[]);
}
