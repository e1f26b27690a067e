//! What the engine says, as problems: refusals and failures of a pipeline's answers, statuses of
//! unary calls (which carry the same refusals as details), and what becomes of a command whose
//! stream or time is gone. What may have been done is never called not done.

use std::borrow::Cow;

use prost::Message;
use proto::inventory::v1::{self, Failure, FailureCode, Rejection, SeatConflict, SeatStatus};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{AreaConflict, Conflict, Problem, Retry, table};
use crate::limits::{
    OVERLOADED_RETRY_MILLIS, PROJECTION_BEHIND_RETRY_MILLIS, STORAGE_SHORT_RETRY_MILLIS,
    UNAVAILABLE_RETRY_MILLIS,
};
use crate::pipeline::PipelineError;
use crate::values::status_word;

const ASK_AGAIN: &str = "ask again with the same Idempotency-Key to be told the outcome; without \
                         one, look at the hold or the seats before asking for more";
const NOTHING_DONE_OVERLOADED: &str = "nothing was done; try again later";
const NOTHING_DONE_STOPPING: &str = "nothing was done; try again in a moment";
const NOTHING_DONE_RECOVERING: &str = "nothing was done; the engine is reading what it knows, try \
                                       again in a moment";
const NOTHING_DONE_STORAGE: &str = "nothing was done; the seats that are held can still be \
                                    allocated and released, new holds have to wait";
const NOTHING_DONE_IN_TIME: &str = "nothing was done; try again";

impl Problem {
    pub(super) fn overloaded(retry_after_millis: Option<u32>) -> Self {
        let millis = retry_after_millis.map_or(OVERLOADED_RETRY_MILLIS, u64::from);
        Self::new(&table::OVERLOADED, NOTHING_DONE_OVERLOADED).retry_after_millis(millis)
    }

    /// Too much of its kind is waiting already.
    pub(crate) fn too_many_waiting() -> Self {
        Self::overloaded(None)
    }

    pub(super) fn engine_unavailable() -> Self {
        Self::new(&table::ENGINE_UNAVAILABLE, NOTHING_DONE_STOPPING)
            .retry_after_millis(UNAVAILABLE_RETRY_MILLIS)
    }

    pub(super) fn shutting_down(retry_after_millis: Option<u32>) -> Self {
        let millis = retry_after_millis.map_or(UNAVAILABLE_RETRY_MILLIS, u64::from);
        Self::new(&table::SHUTTING_DOWN, NOTHING_DONE_STOPPING).retry_after_millis(millis)
    }

    /// The engine is not there yet.
    pub(crate) fn recovering() -> Self {
        Self::new(&table::RECOVERING, NOTHING_DONE_RECOVERING)
            .retry_after_millis(UNAVAILABLE_RETRY_MILLIS)
    }

    pub(super) fn storage_short(retry_after_millis: Option<u32>) -> Self {
        let millis = retry_after_millis.map_or(STORAGE_SHORT_RETRY_MILLIS, u64::from);
        Self::new(&table::STORAGE_SHORT, NOTHING_DONE_STORAGE).retry_after_millis(millis)
    }

    pub(super) fn projection_behind(retry_after_millis: Option<u32>) -> Self {
        let millis = retry_after_millis.map_or(PROJECTION_BEHIND_RETRY_MILLIS, u64::from);
        Self::new(&table::PROJECTION_BEHIND, NOTHING_DONE_STORAGE).retry_after_millis(millis)
    }

    pub(super) fn deadline_exceeded() -> Self {
        Self::new(&table::DEADLINE_EXCEEDED, NOTHING_DONE_IN_TIME)
            .retry_after_millis(OVERLOADED_RETRY_MILLIS)
    }

    /// The engine does not know what was asked.
    pub(super) fn not_supported() -> Self {
        let detail = "nothing was done; the engine is of an older release than this edge";
        Self::new(&table::NOT_SUPPORTED, detail)
    }

    /// It may have been done or not.
    pub(crate) fn outcome_unknown() -> Self {
        Self::new(&table::OUTCOME_UNKNOWN, ASK_AGAIN).retry_after_millis(UNAVAILABLE_RETRY_MILLIS)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let kind = table::rejection(&rejection.reason);
        let detail = match kind.and_then(|kind| kind.advice) {
            Some(advice) => Cow::Borrowed(advice),
            None => Cow::Owned(rejection.message),
        };
        let mut problem = Self::new(kind.unwrap_or(&table::REFUSED), detail);
        if kind.is_none() && !rejection.reason.is_empty() {
            problem.0.code = Cow::Owned(rejection.reason);
        }
        problem.0.retryable = rejection.retryable;
        problem.0.retry = rejection.retry_at_millis.map(Retry::AtMillis);
        problem.0.conflicts = rejection.conflicts.into_iter().map(Conflict::from).collect();
        problem.0.areas = rejection.areas.into_iter().map(AreaConflict::from).collect();
        problem.0.ticket_type = Some(rejection.ticket_type).filter(|key| !key.is_empty());
        problem.0.could_have = rejection.could_have;
        problem
    }
}

impl From<SeatConflict> for Conflict {
    fn from(conflict: SeatConflict) -> Self {
        let status = match conflict.status() {
            SeatStatus::Unspecified => "unknown",
            known => status_word(known),
        };
        Self { seat_id: conflict.label, status }
    }
}

impl From<v1::AreaConflict> for AreaConflict {
    fn from(conflict: v1::AreaConflict) -> Self {
        Self { area: conflict.area, could_have: conflict.could_have }
    }
}

/// Each failure of the contract has its arm: a new one does not compile until it has a kind in
/// the table.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure.code() {
            FailureCode::Invalid => invalid(&failure.message),
            FailureCode::Overloaded => Self::overloaded(failure.retry_after_millis),
            FailureCode::DeadlineExceeded => Self::deadline_exceeded(),
            FailureCode::ShuttingDown => Self::shutting_down(failure.retry_after_millis),
            FailureCode::StorageShort => Self::storage_short(failure.retry_after_millis),
            FailureCode::ProjectionBehind => Self::projection_behind(failure.retry_after_millis),
            // What a newer engine means by another code is not known either.
            FailureCode::Unknown | FailureCode::Unspecified => Self::outcome_unknown(),
        }
    }
}

impl From<PipelineError> for Problem {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Overloaded => Self::overloaded(None),
            PipelineError::DeadlineExceeded => Self::deadline_exceeded(),
            PipelineError::EngineUnavailable => Self::engine_unavailable(),
            PipelineError::EngineRecovering => Self::recovering(),
            PipelineError::OutcomeUnknown => Self::outcome_unknown(),
        }
    }
}

/// The status of a read, which changes nothing: there is no outcome to be unknown.
impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        if let Some(rejection) = rejection_of(&status) {
            return rejection.into();
        }
        let reason = status.get_details_error_info().map(|info| info.reason);
        if let Some(kind) = reason.as_deref().and_then(table::rejection) {
            return Self::new(kind, status.message().to_owned());
        }
        match status.code() {
            Code::InvalidArgument => invalid(status.message()),
            Code::NotFound => Self::new(&table::NOT_FOUND, status.message().to_owned()),
            Code::ResourceExhausted if reason.as_deref() == Some(table::STORAGE_SHORT.code) => {
                Self::storage_short(retry_delay_millis(&status))
            }
            Code::ResourceExhausted if reason.as_deref() == Some(table::PROJECTION_BEHIND.code) => {
                Self::projection_behind(retry_delay_millis(&status))
            }
            Code::ResourceExhausted => Self::overloaded(retry_delay_millis(&status)),
            Code::DeadlineExceeded => Self::deadline_exceeded(),
            Code::Unavailable if reason.as_deref() == Some(table::SHUTTING_DOWN.code) => {
                Self::shutting_down(None)
            }
            Code::Unavailable if reason.as_deref() == Some(table::RECOVERING.code) => {
                Self::recovering()
            }
            // 'Unknown' is what an engine says that had to stop in the middle.
            Code::Unavailable | Code::Cancelled | Code::Unknown => {
                tracing::debug!(%status, "a read did not reach the engine");
                Self::engine_unavailable()
            }
            Code::Unimplemented => Self::not_supported(),
            _ => {
                tracing::error!(%status, "the engine failed a read");
                Self::internal()
            }
        }
    }
}

/// What makes no sense to the engine. A hold's or an allocation's id has its 16 bytes when it
/// gets there: one that the engine calls invalid is one that it never gave out, which is no
/// different to its caller.
pub(super) fn invalid(message: &str) -> Problem {
    let never_given = [
        ("hold_id: ", "hold_unknown", "there is no such hold"),
        ("allocation_id: ", "allocation_unknown", "there is no such allocation"),
    ];
    for (start, code, detail) in never_given {
        if let (true, Some(kind)) = (message.starts_with(start), table::rejection(code)) {
            return Problem::new(kind, detail);
        }
    }
    Problem::invalid(in_rest_words(message))
}

/// The engine names fields as its contract does; callers know them by the names they sent.
fn in_rest_words(message: &str) -> String {
    let Some((field, problem)) = message.split_once(": ") else {
        return message.to_owned();
    };
    let is_field = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.');
    if !field.bytes().all(is_field) {
        return message.to_owned();
    }
    let mut renamed = String::with_capacity(field.len());
    let mut is_first_of_word = false;
    for letter in field.replace("buyer_id", "user_id").chars() {
        match letter {
            '_' => is_first_of_word = true,
            letter if is_first_of_word => {
                renamed.push(letter.to_ascii_uppercase());
                is_first_of_word = false;
            }
            letter => renamed.push(letter),
        }
    }
    format!("{renamed}: {problem}")
}

/// How long the engine wants to be left alone.
pub(super) fn retry_delay_millis(status: &Status) -> Option<u32> {
    let delay = status.get_details_retry_info()?.retry_delay?;
    u32::try_from(delay.as_millis()).ok()
}

/// The refusal among a status's details.
pub(super) fn rejection_of(status: &Status) -> Option<Rejection> {
    let details = tonic_types::pb::Status::decode(status.details()).ok()?.details;
    let is_rejection = |url: &str| url.ends_with("/holdfast.inventory.v1.Rejection");
    let detail = details.into_iter().find(|detail| is_rejection(&detail.type_url))?;
    Rejection::decode(detail.value.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use http::{HeaderMap, StatusCode};
    use serde_json::{Value, json};

    use super::*;
    use crate::timestamp::now_millis;

    async fn reply(problem: Problem) -> (StatusCode, HeaderMap, Value) {
        let (parts, body) = problem.into_response().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&body).unwrap())
    }

    fn taken() -> Rejection {
        Rejection {
            code: 23,
            reason: "seats_unavailable".into(),
            message: "some of these seats are not available; choose others".into(),
            retryable: true,
            retry_at_millis: None,
            conflicts: vec![
                SeatConflict { index: 4, label: "A-1".into(), status: SeatStatus::Held.into() },
                SeatConflict { index: 5, label: "A-2".into(), status: 0 },
            ],
            could_have: Some(1),
            ..Rejection::default()
        }
    }

    #[tokio::test]
    async fn a_refusal_names_the_seats_that_stood_in_the_way() {
        let (status, headers, body) = reply(taken().into()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(headers["content-type"], "application/problem+json");
        assert!(!headers.contains_key("retry-after"));
        let expected = json!({
            "type": "urn:holdfast:problem:seats_unavailable",
            "title": "Some of the seats are not available",
            "status": 409,
            "detail": "some of these seats are not available; choose others",
            "code": "seats_unavailable",
            "retryable": true,
            "conflicts": [
                { "seatId": "A-1", "status": "held" },
                { "seatId": "A-2", "status": "unknown" },
            ],
            "couldHave": 1,
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn a_refusal_names_areas_and_ticket_types_too() {
        let area = |area: &str, could_have| v1::AreaConflict { area: area.into(), could_have };
        let rejection = Rejection {
            reason: "area_full".into(),
            message: "ask for fewer".into(),
            areas: vec![area("Lawn", Some(3)), area("Moon", None)],
            ticket_type: "adult".into(),
            ..Rejection::default()
        };
        let (status, _, body) = reply(rejection.into()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(body["areas"], json!([{ "area": "Lawn", "couldHave": 3 }, { "area": "Moon" }]));
        assert_eq!((&body["ticketType"], body.get("conflicts")), (&json!("adult"), None));
    }

    #[tokio::test]
    async fn a_refusal_until_a_time_says_when() {
        let opens_at_millis = now_millis() + 90_500;
        let rejection = Rejection {
            reason: "sale_not_open".into(),
            retryable: true,
            retry_at_millis: Some(opens_at_millis),
            ..Rejection::default()
        };
        let (status, headers, body) = reply(rejection.into()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let retry_after_secs: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((85..=91).contains(&retry_after_secs), "{retry_after_secs}");
        assert_eq!(body["retryAt"], crate::timestamp::rfc3339(opens_at_millis));
    }

    #[tokio::test]
    async fn a_refusal_of_a_newer_engine_keeps_its_word() {
        let rejection = Rejection {
            code: 99,
            reason: "moon_full".into(),
            message: "come back".into(),
            ..Rejection::default()
        };
        let (status, _, body) = reply(rejection.into()).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!((&body["code"], &body["detail"]), (&json!("moon_full"), &json!("come back")));
    }

    #[tokio::test]
    async fn failures_say_whether_anything_was_done() {
        let failure = |code: FailureCode| Failure {
            code: code.into(),
            message: "shard 12 is full".into(),
            retry_after_millis: Some(1_200),
        };
        let table = [
            (FailureCode::Overloaded, 503, "overloaded", Some("2")),
            (FailureCode::ShuttingDown, 503, "shutting_down", Some("2")),
            (FailureCode::StorageShort, 503, "storage_short", Some("2")),
            (FailureCode::ProjectionBehind, 503, "projection_behind", Some("2")),
            (FailureCode::Unknown, 503, "outcome_unknown", Some("1")),
            (FailureCode::Unspecified, 503, "outcome_unknown", Some("1")),
            (FailureCode::DeadlineExceeded, 504, "deadline_exceeded", Some("1")),
            (FailureCode::Invalid, 400, "invalid_request", None),
        ];
        for (code, expected_status, expected_code, retry_after) in table {
            let (status, headers, body) = reply(failure(code).into()).await;
            assert_eq!(status, expected_status, "{code:?}");
            assert_eq!(body["code"], expected_code);
            let header = headers.get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(header, retry_after, "{code:?}");
            let says_nothing_done = body["detail"].as_str().unwrap().contains("nothing was done");
            let is_certain = !matches!(expected_code, "outcome_unknown" | "invalid_request");
            assert_eq!(says_nothing_done, is_certain, "{code:?}");
        }
    }

    #[tokio::test]
    async fn a_unary_refusal_is_the_same_problem() {
        let detail = prost_any("type.googleapis.com/holdfast.inventory.v1.Rejection", &taken());
        let details = tonic_types::pb::Status {
            code: Code::FailedPrecondition.into(),
            message: String::new(),
            details: vec![detail],
        };
        let bytes = details.encode_to_vec().into();
        let status = Status::with_details(Code::FailedPrecondition, "refused", bytes);
        assert_eq!(reply(status.into()).await.2, reply(taken().into()).await.2);
    }

    #[tokio::test]
    async fn an_id_that_no_hold_can_have_is_that_of_no_hold() {
        for (words, code) in [
            ("hold_id: no hold was ever given this id", "hold_unknown"),
            ("allocation_id: no allocation was ever given this id", "allocation_unknown"),
        ] {
            let failure = Failure {
                code: FailureCode::Invalid.into(),
                message: words.into(),
                retry_after_millis: None,
            };
            for problem in [failure.into(), Status::invalid_argument(words).into()] {
                let (status, _, body) = reply(problem).await;
                assert_eq!((status.as_u16(), &body["code"]), (404, &json!(code)));
            }
        }
    }

    #[test]
    fn fields_are_named_as_callers_sent_them() {
        let check = |said: &str, expected: &str| assert_eq!(in_rest_words(said), expected);
        let section = "best_available.section: there is no section \"event_id\"";
        check(section, "bestAvailable.section: there is no section \"event_id\"");
        check("buyer_id: too long: 65 bytes", "userId: too long: 65 bytes");
        check("best_available.ticket_types: bad", "bestAvailable.ticketTypes: bad");
        check("no field here", "no field here");
        check("No field_name: here", "No field_name: here");
    }

    #[tokio::test]
    async fn a_status_with_an_error_info_alone_keeps_its_reason() {
        let status = |code, reason: &str| {
            let mut details = tonic_types::ErrorDetails::with_error_info(reason, "holdfast", []);
            details.set_retry_info(Some(std::time::Duration::from_millis(2_500)));
            Status::with_error_details(code, "in words", details)
        };
        let (http_status, _, body) = reply(status(Code::NotFound, "event_unknown").into()).await;
        assert_eq!((http_status.as_u16(), &body["detail"]), (404, &json!("in words")));
        assert_eq!(body["code"], "event_unknown");
        let (_, headers, body) = reply(status(Code::ResourceExhausted, "overloaded").into()).await;
        assert_eq!(
            (&headers["retry-after"], &body["code"]),
            (&"3".parse().unwrap(), &json!("overloaded"))
        );
        for (code, reason) in [
            (Code::Unavailable, "shutting_down"),
            (Code::Unavailable, "recovering"),
            (Code::ResourceExhausted, "storage_short"),
            (Code::ResourceExhausted, "projection_behind"),
        ] {
            let (status, headers, body) = reply(status(code, reason).into()).await;
            assert_eq!((status.as_u16(), &body["code"]), (503, &json!(reason)));
            assert!(headers.contains_key("retry-after"), "{reason}");
        }
    }

    fn prost_any(type_url: &str, message: &impl Message) -> prost_types::Any {
        prost_types::Any { type_url: type_url.into(), value: message.encode_to_vec() }
    }

    #[tokio::test]
    async fn what_went_wrong_inside_stays_inside() {
        let (status, _, body) = reply(Status::internal("/var/lib: disk is gone").into()).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body.to_string().contains("disk"));
    }
}
