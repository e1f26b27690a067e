//! Live changes as browsers get them: what an engine says on one stream, and what each of many
//! connections makes of it, whether it reads at once, late, or comes back.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Request, StatusCode};
use proptest::prelude::*;
use proto::inventory::v1::{Counts, EventDelta, EventSnapshot, IndexedCounts, Update};
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::ServiceExt;

use super::board::{Board, Cursor, Next, Presence};
use crate::fake_engine::{FakeEngine, WatchStream};
use crate::limits::{LIVE_CONNECTIONS_MAX, LIVE_FRAMES_MAX};
use crate::{Edge, EdgeOptions};

const STREAM: &str = "/v1/events/1/seats/stream";
/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An edge, and the engine's end of what it asks.
struct House {
    router: Router,
    engine: FakeEngine,
}

/// A browser that listens.
struct Listener {
    headers: HeaderMap,
    body: BodyDataStream,
}

impl House {
    fn new() -> Self {
        let engine = FakeEngine::in_process();
        let edge = Edge::new(EdgeOptions::default(), engine.service.clone(), None);
        Self { router: edge.router(), engine }
    }

    async fn ask(&self, uri: &str, last_event_id: Option<&str>) -> http::Response<Body> {
        let mut request = Request::get(uri);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn listen(&self, last_event_id: Option<&str>) -> Listener {
        let response = self.ask(STREAM, last_event_id).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        let mut listener = Listener { headers: parts.headers, body: body.into_data_stream() };
        assert_eq!(listener.text().await, "retry: 2000\n\n");
        listener
    }

    /// The first who listens, and the stream that is opened for it.
    async fn first(&mut self) -> (Listener, WatchStream) {
        let router = self.router.clone();
        let request = Request::get(STREAM).body(Body::empty()).unwrap();
        let asking = tokio::spawn(async move { router.oneshot(request).await.unwrap() });
        let watch = self.watch().await;
        watch.send(snapshot(10, &[1, 1, 2])).await;
        let (parts, body) = asking.await.unwrap().into_parts();
        assert_eq!(parts.status, StatusCode::OK);
        let mut listener = Listener { headers: parts.headers, body: body.into_data_stream() };
        assert_eq!(listener.text().await, "retry: 2000\n\n");
        (listener, watch)
    }

    /// The next stream that the edge opens.
    async fn watch(&mut self) -> WatchStream {
        timeout(PATIENCE, self.engine.watches.recv()).await.unwrap().unwrap()
    }
}

impl Listener {
    async fn chunk(&mut self) -> Bytes {
        timeout(PATIENCE, self.body.next()).await.unwrap().expect("the stream goes on").unwrap()
    }

    async fn text(&mut self) -> String {
        String::from_utf8(self.chunk().await.to_vec()).unwrap()
    }

    /// The next update: its name and its data. Its id is the version that it leads to.
    async fn update(&mut self) -> (String, Value) {
        read(&self.text().await)
    }
}

fn read(text: &str) -> (String, Value) {
    let mut lines = text.strip_suffix("\n\n").unwrap().lines();
    let mut field = |name: &str| lines.next().unwrap().strip_prefix(name).unwrap().to_owned();
    let (event, id, data) = (field("event: "), field("id: "), field("data: "));
    let data: Value = serde_json::from_str(&data).unwrap();
    let version = if event == "snapshot" { &data["version"] } else { &data["toVersion"] };
    assert_eq!(version.to_string(), id);
    (event, data)
}

fn counts(held: u32) -> Counts {
    Counts { available: 50 - held, held, capacity: 50, ..Counts::default() }
}

fn snapshot(version: u64, statuses: &[u8]) -> Update {
    Update::Snapshot(EventSnapshot {
        version,
        statuses: Bytes::copy_from_slice(statuses),
        areas: vec![counts(0)],
        ticket_types: Vec::new(),
        is_closed: false,
    })
}

fn delta(from_version: u64, to_version: u64, seats: &[(u32, u8)]) -> Update {
    Update::Delta(EventDelta {
        from_version,
        to_version,
        seats: seats.iter().map(|seat| seat.0).collect(),
        statuses: seats.iter().map(|seat| seat.1).collect(),
        ..EventDelta::default()
    })
}

#[tokio::test]
async fn a_snapshot_and_then_what_changes() {
    let mut house = House::new();
    let (mut listener, watch) = house.first().await;
    assert_eq!(watch.after_version, None);
    assert_eq!(listener.headers["content-type"], "text/event-stream");
    assert_eq!(listener.headers["cache-control"], "no-store");
    assert_eq!(listener.headers["x-accel-buffering"], "no");
    let expected = "event: snapshot\nid: 10\ndata: {\"eventId\":1,\"version\":10,\
         \"statuses\":\"112\",\"areas\":[{\"available\":50,\"held\":0,\"allocated\":0,\
         \"blocked\":0,\"capacity\":50}],\"ticketTypes\":[],\"closed\":false}\n\n";
    assert_eq!(listener.text().await, expected);
    let areas = vec![IndexedCounts { index: 0, counts: Some(counts(2)) }];
    let Update::Delta(change) = delta(10, 14, &[(0, 2), (2, 9)]) else { unreachable!() };
    watch.send(Update::Delta(EventDelta { areas, is_closed: true, ..change })).await;
    let expected = "event: delta\nid: 14\ndata: {\"eventId\":1,\"fromVersion\":10,\
         \"toVersion\":14,\"seats\":[[0,2],[2,4]],\"areas\":[{\"index\":0,\"available\":48,\
         \"held\":2,\"allocated\":0,\"blocked\":0,\"capacity\":50}],\"ticketTypes\":[],\
         \"closed\":true}\n\n";
    assert_eq!(listener.text().await, expected);
}

#[tokio::test]
async fn who_comes_back_gets_what_it_missed_or_everything() {
    let mut house = House::new();
    let (mut listener, watch) = house.first().await;
    listener.text().await;
    for (version, status) in [(12, 2), (13, 1), (15, 3)] {
        watch.send(delta(listener_version(version), version, &[(1, status)])).await;
        assert_eq!(listener.update().await.1["seats"], json!([[1, status]]));
    }
    let table = [
        // At the start, at the end of a delta and between the ends of one.
        (Some("10"), "delta", json!([[1, 3]])),
        (Some("13"), "delta", json!([[1, 3]])),
        (Some("14"), "delta", json!([[1, 3]])),
        // Too old, and from the future.
        (Some("9"), "snapshot", Value::Null),
        (Some("16"), "snapshot", Value::Null),
        (Some("18446744073709551615"), "snapshot", Value::Null),
        (None, "snapshot", Value::Null),
    ];
    for (id, name, seats) in table {
        let (event, data) = house.listen(id).await.update().await;
        assert_eq!((event.as_str(), &data["seats"]), (name, &seats), "{id:?}");
        if event == "delta" {
            assert_eq!(data["fromVersion"].to_string(), id.unwrap());
        } else {
            assert_eq!((&data["statuses"], &data["version"]), (&json!("132"), &json!(15)));
        }
    }
    let in_query = house.ask(&format!("{STREAM}?lastEventId=13"), None).await;
    let mut body = in_query.into_body().into_data_stream();
    body.next().await.unwrap().unwrap();
    let text = body.next().await.unwrap().unwrap();
    assert!(text.starts_with(b"event: delta\nid: 15\n"));
    // Who knows everything is told the next change.
    let mut idle = house.listen(Some("15")).await;
    watch.send(delta(15, 16, &[(0, 4)])).await;
    assert_eq!(idle.update().await.1["fromVersion"], 15);
}

/// The version in front of one of the deltas above.
fn listener_version(version: u64) -> u64 {
    match version {
        12 => 10,
        13 => 12,
        _ => 13,
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_as_everywhere() {
    let house = House::new();
    let table = [
        (STREAM, Some("x"), 400, "invalid_request"),
        (STREAM, Some(""), 400, "invalid_request"),
        (STREAM, Some("+5"), 400, "invalid_request"),
        (STREAM, Some("18446744073709551616"), 400, "invalid_request"),
        ("/v1/events/1/seats/stream?lastEventId=-1", None, 400, "invalid_request"),
        ("/v1/events/1/seats/stream?last=1", None, 400, "invalid_request"),
        ("/v1/events/one/seats/stream", None, 400, "invalid_request"),
        ("/v1/events/2/seats/stream", None, 404, "event_unknown"),
        ("/v1/events/2/seats/stream", Some("4"), 404, "event_unknown"),
    ];
    for (uri, id, status, code) in table {
        let response = house.ask(uri, id).await;
        assert_eq!(response.status().as_u16(), status, "{uri} {id:?}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], code, "{uri} {id:?}");
    }
}

#[tokio::test]
async fn thousands_listen_to_one_stream_and_share_each_text() {
    let mut house = House::new();
    let (first, watch) = house.first().await;
    let mut listeners = vec![first];
    while listeners.len() < LIVE_CONNECTIONS_MAX {
        listeners.push(house.listen(None).await);
    }
    let one_more = house.ask(STREAM, None).await;
    assert_eq!(one_more.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(one_more.headers().contains_key("retry-after"));
    let mut shared = Vec::new();
    for listener in &mut listeners {
        shared.push(listener.chunk().await);
    }
    watch.send(delta(10, 11, &[(1, 2)])).await;
    let mut deltas = Vec::new();
    for listener in &mut listeners {
        deltas.push(listener.chunk().await);
    }
    for texts in [shared, deltas] {
        assert!(texts.iter().all(|text| text.as_ptr() == texts[0].as_ptr()), "made once for all");
    }
    assert!(house.engine.watches.try_recv().is_err(), "one stream for all of them");
    listeners.pop();
    let mut again = house.listen(Some("11")).await;
    watch.send(delta(11, 12, &[(1, 1)])).await;
    assert_eq!(again.update().await.1["toVersion"], 12);
}

#[tokio::test]
async fn who_does_not_read_gets_one_delta_for_all_it_missed_or_a_snapshot() {
    let mut house = House::new();
    let (mut quick, watch) = house.first().await;
    let (mut slow, mut slower) = (house.listen(None).await, house.listen(None).await);
    for listener in [&mut quick, &mut slow, &mut slower] {
        assert_eq!(listener.update().await.0, "snapshot");
    }
    let versions = 10..10 + LIVE_FRAMES_MAX as u64 + 5;
    for version in versions.clone() {
        watch.send(delta(version, version + 1, &[((version % 3) as u32, 2)])).await;
        assert_eq!(quick.update().await.1["toVersion"], version + 1);
        if version == 20 {
            let (event, data) = slow.update().await;
            assert_eq!((event.as_str(), &data["fromVersion"]), ("delta", &json!(10)));
            assert_eq!(data["seats"], json!([[0, 2], [1, 2], [2, 2]]));
        }
    }
    assert_eq!(slow.update().await.1["toVersion"], versions.end);
    let (event, data) = slower.update().await;
    assert_eq!((event.as_str(), &data["version"]), ("snapshot", &json!(versions.end)));
}

#[tokio::test]
async fn an_engine_that_comes_back_is_not_noticed() {
    let mut house = House::new();
    let (mut listener, watch) = house.first().await;
    listener.text().await;
    watch.send(delta(10, 12, &[(0, 2)])).await;
    assert_eq!(listener.update().await.1["toVersion"], 12);
    watch.fail(tonic::Status::unavailable("restarting")).await;
    let watch = house.watch().await;
    assert_eq!(watch.after_version, Some(12));
    // It does not know any more what came after that, and tells everything.
    watch.send(snapshot(20, &[2, 3, 2])).await;
    let (event, data) = listener.update().await;
    assert_eq!((event.as_str(), &data["fromVersion"]), ("delta", &json!(12)));
    assert_eq!((&data["toVersion"], &data["seats"]), (&json!(20), &json!([[1, 3]])));
}

#[tokio::test]
async fn what_does_not_fit_is_asked_for_anew() {
    let mut house = House::new();
    let (mut listener, mut watch) = house.first().await;
    listener.text().await;
    let Update::Delta(uneven) = delta(10, 11, &[(0, 2)]) else { unreachable!() };
    let uneven = Update::Delta(EventDelta { seats: vec![0, 1], ..uneven });
    for (nonsense, version) in
        [(delta(25, 26, &[(0, 1)]), 11), (delta(11, 12, &[(3, 1)]), 12), (uneven, 13)]
    {
        watch.send(nonsense).await;
        watch = house.watch().await;
        assert_eq!(watch.after_version, None, "from the start");
        watch.send(snapshot(version, &[version as u8 % 2 + 1, 3, 2])).await;
        let (event, data) = listener.update().await;
        assert_eq!((event.as_str(), &data["toVersion"]), ("delta", &json!(version)));
    }
    // An engine whose past is another one: no delta leads to it.
    watch.send(snapshot(5, &[1, 1, 1])).await;
    let (event, data) = listener.update().await;
    assert_eq!((event.as_str(), &data["statuses"]), ("snapshot", &json!("111")));
    // The event is gone: whoever listens is sent away, whoever comes is told.
    watch.fail(tonic::Status::not_found("gone")).await;
    assert!(timeout(PATIENCE, listener.body.next()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_engine_that_cannot_be_reached_is_told_to_who_has_nothing_yet() {
    let engine = crate::engine::remote("http://127.0.0.1:1").unwrap();
    let router = Edge::new(EdgeOptions::default(), engine, None).router();
    let request = Request::get(STREAM).body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "engine_unavailable");
}

#[tokio::test]
async fn a_board_is_deserted_when_nobody_has_been_there_for_a_while() {
    let board = std::sync::Arc::new(Board::new(1));
    let presence = Presence::at(&board);
    let mut leaving = Box::pin(board.deserted_for(Duration::from_millis(1)));
    assert!(futures::poll!(&mut leaving).is_pending() && !board.is_deserted());
    drop(presence);
    timeout(PATIENCE, leaving).await.expect("it notices");
    let mut patient = Box::pin(board.deserted_for(PATIENCE * 2));
    assert!(futures::poll!(&mut patient).is_pending());
}

/// A browser's picture, kept from texts alone.
#[derive(Default)]
struct Screen {
    cursor: Option<Cursor>,
    statuses: Vec<u8>,
}

impl Screen {
    fn look(&mut self, board: &Board) {
        let (text, here) = match board.after(self.cursor) {
            Next::Wait => return,
            Next::Text(text, here) => (text, here),
            Next::Behind(frames, here) => {
                (board.merge(self.cursor.unwrap().version(), &frames), here)
            }
        };
        let (event, data) = read(std::str::from_utf8(&text).unwrap());
        if event == "snapshot" {
            self.statuses = data["statuses"].as_str().unwrap().as_bytes().to_vec();
        } else {
            assert_eq!(data["fromVersion"], self.cursor.unwrap().version());
            for seat in data["seats"].as_array().unwrap() {
                let (index, status) = (seat[0].as_u64().unwrap(), seat[1].as_u64().unwrap());
                self.statuses[index as usize] = b'0' + status as u8;
            }
        }
        self.cursor = Some(here);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Each step is what happens: a delta, a snapshot after a gap, or somebody who looks.
    #[test]
    fn every_screen_shows_the_truth_of_its_version(
        steps in prop::collection::vec((0..8_u8, 0..5_u32, 1..5_u8), 1..200)
    ) {
        let board = Board::new(1);
        let mut truth = std::collections::BTreeMap::from([(7, vec![1; 5])]);
        board.take(snapshot(7, &[1; 5])).unwrap();
        let mut screens: Vec<Screen> = (0..4).map(|_| Screen::default()).collect();
        for (what, which, status) in steps {
            let (&version, statuses) = truth.last_key_value().unwrap();
            let mut statuses = statuses.clone();
            statuses[which as usize] = status;
            let next = version + u64::from(status);
            match what {
                0..=2 => board.take(delta(version, next, &[(which, status)])).unwrap(),
                3 => board.take(snapshot(next, &statuses)).unwrap(),
                looking => {
                    let screen = &mut screens[usize::from(looking) % 4];
                    screen.look(&board);
                    let shown: Vec<u8> = screen.statuses.iter().map(|digit| digit - b'0').collect();
                    assert_eq!(shown, truth[&screen.cursor.unwrap().version()]);
                    continue;
                }
            }
            truth.insert(next, statuses);
        }
    }
}
