//! One history that is right, and what the checker says when one thing in it is changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::server::{HOLD_MILLIS, Run, allocate, extend, give_back, place, release};
use crate::checker::{Change, Evidence, Kind, check, check_without_journal};
use crate::history::{
    Accepted, AllocationId, Ask, Done, HoldId, NEVER_MICROS, Rejected, RequestId, Said, SeatStatus,
    Sending,
};

const HOLD: u64 = HOLD_MILLIS * 1_000;

// Places in the list of sendings.
const PLACED_1: usize = 0;
const PLACED_2: usize = 1;
const REFUSED: usize = 2;
const SOLD_1: usize = 3;
const SOLD_AGAIN: usize = 4;
const RELEASED_2: usize = 5;
const PLACED_AGAIN: usize = 6;
const RETURNED_1: usize = 7;
const PLACED_BACK: usize = 8;
const PLACED_SHORT: usize = 9;
const LATE: usize = 10;
const EXTENDED: usize = 11;

/// Two seats are held and sold, a third is held, given back and held again, a fourth runs out; a
/// request comes twice and another is refused.
fn story() -> Evidence {
    let mut run = Run::new();
    run.send(1, [1_000, 1_500, 2_000], place(&[1, 2]));
    run.send(2, [1_000, 1_600, 2_000], place(&[3]));
    run.send(3, [3_000, 3_500, 4_000], place(&[2, 4]));
    let sale = allocate(run.hold_of(PLACED_1));
    run.send(4, [5_000, 5_500, 6_000], sale.clone());
    run.send(4, [6_500, 6_600, 6_700], sale);
    run.send(5, [7_000, 7_500, 8_000], release(run.hold_of(PLACED_2)));
    run.send(6, [9_000, 9_500, 10_000], place(&[3]));
    run.send(7, [11_000, 11_500, 12_000], give_back(run.allocation_of(SOLD_1)));
    run.send(8, [13_000, 13_500, 14_000], place(&[1]));
    run.send(9, [15_000, 15_500, 16_000], place(&[5]));
    run.server.expire(20_000 + HOLD);
    let late = allocate(run.hold_of(PLACED_SHORT));
    run.send(10, [30_000 + HOLD, 31_000 + HOLD, 32_000 + HOLD], late);
    run.send(11, [33_000 + HOLD, 34_000 + HOLD, 35_000 + HOLD], place(&[5]));
    let hold_id = run.hold_of(EXTENDED);
    run.send(12, [36_000 + HOLD, 37_000 + HOLD, 38_000 + HOLD], extend(hold_id));
    run.evidence()
}

fn accepted(evidence: &mut Evidence, at: usize) -> &mut Accepted {
    match &mut evidence.history.sendings[at].said {
        Said::Accepted(accepted) => accepted,
        other => panic!("{other}"),
    }
}

fn rejected(evidence: &mut Evidence, at: usize) -> &mut Rejected {
    match &mut evidence.history.sendings[at].said {
        Said::Rejected(rejected) => rejected,
        other => panic!("{other}"),
    }
}

/// Takes the effect of a request out of the journal, as if it had never been.
fn forget(evidence: &mut Evidence, number: u128) {
    let place = |fact: &crate::checker::Fact| fact.request_id == Some(RequestId(number));
    let at = evidence.facts.iter().position(place).unwrap();
    evidence.facts.remove(at);
    for fact in &mut evidence.facts[at..] {
        fact.lsn -= 1;
    }
}

fn add(evidence: &mut Evidence, number: u128, times: (u64, u64), ask: Ask, said: Said) {
    evidence.history.sendings.push(Sending {
        client: 99,
        request_id: RequestId(number),
        ask: Arc::new(ask),
        invoked_micros: times.0,
        answered_micros: times.1,
        said,
    });
}

fn sale_of(hold_id: HoldId, number: u128, lsn: u64, seats: &[u32]) -> Said {
    let done = Done::Allocated { hold_id, allocation_id: AllocationId(number) };
    Said::Accepted(Accepted { lsn, done, seats: seats.to_vec() })
}

fn held(number: u128, lsn: u64, seats: &[u32]) -> Said {
    let done = Done::Placed { hold_id: HoldId(number), deadline_millis: 1_700_000_001_000 };
    Said::Accepted(Accepted { lsn, done, seats: seats.to_vec() })
}

fn refused(reason: &str, conflicts: &[(u32, SeatStatus)]) -> Said {
    Said::Rejected(Rejected { reason: reason.to_owned(), conflicts: conflicts.to_vec() })
}

/// The kinds that are found, and those that the record alone shows.
fn found(evidence: &Evidence) -> (BTreeSet<Kind>, BTreeSet<Kind>) {
    let kinds = |of: Vec<crate::checker::Violation>| of.into_iter().map(|of| of.kind).collect();
    (kinds(check(evidence)), kinds(check_without_journal(&evidence.history)))
}

type Change1 = fn(&mut Evidence);

/// What is changed, what has to be found then, and whether the record alone has to show it.
const PLANTED: &[(&str, Kind, bool, Change1)] = &[
    ("a seat is sold twice, and the journal has both", Kind::SeatSoldTwice, true, |of| {
        let mut fact = of.facts.iter().rfind(|fact| fact.seats == [5]).unwrap().clone();
        (fact.lsn, fact.at_millis) = (15, of.facts[13].at_millis);
        (fact.request_id, fact.hold_id) = (Some(RequestId(20)), Some(HoldId(77)));
        of.facts.push(fact);
        let times = (40_000 + HOLD, 40_100 + HOLD);
        add(of, 20, times, place(&[5]), held(77, 15, &[5]));
    }),
    ("an acknowledged allocation is not in the journal", Kind::AcknowledgedMissing, false, |of| {
        forget(of, 4);
        // Nor its end, so that the rest of the journal is right.
        forget(of, 7);
    }),
    ("an acknowledged release is not in the journal", Kind::AcknowledgedMissing, false, |of| {
        forget(of, 5);
    }),
    ("a release that was acknowledged had no effect", Kind::NotLinearizable, true, |of| {
        of.history.sendings[PLACED_AGAIN].said =
            refused("seats_unavailable", &[(3, SeatStatus::Held)]);
        // Until then the seat's hold would not have run out.
    }),
    ("an answer has another's LSN", Kind::OtherResult, false, |of| {
        accepted(of, RELEASED_2).lsn = 2;
    }),
    ("an answer has another hold", Kind::OtherResult, false, |of| {
        let done = Done::Placed { hold_id: HoldId(5), deadline_millis: 1 };
        accepted(of, PLACED_BACK).done = done;
    }),
    ("an answer has another seat than the journal", Kind::OtherResult, true, |of| {
        accepted(of, PLACED_BACK).seats = vec![3];
    }),
    ("an answer has another deadline", Kind::OtherResult, false, |of| {
        if let Done::Placed { deadline_millis, .. } = &mut accepted(of, PLACED_SHORT).done {
            *deadline_millis += 1;
        }
    }),
    ("what was acknowledged first stands behind", Kind::OrderInverted, false, |of| {
        let of_release = &mut of.history.sendings[RELEASED_2];
        // The release was asked for and answered in front of the first hold.
        (of_release.invoked_micros, of_release.answered_micros) = (10, 20);
    }),
    ("a repeat gets another answer", Kind::AnswerDiffers, false, |of| {
        accepted(of, SOLD_AGAIN).lsn += 1;
    }),
    ("a repeat gets another allocation", Kind::AnswerDiffers, false, |of| {
        let hold_id = HoldId(3);
        accepted(of, SOLD_AGAIN).done = Done::Allocated { hold_id, allocation_id: AllocationId(1) };
    }),
    ("a repeat is refused", Kind::AnswerForgotten, false, |of| {
        of.history.sendings[SOLD_AGAIN].said = refused("hold_allocated", &[]);
    }),
    ("one request has two effects", Kind::DoneTwice, false, |of| {
        let at = of.facts.iter().position(|fact| fact.change == Change::SpotsReturned).unwrap();
        of.facts[at].request_id = Some(RequestId(4));
    }),
    ("a refusal for a seat that is free", Kind::RefusalUnexplained, true, |of| {
        rejected(of, REFUSED).conflicts = vec![(4, SeatStatus::Held)];
    }),
    ("a refusal says held of a seat that is sold", Kind::RefusalUnexplained, true, |of| {
        let said = refused("seats_unavailable", &[(1, SeatStatus::Held)]);
        add(of, 20, (8_100, 8_200), place(&[1]), said);
    }),
    ("a refusal says sold of a seat that was brought back", Kind::NotLinearizable, true, |of| {
        let said = refused("seats_unavailable", &[(2, SeatStatus::Allocated)]);
        add(of, 20, (12_100, 12_200), place(&[2]), said);
    }),
    ("a refusal says that a live hold ran out", Kind::NotLinearizable, true, |of| {
        let ask = (*of.history.sendings[SOLD_1].ask).clone();
        add(of, 20, (4_100, 4_200), ask, refused("hold_expired", &[]));
    }),
    ("a refusal knows nothing of a hold that is there", Kind::RefusalUnexplained, true, |of| {
        let ask = (*of.history.sendings[SOLD_1].ask).clone();
        add(of, 20, (4_100, 4_200), ask, refused("hold_unknown", &[]));
    }),
    (
        "a sale is refused, and the hold was neither used nor over",
        Kind::RefusalUnexplained,
        true,
        |of| {
            let ask = (*of.history.sendings[SOLD_1].ask).clone();
            add(of, 20, (4_100, 4_200), ask, refused("hold_released", &[]));
        },
    ),
    ("a hold runs out too early, as its seat shows", Kind::NotLinearizable, true, |of| {
        let lead = 100_000;
        for at in [LATE, EXTENDED] {
            of.history.sendings[at].invoked_micros -= lead;
            of.history.sendings[at].answered_micros -= lead;
        }
    }),
    ("a hold runs out too early, as the journal shows", Kind::EarlyExpiry, false, |of| {
        let is_end = |fact: &&mut crate::checker::Fact| fact.change == Change::HoldExpired;
        let fact = of.facts.iter_mut().find(is_end).unwrap();
        fact.at_millis -= HOLD_MILLIS / 2;
    }),
    ("a hold is sold behind its deadline", Kind::NotLinearizable, true, |of| {
        let Ask::Allocate { hold_id, .. } = *of.history.sendings[LATE].ask else { panic!() };
        of.history.sendings[LATE].said = sale_of(hold_id, 50, 9, &[5]);
        of.history.sendings[EXTENDED].said =
            refused("seats_unavailable", &[(5, SeatStatus::Allocated)]);
    }),
    ("two holds of one seat are acknowledged at once", Kind::NotLinearizable, true, |of| {
        add(of, 20, (1_000, 2_000), place(&[1]), held(77, 2, &[1]));
    }),
    ("a seat is sold again that was never brought back", Kind::NotLinearizable, true, |of| {
        of.history.sendings.remove(RETURNED_1);
    }),
    ("a release that nobody answered cannot free two holds", Kind::NotLinearizable, true, |of| {
        of.history.sendings[RELEASED_2].said = Said::Unknown;
        of.history.sendings[RELEASED_2].answered_micros = NEVER_MICROS;
        add(of, 20, (10_500, 10_600), place(&[3]), held(77, 2, &[3]));
    }),
    ("a sale is lost by a crash, and its hold comes back", Kind::NotLinearizable, true, |of| {
        let said = refused("seats_unavailable", &[(1, SeatStatus::Held)]);
        add(of, 20, (7_000, 7_100), place(&[1]), said);
    }),
    ("an LSN is missing", Kind::FactImpossible, false, |of| {
        of.facts.remove(2);
    }),
    ("time goes back", Kind::FactImpossible, false, |of| {
        let last = of.facts.len() - 1;
        of.facts[last].at_millis = 5;
    }),
    ("a hold ends with a seat less", Kind::FactImpossible, false, |of| {
        let is_sale = |fact: &&mut crate::checker::Fact| fact.change == Change::HoldAllocated;
        of.facts.iter_mut().find(is_sale).unwrap().seats.pop();
    }),
    ("a hold ends twice", Kind::FactImpossible, false, |of| {
        let is_end = |fact: &&crate::checker::Fact| fact.change == Change::HoldExpired;
        let mut fact = of.facts.iter().find(is_end).unwrap().clone();
        fact.lsn = of.facts.len() as u64 + 1;
        fact.at_millis += 10_000;
        of.facts.push(fact);
    }),
    ("the server counts a seat too many", Kind::StateDiffers, false, |of| {
        of.testimonies[0].counts.available += 1;
    }),
    ("the server counts a sold seat as held", Kind::StateDiffers, false, |of| {
        of.testimonies[0].counts.held += 1;
        of.testimonies[0].counts.available -= 1;
    }),
    ("the server finds something itself", Kind::SelfReported, false, |of| {
        of.testimonies[0].violations.push("the digest differs".to_owned());
    }),
];

#[test]
fn the_story_is_right() {
    let evidence = story();
    assert_eq!(check(&evidence), []);
    assert_eq!(evidence.facts.len(), 14, "{:#?}", evidence.facts);
}

#[test]
fn each_planted_violation_is_caught_by_the_check_that_should() {
    let mut missed = Vec::new();
    for (name, kind, shows_without_journal, change) in PLANTED {
        let mut evidence = story();
        change(&mut evidence);
        let (all, alone) = found(&evidence);
        let is_shown = !shows_without_journal || alone.contains(&Kind::NotLinearizable);
        if !all.contains(kind) || !is_shown {
            missed.push(format!("{name}: only {all:?}, of the record alone {alone:?}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_violation_quotes_what_shows_it() {
    let mut evidence = story();
    accepted(&mut evidence, SOLD_AGAIN).lsn += 1;
    let violations = check(&evidence);
    let words = violations[0].to_string();
    assert!(words.starts_with("AnswerDiffers: the same request was answered"), "{words}");
    assert_eq!(words.matches("client 4 request").count(), 2, "{words}");
}
