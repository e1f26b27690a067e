//! What a unary call that fails is told: a gRPC status with rich details, the rejection itself
//! among them. It travels in headers, so long lists are cut; a stream's answers are whole.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message;
use prost_types::Any;
use proto::inventory::v1::answer::Outcome;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::answer::{Answer, Failure, Refusal, Reply};
use crate::directory::Directory;
use crate::grpc::answers;
use crate::limits::{RECOVERING_RETRY_AFTER, STATUS_DETAIL_BYTES_MAX};
use crate::names::NamesOf;
use crate::readiness::Phase;
use inventory_core::rejection::RejectionCode;

/// Whose codes the error infos carry.
const DOMAIN: &str = "holdfast";

const REJECTION_TYPE_URL: &str = "type.googleapis.com/holdfast.inventory.v1.Rejection";

pub(crate) fn of_failure(failure: &Failure) -> Status {
    let (code, reason) = match failure {
        Failure::Invalid(_) => (Code::InvalidArgument, "invalid_request"),
        Failure::Overloaded { .. } => (Code::ResourceExhausted, "overloaded"),
        Failure::StorageShort { .. } => (Code::ResourceExhausted, "storage_short"),
        Failure::ProjectionBehind { .. } => (Code::ResourceExhausted, "projection_behind"),
        Failure::DeadlineExceeded => (Code::DeadlineExceeded, "deadline_exceeded"),
        Failure::Unknown => (Code::Unknown, "unknown_outcome"),
        Failure::ShuttingDown => (Code::Unavailable, "shutting_down"),
    };
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, []);
    match failure {
        Failure::Overloaded { retry_after }
        | Failure::StorageShort { retry_after }
        | Failure::ProjectionBehind { retry_after } => {
            details.set_retry_info(Some(*retry_after));
        }
        Failure::Invalid(invalid) => {
            details.add_bad_request_violation(invalid.field, &invalid.problem);
        }
        Failure::DeadlineExceeded | Failure::Unknown | Failure::ShuttingDown => {}
    }
    Status::with_error_details(code, failure.to_string(), details)
}

/// Why the engine takes no calls at all: it is not there yet, or no more. Nothing was done.
pub(crate) fn of_phase(phase: &Phase) -> Status {
    let (message, metadata) = match phase {
        Phase::Recovering(progress) => {
            let (read, total) = (progress.bytes_read(), progress.bytes_total());
            let facts = progress.facts();
            let metadata = HashMap::from([
                ("bytes_read".to_owned(), read.to_string()),
                ("bytes_total".to_owned(), total.to_string()),
                ("facts".to_owned(), facts.to_string()),
            ]);
            let message = format!(
                "the engine is recovering and has applied {facts} facts; nothing was done, try \
                 again in a moment"
            );
            (message, metadata)
        }
        Phase::Stopped(reason) => (
            format!("the engine has stopped: {}; this request did nothing", reason.summary()),
            HashMap::from([("cause".to_owned(), reason.summary().to_owned())]),
        ),
        Phase::Ready | Phase::Leaving => {
            ("the engine is leaving; nothing was done, try again".to_owned(), HashMap::new())
        }
    };
    let mut details = ErrorDetails::with_error_info(phase.name(), DOMAIN, metadata);
    if matches!(phase, Phase::Recovering(_)) {
        details.set_retry_info(Some(RECOVERING_RETRY_AFTER));
    }
    Status::with_error_details(Code::Unavailable, message, details)
}

pub(crate) fn of_refusal(refusal: &Refusal) -> Status {
    let mut message = answers::rejection(refusal);
    keep_what_fits(&mut message.conflicts, Message::encoded_len);
    keep_what_fits(&mut message.areas, Message::encoded_len);
    let mut details = ErrorDetails::with_error_info(&message.reason, DOMAIN, []);
    if message.retryable {
        details.set_retry_info(None::<Duration>);
    }
    let code = grpc_code(refusal.rejection.code);
    let text = refusal.rejection.to_string();
    let status = Status::with_error_details(code, text.as_str(), details);
    // The helper knows only Google's own details; ours is added to what it made.
    match tonic_types::Status::decode(status.details()) {
        Ok(mut rich) => {
            let value = message.encode_to_vec();
            rich.details.push(Any { type_url: REJECTION_TYPE_URL.to_owned(), value });
            Status::with_details(code, text, rich.encode_to_vec().into())
        }
        Err(_) => status,
    }
}

/// Of what a status lists, the first that fit into its headers.
pub(crate) fn keep_what_fits<T>(list: &mut Vec<T>, bytes_of: impl Fn(&T) -> usize) {
    // Tags and lengths around an item.
    const FRAME_BYTES: usize = 4;
    let mut bytes = 0;
    let fitting = list.iter().take_while(|item| {
        bytes += bytes_of(item) + FRAME_BYTES;
        bytes <= STATUS_DETAIL_BYTES_MAX
    });
    let count = fitting.count();
    list.truncate(count);
}

/// An outcome that does not belong to the call.
pub(crate) fn of_mismatch() -> Status {
    Status::internal("the engine answered another command; please report this")
}

/// The outcome of a unary command, or the status that says why there is none.
pub(crate) fn outcome(reply: Reply, directory: &Directory) -> Result<Outcome, Status> {
    match reply {
        Err(failure) => Err(of_failure(&failure)),
        Ok(Answer::Refused(refusal)) => Err(of_refusal(&refusal)),
        Ok(answer) => {
            answers::outcome(Ok(answer), &mut NamesOf::new(directory)).ok_or_else(of_mismatch)
        }
    }
}

/// Stands for every code, so that a new one has to be given a place.
fn grpc_code(code: RejectionCode) -> Code {
    use RejectionCode as R;
    match code {
        R::EventUnknown
        | R::ChartUnknown
        | R::HoldUnknown
        | R::AllocationUnknown
        | R::SeatUnknown
        | R::AreaUnknown
        | R::TicketTypeUnknown => Code::NotFound,
        R::EventExists => Code::AlreadyExists,
        R::RequestIdReused
        | R::RequestIdAhead
        | R::RulesInvalid
        | R::SelectionEmpty
        | R::SelectionTooLarge
        | R::SeatRepeated
        | R::TicketTypeRequired
        | R::TicketTypeMismatch
        | R::TableNotWhole => Code::InvalidArgument,
        R::RequestTooOld
        | R::HoldExpired
        | R::HoldReleased
        | R::HoldAllocated
        | R::SeatNotInHold
        | R::SeatNotInAllocation
        | R::EventClosed
        | R::SaleNotOpen
        | R::SaleClosed
        | R::TicketTypeNotOpen
        | R::TicketTypeClosed
        | R::ExtensionsExhausted
        | R::BuyerLimitExceeded
        | R::QuotaExceeded
        | R::SeatsUnavailable
        | R::AreaFull
        | R::NotEnoughTogether
        | R::SeatNotBlocked => Code::FailedPrecondition,
    }
}

/// The rejection among a status's details, as a client finds it.
#[cfg(test)]
fn rejection_in(status: &Status) -> Option<proto::inventory::v1::Rejection> {
    let rich = tonic_types::Status::decode(status.details()).ok()?;
    let detail = rich.details.iter().find(|detail| detail.type_url == REJECTION_TYPE_URL)?;
    proto::inventory::v1::Rejection::decode(detail.value.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use inventory_core::fact::SeatStatus;
    use inventory_core::ids::SeatIndex;
    use inventory_core::rejection::{Rejection, Retry, SeatConflict};
    use proto::inventory::v1;

    use super::*;
    use crate::names::{Resolver, Unknown};
    use crate::stop::StopReason;

    #[test]
    fn a_refusal_carries_its_rejection_and_google_details() {
        let conflict = SeatConflict { seat: SeatIndex(u32::MAX), status: Some(SeatStatus::Held) };
        let rejection = Rejection::never(RejectionCode::SeatsUnavailable)
            .with_retry(Retry::Later)
            .with_conflicts(vec![conflict]);
        let mut resolver = Resolver::new(None);
        assert_eq!(resolver.seats(&["Z-9".to_owned()]), [(0, SeatIndex(u32::MAX))]);
        let unknown = resolver.unknown;
        let status = of_refusal(&Refusal { rejection, names: None, unknown });
        assert_eq!(status.code(), Code::FailedPrecondition);
        let info = status.get_details_error_info().expect("an error info");
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("seats_unavailable", DOMAIN));
        let found = rejection_in(&status).expect("a rejection");
        assert!(found.retryable);
        assert_eq!(found.conflicts[0].label, "Z-9");
        assert_eq!(found.conflicts[0].status(), v1::SeatStatus::Held);
    }

    #[test]
    fn a_status_fits_into_headers_however_many_seats_stood_in_the_way() {
        let conflicts =
            (0..16_384).map(|seat| SeatConflict { seat: SeatIndex(seat), status: None });
        let rejection =
            Rejection::never(RejectionCode::SeatUnknown).with_conflicts(conflicts.collect());
        let refusal = Refusal { rejection, names: None, unknown: Unknown::default() };
        let status = of_refusal(&refusal);
        let found = rejection_in(&status).expect("a rejection");
        assert!(found.conflicts.len() > 100, "{} conflicts", found.conflicts.len());
        assert!(status.details().len() < 5_000, "{} bytes", status.details().len());
    }

    #[test]
    fn what_is_full_says_when_to_come_back() {
        let retry_after = Duration::from_millis(50);
        for (failure, reason) in [
            (Failure::Overloaded { retry_after }, "overloaded"),
            (Failure::StorageShort { retry_after }, "storage_short"),
            (Failure::ProjectionBehind { retry_after }, "projection_behind"),
        ] {
            let status = of_failure(&failure);
            assert_eq!(status.code(), Code::ResourceExhausted);
            let info = status.get_details_error_info().expect("an error info");
            assert_eq!(info.reason, reason);
            let info = status.get_details_retry_info().expect("a retry info");
            assert_eq!(info.retry_delay, Some(retry_after));
        }
    }

    #[test]
    fn who_comes_too_early_is_told_how_far_the_recovery_is() {
        let status = of_phase(&Phase::Recovering(Arc::default()));
        assert_eq!(status.code(), Code::Unavailable);
        let info = status.get_details_error_info().expect("an error info");
        assert_eq!((info.reason.as_str(), info.metadata["facts"].as_str()), ("recovering", "0"));
        assert!(status.get_details_retry_info().is_some());
        let status = of_phase(&Phase::Stopped(StopReason::WriterPanicked));
        let info = status.get_details_error_info().expect("an error info");
        assert_eq!((status.code(), info.reason.as_str()), (Code::Unavailable, "stopped"));
        assert!(status.message().contains("panicked"), "{status}");
    }
}
