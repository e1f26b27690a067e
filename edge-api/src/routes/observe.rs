//! Metrics and log lines of every request. Labels come from fixed sets: a caller who makes up
//! paths or methods makes no new time series.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use metrics::{counter, gauge, histogram};
use tokio::time::Instant;

use super::path;
use crate::metric_names;
use crate::problem::{ProblemCode, table};
use crate::throttle::Throttle;

/// Of each kind of failure one line a second.
static LINES: LazyLock<HashMap<&'static str, Throttle>> = LazyLock::new(|| {
    let kinds = table::REJECTIONS.iter().chain(table::OWN.iter().copied());
    let failures = kinds.filter(|kind| kind.status.is_server_error());
    failures.map(|kind| (kind.code, Throttle::new())).collect()
});

/// Shows the counts of reservations from the start: a rate needs a zero to rise from.
pub(super) fn show_reservations() {
    counter!(metric_names::SEAT_RESERVATIONS).increment(0);
    for kind in table::REJECTIONS.iter().chain(table::OWN.iter().copied()) {
        counter!(metric_names::SEAT_RESERVATIONS_FAILED, "code" => kind.code).increment(0);
    }
}

/// Counts and times a request, and writes a line if it failed.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_label(request.method());
    let is_post = request.method() == Method::POST;
    let route = route_label(request.extensions().get::<MatchedPath>());
    let in_flight = InFlight::start();
    let response = next.run(request).await;
    drop(in_flight);
    let elapsed = started.elapsed();
    let status = response.status();
    let labels = [("route", route), ("method", method)];
    histogram!(metric_names::HTTP_REQUEST_DURATION, &labels).record(elapsed.as_secs_f64());
    let status_text = status.as_str().to_owned();
    counter!(
        metric_names::HTTP_REQUESTS,
        "route" => route, "method" => method, "status" => status_text
    )
    .increment(1);
    let code = response.extensions().get::<ProblemCode>();
    if route == path::RESERVE && is_post {
        counter!(metric_names::SEAT_RESERVATIONS).increment(1);
        if let Some(code) = code {
            let code = code.0.clone();
            counter!(metric_names::SEAT_RESERVATIONS_FAILED, "code" => code).increment(1);
        }
    }
    log(status, route, method, code, elapsed.as_millis());
    response
}

/// What failed is for the operator; what was refused is between the caller and the rules.
fn log(
    status: StatusCode,
    route: &'static str,
    method: &'static str,
    code: Option<&ProblemCode>,
    elapsed_millis: u128,
) {
    let Some(ProblemCode(code)) = code else { return };
    let status = status.as_u16();
    if status >= 500 {
        // Of an engine that is away or overloaded all requests tell the same.
        if let Some(requests) = LINES.get(code.as_ref()).map_or(Some(1), Throttle::count) {
            tracing::warn!(
                %code, requests, route, method, status, elapsed_millis, "requests failed"
            );
        }
    } else {
        tracing::debug!(route, method, status, %code, elapsed_millis, "request refused");
    }
}

fn route_label(matched: Option<&MatchedPath>) -> &'static str {
    let matched = matched.map_or("", MatchedPath::as_str);
    path::ALL.iter().find(|path| **path == matched).copied().unwrap_or("unmatched")
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// Counts a request as unanswered until dropped: a caller who hangs up drops it too.
struct InFlight;

impl InFlight {
    fn start() -> Self {
        gauge!(metric_names::HTTP_REQUESTS_IN_FLIGHT).increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(metric_names::HTTP_REQUESTS_IN_FLIGHT).decrement(1.0);
    }
}
