//! What a caller is told when a request did not succeed: problem documents of RFC 9457, one
//! form for everything from a bad path to a seat that somebody else has. A document says what
//! to do and never what is inside here; what is inside goes to the log.

mod from_engine;
mod of_change;
mod rate_limited;
pub(crate) mod table;

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use self::table::Kind;
use crate::timestamp::{now_millis, rfc3339};

/// A request that did not succeed.
#[derive(Debug)]
pub(crate) struct Problem(Box<Content>);

#[derive(Debug)]
struct Content {
    kind: &'static Kind,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    retryable: bool,
    retry: Option<Retry>,
    conflicts: Vec<Conflict>,
    areas: Vec<AreaConflict>,
    ticket_type: Option<String>,
    could_have: Option<u32>,
    mistakes: Vec<Mistake>,
    limit: Option<rate_limited::Limited>,
}

#[derive(Debug)]
enum Retry {
    AfterMillis(u64),
    AtMillis(u64),
}

/// A seat that stood in the way.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Conflict {
    seat_id: String,
    status: &'static str,
}

/// An area that stood in the way.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AreaConflict {
    area: String,
    /// Absent if there is no such area.
    #[serde(skip_serializing_if = "Option::is_none")]
    could_have: Option<u32>,
}

/// What is wrong in a chart.
#[derive(Debug, Serialize)]
struct Mistake {
    object: String,
    problem: String,
}

/// The code of a problem's reply, for metrics and logs.
#[derive(Clone, Debug)]
pub(crate) struct ProblemCode(pub(crate) Cow<'static, str>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "type")]
    problem_type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_millis: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    conflicts: &'a [Conflict],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    areas: &'a [AreaConflict],
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    could_have: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mistakes: &'a [Mistake],
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'a str>,
}

impl Problem {
    /// A problem of a kind, with what to do about it.
    pub(crate) fn new(kind: &'static Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Content {
            kind,
            code: Cow::Borrowed(kind.code),
            detail: detail.into(),
            retryable: false,
            retry: None,
            conflicts: Vec::new(),
            areas: Vec::new(),
            ticket_type: None,
            could_have: None,
            mistakes: Vec::new(),
            limit: None,
        }))
    }

    /// Something is wrong with the request.
    pub(crate) fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(&table::INVALID_REQUEST, detail)
    }

    /// Lists of seats and areas that name none.
    pub(crate) fn selection_empty() -> Self {
        Self::new(&table::SELECTION_EMPTY, "seatIds, seats, areas: name at least one seat or place")
    }

    /// A defect, which was logged where it was found.
    pub(crate) fn internal() -> Self {
        Self::new(&table::INTERNAL, "this is no fault of the request; it was written to the log")
    }

    /// The same request may succeed after so long.
    #[must_use]
    pub(crate) fn retry_after_millis(mut self, millis: u64) -> Self {
        self.0.retryable = true;
        self.0.retry = Some(Retry::AfterMillis(millis));
        self
    }
}

impl Retry {
    fn after_millis(&self) -> u64 {
        match *self {
            Self::AfterMillis(millis) => millis,
            Self::AtMillis(at) => at.saturating_sub(now_millis()),
        }
    }

    /// Whole seconds, never too early and never 0, which some callers take for 'at once'.
    fn after_secs(&self) -> u64 {
        self.after_millis().div_ceil(1_000).max(1)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let content = *self.0;
        let document = Document {
            problem_type: format!("urn:holdfast:problem:{}", content.code),
            title: content.kind.title,
            status: content.kind.status.as_u16(),
            detail: &content.detail,
            code: &content.code,
            retryable: content.retryable,
            retry_at: match content.retry {
                Some(Retry::AtMillis(at)) => Some(rfc3339(at)),
                _ => None,
            },
            retry_after_millis: content.retry.as_ref().map(Retry::after_millis),
            conflicts: &content.conflicts,
            areas: &content.areas,
            ticket_type: content.ticket_type.as_deref(),
            could_have: content.could_have,
            mistakes: &content.mistakes,
            limit: content.limit.as_ref().map(|limited| limited.limit.word()),
        };
        let mut response = (content.kind.status, axum::Json(document)).into_response();
        let headers = response.headers_mut();
        let problem_json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem_json);
        if let Some(retry) = &content.retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry.after_secs()));
        }
        if let Some(limited) = &content.limit {
            limited.tell(headers);
        }
        if content.kind.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(ProblemCode(content.code));
        response
    }
}
