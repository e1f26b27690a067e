//! The map of an event: each seat and each area with its state. It comes whole or, for callers
//! who have the chart already, as its states alone; both with an `ETag`, so that who asks again
//! is sent nothing while nothing changed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use proto::inventory::v1::SeatMap;
use serde::Deserialize;

use crate::app::App;
use crate::extract::{EventInPath, QueryParameters};
use crate::problem::Problem;
use crate::rate_limits::AdmittedRead;
use crate::seat_map::statuses_document;
use crate::values::hex;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapQuery {
    #[serde(default)]
    view: View,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    #[default]
    Full,
    Statuses,
}

pub(super) async fn map(
    State(app): State<Arc<App>>,
    _: AdmittedRead,
    EventInPath(event_id): EventInPath,
    QueryParameters(query): QueryParameters<MapQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let map = app.reads.seat_map(event_id, false).await?;
    let tag = entity_tag(&map, query.view);
    let response_headers = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if knows(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, response_headers).into_response());
    }
    let body = match query.view {
        View::Statuses => statuses_document(&map),
        View::Full => app.charts.chart_of(&map, &app.reads).await?.document(&map),
    };
    let body = body.ok_or_else(|| {
        let statuses = map.statuses.len();
        tracing::error!(event_id = map.event_id, statuses, "the states do not fit the chart");
        Problem::internal()
    })?;
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((response_headers, content_type, body).into_response())
}

/// Weak: states that are newer than their version may be in a reply, never older ones.
fn entity_tag(map: &SeatMap, view: View) -> String {
    let view = match view {
        View::Full => 'f',
        View::Statuses => 's',
    };
    let chart = &map.chart_hash[..map.chart_hash.len().min(8)];
    format!("W/\"{}-{}-{}-{view}\"", map.event_id, map.version, hex(chart))
}

/// Whether the caller has that version already, by the weak comparison of RFC 9110, 13.1.2.
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = opaque(tag);
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    tags.any(|known| known.trim() == "*" || opaque(known) == wanted)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn an_entity_tag_is_compared_weakly() {
        let check = |sent: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(sent).unwrap());
            assert_eq!(knows(&headers, "W/\"1-2-ab-f\""), expected, "{sent}");
        };
        check("W/\"1-2-ab-f\"", true);
        check("\"1-2-ab-f\"", true);
        check("\"other\", W/\"1-2-ab-f\"", true);
        check("*", true);
        check("W/\"1-3-ab-f\"", false);
        check("1-2-ab-f", false);
        check("", false);
        assert!(!knows(&HeaderMap::new(), "W/\"1-2-ab-f\""));
    }
}
