//! A lane: one task that owns one connection, its `Pipeline` stream and everything unanswered on
//! it. What was sent on a stream that ends is unknown, and is told so at once; the lane connects
//! again by itself.

use std::collections::HashMap;

use futures::FutureExt;
use futures::future::BoxFuture;
use proto::inventory::v1;
use proto::inventory::v1::inventory_client::InventoryClient;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;

use super::{Door, InFlight, command, said_of_outcome};
use crate::history::{Ask, RequestId, Said};
use crate::limits::{CONNECT_TIMEOUT, MESSAGE_COMMANDS_MAX, RECONNECT_PAUSE};
use crate::pause::pass;

/// A door that is one `Pipeline` stream. Its task ends with it.
#[derive(Debug)]
pub struct Lane {
    queue: mpsc::UnboundedSender<Outgoing>,
}

#[derive(Debug)]
struct Outgoing {
    verb: v1::command::Verb,
    /// `None` if it did not leave.
    reply: oneshot::Sender<Option<Said>>,
}

type Stream = (mpsc::Sender<v1::CommandBatch>, tonic::Streaming<v1::AnswerBatch>);

impl Lane {
    /// Opens a lane to a server that may come and go.
    pub fn open(endpoint: Endpoint, in_flight: InFlight) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(Task { endpoint, waiting, in_flight, pending: HashMap::new(), last: 0 }.run());
        Self { queue }
    }
}

impl Door for Lane {
    fn send<'a>(&'a self, request_id: RequestId, ask: &'a Ask) -> BoxFuture<'a, Option<Said>> {
        let (reply, answer) = oneshot::channel();
        let outgoing = Outgoing { verb: command(request_id, ask), reply };
        let is_queued = self.queue.send(outgoing).is_ok();
        async move { if is_queued { answer.await.unwrap_or(Some(Said::Unknown)) } else { None } }
            .boxed()
    }
}

struct Task {
    endpoint: Endpoint,
    waiting: mpsc::UnboundedReceiver<Outgoing>,
    in_flight: InFlight,
    pending: HashMap<u64, oneshot::Sender<Option<Said>>>,
    last: u64,
}

async fn connect(endpoint: Endpoint) -> Option<Stream> {
    let channel = endpoint.connect().await.ok()?;
    let mut client = InventoryClient::new(channel);
    let (batches, outgoing) = mpsc::channel(1);
    let answers = client.pipeline(ReceiverStream::new(outgoing)).await.ok()?;
    Some((batches, answers.into_inner()))
}

impl Task {
    /// Until the door is gone.
    async fn run(mut self) {
        loop {
            let connecting = tokio::time::timeout(CONNECT_TIMEOUT, connect(self.endpoint.clone()));
            let Some(connected) = self.refuse_during(connecting).await else { return };
            if let Ok(Some((batches, answers))) = connected {
                let is_over = self.serve(batches, answers).await;
                self.lose_pending();
                if is_over {
                    return;
                }
            }
            let pause = pass(RECONNECT_PAUSE);
            let Some(()) = self.refuse_during(pause).await else { return };
        }
    }

    /// Waits, and tells who comes meanwhile that nothing leaves. `None`: the door is gone.
    async fn refuse_during<T>(&mut self, waiting: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                result = &mut waiting => return Some(result),
                outgoing = self.waiting.recv() => {
                    // Who no longer listens needs no answer.
                    let _ = outgoing?.reply.send(None);
                }
            }
        }
    }

    /// Carries commands and answers until the stream ends (false) or the door is gone (true).
    async fn serve(
        &mut self,
        batches: mpsc::Sender<v1::CommandBatch>,
        mut answers: tonic::Streaming<v1::AnswerBatch>,
    ) -> bool {
        let mut queued: Vec<Outgoing> = Vec::new();
        let is_over = loop {
            tokio::select! {
                received = self.waiting.recv_many(&mut queued, MESSAGE_COMMANDS_MAX),
                    if queued.is_empty() =>
                {
                    if received == 0 {
                        break true;
                    }
                }
                permit = batches.reserve(), if !queued.is_empty() => {
                    let Ok(permit) = permit else { break false };
                    permit.send(self.batch(&mut queued));
                }
                message = answers.message() => match message {
                    Ok(Some(batch)) => self.resolve(batch),
                    Ok(None) | Err(_) => break false,
                },
            }
        };
        for outgoing in queued {
            let _ = outgoing.reply.send(None);
        }
        is_over
    }

    fn batch(&mut self, queued: &mut Vec<Outgoing>) -> v1::CommandBatch {
        self.in_flight.leave(queued.len());
        let commands = queued.drain(..).map(|outgoing| {
            self.last += 1;
            self.pending.insert(self.last, outgoing.reply);
            let verb = Some(outgoing.verb);
            v1::Command { correlation_id: self.last, timeout_millis: None, ack: 0, verb }
        });
        v1::CommandBatch { commands: commands.collect() }
    }

    fn resolve(&mut self, batch: v1::AnswerBatch) {
        for answer in batch.answers {
            if let Some(reply) = self.pending.remove(&answer.correlation_id) {
                self.in_flight.end(1);
                let _ = reply.send(Some(said_of_outcome(answer.outcome)));
            }
        }
    }

    fn lose_pending(&mut self) {
        self.in_flight.end(self.pending.len());
        for (_, reply) in self.pending.drain() {
            let _ = reply.send(Some(Said::Unknown));
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.lose_pending();
    }
}
