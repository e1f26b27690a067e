//! Typed answers into protobuf ones.

use bytes::Bytes;
use inventory_core::chart::Chart;
use inventory_core::fact::{Change, SeatStatus};
use inventory_core::ids::SeatIndex;
use inventory_core::rejection::{Retry, SeatConflict};
use inventory_core::state::{Counts, Ending, Verification};
use proto::inventory::v1::{self, answer::Outcome};

use crate::answer::{Accepted, Answer, Failure, HoldReport, Refusal, Reply};
use crate::ask::unknown_label;

/// A reply to a command of a stream. `None` for what no command is answered with.
pub(crate) fn outcome(reply: Reply) -> Option<Outcome> {
    match reply {
        Ok(Answer::Accepted(accepted)) => accepted_outcome(&accepted),
        Ok(Answer::Refused(refusal)) => Some(Outcome::Rejection(rejection(&refusal))),
        Ok(Answer::Hold(_) | Answer::Verified(_)) => None,
        Err(failure) => Some(Outcome::Failure(failure_message(&failure))),
    }
}

fn accepted_outcome(accepted: &Accepted) -> Option<Outcome> {
    let fact = &accepted.fact;
    let (event_id, lsn) = (fact.event_id.0, fact.lsn.0);
    let (seats, labels) = match fact.change.seats_became() {
        Some((seats, _)) => (indexes(seats), labels(&accepted.chart, seats)),
        None => (Vec::new(), Vec::new()),
    };
    Some(match &fact.change {
        Change::HoldPlaced { hold_id, deadline, .. } => Outcome::Placed(v1::Placed {
            hold_id: id_bytes(hold_id.0),
            event_id,
            seats,
            labels,
            deadline_millis: deadline.0,
            lsn,
        }),
        Change::HoldExtended { hold_id, deadline } => Outcome::Extended(v1::Extended {
            hold_id: id_bytes(hold_id.0),
            deadline_millis: deadline.0,
            lsn,
        }),
        Change::HoldReleased { hold_id, .. } => {
            let hold_id = id_bytes(hold_id.0);
            Outcome::Released(v1::Released { hold_id, seats, labels, lsn })
        }
        Change::HoldAllocated { hold_id, allocation_id, .. } => Outcome::Allocated(v1::Allocated {
            hold_id: id_bytes(hold_id.0),
            allocation_id: id_bytes(allocation_id.0),
            event_id,
            seats,
            labels,
            lsn,
        }),
        Change::SpotsReturned { allocation_id, .. } => {
            let allocation_id = id_bytes(allocation_id.0);
            Outcome::Returned(v1::Returned { allocation_id, seats, labels, lsn })
        }
        Change::SpotsBlocked { .. } => {
            Outcome::Blocked(v1::Blocked { event_id, seats, labels, lsn })
        }
        Change::SpotsUnblocked { .. } => {
            Outcome::Unblocked(v1::Unblocked { event_id, seats, labels, lsn })
        }
        // Neither is what a command of a stream asks for.
        Change::EventCreated { .. } | Change::HoldExpired { .. } => return None,
    })
}

pub(crate) fn rejection(refusal: &Refusal) -> v1::Rejection {
    let rejection = &refusal.rejection;
    let conflict = |conflict: &SeatConflict| v1::SeatConflict {
        index: conflict.seat.0,
        label: conflict_label(refusal, conflict.seat).to_owned(),
        status: conflict.status.map_or(v1::SeatStatus::Unspecified, seat_status).into(),
    };
    v1::Rejection {
        code: rejection.code as u32,
        reason: rejection.code.name().to_owned(),
        message: rejection.code.advice().to_owned(),
        retryable: rejection.retry != Retry::Never,
        retry_at_millis: match rejection.retry {
            Retry::At(at) => Some(at.0),
            Retry::Never | Retry::Later => None,
        },
        conflicts: rejection.conflicts.iter().map(conflict).collect(),
        could_have: rejection.could_have,
    }
}

fn conflict_label(refusal: &Refusal, seat: SeatIndex) -> &str {
    let known = refusal.chart.as_ref().and_then(|chart| chart.seat(seat));
    match known {
        Some(seat) => &seat.label,
        None => unknown_label(&refusal.unknown_labels, seat).unwrap_or_default(),
    }
}

fn failure_message(failure: &Failure) -> v1::Failure {
    let (code, retry_after) = match failure {
        Failure::Invalid(_) => (v1::FailureCode::Invalid, None),
        Failure::Overloaded { retry_after } => {
            (v1::FailureCode::Overloaded, Some(retry_after.as_millis() as u32))
        }
        Failure::DeadlineExceeded => (v1::FailureCode::DeadlineExceeded, None),
        Failure::Unknown => (v1::FailureCode::Unknown, None),
        Failure::ShuttingDown => (v1::FailureCode::ShuttingDown, None),
    };
    v1::Failure { code: code.into(), message: failure.to_string(), retry_after_millis: retry_after }
}

pub(crate) fn hold(report: &HoldReport) -> v1::Hold {
    let state = match report.ending {
        None => v1::HoldState::Live,
        Some(Ending::Expired) => v1::HoldState::Expired,
        Some(Ending::Released) => v1::HoldState::Released,
        Some(Ending::Allocated) => v1::HoldState::Allocated,
    };
    v1::Hold {
        hold_id: id_bytes(report.hold_id.0),
        event_id: report.event_id.0,
        buyer_id: report.buyer_id.as_str().to_owned(),
        state: state.into(),
        seats: indexes(&report.seats),
        labels: labels(&report.chart, &report.seats),
        deadline_millis: report.deadline.0,
        extensions_left: u32::from(report.extensions_left),
    }
}

pub(crate) fn verification(verification: Verification) -> v1::Verification {
    v1::Verification {
        event_id: verification.event_id.0,
        lsn: verification.lsn.0,
        seats: Some(counts(verification.counts)),
        live_holds: verification.live_holds,
        live_allocations: verification.live_allocations,
        digest: id_bytes(verification.digest.0),
        violations: verification.violations,
    }
}

pub(crate) fn counts(counts: Counts) -> v1::Counts {
    v1::Counts {
        available: counts.get(SeatStatus::Available),
        held: counts.get(SeatStatus::Held),
        allocated: counts.get(SeatStatus::Allocated),
        blocked: counts.get(SeatStatus::Blocked),
        capacity: counts.total(),
    }
}

pub(crate) fn seat_status(status: SeatStatus) -> v1::SeatStatus {
    match status {
        SeatStatus::Available => v1::SeatStatus::Available,
        SeatStatus::Held => v1::SeatStatus::Held,
        SeatStatus::Allocated => v1::SeatStatus::Allocated,
        SeatStatus::Blocked => v1::SeatStatus::Blocked,
    }
}

fn indexes(seats: &[SeatIndex]) -> Vec<u32> {
    seats.iter().map(|seat| seat.0).collect()
}

fn labels(chart: &Chart, seats: &[SeatIndex]) -> Vec<String> {
    let known = seats.iter().filter_map(|&seat| chart.seat(seat));
    known.map(|seat| seat.label.clone()).collect()
}

fn id_bytes(id: u128) -> Bytes {
    Bytes::copy_from_slice(&id.to_be_bytes())
}
