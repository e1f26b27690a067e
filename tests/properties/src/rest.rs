//! HTTP requests to an edge whose engine is in this process, whatever their paths, headers and
//! bodies are.
//!
//! Must hold for each: the answer is no fault of the server's. What is refused is told by a
//! problem document that has the status of the answer, a code and words; what is not is JSON, or
//! the beginning of a stream of live changes.

use axum::Router;
use axum::body::{Body, to_bytes};
use edge_api::engine::in_process;
use edge_api::{AdminToken, Edge, EdgeOptions};
use http::{Method, Request, Response, StatusCode, header};
use serde_json::Value;
use std::time::Duration;
use tower::ServiceExt;

use crate::house::{House, with_house};
use crate::story::VENUE;

/// What stands between two requests.
const SEPARATOR: u8 = 0;

/// Requests of one input.
const REQUESTS_MAX: usize = 12;

/// What organizers show.
const TOKEN: &str = "t";

/// Stands in a request for the id of the last hold, or of the last sale: no mutation hits one.
const NAMES: [&str; 2] = ["{hold}", "{sale}"];

/// Requests, each a line with a method and a path, lines of headers, an empty line, and a body.
pub(crate) fn check(input: &[u8]) {
    drop(answers_to(input));
}

/// The status of each answer.
fn answers_to(input: &[u8]) -> Vec<StatusCode> {
    let mut statuses = Vec::new();
    with_house(async |house: &House| {
        let options = EdgeOptions {
            admin_token: Some(AdminToken::new(TOKEN)),
            // On a busy machine, too, nobody waits in vain.
            request_timeout: Duration::from_secs(600),
            ..EdgeOptions::default()
        };
        let router = Edge::new(options, in_process(house.routes()), None).router();
        let mut ids = NAMES.map(|_| "0".repeat(32));
        for bytes in input.split(|byte| *byte == SEPARATOR).take(REQUESTS_MAX) {
            if let Some(request) = request(&with_ids(bytes, &ids)) {
                let (status, answer) = ask(&router, request).await;
                statuses.push(status);
                for (id, field) in ids.iter_mut().zip(["holdId", "allocationId"]) {
                    if let Some(new) = answer[field].as_str() {
                        new.clone_into(id);
                    }
                }
            }
        }
    });
    statuses
}

/// The bytes with ids in the places of their names.
fn with_ids(bytes: &[u8], ids: &[String; 2]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        let mut named = NAMES.iter().zip(ids);
        match named.find(|(name, _)| rest.starts_with(name.as_bytes())) {
            Some((name, id)) => {
                whole.extend_from_slice(id.as_bytes());
                rest = &rest[name.len()..];
            }
            None => {
                whole.push(*first);
                rest = behind;
            }
        }
    }
    whole
}

/// A request, if the bytes are one that a connection would bring as far as here.
fn request(bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let method = Method::from_bytes(&first[..space]).ok()?;
    let mut request = Request::builder().method(method).uri(&first[space + 1..]);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    let body = body.get(2..).unwrap_or_default().to_vec();
    request.body(Body::from(body)).ok()
}

/// What was answered; no document, where that is none.
async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let asked = format!("{} {}", request.method(), request.uri());
    let has_no_body = request.method() == Method::HEAD;
    let answer = router.clone().oneshot(request).await.expect("an edge always answers");
    let is_stream = is_of_type(&answer, "text/event-stream");
    let status = answer.status();
    // The house has no journal in files, and so no history: what a real one is never asked.
    let is_history = asked.split('?').next().is_some_and(|path| path.ends_with("/history"));
    if is_history && status == StatusCode::INTERNAL_SERVER_ERROR {
        return (status, Value::Null);
    }
    assert!(status.as_u16() < 500, "{asked}: {answer:?}");
    let is_problem = is_of_type(&answer, "application/problem+json");
    let is_refusal = status.is_client_error() || status.is_server_error();
    assert_eq!(is_problem, is_refusal, "{asked}: {answer:?}");
    if has_no_body || is_stream {
        return (status, Value::Null);
    }
    let body = to_bytes(answer.into_body(), usize::MAX).await.expect("an answer comes whole");
    if body.is_empty() {
        assert!(!is_refusal, "{asked} was refused without a word");
        return (status, Value::Null);
    }
    let body: Value = serde_json::from_slice(&body).expect("an answer is JSON");
    if is_problem {
        assert_eq!(body["status"], status.as_u16(), "{asked}: {body}");
        let code = body["code"].as_str().unwrap_or_default();
        assert_eq!(body["type"], format!("urn:holdfast:problem:{code}"), "{asked}: {body}");
        assert!(!code.is_empty(), "{asked}: {body}");
        assert!(body["detail"].as_str().is_some_and(|words| !words.is_empty()), "{asked}: {body}");
    }
    (status, body)
}

fn is_of_type(answer: &Response<Body>, expected: &str) -> bool {
    let found = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    found.is_some_and(|found| found.starts_with(expected))
}

/// A sale as a browser makes it, what organizers do, and what is asked only.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let post = |path: &str, headers: &str, body: &str| {
        format!("POST {path}\nContent-Type: application/json{headers}\n\n{body}")
    };
    let get = |path: &str| format!("GET {path}");
    let organizer = "\nAuthorization: Bearer t";
    let hold = r#"{"holdId":"{hold}","userId":"ann"}"#;
    let part = r#"{"holdId":"{hold}","userId":"ann","seatIds":["Stalls-A-1"],
"areas":[{"area":"Lawn","count":1,"ticketType":"adult"}]}"#;
    let sale = r#"{"allocationId":"{sale}","userId":"ann","seatIds":["Stalls-A-2"]}"#;
    let key = "\nIdempotency-Key: cart-4711";
    let by_label = r#"{"eventId":1,"userId":"ann","seatIds":["Stalls-A-1","Stalls-A-2"],
"ticketType":"adult","areas":[{"area":"Lawn","count":2}]}"#;
    let table = r#"{"eventId":"1","userId":"ann","seatIds":["Stalls-T1"],"ticketType":"child"}"#;
    let best = r#"{"eventId":1,"userId":"ann","bestAvailable":{"section":"Stalls",
"category":"best","zone":"near","accessible":false,
"ticketTypes":[{"ticketType":"adult","count":2}]}}"#;
    let block = r#"{"eventId":1,"seatIds":["Stalls-B-1"],"areas":[{"area":"Lawn","count":2}]}"#;
    let event = format!(
        r#"{{"eventId":9,"name":"Matinee","chartHash":"{}","rules":{{"holdTtlMillis":60000,
"saleOpensAt":"2026-01-01T10:00:00+01:00"}},"ticketTypes":[{{"key":"adult","quota":7,
"categories":["best"]}}]}}"#,
        *crate::story::CHART_HASH
    );
    let sessions: [&[String]; 8] = [
        &[
            post("/v1/seats/reserve", key, by_label),
            post("/v1/seats/release", "", part),
            get("/v1/holds/{hold}?userId=ann"),
            post("/v1/seats/allocate", key, hold),
            post("/v1/seats/return", "", sale),
            get("/v1/holds/{hold}"),
        ],
        &[post("/v1/seats/reserve", key, table), post("/v1/seats/extend", "", hold)],
        &[
            post("/v1/seats/reserve", "", best),
            get("/v1/seats/availability?eventId=1&by=section,category,ticketType,area,seat"),
        ],
        &[
            get("/v1/events/1"),
            get("/v1/events?limit=1"),
            get("/v1/events/1/seats"),
            format!("{}\nIf-None-Match: \"1\"", get("/v1/events/1/seats?view=statuses")),
            format!("{}\nLast-Event-ID: 1", get("/v1/events/1/seats/stream")),
        ],
        &[post("/v1/seats/block", organizer, block), post("/v1/seats/unblock", organizer, block)],
        &[post("/v1/charts", organizer, VENUE)],
        &[
            post("/v1/events", organizer, &event),
            format!("POST /v1/events/9/close{organizer}"),
            format!("{}{organizer}", get("/v1/events/9/verify")),
            format!("{}{organizer}", get("/v1/events/1/seats/Stalls-A-1/history?limit=2")),
        ],
        &[get("/health"), get("/health/live"), get("/metrics"), "HEAD /v1/events".to_owned()],
    ];
    sessions.iter().map(|requests| requests.join("\0").into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_seeds_ask_for_is_done() {
        let statuses: Vec<Vec<u16>> = seeds()
            .iter()
            .map(|seed| answers_to(seed).iter().map(StatusCode::as_u16).collect())
            .collect();
        let expected: [&[u16]; 8] = [
            &[200; 6],
            &[200; 2],
            &[200; 2],
            &[200; 5],
            &[200; 2],
            &[200],
            // There is no history in memory.
            &[201, 200, 200, 500],
            // Metrics are off.
            &[200, 200, 404, 200],
        ];
        assert_eq!(statuses, expected);
    }
}
