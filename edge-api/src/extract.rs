//! How requests are read: body, query, path and headers, each with a problem document that
//! names what is wrong when it cannot be read.

use std::error::Error;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::problem::{Problem, table};
use crate::request_id::IdempotencyKey;

/// A body of JSON.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        if !says_json(request.headers()) {
            let detail = "send the body as JSON, with Content-Type: application/json";
            return Err(Problem::new(&table::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let limit_bytes = app.options.body_bytes_max;
        let reading = Bytes::from_request(request, &());
        let body = match tokio::time::timeout(app.options.request_timeout, reading).await {
            Ok(body) => body.map_err(|rejection| unread_body(&rejection, limit_bytes))?,
            Err(_) => {
                let detail = "send the whole body at once; nothing was done";
                return Err(Problem::new(&table::REQUEST_TIMEOUT, detail));
            }
        };
        let Json(value) = Json::from_bytes(&body).map_err(|rejection| {
            Problem::invalid(format!("the body is not what this path takes: {}", cause(&rejection)))
        })?;
        Ok(Self(value))
    }
}

fn unread_body(rejection: &BytesRejection, limit_bytes: usize) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("send at most {limit_bytes} bytes; name fewer seats in one request");
        return Problem::new(&table::BODY_TOO_LARGE, detail);
    }
    Problem::invalid("the body broke off; send it again")
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
    rejection.source().map_or_else(|| rejection.to_string(), ToString::to_string)
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
