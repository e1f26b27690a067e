//! Organizers' changes: unary calls to the engine, bounded in number and time. They do not share
//! the buyers' streams, since one of them may be as long as a thousand of theirs.

use std::future::Future;
use std::time::Duration;

use metrics::{Gauge, gauge};
use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::{
    Ack, BlockRequest, Blocked, ChartSummary, CloseEventRequest, CreateEventRequest, Event,
    PutChartRequest, UnblockRequest, Unblocked,
};
use tonic::{Request, Response, Status};

use crate::ack::{Durable, ask_for, durability_in};
use crate::engine::EngineService;
use crate::in_flight::{InFlightLimit, Permit};
use crate::limits::{ADMIN_CALLS_IN_FLIGHT_MAX, CHART_TIMEOUT, CHARTS_IN_FLIGHT_MAX};
use crate::metric_names;
use crate::problem::Problem;

pub(crate) struct AdminCalls {
    client: InventoryAdminClient<EngineService>,
    limit: InFlightLimit,
    charts: InFlightLimit,
    timeout: Duration,
}

impl AdminCalls {
    pub(crate) fn new(engine: EngineService, timeout: Duration) -> Self {
        let in_flight = gauge!(metric_names::ADMIN_CALLS_IN_FLIGHT);
        Self {
            client: InventoryAdminClient::new(engine),
            limit: InFlightLimit::new(ADMIN_CALLS_IN_FLIGHT_MAX, in_flight),
            charts: InFlightLimit::new(CHARTS_IN_FLIGHT_MAX, Gauge::noop()),
            timeout,
        }
    }

    /// A place for one chart, to be taken before its body is read and kept to the end.
    pub(crate) fn room_for_a_chart(&self) -> Result<Permit, Problem> {
        self.charts.try_acquire().ok_or_else(Problem::too_many_waiting)
    }

    /// Stores a chart.
    pub(crate) async fn put_chart(&self, chart: PutChartRequest) -> Result<ChartSummary, Problem> {
        let mut client = self.client.clone();
        let asked = request(chart, Ack::Unspecified, CHART_TIMEOUT);
        let stored = self.bounded(CHART_TIMEOUT, client.put_chart(asked)).await?;
        Ok(stored.reply)
    }

    /// Puts an event on sale.
    pub(crate) async fn create_event(
        &self,
        event: CreateEventRequest,
        ack: Ack,
    ) -> Result<Durable<Event>, Problem> {
        let mut client = self.client.clone();
        let asked = request(event, ack, self.timeout);
        self.bounded(self.timeout, client.create_event(asked)).await
    }

    /// Ends an event's sale for good.
    pub(crate) async fn close_event(
        &self,
        event: CloseEventRequest,
        ack: Ack,
    ) -> Result<Durable<Event>, Problem> {
        let mut client = self.client.clone();
        let asked = request(event, ack, self.timeout);
        self.bounded(self.timeout, client.close_event(asked)).await
    }

    /// Takes seats and places off sale.
    pub(crate) async fn block(
        &self,
        block: BlockRequest,
        ack: Ack,
    ) -> Result<Durable<Blocked>, Problem> {
        let mut client = self.client.clone();
        let asked = request(block, ack, self.timeout);
        self.bounded(self.timeout, client.block(asked)).await
    }

    /// Puts blocked seats and places back on sale.
    pub(crate) async fn unblock(
        &self,
        unblock: UnblockRequest,
        ack: Ack,
    ) -> Result<Durable<Unblocked>, Problem> {
        let mut client = self.client.clone();
        let asked = request(unblock, ack, self.timeout);
        self.bounded(self.timeout, client.unblock(asked)).await
    }

    async fn bounded<T>(
        &self,
        timeout: Duration,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<Durable<T>, Problem> {
        let _permit = self.limit.try_acquire().ok_or_else(Problem::too_many_waiting)?;
        match tokio::time::timeout(timeout, call).await {
            Ok(Ok(answer)) => {
                let durability = durability_in(answer.metadata());
                Ok(Durable { durability, reply: answer.into_inner() })
            }
            Ok(Err(status)) => Err(Problem::of_change(&status)),
            Err(_) => Err(Problem::outcome_unknown()),
        }
    }
}

/// A request that tells the engine how long its answer is wanted, and what it is to wait for.
fn request<T>(message: T, ack: Ack, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    ask_for(ack, request.metadata_mut());
    request.set_timeout(timeout);
    request
}
