//! The verbs of a hold: reserve, allocate, release, extend, and looking at one. REST's 'reserve'
//! is the engine's 'place'; this is where the words meet.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::place_request::Selection;
use proto::inventory::v1::{
    AllocateRequest, BestAvailable, ExtendRequest, Hold, HoldState, PlaceRequest, ReleaseRequest,
    Seats,
};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::extract::{JsonBody, OptionalKey, PathParameter, QueryParameters};
use crate::object::{Object, SeatLabels};
use crate::problem::Problem;
use crate::request_id::request_id;
use crate::timestamp::rfc3339;
use crate::values::{EventId, HoldId, Label, SeatCount, UserId, hex};

/// Seats by label, or how many next to each other; one of the three.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReserveBody {
    event_id: EventId,
    user_id: UserId,
    seat_ids: Option<SeatLabels>,
    best_available: Option<Object<Wish>>,
    /// The short form of a wish that has nothing else.
    quantity: Option<SeatCount>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wish {
    quantity: SeatCount,
    section: Option<Label>,
    category: Option<Label>,
    #[serde(default)]
    accessible: bool,
}

/// A hold, and which of its seats; all without `seatIds`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PartBody {
    hold_id: HoldId,
    user_id: UserId,
    seat_ids: Option<SeatLabels>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExtendBody {
    hold_id: HoldId,
    user_id: UserId,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reserved {
    hold_id: String,
    event_id: u64,
    seat_ids: Vec<String>,
    expires_at: String,
    expires_at_millis: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Allocated {
    allocation_id: String,
    hold_id: String,
    event_id: u64,
    seat_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Released {
    hold_id: String,
    seat_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extended {
    hold_id: String,
    expires_at: String,
    expires_at_millis: u64,
}

pub(super) async fn reserve(
    State(app): State<Arc<App>>,
    OptionalKey(key): OptionalKey,
    JsonBody(body): JsonBody<ReserveBody>,
) -> Result<Json<Reserved>, Problem> {
    let request_id = request_id(&body.user_id.0, "reserve", key.as_ref());
    let selection = selection(body.seat_ids, body.best_available, body.quantity)?;
    let verb = Verb::Place(PlaceRequest {
        request_id,
        event_id: body.event_id.0,
        buyer_id: body.user_id.0,
        selection: Some(selection),
        ..PlaceRequest::default()
    });
    match outcome(&app, verb).await? {
        Outcome::Placed(placed) => Ok(Json(Reserved {
            hold_id: hex(&placed.hold_id),
            event_id: placed.event_id,
            seat_ids: placed.labels,
            expires_at: rfc3339(placed.deadline_millis),
            expires_at_millis: placed.deadline_millis,
        })),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn allocate(
    State(app): State<Arc<App>>,
    OptionalKey(key): OptionalKey,
    JsonBody(body): JsonBody<PartBody>,
) -> Result<Json<Allocated>, Problem> {
    let request_id = request_id(&body.user_id.0, "allocate", key.as_ref());
    let verb = Verb::Allocate(AllocateRequest {
        request_id,
        hold_id: body.hold_id.0,
        buyer_id: body.user_id.0,
        part: part(body.seat_ids)?,
        ..AllocateRequest::default()
    });
    match outcome(&app, verb).await? {
        Outcome::Allocated(allocated) => Ok(Json(Allocated {
            allocation_id: hex(&allocated.allocation_id),
            hold_id: hex(&allocated.hold_id),
            event_id: allocated.event_id,
            seat_ids: allocated.labels,
        })),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn release(
    State(app): State<Arc<App>>,
    OptionalKey(key): OptionalKey,
    JsonBody(body): JsonBody<PartBody>,
) -> Result<Json<Released>, Problem> {
    let request_id = request_id(&body.user_id.0, "release", key.as_ref());
    let verb = Verb::Release(ReleaseRequest {
        request_id,
        hold_id: body.hold_id.0,
        buyer_id: body.user_id.0,
        part: part(body.seat_ids)?,
        ..ReleaseRequest::default()
    });
    match outcome(&app, verb).await? {
        Outcome::Released(released) => {
            Ok(Json(Released { hold_id: hex(&released.hold_id), seat_ids: released.labels }))
        }
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn extend(
    State(app): State<Arc<App>>,
    OptionalKey(key): OptionalKey,
    JsonBody(body): JsonBody<ExtendBody>,
) -> Result<Json<Extended>, Problem> {
    let request_id = request_id(&body.user_id.0, "extend", key.as_ref());
    let verb = Verb::Extend(ExtendRequest {
        request_id,
        hold_id: body.hold_id.0,
        buyer_id: body.user_id.0,
    });
    match outcome(&app, verb).await? {
        Outcome::Extended(extended) => Ok(Json(Extended {
            hold_id: hex(&extended.hold_id),
            expires_at: rfc3339(extended.deadline_millis),
            expires_at_millis: extended.deadline_millis,
        })),
        other => Err(unexpected(&other)),
    }
}

/// The engine's answer, with refusals and failures as problems.
async fn outcome(app: &App, verb: Verb) -> Result<Outcome, Problem> {
    match app.pipeline.call(verb).await? {
        Outcome::Rejection(rejection) => Err(rejection.into()),
        Outcome::Failure(failure) => Err(failure.into()),
        outcome => Ok(outcome),
    }
}

/// An engine that answers something else than it was asked did something that is not known here.
fn unexpected(outcome: &Outcome) -> Problem {
    tracing::error!(?outcome, "the engine answered another verb than it was asked");
    Problem::outcome_unknown()
}

fn selection(
    seat_ids: Option<SeatLabels>,
    best_available: Option<Object<Wish>>,
    quantity: Option<SeatCount>,
) -> Result<Selection, Problem> {
    match (seat_ids, best_available, quantity) {
        (Some(seat_ids), None, None) => Ok(Selection::Seats(seats(seat_ids)?)),
        (None, Some(Object(wish)), None) => Ok(Selection::BestAvailable(BestAvailable {
            quantity: wish.quantity.0,
            section: wish.section.map(|label| label.0),
            category: wish.category.map(|label| label.0),
            accessible: wish.accessible,
            ..BestAvailable::default()
        })),
        (None, None, Some(SeatCount(quantity))) => {
            Ok(Selection::BestAvailable(BestAvailable { quantity, ..BestAvailable::default() }))
        }
        _ => Err(Problem::invalid("give one of seatIds, bestAvailable and quantity")),
    }
}

fn part(seat_ids: Option<SeatLabels>) -> Result<Option<Seats>, Problem> {
    seat_ids.map(seats).transpose()
}

/// An empty list is refused here, where it can still be told from no list at all: what is meant
/// for none of the seats must never be done to all.
fn seats(SeatLabels(seat_ids): SeatLabels) -> Result<Seats, Problem> {
    if seat_ids.is_empty() {
        return Err(Problem::selection_empty());
    }
    let labels = seat_ids.into_iter().map(|label| label.0).collect();
    Ok(Seats { indexes: Vec::new(), labels, ..Seats::default() })
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
    user_id: String,
    state: &'static str,
    seat_ids: Vec<String>,
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
    PathParameter(id): PathParameter,
    QueryParameters(whose): QueryParameters<WhoseHold>,
) -> Result<Json<HoldDocument>, Problem> {
    let hold_id = HoldId::parse(&id)
        .map_err(|expected| Problem::invalid(format!("the path has to have {expected}")))?;
    let hold = app.reads.hold(hold_id, whose.user_id.map(|user_id| user_id.0)).await?;
    hold_document(hold).map(Json).ok_or_else(|| {
        tracing::error!(hold_id = id, "the engine knows a state of holds that the edge does not");
        Problem::internal()
    })
}

fn hold_document(hold: Hold) -> Option<HoldDocument> {
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
        seat_ids: hold.labels,
        expires_at: is_live.then(|| rfc3339(hold.deadline_millis)),
        expires_at_millis: is_live.then_some(hold.deadline_millis),
        extensions_left: is_live.then_some(hold.extensions_left),
        ended_at: (!is_live).then(|| rfc3339(hold.deadline_millis)),
        user_id: hold.buyer_id,
    })
}
