//! What all requests share: the options, the ways to the engine, and the charts that are kept
//! ready. Made once; nothing in it is behind a lock that a request holds while it waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use metrics_exporter_prometheus::PrometheusHandle;

use crate::EdgeOptions;
use crate::admin_calls::AdminCalls;
use crate::availability_cache::AvailabilityCache;
use crate::engine::EngineService;
use crate::live::Live;
use crate::pipeline::Pipeline;
use crate::rate_limits::RateLimits;
use crate::reads::Reads;
use crate::redis_link::RedisLink;
use crate::seat_map::ChartCache;

pub(crate) struct App {
    pub(crate) options: EdgeOptions,
    pub(crate) pipeline: Pipeline,
    pub(crate) reads: Reads,
    pub(crate) admin: AdminCalls,
    pub(crate) charts: ChartCache,
    pub(crate) live: Live,
    pub(crate) rate_limits: RateLimits,
    pub(crate) availability: AvailabilityCache,
    pub(crate) metrics: Option<PrometheusHandle>,
    stopping: AtomicBool,
}

impl App {
    /// Must be called within a tokio runtime: it starts the pipeline's workers.
    pub(crate) fn new(
        options: EdgeOptions,
        engine: EngineService,
        metrics: Option<PrometheusHandle>,
    ) -> Self {
        let pipeline = Pipeline::start(
            &engine,
            options.pipeline_streams,
            options.commands_in_flight_max,
            options.request_timeout,
        );
        let admin = AdminCalls::new(engine.clone(), options.request_timeout);
        let live = Live::new(engine.clone(), options.request_timeout);
        let reads = Reads::new(engine, options.reads_in_flight_max, options.request_timeout);
        let charts = ChartCache::default();
        let redis = options.redis.as_ref().map(|address| Arc::new(RedisLink::open(address)));
        let rate_limits = RateLimits::new(options.rate_limits, redis.clone());
        let availability = AvailabilityCache::new(redis);
        Self {
            options,
            pipeline,
            reads,
            admin,
            charts,
            live,
            rate_limits,
            availability,
            metrics,
            stopping: AtomicBool::new(false),
        }
    }

    /// From now on the edge is not ready for new callers, and who only listens is sent away.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.live.stop();
    }

    /// Whether it is going down.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
