//! The pipeline against a gRPC server on a loopback port that does what each test needs.

use std::time::Duration;

use futures::future::join_all;
use futures::poll;
use proto::inventory::v1::{Answer, PlaceRequest};
use tokio::net::TcpListener;

use super::*;
use crate::fake_engine::{FakeEngine, agree};
use crate::limits::{BATCH_BYTES_FULL, BATCH_COMMANDS_MAX};

const LONG: Duration = Duration::from_secs(20);

impl Pipeline {
    /// Asks for what the engine gives without being asked for more.
    async fn call(&self, verb: Verb) -> Result<Outcome, PipelineError> {
        self.ask(verb, Ack::Unspecified).await.map(|answered| answered.outcome)
    }
}

fn start(engine: &FakeEngine, in_flight_max: usize, timeout: Duration) -> Pipeline {
    Pipeline::start(&engine.service, 1, in_flight_max, timeout)
}

fn place(event_id: u64) -> Verb {
    Verb::Place(PlaceRequest { event_id, ..PlaceRequest::default() })
}

fn event_of(outcome: &Result<Outcome, PipelineError>) -> u64 {
    match outcome {
        Ok(Outcome::Placed(placed)) => placed.event_id,
        other => panic!("not placed: {other:?}"),
    }
}

#[tokio::test]
async fn each_caller_gets_the_answer_to_its_own_command() {
    let mut engine = FakeEngine::behind_a_socket().await;
    let pipeline = start(&engine, 1_000, LONG);
    let serve = async {
        let mut stream = engine.next_stream().await;
        let mut answered = 0;
        while answered < 300 {
            let commands = stream.next_batch().await.unwrap();
            answered += commands.len();
            stream.answer(commands, agree).await;
        }
    };
    let (outcomes, ()) = tokio::join!(join_all((0..300).map(|id| pipeline.call(place(id)))), serve);
    let events: Vec<u64> = outcomes.iter().map(event_of).collect();
    assert_eq!(events, (0..300).collect::<Vec<u64>>());
}

#[tokio::test]
async fn what_has_queued_up_goes_out_in_full_batches() {
    let mut engine = FakeEngine::closed().await;
    let pipeline = start(&engine, 1_000, LONG);
    let mut calls = Box::pin(join_all((0..150).map(|id| pipeline.call(place(id)))));
    // All are queued; the stream is not open yet.
    assert!(poll!(&mut calls).is_pending());
    engine.may_open.add_permits(1);
    let serve = async {
        let mut stream = engine.next_stream().await;
        let mut sizes = Vec::new();
        while sizes.iter().sum::<usize>() < 150 {
            let commands = stream.next_batch().await.unwrap();
            sizes.push(commands.len());
            assert!(commands.iter().all(|command| command.timeout_millis.is_some()));
            stream.answer(commands, agree).await;
        }
        sizes
    };
    let (outcomes, sizes) = tokio::join!(calls, serve);
    assert_eq!(sizes, [BATCH_COMMANDS_MAX, BATCH_COMMANDS_MAX, 150 - 2 * BATCH_COMMANDS_MAX]);
    assert!(outcomes.iter().all(Result::is_ok));
}

#[tokio::test]
async fn large_commands_go_out_in_several_messages() {
    let mut engine = FakeEngine::closed().await;
    let pipeline = start(&engine, 1_000, LONG);
    let large = |event_id| {
        let place = PlaceRequest { event_id, ..PlaceRequest::default() };
        Verb::Place(PlaceRequest { buyer_id: "x".repeat(60_000), ..place })
    };
    let mut calls = Box::pin(join_all((0..64).map(|id| pipeline.call(large(id)))));
    assert!(poll!(&mut calls).is_pending());
    engine.may_open.add_permits(1);
    let serve = async {
        let mut stream = engine.next_stream().await;
        let mut answered = 0;
        while answered < 64 {
            let commands = stream.next_batch().await.unwrap();
            let bytes: usize = commands.iter().map(prost::Message::encoded_len).sum();
            assert!(bytes < BATCH_BYTES_FULL + 61_000, "{bytes}");
            answered += commands.len();
            stream.answer(commands, agree).await;
        }
    };
    let (outcomes, ()) = tokio::join!(calls, serve);
    let events: Vec<u64> = outcomes.iter().map(event_of).collect();
    assert_eq!(events, (0..64).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_broken_stream_leaves_outcomes_unknown_and_the_next_one_works() {
    let mut engine = FakeEngine::behind_a_socket().await;
    let pipeline = start(&engine, 1_000, LONG);
    let break_it = async {
        let mut stream = engine.next_stream().await;
        stream.next_batch().await.unwrap();
        stream.fail().await;
    };
    let (outcome, ()) = tokio::join!(pipeline.call(place(1)), break_it);
    assert_eq!(outcome, Err(PipelineError::OutcomeUnknown));

    let serve = async {
        let mut stream = engine.next_stream().await;
        let commands = stream.next_batch().await.unwrap();
        stream.answer(commands, agree).await;
        stream
    };
    let (outcome, stream) = tokio::join!(pipeline.call(place(2)), serve);
    assert_eq!(event_of(&outcome), 2);

    // A server that closes the stream in good order has not answered either.
    let close_it = async {
        let mut stream = stream;
        stream.next_batch().await.unwrap();
        drop(stream);
    };
    let (outcome, ()) = tokio::join!(pipeline.call(place(3)), close_it);
    assert_eq!(outcome, Err(PipelineError::OutcomeUnknown));
}

#[tokio::test]
async fn beyond_the_limit_the_answer_is_overloaded_at_once() {
    let engine = FakeEngine::closed().await;
    let pipeline = start(&engine, 2, LONG);
    let mut first = Box::pin(pipeline.call(place(1)));
    let mut second = Box::pin(pipeline.call(place(2)));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    let third = poll!(Box::pin(pipeline.call(place(3))));
    assert_eq!(third, std::task::Poll::Ready(Err(PipelineError::Overloaded)));
}

#[tokio::test]
async fn a_place_is_taken_until_the_engine_has_answered() {
    let mut engine = FakeEngine::behind_a_socket().await;
    let pipeline = start(&engine, 1, Duration::from_millis(100));
    let take = async {
        let mut stream = engine.next_stream().await;
        let commands = stream.next_batch().await.unwrap();
        (stream, commands)
    };
    let (outcome, (stream, commands)) = tokio::join!(pipeline.call(place(1)), take);
    assert_eq!(outcome, Err(PipelineError::OutcomeUnknown));
    // The caller has left; the engine still works on it.
    assert_eq!(pipeline.call(place(2)).await, Err(PipelineError::Overloaded));
    stream.answer(commands, agree).await;
    let retry = async {
        while pipeline.call(place(3)).await == Err(PipelineError::Overloaded) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, retry).await.unwrap();
}

#[tokio::test]
async fn what_was_never_sent_is_known_not_to_be_done() {
    let mut engine = FakeEngine::closed().await;
    let pipeline = start(&engine, 10, Duration::from_millis(50));
    assert_eq!(pipeline.call(place(1)).await, Err(PipelineError::DeadlineExceeded));
    // It is not sent later either.
    engine.may_open.add_permits(1);
    let mut stream = engine.next_stream().await;
    let (outcome, commands) = tokio::join!(pipeline.call(place(2)), stream.next_batch());
    assert_eq!(outcome, Err(PipelineError::OutcomeUnknown));
    assert_eq!(
        commands.unwrap().into_iter().map(|command| command.verb).collect::<Vec<_>>(),
        [Some(place(2))]
    );
}

#[tokio::test]
async fn an_engine_that_is_away_is_said_to_be_and_found_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let service = crate::engine::remote(&format!("http://{address}")).unwrap();
    let pipeline = Pipeline::start(&service, 1, 10, LONG);
    assert_eq!(pipeline.call(place(1)).await, Err(PipelineError::EngineUnavailable));

    FakeEngine::on(TcpListener::bind(address).await.unwrap(), 10).answer_all(agree);
    let retry = async {
        loop {
            match pipeline.call(place(2)).await {
                Err(PipelineError::EngineUnavailable) => {}
                outcome => return event_of(&outcome),
            }
        }
    };
    assert_eq!(tokio::time::timeout(LONG, retry).await, Ok(2));
}

#[tokio::test]
async fn a_stream_that_answers_nothing_is_given_up() {
    let mut engine = FakeEngine::behind_a_socket().await;
    let pipeline = start(&engine, 10, Duration::from_millis(20));
    let mut stream = engine.next_stream().await;
    let (outcome, commands) = tokio::join!(pipeline.call(place(1)), stream.next_batch());
    assert_eq!(outcome, Err(PipelineError::OutcomeUnknown));
    assert_eq!(commands.map(|commands| commands.len()), Some(1));
    // Its place is free again, on a stream of its own.
    tokio::time::timeout(LONG, engine.next_stream()).await.unwrap();
    assert_eq!(stream.next_batch().await, None);
}

#[tokio::test]
async fn answers_that_nobody_asked_for_do_no_harm() {
    let mut engine = FakeEngine::in_process();
    let pipeline = start(&engine, 10, LONG);
    let mut stream = engine.next_stream().await;
    let stray = Answer { correlation_id: 77, ..Answer::default() };
    stream.send(vec![stray.clone()].into()).await;
    let serve = async {
        let commands = stream.next_batch().await.unwrap();
        let correlation_id = commands[0].correlation_id;
        let empty = Answer { correlation_id, ..Answer::default() };
        stream.send(vec![stray, empty].into()).await;
    };
    let (outcome, ()) = tokio::join!(pipeline.call(place(1)), serve);
    // An answer that says nothing says nothing of the outcome either.
    assert_eq!(outcome, Err(PipelineError::OutcomeUnknown));
}

#[tokio::test]
async fn the_stream_is_closed_when_the_pipeline_is_dropped() {
    let mut engine = FakeEngine::behind_a_socket().await;
    let pipeline = start(&engine, 10, LONG);
    let mut stream = engine.next_stream().await;
    drop(pipeline);
    assert_eq!(stream.next_batch().await, None);
}
