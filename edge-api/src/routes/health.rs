//! What probes and scrapers ask. Alive says that this process answers; ready says that callers
//! may be sent here, which needs the engine, and ends when the edge is told to stop.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;

use crate::app::App;
use crate::problem::{Problem, table};
use crate::reads::EngineState;

pub(super) async fn live() -> Response {
    Json(json!({ "status": "live" })).into_response()
}

pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let body = match app.reads.engine_state().await {
        // It has not heard of it yet.
        EngineState::Ready if app.is_stopping() => json!({ "status": "leaving" }),
        EngineState::Ready => json!({ "status": "ready" }),
        EngineState::Recovering { bytes_total, bytes_read, facts } => json!({
            "status": "recovering",
            "bytesTotal": bytes_total,
            "bytesRead": bytes_read,
            "factsApplied": facts,
        }),
        EngineState::Leaving => json!({ "status": "leaving" }),
        EngineState::Stopped { cause } => json!({ "status": "stopped", "reason": cause }),
        EngineState::Unavailable => json!({ "status": "engine_unavailable" }),
    };
    let is_ready = body["status"] == "ready";
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let handle = app.metrics.as_ref();
    let handle = handle.ok_or_else(|| Problem::new(&table::NOT_FOUND, "no metrics are kept"))?;
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((content_type, handle.render()).into_response())
}
