//! What an audit found, with its evidence.

use std::fmt;

use serde::Serialize;

use crate::clock::millis;
use crate::ids::{AllocationId, HoldId, RequestId};
use crate::record::Entry;
use crate::request::Answer;
use crate::spots::Places;

/// Violations that are kept with their evidence; all are counted.
const KEPT_MAX: usize = 1_000;

/// What was broken. The words are stable.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A seat was allocated to two allocations without a return between.
    SoldTwice,
    /// More of an area or a ticket type was given away than there is.
    Oversold,
    /// A seat was in two live holds at once, or held while it was not available.
    HeldTwice,
    /// The same request id got different answers.
    AnswerDiffers,
    /// A request that was done was later refused under the same id.
    AnswerForgotten,
    /// An allocation or an extension was accepted after the hold's deadline.
    AcceptedLate,
    /// A hold ended by its deadline before that.
    ExpiredEarly,
    /// A hold was alive long past its deadline.
    AlivePastDeadline,
    /// What was acknowledged is not there.
    AcknowledgedMissing,
    /// What was acknowledged is there, and different.
    AcknowledgedDiffers,
    /// What was said not to be done was done.
    RefusedButDone,
    /// A seat or a place is sold, and no one was told so.
    SoldToNobody,
    /// Numbers of seats, places or tickets do not add up.
    Conservation,
    /// A number of a shard's history is missing or there twice.
    LsnGap,
    /// A shard's time or epoch went backwards.
    TimeBackwards,
    /// A request id changed the state twice.
    DoneTwice,
    /// A fact changes something that is not there or not in that state.
    FactImpossible,
    /// The server and the journal disagree about a seat, an area or a ticket type.
    StateDiffers,
    /// The server finds something wrong with itself.
    ServerVerification,
    /// The server did not do as it was told.
    ServerFailed,
    /// Something could not be audited.
    NotAuditable,
}

impl Kind {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SoldTwice => "sold_twice",
            Self::Oversold => "oversold",
            Self::HeldTwice => "held_twice",
            Self::AnswerDiffers => "answer_differs",
            Self::AnswerForgotten => "answer_forgotten",
            Self::AcceptedLate => "accepted_late",
            Self::ExpiredEarly => "expired_early",
            Self::AlivePastDeadline => "alive_past_deadline",
            Self::AcknowledgedMissing => "acknowledged_missing",
            Self::AcknowledgedDiffers => "acknowledged_differs",
            Self::RefusedButDone => "refused_but_done",
            Self::SoldToNobody => "sold_to_nobody",
            Self::Conservation => "conservation",
            Self::LsnGap => "lsn_gap",
            Self::TimeBackwards => "time_backwards",
            Self::DoneTwice => "done_twice",
            Self::FactImpossible => "fact_impossible",
            Self::StateDiffers => "state_differs",
            Self::ServerVerification => "server_verification",
            Self::ServerFailed => "server_failed",
            Self::NotAuditable => "not_auditable",
        }
    }
}

/// Where a piece of evidence comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An answer that a buyer of this run got.
    Record,
    /// What the server says.
    Server,
    /// A fact of the journal.
    Journal,
}

/// One answer, statement or fact. What does not apply is absent.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Evidence {
    /// Where it comes from.
    pub source: Source,
    /// What it says, such as `allocated`.
    pub says: String,
    /// The request that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// The hold that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<HoldId>,
    /// The allocation that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_id: Option<AllocationId>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_id: Option<String>,
    /// The shard of a fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<u16>,
    /// Its place in the shard's history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lsn: Option<u64>,
    /// When a fact was decided, or a statement made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_millis: Option<u64>,
    /// When the buyer meant to send the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intended_millis: Option<u64>,
    /// When the request was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_millis: Option<u64>,
    /// When the answer was received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_millis: Option<u64>,
    /// The deadline that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_millis: Option<u64>,
    /// The seats that it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<u32>,
    /// The places that it names, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
}

impl Evidence {
    /// A statement without particulars.
    pub(crate) fn new(source: Source, says: impl Into<String>) -> Self {
        Self {
            source,
            says: says.into(),
            request_id: None,
            hold_id: None,
            allocation_id: None,
            buyer_id: None,
            shard: None,
            lsn: None,
            at_millis: None,
            intended_millis: None,
            sent_millis: None,
            received_millis: None,
            deadline_millis: None,
            seats: Vec::new(),
            places: Vec::new(),
        }
    }
}

/// Places as evidence names them: by the numbers that the journal has.
pub(crate) fn in_words(places: &Places) -> String {
    let as_type = places.ticket_type.map(|of| format!(" as ticket type {of}")).unwrap_or_default();
    format!("{} in area {}{as_type}", places.count, places.area)
}

/// An answer of the record as evidence.
pub(crate) fn entry_evidence(entry: &Entry) -> Evidence {
    let operation = entry.request.operation();
    let mut evidence =
        Evidence::new(Source::Record, format!("{operation}: {}", entry.answer.name()));
    evidence.request_id = Some(entry.request.id);
    evidence.hold_id = entry.request.hold_id();
    evidence.buyer_id = Some(entry.request.buyer.to_string());
    evidence.intended_millis = Some(millis(entry.intended_micros));
    evidence.sent_millis = Some(millis(entry.sent_micros));
    evidence.received_millis = Some(millis(entry.received_micros));
    evidence.lsn = entry.answer.lsn();
    evidence.seats = entry.answer.seats().to_vec();
    let spots = entry.answer.spots();
    evidence.places = spots.iter().flat_map(|of| of.areas.iter().map(in_words)).collect();
    match &entry.answer {
        Answer::Placed { hold_id, deadline_millis, .. }
        | Answer::Extended { hold_id, deadline_millis, .. } => {
            evidence.hold_id = Some(*hold_id);
            evidence.deadline_millis = Some(*deadline_millis);
        }
        Answer::Allocated { allocation_id, .. } | Answer::Returned { allocation_id, .. } => {
            evidence.allocation_id = Some(*allocation_id);
        }
        _ => {}
    }
    evidence
}

/// One thing that must not be, and what proves it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Violation {
    /// What was broken.
    pub kind: Kind,
    /// The seat that it is about, by index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat: Option<u32>,
    /// The same seat's label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What happened, for people.
    pub message: String,
    /// What proves it, in the order of time where there is one.
    pub evidence: Vec<Evidence>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.name())?;
        match (&self.label, self.seat) {
            (Some(label), Some(seat)) => write!(f, " seat {seat} ({label})")?,
            (None, Some(seat)) => write!(f, " seat {seat}")?,
            _ => {}
        }
        write!(f, ": {}", self.message)?;
        for evidence in &self.evidence {
            let json = serde_json::to_string(evidence).map_err(|_| fmt::Error)?;
            write!(f, "\n    {json}")?;
        }
        Ok(())
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) violations: Vec<Violation>,
    pub(crate) total: u64,
}

impl Findings {
    pub(crate) fn add(
        &mut self,
        kind: Kind,
        seat: Option<u32>,
        message: impl Into<String>,
        evidence: Vec<Evidence>,
    ) {
        self.total += 1;
        if self.violations.len() < KEPT_MAX {
            let message = message.into();
            self.violations.push(Violation { kind, seat, label: None, message, evidence });
        }
    }

    #[cfg(test)]
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        self.violations.iter().map(|violation| violation.kind).collect()
    }
}
