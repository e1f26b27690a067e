//! The names of all metrics of the edge, and what they mean. Names are part of the interface:
//! dashboards and alerts are built on them.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Requests answered; labels `route`, `method`, `status`.
pub const HTTP_REQUESTS: &str = "http_requests_total";
/// From the head of a request to the head of its reply; labels `route`, `method`.
pub const HTTP_REQUEST_DURATION: &str = "http_request_duration_seconds";
/// Requests that have no reply yet.
pub const HTTP_REQUESTS_IN_FLIGHT: &str = "http_requests_in_flight";
/// Connections that are open.
pub const HTTP_CONNECTIONS: &str = "http_connections_open";
/// Reserve requests answered.
pub const SEAT_RESERVATIONS: &str = "seat_reservations_total";
/// Those that got no hold; label `code`.
pub const SEAT_RESERVATIONS_FAILED: &str = "seat_reservations_failed";
/// Commands that wait for the engine.
pub const COMMANDS_IN_FLIGHT: &str = "edge_commands_in_flight";
/// Reads that wait for the engine.
pub const READS_IN_FLIGHT: &str = "edge_reads_in_flight";
/// Organizers' changes that wait for the engine.
pub const ADMIN_CALLS_IN_FLIGHT: &str = "edge_admin_calls_in_flight";
/// Commands a batch.
pub const BATCH_COMMANDS: &str = "edge_pipeline_batch_commands";
/// Streams to the engine that are open.
pub const STREAMS_OPEN: &str = "edge_pipeline_streams_open";
/// Streams to the engine that broke.
pub const STREAMS_BROKEN: &str = "edge_pipeline_streams_broken_total";
/// Commands whose outcome was lost with their stream.
pub const OUTCOMES_LOST: &str = "edge_pipeline_outcomes_lost_total";
/// Connections that listen to live changes.
pub const LIVE_CONNECTIONS: &str = "edge_live_connections_open";
/// Events that are listened to.
pub const LIVE_EVENTS: &str = "edge_live_events";
/// Deltas made, each once for all listeners.
pub const LIVE_DELTAS: &str = "edge_live_deltas_total";
/// Deltas that were merged for listeners who were behind.
pub const LIVE_MERGED: &str = "edge_live_deltas_merged_total";
/// Snapshots sent to listeners.
pub const LIVE_SNAPSHOTS: &str = "edge_live_snapshots_total";
/// Streams of live changes from the engine that broke.
pub const LIVE_STREAMS_BROKEN: &str = "edge_live_streams_broken_total";
/// 1 while Redis answers: limits are shared then, and answers are.
pub const REDIS_IN_USE: &str = "edge_redis_in_use";
/// One call to Redis; label `work`.
pub const REDIS_CALL: &str = "edge_redis_call_seconds";
/// Calls without an answer of Redis; labels `work`, `reason`.
pub const REDIS_FALLBACKS: &str = "edge_redis_fallbacks_total";
/// Requests within their limits; label `by`.
pub const RATE_LIMIT_ADMITTED: &str = "edge_rate_limit_admitted_total";
/// Requests beyond one; labels `by`, `limit`.
pub const RATE_LIMIT_REFUSED: &str = "edge_rate_limit_refused_total";
/// Answers about how much is left; label `from`.
pub const AVAILABILITY_ANSWERS: &str = "edge_availability_answers_total";

/// Gives the installed recorder the meaning of every metric of the edge.
pub fn describe_metrics() {
    describe_counter!(HTTP_REQUESTS, Unit::Count, "HTTP requests answered");
    describe_histogram!(
        HTTP_REQUEST_DURATION,
        Unit::Seconds,
        "Time from the head of an HTTP request to the head of its reply"
    );
    describe_gauge!(HTTP_REQUESTS_IN_FLIGHT, Unit::Count, "HTTP requests without a reply yet");
    describe_gauge!(HTTP_CONNECTIONS, Unit::Count, "HTTP connections that are open");
    describe_counter!(SEAT_RESERVATIONS, Unit::Count, "Reserve requests answered");
    describe_counter!(
        SEAT_RESERVATIONS_FAILED,
        Unit::Count,
        "Reserve requests that got no hold, by problem code"
    );
    describe_gauge!(COMMANDS_IN_FLIGHT, Unit::Count, "Commands that wait for the engine");
    describe_gauge!(READS_IN_FLIGHT, Unit::Count, "Reads that wait for the engine");
    describe_gauge!(
        ADMIN_CALLS_IN_FLIGHT,
        Unit::Count,
        "Organizers' changes that wait for the engine"
    );
    describe_histogram!(BATCH_COMMANDS, Unit::Count, "Commands sent to the engine in one batch");
    describe_gauge!(STREAMS_OPEN, Unit::Count, "Streams to the engine that are open");
    describe_counter!(STREAMS_BROKEN, Unit::Count, "Streams to the engine that broke");
    describe_counter!(
        OUTCOMES_LOST,
        Unit::Count,
        "Commands whose outcome was lost with their stream"
    );
    describe_gauge!(LIVE_CONNECTIONS, Unit::Count, "Connections that listen to live changes");
    describe_gauge!(LIVE_EVENTS, Unit::Count, "Events that are listened to");
    describe_counter!(LIVE_DELTAS, Unit::Count, "Deltas made, each once for all listeners");
    describe_counter!(
        LIVE_MERGED,
        Unit::Count,
        "Deltas that were merged for listeners who were behind"
    );
    describe_counter!(LIVE_SNAPSHOTS, Unit::Count, "Snapshots sent to listeners");
    describe_counter!(
        LIVE_STREAMS_BROKEN,
        Unit::Count,
        "Streams of live changes from the engine that broke"
    );
    describe_shared();
}

/// Those of limits and of what edges share.
fn describe_shared() {
    describe_gauge!(
        REDIS_IN_USE,
        Unit::Count,
        "1 while Redis answers: it decides rate limits then, else this process does"
    );
    describe_histogram!(REDIS_CALL, Unit::Seconds, "Time of one call to Redis, by its work");
    describe_counter!(
        REDIS_FALLBACKS,
        Unit::Count,
        "Calls that went on without Redis, by its work and the reason"
    );
    describe_counter!(
        RATE_LIMIT_ADMITTED,
        Unit::Count,
        "Requests that were within their limits, by who decided"
    );
    describe_counter!(
        RATE_LIMIT_REFUSED,
        Unit::Count,
        "Requests that were refused by a limit, by who decided and by the limit"
    );
    describe_counter!(
        AVAILABILITY_ANSWERS,
        Unit::Count,
        "Answers about how much is left, by where they came from"
    );
}
