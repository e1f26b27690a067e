//! Requests and answers as the contract carries them.

use prost::Message;
use proto::inventory::v1;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use tonic_types::StatusExt;

use crate::history::{
    Accepted, AllocationId, Ask, Done, HoldId, IdError, Rejected, RequestId, Said, SeatStatus,
};

const REJECTION_TYPE: &str = "holdfast.inventory.v1.Rejection";

/// A request as a command of a stream.
pub fn command(request_id: RequestId, ask: &Ask) -> Verb {
    let request_id = request_id.to_bytes();
    match ask {
        Ask::Place { event_id, buyer, seats } => {
            let seats = v1::Seats { indexes: seats.clone(), ..v1::Seats::default() };
            Verb::Place(v1::PlaceRequest {
                request_id,
                event_id: *event_id,
                buyer_id: buyer.clone(),
                selection: Some(v1::place_request::Selection::Seats(seats)),
                areas: Vec::new(),
            })
        }
        Ask::Extend { hold_id, buyer } => {
            let (hold_id, buyer_id) = (hold_id.to_bytes(), buyer.clone());
            Verb::Extend(v1::ExtendRequest { request_id, hold_id, buyer_id })
        }
        Ask::Release { hold_id, buyer } => Verb::Release(v1::ReleaseRequest {
            request_id,
            hold_id: hold_id.to_bytes(),
            buyer_id: buyer.clone(),
            ..v1::ReleaseRequest::default()
        }),
        Ask::Allocate { hold_id, buyer } => Verb::Allocate(v1::AllocateRequest {
            request_id,
            hold_id: hold_id.to_bytes(),
            buyer_id: buyer.clone(),
            ..v1::AllocateRequest::default()
        }),
        Ask::Return { allocation_id, buyer } => Verb::Return(v1::ReturnRequest {
            request_id,
            allocation_id: allocation_id.to_bytes(),
            buyer_id: buyer.clone(),
            ..v1::ReturnRequest::default()
        }),
    }
}

/// What an outcome says. One that cannot be read is one of which nobody knows.
pub fn said_of_outcome(outcome: Option<Outcome>) -> Said {
    read(outcome).unwrap_or(Said::Unknown)
}

fn read(outcome: Option<Outcome>) -> Result<Said, IdError> {
    let accepted = match outcome {
        Some(Outcome::Placed(of)) => {
            let hold_id = HoldId::from_bytes(&of.hold_id)?;
            let done = Done::Placed { hold_id, deadline_millis: of.deadline_millis };
            Accepted { lsn: of.lsn, done, seats: of.seats }
        }
        Some(Outcome::Extended(of)) => {
            let hold_id = HoldId::from_bytes(&of.hold_id)?;
            let done = Done::Extended { hold_id, deadline_millis: of.deadline_millis };
            Accepted { lsn: of.lsn, done, seats: Vec::new() }
        }
        Some(Outcome::Released(of)) => {
            let done = Done::Released { hold_id: HoldId::from_bytes(&of.hold_id)? };
            Accepted { lsn: of.lsn, done, seats: of.seats }
        }
        Some(Outcome::Allocated(of)) => {
            let hold_id = HoldId::from_bytes(&of.hold_id)?;
            let allocation_id = AllocationId::from_bytes(&of.allocation_id)?;
            let done = Done::Allocated { hold_id, allocation_id };
            Accepted { lsn: of.lsn, done, seats: of.seats }
        }
        Some(Outcome::Returned(of)) => {
            let allocation_id = AllocationId::from_bytes(&of.allocation_id)?;
            Accepted { lsn: of.lsn, done: Done::Returned { allocation_id }, seats: of.seats }
        }
        Some(Outcome::Rejection(rejection)) => return Ok(Said::Rejected(rejected(rejection))),
        Some(Outcome::Failure(failure)) => {
            let code = failure.code();
            return Ok(match code {
                v1::FailureCode::Unknown => Said::Unknown,
                _ => Said::NotDone(code.as_str_name().to_owned()),
            });
        }
        Some(Outcome::Blocked(_) | Outcome::Unblocked(_)) | None => return Ok(Said::Unknown),
    };
    Ok(Said::Accepted(accepted))
}

fn rejected(rejection: v1::Rejection) -> Rejected {
    let conflicts = rejection.conflicts.iter().map(|of| {
        let status = match of.status() {
            v1::SeatStatus::Available => SeatStatus::Available,
            v1::SeatStatus::Held => SeatStatus::Held,
            v1::SeatStatus::Allocated => SeatStatus::Allocated,
            v1::SeatStatus::Blocked | v1::SeatStatus::Unspecified => SeatStatus::Other,
        };
        (of.index, status)
    });
    Rejected { reason: rejection.reason, conflicts: conflicts.collect() }
}

/// What the status of a unary call says. Only what the server itself says of a call is known of
/// it: its details are what tells that from a broken connection.
pub(super) fn said_of_status(status: &tonic::Status) -> Said {
    let details = tonic_types::Status::decode(status.details()).unwrap_or_default().details;
    let rejection = details.iter().find(|any| any.type_url.ends_with(REJECTION_TYPE));
    if let Some(rejection) = rejection.and_then(|any| v1::Rejection::decode(&*any.value).ok()) {
        return Said::Rejected(rejected(rejection));
    }
    match status.get_details_error_info() {
        Some(info) if info.reason != "unknown_outcome" => Said::NotDone(info.reason),
        _ => Said::Unknown,
    }
}
