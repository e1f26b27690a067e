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

pub(super) async fn live() -> Response {
    Json(json!({ "status": "UP" })).into_response()
}

pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let engine_is_ready = app.reads.is_engine_ready().await;
    let is_ready = engine_is_ready && !app.is_stopping();
    let word = |is_up: bool| if is_up { "UP" } else { "DOWN" };
    let body = json!({
        "status": word(is_ready),
        "components": { "engine": { "status": word(engine_is_ready) } },
    });
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let handle = app.metrics.as_ref();
    let handle = handle.ok_or_else(|| Problem::new(&table::NOT_FOUND, "no metrics are kept"))?;
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((content_type, handle.render()).into_response())
}
