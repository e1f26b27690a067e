//! The engine over gRPC: commands on `Pipeline` streams, one a connection, reads as unary calls.
//!
//! A lane is one task that owns one connection, its stream and everything unanswered on it.
//! It sends whatever has queued up in one batch as soon as the stream takes one. When the
//! stream ends, what was sent on it is unknown, what was not is known not to have left, and
//! both are told at once; the lane connects again by itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proto::inventory::v1;
use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::inventory_client::InventoryClient;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};

use super::{HoldSeen, HoldStateSeen, InFlight, ReadError};
use crate::ids::{AllocationId, HoldId, IdError};
use crate::request::{Answer, Denial, Request, Selection, Verb, word};
use crate::seat_map::{Counts, Layout, SeatPlace};

/// Commands that one batch carries at most; what is more waits for the next.
const BATCH_COMMANDS_MAX: usize = 256;

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Pause before the next try to connect, from the first to the longest.
const RECONNECT_PAUSE: Duration = Duration::from_millis(10);
const RECONNECT_PAUSE_MAX: Duration = Duration::from_millis(200);

/// A chart of a million seats with its labels.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// The connections that buyers share.
#[derive(Debug)]
pub(crate) struct Lanes {
    queues: Vec<mpsc::UnboundedSender<Outgoing>>,
    event_id: u64,
}

#[derive(Debug)]
struct Outgoing {
    verb: v1::command::Verb,
    reply: oneshot::Sender<Answer>,
}

impl Lanes {
    /// Opens `connections` lanes, each on a task of its own that ends with this value.
    pub(crate) fn open(
        endpoint: &Endpoint,
        event_id: u64,
        connections: usize,
        timeout: Duration,
        in_flight: &Arc<InFlight>,
    ) -> Self {
        let timeout_millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        let open_lane = |_| {
            // Open loop: arrivals wait for nobody, so this queue may not push back. It holds
            // at most one request for each live buyer.
            let (sender, queue) = mpsc::unbounded_channel();
            let lane = Lane {
                endpoint: endpoint.clone(),
                queue,
                in_flight: in_flight.clone(),
                timeout_millis,
                pending: HashMap::new(),
                last_correlation_id: 0,
            };
            tokio::spawn(lane.run());
            sender
        };
        Self { queues: (0..connections).map(open_lane).collect(), event_id }
    }

    pub(crate) async fn send(&self, request: &Request, lane: usize) -> Answer {
        let (reply, answer) = oneshot::channel();
        let outgoing = Outgoing { verb: to_wire(request, self.event_id), reply };
        if self.queues[lane % self.queues.len()].send(outgoing).is_err() {
            return Answer::NotSent;
        }
        answer.await.unwrap_or(Answer::Unknown)
    }
}

struct Lane {
    endpoint: Endpoint,
    queue: mpsc::UnboundedReceiver<Outgoing>,
    in_flight: Arc<InFlight>,
    timeout_millis: u32,
    pending: HashMap<u64, oneshot::Sender<Answer>>,
    last_correlation_id: u64,
}

type Stream = (mpsc::Sender<v1::CommandBatch>, tonic::Streaming<v1::AnswerBatch>);

async fn connect(endpoint: Endpoint) -> Option<Stream> {
    let channel = endpoint.connect().await.ok()?;
    let mut client = InventoryClient::new(channel).max_decoding_message_size(MESSAGE_BYTES_MAX);
    // One batch on its way and one being sent: what queues up meanwhile goes together.
    let (batches, outgoing) = mpsc::channel(1);
    let answers = client.pipeline(ReceiverStream::new(outgoing)).await.ok()?;
    Some((batches, answers.into_inner()))
}

impl Lane {
    /// Until the last sender is gone.
    async fn run(mut self) {
        let mut pause = RECONNECT_PAUSE;
        loop {
            let connecting = tokio::time::timeout(CONNECT_TIMEOUT, connect(self.endpoint.clone()));
            let Some(connected) = self.refuse_during(connecting).await else { return };
            if let Ok(Some((batches, answers))) = connected {
                pause = RECONNECT_PAUSE;
                let is_over = self.serve(batches, answers).await;
                self.lose_pending();
                if is_over {
                    return;
                }
            } else {
                let Some(()) = self.refuse_during(tokio::time::sleep(pause)).await else { return };
                pause = (pause * 2).min(RECONNECT_PAUSE_MAX);
            }
        }
    }

    /// Waits, and tells who comes meanwhile that there is no connection. `None`: all are gone.
    async fn refuse_during<T>(&mut self, waiting: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                result = &mut waiting => return Some(result),
                outgoing = self.queue.recv() => {
                    // Who no longer listens needs no answer.
                    let _ = outgoing?.reply.send(Answer::NotSent);
                }
            }
        }
    }

    /// Carries commands and answers until the stream ends (false) or all are gone (true).
    async fn serve(
        &mut self,
        batches: mpsc::Sender<v1::CommandBatch>,
        mut answers: tonic::Streaming<v1::AnswerBatch>,
    ) -> bool {
        let mut queued: Vec<Outgoing> = Vec::with_capacity(BATCH_COMMANDS_MAX);
        let is_over = loop {
            tokio::select! {
                received = self.queue.recv_many(&mut queued, BATCH_COMMANDS_MAX),
                    if queued.is_empty() =>
                {
                    if received == 0 {
                        break true;
                    }
                }
                permit = batches.reserve(), if !queued.is_empty() => {
                    let Ok(permit) = permit else { break false };
                    while queued.len() < BATCH_COMMANDS_MAX {
                        let Ok(outgoing) = self.queue.try_recv() else { break };
                        queued.push(outgoing);
                    }
                    permit.send(self.batch(&mut queued));
                }
                message = answers.message() => match message {
                    Ok(Some(batch)) => self.resolve(batch),
                    Ok(None) | Err(_) => break false,
                },
            }
        };
        for outgoing in queued {
            let _ = outgoing.reply.send(Answer::NotSent);
        }
        is_over
    }

    fn batch(&mut self, queued: &mut Vec<Outgoing>) -> v1::CommandBatch {
        self.in_flight.leave(queued.len());
        let commands = queued.drain(..).map(|outgoing| {
            self.last_correlation_id += 1;
            self.pending.insert(self.last_correlation_id, outgoing.reply);
            v1::Command {
                correlation_id: self.last_correlation_id,
                timeout_millis: Some(self.timeout_millis),
                verb: Some(outgoing.verb),
            }
        });
        v1::CommandBatch { commands: commands.collect() }
    }

    fn resolve(&mut self, batch: v1::AnswerBatch) {
        for answer in batch.answers {
            if let Some(reply) = self.pending.remove(&answer.correlation_id) {
                self.in_flight.answered();
                let _ = reply.send(from_wire(answer.outcome));
            }
        }
    }

    fn lose_pending(&mut self) {
        self.in_flight.lose(self.pending.len());
        for (_, reply) in self.pending.drain() {
            let _ = reply.send(Answer::Unknown);
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.lose_pending();
    }
}

fn seats(indexes: &[u32]) -> v1::Seats {
    v1::Seats { indexes: indexes.to_vec(), labels: Vec::new(), ..v1::Seats::default() }
}

fn to_wire(request: &Request, event_id: u64) -> v1::command::Verb {
    let request_id = request.id.to_bytes();
    let buyer_id = request.buyer.to_string();
    let part_of = |part: &Option<Box<[u32]>>| part.as_deref().map(seats);
    match &request.verb {
        Verb::Place(selection) => {
            use v1::place_request::Selection as Wire;
            let selection = Some(match selection {
                Selection::Seats(indexes) => Wire::Seats(seats(indexes)),
                Selection::Best(quantity) => Wire::BestAvailable(v1::BestAvailable {
                    quantity: *quantity,
                    ..v1::BestAvailable::default()
                }),
            });
            v1::command::Verb::Place(v1::PlaceRequest {
                request_id,
                event_id,
                buyer_id,
                selection,
                ..v1::PlaceRequest::default()
            })
        }
        Verb::Extend(hold_id) => {
            let hold_id = hold_id.to_bytes();
            v1::command::Verb::Extend(v1::ExtendRequest { request_id, hold_id, buyer_id })
        }
        Verb::Release(hold_id, part) => {
            let (hold_id, part) = (hold_id.to_bytes(), part_of(part));
            v1::command::Verb::Release(v1::ReleaseRequest {
                request_id,
                hold_id,
                buyer_id,
                part,
                ..v1::ReleaseRequest::default()
            })
        }
        Verb::Allocate(hold_id, part) => {
            let (hold_id, part) = (hold_id.to_bytes(), part_of(part));
            v1::command::Verb::Allocate(v1::AllocateRequest {
                request_id,
                hold_id,
                buyer_id,
                part,
                ..v1::AllocateRequest::default()
            })
        }
    }
}

fn from_wire(outcome: Option<v1::answer::Outcome>) -> Answer {
    accepted_or_not(outcome).unwrap_or_else(|error| {
        // It was answered, so it may have been done: unknown is all that can be said.
        tracing::error!(%error, "an answer of the engine cannot be read");
        Answer::Unknown
    })
}

fn accepted_or_not(outcome: Option<v1::answer::Outcome>) -> Result<Answer, IdError> {
    use v1::answer::Outcome;
    Ok(match outcome {
        Some(Outcome::Placed(placed)) => Answer::Placed {
            hold_id: HoldId::from_bytes(&placed.hold_id)?,
            seats: placed.seats.into(),
            deadline_millis: placed.deadline_millis,
            lsn: Some(placed.lsn),
        },
        Some(Outcome::Extended(extended)) => Answer::Extended {
            hold_id: HoldId::from_bytes(&extended.hold_id)?,
            deadline_millis: extended.deadline_millis,
            lsn: Some(extended.lsn),
        },
        Some(Outcome::Released(released)) => Answer::Released {
            hold_id: HoldId::from_bytes(&released.hold_id)?,
            seats: released.seats.into(),
            lsn: Some(released.lsn),
        },
        Some(Outcome::Allocated(allocated)) => Answer::Allocated {
            hold_id: HoldId::from_bytes(&allocated.hold_id)?,
            allocation_id: AllocationId::from_bytes(&allocated.allocation_id)?,
            seats: allocated.seats.into(),
            lsn: Some(allocated.lsn),
        },
        Some(Outcome::Rejection(rejection)) => {
            Answer::Rejected { reason: word(&rejection.reason), could_have: rejection.could_have }
        }
        Some(Outcome::Failure(failure)) => failed(failure),
        // Nothing that was asked for here is answered by any other word.
        Some(Outcome::Returned(_) | Outcome::Blocked(_) | Outcome::Unblocked(_)) | None => {
            return Err(IdError);
        }
    })
}

fn failed(failure: v1::Failure) -> Answer {
    let reason = match failure.code() {
        v1::FailureCode::Invalid => Denial::Invalid(failure.message.into()),
        v1::FailureCode::Overloaded | v1::FailureCode::StorageShort => Denial::Overloaded,
        v1::FailureCode::DeadlineExceeded => Denial::DeadlineExceeded,
        v1::FailureCode::ShuttingDown => Denial::ShuttingDown,
        v1::FailureCode::Unknown | v1::FailureCode::Unspecified => return Answer::Unknown,
    };
    Answer::Denied { reason, retry_after_millis: failure.retry_after_millis }
}

/// Unary reads, on a connection of their own that comes and goes with the server.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    inventory: InventoryClient<Channel>,
    admin: InventoryAdminClient<Channel>,
    event_id: u64,
}

impl Reader {
    pub(crate) fn new(endpoint: &Endpoint, event_id: u64) -> Self {
        let endpoint = endpoint.clone().connect_timeout(CONNECT_TIMEOUT).timeout(READ_TIMEOUT);
        let channel = endpoint.connect_lazy();
        let inventory =
            InventoryClient::new(channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        Self { inventory, admin: InventoryAdminClient::new(channel), event_id }
    }

    pub(crate) async fn layout(&self) -> Result<(Layout, Bytes), ReadError> {
        let asked = v1::GetSeatMapRequest { event_id: self.event_id, with_chart: true };
        let map = self.inventory.clone().get_seat_map(asked).await.map_err(Box::new)?.into_inner();
        if map.seats.len() != map.statuses.len() {
            let (seats, statuses) = (map.seats.len(), map.statuses.len());
            return Err(ReadError::Nonsense(format!("{seats} seats with {statuses} statuses")));
        }
        let place = |seat: v1::SeatInfo| SeatPlace {
            label: seat.label,
            section: seat.section,
            row: seat.row,
            reserved: seat.accessible || seat.companion,
            x: seat.x,
            y: seat.y,
        };
        Ok((Layout::new(map.seats.into_iter().map(place).collect()), map.statuses))
    }

    pub(crate) async fn statuses(&self) -> Result<Bytes, ReadError> {
        let asked = v1::GetSeatMapRequest { event_id: self.event_id, with_chart: false };
        let map = self.inventory.clone().get_seat_map(asked).await.map_err(Box::new)?;
        Ok(map.into_inner().statuses)
    }

    pub(crate) async fn counts(&self) -> Result<(Counts, u32), ReadError> {
        let asked = v1::GetAvailabilityRequest {
            event_id: self.event_id,
            ..v1::GetAvailabilityRequest::default()
        };
        let availability =
            self.inventory.clone().get_availability(asked).await.map_err(Box::new)?;
        let seats = availability.into_inner().seats.unwrap_or_default();
        Ok((counts_of(seats), seats.capacity))
    }

    /// The places of each area, by index.
    pub(crate) async fn areas(&self) -> Result<Vec<Counts>, ReadError> {
        let asked = v1::GetAvailabilityRequest {
            event_id: self.event_id,
            by_area: true,
            ..v1::GetAvailabilityRequest::default()
        };
        let availability =
            self.inventory.clone().get_availability(asked).await.map_err(Box::new)?;
        let areas = availability.into_inner().areas.into_iter();
        Ok(areas.map(|area| counts_of(area.counts.unwrap_or_default())).collect())
    }

    pub(crate) async fn hold(&self, hold_id: HoldId) -> Result<Option<HoldSeen>, ReadError> {
        let asked = v1::GetHoldRequest { hold_id: hold_id.to_bytes(), buyer_id: None };
        let hold = match self.inventory.clone().get_hold(asked).await {
            Ok(hold) => hold.into_inner(),
            Err(status) if status.code() == tonic::Code::NotFound => return Ok(None),
            Err(status) => return Err(Box::new(status).into()),
        };
        let state = match hold.state() {
            v1::HoldState::Live => HoldStateSeen::Live,
            v1::HoldState::Expired => HoldStateSeen::Expired,
            v1::HoldState::Released => HoldStateSeen::Released,
            v1::HoldState::Allocated => HoldStateSeen::Allocated,
            v1::HoldState::Unspecified => {
                return Err(ReadError::Nonsense(format!("hold {hold_id} has no state")));
            }
        };
        let deadline_millis = (state == HoldStateSeen::Live).then_some(hold.deadline_millis);
        Ok(Some(HoldSeen { state, deadline_millis, seats: hold.seats }))
    }

    pub(crate) async fn verify(&self) -> Result<Vec<String>, ReadError> {
        let asked = v1::VerifyEventRequest { event_id: self.event_id };
        let verification = self.admin.clone().verify_event(asked).await.map_err(Box::new)?;
        Ok(verification.into_inner().violations)
    }
}

fn counts_of(counts: v1::Counts) -> Counts {
    Counts {
        available: counts.available,
        held: counts.held,
        allocated: counts.allocated,
        blocked: counts.blocked,
    }
}
