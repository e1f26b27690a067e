//! What organizers do over REST, against a real process: charts, events, blocks, closing,
//! verification and the story of a seat; and that nobody else does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::festival::{ALLOCATE, CHART, EXTEND, Festival, RELEASE, RESERVE, TOKEN, document};
use crate::node::Node;
use crate::venue::TestVenue;

impl Festival {
    /// An organizer's request that is refused.
    async fn not_organized(&self, path: &str, body: Value, status: u16, code: &str) -> Value {
        let shown = body.to_string();
        let (found, problem) = self.organize(path, body).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{shown}: {problem}");
        problem
    }
}

#[tokio::test]
async fn blocked_seats_and_places_are_not_sold_until_they_are_unblocked() {
    let festival = Festival::open().await;
    let spots = json!({
        "eventId": 2, "seatIds": ["Stalls-A-1", "Stalls-T1"],
        "areas": [{"area": "Lawn", "count": 50}],
    });
    let (status, blocked) = festival.organize("/v1/seats/block", spots.clone()).await;
    assert_eq!((status, blocked["seatIds"].as_array().map(Vec::len)), (200, Some(5)), "{blocked}");
    let seat = json!({"seatIds": ["Stalls-A-1"], "ticketType": "adult"});
    let problem = festival.refused(seat.clone(), 409, "seats_unavailable").await;
    assert_eq!(problem["conflicts"], json!([{"seatId": "Stalls-A-1", "status": "blocked"}]));
    let lawn = json!({"areas": [{"area": "Lawn", "count": 1}], "ticketType": "adult"});
    let problem = festival.refused(lawn.clone(), 409, "area_full").await;
    assert_eq!(problem["areas"], json!([{"area": "Lawn", "couldHave": 0}]));
    festival.not_organized("/v1/seats/block", spots.clone(), 409, "seats_unavailable").await;
    let (status, _) = festival.organize("/v1/seats/unblock", spots.clone()).await;
    assert_eq!(status, 200);
    festival.not_organized("/v1/seats/unblock", spots, 409, "seat_not_blocked").await;
    festival.hold("ann", seat).await;
    festival.hold("ann", lawn).await;

    for (what, status, code) in [
        (json!({"seatIds": ["Moon"]}), 422, "seat_unknown"),
        (json!({"seatIds": ["Stalls-A-1"]}), 409, "seats_unavailable"),
        (json!({"areas": [{"area": "Lawn", "count": 50}]}), 409, "area_full"),
        (json!({"areas": [{"area": "Moon", "count": 1}]}), 422, "area_unknown"),
        (json!({"areas": [{"area": "Lawn", "count": 0}]}), 422, "selection_empty"),
        (
            json!({"areas": [{"area": "Lawn", "count": 1, "ticketType": "adult"}]}),
            400,
            "invalid_request",
        ),
        (json!({"seatIds": vec!["x"; 16_385]}), 422, "selection_too_large"),
        (json!({"seatIds": ["Stalls-A-2"], "eventId": 99}), 404, "event_unknown"),
        (json!({}), 400, "invalid_request"),
    ] {
        let mut body = what;
        if body.get("eventId").is_none() {
            body["eventId"] = json!(2);
        }
        festival.not_organized("/v1/seats/block", body, status, code).await;
    }
    festival.is_sound().await;
}

#[tokio::test]
async fn charts_and_events_are_put_on_sale_once() {
    let festival = Festival::open().await;
    let chart: Value = serde_json::from_str(CHART).unwrap();
    let (_, again) = festival.organize("/v1/charts?format=holdfast", chart.clone()).await;
    assert_eq!(again["chartHash"], festival.chart_hash.as_str());
    let mut spoilt = chart;
    spoilt["sections"][0]["rows"][0]["category"] = json!("bets");
    spoilt["areas"][0]["capacity"] = json!(-1);
    let problem = festival.not_organized("/v1/charts", spoilt, 422, "chart_invalid").await;
    assert_eq!(problem["mistakes"].as_array().map(Vec::len), Some(2), "{problem}");
    assert!(problem["mistakes"].to_string().contains("there is no category"), "{problem}");
    festival.not_organized("/v1/charts", json!([1]), 422, "chart_invalid").await;

    let hash = festival.chart_hash.clone();
    let event = |changes: Value| {
        let mut body = json!({"eventId": 7, "name": "Night", "chartHash": hash});
        for (field, value) in changes.as_object().unwrap() {
            body[field] = value.clone();
        }
        body
    };
    let types = |of: Value| event(json!({"ticketTypes": of}));
    for (body, status, code) in [
        (event(json!({"eventId": 2})), 409, "event_exists"),
        (event(json!({"eventId": 0})), 400, "invalid_request"),
        (event(json!({"chartHash": "ab".repeat(32)})), 404, "chart_unknown"),
        (event(json!({"name": "é".repeat(200)})), 400, "invalid_request"),
        (event(json!({"rules": {"holdTtlMillis": 1}})), 422, "rules_invalid"),
        (event(json!({"rules": {"extensionsMax": 70_000}})), 400, "invalid_request"),
        (event(json!({"rules": {"saleOpensAt": 5, "saleClosesAt": 5}})), 422, "rules_invalid"),
        (types(json!([{"key": "a"}, {"key": "a"}])), 422, "rules_invalid"),
        (types(json!([{"key": "a", "quota": 0}])), 422, "rules_invalid"),
        (types(json!([{"key": "a", "categories": ["moon"]}])), 400, "invalid_request"),
        (types(json!([{"key": "a", "categories": ["best", "best"]}])), 422, "rules_invalid"),
        (types(json!(vec![json!({"key": "a"}); 65])), 400, "invalid_request"),
    ] {
        festival.not_organized("/v1/events", body, status, code).await;
    }
    let request = |name: &str| {
        let request = festival.request(Method::POST, "/v1/events").bearer_auth(TOKEN);
        let request = request.header("Idempotency-Key", "premiere");
        request.json(&event(json!({"name": name}))).send()
    };
    let first = document(request("Night").await.unwrap()).await;
    assert_eq!((first.0, document(request("Night").await.unwrap()).await), (201, first.clone()));
    let (status, problem) = document(request("Day").await.unwrap()).await;
    assert_eq!((status, &problem["code"]), (422, &json!("request_id_reused")), "{problem}");
    assert_eq!(festival.get("/v1/events/7").await, first.1);
    let two = festival.get("/v1/events/2").await;
    let child = json!({"key": "child", "quota": 3});
    assert_eq!((&two["ticketTypes"][1], &two["places"]["capacity"]), (&child, &json!(70)));
    assert_eq!(two["ticketTypes"][3]["saleClosesAt"], "2020-02-29T11:00:00.000Z");
    assert_eq!(two["ticketTypes"][4]["categories"], json!(["stand"]));
}

#[tokio::test]
async fn a_closed_event_sells_what_is_held_and_nothing_more() {
    let festival = Festival::open().await;
    let seat = |label: &str| json!({"seatIds": [label], "ticketType": "adult"});
    let held = festival.hold("ann", seat("Stalls-A-1")).await;
    let close = || festival.organize("/v1/events/2/close", json!({}));
    let (status, closed) = close().await;
    assert!(status == 200 && closed["closedAt"].is_string(), "{closed}");
    festival.refused(seat("Stalls-A-2"), 403, "event_closed").await;
    let of_ann = json!({"holdId": held["holdId"], "userId": "ann"});
    let (status, problem) = festival.post(EXTEND, of_ann.clone()).await;
    assert_eq!((status, &problem["code"]), (403, &json!("event_closed")), "{problem}");
    assert_eq!(festival.post(ALLOCATE, of_ann).await.0, 200);
    let availability = festival.get("/v1/seats/availability?eventId=2").await;
    assert_eq!((&availability["closed"], &availability["allocated"]), (&json!(true), &json!(1)));
    festival.not_organized("/v1/events/99/close", json!({}), 404, "event_unknown").await;
    festival.not_organized("/v1/events/2/close", json!({"now": 1}), 400, "invalid_request").await;
    festival.is_sound().await;
}

#[tokio::test]
async fn a_seat_tells_why_it_was_lost() {
    let festival = Festival::open().await;
    let seat = json!({"seatIds": ["Stalls-A-1"], "ticketType": "adult"});
    let held = festival.hold("ann", seat.clone()).await;
    let of_ann = json!({"holdId": held["holdId"], "userId": "ann"});
    assert_eq!(festival.post(RELEASE, of_ann).await.0, 200);
    festival.hold("bob", seat).await;
    let path = "/v1/events/2/seats/Stalls-A-1/history";
    let history = festival.get(path).await;
    let moments = history["moments"].as_array().unwrap();
    let told: Vec<[&str; 2]> = moments
        .iter()
        .map(|moment| ["cause", "status"].map(|field| moment[field].as_str().unwrap()))
        .collect();
    let expected =
        [["hold_placed", "held"], ["hold_released", "available"], ["hold_placed", "held"]];
    assert_eq!(told, expected);
    assert_eq!((&moments[0]["holdId"], &moments[0]["userId"]), (&held["holdId"], &json!("ann")));
    assert_eq!((&history["status"], &history["isCut"]), (&json!("held"), &json!(false)));
    let newest = festival.get(&format!("{path}?limit=1")).await;
    assert_eq!((&newest["moments"][0], &newest["isCut"]), (&moments[2], &json!(true)));
    let nobody = festival.request(Method::GET, path).send().await.unwrap();
    assert_eq!(document(nobody).await.1["code"], "unauthorized");
    let unknown = festival.request(Method::GET, "/v1/events/2/seats/Moon/history");
    let unknown = document(unknown.bearer_auth(TOKEN).send().await.unwrap()).await;
    assert_eq!((unknown.0, &unknown.1["code"]), (422, &json!("seat_unknown")));
}

#[tokio::test]
async fn without_a_token_there_are_no_organizers_and_without_an_engine_nothing_is_done() {
    let venue = TestVenue::with_rows(&["A"], 3);
    let node = Node::up(&venue.data_dir(), &["--chart", venue.chart()]);
    let client = reqwest::Client::new();
    let block = json!({"eventId": 1, "seatIds": ["A-1"]});
    let ask = async |node: &Node, token: &str| {
        let request = client.post(node.url("/v1/seats/block")).bearer_auth(token);
        document(request.json(&block).send().await.unwrap()).await
    };
    let (status, problem) = ask(&node, TOKEN).await;
    assert_eq!((status, &problem["code"]), (403, &json!("admin_disabled")), "{problem}");

    let engine = format!("http://{}", node.address("grpc"));
    let arguments = ["edge", "--engine", &engine, "--http", "127.0.0.1:0"];
    let edge = Node::start(&[&arguments[..], &["--admin-token", TOKEN]].concat(), &["http"]);
    let (status, problem) = ask(&edge, "another-token-for-tests").await;
    assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")), "{problem}");
    assert_eq!(ask(&edge, TOKEN).await.0, 200);
    let wanted = json!({"eventId": 1, "userId": "ann", "seatIds": ["A-1"]});
    let refused = client.post(edge.url(RESERVE)).json(&wanted).send().await.unwrap();
    assert_eq!(document(refused).await.1["conflicts"][0]["status"], "blocked");
    assert!(node.stop().success());
    let (status, problem) = ask(&edge, TOKEN).await;
    assert_eq!(status, 503, "{problem}");
    let code = problem["code"].as_str().unwrap();
    assert!(["engine_unavailable", "outcome_unknown"].contains(&code), "{problem}");
    assert!(edge.stop().success());
}
