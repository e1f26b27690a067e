//! The contract in front of the naive office: what the simulator asks for, and no more.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use proto::inventory::v1::inventory_admin_server::InventoryAdmin;
use proto::inventory::v1::inventory_server::Inventory;
use proto::inventory::v1::*;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use super::office::Office;

/// A time in which nothing is answered, counted from the first command.
#[derive(Clone, Default)]
pub(crate) struct Freeze {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
    first: Arc<OnceLock<Instant>>,
}

impl Freeze {
    pub(crate) fn between(from: Duration, until: Duration) -> Self {
        Self { from, until, first: Arc::default() }
    }

    async fn wait(&self) {
        let first = *self.first.get_or_init(Instant::now);
        if first.elapsed() >= self.from {
            tokio::time::sleep_until((first + self.until).into()).await;
        }
    }
}

#[derive(Clone)]
pub(super) struct Service {
    pub(super) office: Arc<Mutex<Office>>,
    pub(super) batch_pause: Duration,
    pub(super) freeze: Freeze,
}

impl Service {
    fn office(&self) -> MutexGuard<'_, Office> {
        let mut office = self.office.lock().unwrap();
        office.turn_clock();
        office
    }

    fn answer(&self, batch: CommandBatch) -> AnswerBatch {
        let mut office = self.office();
        let answers = batch.commands.into_iter().map(|command| Answer {
            correlation_id: command.correlation_id,
            outcome: command.verb.map(|verb| office.decide(verb)),
            durability: 0,
        });
        answers.collect::<Vec<_>>().into()
    }
}

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("the naive office does not do this"))
}

#[tonic::async_trait]
impl Inventory for Service {
    type PipelineStream = Pin<Box<dyn Stream<Item = Result<AnswerBatch, Status>> + Send>>;
    type WatchEventStream = Pin<Box<dyn Stream<Item = Result<EventUpdate, Status>> + Send>>;

    async fn watch_event(
        &self,
        _: Request<WatchEventRequest>,
    ) -> Result<Response<Self::WatchEventStream>, Status> {
        not_here()
    }

    async fn seat_history(
        &self,
        _: Request<SeatHistoryRequest>,
    ) -> Result<Response<SeatHistoryResponse>, Status> {
        not_here()
    }

    async fn pipeline(
        &self,
        request: Request<Streaming<CommandBatch>>,
    ) -> Result<Response<Self::PipelineStream>, Status> {
        let service = self.clone();
        let answers = request.into_inner().then(move |batch| {
            let service = service.clone();
            async move {
                let batch = batch?;
                tokio::time::sleep(service.batch_pause).await;
                service.freeze.wait().await;
                Ok(service.answer(batch))
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_availability(
        &self,
        _: Request<GetAvailabilityRequest>,
    ) -> Result<Response<Availability>, Status> {
        let office = self.office();
        let types = office.venue.ticket_types.iter().enumerate();
        let types = types.map(|(of, (key, _))| NamedCounts {
            name: (*key).to_owned(),
            counts: Some(office.type_counts(of)),
        });
        Ok(Response::new(Availability {
            event_id: 1,
            version: 1,
            seats: Some(office.counts()),
            places: Some(office.places()),
            ticket_types: types.collect(),
            ..Availability::default()
        }))
    }

    async fn get_seat_map(
        &self,
        request: Request<GetSeatMapRequest>,
    ) -> Result<Response<SeatMap>, Status> {
        let office = self.office();
        let statuses = office.statuses.iter().map(|status| *status as u8).collect();
        let seats = if request.get_ref().with_chart { office.statuses.len() } else { 0 };
        let seats = (0..seats).map(|seat| office.venue.seat_info(seat)).collect();
        let areas = office.venue.areas.iter().enumerate().map(|(area, (label, _))| AreaInfo {
            label: (*label).to_owned(),
            counts: Some(office.area_counts(area)),
            ..AreaInfo::default()
        });
        let areas = areas.collect();
        Ok(Response::new(SeatMap { event_id: 1, statuses, seats, areas, ..SeatMap::default() }))
    }

    async fn get_hold(&self, request: Request<GetHoldRequest>) -> Result<Response<Hold>, Status> {
        let hold_id = request.into_inner().hold_id;
        let office = self.office();
        let hold = office.holds.get(&hold_id).ok_or_else(|| Status::not_found("no such hold"))?;
        Ok(Response::new(Hold {
            hold_id,
            event_id: 1,
            buyer_id: hold.buyer.clone(),
            state: HoldState::Live.into(),
            seats: hold.spots.indexes(),
            labels: Vec::new(),
            deadline_millis: hold.deadline,
            extensions_left: 0,
            ticket_types: office.venue.keys(&hold.spots),
            areas: office.venue.places(&hold.spots),
        }))
    }

    async fn place(&self, _: Request<PlaceRequest>) -> Result<Response<Placed>, Status> {
        not_here()
    }

    async fn extend(&self, _: Request<ExtendRequest>) -> Result<Response<Extended>, Status> {
        not_here()
    }

    async fn release(&self, _: Request<ReleaseRequest>) -> Result<Response<Released>, Status> {
        not_here()
    }

    async fn allocate(&self, _: Request<AllocateRequest>) -> Result<Response<Allocated>, Status> {
        not_here()
    }

    async fn r#return(&self, _: Request<ReturnRequest>) -> Result<Response<Returned>, Status> {
        not_here()
    }
}

#[tonic::async_trait]
impl InventoryAdmin for Service {
    async fn close_event(&self, _: Request<CloseEventRequest>) -> Result<Response<Event>, Status> {
        not_here()
    }

    async fn verify_event(
        &self,
        _: Request<VerifyEventRequest>,
    ) -> Result<Response<Verification>, Status> {
        Ok(Response::new(Verification { event_id: 1, ..Verification::default() }))
    }

    async fn put_chart(
        &self,
        _: Request<PutChartRequest>,
    ) -> Result<Response<ChartSummary>, Status> {
        not_here()
    }

    async fn create_event(
        &self,
        _: Request<CreateEventRequest>,
    ) -> Result<Response<Event>, Status> {
        not_here()
    }

    async fn list_events(
        &self,
        _: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        not_here()
    }

    async fn get_event(&self, _: Request<GetEventRequest>) -> Result<Response<Event>, Status> {
        let office = self.office();
        let types = office.venue.ticket_types.iter().map(|(key, quota)| TicketType {
            key: (*key).to_owned(),
            quota: *quota,
            ..TicketType::default()
        });
        let ticket_types = types.collect();
        Ok(Response::new(Event { event_id: 1, ticket_types, ..Event::default() }))
    }

    async fn block(&self, _: Request<BlockRequest>) -> Result<Response<Blocked>, Status> {
        not_here()
    }

    async fn unblock(&self, _: Request<UnblockRequest>) -> Result<Response<Unblocked>, Status> {
        not_here()
    }
}
