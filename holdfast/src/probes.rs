//! What an engine of its own serves for probes and scrapers, from before it has recovered: health
//! in the words that the edge uses, and metrics.
//!
//! Must always hold: 'live' needs nothing but this process; 'ready' is what the engine says.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use inventory_engine::readiness::{Phase, Readiness};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

/// The paths, as the edge has them too.
pub(crate) fn router(readiness: Readiness, metrics: PrometheusHandle) -> Router {
    let show = move || {
        let metrics = metrics.clone();
        async move {
            let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (content_type, metrics.render())
        }
    };
    Router::new()
        .route("/health/live", get(async || Json(json!({ "status": "live" }))))
        .route("/health", get(ready))
        .route("/health/ready", get(ready))
        .route("/actuator/health", get(ready))
        .route("/metrics", get(show.clone()))
        .route("/actuator/prometheus", get(show))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    let phase = readiness.phase();
    let word = phase.name();
    let (status, body) = match phase {
        Phase::Ready => (StatusCode::OK, json!({ "status": word })),
        Phase::Leaving => (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": word })),
        Phase::Recovering(progress) => {
            let body = json!({
                "status": word,
                "bytesTotal": progress.bytes_total(),
                "bytesRead": progress.bytes_read(),
                "factsApplied": progress.facts(),
            });
            (StatusCode::SERVICE_UNAVAILABLE, body)
        }
        Phase::Stopped(reason) => {
            let body = json!({ "status": word, "reason": reason.summary() });
            (StatusCode::SERVICE_UNAVAILABLE, body)
        }
    };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
