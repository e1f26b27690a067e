//! Messages to the engine's gRPC services, in process, whatever their bytes are.
//!
//! Must hold for each: what is no message of the contract is told so; all else gets an answer, or
//! a status that says what was wrong with it, and never that something went wrong in here.
//! Answers are the bytes that `prost` writes of them, those that are written by hand as well. On
//! a stream each command is answered once, and what was accepted there is the same answer when
//! it is asked for again alone. Messages that are kept as bytes read as those of the contract.

mod method;
mod raw;
mod seeds;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use edge_api::engine::in_process;
use prost::Message;
use proto::inventory::v1::{self, answer::Outcome, command::Verb, place_request::Selection};
use tokio::time::timeout;
use tonic::{Code, Status};

use self::method::{METHODS, PIPELINE, WATCH_EVENT};
use self::raw::Caller;
use crate::house::{House, with_house};
use crate::input::{Input, put_piece};
use crate::story::{self, CHART_HASH, VENUE};

/// How long somebody watches who may have nothing to see.
const WATCHED_FOR: Duration = Duration::from_millis(20);

/// Calls of one input.
const CALLS_MAX: usize = 16;

// What a call is, beside the methods by their places.
const ON_A_STREAM: u8 = 100;
const WATCHED: u8 = 101;
const RECEIVED_ANSWERS: u8 = 102;
const RECEIVED_UPDATE: u8 = 103;

/// Calls, each a byte of what it is and a message behind how long that is.
pub(crate) fn check(input: &[u8]) {
    let _ = accepted_of(input);
}

/// How many calls were made, and how many of them were accepted in all that they asked for.
fn accepted_of(input: &[u8]) -> (usize, usize) {
    let (mut calls, mut accepted) = (0, 0);
    with_house(async |house: &House| {
        let mut caller = Caller::new(in_process(house.routes()));
        let mut input = Input::new(input);
        for _ in 0..CALLS_MAX {
            if input.is_empty() {
                break;
            }
            let (number, message) = (input.u8(), Bytes::copy_from_slice(input.piece()));
            let is_accepted = match number {
                ON_A_STREAM => on_a_stream(&mut caller, message).await,
                WATCHED => watched(&mut caller, message).await,
                RECEIVED_ANSWERS => check_received_answers(&message),
                RECEIVED_UPDATE => check_received_update(&message),
                number => call(&mut caller, usize::from(number) % METHODS.len(), message).await,
            };
            calls += 1;
            accepted += usize::from(is_accepted);
        }
    });
    (calls, accepted)
}

async fn call(caller: &mut Caller, number: usize, message: Bytes) -> bool {
    let method = METHODS[number];
    match caller.call(method.path, message.clone()).await {
        Ok(answer) => {
            assert!((method.is_answer)(&answer), "{} answered {answer:?}", method.path);
            true
        }
        Err(status) => check_status(&status, (method.is_request)(&message)),
    }
}

/// A message that is one is refused for what it asks; what is none is all that is `Internal`,
/// which is tonic's word for it. Neither is accepted.
fn check_status(status: &Status, is_message: bool) -> bool {
    let is_ours = matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
    );
    let is_told = if is_message { is_ours } else { status.code() == Code::Internal };
    assert!(is_told && !status.message().is_empty(), "a message: {is_message}; {status:?}");
    false
}

/// A batch of commands, and then each that was accepted by itself.
async fn on_a_stream(caller: &mut Caller, message: Bytes) -> bool {
    let (messages, end) = caller.talk(PIPELINE, vec![message.clone()]).await;
    let Ok(batch) = v1::CommandBatch::decode(message) else {
        return check_status(&end.expect("what is no message is told so"), false);
    };
    if let Some(status) = end {
        return check_status(&status, true);
    }
    let mut answers = Vec::new();
    for bytes in messages {
        let batch = v1::AnswerBatch::decode(bytes.clone()).expect("answers can be read");
        assert_eq!(batch.encode_to_vec(), bytes, "written by hand as prost writes it");
        answers.extend(batch.answers);
    }
    let ids = |ids: &mut dyn Iterator<Item = u64>| {
        let mut counts = BTreeMap::<u64, usize>::new();
        ids.for_each(|id| *counts.entry(id).or_default() += 1);
        counts
    };
    let asked = ids(&mut batch.commands.iter().map(|command| command.correlation_id));
    let answered = ids(&mut answers.iter().map(|answer| answer.correlation_id));
    assert_eq!(asked, answered, "each command is answered once");
    let is_refusal = |answer: &v1::Answer| {
        matches!(answer.outcome, Some(Outcome::Rejection(_) | Outcome::Failure(_)))
    };
    let is_accepted = !answers.iter().any(is_refusal);
    for command in batch.commands {
        if asked[&command.correlation_id] == 1 {
            let mut found = answers.iter();
            let answer = found.find(|answer| answer.correlation_id == command.correlation_id);
            let outcome = answer.and_then(|answer| answer.outcome.clone());
            again(caller, command.verb, outcome.expect("an answer says something")).await;
        }
    }
    is_accepted
}

/// What was accepted gets its first answer again.
async fn again(caller: &mut Caller, verb: Option<Verb>, outcome: Outcome) {
    let (number, asked, told) = match (verb, outcome) {
        (_, Outcome::Rejection(_) | Outcome::Failure(_)) => return,
        (Some(Verb::Place(of)), Outcome::Placed(told)) => {
            (0, of.encode_to_vec(), told.encode_to_vec())
        }
        (Some(Verb::Extend(of)), Outcome::Extended(told)) => {
            (1, of.encode_to_vec(), told.encode_to_vec())
        }
        (Some(Verb::Release(of)), Outcome::Released(told)) => {
            (2, of.encode_to_vec(), told.encode_to_vec())
        }
        (Some(Verb::Allocate(of)), Outcome::Allocated(told)) => {
            (3, of.encode_to_vec(), told.encode_to_vec())
        }
        (Some(Verb::Return(of)), Outcome::Returned(told)) => {
            (4, of.encode_to_vec(), told.encode_to_vec())
        }
        (Some(Verb::Block(of)), Outcome::Blocked(told)) => {
            (14, of.encode_to_vec(), told.encode_to_vec())
        }
        (Some(Verb::Unblock(of)), Outcome::Unblocked(told)) => {
            (15, of.encode_to_vec(), told.encode_to_vec())
        }
        (verb, outcome) => panic!("{verb:?} was answered {outcome:?}"),
    };
    let repeat = caller.call(METHODS[number].path, asked.into()).await;
    assert_eq!(repeat.expect("it was accepted before"), told, "the first answer again");
}

/// The first update that a watcher gets. One that knows a version may know the newest, and then
/// there is nothing to tell until something happens.
async fn watched(caller: &mut Caller, message: Bytes) -> bool {
    let request = v1::WatchEventRequest::decode(message.clone());
    let knows_a_version = request.as_ref().is_ok_and(|request| request.after_version.is_some());
    let patience = if knows_a_version { WATCHED_FOR } else { Duration::MAX };
    let is_message = request.is_ok();
    match caller.listen(WATCH_EVENT, message).await {
        Err(status) => check_status(&status, is_message),
        Ok(mut updates) => match timeout(patience, updates.message()).await {
            Ok(Ok(update)) => check_update(update.expect("who watches is told something")),
            Ok(Err(status)) => check_status(&status, is_message),
            Err(_) => true,
        },
    }
}

fn check_update(bytes: Bytes) -> bool {
    let update = v1::EventUpdate::from_encoded(bytes.clone()).read();
    let update = update.expect("an update can be read").expect("it brings something");
    assert_eq!(v1::EventUpdate::new(update).encoded(), &bytes);
    true
}

/// `AnswerBatch` field by field, as the contract has it.
#[derive(Clone, PartialEq, Message)]
struct Answers {
    #[prost(message, repeated, tag = "1")]
    answers: Vec<v1::Answer>,
}

/// `EventUpdate` field by field, as the contract has it.
#[derive(Clone, PartialEq, Message)]
struct EventUpdate {
    #[prost(oneof = "v1::Update", tags = "1, 2")]
    update: Option<v1::Update>,
}

fn check_received_answers(bytes: &Bytes) -> bool {
    let (ours, theirs) = (v1::AnswerBatch::decode(bytes.clone()), Answers::decode(bytes.clone()));
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let encoded = theirs.encode_to_vec();
            assert_eq!(ours.encoded_len(), encoded.len());
            assert_eq!(ours.encode_to_vec(), encoded);
            assert_eq!(ours.answers, theirs.answers);
            true
        }
        (Err(_), Err(_)) => false,
        (ours, theirs) => panic!("{ours:?} is not {theirs:?}"),
    }
}

fn check_received_update(bytes: &Bytes) -> bool {
    let ours = v1::EventUpdate::decode(bytes.clone()).expect("it is kept as it came");
    assert_eq!(ours.encoded(), bytes);
    match (ours.read(), EventUpdate::decode(bytes.clone())) {
        (Ok(ours), Ok(theirs)) => {
            assert_eq!(ours, theirs.update);
            true
        }
        (Err(_), Err(_)) => false,
        (ours, theirs) => panic!("{ours:?} is not {theirs:?}"),
    }
}

/// See the module of that name.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    seeds::seeds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_seeds_ask_for_is_done() {
        let found: Vec<(usize, usize)> = seeds().iter().map(|seed| accepted_of(seed)).collect();
        // All that they ask for but a history, which no engine in memory has.
        let expected = [(10, 10), (1, 1), (10, 10), (8, 7), (1, 1), (5, 5), (1, 1), (1, 1), (1, 1)];
        assert_eq!(found, expected);
    }
}
