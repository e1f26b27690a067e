//! The engine's service, answered at once: a unary call with its reply, a message of a stream
//! with a message of as many answers. Behind the same server settings as the engine's.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use inventory_engine::limits::{ANSWER_BYTES_MAX, CONNECTION_STREAMS_MAX, REQUEST_BYTES_MAX};
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::inventory_server::{Inventory, InventoryServer};
use proto::inventory::v1::place_request::Selection;
use proto::inventory::v1::{self, Answer, AnswerBatch};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use super::{DEADLINE_MILLIS, ID, LABELS, LSN, SEATS};

/// As the engine's.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Serves for as long as it is polled.
///
/// # Errors
/// If the transport fails.
pub async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    let inventory = InventoryServer::new(NoOp)
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(ANSWER_BYTES_MAX);
    Server::builder()
        .max_concurrent_streams(CONNECTION_STREAMS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .add_service(inventory)
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

#[derive(Clone, Copy, Debug)]
struct NoOp;

fn labels() -> Vec<String> {
    LABELS.map(str::to_owned).to_vec()
}

fn placed(request: v1::PlaceRequest) -> v1::Placed {
    let seats = match request.selection {
        Some(Selection::Seats(seats)) => seats.indexes,
        _ => SEATS.to_vec(),
    };
    v1::Placed {
        hold_id: Bytes::from_static(&ID),
        event_id: request.event_id,
        seats,
        labels: labels(),
        deadline_millis: DEADLINE_MILLIS,
        lsn: LSN,
        ..v1::Placed::default()
    }
}

fn allocated(request: v1::AllocateRequest) -> v1::Allocated {
    v1::Allocated {
        hold_id: request.hold_id,
        allocation_id: Bytes::from_static(&ID),
        event_id: crate::client::asks::FIRST_EVENT_ID,
        seats: SEATS.to_vec(),
        labels: labels(),
        lsn: LSN,
        ..v1::Allocated::default()
    }
}

fn released(request: v1::ReleaseRequest) -> v1::Released {
    v1::Released {
        hold_id: request.hold_id,
        seats: SEATS.to_vec(),
        labels: labels(),
        lsn: LSN,
        ..v1::Released::default()
    }
}

fn answer(command: v1::Command) -> Answer {
    let outcome = match command.verb {
        Some(Verb::Place(request)) => Some(Outcome::Placed(placed(request))),
        Some(Verb::Allocate(request)) => Some(Outcome::Allocated(allocated(request))),
        Some(Verb::Release(request)) => Some(Outcome::Released(released(request))),
        _ => None,
    };
    Answer { correlation_id: command.correlation_id, outcome, ..Answer::default() }
}

fn answers(batch: v1::CommandBatch) -> AnswerBatch {
    batch.commands.into_iter().map(answer).collect::<Vec<_>>().into()
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("a limit only places, allocates and releases"))
}

#[tonic::async_trait]
impl Inventory for NoOp {
    type PipelineStream = Answers<AnswerBatch>;

    type WatchEventStream = Answers<v1::EventUpdate>;

    async fn place(
        &self,
        request: Request<v1::PlaceRequest>,
    ) -> Result<Response<v1::Placed>, Status> {
        Ok(Response::new(placed(request.into_inner())))
    }

    async fn allocate(
        &self,
        request: Request<v1::AllocateRequest>,
    ) -> Result<Response<v1::Allocated>, Status> {
        Ok(Response::new(allocated(request.into_inner())))
    }

    async fn release(
        &self,
        request: Request<v1::ReleaseRequest>,
    ) -> Result<Response<v1::Released>, Status> {
        Ok(Response::new(released(request.into_inner())))
    }

    async fn pipeline(
        &self,
        request: Request<Streaming<v1::CommandBatch>>,
    ) -> Result<Response<Self::PipelineStream>, Status> {
        let answered = request.into_inner().map(|batch| batch.map(answers));
        Ok(Response::new(Box::pin(answered)))
    }

    async fn extend(
        &self,
        _: Request<v1::ExtendRequest>,
    ) -> Result<Response<v1::Extended>, Status> {
        not_here()
    }

    async fn r#return(
        &self,
        _: Request<v1::ReturnRequest>,
    ) -> Result<Response<v1::Returned>, Status> {
        not_here()
    }

    async fn get_availability(
        &self,
        _: Request<v1::GetAvailabilityRequest>,
    ) -> Result<Response<v1::Availability>, Status> {
        not_here()
    }

    async fn get_seat_map(
        &self,
        _: Request<v1::GetSeatMapRequest>,
    ) -> Result<Response<v1::SeatMap>, Status> {
        not_here()
    }

    async fn get_hold(&self, _: Request<v1::GetHoldRequest>) -> Result<Response<v1::Hold>, Status> {
        not_here()
    }

    async fn watch_event(
        &self,
        _: Request<v1::WatchEventRequest>,
    ) -> Result<Response<Self::WatchEventStream>, Status> {
        not_here()
    }

    async fn seat_history(
        &self,
        _: Request<v1::SeatHistoryRequest>,
    ) -> Result<Response<v1::SeatHistoryResponse>, Status> {
        not_here()
    }
}
