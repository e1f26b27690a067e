//! The routes as a caller sees them: what is taken, what is refused and how. The engine is a
//! fake one, or none where a request must not get that far.

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tower::ServiceExt;

mod limits;
mod organizers;
mod spots;

use super::*;
use crate::engine::in_process;
use crate::fake_engine::{FakeEngine, agree};
use crate::{Edge, EdgeOptions};

const HOLD: &str = "00c8000000000000000000000000002a";

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

/// An edge whose engine agrees to everything.
fn edge() -> Router {
    let engine = FakeEngine::in_process();
    let router = Edge::new(EdgeOptions::default(), engine.service.clone(), None).router();
    engine.answer_all(agree);
    router
}

/// An edge whose engine knows no service at all.
fn edge_without_engine() -> Router {
    let engine = in_process(tonic::service::Routes::default());
    Edge::new(EdgeOptions::default(), engine, None).router()
}

async fn ask(router: &Router, request: Request<Body>) -> Reply {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    Reply { status: parts.status, headers: parts.headers, body }
}

async fn get(router: &Router, uri: &str) -> Reply {
    ask(router, Request::get(uri).body(Body::empty()).unwrap()).await
}

fn post_request(uri: &str) -> http::request::Builder {
    Request::post(uri).header("content-type", "application/json")
}

async fn post(router: &Router, uri: &str, body: Value) -> Reply {
    let body = body.to_string();
    ask(router, post_request(uri).body(Body::from(body)).unwrap()).await
}

async fn post_with_key(router: &Router, uri: &str, key: &str, body: Value) -> Reply {
    let body = body.to_string();
    let request = post_request(uri).header("Idempotency-Key", key);
    ask(router, request.body(Body::from(body)).unwrap()).await
}

/// Sends a bad body where no engine is, and expects words in what comes back.
async fn check_refused(uri: &str, body: &str, status: u16, code: &str, words: &[&str]) {
    let request = post_request(uri).body(Body::from(body.to_owned())).unwrap();
    let reply = ask(&edge_without_engine(), request).await;
    assert_problem(&reply, status, code);
    let detail = reply.body["detail"].as_str().unwrap();
    for word in words {
        assert!(detail.contains(word), "{body}: {detail:?} lacks {word:?}");
    }
}

fn assert_problem(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status.as_u16(), &reply.body["code"]), (status, &json!(code)));
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert_eq!(reply.body["status"], status);
    assert_eq!(reply.body["type"], format!("urn:holdfast:problem:{code}"));
    assert!(!reply.body["detail"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn reserve_takes_labels_or_a_wish() {
    let router = edge();
    let bodies = [
        json!({ "eventId": 1, "seatIds": ["A-1", "A-2"], "userId": "u1" }),
        json!({ "eventId": "1", "seatIds": ["A-1", 2], "userId": 17 }),
        json!({ "eventId": 1, "userId": "u1", "quantity": 2 }),
        json!({ "eventId": 1, "userId": "u1", "bestAvailable": { "quantity": 2 } }),
        json!({
            "eventId": 1, "userId": "u1", "bestAvailable":
                { "quantity": 2, "section": "Floor", "category": 3, "accessible": true },
        }),
    ];
    for body in bodies {
        let reply = post(&router, "/v1/seats/reserve", body).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        assert_eq!(reply.body["eventId"], 1);
        assert_eq!(reply.body["seatIds"], json!(["A-1"]));
        assert_eq!(reply.body["expiresAt"], "2026-11-21T06:53:34.250Z");
        assert_eq!(reply.body["expiresAtMillis"], 1_795_244_014_250_u64);
        assert_eq!(reply.body["holdId"].as_str().map(str::len), Some(32));
    }
}

#[tokio::test]
async fn how_sure_a_change_is_to_be_is_asked_and_told_in_headers() {
    let router = edge();
    let body = json!({ "eventId": 1, "seatIds": ["A-1"], "userId": "u1" }).to_string();
    let request = |words: &[&str]| {
        let request = post_request("/v1/seats/reserve");
        let request = words.iter().fold(request, |of, word| of.header("Holdfast-Ack", *word));
        request.body(Body::from(body.clone())).unwrap()
    };
    for (words, told) in [
        (&[][..], "journal"),
        (&["journal"], "journal"),
        (&["journal+postgres"], "journal+postgres"),
    ] {
        let reply = ask(&router, request(words)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        assert_eq!(reply.headers["holdfast-durability"], told, "{words:?}");
    }
    for words in [&["postgres"][..], &[""], &["Journal"], &["journal", "journal"]] {
        let reply = ask(&router, request(words)).await;
        assert_problem(&reply, 400, "invalid_request");
        assert!(reply.body["detail"].as_str().unwrap().contains("Holdfast-Ack"), "{words:?}");
        assert!(!reply.headers.contains_key("holdfast-durability"));
    }
    let by_hold = json!({ "holdId": HOLD, "userId": "u1" });
    for verb in ["allocate", "release", "extend"] {
        let request = post_request(&format!("/v1/seats/{verb}"));
        let request = request.header("Holdfast-Ack", "journal+postgres");
        let reply = ask(&router, request.body(Body::from(by_hold.to_string())).unwrap()).await;
        assert_eq!(reply.status, StatusCode::OK, "{verb}: {}", reply.body);
        assert_eq!(reply.headers["holdfast-durability"], "journal+postgres", "{verb}");
    }
}

#[tokio::test]
async fn the_verbs_of_a_hold_answer_with_what_they_did() {
    let router = edge();
    let body = json!({ "holdId": HOLD, "userId": "u1" });
    let allocated = post(&router, "/v1/seats/allocate", body.clone()).await;
    assert_eq!(allocated.status, StatusCode::OK);
    assert_eq!(allocated.body["holdId"], HOLD);
    assert_eq!(allocated.body["allocationId"].as_str().map(str::len), Some(32));
    let extended = post(&router, "/v1/seats/extend", body.clone()).await;
    assert_eq!(extended.body["expiresAtMillis"], 1_795_244_014_250_u64);
    let part = json!({ "holdId": HOLD, "userId": "u1", "seatIds": ["A-2"] });
    let released = post(&router, "/v1/seats/release", part).await;
    assert_eq!(released.body, json!({ "holdId": HOLD, "seatIds": ["A-2"] }));
}

#[tokio::test]
async fn a_key_makes_the_same_request_id_and_no_key_a_new_one() {
    let router = edge();
    let body = || json!({ "eventId": 1, "seatIds": ["A-1"], "userId": "u1" });
    let with_key = async |key| {
        let reply = post_with_key(&router, "/v1/seats/reserve", key, body()).await;
        // The fake engine's hold ids are the request's.
        reply.body["holdId"].as_str().unwrap().to_owned()
    };
    let first = with_key("order-17").await;
    assert_eq!(first, with_key("order-17").await);
    assert_ne!(first, with_key("order-18").await);
    let mut without_key = Vec::new();
    for _ in 0..2 {
        without_key.push(post(&router, "/v1/seats/reserve", body()).await.body["holdId"].clone());
    }
    assert_ne!(without_key[0], without_key[1]);
}

#[tokio::test]
async fn bad_bodies_are_told_what_is_wrong_with_them() {
    let reserve = "/v1/seats/reserve";
    let bad = "invalid_request";
    check_refused(reserve, "{\"eventId\":", 400, bad, &["EOF"]).await;
    check_refused(reserve, "", 400, bad, &[]).await;
    check_refused(reserve, r#"{"seatIds":["A"],"userId":"u"}"#, 400, bad, &["`eventId`"]).await;
    check_refused(reserve, r#"{"eventId":1,"userId":"u","rows":[]}"#, 400, bad, &["`rows`"]).await;
    check_refused(reserve, r#"{"eventId":true,"userId":"u"}"#, 400, bad, &["eventId", "whole"])
        .await;
    check_refused(reserve, r#"{"eventId":1,"userId":""}"#, 400, bad, &["userId", "1 to 64"]).await;
    let no_selection = r#"{"eventId":1,"userId":"u"}"#;
    check_refused(reserve, no_selection, 400, bad, &["seatIds", "bestAvailable", "quantity"]).await;
    let two = r#"{"eventId":1,"userId":"u","seatIds":["A"],"quantity":2}"#;
    check_refused(reserve, two, 400, bad, &["one of"]).await;
    let wish = r#"{"eventId":1,"userId":"u","bestAvailable":{"quantity":2,"rows":1}}"#;
    check_refused(reserve, wish, 400, bad, &["bestAvailable", "`rows`"]).await;
    let hold = r#"{"holdId":"12","userId":"u"}"#;
    check_refused("/v1/seats/allocate", hold, 400, bad, &["holdId", "32 hexadecimal"]).await;
    let part = format!(r#"{{"holdId":"{HOLD}","userId":"u","seatIds":["A"]}}"#);
    check_refused("/v1/seats/extend", &part, 400, bad, &["`seatIds`"]).await;
    let none = format!(r#"{{"holdId":"{HOLD}","userId":"u","seatIds":[]}}"#);
    check_refused("/v1/seats/release", &none, 422, "selection_empty", &["seatIds"]).await;
    let large = format!(r#"{{"eventId":1,"userId":"{}"}}"#, "u".repeat(70_000));
    check_refused(reserve, &large, 413, "body_too_large", &["65536"]).await;
}

#[tokio::test]
async fn bad_values_are_told_what_belongs_there() {
    let reserve = "/v1/seats/reserve";
    let bad = "invalid_request";
    // A list of the fields' values is no object, whatever our reader could make of it.
    for body in [r#"[1,"u",["A-1"],null,null]"#, "null", "5", "\"x\""] {
        check_refused(reserve, body, 400, bad, &["expected an object"]).await;
    }
    let with = |field: &str| format!(r#"{{"eventId":1,"userId":"u",{field}}}"#);
    let listed = with(r#""bestAvailable":[2,null,null,false]"#);
    check_refused(reserve, &listed, 400, bad, &["bestAvailable", "an object"]).await;
    for count in ["-1", "1.5", "\"2\"", "true"] {
        let count = with(&format!(r#""quantity":{count}"#));
        check_refused(reserve, &count, 400, bad, &["quantity", "a number of seats"]).await;
    }
    let text = with(r#""seatIds":"A-1""#);
    check_refused(reserve, &text, 400, bad, &["seatIds", "a list of labels"]).await;
    for label in ["", &"s".repeat(256)] {
        let label = with(&format!(r#""seatIds":["A-1","{label}"]"#));
        check_refused(reserve, &label, 400, bad, &["seatIds[1]", "1 to 255 bytes"]).await;
    }
    let number = r#"{"holdId":5,"userId":"u"}"#;
    check_refused("/v1/seats/extend", number, 400, bad, &["holdId", "32 hexadecimal"]).await;
}

#[tokio::test]
async fn what_was_sent_comes_back_in_short_only() {
    let router = edge_without_engine();
    let long = "x".repeat(60_000);
    let bodies = [
        format!(r#"{{"eventId":1,"userId":"{long}","quantity":1}}"#),
        format!(r#"{{"eventId":1,"userId":"u","quantity":1,"{long}":1}}"#),
        format!(r#"{{"eventId":"{long}","userId":"u","quantity":1}}"#),
        format!(r#"{{"eventId":1,"userId":"u","seatIds":["{long}"]}}"#),
        format!(r#"{{"eventId":1,"userId":"u","bestAvailable":{{"quantity":1,"zone{long}":1}}}}"#),
    ];
    for body in bodies {
        let request = post_request("/v1/seats/reserve").body(Body::from(body)).unwrap();
        let reply = ask(&router, request).await;
        assert_problem(&reply, 400, "invalid_request");
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.len() < 600 && detail.contains("expected"), "{detail}");
    }
    let reply = get(&router, &format!("/v1/events/1/seats?view={long}")).await;
    assert!(reply.body["detail"].as_str().unwrap().len() < 600);
}

#[tokio::test]
async fn a_body_that_is_said_to_be_too_large_is_not_waited_for() {
    let request = post_request("/v1/seats/reserve").header("content-length", "99999999999");
    let never =
        Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let reply = ask(&edge_without_engine(), request.body(never).unwrap()).await;
    assert_problem(&reply, 413, "body_too_large");
}

#[tokio::test]
async fn no_cache_may_answer_for_what_changes() {
    let router = edge();
    let told = async |uri: &str| {
        let headers = get(&router, uri).await.headers;
        headers["cache-control"].to_str().unwrap().to_owned()
    };
    for uri in ["/v1/seats/availability?eventId=1", "/v1/events", "/v1/events/2/seats", "/nope"] {
        assert_eq!(told(uri).await, "no-store", "{uri}");
    }
    // May be kept, if it is asked for again with its tag.
    assert_eq!(told("/v1/events/1/seats").await, "no-cache");
}

#[tokio::test]
async fn bodies_that_are_not_json_by_their_header_are_refused() {
    let router = edge_without_engine();
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = Request::post("/v1/seats/reserve").header("content-type", content_type);
        let reply = ask(&router, request.body(Body::from("{}")).unwrap()).await;
        assert_problem(&reply, 415, "unsupported_media_type");
    }
    let request = Request::post("/v1/seats/reserve").body(Body::from("{}")).unwrap();
    assert_problem(&ask(&router, request).await, 415, "unsupported_media_type");
}

#[tokio::test]
async fn bad_keys_are_refused_before_anything_is_sent() {
    let router = edge_without_engine();
    let body = || json!({ "eventId": 1, "seatIds": ["A-1"], "userId": "u1" });
    for key in ["", "two words", &"k".repeat(256)] {
        let reply = post_with_key(&router, "/v1/seats/reserve", key, body()).await;
        assert_problem(&reply, 400, "invalid_request");
        assert!(reply.body["detail"].as_str().unwrap().contains("Idempotency-Key"));
    }
    let twice = post_request("/v1/seats/reserve")
        .header("Idempotency-Key", "a")
        .header("Idempotency-Key", "b");
    let reply = ask(&router, twice.body(Body::from(body().to_string())).unwrap()).await;
    assert_problem(&reply, 400, "invalid_request");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let router = edge_without_engine();
    assert_problem(&get(&router, "/v2/seats").await, 404, "not_found");
    assert_problem(&get(&router, "/metrics").await, 404, "not_found");
    let wrong_method = get(&router, "/v1/seats/reserve").await;
    assert_problem(&wrong_method, 405, "method_not_allowed");
    assert_eq!(wrong_method.headers["allow"], "POST");
}

#[tokio::test]
async fn bad_parameters_are_told_what_is_wrong_with_them() {
    let router = edge_without_engine();
    let table = [
        ("/v1/seats/availability", "eventId"),
        ("/v1/seats/availability?eventId=x", "event id"),
        ("/v1/seats/availability?eventId=1&section=2", "section"),
        ("/v1/seats/availability?eventId=1&by=", "with commas"),
        ("/v1/seats/availability?eventId=1&by=section,row", "ticketType"),
        ("/v1/seats/availability?eventId=1&by=Section", "section"),
        ("/v1/events/x", "event id"),
        ("/v1/events?limit=0", "limit"),
        ("/v1/events?limit=1001", "limit"),
        ("/v1/events?limit=-1", "1 to 1000"),
        ("/v1/events?limit=", "1 to 1000"),
        ("/v1/events?limit=99999999999", "1 to 1000"),
        ("/v1/events?cursor=17", "cursor"),
        ("/v1/events?page=2", "page"),
        ("/v1/events/x/seats", "event id"),
        ("/v1/events/1/seats?view=tiny", "statuses"),
        ("/v1/events/%ff/seats", "UTF-8"),
        ("/v1/holds/12", "hold id"),
        ("/v1/holds/00c8000000000000000000000000002a?userId=", "user id"),
    ];
    for (uri, word) in table {
        let reply = get(&router, uri).await;
        assert_problem(&reply, 400, "invalid_request");
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{uri}: {detail:?} lacks {word:?}");
    }
}

#[tokio::test]
async fn reads_answer_what_the_engine_says() {
    let router = edge();
    let availability = get(&router, "/v1/seats/availability?eventId=1").await;
    let expected = json!({
        "eventId": 1, "version": 4,
        "available": 1, "held": 1, "allocated": 1, "blocked": 0, "capacity": 3,
        "places": { "available": 7, "held": 0, "allocated": 0, "blocked": 0, "capacity": 7 },
        "closed": true,
    });
    assert_eq!((availability.status, availability.body), (StatusCode::OK, expected));
    let unknown = get(&router, "/v1/seats/availability?eventId=2").await;
    assert_problem(&unknown, 404, "event_unknown");
    let hold = get(&router, &format!("/v1/holds/{HOLD}?userId=u1")).await;
    assert_eq!((&hold.body["state"], &hold.body["holdId"]), (&json!("live"), &json!(HOLD)));
    let stranger = get(&router, &format!("/v1/holds/{HOLD}?userId=u2")).await;
    assert_problem(&stranger, 404, "hold_unknown");
}

#[tokio::test]
async fn a_seat_map_is_fetched_whole_once_and_sent_when_it_changed() {
    let engine = FakeEngine::in_process();
    let router = Edge::new(EdgeOptions::default(), engine.service.clone(), None).router();
    for _ in 0..3 {
        let map = get(&router, "/v1/events/1/seats").await;
        assert_eq!(map.body["seats"][1]["seatId"], "A-2");
        assert_eq!(map.body["seats"][1]["status"], "held");
    }
    assert_eq!(engine.charts_asked.load(std::sync::atomic::Ordering::Relaxed), 1);
    let statuses = get(&router, "/v1/events/1/seats?view=statuses").await;
    assert_eq!(statuses.body["statuses"], "123");

    let tag = &statuses.headers["etag"];
    let ask_again = |uri: &str| {
        let request = Request::get(uri).header("if-none-match", tag);
        ask(&router, request.body(Body::empty()).unwrap())
    };
    let same = ask_again("/v1/events/1/seats?view=statuses").await;
    assert_eq!((same.status, &same.body), (StatusCode::NOT_MODIFIED, &Value::Null));
    assert_eq!(same.headers["etag"], tag);
    // The other view is another document.
    assert_eq!(ask_again("/v1/events/1/seats").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_engine_that_serves_nothing_is_not_ready_but_the_edge_is_alive() {
    let router = edge_without_engine();
    let live = get(&router, "/health/live").await;
    assert_eq!((live.status, live.body), (StatusCode::OK, json!({ "status": "live" })));
    for uri in ["/health", "/health/ready", "/actuator/health"] {
        let ready = get(&router, uri).await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ready.body, json!({ "status": "engine_unavailable" }));
    }
    let reserve = json!({ "eventId": 1, "quantity": 1, "userId": "u1" });
    let reply = post(&router, "/v1/seats/reserve", reserve).await;
    assert_problem(&reply, 503, "engine_unavailable");
    assert_eq!(reply.headers["retry-after"], "1");
}

#[tokio::test]
async fn a_defect_is_a_problem_that_says_nothing_of_the_inside() {
    let reply = get(&edge(), "/v1/seats/availability?eventId=13").await;
    assert_problem(&reply, 500, "internal");
    assert!(!reply.body.to_string().contains("secret"));
}

#[tokio::test]
async fn events_come_in_pages() {
    let router = edge();
    let first = get(&router, "/v1/events?limit=2").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.body["events"][1]["eventId"], 2);
    assert_eq!(first.body["events"][1]["rules"]["saleOpensAt"], "1970-01-01T00:00:00.000Z");
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let last = get(&router, &format!("/v1/events?limit=2&cursor={cursor}")).await;
    let names: Vec<_> =
        last.body["events"].as_array().unwrap().iter().map(|e| &e["name"]).collect();
    assert_eq!(names, ["Night 3"]);
    assert_eq!(last.body.get("nextCursor"), None);
}

#[tokio::test]
async fn an_edge_is_ready_while_its_engine_answers() {
    let ready = get(&edge(), "/health/ready").await;
    assert_eq!((ready.status, ready.body), (StatusCode::OK, json!({ "status": "ready" })));
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_reservations_by_code() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _installed = metrics::set_default_local_recorder(&recorder);
    crate::describe_metrics();
    let engine = in_process(tonic::service::Routes::default());
    let router = Edge::new(EdgeOptions::default(), engine, Some(handle)).router();
    let reserve = json!({ "eventId": 1, "seatIds": [], "userId": "u1" });
    post(&router, "/v1/seats/reserve", reserve).await;
    get(&router, "/v1/seats/reserve").await;
    get(&router, "/v1/holds/12").await;
    get(&router, "/of/my/own").await;
    for uri in ["/metrics", "/actuator/prometheus"] {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        for line in [
            "# HELP http_requests_total HTTP requests answered",
            r#"http_requests_total{route="/v1/seats/reserve",method="POST",status="422"} 1"#,
            r#"http_requests_total{route="/v1/holds/{id}",method="GET",status="400"} 1"#,
            r#"http_requests_total{route="unmatched",method="GET",status="404"} 1"#,
            "seat_reservations_total 1",
            r#"seat_reservations_failed{code="selection_empty"} 1"#,
            r#"seat_reservations_failed{code="seats_unavailable"} 0"#,
            r#"seat_reservations_failed{code="method_not_allowed"} 0"#,
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
    }
}
