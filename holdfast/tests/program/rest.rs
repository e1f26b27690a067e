//! The REST API as its description has it, against a real process: every status that a caller
//! can bring about, and what a key, a tag and a deadline are good for.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::{CreateEventRequest, EventRules, ListEventsRequest};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::Endpoint;

use crate::festival::{ALLOCATE, EXTEND, RELEASE, RESERVE, document};
use crate::node::Node;
use crate::venue::TestVenue;

/// A server with a hall of three rows of four seats, and somebody who talks to it.
struct Hall {
    node: Node,
    client: Client,
    _venue: TestVenue,
}

impl Hall {
    fn open(more: &[&str]) -> Self {
        let venue = TestVenue::with_rows(&["A", "B", "C"], 4);
        let node = Node::up(&venue.data_dir(), &[&["--chart", venue.chart()], more].concat());
        Self { node, client: Client::new(), _venue: venue }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.node.url(path))
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        document(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    async fn post_with_key(&self, path: &str, key: &str, body: Value) -> (u16, Value) {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key).json(&body);
        document(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        document(self.request(Method::GET, path).send().await.unwrap()).await
    }

    /// A hold of these seats; its id.
    async fn hold(&self, user: &str, seats: &[&str]) -> String {
        let body = json!({"eventId": 1, "userId": user, "seatIds": seats});
        let (status, held) = self.post(RESERVE, body).await;
        assert_eq!(status, 200, "{held}");
        held["holdId"].as_str().unwrap().to_owned()
    }

    /// Refused with this status and code, and told why.
    async fn refused(&self, path: &str, body: Value, status: u16, code: &str) -> Value {
        let (found, problem) = self.post(path, body).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{problem}");
        problem
    }
}

#[tokio::test]
async fn seats_that_somebody_has_are_named_with_their_state() {
    let hall = Hall::open(&[]);
    let hold = hall.hold("ann", &["A-1", "A-2"]).await;
    let part = json!({"holdId": hold, "userId": "ann", "seatIds": ["A-1"]});
    let (status, sold) = hall.post(ALLOCATE, part).await;
    assert_eq!((status, &sold["seatIds"]), (200, &json!(["A-1"])), "{sold}");

    let wanted = json!({"eventId": 1, "userId": "bob", "seatIds": ["A-1", "A-2", "A-3"]});
    let problem = hall.refused(RESERVE, wanted, 409, "seats_unavailable").await;
    let taken = json!([{"seatId": "A-1", "status": "allocated"},
        {"seatId": "A-2", "status": "held"}]);
    assert_eq!(problem["conflicts"], taken);
    let (_, counts) = hall.get("/v1/seats/availability?eventId=1").await;
    assert_eq!((&counts["held"], &counts["allocated"]), (&json!(1), &json!(1)));
    assert_eq!((&counts["available"], &counts["capacity"]), (&json!(10), &json!(12)));

    let together = json!({"eventId": 1, "userId": "bob", "quantity": 5});
    let problem = hall.refused(RESERVE, together, 409, "not_enough_together").await;
    assert_eq!(problem["couldHave"], 4);
}

#[tokio::test]
async fn a_hold_that_is_no_more_says_what_became_of_it() {
    let hall = Hall::open(&[]);
    let of = |hold: &str| json!({"holdId": hold, "userId": "ann"});
    let released = hall.hold("ann", &["A-1"]).await;
    assert_eq!(hall.post(RELEASE, of(&released)).await.0, 200);
    let sold = hall.hold("ann", &["A-1"]).await;
    assert_eq!(hall.post(ALLOCATE, of(&sold)).await.0, 200);
    for path in [EXTEND, ALLOCATE, RELEASE] {
        hall.refused(path, of(&released), 410, "hold_released").await;
        hall.refused(path, of(&sold), 409, "hold_allocated").await;
    }
    for (hold, state) in [(&released, "released"), (&sold, "allocated")] {
        let (status, found) = hall.get(&format!("/v1/holds/{hold}?userId=ann")).await;
        assert_eq!((status, &found["state"]), (200, &json!(state)), "{found}");
        assert!(found["endedAt"].is_string() && found.get("expiresAt").is_none(), "{found}");
    }
    // Somebody else's hold is as unknown as one that never was, or never could be.
    for hold in [sold.as_str(), &"0".repeat(32), &"f".repeat(32)] {
        let (status, problem) = hall.get(&format!("/v1/holds/{hold}?userId=bob")).await;
        assert_eq!((status, &problem["code"]), (404, &json!("hold_unknown")), "{problem}");
        let body = json!({"holdId": hold, "userId": "bob"});
        hall.refused(ALLOCATE, body, 404, "hold_unknown").await;
    }
}

#[tokio::test]
async fn a_deadline_passes_and_the_seats_come_back() {
    let hall = Hall::open(&["--hold-secs", "1"]);
    let hold = hall.hold("ann", &["B-1"]).await;
    let path = format!("/v1/holds/{hold}");
    let overdue = tokio::time::Instant::now() + Duration::from_secs(30);
    while hall.get(&path).await.1["state"] != "expired" {
        assert!(tokio::time::Instant::now() < overdue, "it never expires");
    }
    let of_ann = json!({"holdId": hold, "userId": "ann"});
    for path in [EXTEND, ALLOCATE, RELEASE] {
        hall.refused(path, of_ann.clone(), 410, "hold_expired").await;
    }
    hall.hold("bob", &["B-1"]).await;
    let metrics = hall.request(Method::GET, "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for line in [
        "expired_reservations_released 1",
        "seat_reservations_total 2",
        r#"seat_reservations_failed{code="seats_unavailable"} 0"#,
        r#"edge_pipeline_batch_commands_bucket{le="1"} "#,
    ] {
        assert!(metrics.lines().any(|shown| shown.starts_with(line)), "{line} not in {metrics}");
    }
}

#[tokio::test]
async fn a_hold_is_extended_as_often_as_the_event_allows() {
    let hall = Hall::open(&[]);
    let hold = hall.hold("ann", &["A-1"]).await;
    let body = json!({"holdId": hold, "userId": "ann"});
    for left in [2, 1, 0] {
        let (status, extended) = hall.post(EXTEND, body.clone()).await;
        assert_eq!(status, 200, "{extended}");
        let (_, found) = hall.get(&format!("/v1/holds/{hold}")).await;
        assert_eq!(found["extensionsLeft"], left);
        assert_eq!(found["expiresAtMillis"], extended["expiresAtMillis"]);
    }
    hall.refused(EXTEND, body, 409, "extensions_exhausted").await;
}

#[tokio::test]
async fn requests_that_can_never_succeed_are_told_why() {
    let hall = Hall::open(&["--buyer-seats-max", "3"]);
    let seats = |seats: Value| json!({"eventId": 1, "userId": "ann", "seatIds": seats});
    hall.refused(RESERVE, seats(json!([])), 422, "selection_empty").await;
    hall.refused(RESERVE, seats(json!(["A-1", "A-1"])), 422, "seat_repeated").await;
    let many: Vec<String> = (0..65).map(|number| format!("A-{number}")).collect();
    hall.refused(RESERVE, seats(json!(many)), 422, "selection_too_large").await;
    let problem = hall.refused(RESERVE, seats(json!(["A-1", "Z-9"])), 422, "seat_unknown").await;
    assert_eq!(problem["conflicts"], json!([{"seatId": "Z-9", "status": "unknown"}]));
    hall.refused(RESERVE, seats(json!(["A-1", "A-2", "A-3", "A-4"])), 403, "buyer_limit_exceeded")
        .await;
    for quantity in [65, 5_000_000_000_u64] {
        let body = json!({"eventId": 1, "userId": "ann", "quantity": quantity});
        hall.refused(RESERVE, body, 422, "selection_too_large").await;
    }
    let none = json!({"eventId": 1, "userId": "ann", "quantity": 0});
    hall.refused(RESERVE, none, 422, "selection_empty").await;
    let hold = hall.hold("ann", &["B-1"]).await;
    for path in [ALLOCATE, RELEASE] {
        let part = |seats: Value| json!({"holdId": hold, "userId": "ann", "seatIds": seats});
        hall.refused(path, part(json!([])), 422, "selection_empty").await;
        hall.refused(path, part(json!(["B-2"])), 422, "seat_not_in_hold").await;
        hall.refused(path, part(json!(["B-1", "B-1"])), 422, "seat_repeated").await;
    }
    let elsewhere = json!({"eventId": 99, "userId": "ann", "quantity": 1});
    hall.refused(RESERVE, elsewhere, 404, "event_unknown").await;
    for path in ["/v1/seats/availability?eventId=99", "/v1/events/99/seats"] {
        let (status, problem) = hall.get(path).await;
        assert_eq!((status, &problem["code"]), (404, &json!("event_unknown")));
    }
}

#[tokio::test]
async fn before_and_after_a_sale_nothing_is_sold() {
    let hall = Hall::open(&[]);
    let engine = format!("http://{}", hall.node.address("grpc"));
    let channel = Endpoint::from_shared(engine).unwrap().connect().await.unwrap();
    let mut admin = InventoryAdminClient::new(channel);
    let first = ListEventsRequest { page_size: 1, after_event_id: 0 };
    let events = admin.list_events(first).await.unwrap().into_inner().events;
    let now_millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let opens_in_a_minute =
        EventRules { sale_opens_at_millis: Some(now_millis + 60_000), ..EventRules::default() };
    let closed_a_minute_ago =
        EventRules { sale_closes_at_millis: Some(now_millis - 60_000), ..EventRules::default() };
    for (event_id, rules) in [(2, opens_in_a_minute), (3, closed_a_minute_ago)] {
        let request = CreateEventRequest {
            request_id: uuid::Uuid::now_v7().into_bytes().to_vec().into(),
            event_id,
            name: format!("Night {event_id}"),
            chart_hash: events[0].chart_hash.clone(),
            rules: Some(rules),
            ..CreateEventRequest::default()
        };
        admin.create_event(request).await.unwrap();
    }
    let body = |event: u64| json!({"eventId": event, "userId": "ann", "quantity": 1});
    let request = hall.request(Method::POST, RESERVE).json(&body(2));
    let response = request.send().await.unwrap();
    let retry_after_secs: u64 =
        response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    let (status, problem) = document(response).await;
    assert_eq!((status, &problem["code"]), (403, &json!("sale_not_open")));
    assert!((1..=60).contains(&retry_after_secs) && problem["retryAt"].is_string(), "{problem}");
    hall.refused(RESERVE, body(3), 403, "sale_closed").await;

    let (_, page) = hall.get("/v1/events?limit=2").await;
    assert!(page["events"][1]["rules"]["saleOpensAt"].is_string(), "{page}");
    let next = page["nextCursor"].as_str().unwrap();
    let (_, rest) = hall.get(&format!("/v1/events?limit=2&cursor={next}")).await;
    assert_eq!(rest["events"][0]["name"], "Night 3");
    assert!(rest.get("nextCursor").is_none(), "{rest}");
}

#[tokio::test]
async fn a_key_is_good_for_one_request_however_often_it_is_sent() {
    let hall = Hall::open(&[]);
    let body = |quantity: u32| json!({"eventId": 1, "userId": "ann", "quantity": quantity});
    let sent = (0..50).map(|_| hall.post_with_key(RESERVE, "cart", body(2)));
    let answers: HashSet<String> = futures::future::join_all(sent)
        .await
        .into_iter()
        .map(|(status, held)| format!("{status} {held}"))
        .collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let (_, counts) = hall.get("/v1/seats/availability?eventId=1").await;
    assert_eq!(counts["held"], 2);

    let (status, first) = hall.post_with_key(RESERVE, "cart", body(2)).await;
    assert_eq!(status, 200);
    let (status, other) = hall.post_with_key(RESERVE, "cart", body(1)).await;
    assert_eq!((status, &other["code"]), (422, &json!("request_id_reused")), "{other}");
    // The same key on another path, and of another user, is another request.
    let allocate = json!({"holdId": first["holdId"], "userId": "ann"});
    let (status, sold) = hall.post_with_key(ALLOCATE, "cart", allocate.clone()).await;
    assert_eq!(status, 200, "{sold}");
    assert_eq!(hall.post_with_key(ALLOCATE, "cart", allocate).await, (200, sold));
    let of_bob = json!({"eventId": 1, "userId": "bob", "quantity": 2});
    let (_, held) = hall.post_with_key(RESERVE, "cart", of_bob).await;
    assert_ne!(held["holdId"], first["holdId"]);
    // What came first is told again, though the hold has ended since.
    assert_eq!(hall.post_with_key(RESERVE, "cart", body(2)).await, (200, first));

    // A refusal is not remembered.
    let taken = json!({"eventId": 1, "userId": "eve", "seatIds": held["seatIds"]});
    assert_eq!(hall.post_with_key(RESERVE, "later", taken.clone()).await.0, 409);
    let released = json!({"holdId": held["holdId"], "userId": "bob"});
    assert_eq!(hall.post(RELEASE, released).await.0, 200);
    assert_eq!(hall.post_with_key(RESERVE, "later", taken).await.0, 200);
}

#[tokio::test]
async fn a_map_is_sent_again_only_when_it_changed() {
    let hall = Hall::open(&[]);
    for path in ["/v1/events/1/seats", "/v1/events/1/seats?view=statuses"] {
        let ask = async |tag: Option<&str>| {
            let request = hall.request(Method::GET, path);
            let request = tag.iter().fold(request, |r, tag| r.header("If-None-Match", *tag));
            let response = request.send().await.unwrap();
            let tag = response.headers()["etag"].to_str().unwrap().to_owned();
            (response.status().as_u16(), tag, response.text().await.unwrap())
        };
        let (status, tag, map) = ask(None).await;
        assert_eq!(status, 200);
        assert_eq!(ask(Some(&tag)).await, (304, tag.clone(), String::new()));
        let held = json!({"eventId": 1, "userId": "ann", "quantity": 1});
        assert_eq!(hall.post(RESERVE, held).await.0, 200);
        let (status, new_tag, new_map) = ask(Some(&tag)).await;
        assert_eq!(status, 200);
        assert!(new_tag != tag && new_map != map);
    }
    let (_, map) = hall.get("/v1/events/1/seats").await;
    let (_, short) = hall.get("/v1/events/1/seats?view=statuses").await;
    let words = ["", "available", "held", "allocated", "blocked"];
    let digits = short["statuses"].as_str().unwrap().bytes();
    let told: Vec<&str> = digits.map(|digit| words[usize::from(digit - b'0')]).collect();
    let seats = map["seats"].as_array().unwrap();
    assert_eq!(seats.iter().map(|seat| &seat["status"]).collect::<Vec<_>>(), told);
    assert_eq!(map["chartHash"], short["chartHash"]);
}

#[tokio::test]
async fn what_is_not_understood_is_a_problem_and_never_a_crash() {
    let hall = Hall::open(&[]);
    let sent = |path: &str, content_type: &str, body: Vec<u8>| {
        hall.request(Method::POST, path).header("content-type", content_type).body(body)
    };
    let json_type = "application/json";
    let nested = "[".repeat(30_000).into_bytes();
    for (body, status, code) in [
        (b"".to_vec(), 400, "invalid_request"),
        (b"{\"eventId\":".to_vec(), 400, "invalid_request"),
        (b"\xff\xfe\x00".to_vec(), 400, "invalid_request"),
        (nested, 400, "invalid_request"),
        (br#"[1,"u",["A-1"],null,null]"#.to_vec(), 400, "invalid_request"),
        (vec![b' '; 10_000_000], 413, "body_too_large"),
    ] {
        for path in [RESERVE, ALLOCATE, RELEASE, EXTEND] {
            let response = sent(path, json_type, body.clone()).send().await.unwrap();
            let (found, problem) = document(response).await;
            assert_eq!((found, &problem["code"]), (status, &json!(code)), "{path}: {problem}");
            assert!(!problem.to_string().contains("struct "), "{problem}");
        }
    }
    let response = sent(RESERVE, "text/plain", b"{}".to_vec()).send().await.unwrap();
    assert_eq!(document(response).await.1["code"], "unsupported_media_type");
    let response = hall.request(Method::DELETE, RESERVE).send().await.unwrap();
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(document(response).await.1["code"], "method_not_allowed");
    let (status, problem) = hall.get("/v1/seats/").await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
    let key = hall.request(Method::POST, RESERVE).header("Idempotency-Key", "two words");
    let key = key.json(&json!({"eventId": 1, "userId": "ann", "quantity": 1}));
    assert_eq!(document(key.send().await.unwrap()).await.0, 400);

    // Bytes that are no HTTP are not answered with anything that could be taken for an answer.
    let address = hall.node.address("http");
    for bytes in [&b"\x16\x03\x01\x02\x00"[..], b"GET /a b HTTP/1.1\r\n\r\n", b"\0\0\0\0\r\n\r\n"] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(bytes).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut reply = String::new();
        connection.read_to_string(&mut reply).await.unwrap();
        assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 400 "), "{reply}");
    }
    for path in ["/health", "/health/ready", "/health/live", "/actuator/health"] {
        assert_eq!(hall.get(path).await.0, 200, "{path}");
    }
    assert!(hall.node.stop().success());
}
