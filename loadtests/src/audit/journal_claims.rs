//! The record against the journal's history: all that was acknowledged is there, at its LSN and
//! with its seats, places and ticket types, and nothing that was refused was done.
//!
//! A fact is found by the request id. Where the edge made its own id out of the caller's key,
//! it is found by the hold or the allocation that the answer named.

use std::sync::Arc;

use super::fact::{Change, JournalRecord};
use super::record::Books;
use super::replay::{Circumstances, History};
use super::{Findings, Kind, entry_evidence};
use crate::clock::millis;
use crate::record::Entry;
use crate::request::Answer;

/// Holds every request of the record against the history.
pub(crate) fn audit(
    history: &History,
    books: &Books<'_>,
    circumstances: Circumstances<'_>,
    findings: &mut Findings,
) {
    for (request_id, sendings) in &books.by_request {
        let fact = history.by_request.get(request_id).map(Arc::as_ref);
        if let Some(accepted) = sendings.iter().find(|entry| entry.answer.is_accepted()) {
            acknowledged(accepted, fact.or_else(|| by_what_it_made(history, accepted)), findings);
        } else if let Some(fact) = fact {
            refused(sendings, fact, circumstances.clock_slack_millis, findings);
        }
    }
}

fn by_what_it_made<'h>(history: &'h History, entry: &Entry) -> Option<&'h JournalRecord> {
    match &entry.answer {
        Answer::Placed { hold_id, .. } => history.placed.get(hold_id).map(Arc::as_ref),
        Answer::Allocated { allocation_id, .. } => {
            history.allocated.get(allocation_id).map(Arc::as_ref)
        }
        _ => None,
    }
}

fn acknowledged(entry: &Entry, fact: Option<&JournalRecord>, findings: &mut Findings) {
    let Some(fact) = fact else {
        // Over REST an extension, a release or a return leaves nothing to find it by but its
        // effect.
        let can_be_found = entry.answer.lsn().is_some()
            || matches!(entry.answer, Answer::Placed { .. } | Answer::Allocated { .. });
        if can_be_found {
            let seat = entry.answer.seats().first().copied();
            let message = "this answer was given, and the journal has no such fact";
            findings.add(Kind::AcknowledgedMissing, seat, message, vec![entry_evidence(entry)]);
        }
        return;
    };
    let is_as_told = entry.answer.spots().is_none_or(|told| told.sorted() == fact.spots());
    let is_same = match &entry.answer {
        Answer::Placed { hold_id, deadline_millis, .. } => {
            fact.change == Change::HoldPlaced
                && fact.hold_id == Some(*hold_id)
                && fact.deadline_millis == Some(*deadline_millis)
                && is_as_told
        }
        Answer::Extended { hold_id, deadline_millis, .. } => {
            fact.change == Change::HoldExtended
                && fact.hold_id == Some(*hold_id)
                && fact.deadline_millis == Some(*deadline_millis)
        }
        Answer::Released { hold_id, .. } => {
            fact.change == Change::HoldReleased && fact.hold_id == Some(*hold_id) && is_as_told
        }
        Answer::Allocated { hold_id, allocation_id, .. } => {
            fact.change == Change::HoldAllocated
                && fact.hold_id == Some(*hold_id)
                && fact.allocation_id == Some(*allocation_id)
                && is_as_told
        }
        Answer::Returned { allocation_id, .. } => {
            fact.change == Change::SpotsReturned
                && fact.allocation_id == Some(*allocation_id)
                && is_as_told
        }
        _ => true,
    };
    let is_same_buyer =
        fact.buyer_id.as_deref().is_none_or(|buyer_id| *buyer_id == *entry.request.buyer);
    if !is_same || !is_same_buyer || entry.answer.lsn().is_some_and(|lsn| lsn != fact.lsn) {
        let seat = entry.answer.seats().first().copied();
        let message = "what was acknowledged is in the journal, and is different there";
        let evidence = vec![entry_evidence(entry), fact.evidence()];
        findings.add(Kind::AcknowledgedDiffers, seat, message, evidence);
    }
}

/// No answer said that it was done. One that is in doubt may be the one that was.
fn refused(sendings: &[&Entry], fact: &JournalRecord, slack_millis: u64, findings: &mut Findings) {
    let last = sendings.iter().rfind(|entry| entry.answer.is_refused());
    let Some(last) = last else { return };
    if sendings.iter().all(|entry| entry.answer.is_refused()) {
        let message = "every answer said that nothing was done, and it was done";
        let evidence = vec![entry_evidence(last), fact.evidence()];
        findings.add(Kind::RefusedButDone, None, message, evidence);
        return;
    }
    let done_millis = fact.at_millis + slack_millis;
    let forgotten = sendings.iter().find(|entry| {
        matches!(entry.answer, Answer::Rejected(_)) && millis(entry.sent_micros) > done_millis
    });
    if let Some(forgotten) = forgotten {
        let message = "a request that had been done was refused when it came again";
        let evidence = vec![fact.evidence(), entry_evidence(forgotten)];
        findings.add(Kind::AnswerForgotten, None, message, evidence);
    }
}
