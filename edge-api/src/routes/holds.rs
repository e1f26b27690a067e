//! The verbs of a hold after it was reserved: allocate, release, extend, and looking at one; and
//! the return of what was allocated.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::{
    Ack, AllocateRequest, ExtendRequest, Hold, HoldState, ReleaseRequest, ReturnRequest,
};
use serde::{Deserialize, Serialize};

use super::spots::{AreaLines, SeatLabels, SpotsDocument, part};
use crate::ack::{Durable, WantedAck};
use crate::app::App;
use crate::extract::{JsonBody, OptionalKey, PathParameter, QueryParameters, not_in_path};
use crate::pipeline::Answered;
use crate::problem::Problem;
use crate::rate_limits::{AdmittedRead, Caller};
use crate::request_id::request_id;
use crate::timestamp::rfc3339;
use crate::values::{AllocationId, HoldId, UserId, hex};

/// A hold, and what of it; all without `seatIds` and `areas`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PartBody {
    hold_id: HoldId,
    user_id: UserId,
    #[serde(default, deserialize_with = "present")]
    seat_ids: Option<SeatLabels>,
    #[serde(default, deserialize_with = "present")]
    areas: Option<AreaLines>,
}

/// An allocation, and what of it; all without `seatIds` and `areas`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReturnBody {
    allocation_id: AllocationId,
    user_id: UserId,
    #[serde(default, deserialize_with = "present")]
    seat_ids: Option<SeatLabels>,
    #[serde(default, deserialize_with = "present")]
    areas: Option<AreaLines>,
}

/// A field that is there has a value: what is meant for some must never be done to all, because
/// somebody's variable was `null`.
fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExtendBody {
    hold_id: HoldId,
    user_id: UserId,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Allocated {
    allocation_id: String,
    hold_id: String,
    event_id: u64,
    #[serde(flatten)]
    spots: SpotsDocument,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Released {
    hold_id: String,
    #[serde(flatten)]
    spots: SpotsDocument,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Returned {
    allocation_id: String,
    #[serde(flatten)]
    spots: SpotsDocument,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extended {
    hold_id: String,
    expires_at: String,
    expires_at_millis: u64,
}

pub(super) async fn allocate(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    JsonBody(body): JsonBody<PartBody>,
) -> Result<Durable<Json<Allocated>>, Problem> {
    let request_id = request_id(&body.user_id.0, "allocate", key.as_ref());
    let (part, areas) = part(body.seat_ids, body.areas)?;
    app.rate_limits.admit_change(caller, &body.user_id.0, None).await?;
    let verb = Verb::Allocate(AllocateRequest {
        request_id,
        hold_id: body.hold_id.0,
        buyer_id: body.user_id.0,
        part,
        areas,
    });
    let Answered { outcome, durability } = outcome(&app, verb, ack).await?;
    let reply = match outcome {
        Outcome::Allocated(allocated) => Json(Allocated {
            allocation_id: hex(&allocated.allocation_id),
            hold_id: hex(&allocated.hold_id),
            event_id: allocated.event_id,
            spots: SpotsDocument::new(allocated.labels, allocated.ticket_types, allocated.areas),
        }),
        other => return Err(unexpected(&other)),
    };
    Ok(Durable { durability, reply })
}

pub(super) async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    JsonBody(body): JsonBody<PartBody>,
) -> Result<Durable<Json<Released>>, Problem> {
    let request_id = request_id(&body.user_id.0, "release", key.as_ref());
    let (part, areas) = part(body.seat_ids, body.areas)?;
    app.rate_limits.admit_change(caller, &body.user_id.0, None).await?;
    let verb = Verb::Release(ReleaseRequest {
        request_id,
        hold_id: body.hold_id.0,
        buyer_id: body.user_id.0,
        part,
        areas,
    });
    let Answered { outcome, durability } = outcome(&app, verb, ack).await?;
    let reply = match outcome {
        Outcome::Released(released) => Json(Released {
            hold_id: hex(&released.hold_id),
            spots: SpotsDocument::new(released.labels, released.ticket_types, released.areas),
        }),
        other => return Err(unexpected(&other)),
    };
    Ok(Durable { durability, reply })
}

pub(super) async fn give_back(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    JsonBody(body): JsonBody<ReturnBody>,
) -> Result<Durable<Json<Returned>>, Problem> {
    let request_id = request_id(&body.user_id.0, "return", key.as_ref());
    let (part, areas) = part(body.seat_ids, body.areas)?;
    app.rate_limits.admit_change(caller, &body.user_id.0, None).await?;
    let verb = Verb::Return(ReturnRequest {
        request_id,
        allocation_id: body.allocation_id.0,
        buyer_id: body.user_id.0,
        part,
        areas,
    });
    let Answered { outcome, durability } = outcome(&app, verb, ack).await?;
    let reply = match outcome {
        Outcome::Returned(returned) => Json(Returned {
            allocation_id: hex(&returned.allocation_id),
            spots: SpotsDocument::new(returned.labels, returned.ticket_types, returned.areas),
        }),
        other => return Err(unexpected(&other)),
    };
    Ok(Durable { durability, reply })
}

pub(super) async fn extend(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    JsonBody(body): JsonBody<ExtendBody>,
) -> Result<Durable<Json<Extended>>, Problem> {
    let request_id = request_id(&body.user_id.0, "extend", key.as_ref());
    app.rate_limits.admit_change(caller, &body.user_id.0, None).await?;
    let verb = Verb::Extend(ExtendRequest {
        request_id,
        hold_id: body.hold_id.0,
        buyer_id: body.user_id.0,
    });
    let Answered { outcome, durability } = outcome(&app, verb, ack).await?;
    let reply = match outcome {
        Outcome::Extended(extended) => Json(Extended {
            hold_id: hex(&extended.hold_id),
            expires_at: rfc3339(extended.deadline_millis),
            expires_at_millis: extended.deadline_millis,
        }),
        other => return Err(unexpected(&other)),
    };
    Ok(Durable { durability, reply })
}

/// The engine's answer, with refusals and failures as problems.
pub(super) async fn outcome(app: &App, verb: Verb, ack: Ack) -> Result<Answered, Problem> {
    let answered = app.pipeline.ask(verb, ack).await?;
    match answered.outcome {
        Outcome::Rejection(rejection) => Err(rejection.into()),
        Outcome::Failure(failure) => Err(failure.into()),
        outcome => Ok(Answered { outcome, ..answered }),
    }
}

/// An engine that answers something else than it was asked did something that is not known here.
pub(super) fn unexpected(outcome: &Outcome) -> Problem {
    tracing::error!(?outcome, "the engine answered another verb than it was asked");
    Problem::outcome_unknown()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WhoseHold {
    user_id: Option<UserId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HoldDocument {
    hold_id: String,
    event_id: u64,
    /// Told to who knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    state: &'static str,
    #[serde(flatten)]
    spots: SpotsDocument,
    /// While it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at_millis: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions_left: Option<u32>,
    /// When it is live no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
}

pub(super) async fn look_at(
    State(app): State<Arc<App>>,
    _: AdmittedRead,
    PathParameter(id): PathParameter,
    QueryParameters(whose): QueryParameters<WhoseHold>,
) -> Result<Json<HoldDocument>, Problem> {
    let hold_id = HoldId::parse(&id).map_err(not_in_path)?;
    let user_id = whose.user_id.map(|user_id| user_id.0);
    let is_known = user_id.is_some();
    let hold = app.reads.hold(hold_id, user_id).await?;
    hold_document(hold, is_known).map(Json).ok_or_else(|| {
        tracing::error!(hold_id = id, "the engine knows a state of holds that the edge does not");
        Problem::internal()
    })
}

/// Whose hold it is, is told to who knows it: id and user together are all that it takes to
/// release one, and ids stand in logs.
fn hold_document(hold: Hold, is_user_known: bool) -> Option<HoldDocument> {
    let state = match hold.state() {
        HoldState::Live => "live",
        HoldState::Expired => "expired",
        HoldState::Released => "released",
        HoldState::Allocated => "allocated",
        HoldState::Unspecified => return None,
    };
    let is_live = hold.state() == HoldState::Live;
    Some(HoldDocument {
        hold_id: hex(&hold.hold_id),
        event_id: hold.event_id,
        state,
        spots: SpotsDocument::new(hold.labels, hold.ticket_types, hold.areas),
        expires_at: is_live.then(|| rfc3339(hold.deadline_millis)),
        expires_at_millis: is_live.then_some(hold.deadline_millis),
        extensions_left: is_live.then_some(hold.extensions_left),
        ended_at: (!is_live).then(|| rfc3339(hold.deadline_millis)),
        user_id: is_user_known.then_some(hold.buyer_id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_taken_for_everything() {
        let body = |more: &str| {
            let text = format!(r#"{{"holdId": "{:032x}", "userId": "ann"{more}}}"#, 7);
            serde_json::from_str::<PartBody>(&text).map(|body| body.seat_ids.is_none())
        };
        assert!(matches!(body(""), Ok(true)), "absent means all");
        assert!(matches!(body(r#", "seatIds": ["A-1"]"#), Ok(false)));
        assert!(body(r#", "seatIds": null"#).is_err());
        assert!(body(r#", "areas": null"#).is_err());
    }
}
