//! Servers that say something else than they answered, and one that agrees.

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::ids::{AllocationId, RequestId};
use crate::record::Entry;
use crate::request::{Answer, Request, Selection};
use crate::seat_map::{AVAILABLE, HELD, SeatPlace};

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
    let seats: Box<[u32]> = Box::new([0, 1]);
    let placed = Answer::Placed {
        hold_id,
        seats: seats.clone(),
        deadline_millis: DEADLINE_MILLIS,
        lsn: Some(2),
    };
    let allocated =
        Answer::Allocated { hold_id, allocation_id: AllocationId(9), seats, lsn: Some(3) };
    vec![
        entry(1, Verb::Place(Selection::Best(2)), placed),
        entry(2, Verb::Allocate(hold_id, None), allocated),
    ]
}

fn layout() -> Layout {
    Layout::new((0..4).map(|_| SeatPlace::default()).collect())
}

fn testimony(statuses: [u8; 4]) -> Testimony {
    let view = View::new(Bytes::copy_from_slice(&statuses), &layout());
    let sold =
        HoldSeen { state: HoldStateSeen::Allocated, deadline_millis: None, seats: Vec::new() };
    Testimony {
        counts: view.counts,
        view,
        capacity: 4,
        areas: Vec::new(),
        at_millis: DEADLINE_MILLIS + 60_000,
        holds: vec![(HoldId(7), Some(sold))],
        verification: Some(Vec::new()),
    }
}

fn check(entries: &[Entry], testimony: &Testimony, expected: &[Kind]) {
    let before = View::new(Bytes::from_static(&[1; 4]), &layout());
    let circumstances =
        Circumstances { before: &before, is_alone: true, expiry_slack: Duration::from_secs(5) };
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
    short.counts.available -= 1;
    check(&record(), &short, &[Kind::Conservation, Kind::Conservation]);
    let mut unknown_status = testimony(AFTER);
    unknown_status.view = View::new(Bytes::from_static(&[3, 3, 1, 0]), &layout());
    unknown_status.counts = Counts { available: 2, allocated: 2, ..Counts::default() };
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
        seats: vec![0, 1],
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
