//! What only organizers may do: who is let in, what is taken, and what comes back.

use super::*;
use crate::AdminToken;
use crate::fake_engine::IMPATIENCE;

const TOKEN: &str = "a-token-for-tests-only";

const POSTS: [&str; 5] =
    ["/v1/seats/block", "/v1/seats/unblock", "/v1/charts", "/v1/events", "/v1/events/1/close"];
const GETS: [&str; 2] = ["/v1/events/1/verify", "/v1/events/1/seats/A-1/history"];

fn edge_with_token() -> Router {
    let options =
        EdgeOptions { admin_token: Some(AdminToken::new(TOKEN)), ..EdgeOptions::default() };
    Edge::new(options, FakeEngine::in_process().service.clone(), None).router()
}

fn request(uri: &str, body: Option<&str>, authorization: Option<&str>) -> Request<Body> {
    let request = match body {
        Some(_) => post_request(uri),
        None => Request::get(uri),
    };
    let request = authorization
        .into_iter()
        .fold(request, |request, value| request.header("authorization", value));
    request.body(Body::from(body.unwrap_or_default().to_owned())).unwrap()
}

/// What an organizer is answered.
async fn organizer(uri: &str, body: Option<Value>) -> Reply {
    let body = body.map(|body| if body.is_null() { String::new() } else { body.to_string() });
    let authorization = format!("Bearer {TOKEN}");
    ask(&edge_with_token(), request(uri, body.as_deref(), Some(&authorization))).await
}

async fn check_bad(uri: &str, body: Value, words: &[&str]) {
    let reply = organizer(uri, Some(body)).await;
    assert_problem(&reply, 400, "invalid_request");
    let detail = reply.body["detail"].as_str().unwrap();
    for word in words {
        assert!(detail.contains(word), "{uri}: {detail:?} lacks {word:?}");
    }
}

#[tokio::test]
async fn an_organizers_change_says_how_sure_it_is_as_well() {
    let close = |ack: Option<&str>| {
        let request = request("/v1/events/1/close", Some(""), Some(&format!("Bearer {TOKEN}")));
        let (mut parts, body) = request.into_parts();
        if let Some(ack) = ack {
            parts.headers.insert("holdfast-ack", ack.parse().unwrap());
        }
        Request::from_parts(parts, body)
    };
    let router = edge_with_token();
    for (ack, told) in [(None, "journal"), (Some("journal+postgres"), "journal+postgres")] {
        let reply = ask(&router, close(ack)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        assert_eq!(reply.headers["holdfast-durability"], told);
    }
    assert_problem(&ask(&router, close(Some("both"))).await, 400, "invalid_request");
}

#[tokio::test]
async fn nobody_is_let_in_without_the_token() {
    let with_token = edge_with_token();
    // Not even a body that makes no sense, or none at all, is looked at before.
    let all = POSTS.map(|uri| (uri, Some("{"))).into_iter().chain(GETS.map(|uri| (uri, None)));
    for (uri, body) in all {
        let wrong = [
            None,
            Some("Bearer wrong"),
            Some("Bearer"),
            Some("Basic a-token-for-tests-only"),
            Some("Bearer a-token-for-tests-onlyy"),
            Some("a-token-for-tests-only"),
        ];
        for authorization in wrong {
            let reply = ask(&with_token, request(uri, body, authorization)).await;
            assert_problem(&reply, 401, "unauthorized");
            assert_eq!(reply.headers["www-authenticate"], "Bearer");
            assert!(!reply.body.to_string().contains("tests-only"), "{}", reply.body);
        }
        let reply = ask(&edge(), request(uri, body, Some("Bearer a-token-for-tests-only"))).await;
        assert_problem(&reply, 403, "admin_disabled");
    }
}

#[tokio::test]
async fn blocks_name_seats_places_or_both() {
    for uri in ["/v1/seats/block", "/v1/seats/unblock"] {
        let lawn = json!([{ "area": "Lawn", "count": 2 }]);
        let body = json!({ "eventId": 1, "seatIds": ["A-1", 2], "areas": lawn });
        let reply = organizer(uri, Some(body)).await;
        let expected = json!({ "eventId": 1, "seatIds": ["A-1", "2"], "areas": lawn });
        assert_eq!((reply.status, reply.body), (StatusCode::OK, expected));
        check_bad(uri, json!({ "eventId": 1 }), &["seatIds, areas"]).await;
        check_bad(uri, json!({ "eventId": 1, "userId": 2 }), &["`userId`"]).await;
        check_bad(uri, json!({ "seatIds": ["A"] }), &["`eventId`"]).await;
        let none = organizer(uri, Some(json!({ "eventId": 1, "seatIds": [] }))).await;
        assert_problem(&none, 422, "selection_empty");
    }
    // The longest list that an engine takes at once is longer than a buyer's body may be.
    let labels: Vec<String> = (0..16_384).map(|seat| format!("Section {seat}")).collect();
    let body = json!({ "eventId": 1, "seatIds": labels });
    assert!(body.to_string().len() > crate::limits::BODY_BYTES_MAX_DEFAULT);
    assert_eq!(organizer("/v1/seats/block", Some(body)).await.body["seatIds"], json!(labels));
}

#[tokio::test]
async fn a_chart_is_put_in_any_format() {
    let reply = organizer("/v1/charts", Some(json!({}))).await;
    let expected = json!({
        "chartHash": "ab".repeat(32), "name": "format 0", "seats": 3, "places": 7,
        "warnings": ["a shape is not used"],
    });
    assert_eq!((reply.status, reply.body), (StatusCode::OK, expected));
    for (word, number) in [("auto", 0), ("holdfast", 1), ("seats-io", 2), ("pretix", 3)] {
        let reply = organizer(&format!("/v1/charts?format={word}"), Some(json!({}))).await;
        assert_eq!(reply.body["name"], format!("format {number}"));
    }
    check_bad("/v1/charts?format=pdf", json!({}), &["seats-io"]).await;
    let mistakes = organizer("/v1/charts", Some(json!([]))).await;
    assert_problem(&mistakes, 422, "chart_invalid");
    let expected = json!([{ "object": "row \"A\"", "problem": "is odd" }]);
    assert_eq!(mistakes.body["mistakes"], expected);
    let authorization = format!("Bearer {TOKEN}");
    let large = Request::post("/v1/charts").header("authorization", authorization);
    let large = large.header("content-type", "application/json");
    let large = large.header("content-length", "99999999999").body(Body::empty()).unwrap();
    assert_problem(&ask(&edge_with_token(), large).await, 413, "body_too_large");
}

#[tokio::test]
async fn an_event_is_created_with_rules_and_ticket_types() {
    let body = json!({
        "eventId": 7, "name": "Premiere", "chartHash": "cd".repeat(32),
        "rules": {
            "holdTtlMillis": 60_000, "extensionsMax": 1, "buyerSeatsMax": 8,
            "saleOpensAt": "2026-11-21T07:53:34.250+01:00", "saleClosesAt": 1_795_244_914_250_u64,
        },
        "ticketTypes": [
            { "key": "adult", "quota": 5_000_000_000_u64, "categories": ["best", 2] },
            { "key": "child", "saleOpensAt": "2026-11-21T06:53:34.250Z" },
        ],
    });
    let reply = organizer("/v1/events", Some(body)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    assert_eq!(reply.headers["location"], "/v1/events/7");
    let rules = json!({
        "holdTtlMillis": 60_000, "extensionsMax": 1, "buyerSeatsMax": 8,
        "saleOpensAt": "2026-11-21T06:53:34.250Z", "saleClosesAt": "2026-11-21T07:08:34.250Z",
    });
    assert_eq!(reply.body["rules"], rules);
    let ticket_types = json!([
        { "key": "adult", "quota": u32::MAX, "categories": ["best", "2"] },
        { "key": "child", "saleOpensAt": "2026-11-21T06:53:34.250Z" },
    ]);
    assert_eq!(reply.body["ticketTypes"], ticket_types);
    assert_eq!(reply.body["chartHash"], "cd".repeat(32));
}

#[tokio::test]
async fn odd_events_are_told_what_belongs_there() {
    let with = |field: &str, value: Value| {
        let mut body = json!({ "eventId": 7, "name": "P", "chartHash": "cd".repeat(32) });
        body[field] = value;
        body
    };
    let rules = |field: &str, value: Value| with("rules", json!({ field: value }));
    let types = |value: Value| with("ticketTypes", json!([value]));
    for (body, words) in [
        (json!({}), ["missing field", ""]),
        (with("chartHash", json!("cd")), ["chartHash", "64 hexadecimal"]),
        (with("name", json!(5)), ["name", "a string"]),
        (with("seats", json!(5)), ["unknown field", "`seats`"]),
        (with("rules", json!([60_000])), ["rules", "an object"]),
        (rules("holdTtl", json!(1)), ["rules", "`holdTtl`"]),
        (rules("holdTtlMillis", json!(-1)), ["rules.holdTtlMillis", "a whole number"]),
        (rules("extensionsMax", json!("3")), ["rules.extensionsMax", "a whole number"]),
        (rules("saleOpensAt", json!("tomorrow")), ["rules.saleOpensAt", "a point in time"]),
        (with("ticketTypes", json!({})), ["ticketTypes", "a list of ticket types"]),
        (types(json!("adult")), ["ticketTypes[0]", "an object"]),
        (types(json!({ "quota": 1 })), ["ticketTypes[0]", "`key`"]),
        (types(json!({ "key": "" })), ["ticketTypes[0].key", "1 to 64"]),
        (types(json!({ "key": "a", "categories": [] })), ["categories", "leave it out"]),
        (types(json!({ "key": "a", "categories": "b" })), ["categories", "a list of labels"]),
    ] {
        check_bad("/v1/events", body, &words).await;
    }
}

#[tokio::test]
async fn an_event_is_closed_without_a_body() {
    for body in [Value::Null, json!({})] {
        let reply = organizer("/v1/events/2/close", Some(body)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        assert_eq!(reply.body["closedAt"], "2026-11-21T06:53:34.250Z");
    }
    check_bad("/v1/events/2/close", json!({ "at": "noon" }), &["no body"]).await;
    check_bad("/v1/events/x/close", Value::Null, &["event id"]).await;
    let unknown = organizer("/v1/events/4/close", Some(Value::Null)).await;
    assert_problem(&unknown, 404, "event_unknown");
}

#[tokio::test]
async fn an_event_is_held_against_itself() {
    let verified = organizer("/v1/events/1/verify", None).await;
    assert_eq!((verified.status, &verified.body["violations"]), (StatusCode::OK, &json!([])));
    assert_eq!(verified.body["areas"][0]["area"], "Lawn");
    assert_eq!(verified.body["digest"], "03".repeat(16));
    assert_problem(&organizer("/v1/events/4/verify", None).await, 404, "event_unknown");
}

#[tokio::test]
async fn the_history_of_a_seat_says_when_and_why() {
    let uri = "/v1/events/1/seats/row%20A%2Fseat%201/history";
    let history = organizer(uri, None).await;
    let expected = json!({
        "eventId": 1, "seatId": "row A/seat 1", "status": "available", "version": 3,
        "isCut": false,
        "moments": [
            {
                "lsn": 2, "at": "2026-11-21T06:53:34.250Z", "cause": "hold_placed",
                "status": "held", "requestId": "01".repeat(16), "holdId": "02".repeat(16),
                "userId": "u1", "expiresAt": "2026-11-21T07:08:34.250Z",
            },
            {
                "lsn": 3, "at": "2026-11-21T07:08:34.250Z", "cause": "hold_expired",
                "status": "available", "holdId": "02".repeat(16),
            },
        ],
    });
    assert_eq!((history.status, history.body), (StatusCode::OK, expected));
    let newest = organizer(&format!("{uri}?limit=1"), None).await;
    assert_eq!(newest.body["moments"][0]["lsn"], 3);
    assert_eq!(newest.body["isCut"], true);
    for (uri, status, code) in [
        (format!("{uri}?limit=0"), 400, "invalid_request"),
        (format!("{uri}?limit=10001"), 400, "invalid_request"),
        (format!("{uri}?from=1"), 400, "invalid_request"),
        ("/v1/events/x/seats/A/history".into(), 400, "invalid_request"),
        (format!("/v1/events/1/seats/{}/history", "A".repeat(256)), 400, "invalid_request"),
        ("/v1/events/1/seats/%ff/history".into(), 400, "invalid_request"),
        ("/v1/events/1/seats/nobody's/history".into(), 422, "seat_unknown"),
        ("/v1/events/1/seats/old/history".into(), 501, "not_supported"),
    ] {
        assert_problem(&organizer(&uri, None).await, status, code);
    }
}

#[tokio::test]
async fn a_history_that_is_long_to_read_is_waited_for_longer_than_anything_else() {
    let options = EdgeOptions {
        admin_token: Some(AdminToken::new(TOKEN)),
        request_timeout: IMPATIENCE,
        ..EdgeOptions::default()
    };
    let edge = Edge::new(options, FakeEngine::in_process().service.clone(), None).router();
    let authorization = format!("Bearer {TOKEN}");
    let asked = request("/v1/events/1/seats/long/history", None, Some(&authorization));
    let long = ask(&edge, asked).await;
    assert_eq!((long.status, &long.body["moments"][0]["lsn"]), (StatusCode::OK, &json!(2)));
}
