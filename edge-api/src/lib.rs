//! The thin HTTP gateway: REST in, the engine's gRPC out. It reads requests strictly, turns
//! idempotency keys into request ids, sends every change over a few pipelined streams, and says
//! in one form what went wrong. It decides nothing about seats and keeps nothing that matters:
//! any number of edges may stand before an engine, and each may be stopped at any time.
//!
//! **Invariant:** nothing here depends on the engine but through its contract, whether it is in
//! this process or not.

mod ack;
mod admin_calls;
mod admin_token;
mod app;
mod availability_cache;
pub mod engine;
mod extract;
#[cfg(test)]
mod fake_engine;
mod idle;
mod in_flight;
mod json_bytes;
mod limits;
mod live;
pub mod metric_names;
mod object;
mod pipeline;
mod problem;
mod rate_limits;
mod reads;
mod redis_link;
mod request_id;
mod routes;
mod seat_map;
#[cfg(test)]
mod serve_tests;
mod server;
mod throttle;
mod timestamp;
mod values;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use crate::admin_token::AdminToken;
use crate::app::App;
use crate::engine::EngineService;
pub use crate::limits::TRUSTED_PROXIES_MAX;
pub use crate::metric_names::describe_metrics;
pub use crate::rate_limits::{RateLimit, RateLimitError, RateLimitRules};
pub use crate::redis_link::{RedisAddress, RedisAddressError};
use crate::server::Patience;

/// What an operator may change.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// Bytes of a request's body; 64 KiB.
    pub body_bytes_max: usize,
    /// How long a caller waits at most, once for the body to arrive and once for the engine's
    /// answer; 5 seconds. A seat's history may take a minute.
    pub request_timeout: Duration,
    /// Commands that wait for the engine at once; 8,192. Beyond it callers are refused at once.
    pub commands_in_flight_max: usize,
    /// Reads that wait for the engine at once; 1,024. Beyond it callers are refused at once.
    pub reads_in_flight_max: usize,
    /// Streams to the engine; 2. At least one is opened.
    pub pipeline_streams: usize,
    /// How long requests that are in flight may take when the edge stops; 10 seconds.
    pub drain_timeout: Duration,
    /// What organizers' requests have to show; none: nobody may do what organizers do.
    pub admin_token: Option<AdminToken>,
    /// How often whom and what may be asked; nothing is limited.
    pub rate_limits: RateLimitRules,
    /// How many proxies in front write `X-Forwarded-For`, each adding whom it was asked by; none:
    /// the header is not believed. At most [`TRUSTED_PROXIES_MAX`].
    pub trusted_proxies: u8,
    /// Where edges share limits and answers; none: each is alone.
    pub redis: Option<RedisAddress>,
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self {
            body_bytes_max: limits::BODY_BYTES_MAX_DEFAULT,
            request_timeout: limits::REQUEST_TIMEOUT_DEFAULT,
            commands_in_flight_max: limits::COMMANDS_IN_FLIGHT_MAX_DEFAULT,
            reads_in_flight_max: limits::READS_IN_FLIGHT_MAX_DEFAULT,
            pipeline_streams: limits::PIPELINE_STREAMS_DEFAULT,
            drain_timeout: limits::DRAIN_TIMEOUT_DEFAULT,
            admin_token: None,
            rate_limits: RateLimitRules::default(),
            trusted_proxies: 0,
            redis: None,
        }
    }
}

/// An edge before one engine.
pub struct Edge {
    app: Arc<App>,
}

impl Edge {
    /// Opens the streams to the engine, which need not be there yet. Must be called within a
    /// tokio runtime, and after the metrics recorder was installed, if there is to be one.
    /// `metrics` is what `/metrics` shows; without it that path does not exist.
    pub fn new(
        options: EdgeOptions,
        engine: EngineService,
        metrics: Option<PrometheusHandle>,
    ) -> Self {
        Self { app: Arc::new(App::new(options, engine, metrics)) }
    }

    /// The API as a service, to be served by others or merged with other routes. Limits by address
    /// need axum's `ConnectInfo` then, and count all callers as one without it.
    pub fn router(&self) -> Router {
        routes::router(&self.app)
    }

    /// Serves until `shutdown`; then takes no new connections, answers what is in flight, and
    /// returns when that is done or its time is over.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) {
        let _upkeep = self.app.metrics.clone().map(keep_metrics_tidy);
        let (app, told) = (Arc::clone(&self.app), shutdown.clone());
        // Ready no more at once, even while the accepting half is busy.
        let _stopping = AbortOnDropHandle::new(tokio::spawn(async move {
            told.cancelled().await;
            app.stop();
        }));
        let patience = Patience::with_drain(self.app.options.drain_timeout);
        server::serve(listener, self.router(), shutdown, patience).await;
    }
}

/// The recorder's histograms grow until somebody empties them into their buckets, which scrapes
/// do; this does it where nobody scrapes.
fn keep_metrics_tidy(handle: PrometheusHandle) -> AbortOnDropHandle<()> {
    const EVERY: Duration = Duration::from_secs(5);
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tick.tick().await;
            handle.run_upkeep();
        }
    }))
}
