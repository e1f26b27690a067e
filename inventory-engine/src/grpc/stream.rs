//! The `Pipeline` stream: commands in, answers out, in any order. A stream is read no faster
//! than it is answered: it may have a bounded number of commands in flight, and a message waits
//! until its writers have room.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::inventory::v1;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Status, Streaming};
use tracing::debug;

use crate::answer::{Failure, Reply};
use crate::directory::Directory;
use crate::engine::Handle;
use crate::grpc::message::Message;
use crate::grpc::{requests, status};
use crate::inbox::Request;
use crate::limits::{
    STREAM_COMMANDS_IN_FLIGHT_MAX, STREAM_MESSAGE_ANSWER_BYTES_MAX, STREAM_MESSAGE_ANSWERS_MAX,
    STREAM_MESSAGE_COMMANDS_MAX,
};
use crate::metrics::STREAMS;
use crate::names::NamesOf;
use crate::ticket::Ticket;

/// Messages of answers that wait for the connection.
const ANSWER_MESSAGES_WAITING_MAX: usize = 4;

/// Serves one stream until the caller has said all and got all answers, or has left.
pub(crate) fn serve(
    engine: Handle,
    commands: Streaming<v1::CommandBatch>,
) -> impl Stream<Item = Result<v1::AnswerBatch, Status>> {
    let (messages, out) = mpsc::channel(ANSWER_MESSAGES_WAITING_MAX);
    tokio::spawn(async move {
        let open = metrics::gauge!(STREAMS);
        open.increment(1.0);
        let room = Arc::new(Semaphore::new(STREAM_COMMANDS_IN_FLIGHT_MAX));
        let (replies, to_send) = mpsc::unbounded_channel();
        let reading = read(&engine, commands, replies, Arc::clone(&room));
        let writing = write(engine.directory(), to_send, messages.clone(), room);
        let stopped = engine.stopper();
        tokio::select! {
            (end, ()) = async { tokio::join!(reading, writing) } => {
                if let Err(status) = end {
                    // Who has left does not mind.
                    drop(messages.send(Err(status)).await);
                }
            }
            _ = stopped.stopped() => {
                drop(messages.send(Err(status::of_failure(&Failure::Unknown))).await);
            }
            () = messages.closed() => debug!("a caller left its stream"),
        }
        open.decrement(1.0);
    });
    ReceiverStream::new(out)
}

/// Reads messages and hands their commands to the writers of their shards. Dropping `replies`
/// at the end lets the other half end once everything is answered.
async fn read(
    engine: &Handle,
    mut commands: Streaming<v1::CommandBatch>,
    replies: mpsc::UnboundedSender<(u64, Reply)>,
    room: Arc<Semaphore>,
) -> Result<(), Status> {
    loop {
        let batch = tokio::select! {
            batch = commands.next() => batch,
            () = engine.draining().cancelled() => return Ok(()),
        };
        let Some(batch) = batch else { return Ok(()) };
        let batch = batch?.commands;
        if batch.len() > STREAM_MESSAGE_COMMANDS_MAX {
            return Err(Status::invalid_argument(format!(
                "a message has at most {STREAM_MESSAGE_COMMANDS_MAX} commands; this one has {}",
                batch.len()
            )));
        }
        // The room is given back answer by answer. The semaphore is never closed.
        tokio::select! {
            permits = room.acquire_many(batch.len() as u32) => {
                drop(permits.map(SemaphorePermit::forget));
            }
            () = engine.draining().cancelled() => {
                refuse(batch, &replies);
                return Ok(());
            }
        }
        let count = batch.len();
        let mut by_writer: BTreeMap<usize, Vec<Request>> = BTreeMap::new();
        for command in batch {
            let correlation_id = command.correlation_id;
            let timeout = command.timeout_millis.map(u64::from).map(Duration::from_millis);
            let give_up_at = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
            let ticket = Ticket::stream(replies.clone(), correlation_id);
            match requests::command(engine.directory(), command.verb) {
                Ok(ask) => {
                    let requests = by_writer.entry(engine.writer_of(ask.shard()));
                    let requests = requests.or_insert_with(|| Vec::with_capacity(count));
                    requests.push(Request { ask, ticket, give_up_at });
                }
                Err(invalid) => ticket.reply(Err(invalid.into())),
            }
        }
        for (writer, requests) in by_writer {
            if let Err(refused) = engine.put(writer, requests).await {
                refused.into_iter().for_each(|request| {
                    request.ticket.reply(Err(Failure::ShuttingDown));
                });
            }
        }
    }
}

/// Answers commands that were read, but for which there was no room before the engine began to
/// shut down.
fn refuse(batch: Vec<v1::Command>, replies: &mpsc::UnboundedSender<(u64, Reply)>) {
    for command in batch {
        let ticket = Ticket::stream(replies.clone(), command.correlation_id);
        ticket.reply(Err(Failure::ShuttingDown));
    }
}

/// Sends what is answered, as much together as has come together and fits into a message.
async fn write(
    directory: &Directory,
    mut replies: mpsc::UnboundedReceiver<(u64, Reply)>,
    messages: mpsc::Sender<Result<v1::AnswerBatch, Status>>,
    room: Arc<Semaphore>,
) {
    let mut answered = Vec::with_capacity(STREAM_MESSAGE_ANSWERS_MAX);
    let mut message = Message::default();
    while replies.recv_many(&mut answered, STREAM_MESSAGE_ANSWERS_MAX).await > 0 {
        let mut names = NamesOf::new(directory);
        for (correlation_id, reply) in answered.drain(..) {
            message.push(correlation_id, reply, &mut names);
            // An answer has some hundred bytes, unless it names thousands of seats.
            if message.bytes() >= STREAM_MESSAGE_ANSWER_BYTES_MAX
                && !send(&mut message, &messages, &room).await
            {
                return;
            }
        }
        if message.answers() > 0 && !send(&mut message, &messages, &room).await {
            return;
        }
    }
}

/// Sends what was written. False if there is nobody any more to send it to.
async fn send(
    message: &mut Message,
    messages: &mpsc::Sender<Result<v1::AnswerBatch, Status>>,
    room: &Semaphore,
) -> bool {
    let count = message.answers();
    let is_sent = messages.send(Ok(message.take())).await.is_ok();
    room.add_permits(count);
    is_sent
}
