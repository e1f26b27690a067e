//! Reads: unary calls to the engine, bounded in number and time. A read changes nothing, so
//! every failure of one may be tried again.

use std::future::Future;
use std::time::Duration;

use metrics::gauge;
use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::inventory_client::InventoryClient;
use proto::inventory::v1::{
    Availability, Event, GetAvailabilityRequest, GetEventRequest, GetHoldRequest,
    GetSeatMapRequest, Hold, ListEventsRequest, ListEventsResponse, SeatHistoryRequest,
    SeatHistoryResponse, SeatMap, Verification, VerifyEventRequest,
};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::engine::EngineService;
use crate::in_flight::InFlightLimit;
use crate::limits::{HISTORY_TIMEOUT, READY_TIMEOUT, SEAT_MAP_BYTES_MAX};
use crate::metric_names;
use crate::problem::Problem;
use crate::values::{EventId, HoldId};

/// What an engine says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum EngineState {
    /// Callers may be sent to it.
    Ready,
    /// It reads what it knows, and is so far.
    Recovering {
        /// What is to be read; 0 as long as that is not known.
        bytes_total: u64,
        /// What was read.
        bytes_read: u64,
        /// What was applied.
        facts: u64,
    },
    /// It was told to stop.
    Leaving,
    /// It has stopped by itself.
    Stopped {
        /// Why.
        cause: String,
    },
    /// It does not answer.
    Unavailable,
}

impl EngineState {
    /// By what an engine says that takes no calls.
    fn of(status: &Status) -> Self {
        let Some(info) = status.get_details_error_info() else { return Self::Unavailable };
        let number =
            |name| info.metadata.get(name).and_then(|text| text.parse().ok()).unwrap_or_default();
        match info.reason.as_str() {
            "recovering" => Self::Recovering {
                bytes_total: number("bytes_total"),
                bytes_read: number("bytes_read"),
                facts: number("facts"),
            },
            "leaving" | "shutting_down" => Self::Leaving,
            "stopped" => {
                Self::Stopped { cause: info.metadata.get("cause").cloned().unwrap_or_default() }
            }
            _ => Self::Unavailable,
        }
    }
}

/// Whether an engine refuses calls because it is not there yet.
pub(crate) fn is_recovering(status: &Status) -> bool {
    matches!(EngineState::of(status), EngineState::Recovering { .. })
}

pub(crate) struct Reads {
    engine: EngineService,
    limit: InFlightLimit,
    timeout: Duration,
}

impl Reads {
    pub(crate) fn new(engine: EngineService, in_flight_max: usize, timeout: Duration) -> Self {
        let limit = InFlightLimit::new(in_flight_max, gauge!(metric_names::READS_IN_FLIGHT));
        Self { engine, limit, timeout }
    }

    /// How many seats and places of an event are in which state.
    pub(crate) async fn availability(
        &self,
        asked: GetAvailabilityRequest,
    ) -> Result<Availability, Problem> {
        let request = self.request(asked);
        // By section, category and area of the largest chart.
        let mut client =
            InventoryClient::new(self.engine.clone()).max_decoding_message_size(SEAT_MAP_BYTES_MAX);
        self.bounded(client.get_availability(request)).await
    }

    /// The state of each seat of an event; with its labels if `with_chart`.
    pub(crate) async fn seat_map(
        &self,
        event_id: EventId,
        with_chart: bool,
    ) -> Result<SeatMap, Problem> {
        let request = self.request(GetSeatMapRequest { event_id: event_id.0, with_chart });
        let mut client =
            InventoryClient::new(self.engine.clone()).max_decoding_message_size(SEAT_MAP_BYTES_MAX);
        self.bounded(client.get_seat_map(request)).await
    }

    /// A hold; with a buyer, only if it is theirs.
    pub(crate) async fn hold(
        &self,
        hold_id: HoldId,
        buyer_id: Option<String>,
    ) -> Result<Hold, Problem> {
        let request = self.request(GetHoldRequest { hold_id: hold_id.0, buyer_id });
        let mut client = InventoryClient::new(self.engine.clone());
        self.bounded(client.get_hold(request)).await
    }

    /// What happened to a seat. The engine looks for it in its whole journal.
    pub(crate) async fn seat_history(
        &self,
        asked: SeatHistoryRequest,
    ) -> Result<SeatHistoryResponse, Problem> {
        let patience = self.timeout.max(HISTORY_TIMEOUT);
        let mut request = Request::new(asked);
        request.set_timeout(patience);
        let mut client =
            InventoryClient::new(self.engine.clone()).max_decoding_message_size(SEAT_MAP_BYTES_MAX);
        self.bounded_by(patience, client.seat_history(request)).await
    }

    /// One event.
    pub(crate) async fn event(&self, event_id: EventId) -> Result<Event, Problem> {
        let request = self.request(GetEventRequest { event_id: event_id.0 });
        let mut client = InventoryAdminClient::new(self.engine.clone());
        self.bounded(client.get_event(request)).await
    }

    /// An event held against itself.
    pub(crate) async fn verification(&self, event_id: EventId) -> Result<Verification, Problem> {
        let request = self.request(VerifyEventRequest { event_id: event_id.0 });
        let mut client = InventoryAdminClient::new(self.engine.clone())
            .max_decoding_message_size(SEAT_MAP_BYTES_MAX);
        self.bounded(client.verify_event(request)).await
    }

    /// A page of events.
    pub(crate) async fn events(
        &self,
        page_size: u32,
        after_event_id: u64,
    ) -> Result<ListEventsResponse, Problem> {
        let request = self.request(ListEventsRequest { page_size, after_event_id });
        let mut client = InventoryAdminClient::new(self.engine.clone())
            .max_decoding_message_size(SEAT_MAP_BYTES_MAX);
        self.bounded(client.list_events(request)).await
    }

    /// What the engine says of itself. Its health service says whether it serves; one that does
    /// not, or has no health service, is asked for something cheap, for that says why.
    pub(crate) async fn engine_state(&self) -> EngineState {
        let asking = async {
            let mut health = HealthClient::new(self.engine.clone());
            let request = HealthCheckRequest { service: String::new() };
            let is_serving = match health.check(request).await {
                Ok(answer) => answer.into_inner().status() == ServingStatus::Serving,
                Err(status) if status.code() == Code::Unimplemented => true,
                Err(_) => return EngineState::Unavailable,
            };
            let mut client = InventoryAdminClient::new(self.engine.clone());
            let first = ListEventsRequest { page_size: 1, after_event_id: 0 };
            match client.list_events(first).await {
                Ok(_) if is_serving => EngineState::Ready,
                // It still answers, and wants nobody new.
                Ok(_) => EngineState::Leaving,
                Err(status) => EngineState::of(&status),
            }
        };
        tokio::time::timeout(READY_TIMEOUT, asking).await.unwrap_or(EngineState::Unavailable)
    }

    /// A request that tells a remote engine how long its answer is wanted.
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }

    async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Problem> {
        self.bounded_by(self.timeout, call).await
    }

    async fn bounded_by<T>(
        &self,
        patience: Duration,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Problem> {
        let _permit = self.limit.try_acquire().ok_or_else(Problem::too_many_waiting)?;
        match tokio::time::timeout(patience, call).await {
            Ok(answer) => Ok(answer?.into_inner()),
            Err(_) => Err(Status::deadline_exceeded("no answer in time").into()),
        }
    }
}
