//! The one table of problems: code, HTTP status, title. Codes and their meaning are part of the
//! interface and never change; docs/rest.md lists them all.
//!
//! How a status is chosen: 401 for who has not shown that they may, 404 for what does not exist,
//! 409 for what stands in the way and may go away, 410 for a hold that was and is no more, 422
//! for a request that can never succeed as it is, 403 for what the event's rules of sale do not
//! permit, 429 for who asks too often, 503 and 504 for what is no fault of the request.

use http::StatusCode;

/// A kind of problem.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The word by which programs know it.
    pub(crate) code: &'static str,
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The same for every problem of the kind, for people.
    pub(crate) title: &'static str,
    /// What to do, where the engine's words do not fit a caller who speaks HTTP.
    pub(crate) advice: Option<&'static str>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident $code:literal $title:literal;)*) => {
        $($(#[$doc])* pub(crate) static $name: Kind =
            Kind { code: $code, status: StatusCode::$status, title: $title, advice: None };)*

        /// The edge's own kinds.
        pub(crate) static OWN: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    /// Something is wrong with the body, a header or a parameter.
    INVALID_REQUEST = BAD_REQUEST "invalid_request" "The request is not understood";
    /// No token, or another one.
    UNAUTHORIZED = UNAUTHORIZED "unauthorized" "This is for organizers";
    /// Nobody may.
    ADMIN_DISABLED = FORBIDDEN "admin_disabled" "Nobody may do this here";
    /// The chart has mistakes.
    CHART_INVALID = UNPROCESSABLE_ENTITY "chart_invalid" "The chart has mistakes";
    /// No such path.
    NOT_FOUND = NOT_FOUND "not_found" "There is nothing here";
    /// The path has other methods.
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "method_not_allowed" "The method is not allowed here";
    /// The body came too slowly.
    REQUEST_TIMEOUT = REQUEST_TIMEOUT "request_timeout" "The request took too long to arrive";
    /// The body is larger than allowed.
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE "body_too_large" "The body is too large";
    /// The body is not JSON by its header.
    UNSUPPORTED_MEDIA_TYPE =
        UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body is not said to be JSON";
    /// More than a limit of this edge permits.
    RATE_LIMITED = TOO_MANY_REQUESTS "rate_limited" "Too many requests in too short a time";
    /// A defect.
    INTERNAL = INTERNAL_SERVER_ERROR "internal" "Something went wrong here";
    /// The engine is of an older release.
    NOT_SUPPORTED = NOT_IMPLEMENTED "not_supported" "The engine cannot do this yet";
    /// Too much is waiting.
    OVERLOADED = SERVICE_UNAVAILABLE "overloaded" "Too many requests are waiting";
    /// The engine is stopping.
    SHUTTING_DOWN = SERVICE_UNAVAILABLE "shutting_down" "The engine is being restarted";
    /// The engine reads its journal, and serves nobody before it has.
    RECOVERING = SERVICE_UNAVAILABLE "recovering" "The engine is still starting";
    /// What is left of the engine's disk is kept for holds that live.
    STORAGE_SHORT = SERVICE_UNAVAILABLE "storage_short" "The engine's disk is nearly full";
    /// Too much is on the engine's disk and not in Postgres.
    PROJECTION_BEHIND =
        SERVICE_UNAVAILABLE "projection_behind" "The engine's database is too far behind";
    /// The engine cannot be reached.
    ENGINE_UNAVAILABLE =
        SERVICE_UNAVAILABLE "engine_unavailable" "The engine cannot be reached";
    /// It may have been done or not.
    OUTCOME_UNKNOWN = SERVICE_UNAVAILABLE "outcome_unknown" "It is not known whether this was done";
    /// It was not done in time.
    DEADLINE_EXCEEDED = GATEWAY_TIMEOUT "deadline_exceeded" "There was no time left to do this";
}

const fn kind(code: &'static str, status: StatusCode, title: &'static str) -> Kind {
    Kind { code, status, title, advice: None }
}

const fn advised(mut kind: Kind, advice: &'static str) -> Kind {
    kind.advice = Some(advice);
    kind
}

/// The one refusal of the engine's that the edge gives too.
pub(crate) const SELECTION_EMPTY: Kind =
    kind("selection_empty", StatusCode::UNPROCESSABLE_ENTITY, "Nothing was named");

/// What the engine's rules refuse. The most frequent ones of a sale come first: they are looked
/// for in this order.
pub(crate) static REJECTIONS: &[Kind] = &[
    kind("seats_unavailable", StatusCode::CONFLICT, "Some of the seats are not available"),
    kind("not_enough_together", StatusCode::CONFLICT, "Not enough seats next to each other"),
    kind("hold_expired", StatusCode::GONE, "The hold has expired"),
    kind("hold_released", StatusCode::GONE, "The hold was released"),
    kind("hold_allocated", StatusCode::CONFLICT, "The hold's seats were allocated already"),
    kind("hold_unknown", StatusCode::NOT_FOUND, "There is no such hold"),
    kind("area_full", StatusCode::CONFLICT, "Some of the areas have not as many places left"),
    kind("quota_exceeded", StatusCode::CONFLICT, "The ticket type has not as many left"),
    kind("sale_not_open", StatusCode::FORBIDDEN, "The sale has not begun"),
    kind("sale_closed", StatusCode::FORBIDDEN, "The sale is over"),
    kind("event_closed", StatusCode::FORBIDDEN, "The event is closed"),
    kind("ticket_type_not_open", StatusCode::FORBIDDEN, "The ticket type is not on sale yet"),
    kind("ticket_type_closed", StatusCode::FORBIDDEN, "The ticket type is on sale no more"),
    kind("buyer_limit_exceeded", StatusCode::FORBIDDEN, "More seats than one buyer may have"),
    kind("extensions_exhausted", StatusCode::CONFLICT, "The hold cannot be extended again"),
    kind("event_unknown", StatusCode::NOT_FOUND, "There is no such event"),
    kind("event_exists", StatusCode::CONFLICT, "There is such an event already"),
    kind("chart_unknown", StatusCode::NOT_FOUND, "There is no such chart"),
    kind("rules_invalid", StatusCode::UNPROCESSABLE_ENTITY, "Nothing could be sold by such rules"),
    kind("allocation_unknown", StatusCode::NOT_FOUND, "There is no such allocation"),
    SELECTION_EMPTY,
    kind("selection_too_large", StatusCode::UNPROCESSABLE_ENTITY, "Too many seats were named"),
    kind("seat_repeated", StatusCode::UNPROCESSABLE_ENTITY, "Something was named twice"),
    kind("seat_unknown", StatusCode::UNPROCESSABLE_ENTITY, "There is no such seat"),
    kind("area_unknown", StatusCode::UNPROCESSABLE_ENTITY, "There is no such area"),
    kind("ticket_type_unknown", StatusCode::UNPROCESSABLE_ENTITY, "There is no such ticket type"),
    kind("ticket_type_required", StatusCode::UNPROCESSABLE_ENTITY, "A ticket type is missing"),
    advised(
        kind(
            "ticket_type_mismatch",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Some of this is not sold as that ticket type",
        ),
        "some of these are of a category that is not sold as this ticket type; the event's \
         ticketTypes say which are",
    ),
    advised(
        kind("table_not_whole", StatusCode::UNPROCESSABLE_ENTITY, "The table is sold as a whole"),
        "this table is sold as a whole: name it by its own label, or name all of its seats",
    ),
    kind("seat_not_in_hold", StatusCode::UNPROCESSABLE_ENTITY, "The hold does not have this"),
    kind(
        "seat_not_in_allocation",
        StatusCode::UNPROCESSABLE_ENTITY,
        "The allocation does not have this",
    ),
    kind("seat_not_blocked", StatusCode::CONFLICT, "Some of this is not blocked"),
    advised(
        kind("request_id_reused", StatusCode::UNPROCESSABLE_ENTITY, "The key was used before"),
        "this Idempotency-Key came before with another request; use a new key for a new request",
    ),
    // The edge makes these ids itself, a moment before: only its own clock can be at fault.
    advised(
        kind("request_too_old", StatusCode::SERVICE_UNAVAILABLE, "The edge's clock is behind"),
        "nothing was done; try again, best with an Idempotency-Key",
    ),
    advised(
        kind("request_id_ahead", StatusCode::SERVICE_UNAVAILABLE, "The edge's clock is ahead"),
        "nothing was done; try again with an Idempotency-Key",
    ),
];

/// A refusal of a newer engine.
pub(crate) static REFUSED: Kind =
    kind("refused", StatusCode::CONFLICT, "The engine's rules do not permit this");

/// The kind of a refusal.
pub(crate) fn rejection(reason: &str) -> Option<&'static Kind> {
    REJECTIONS.iter().find(|kind| kind.code == reason)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Every reason of the contract, in the order of its numbers.
    const REASONS: [&str; 35] = [
        "request_id_reused",
        "request_too_old",
        "request_id_ahead",
        "event_unknown",
        "event_exists",
        "chart_unknown",
        "rules_invalid",
        "hold_unknown",
        "hold_expired",
        "hold_released",
        "hold_allocated",
        "allocation_unknown",
        "selection_empty",
        "selection_too_large",
        "seat_repeated",
        "seat_unknown",
        "seat_not_in_hold",
        "seat_not_in_allocation",
        "sale_not_open",
        "sale_closed",
        "extensions_exhausted",
        "buyer_limit_exceeded",
        "seats_unavailable",
        "not_enough_together",
        "seat_not_blocked",
        "area_unknown",
        "ticket_type_unknown",
        "ticket_type_required",
        "ticket_type_mismatch",
        "table_not_whole",
        "event_closed",
        "ticket_type_not_open",
        "ticket_type_closed",
        "quota_exceeded",
        "area_full",
    ];

    #[test]
    fn every_refusal_of_the_contract_has_a_status() {
        for reason in REASONS {
            assert!(rejection(reason).is_some(), "{reason}");
        }
        assert_eq!(REJECTIONS.len(), REASONS.len());
    }

    #[test]
    fn codes_are_unique_and_every_status_is_an_error() {
        let mut seen = HashSet::new();
        for kind in REJECTIONS.iter().chain(OWN.iter().copied()).chain([&REFUSED]) {
            assert!(seen.insert(kind.code), "{} twice", kind.code);
            let is_error = kind.status.is_client_error() || kind.status.is_server_error();
            assert!(is_error, "{}", kind.code);
        }
    }

    #[test]
    fn the_documentation_lists_every_problem_with_its_status() {
        let documentation = include_str!("../../../docs/rest.md");
        for kind in REJECTIONS.iter().chain(OWN.iter().copied()) {
            let line = format!("| `{}` | {} |", kind.code, kind.status.as_u16());
            assert!(documentation.contains(&line), "docs/rest.md lacks {line}");
        }
    }
}
