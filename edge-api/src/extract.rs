//! How requests are read: body, query, path and headers, each with a problem document that
//! names what is wrong when it cannot be read.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::in_flight::Permit;
use crate::limits::{
    ADMIN_BODY_BYTES_MAX, BODY_BYTES_SKIPPED_MAX, CHART_BODY_BYTES_MAX, CHART_TIMEOUT,
    DETAIL_CHARS_MAX, NO_BODY_BYTES_MAX,
};
use crate::object::Object;
use crate::problem::{Problem, table};
use crate::request_id::IdempotencyKey;
use crate::values::{EventId, Label};

/// A body that is an object of JSON.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let limit_bytes = app.options.body_bytes_max;
        let body = read_json(request, limit_bytes, app.options.request_timeout).await?;
        object(&body).map(Self)
    }
}

/// A body of an organizer's, which may name far more seats.
#[derive(Debug)]
pub(crate) struct AdminJsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for AdminJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let patience = app.options.request_timeout;
        let body = read_json(request, ADMIN_BODY_BYTES_MAX, patience).await?;
        object(&body).map(Self)
    }
}

/// A body that is a chart, and the place that it has among those that are taken in at once.
pub(crate) struct ChartBody(pub(crate) Bytes, pub(crate) Permit);

impl FromRequest<Arc<App>> for ChartBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let room = app.admin.room_for_a_chart()?;
        let body = read_json(request, CHART_BODY_BYTES_MAX, CHART_TIMEOUT).await?;
        Ok(Self(body.into(), room))
    }
}

/// No body. What somebody believes to have said in one is not passed over in silence.
#[derive(Debug)]
pub(crate) struct NoBody;

impl FromRequest<Arc<App>> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let body = in_time(request, NO_BODY_BYTES_MAX, app.options.request_timeout).await?;
        match body.trim_ascii() {
            b"" | b"{}" => Ok(Self),
            _ => Err(Problem::invalid("this path takes no body; leave it out")),
        }
    }
}

/// The bytes of a body that says to be JSON.
async fn read_json(
    request: Request,
    limit_bytes: usize,
    patience: Duration,
) -> Result<Vec<u8>, Problem> {
    if !says_json(request.headers()) {
        let detail = "send the body as JSON, with Content-Type: application/json";
        return Err(Problem::new(&table::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    in_time(request, limit_bytes, patience).await
}

async fn in_time(
    request: Request,
    limit_bytes: usize,
    patience: Duration,
) -> Result<Vec<u8>, Problem> {
    match tokio::time::timeout(patience, read_body(request, limit_bytes)).await {
        Ok(body) => body,
        Err(_) => {
            let detail = "send the whole body at once; nothing was done";
            Err(Problem::new(&table::REQUEST_TIMEOUT, detail))
        }
    }
}

fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let Json(Object(value)) = Json::from_bytes(body).map_err(|rejection| {
        Problem::invalid(format!("the body is not what this path takes: {}", cause(&rejection)))
    })?;
    Ok(value)
}

/// Reads a body. Of one that is too large the rest is skipped first, within reason: who is still
/// sending when the connection is closed does not read the answer.
async fn read_body(request: Request, limit_bytes: usize) -> Result<Vec<u8>, Problem> {
    let announced_bytes = number_of(request.headers(), &header::CONTENT_LENGTH).unwrap_or(0);
    let waits_for_a_word = request.headers().contains_key(header::EXPECT);
    let is_told_at_once = waits_for_a_word || announced_bytes > BODY_BYTES_SKIPPED_MAX;
    if announced_bytes > limit_bytes && is_told_at_once {
        return Err(too_large(limit_bytes));
    }
    let mut chunks = request.into_body().into_data_stream();
    let mut body = Vec::with_capacity(announced_bytes.min(limit_bytes));
    let mut skipped_bytes = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::invalid("the body broke off; send it again"))?;
        if skipped_bytes == 0 && body.len() + chunk.len() <= limit_bytes {
            body.extend_from_slice(&chunk);
            continue;
        }
        skipped_bytes += chunk.len();
        if skipped_bytes > BODY_BYTES_SKIPPED_MAX {
            break;
        }
    }
    if skipped_bytes == 0 { Ok(body) } else { Err(too_large(limit_bytes)) }
}

fn too_large(limit_bytes: usize) -> Problem {
    let detail = format!("send at most {limit_bytes} bytes; ask for less in one request");
    Problem::new(&table::BODY_TOO_LARGE, detail)
}

fn number_of(headers: &HeaderMap, name: &HeaderName) -> Option<usize> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// `application/json`, or a type built on it.
fn says_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|text| text.split(';').next()).unwrap_or("").trim();
    let is_built_on_json = || {
        let (kind, subtype) = media_type.split_once('/')?;
        let suffix = subtype.rsplit_once('+')?.1;
        Some(kind.eq_ignore_ascii_case("application") && suffix.eq_ignore_ascii_case("json"))
    };
    media_type.eq_ignore_ascii_case("application/json") || is_built_on_json().unwrap_or(false)
}

/// The words of what lies behind a rejection, without the framework's own before them.
fn cause(rejection: &dyn Error) -> String {
    shortened(rejection.source().map_or_else(|| rejection.to_string(), ToString::to_string))
}

/// What is wrong is said first and last; in the middle there may be what a caller sent, at any
/// length.
fn shortened(words: String) -> String {
    let count = words.chars().count();
    if count <= DETAIL_CHARS_MAX {
        return words;
    }
    let half = DETAIL_CHARS_MAX / 2;
    let start: String = words.chars().take(half).collect();
    let end: String = words.chars().skip(count - half).collect();
    format!("{start} ... {end}")
}

/// The parameters behind the `?`.
#[derive(Debug)]
pub(crate) struct QueryParameters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for QueryParameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        let Query(value) = Query::try_from_uri(&parts.uri).map_err(|rejection| {
            Problem::invalid(format!(
                "the query is not what this path takes: {}",
                cause(&rejection)
            ))
        })?;
        Ok(Self(value))
    }
}

/// The one parameter of the path.
#[derive(Debug)]
pub(crate) struct PathParameter(pub(crate) String);

impl FromRequestParts<Arc<App>> for PathParameter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, app).await;
        let Path(value) = path.map_err(|_| Problem::invalid("the id in the path is not UTF-8"))?;
        Ok(Self(value))
    }
}

/// The event of the path.
#[derive(Debug)]
pub(crate) struct EventInPath(pub(crate) EventId);

impl FromRequestParts<Arc<App>> for EventInPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let PathParameter(id) = PathParameter::from_request_parts(parts, app).await?;
        EventId::parse(&id).map(Self).map_err(not_in_path)
    }
}

/// The event and the seat of the path.
#[derive(Debug)]
pub(crate) struct SeatInPath(pub(crate) EventId, pub(crate) Label);

impl FromRequestParts<Arc<App>> for SeatInPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((id, label)) =
            path.map_err(|_| Problem::invalid("the id or the label in the path is not UTF-8"))?;
        let event_id = EventId::parse(&id).map_err(not_in_path)?;
        let label = Label::parse(label.into()).map_err(not_in_path)?;
        Ok(Self(event_id, label))
    }
}

/// A part of the path that is not what belongs there.
pub(crate) fn not_in_path(expected: &'static str) -> Problem {
    Problem::invalid(format!("the path has to have {expected}"))
}

/// The sign that a request is an organizer's: the token of this edge. Taken before the body, so
/// that nobody else's is read.
#[derive(Debug)]
pub(crate) struct Admin;

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Some(token) = &app.options.admin_token else {
            let detail = "this edge was started without an admin_token; its operator can set one";
            return Err(Problem::new(&table::ADMIN_DISABLED, detail));
        };
        match bearer(&parts.headers) {
            Some(presented) if token.is(presented) => Ok(Self),
            Some(_) => {
                Err(Problem::new(&table::UNAUTHORIZED, "this is not the token of this edge"))
            }
            None => {
                let detail = "send the token of this edge, as Authorization: Bearer TOKEN";
                Err(Problem::new(&table::UNAUTHORIZED, detail))
            }
        }
    }
}

/// The token of an `Authorization` header (RFC 6750, 2.1), if there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, token) = values.next()?.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && values.next().is_none();
    is_bearer.then(|| token.trim())
}

/// The `Idempotency-Key` header, if there is one.
#[derive(Debug)]
pub(crate) struct OptionalKey(pub(crate) Option<IdempotencyKey>);

impl FromRequestParts<Arc<App>> for OptionalKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        let key = value.to_str().ok().and_then(IdempotencyKey::new);
        match key {
            Some(key) if values.next().is_none() => Ok(Self(Some(key))),
            _ => Err(Problem::invalid(
                "Idempotency-Key: send one, of 1 to 255 visible ASCII characters",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn long_words_lose_their_middle() {
        assert_eq!(shortened("é".repeat(DETAIL_CHARS_MAX)), "é".repeat(DETAIL_CHARS_MAX));
        let short = shortened(format!("unknown field {}, expected x", "é".repeat(60_000)));
        assert!(short.starts_with("unknown field é") && short.ends_with("é, expected x"));
        assert!(short.chars().count() < DETAIL_CHARS_MAX + 10, "{short}");
    }

    #[test]
    fn a_bearer_token_stands_in_one_header_of_that_scheme() {
        let check = |values: &[&'static str], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            assert_eq!(bearer(&headers), expected, "{values:?}");
        };
        check(&["Bearer secret"], Some("secret"));
        check(&["bearer  secret "], Some("secret"));
        check(&["Basic secret"], None);
        check(&["Bearer"], None);
        check(&["secret"], None);
        check(&[], None);
        check(&["Bearer secret", "Bearer secret"], None);
    }

    #[test]
    fn json_is_told_by_its_media_type() {
        let check = |content_type: &'static str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            assert_eq!(says_json(&headers), expected, "{content_type}");
        };
        check("application/json", true);
        check("Application/JSON; charset=utf-8", true);
        check("application/problem+json", true);
        check("text/plain", false);
        check("text/json+xml", false);
        check("application/jsonp", false);
        check("", false);
        assert!(!says_json(&HeaderMap::new()));
    }
}
