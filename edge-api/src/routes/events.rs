//! The events on sale, one by one and in pages. A page's cursor is where it ended: events that
//! are added while somebody leafs through them are neither shown twice nor do they hide others.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use proto::inventory::v1::{Event, EventRules, TicketType};
use serde::{Deserialize, Serialize};

use super::counts::CountsDocument;
use crate::app::App;
use crate::availability_cache::{Question, wants_fresh};
use crate::extract::{EventInPath, QueryParameters};
use crate::json_bytes::JsonBytes;
use crate::limits::{EVENTS_PAGE_DEFAULT, EVENTS_PAGE_MAX};
use crate::problem::Problem;
use crate::rate_limits::AdmittedRead;
use crate::timestamp::rfc3339;
use crate::values::hex;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    limit: Option<String>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Events {
    events: Vec<EventDocument>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventDocument {
    event_id: u64,
    name: String,
    chart_hash: String,
    version: u64,
    created_at: String,
    /// Absent while it is not closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<String>,
    rules: RulesDocument,
    ticket_types: Vec<TicketTypeDocument>,
    seats: CountsDocument,
    places: CountsDocument,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TicketTypeDocument {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_opens_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_closes_at: Option<String>,
    /// Left out where all may be sold as this type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct RulesDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_ttl_millis: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions_max: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_seats_max: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_opens_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_closes_at: Option<String>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: AdmittedRead,
    QueryParameters(page): QueryParameters<Page>,
) -> Result<Json<Events>, Problem> {
    let limit = match page.limit.as_deref().map(str::parse) {
        None => EVENTS_PAGE_DEFAULT,
        Some(Ok(limit)) if (1..=EVENTS_PAGE_MAX).contains(&limit) => limit,
        Some(_) => {
            return Err(Problem::invalid(format!("limit: ask for 1 to {EVENTS_PAGE_MAX} events")));
        }
    };
    let after_event_id = match &page.cursor {
        Some(cursor) => read_cursor(cursor)
            .ok_or_else(|| Problem::invalid("cursor: give back a nextCursor as it came"))?,
        None => 0,
    };
    let answer = app.reads.events(limit, after_event_id).await?;
    let next_cursor = match answer.events.last() {
        Some(last) if answer.more => Some(write_cursor(last.event_id)),
        _ => None,
    };
    let events = answer.events.into_iter().map(EventDocument::from).collect();
    Ok(Json(Events { events, next_cursor }))
}

pub(super) async fn look_at(
    State(app): State<Arc<App>>,
    _: AdmittedRead,
    EventInPath(event_id): EventInPath,
    headers: HeaderMap,
) -> Result<JsonBytes, Problem> {
    let ask = async { JsonBytes::of(&EventDocument::from(app.reads.event(event_id).await?)) };
    app.availability.answer(Question::event(event_id), wants_fresh(&headers), ask).await
}

/// A cursor means nothing to callers; what it is made of may change.
fn write_cursor(event_id: u64) -> String {
    format!("e{event_id:x}")
}

fn read_cursor(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('e')?;
    let event_id = u64::from_str_radix(digits, 16).ok()?;
    // Only what was written comes back: no signs, no leading zeros.
    (write_cursor(event_id) == text).then_some(event_id)
}

impl From<Event> for EventDocument {
    fn from(event: Event) -> Self {
        Self {
            event_id: event.event_id,
            name: event.name,
            chart_hash: hex(&event.chart_hash),
            version: event.version,
            created_at: rfc3339(event.created_at_millis),
            closed_at: event.closed_at_millis.map(rfc3339),
            rules: event.rules.map(RulesDocument::from).unwrap_or_default(),
            ticket_types: event.ticket_types.into_iter().map(TicketTypeDocument::from).collect(),
            seats: CountsDocument::of(event.seats),
            places: CountsDocument::of(event.places),
        }
    }
}

impl From<EventRules> for RulesDocument {
    fn from(rules: EventRules) -> Self {
        Self {
            hold_ttl_millis: rules.hold_ttl_millis,
            extensions_max: rules.extensions_max,
            buyer_seats_max: rules.buyer_seats_max,
            sale_opens_at: rules.sale_opens_at_millis.map(rfc3339),
            sale_closes_at: rules.sale_closes_at_millis.map(rfc3339),
        }
    }
}

impl From<TicketType> for TicketTypeDocument {
    fn from(of: TicketType) -> Self {
        Self {
            key: of.key,
            quota: of.quota,
            sale_opens_at: of.sale_opens_at_millis.map(rfc3339),
            sale_closes_at: of.sale_closes_at_millis.map(rfc3339),
            categories: of.categories,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cursors_that_were_given_out_are_taken() {
        for event_id in [1, 17, u64::MAX] {
            assert_eq!(read_cursor(&write_cursor(event_id)), Some(event_id));
        }
        for bad in ["", "e", "17", "e+1", "e01", "eFF", "e10000000000000000", "é"] {
            assert_eq!(read_cursor(bad), None, "{bad}");
        }
    }
}
