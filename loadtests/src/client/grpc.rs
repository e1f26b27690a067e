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

use super::{HoldSeen, HoldStateSeen, InFlight, ReadError, Totals, wire};
use crate::ids::HoldId;
use crate::layout::{Area, Layout, SeatPlace, Terms, TicketType};
use crate::request::{Answer, Request};
use crate::seat_map::{Counts, Stock};

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
    layout: Arc<Layout>,
}

#[derive(Debug)]
struct Outgoing {
    verb: v1::command::Verb,
    reply: oneshot::Sender<Answer>,
}

impl Lanes {
    /// Opens `connections` lanes, each on a task of its own that ends with this value. A request
    /// is not worth starting after `timeout`.
    pub(crate) fn open(
        endpoint: &Endpoint,
        (event_id, connections, layout, timeout): (u64, usize, Arc<Layout>, Duration),
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
                layout: layout.clone(),
                timeout_millis,
                pending: HashMap::new(),
                last_correlation_id: 0,
            };
            tokio::spawn(lane.run());
            sender
        };
        Self { queues: (0..connections).map(open_lane).collect(), event_id, layout }
    }

    pub(crate) async fn send(&self, request: &Request, lane: usize) -> Answer {
        let (reply, answer) = oneshot::channel();
        let verb = wire::to_wire(request, self.event_id, &self.layout);
        let outgoing = Outgoing { verb, reply };
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
    layout: Arc<Layout>,
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
                ack: 0,
            }
        });
        v1::CommandBatch { commands: commands.collect() }
    }

    fn resolve(&mut self, batch: v1::AnswerBatch) {
        for answer in batch.answers {
            if let Some(reply) = self.pending.remove(&answer.correlation_id) {
                self.in_flight.answered();
                let _ = reply.send(wire::from_wire(answer.outcome, &self.layout));
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

    pub(crate) async fn layout(&self) -> Result<(Layout, Stock), ReadError> {
        let asked = v1::GetEventRequest { event_id: self.event_id };
        let event = self.admin.clone().get_event(asked).await.map_err(Box::new)?.into_inner();
        let asked = v1::GetSeatMapRequest { event_id: self.event_id, with_chart: true };
        let map = self.inventory.clone().get_seat_map(asked).await.map_err(Box::new)?.into_inner();
        if map.seats.len() != map.statuses.len() {
            let (seats, statuses) = (map.seats.len(), map.statuses.len());
            return Err(ReadError::Nonsense(format!("{seats} seats with {statuses} statuses")));
        }
        let areas = map.areas.iter().map(|of| Area {
            label: of.label.clone(),
            section: of.section.clone(),
            category: of.category.clone(),
            capacity: of.counts.map_or(0, |counts| counts.capacity),
        });
        let areas = areas.collect();
        let terms = Terms {
            ticket_types: event.ticket_types.into_iter().map(ticket_type).collect(),
            buyer_spots_max: event.rules.and_then(|rules| rules.buyer_seats_max),
        };
        let seats = map.seats.into_iter().map(seat_place).collect();
        let layout = Layout::with(seats, areas, terms);
        let stock = self.with_tickets(&layout, map.statuses, &map.areas).await?;
        Ok((layout, stock))
    }

    pub(crate) async fn stock(&self, layout: &Layout) -> Result<Stock, ReadError> {
        let asked = v1::GetSeatMapRequest { event_id: self.event_id, with_chart: false };
        let map = self.inventory.clone().get_seat_map(asked).await.map_err(Box::new)?.into_inner();
        self.with_tickets(layout, map.statuses, &map.areas).await
    }

    /// What a seat map says, and what is left of the ticket types, if there are any.
    async fn with_tickets(
        &self,
        layout: &Layout,
        statuses: Bytes,
        areas: &[v1::AreaInfo],
    ) -> Result<Stock, ReadError> {
        let areas = areas.iter().map(|area| counts_of(area.counts)).collect();
        let mut stock = Stock { statuses, areas, ticket_types: Vec::new() };
        if !layout.ticket_types().is_empty() {
            let availability = self.availability(true).await?;
            let types = availability.ticket_types.into_iter();
            stock.ticket_types = types.map(|of| counts_of(of.counts)).collect();
        }
        Ok(stock)
    }

    async fn availability(&self, by_ticket_type: bool) -> Result<v1::Availability, ReadError> {
        let asked = v1::GetAvailabilityRequest {
            event_id: self.event_id,
            by_ticket_type,
            ..v1::GetAvailabilityRequest::default()
        };
        let told = self.inventory.clone().get_availability(asked).await.map_err(Box::new)?;
        Ok(told.into_inner())
    }

    pub(crate) async fn totals(&self) -> Result<Totals, ReadError> {
        let told = self.availability(false).await?;
        Ok(Totals {
            capacity: told.seats.map_or(0, |seats| seats.capacity),
            places_capacity: told.places.map_or(0, |places| places.capacity),
            seats: counts_of(told.seats),
            places: counts_of(told.places),
        })
    }

    /// Puts an event on sale that is like another one but for its ticket types.
    pub(crate) async fn create_like(
        &self,
        model_id: u64,
        request_id: crate::ids::RequestId,
        ticket_types: &[crate::options::NewTicketType],
    ) -> Result<(), ReadError> {
        let asked = v1::GetEventRequest { event_id: model_id };
        let model = self.admin.clone().get_event(asked).await.map_err(Box::new)?.into_inner();
        let create = v1::CreateEventRequest {
            request_id: request_id.to_bytes(),
            event_id: self.event_id,
            name: model.name,
            chart_hash: model.chart_hash,
            rules: model.rules,
            ticket_types: ticket_types.iter().map(new_ticket_type).collect(),
        };
        self.admin.clone().create_event(create).await.map_err(Box::new)?;
        Ok(())
    }

    pub(crate) async fn hold(
        &self,
        hold_id: HoldId,
        layout: &Layout,
    ) -> Result<Option<HoldSeen>, ReadError> {
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
        let spots = wire::spots(layout, hold.seats, &hold.ticket_types, &hold.areas);
        let spots = spots.map_err(|error| ReadError::Nonsense(error.to_string()))?;
        Ok(Some(HoldSeen { state, deadline_millis, spots }))
    }

    pub(crate) async fn verify(&self) -> Result<Vec<String>, ReadError> {
        let asked = v1::VerifyEventRequest { event_id: self.event_id };
        let verification = self.admin.clone().verify_event(asked).await.map_err(Box::new)?;
        Ok(verification.into_inner().violations)
    }
}

fn seat_place(seat: v1::SeatInfo) -> SeatPlace {
    SeatPlace {
        label: seat.label,
        section: seat.section,
        row: seat.row,
        category: seat.category,
        table: seat.table,
        table_is_whole: seat.table_is_whole,
        reserved: seat.accessible || seat.companion,
        x: seat.x,
        y: seat.y,
    }
}

fn ticket_type(of: v1::TicketType) -> TicketType {
    TicketType {
        key: of.key,
        quota: of.quota,
        opens_at_millis: of.sale_opens_at_millis,
        closes_at_millis: of.sale_closes_at_millis,
        categories: of.categories,
    }
}

fn new_ticket_type(of: &crate::options::NewTicketType) -> v1::TicketType {
    v1::TicketType {
        key: of.key.clone(),
        quota: of.quota,
        categories: of.categories.clone(),
        ..v1::TicketType::default()
    }
}

fn counts_of(counts: Option<v1::Counts>) -> Counts {
    let counts = counts.unwrap_or_default();
    Counts {
        available: counts.available,
        held: counts.held,
        allocated: counts.allocated,
        blocked: counts.blocked,
    }
}
