//! How much of an event is left: in all, and by whatever is asked for. Answered by the engine
//! from what is durable, without waiting for any write.

use std::sync::Arc;

use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use proto::inventory::v1::{Availability, GetAvailabilityRequest};
use serde::{Deserialize, Serialize};

use super::counts::{CountsDocument, Name, NamedDocument, named};
use crate::app::App;
use crate::availability_cache::{Question, wants_fresh};
use crate::extract::QueryParameters;
use crate::json_bytes::JsonBytes;
use crate::problem::Problem;
use crate::rate_limits::AdmittedRead;
use crate::values::EventId;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WhatOfWhich {
    event_id: EventId,
    by: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AvailabilityDocument {
    event_id: u64,
    version: u64,
    #[serde(flatten)]
    seats: CountsDocument,
    places: CountsDocument,
    closed: bool,
    // Each of the following if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    sections: Option<Vec<NamedDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<NamedDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_types: Option<Vec<NamedDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    areas: Option<Vec<NamedDocument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_seats: Option<String>,
}

pub(super) async fn availability(
    State(app): State<Arc<App>>,
    _: AdmittedRead,
    QueryParameters(asked): QueryParameters<WhatOfWhich>,
    headers: HeaderMap,
) -> Result<JsonBytes, Problem> {
    let request = request(asked.event_id, asked.by.as_deref())?;
    let ask = async { JsonBytes::of(&document(request, app.reads.availability(request).await?)) };
    let question = Question::from(&request);
    app.availability.answer(question, wants_fresh(&headers), ask).await
}

fn document(request: GetAvailabilityRequest, answer: Availability) -> AvailabilityDocument {
    AvailabilityDocument {
        event_id: answer.event_id,
        version: answer.version,
        seats: CountsDocument::of(answer.seats),
        places: CountsDocument::of(answer.places),
        closed: answer.is_closed,
        sections: request.by_section.then(|| named(answer.sections, Name::Section)),
        categories: request.by_category.then(|| named(answer.categories, Name::Category)),
        ticket_types: request.by_ticket_type.then(|| named(answer.ticket_types, Name::TicketType)),
        areas: request.by_area.then(|| named(answer.areas, Name::Area)),
        available_seats: request.by_seat.then(|| STANDARD.encode(&answer.available_seats)),
    }
}

/// `by` is a list of words with commas between them.
fn request(event_id: EventId, by: Option<&str>) -> Result<GetAvailabilityRequest, Problem> {
    let mut request =
        GetAvailabilityRequest { event_id: event_id.0, ..GetAvailabilityRequest::default() };
    for word in by.into_iter().flat_map(|list| list.split(',')) {
        let is_asked = match word {
            "section" => &mut request.by_section,
            "category" => &mut request.by_category,
            "ticketType" => &mut request.by_ticket_type,
            "area" => &mut request.by_area,
            "seat" => &mut request.by_seat,
            _ => {
                return Err(Problem::invalid(
                    "by: name what to tell, of section, category, ticketType, area and seat, \
                     with commas between them",
                ));
            }
        };
        *is_asked = true;
    }
    Ok(request)
}
