//! The edge on a socket: what is in flight when it is told to stop gets its answer, for a while.

use std::time::Duration;

use proto::inventory::v1::{EventSnapshot, Update};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::fake_engine::{FakeEngine, agree};
use crate::server::{Patience, serve};
use crate::{Edge, EdgeOptions};

/// Sends a reserve request and gives the connection back, unanswered.
async fn reserve(address: std::net::SocketAddr) -> TcpStream {
    let body = r#"{"eventId":1,"userId":"u1","quantity":1}"#;
    let length = body.len();
    let request = format!(
        "POST /v1/seats/reserve HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

fn options(drain_timeout: Duration) -> EdgeOptions {
    EdgeOptions { pipeline_streams: 1, drain_timeout, ..EdgeOptions::default() }
}

#[tokio::test]
async fn what_is_in_flight_is_answered_before_the_edge_stops() {
    let mut engine = FakeEngine::in_process();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let edge = Edge::new(options(Duration::from_secs(20)), engine.service.clone(), None);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(edge.serve(listener, stop.clone()));

    let mut connection = reserve(address).await;
    let mut stream = engine.next_stream().await;
    let commands = stream.next_batch().await.unwrap();
    stop.cancel();
    stream.answer(commands, agree).await;

    // The connection is closed after the reply, so all of it can be read.
    let mut reply = String::new();
    connection.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.contains("holdId"), "{reply}");
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}

#[tokio::test]
async fn an_edge_that_is_told_to_stop_does_not_wait_for_ever() {
    let mut engine = FakeEngine::in_process();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let edge = Edge::new(options(Duration::from_millis(50)), engine.service.clone(), None);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(edge.serve(listener, stop.clone()));

    let _connection = reserve(address).await;
    let mut stream = engine.next_stream().await;
    assert_eq!(stream.next_batch().await.map(|commands| commands.len()), Some(1));
    stop.cancel();
    // Far less than the 5 seconds that the request itself may take.
    let stopped = timeout(Duration::from_secs(3), serving).await;
    assert!(stopped.unwrap().is_ok());
}

#[tokio::test]
async fn who_never_says_what_it_wants_is_not_waited_for() {
    let engine = FakeEngine::in_process();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Edge::new(EdgeOptions::default(), engine.service.clone(), None).router();
    let (head, idle) = (Duration::from_millis(50), Duration::from_millis(100));
    let patience = Patience { head, idle, drain: Duration::from_secs(1) };
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, router, stop.clone(), patience));
    for said in ["", "P", "PRI * HT", "GET /v1/eve", "GET / HTTP/1.1\r\nhost: edge\r\n"] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(said.as_bytes()).await.unwrap();
        let mut reply = Vec::new();
        // Far less than what is usual, and far more than it takes here.
        let ended = timeout(Duration::from_secs(20), connection.read_to_end(&mut reply)).await;
        assert!(ended.is_ok(), "{said:?} is still waited for");
        assert_eq!(reply, b"", "{said:?}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_told_so() {
    let engine = FakeEngine::in_process();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options =
        EdgeOptions { request_timeout: Duration::from_millis(50), ..EdgeOptions::default() };
    let edge = Edge::new(options, engine.service.clone(), None);
    tokio::spawn(edge.serve(listener, CancellationToken::new()));
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = "POST /v1/seats/reserve HTTP/1.1\r\nhost: edge\r\n\
                   content-type: application/json\r\ncontent-length: 40\r\n\r\n{\"eventId\":";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    // The rest of the body cannot be skipped: the connection ends with the reply.
    connection.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 408 ") && reply.contains("request_timeout"), "{reply}");
}

#[tokio::test]
async fn who_only_listens_is_sent_away_when_the_edge_stops() {
    let mut engine = FakeEngine::in_process();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let edge = Edge::new(options(Duration::from_secs(20)), engine.service.clone(), None);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(edge.serve(listener, stop.clone()));

    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = "GET /v1/events/1/seats/stream HTTP/1.1\r\nhost: edge\r\n\r\n";
    connection.write_all(request.as_bytes()).await.unwrap();
    let watch = engine.watches.recv().await.unwrap();
    let snapshot = EventSnapshot { version: 7, ..EventSnapshot::default() };
    watch.send(Update::Snapshot(snapshot)).await;
    let mut reply = Vec::new();
    while !reply.ends_with(b"}\n\n\r\n") {
        assert!(connection.read_buf(&mut reply).await.unwrap() > 0, "{reply:?}");
    }
    stop.cancel();
    // The last chunk is the empty one: a whole reply.
    connection.read_to_end(&mut reply).await.unwrap();
    assert!(reply.ends_with(b"}\n\n\r\n0\r\n\r\n"), "{reply:?}");
    timeout(Duration::from_secs(10), serving).await.expect("at once").unwrap();
    watch.left().await;
}
