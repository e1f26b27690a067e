//! The `Inventory` service: what buyers' services call.

use std::pin::Pin;

use proto::inventory::v1::inventory_server::Inventory;
use proto::inventory::v1::{self, answer::Outcome};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::answer::{Answer, Failure, Invalid};
use crate::ask::{Ask, Query};
use crate::bounded_work::{BoundedWork, Lost};
use crate::engine::Handle;
use crate::grpc::terms::{Terms, give_up_at, respond};
use crate::grpc::{answers, reads, requests, seat_history, status, stream, watch};
use crate::limits::CHART_MAPS_MAX;

/// The service over an engine.
#[derive(Clone)]
pub(crate) struct InventoryService {
    engine: Handle,
    chart_maps: BoundedWork,
    watch_places: watch::Places,
}

impl InventoryService {
    pub(crate) fn new(engine: Handle) -> Self {
        let chart_maps = BoundedWork::new(CHART_MAPS_MAX);
        Self { engine, chart_maps, watch_places: watch::Places::default() }
    }
}

#[tonic::async_trait]
impl Inventory for InventoryService {
    type PipelineStream = Pin<Box<dyn Stream<Item = Result<v1::AnswerBatch, Status>> + Send>>;

    type WatchEventStream = Pin<Box<dyn Stream<Item = Result<v1::EventUpdate, Status>> + Send>>;

    async fn watch_event(
        &self,
        request: Request<v1::WatchEventRequest>,
    ) -> Result<Response<Self::WatchEventStream>, Status> {
        let updates = watch::serve(&self.engine, &self.watch_places, request.get_ref())?;
        Ok(Response::new(Box::pin(updates)))
    }

    async fn seat_history(
        &self,
        request: Request<v1::SeatHistoryRequest>,
    ) -> Result<Response<v1::SeatHistoryResponse>, Status> {
        seat_history::answer(&self.engine, request.into_inner()).await.map(Response::new)
    }

    async fn place(
        &self,
        request: Request<v1::PlaceRequest>,
    ) -> Result<Response<v1::Placed>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let ask = requests::place(self.engine.directory(), request.into_inner());
        let settled = terms.call(&self.engine, ask).await?;
        match settled.outcome {
            Outcome::Placed(answer) => Ok(respond(answer, settled.durability)),
            _ => Err(status::of_mismatch()),
        }
    }

    async fn extend(
        &self,
        request: Request<v1::ExtendRequest>,
    ) -> Result<Response<v1::Extended>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let ask = requests::extend(request.get_ref());
        let settled = terms.call(&self.engine, ask).await?;
        match settled.outcome {
            Outcome::Extended(answer) => Ok(respond(answer, settled.durability)),
            _ => Err(status::of_mismatch()),
        }
    }

    async fn release(
        &self,
        request: Request<v1::ReleaseRequest>,
    ) -> Result<Response<v1::Released>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let ask = requests::release(request.into_inner());
        let settled = terms.call(&self.engine, ask).await?;
        match settled.outcome {
            Outcome::Released(answer) => Ok(respond(answer, settled.durability)),
            _ => Err(status::of_mismatch()),
        }
    }

    async fn allocate(
        &self,
        request: Request<v1::AllocateRequest>,
    ) -> Result<Response<v1::Allocated>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let ask = requests::allocate(request.into_inner());
        let settled = terms.call(&self.engine, ask).await?;
        match settled.outcome {
            Outcome::Allocated(answer) => Ok(respond(answer, settled.durability)),
            _ => Err(status::of_mismatch()),
        }
    }

    async fn r#return(
        &self,
        request: Request<v1::ReturnRequest>,
    ) -> Result<Response<v1::Returned>, Status> {
        let terms = Terms::of(&self.engine, request.metadata())?;
        let ask = requests::give_back(request.into_inner());
        let settled = terms.call(&self.engine, ask).await?;
        match settled.outcome {
            Outcome::Returned(answer) => Ok(respond(answer, settled.durability)),
            _ => Err(status::of_mismatch()),
        }
    }

    async fn pipeline(
        &self,
        request: Request<Streaming<v1::CommandBatch>>,
    ) -> Result<Response<Self::PipelineStream>, Status> {
        let answers = stream::serve(self.engine.clone(), request.into_inner());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_availability(
        &self,
        request: Request<v1::GetAvailabilityRequest>,
    ) -> Result<Response<v1::Availability>, Status> {
        let request = request.into_inner();
        let event = reads::event(&self.engine, request.event_id)?;
        Ok(Response::new(reads::availability(&event, &request)))
    }

    async fn get_seat_map(
        &self,
        request: Request<v1::GetSeatMapRequest>,
    ) -> Result<Response<v1::SeatMap>, Status> {
        let request = request.into_inner();
        let event = reads::event(&self.engine, request.event_id)?;
        if !request.with_chart {
            return Ok(Response::new(reads::seat_map(&event)));
        }
        // A map of a large chart takes time and memory.
        let map = self.chart_maps.block(move || reads::seat_map_with_chart(&event)).await;
        map.map(Response::new).map_err(|Lost| status::of_failure(&Failure::ShuttingDown))
    }

    async fn get_hold(
        &self,
        request: Request<v1::GetHoldRequest>,
    ) -> Result<Response<v1::Hold>, Status> {
        let give_up_at = give_up_at(request.metadata());
        let request = request.into_inner();
        let of_invalid = |invalid: Invalid| status::of_failure(&invalid.into());
        let hold_id = requests::hold_id(&request.hold_id).map_err(of_invalid)?;
        let buyer_id = requests::optional_buyer_id(request.buyer_id.as_deref());
        let buyer_id = buyer_id.map_err(of_invalid)?;
        let query = Ask::Query(Query::Hold { hold_id, buyer_id });
        match self.engine.ask(query, give_up_at).await {
            Ok(Answer::Hold(Some(report))) => Ok(Response::new(answers::hold(&report))),
            Ok(Answer::Hold(None)) => {
                Err(reads::not_found("hold_unknown", "there is no such hold"))
            }
            Ok(_) => Err(status::of_mismatch()),
            Err(failure) => Err(status::of_failure(&failure)),
        }
    }
}
