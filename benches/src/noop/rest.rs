//! The edge's three paths, answered at once: the body is read as typed JSON, and a reply of the
//! same fields is written.

use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::{DEADLINE_MILLIS, LABELS};

const ID: &str = "e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5";

/// As long as the edge writes [`DEADLINE_MILLIS`].
const DEADLINE: &str = "2026-11-21T07:08:34.250Z";

/// Serves for as long as it is polled.
///
/// # Errors
/// If the transport fails.
pub async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    let router = Router::new()
        .route("/v1/seats/reserve", post(reserve))
        .route("/v1/seats/allocate", post(allocate))
        .route("/v1/seats/release", post(release));
    let listener = listener.tap_io(|stream| {
        // A connection that does not take the option is slow, and the run shows it.
        drop(stream.set_nodelay(true));
    });
    axum::serve(listener, router).await?;
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReserveBody {
    event_id: u64,
    #[expect(dead_code, reason = "read as the edge reads it")]
    user_id: String,
    seat_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PartBody {
    hold_id: String,
    #[expect(dead_code, reason = "read as the edge reads it")]
    user_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reserved {
    hold_id: &'static str,
    event_id: u64,
    seat_ids: Vec<String>,
    expires_at: &'static str,
    expires_at_millis: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Allocated {
    allocation_id: &'static str,
    hold_id: String,
    event_id: u64,
    seat_ids: [&'static str; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Released {
    hold_id: String,
    seat_ids: [&'static str; 2],
}

async fn reserve(Json(body): Json<ReserveBody>) -> Json<Reserved> {
    Json(Reserved {
        hold_id: ID,
        event_id: body.event_id,
        seat_ids: body.seat_ids,
        expires_at: DEADLINE,
        expires_at_millis: DEADLINE_MILLIS,
    })
}

async fn allocate(Json(body): Json<PartBody>) -> Json<Allocated> {
    Json(Allocated {
        allocation_id: ID,
        hold_id: body.hold_id,
        event_id: crate::client::asks::FIRST_EVENT_ID,
        seat_ids: LABELS,
    })
}

async fn release(Json(body): Json<PartBody>) -> Json<Released> {
    Json(Released { hold_id: body.hold_id, seat_ids: LABELS })
}
