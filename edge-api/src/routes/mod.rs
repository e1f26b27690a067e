//! The paths of the API, what answers them, and what goes around every answer. **Every reply
//! that is no success is a problem document**, those for unknown paths, wrong methods and
//! defects included.

mod availability;
pub(crate) mod counts;
mod events;
mod health;
mod history;
mod holds;
mod live;
mod observe;
mod organizers;
mod reserve;
mod seats;
mod spots;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderValue, Method, Uri, header};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::problem::{Problem, table};

/// The paths, as metrics and logs name them too.
mod path {
    pub(super) const AVAILABILITY: &str = "/v1/seats/availability";
    pub(super) const RESERVE: &str = "/v1/seats/reserve";
    pub(super) const ALLOCATE: &str = "/v1/seats/allocate";
    pub(super) const RELEASE: &str = "/v1/seats/release";
    pub(super) const EXTEND: &str = "/v1/seats/extend";
    pub(super) const RETURN: &str = "/v1/seats/return";
    pub(super) const BLOCK: &str = "/v1/seats/block";
    pub(super) const UNBLOCK: &str = "/v1/seats/unblock";
    pub(super) const HOLD: &str = "/v1/holds/{id}";
    pub(super) const EVENTS: &str = "/v1/events";
    pub(super) const EVENT: &str = "/v1/events/{id}";
    pub(super) const EVENT_CLOSE: &str = "/v1/events/{id}/close";
    pub(super) const EVENT_VERIFY: &str = "/v1/events/{id}/verify";
    pub(super) const EVENT_SEATS: &str = "/v1/events/{id}/seats";
    pub(super) const EVENT_SEATS_STREAM: &str = "/v1/events/{id}/seats/stream";
    pub(super) const SEAT_HISTORY: &str = "/v1/events/{id}/seats/{label}/history";
    pub(super) const CHARTS: &str = "/v1/charts";
    pub(super) const HEALTH: &str = "/health";
    pub(super) const HEALTH_LIVE: &str = "/health/live";
    pub(super) const HEALTH_READY: &str = "/health/ready";
    pub(super) const ACTUATOR_HEALTH: &str = "/actuator/health";
    pub(super) const METRICS: &str = "/metrics";
    pub(super) const ACTUATOR_PROMETHEUS: &str = "/actuator/prometheus";

    pub(super) const ALL: [&str; 23] = [
        RESERVE,
        ALLOCATE,
        RELEASE,
        EXTEND,
        RETURN,
        AVAILABILITY,
        EVENT_SEATS,
        EVENT_SEATS_STREAM,
        HOLD,
        EVENTS,
        EVENT,
        BLOCK,
        UNBLOCK,
        CHARTS,
        EVENT_CLOSE,
        EVENT_VERIFY,
        SEAT_HISTORY,
        HEALTH,
        HEALTH_LIVE,
        HEALTH_READY,
        ACTUATOR_HEALTH,
        METRICS,
        ACTUATOR_PROMETHEUS,
    ];
}

/// Everything that the edge answers.
pub(crate) fn router(app: &Arc<App>) -> Router {
    observe::show_reservations();
    let mut router = Router::new()
        .route(path::AVAILABILITY, get(availability::availability))
        .route(path::RESERVE, post(reserve::reserve))
        .route(path::ALLOCATE, post(holds::allocate))
        .route(path::RELEASE, post(holds::release))
        .route(path::EXTEND, post(holds::extend))
        .route(path::RETURN, post(holds::give_back))
        .route(path::HOLD, get(holds::look_at))
        .route(path::EVENTS, get(events::list).post(organizers::create_event))
        .route(path::EVENT, get(events::look_at))
        .route(path::EVENT_SEATS, get(seats::map))
        .route(path::EVENT_SEATS_STREAM, get(live::stream))
        .merge(for_organizers())
        .route(path::HEALTH, get(health::ready))
        .route(path::HEALTH_LIVE, get(health::live))
        .route(path::HEALTH_READY, get(health::ready))
        .route(path::ACTUATOR_HEALTH, get(health::ready));
    if app.metrics.is_some() {
        router = router
            .route(path::METRICS, get(health::metrics))
            .route(path::ACTUATOR_PROMETHEUS, get(health::metrics));
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::map_response(not_stored))
        .layer(axum::middleware::from_fn(observe::observe))
        .with_state(Arc::clone(app))
}

fn for_organizers() -> Router<Arc<App>> {
    Router::new()
        .route(path::BLOCK, post(organizers::block))
        .route(path::UNBLOCK, post(organizers::unblock))
        .route(path::CHARTS, post(organizers::put_chart))
        .route(path::EVENT_CLOSE, post(organizers::close_event))
        .route(path::EVENT_VERIFY, get(organizers::verify))
        .route(path::SEAT_HISTORY, get(history::of_seat))
}

/// What is free now is not free a moment later: no cache may answer for us, where a path does
/// not say otherwise. Problems are meant too, some of which a cache would otherwise keep.
async fn not_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn not_found(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::new(&table::NOT_FOUND, format!("there is no path {path}; see the API's description"))
}

async fn method_not_allowed(method: Method) -> Problem {
    let detail = format!("{method} is not for this path; the Allow header lists what is");
    Problem::new(&table::METHOD_NOT_ALLOWED, detail)
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("");
    tracing::error!(message, "a request panicked");
    Problem::internal().into_response()
}
