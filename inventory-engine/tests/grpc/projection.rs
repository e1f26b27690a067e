//! How sure an answer is, as callers of gRPC ask for it and are told: in metadata of unary calls,
//! and in fields of a stream's messages. The test plays the projector.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use inventory_core::ids::{EventId, Lsn};
use inventory_core::rules::EventRules;
use inventory_core::time::Timestamp;
use inventory_engine::ack::Ack;
use inventory_engine::projected::{ProjectionOptions, ProjectionSource};
use proto::inventory::v1::{self, answer::Outcome, command::Verb};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response};
use tonic_types::StatusExt;

use crate::server::{Server, indexes, labels, place, request_id};
use crate::support;

/// Far longer than anything here should take.
const LONG: Duration = Duration::from_secs(30);
/// As of the engine's limits; Postgres that answers within it is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

const JOURNAL: i32 = v1::Durability::Journal as i32;
const POSTGRES: i32 = v1::Durability::JournalAndPostgres as i32;

async fn open(data_dir: &Path, ack: Ack) -> (Server, ProjectionSource) {
    let projection = ProjectionOptions { ack, ..ProjectionOptions::default() };
    let server = Server::start_with(data_dir, Some(projection)).await;
    support::create_event(&server.engine().handle(), 100, EventRules::default()).await;
    let source = server.engine().projection_source().unwrap();
    source.projected.set_reachable(true);
    (server, source)
}

/// Postgres has everything that the test will ever ask for.
fn project_everything(source: &ProjectionSource) {
    source.projected.advance(0, Timestamp(0), &[(EventId(1).shard(), Lsn(1 << 40))]);
}

fn with_ack<T>(message: T, words: &[&'static str]) -> Request<T> {
    let mut request = Request::new(message);
    for word in words {
        request.metadata_mut().append("holdfast-ack", word.parse().unwrap());
    }
    request
}

fn durability_in<T>(response: &Response<T>) -> &str {
    response.metadata().get("holdfast-durability").unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_unary_call_asks_and_is_told_in_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let (server, source) = open(folder.path(), Ack::Journal).await;
    let one = || place("ann", indexes(&[1]));
    // The deployment's, when nothing is said: nobody has projected anything.
    let first = one();
    let placed = server.inventory().place(first.clone()).await.unwrap();
    assert_eq!(durability_in(&placed), "journal");
    let hold_id = placed.into_inner().hold_id;
    // A repeat waits like the first; here as long as its own time lets it.
    let mut again = with_ack(first.clone(), &["journal+postgres"]);
    again.set_timeout(Duration::from_millis(500));
    let began = Instant::now();
    let repeated = server.inventory().place(again).await.unwrap();
    assert_eq!(durability_in(&repeated), "journal");
    assert!(began.elapsed() >= Duration::from_millis(100), "{:?}", began.elapsed());
    project_everything(&source);
    let again = with_ack(first, &["journal+postgres"]);
    let repeated = server.inventory().place(again).await.unwrap();
    assert_eq!(durability_in(&repeated), "journal+postgres");
    assert_eq!(repeated.into_inner().hold_id, hold_id);

    // Each verb, organizers' among them.
    let sure = &["journal+postgres"];
    let buyer_id = "ann".to_owned();
    let extend = v1::ExtendRequest { request_id: request_id(), hold_id: hold_id.clone(), buyer_id };
    let extended = server.inventory().extend(with_ack(extend, sure)).await.unwrap();
    assert_eq!(durability_in(&extended), "journal+postgres");
    let block = v1::BlockRequest {
        request_id: request_id(),
        event_id: 1,
        seats: Some(indexes(&[9])),
        areas: Vec::new(),
    };
    let blocked = server.admin().block(with_ack(block, sure)).await.unwrap();
    assert_eq!(durability_in(&blocked), "journal+postgres");
    let close = v1::CloseEventRequest { request_id: request_id(), event_id: 1 };
    let closed = server.admin().close_event(with_ack(close, sure)).await.unwrap();
    assert_eq!(durability_in(&closed), "journal+postgres");

    // What nobody knows is refused, and nothing is done.
    for words in [&["postgres"][..], &["journal", "journal"]] {
        let status = server.inventory().place(with_ack(one(), words)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "holdfast-ack");
        assert!(status.message().contains("journal+postgres"), "{status}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_deployment_may_wait_unless_its_caller_does_not_want_to() {
    let folder = tempfile::tempdir().unwrap();
    let (server, source) = open(folder.path(), Ack::JournalAndPostgres).await;
    let asked = with_ack(place("ann", indexes(&[1])), &["journal"]);
    assert_eq!(durability_in(&server.inventory().place(asked).await.unwrap()), "journal");
    project_everything(&source);
    let placed = server.inventory().place(place("ann", indexes(&[2]))).await.unwrap();
    assert_eq!(durability_in(&placed), "journal+postgres");
    server.stop().await;
}

#[tokio::test]
async fn without_a_database_postgres_cannot_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_event(folder.path(), 10).await;
    let asked = place("ann", indexes(&[1]));
    let status = server.inventory().place(with_ack(asked.clone(), &["journal+postgres"])).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("without a database"), "{status}");

    let command =
        |ack| v1::Command { verb: Some(Verb::Place(asked.clone())), ack, ..v1::Command::default() };
    let (sender, receiver) = mpsc::channel(4);
    let stream = server.inventory().pipeline(ReceiverStream::new(receiver)).await.unwrap();
    let mut answers = stream.into_inner();
    for (ack, words) in [(2, "ack: nothing is written to Postgres"), (7, "ack: there is no value")]
    {
        sender.send(v1::CommandBatch { commands: vec![command(ack)] }).await.unwrap();
        let answer = answers.next().await.unwrap().unwrap().answers.remove(0);
        let Some(Outcome::Failure(failure)) = answer.outcome else { panic!("{answer:?}") };
        assert_eq!(failure.code(), v1::FailureCode::Invalid);
        assert!(failure.message.starts_with(words), "{}", failure.message);
    }
    sender.send(v1::CommandBatch { commands: vec![command(1)] }).await.unwrap();
    let answer = answers.next().await.unwrap().unwrap().answers.remove(0);
    assert!(matches!(answer.outcome, Some(Outcome::Placed(_))), "nothing was done before");
    drop((sender, answers));
    server.stop().await;
}

#[tokio::test]
async fn who_waits_on_a_stream_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let (server, source) = open(folder.path(), Ack::Journal).await;
    let (sender, receiver) = mpsc::channel(4);
    let stream = server.inventory().pipeline(ReceiverStream::new(receiver)).await.unwrap();
    let mut answers = stream.into_inner();
    let command = |correlation_id: u64, ack: v1::Ack, seats: v1::Seats| v1::Command {
        correlation_id,
        timeout_millis: None,
        verb: Some(Verb::Place(place("ann", seats))),
        ack: ack.into(),
    };
    let sure = v1::Ack::JournalAndPostgres;
    let commands = vec![
        command(1, sure, indexes(&[1])),
        command(2, v1::Ack::Unspecified, indexes(&[2])),
        command(3, sure, indexes(&[1])),
        command(4, sure, labels(&["no such seat"])),
        command(5, v1::Ack::Journal, indexes(&[5])),
        command(6, sure, indexes(&[6])),
    ];
    let began = Instant::now();
    sender.send(v1::CommandBatch { commands }).await.unwrap();
    let mut received: BTreeMap<u64, v1::Answer> = BTreeMap::new();
    // Whoever waits for nothing, and refusals: they come while Postgres has nothing.
    while received.len() < 4 {
        for answer in answers.next().await.unwrap().unwrap().answers {
            received.insert(answer.correlation_id, answer);
        }
    }
    assert_eq!(received.keys().copied().collect::<Vec<_>>(), [2, 3, 4, 5]);
    assert!(received.values().all(|answer| answer.durability == JOURNAL));
    assert!(matches!(received[&3].outcome, Some(Outcome::Rejection(_))));
    project_everything(&source);
    while received.len() < 6 {
        for answer in answers.next().await.unwrap().unwrap().answers {
            received.insert(answer.correlation_id, answer);
        }
    }
    let took = began.elapsed();
    assert!(took < PATIENCE, "the machine is too slow for this test: {took:?}");
    for id in [1, 6] {
        assert!(matches!(received[&id].outcome, Some(Outcome::Placed(_))));
        assert_eq!(received[&id].durability, POSTGRES, "{id}");
    }

    // Who has said all gets all answers, and the end.
    drop(sender);
    let end = tokio::time::timeout(LONG, answers.next()).await.unwrap();
    assert!(end.is_none(), "{end:?}");
    server.stop().await;
}

#[tokio::test]
async fn the_end_of_a_stream_waits_for_those_who_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (server, source) = open(folder.path(), Ack::JournalAndPostgres).await;
    let (sender, receiver) = mpsc::channel(4);
    let stream = server.inventory().pipeline(ReceiverStream::new(receiver)).await.unwrap();
    let mut answers = stream.into_inner();
    let commands = (0..20).map(|seat| v1::Command {
        correlation_id: seat,
        verb: Some(Verb::Place(place("ann", indexes(&[seat as u32])))),
        ..v1::Command::default()
    });
    sender.send(v1::CommandBatch { commands: commands.collect() }).await.unwrap();
    drop(sender);
    // All are durable, and wait.
    let began = Instant::now();
    while source.projected.lag().facts < 21 {
        assert!(began.elapsed() < LONG, "{:?}", source.projected.lag());
        tokio::task::yield_now().await;
    }
    source.projected.set_reachable(false);
    let mut received = Vec::new();
    while let Some(batch) = tokio::time::timeout(LONG, answers.next()).await.unwrap() {
        received.extend(batch.unwrap().answers);
    }
    assert_eq!(received.len(), 20);
    assert!(received.iter().all(|answer| answer.durability == JOURNAL));
    assert!(received.iter().all(|answer| matches!(answer.outcome, Some(Outcome::Placed(_)))));
    server.stop().await;
}
