//! An engine for tests that does what a test tells it: it hands every stream that is opened to
//! the test, those of event 1's live changes too, answers reads about one event of three seats,
//! and panics over event 13. It knows no rules; what the real engine does with a command is
//! tested with the real engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::inventory_admin_server::{InventoryAdmin, InventoryAdminServer};
use proto::inventory::v1::inventory_server::{Inventory, InventoryServer};
use proto::inventory::v1::place_request::Selection;
use proto::inventory::v1::seat_history_request::Seat;
use proto::inventory::v1::{
    Ack, AllocateRequest, Allocated, Answer, AnswerBatch, Availability, BlockRequest, Blocked,
    CategoryInfo, ChartSummary, CloseEventRequest, Command, CommandBatch, Counts,
    CreateEventRequest, Event, EventRules, EventUpdate, ExtendRequest, Extended,
    GetAvailabilityRequest, GetEventRequest, GetHoldRequest, GetSeatMapRequest, Hold, HoldState,
    ListEventsRequest, ListEventsResponse, NamedCounts, PlaceRequest, Placed, PutChartRequest,
    Rejection, ReleaseRequest, Released, ReturnRequest, Returned, SeatCause, SeatHistoryRequest,
    SeatHistoryResponse, SeatInfo, SeatMap, SeatMoment, SeatStatus, TicketType, UnblockRequest,
    Unblocked, Update, Verification, VerifyEventRequest, WatchEventRequest,
};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

use crate::engine::{EngineService, in_process, remote};

/// The engine's side of a stream.
pub(crate) struct ServerStream {
    commands: Streaming<CommandBatch>,
    answers: mpsc::Sender<Result<AnswerBatch, Status>>,
}

/// The engine's side of a stream of live changes.
pub(crate) struct WatchStream {
    pub(crate) after_version: Option<u64>,
    updates: mpsc::Sender<Result<EventUpdate, Status>>,
}

/// What a test has in its hands.
pub(crate) struct FakeEngine {
    pub(crate) service: EngineService,
    /// Streams that were opened.
    pub(crate) streams: mpsc::UnboundedReceiver<ServerStream>,
    /// Streams of live changes that were opened.
    pub(crate) watches: mpsc::UnboundedReceiver<WatchStream>,
    /// A permit lets one stream be opened; all at once if the engine is open from the start.
    pub(crate) may_open: Arc<Semaphore>,
    /// Seat maps that were asked for with the chart.
    pub(crate) charts_asked: Arc<AtomicUsize>,
    /// How often it was asked how much is left.
    pub(crate) availability_asked: Arc<AtomicUsize>,
}

/// What the most impatient edge waits for an answer.
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(50);

/// Has the events 1 to 3.
struct Admin;

struct Service {
    availability_asked: Arc<AtomicUsize>,
    streams: mpsc::UnboundedSender<ServerStream>,
    watches: mpsc::UnboundedSender<WatchStream>,
    may_open: Arc<Semaphore>,
    charts_asked: Arc<AtomicUsize>,
}

impl FakeEngine {
    /// An engine behind a socket that opens as many streams as are wanted.
    pub(crate) async fn behind_a_socket() -> Self {
        Self::listening(Semaphore::MAX_PERMITS).await
    }

    /// An engine behind a socket that opens no stream before it may.
    pub(crate) async fn closed() -> Self {
        Self::listening(0).await
    }

    async fn listening(may_open: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, may_open)
    }

    /// An engine on a port of the test's choice.
    pub(crate) fn on(listener: TcpListener, may_open: usize) -> Self {
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (service, mut engine) = Self::parts(may_open);
        let server = Server::builder()
            .add_service(InventoryServer::new(service))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(server);
        engine.service = remote(&address).unwrap();
        engine
    }

    /// An engine without a socket.
    pub(crate) fn in_process() -> Self {
        let (service, mut engine) = Self::parts(Semaphore::MAX_PERMITS);
        let routes = Routes::new(InventoryServer::new(service));
        engine.service = in_process(routes.add_service(InventoryAdminServer::new(Admin)));
        engine
    }

    fn parts(may_open: usize) -> (Service, Self) {
        let (sender, streams) = mpsc::unbounded_channel();
        let (watch_sender, watches) = mpsc::unbounded_channel();
        let may_open = Arc::new(Semaphore::new(may_open));
        let charts_asked = Arc::new(AtomicUsize::new(0));
        let availability_asked = Arc::new(AtomicUsize::new(0));
        let service = Service {
            streams: sender,
            watches: watch_sender,
            may_open: Arc::clone(&may_open),
            charts_asked: Arc::clone(&charts_asked),
            availability_asked: Arc::clone(&availability_asked),
        };
        let nothing = in_process(Routes::default());
        (
            service,
            Self { service: nothing, streams, watches, may_open, charts_asked, availability_asked },
        )
    }

    /// The next stream that is opened.
    pub(crate) async fn next_stream(&mut self) -> ServerStream {
        self.streams.recv().await.unwrap()
    }

    /// Answers every command of every stream from now on.
    pub(crate) fn answer_all(mut self, answer: fn(Verb) -> Outcome) {
        tokio::spawn(async move {
            while let Some(mut stream) = self.streams.recv().await {
                tokio::spawn(async move {
                    while let Some(commands) = stream.next_batch().await {
                        stream.answer(commands, answer).await;
                    }
                });
            }
        });
    }
}

impl WatchStream {
    pub(crate) async fn send(&self, update: Update) {
        self.updates.send(Ok(EventUpdate::new(update))).await.unwrap();
    }

    /// Breaks the stream as a server that fails does.
    pub(crate) async fn fail(self, status: Status) {
        self.updates.send(Err(status)).await.unwrap();
    }

    /// Waits until the edge has left.
    pub(crate) async fn left(&self) {
        self.updates.closed().await;
    }
}

impl ServerStream {
    /// The next batch of commands; `None` when the edge has closed the stream.
    pub(crate) async fn next_batch(&mut self) -> Option<Vec<Command>> {
        self.commands.message().await.ok().flatten().map(|batch| batch.commands)
    }

    /// Answers commands, the last one first.
    pub(crate) async fn answer(&self, commands: Vec<Command>, answer: fn(Verb) -> Outcome) {
        let one = |command: Command| Answer {
            correlation_id: command.correlation_id,
            outcome: command.verb.map(answer),
            // As sure as is asked for.
            durability: i32::from(command.ack == i32::from(Ack::JournalAndPostgres)),
        };
        let answers: Vec<Answer> = commands.into_iter().rev().map(one).collect();
        self.send(answers.into()).await;
    }

    pub(crate) async fn send(&self, batch: AnswerBatch) {
        self.answers.send(Ok(batch)).await.unwrap();
    }

    /// Breaks the stream as a server that fails does.
    pub(crate) async fn fail(self) {
        self.answers.send(Err(Status::internal("on fire"))).await.unwrap();
    }
}

/// Takes every command as it is asked: a hold's id is the request's.
pub(crate) fn agree(verb: Verb) -> Outcome {
    match verb {
        Verb::Place(place) => Outcome::Placed(Placed {
            hold_id: place.request_id,
            event_id: place.event_id,
            seats: vec![0],
            labels: vec!["A-1".into()],
            deadline_millis: 1_795_244_014_250,
            lsn: 9,
            ticket_types: match place.selection {
                Some(Selection::Seats(seats)) => seats.ticket_types,
                _ => Vec::new(),
            },
            areas: place.areas,
        }),
        Verb::Extend(extend) => Outcome::Extended(Extended {
            hold_id: extend.hold_id,
            deadline_millis: 1_795_244_014_250,
            lsn: 9,
        }),
        Verb::Release(release) => Outcome::Released(Released {
            hold_id: release.hold_id,
            seats: vec![0],
            labels: release.part.map_or_else(|| vec!["A-1".into()], |part| part.labels),
            lsn: 9,
            areas: release.areas,
            ..Released::default()
        }),
        Verb::Allocate(allocate) => Outcome::Allocated(Allocated {
            hold_id: allocate.hold_id,
            allocation_id: allocate.request_id,
            event_id: 1,
            seats: vec![0],
            labels: allocate.part.map_or_else(|| vec!["A-1".into()], |part| part.labels),
            lsn: 9,
            ..Allocated::default()
        }),
        Verb::Return(give_back) => Outcome::Returned(Returned {
            allocation_id: give_back.allocation_id,
            labels: give_back.part.map_or_else(|| vec!["A-1".into()], |part| part.labels),
            areas: give_back.areas,
            ..Returned::default()
        }),
        other => panic!("the edge never sends {other:?}"),
    }
}

/// The status of a unary refusal.
fn refusal(reason: &str) -> Status {
    let rejection = Rejection {
        reason: reason.into(),
        message: "no such thing".into(),
        ..Rejection::default()
    };
    let details = tonic_types::pb::Status {
        code: Code::NotFound.into(),
        message: String::new(),
        details: vec![prost_types::Any {
            type_url: "type.googleapis.com/holdfast.inventory.v1.Rejection".into(),
            value: rejection.encode_to_vec(),
        }],
    };
    Status::with_details(Code::NotFound, reason, details.encode_to_vec().into())
}

const PIPELINE_ONLY: &str = "the edge sends changes over the pipeline alone";

#[tonic::async_trait]
impl Inventory for Service {
    type PipelineStream = ReceiverStream<Result<AnswerBatch, Status>>;
    type WatchEventStream = ReceiverStream<Result<EventUpdate, Status>>;

    async fn watch_event(
        &self,
        request: Request<WatchEventRequest>,
    ) -> Result<Response<Self::WatchEventStream>, Status> {
        let WatchEventRequest { event_id, after_version } = request.into_inner();
        if event_id != 1 {
            return Err(refusal("event_unknown"));
        }
        let (updates, receiver) = mpsc::channel(64);
        let watch = WatchStream { after_version, updates };
        self.watches.send(watch).map_err(|_| Status::unavailable("the test is over"))?;
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn seat_history(
        &self,
        request: Request<SeatHistoryRequest>,
    ) -> Result<Response<SeatHistoryResponse>, Status> {
        let request = request.into_inner();
        match &request.seat {
            Some(Seat::Label(label)) if label == "row A/seat 1" => {}
            // Its story is found at the end of a long journal.
            Some(Seat::Label(label)) if label == "long" => {
                let found_after = 4 * IMPATIENCE;
                let _ = tokio::time::timeout(found_after, std::future::pending::<()>()).await;
            }
            Some(Seat::Label(label)) if label == "old" => return Err(Status::unimplemented("")),
            _ => return Err(refusal("seat_unknown")),
        }
        let held = SeatMoment {
            lsn: 2,
            at_millis: 1_795_244_014_250,
            cause: SeatCause::HoldPlaced.into(),
            became: SeatStatus::Held.into(),
            request_id: Bytes::from_static(&[1; 16]),
            hold_id: Bytes::from_static(&[2; 16]),
            buyer_id: "u1".into(),
            deadline_millis: Some(1_795_244_914_250),
            ..SeatMoment::default()
        };
        let expired = SeatMoment {
            lsn: 3,
            at_millis: 1_795_244_914_250,
            cause: SeatCause::HoldExpired.into(),
            became: SeatStatus::Available.into(),
            hold_id: Bytes::from_static(&[2; 16]),
            ..SeatMoment::default()
        };
        let moments = [held, expired];
        let kept = moments.len().saturating_sub(request.moments_max as usize);
        Ok(Response::new(SeatHistoryResponse {
            event_id: request.event_id,
            index: 0,
            label: "row A/seat 1".into(),
            status: SeatStatus::Available.into(),
            version: 3,
            moments: moments[kept..].to_vec(),
            is_cut: kept > 0,
        }))
    }

    async fn pipeline(
        &self,
        request: Request<Streaming<CommandBatch>>,
    ) -> Result<Response<Self::PipelineStream>, Status> {
        self.may_open.acquire().await.unwrap().forget();
        let (answers, receiver) = mpsc::channel(64);
        let stream = ServerStream { commands: request.into_inner(), answers };
        self.streams.send(stream).map_err(|_| Status::unavailable("the test is over"))?;
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn get_availability(
        &self,
        request: Request<GetAvailabilityRequest>,
    ) -> Result<Response<Availability>, Status> {
        self.availability_asked.fetch_add(1, Ordering::Relaxed);
        let asked = request.into_inner();
        let event_id = asked.event_id;
        assert_ne!(event_id, 13, "the secret of event 13");
        if event_id != 1 {
            return Err(refusal("event_unknown"));
        }
        let seats = Counts { available: 1, held: 1, allocated: 1, blocked: 0, capacity: 3 };
        let named = |is_asked: bool, name: &str| {
            let named = is_asked.then(|| NamedCounts { name: name.into(), counts: Some(seats) });
            named.into_iter().collect()
        };
        Ok(Response::new(Availability {
            event_id,
            version: 4,
            seats: Some(seats),
            places: Some(Counts { available: 7, capacity: 7, ..Counts::default() }),
            is_closed: true,
            sections: named(asked.by_section, ""),
            categories: named(asked.by_category, "best"),
            ticket_types: named(asked.by_ticket_type, "adult"),
            areas: named(asked.by_area, "Lawn"),
            available_seats: Bytes::from_static(if asked.by_seat { &[0b101] } else { &[] }),
        }))
    }

    async fn get_seat_map(
        &self,
        request: Request<GetSeatMapRequest>,
    ) -> Result<Response<SeatMap>, Status> {
        let GetSeatMapRequest { event_id, with_chart } = request.into_inner();
        if event_id != 1 {
            return Err(refusal("event_unknown"));
        }
        let mut map = SeatMap {
            event_id,
            version: 4,
            statuses: Bytes::from_static(&[1, 2, 3]),
            chart_hash: Bytes::from_static(&[0xcd; 32]),
            ..SeatMap::default()
        };
        if with_chart {
            self.charts_asked.fetch_add(1, Ordering::Relaxed);
            let seat = |label: &str| SeatInfo { label: label.into(), ..SeatInfo::default() };
            map.seats = ["A-1", "A-2", "A-3"].map(seat).into();
            map.categories = vec![CategoryInfo::default()];
        }
        Ok(Response::new(map))
    }

    async fn get_hold(&self, request: Request<GetHoldRequest>) -> Result<Response<Hold>, Status> {
        let GetHoldRequest { hold_id, buyer_id } = request.into_inner();
        if buyer_id.is_some_and(|buyer_id| buyer_id != "u1") {
            return Err(refusal("hold_unknown"));
        }
        Ok(Response::new(Hold {
            hold_id,
            event_id: 1,
            buyer_id: "u1".into(),
            state: HoldState::Live.into(),
            seats: vec![0],
            labels: vec!["A-1".into()],
            deadline_millis: 1_795_244_014_250,
            extensions_left: 2,
            ..Hold::default()
        }))
    }

    async fn place(&self, _: Request<PlaceRequest>) -> Result<Response<Placed>, Status> {
        Err(Status::unimplemented(PIPELINE_ONLY))
    }

    async fn extend(&self, _: Request<ExtendRequest>) -> Result<Response<Extended>, Status> {
        Err(Status::unimplemented(PIPELINE_ONLY))
    }

    async fn release(&self, _: Request<ReleaseRequest>) -> Result<Response<Released>, Status> {
        Err(Status::unimplemented(PIPELINE_ONLY))
    }

    async fn allocate(&self, _: Request<AllocateRequest>) -> Result<Response<Allocated>, Status> {
        Err(Status::unimplemented(PIPELINE_ONLY))
    }

    async fn r#return(&self, _: Request<ReturnRequest>) -> Result<Response<Returned>, Status> {
        Err(Status::unimplemented(PIPELINE_ONLY))
    }
}

#[tonic::async_trait]
impl InventoryAdmin for Admin {
    async fn close_event(
        &self,
        request: Request<CloseEventRequest>,
    ) -> Result<Response<Event>, Status> {
        let sure = request.metadata().get("holdfast-ack").cloned();
        let event = event(request.into_inner().event_id)?;
        let mut answer =
            Response::new(Event { closed_at_millis: Some(1_795_244_014_250), ..event });
        // As sure as is asked for.
        if let Some(sure) = sure {
            answer.metadata_mut().insert("holdfast-durability", sure);
        }
        Ok(answer)
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let ListEventsRequest { page_size, after_event_id } = request.into_inner();
        let after: Vec<u64> = (after_event_id + 1..=3).collect();
        let more = after.len() > page_size as usize;
        let events = after.into_iter().take(page_size as usize).map(event);
        let events = events.collect::<Result<_, _>>()?;
        Ok(Response::new(ListEventsResponse { events, more }))
    }

    async fn put_chart(
        &self,
        request: Request<PutChartRequest>,
    ) -> Result<Response<ChartSummary>, Status> {
        let PutChartRequest { content, format } = request.into_inner();
        if content.as_ref() != b"{}" {
            let mut details = ErrorDetails::with_bad_request_violation("row \"A\"", "is odd");
            details.set_error_info("chart_invalid", "holdfast", []);
            let code = Code::InvalidArgument;
            return Err(Status::with_error_details(code, "the chart has a mistake", details));
        }
        Ok(Response::new(ChartSummary {
            chart_hash: Bytes::from_static(&[0xab; 32]),
            name: format!("format {format}"),
            seats: 3,
            places: 7,
            warnings: vec!["a shape is not used".into()],
        }))
    }

    async fn create_event(
        &self,
        request: Request<CreateEventRequest>,
    ) -> Result<Response<Event>, Status> {
        let create = request.into_inner();
        Ok(Response::new(Event {
            event_id: create.event_id,
            name: create.name,
            chart_hash: create.chart_hash,
            rules: create.rules,
            ticket_types: create.ticket_types,
            ..Event::default()
        }))
    }

    async fn get_event(
        &self,
        request: Request<GetEventRequest>,
    ) -> Result<Response<Event>, Status> {
        event(request.into_inner().event_id).map(Response::new)
    }

    async fn block(&self, request: Request<BlockRequest>) -> Result<Response<Blocked>, Status> {
        let BlockRequest { event_id, seats, areas, .. } = request.into_inner();
        let labels = seats.unwrap_or_default().labels;
        Ok(Response::new(Blocked { event_id, labels, areas, ..Blocked::default() }))
    }

    async fn unblock(
        &self,
        request: Request<UnblockRequest>,
    ) -> Result<Response<Unblocked>, Status> {
        let UnblockRequest { event_id, seats, areas, .. } = request.into_inner();
        let labels = seats.unwrap_or_default().labels;
        Ok(Response::new(Unblocked { event_id, labels, areas, ..Unblocked::default() }))
    }

    async fn verify_event(
        &self,
        request: Request<VerifyEventRequest>,
    ) -> Result<Response<Verification>, Status> {
        let event_id = event(request.into_inner().event_id)?.event_id;
        let lawn = NamedCounts { name: "Lawn".into(), counts: Some(Counts::default()) };
        Ok(Response::new(Verification {
            event_id,
            lsn: 9,
            areas: vec![lawn],
            digest: Bytes::from_static(&[3; 16]),
            ..Verification::default()
        }))
    }
}

/// The events 1 to 3.
fn event(event_id: u64) -> Result<Event, Status> {
    if !(1..=3).contains(&event_id) {
        return Err(refusal("event_unknown"));
    }
    let rules = EventRules { sale_opens_at_millis: Some(0), ..EventRules::default() };
    Ok(Event {
        event_id,
        name: format!("Night {event_id}"),
        rules: Some(rules),
        ticket_types: vec![TicketType { key: "adult".into(), ..TicketType::default() }],
        places: Some(Counts { available: 7, capacity: 7, ..Counts::default() }),
        ..Event::default()
    })
}
