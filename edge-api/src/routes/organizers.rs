//! What organizers do: charts, events, blocks, verification. Each path asks for the token of this
//! edge before it reads anything else, and every change may be repeated by its key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use proto::inventory::v1::{
    AreaPlaces, BlockRequest, ChartFormat, CloseEventRequest, CreateEventRequest, EventRules,
    PutChartRequest, Seats, TicketType, UnblockRequest,
};
use serde::{Deserialize, Serialize};

use super::counts::{CountsDocument, Name, NamedDocument, named};
use super::events::EventDocument;
use super::spots::{AreaLines, SeatLabels, SpotsDocument, part};
use crate::ack::{Durable, WantedAck};
use crate::app::App;
use crate::extract::{
    Admin, AdminJsonBody, ChartBody, EventInPath, NoBody, OptionalKey, QueryParameters,
};
use crate::object::{List, Listed, Object};
use crate::problem::Problem;
use crate::request_id::request_id;
use crate::values::{ChartHash, EventId, Label, Moment, TicketTypeKey, WholeNumber, hex};

/// In whose name keys are kept apart from those of buyers, together with the path.
const CALLER: &str = "organizer";

/// Seats and places to take off sale, or to put back on it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BlockBody {
    event_id: EventId,
    seat_ids: Option<SeatLabels>,
    areas: Option<AreaLines>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockDocument {
    event_id: u64,
    #[serde(flatten)]
    spots: SpotsDocument,
}

pub(super) async fn block(
    State(app): State<Arc<App>>,
    _: Admin,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    AdminJsonBody(body): AdminJsonBody<BlockBody>,
) -> Result<Durable<Json<BlockDocument>>, Problem> {
    let request_id = request_id(CALLER, "block", key.as_ref());
    let (event_id, seats, areas) = body.spots()?;
    let block = BlockRequest { request_id, event_id, seats, areas };
    let Durable { durability, reply: blocked } = app.admin.block(block, ack).await?;
    let spots = SpotsDocument::new(blocked.labels, Vec::new(), blocked.areas);
    let reply = Json(BlockDocument { event_id: blocked.event_id, spots });
    Ok(Durable { durability, reply })
}

pub(super) async fn unblock(
    State(app): State<Arc<App>>,
    _: Admin,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    AdminJsonBody(body): AdminJsonBody<BlockBody>,
) -> Result<Durable<Json<BlockDocument>>, Problem> {
    let request_id = request_id(CALLER, "unblock", key.as_ref());
    let (event_id, seats, areas) = body.spots()?;
    let unblock = UnblockRequest { request_id, event_id, seats, areas };
    let Durable { durability, reply: unblocked } = app.admin.unblock(unblock, ack).await?;
    let spots = SpotsDocument::new(unblocked.labels, Vec::new(), unblocked.areas);
    let reply = Json(BlockDocument { event_id: unblocked.event_id, spots });
    Ok(Durable { durability, reply })
}

impl BlockBody {
    fn spots(self) -> Result<(u64, Option<Seats>, Vec<AreaPlaces>), Problem> {
        if self.seat_ids.is_none() && self.areas.is_none() {
            return Err(Problem::invalid("say which: give seatIds, areas or both"));
        }
        let (seats, areas) = part(self.seat_ids, self.areas)?;
        Ok((self.event_id.0, seats, areas))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhichFormat {
    #[serde(default)]
    format: Format,
}

/// The formats of docs/charts.md by the names that they have there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    #[default]
    Auto,
    Holdfast,
    SeatsIo,
    Pretix,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChartDocument {
    chart_hash: String,
    name: String,
    seats: u32,
    places: u32,
    warnings: Vec<String>,
}

pub(super) async fn put_chart(
    State(app): State<Arc<App>>,
    _: Admin,
    QueryParameters(which): QueryParameters<WhichFormat>,
    ChartBody(content, _room): ChartBody,
) -> Result<Json<ChartDocument>, Problem> {
    let format = match which.format {
        Format::Auto => ChartFormat::Unspecified,
        Format::Holdfast => ChartFormat::Holdfast,
        Format::SeatsIo => ChartFormat::Seatsio,
        Format::Pretix => ChartFormat::Pretix,
    };
    let chart = app.admin.put_chart(PutChartRequest { content, format: format.into() }).await?;
    Ok(Json(ChartDocument {
        chart_hash: hex(&chart.chart_hash),
        name: chart.name,
        seats: chart.seats,
        places: chart.places,
        warnings: chart.warnings,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EventBody {
    event_id: EventId,
    name: String,
    chart_hash: ChartHash,
    rules: Option<Object<RulesBody>>,
    ticket_types: Option<List<Object<TicketTypeBody>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RulesBody {
    hold_ttl_millis: Option<WholeNumber>,
    extensions_max: Option<WholeNumber>,
    buyer_seats_max: Option<WholeNumber>,
    sale_opens_at: Option<Moment>,
    sale_closes_at: Option<Moment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TicketTypeBody {
    key: TicketTypeKey,
    quota: Option<WholeNumber>,
    sale_opens_at: Option<Moment>,
    sale_closes_at: Option<Moment>,
    categories: Option<List<Label>>,
}

impl Listed for TicketTypeBody {
    const LIST: &'static str = "a list of ticket types, each an object with a key";
}

pub(super) async fn create_event(
    State(app): State<Arc<App>>,
    _: Admin,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    AdminJsonBody(body): AdminJsonBody<EventBody>,
) -> Result<Durable<Response>, Problem> {
    let request = CreateEventRequest {
        request_id: request_id(CALLER, "create-event", key.as_ref()),
        event_id: body.event_id.0,
        name: body.name,
        chart_hash: body.chart_hash.0,
        rules: body.rules.map(|Object(rules)| rules.into()),
        ticket_types: ticket_types(body.ticket_types)?,
    };
    let Durable { durability, reply: event } = app.admin.create_event(request, ack).await?;
    let location = [(header::LOCATION, format!("/v1/events/{}", event.event_id))];
    let reply = (StatusCode::CREATED, location, Json(EventDocument::from(event))).into_response();
    Ok(Durable { durability, reply })
}

/// An empty list of categories is refused: to the engine it would mean all of them.
fn ticket_types(list: Option<List<Object<TicketTypeBody>>>) -> Result<Vec<TicketType>, Problem> {
    let List(list) = list.unwrap_or(List(Vec::new()));
    let ticket_type = |Object(of): Object<TicketTypeBody>| {
        let categories = of.categories.map(|List(keys)| keys);
        if categories.as_ref().is_some_and(Vec::is_empty) {
            let detail = "ticketTypes.categories: name at least one, or leave it out to mean all";
            return Err(Problem::invalid(detail));
        }
        Ok(TicketType {
            key: of.key.0,
            quota: of.quota.map(WholeNumber::saturated),
            sale_opens_at_millis: of.sale_opens_at.map(|at| at.0),
            sale_closes_at_millis: of.sale_closes_at.map(|at| at.0),
            categories: categories.into_iter().flatten().map(|key| key.0).collect(),
        })
    };
    list.into_iter().map(ticket_type).collect()
}

impl From<RulesBody> for EventRules {
    fn from(rules: RulesBody) -> Self {
        Self {
            hold_ttl_millis: rules.hold_ttl_millis.map(|millis| millis.0),
            extensions_max: rules.extensions_max.map(WholeNumber::saturated),
            buyer_seats_max: rules.buyer_seats_max.map(WholeNumber::saturated),
            sale_opens_at_millis: rules.sale_opens_at.map(|at| at.0),
            sale_closes_at_millis: rules.sale_closes_at.map(|at| at.0),
        }
    }
}

pub(super) async fn close_event(
    State(app): State<Arc<App>>,
    _: Admin,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    EventInPath(EventId(event_id)): EventInPath,
    _: NoBody,
) -> Result<Durable<Json<EventDocument>>, Problem> {
    let route = format!("close-event/{event_id}");
    let request_id = request_id(CALLER, &route, key.as_ref());
    let close = CloseEventRequest { request_id, event_id };
    let Durable { durability, reply: event } = app.admin.close_event(close, ack).await?;
    Ok(Durable { durability, reply: Json(event.into()) })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VerificationDocument {
    event_id: u64,
    lsn: u64,
    /// Empty if nothing is wrong.
    violations: Vec<String>,
    seats: CountsDocument,
    areas: Vec<NamedDocument>,
    ticket_types: Vec<NamedDocument>,
    live_holds: u32,
    live_allocations: u32,
    digest: String,
}

pub(super) async fn verify(
    State(app): State<Arc<App>>,
    _: Admin,
    EventInPath(event_id): EventInPath,
) -> Result<Json<VerificationDocument>, Problem> {
    let verification = app.reads.verification(event_id).await?;
    Ok(Json(VerificationDocument {
        event_id: verification.event_id,
        lsn: verification.lsn,
        violations: verification.violations,
        seats: CountsDocument::of(verification.seats),
        areas: named(verification.areas, Name::Area),
        ticket_types: named(verification.ticket_types, Name::TicketType),
        live_holds: verification.live_holds,
        live_allocations: verification.live_allocations,
        digest: hex(&verification.digest),
    }))
}
