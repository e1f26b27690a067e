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

use crate::ack::Ack;
use crate::answer::{Failure, Invalid, Reply};
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
use crate::settle::{Unsettled, settle_stream};
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
        let (unsettled, answered) = mpsc::unbounded_channel();
        let settling = settle_stream(engine.projected().cloned(), answered, replies.clone());
        let ways = Ways { replies, unsettled };
        let reading = read(&engine, commands, ways, Arc::clone(&room));
        let writing = write(engine.directory(), to_send, messages.clone(), room);
        let stopped = engine.stopper();
        tokio::select! {
            (end, (), ()) = async { tokio::join!(reading, settling, writing) } => {
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

/// Where answers go from their writers: to the caller, or to where they wait for Postgres first.
struct Ways {
    replies: mpsc::UnboundedSender<(u64, Reply)>,
    unsettled: mpsc::UnboundedSender<Unsettled>,
}

impl Ways {
    fn ticket(&self, correlation_id: u64, ack: Ack, give_up_at: Option<Instant>) -> Ticket {
        match ack {
            Ack::Journal => Ticket::stream(self.replies.clone(), correlation_id),
            Ack::JournalAndPostgres => {
                Ticket::unsettled(self.unsettled.clone(), correlation_id, give_up_at)
            }
        }
    }

    fn refuse(&self, correlation_id: u64, failure: Failure) {
        self.ticket(correlation_id, Ack::Journal, None).reply(Err(failure));
    }
}

/// Reads messages and hands their commands to the writers of their shards. Dropping the `ways`
/// at the end lets the other parts end once everything is answered.
async fn read(
    engine: &Handle,
    mut commands: Streaming<v1::CommandBatch>,
    ways: Ways,
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
                // They were read, but there was no room before the engine began to shut down.
                let ids = batch.iter().map(|command| command.correlation_id);
                ids.for_each(|id| ways.refuse(id, Failure::ShuttingDown));
                return Ok(());
            }
        }
        let count = batch.len();
        let mut by_writer: BTreeMap<usize, Vec<Request>> = BTreeMap::new();
        for command in batch {
            let correlation_id = command.correlation_id;
            let timeout = command.timeout_millis.map(u64::from).map(Duration::from_millis);
            let give_up_at = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
            let asked = ack(engine, command.ack)
                .and_then(|ack| Ok((requests::command(engine.directory(), command.verb)?, ack)));
            match asked {
                Ok((ask, ack)) => {
                    let ticket = ways.ticket(correlation_id, ack, give_up_at);
                    let requests = by_writer.entry(engine.writer_of(ask.shard()));
                    let requests = requests.or_insert_with(|| Vec::with_capacity(count));
                    requests.push(Request { ask, ticket, give_up_at });
                }
                Err(invalid) => ways.refuse(correlation_id, invalid.into()),
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

/// What the answer to a command has to wait for.
fn ack(engine: &Handle, asked: i32) -> Result<Ack, Invalid> {
    const FIELD: &str = "ack";
    let asked = match v1::Ack::try_from(asked) {
        Ok(v1::Ack::Unspecified) => None,
        Ok(v1::Ack::Journal) => Some(Ack::Journal),
        Ok(v1::Ack::JournalAndPostgres) => Some(Ack::JournalAndPostgres),
        Err(_) => {
            let problem = format!("there is no value {asked}");
            return Err(Invalid { field: FIELD, problem });
        }
    };
    engine.ack_of(asked, FIELD)
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
