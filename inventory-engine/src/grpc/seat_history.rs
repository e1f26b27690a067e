//! `SeatHistory`: a seat's story in the contract's words.

use bytes::Bytes;
use inventory_core::ids::SeatIndex;
use proto::inventory::v1::{self, seat_history_request};
use tonic::Status;
use tracing::error;

use crate::answer::Invalid;
use crate::engine::{Handle, HistoryError};
use crate::grpc::{answers, reads, status};
use crate::limits::{HISTORY_MOMENTS_DEFAULT, HISTORY_MOMENTS_MAX};
use crate::names::EventNames;
use crate::seat_history::{Cause, Moment};
use crate::view::EventView;

pub(crate) async fn answer(
    engine: &Handle,
    request: v1::SeatHistoryRequest,
) -> Result<v1::SeatHistoryResponse, Status> {
    let event = reads::event(engine, request.event_id)?;
    let seat = seat(&event, request.seat.as_ref())?;
    let moments_max = match request.moments_max as usize {
        0 => HISTORY_MOMENTS_DEFAULT,
        count => count.min(HISTORY_MOMENTS_MAX),
    };
    let version = event.version();
    let story = engine.seat_story(&event, seat, moments_max).await;
    let story = story.map_err(|cause| of_history(event.id.0, &cause))?;
    // Nothing happened to it for as long as history is kept: it is what it was before.
    let became = story.moments.back().map(|moment| moment.became);
    let status = became.or_else(|| event.status(seat));
    let names = event.names();
    Ok(v1::SeatHistoryResponse {
        event_id: event.id.0,
        index: seat.0,
        label: names.seat(seat).to_owned(),
        status: status.map_or(v1::SeatStatus::Unspecified, answers::seat_status).into(),
        version,
        moments: story.moments.into_iter().map(|of| moment(of, &names)).collect(),
        is_cut: story.is_cut,
    })
}

fn seat(
    event: &EventView,
    asked: Option<&seat_history_request::Seat>,
) -> Result<SeatIndex, Status> {
    let known = match asked {
        Some(seat_history_request::Seat::Index(index)) => {
            Some(SeatIndex(*index)).filter(|&seat| event.chart.seat(seat).is_some())
        }
        Some(seat_history_request::Seat::Label(label)) => event.chart.seat_by_label(label),
        None => {
            let problem = "say which seat: by index or by label".to_owned();
            return Err(status::of_failure(&Invalid { field: "seat", problem }.into()));
        }
    };
    known.ok_or_else(|| reads::not_found("seat_unknown", "the event's chart has no such seat"))
}

fn of_history(event_id: u64, cause: &HistoryError) -> Status {
    match cause {
        HistoryError::NotKept => Status::failed_precondition(cause.to_string()),
        HistoryError::Stopped => Status::unavailable(cause.to_string()),
        HistoryError::Journal(cause) => {
            error!(event_id, %cause, "a seat's history cannot be read from the journal");
            Status::internal("the history cannot be read from the journal; see the engine's log")
        }
    }
}

fn moment(moment: Moment, names: &EventNames) -> v1::SeatMoment {
    let id = |id: Option<u128>| match id {
        Some(id) => Bytes::copy_from_slice(&id.to_be_bytes()),
        None => Bytes::new(),
    };
    v1::SeatMoment {
        lsn: moment.lsn.0,
        at_millis: moment.at.0,
        cause: cause(moment.cause).into(),
        became: answers::seat_status(moment.became).into(),
        request_id: id(moment.request_id.map(|id| id.get())),
        hold_id: id(moment.hold_id.map(|id| id.0)),
        allocation_id: id(moment.allocation_id.map(|id| id.0)),
        buyer_id: moment.buyer_id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        ticket_type: names.ticket_type(moment.ticket_type).to_owned(),
        deadline_millis: moment.deadline.map(|at| at.0),
    }
}

fn cause(cause: Cause) -> v1::SeatCause {
    match cause {
        Cause::HoldPlaced => v1::SeatCause::HoldPlaced,
        Cause::HoldExtended => v1::SeatCause::HoldExtended,
        Cause::HoldReleased => v1::SeatCause::HoldReleased,
        Cause::HoldExpired => v1::SeatCause::HoldExpired,
        Cause::Allocated => v1::SeatCause::Allocated,
        Cause::Returned => v1::SeatCause::Returned,
        Cause::Blocked => v1::SeatCause::Blocked,
        Cause::Unblocked => v1::SeatCause::Unblocked,
    }
}
