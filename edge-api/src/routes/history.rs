//! What happened to a seat, for who has to explain it: when, why, by which request, in whose hold.
//! **Organizers alone are told**: a hold's id and its buyer together are all that it takes to
//! release it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use proto::inventory::v1::seat_history_request::Seat;
use proto::inventory::v1::{SeatCause, SeatHistoryRequest, SeatMoment, SeatStatus};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::extract::{Admin, QueryParameters, SeatInPath};
use crate::limits::{HISTORY_MOMENTS_DEFAULT, HISTORY_MOMENTS_MAX};
use crate::problem::Problem;
use crate::timestamp::rfc3339;
use crate::values::{hex, status_word};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HowMuch {
    limit: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryDocument {
    event_id: u64,
    seat_id: String,
    status: &'static str,
    version: u64,
    /// Oldest first.
    moments: Vec<MomentDocument>,
    /// Whether there were more in front of the first.
    is_cut: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MomentDocument {
    lsn: u64,
    at: String,
    cause: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    request_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    hold_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    allocation_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    user_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    ticket_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

pub(super) async fn of_seat(
    State(app): State<Arc<App>>,
    _: Admin,
    SeatInPath(event_id, label): SeatInPath,
    QueryParameters(how_much): QueryParameters<HowMuch>,
) -> Result<Json<HistoryDocument>, Problem> {
    let moments_max = match how_much.limit.as_deref().map(str::parse) {
        None => HISTORY_MOMENTS_DEFAULT,
        Some(Ok(limit)) if (1..=HISTORY_MOMENTS_MAX).contains(&limit) => limit,
        Some(_) => {
            return Err(Problem::invalid(format!("limit: ask for 1 to {HISTORY_MOMENTS_MAX}")));
        }
    };
    let seat = Some(Seat::Label(label.0));
    let request = SeatHistoryRequest { event_id: event_id.0, seat, moments_max };
    let history = app.reads.seat_history(request).await?;
    Ok(Json(HistoryDocument {
        event_id: history.event_id,
        status: status_word(history.status()),
        seat_id: history.label,
        version: history.version,
        moments: history.moments.into_iter().map(MomentDocument::from).collect(),
        is_cut: history.is_cut,
    }))
}

impl From<SeatMoment> for MomentDocument {
    fn from(moment: SeatMoment) -> Self {
        Self {
            lsn: moment.lsn,
            at: rfc3339(moment.at_millis),
            cause: cause_word(moment.cause()),
            status: status_word(SeatStatus::try_from(moment.became).unwrap_or_default()),
            request_id: hex(&moment.request_id),
            hold_id: hex(&moment.hold_id),
            allocation_id: hex(&moment.allocation_id),
            user_id: moment.buyer_id,
            ticket_type: moment.ticket_type,
            expires_at: moment.deadline_millis.map(rfc3339),
        }
    }
}

/// An engine that knows more causes than this edge has one that is called 'other'.
fn cause_word(cause: SeatCause) -> &'static str {
    match cause {
        SeatCause::HoldPlaced => "hold_placed",
        SeatCause::HoldExtended => "hold_extended",
        SeatCause::HoldReleased => "hold_released",
        SeatCause::HoldExpired => "hold_expired",
        SeatCause::Allocated => "allocated",
        SeatCause::Returned => "returned",
        SeatCause::Blocked => "blocked",
        SeatCause::Unblocked => "unblocked",
        SeatCause::Unspecified => "other",
    }
}
