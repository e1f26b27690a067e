//! Live changes of an event's seats as server-sent events. Who comes back says in `Last-Event-ID`
//! what it has seen, or in the query, where a client cannot send that header; the header is the
//! newer one, since browsers send it with the URL that they began with.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use serde::Deserialize;

use crate::app::App;
use crate::extract::{PathParameter, QueryParameters};
use crate::problem::Problem;
use crate::rate_limits::AdmittedRead;
use crate::values::EventId;

const LAST_EVENT_ID: &str = "last-event-id";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StreamQuery {
    last_event_id: Option<String>,
}

pub(super) async fn stream(
    State(app): State<Arc<App>>,
    _: AdmittedRead,
    PathParameter(id): PathParameter,
    QueryParameters(query): QueryParameters<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let event_id = EventId::parse(&id)
        .map_err(|expected| Problem::invalid(format!("the path has to have {expected}")))?;
    let known = known_version(&headers, query.last_event_id.as_deref())?;
    let connection = app.live.watch(event_id, known).await?;
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        (header::CACHE_CONTROL.as_str(), "no-store"),
        // Proxies that collect replies would hold the stream back.
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, Body::from_stream(connection.texts())).into_response())
}

fn known_version(headers: &HeaderMap, in_query: Option<&str>) -> Result<Option<u64>, Problem> {
    let mut in_headers = headers.get_all(LAST_EVENT_ID).iter();
    let text = match (in_headers.next(), in_headers.next()) {
        (None, _) => in_query,
        (Some(value), None) => Some(value.to_str().unwrap_or_default()),
        (Some(_), Some(_)) => Some(""),
    };
    let Some(text) = text else { return Ok(None) };
    // `u64::from_str` would take a sign.
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let version = if is_digits { text.parse().ok() } else { None };
    version.map(Some).ok_or_else(|| {
        Problem::invalid("Last-Event-ID: give back one id of this stream as it came, or none")
    })
}
