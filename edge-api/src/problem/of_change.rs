//! What becomes of an organizer's change that is asked in a call of its own. Unlike a read it may
//! have been done: **'nothing was done' is said only where the engine said so, or where the
//! request cannot have reached it.**

use std::error::Error;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::from_engine::{invalid, rejection_of, retry_delay_millis};
use super::{Mistake, Problem, table};

impl Problem {
    /// Of the status that a change was answered with.
    pub(crate) fn of_change(status: &Status) -> Self {
        if let Some(rejection) = rejection_of(status) {
            return rejection.into();
        }
        let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
        if let Some(kind) = table::rejection(&reason) {
            return Self::new(kind, status.message().to_owned());
        }
        let is_reason = |kind: &table::Kind| reason == kind.code;
        match status.code() {
            Code::InvalidArgument if is_reason(&table::CHART_INVALID) => chart_invalid(status),
            Code::InvalidArgument => invalid(status.message()),
            Code::NotFound => Self::new(&table::NOT_FOUND, status.message().to_owned()),
            Code::ResourceExhausted if is_reason(&table::OVERLOADED) => {
                Self::overloaded(retry_delay_millis(status))
            }
            Code::ResourceExhausted if is_reason(&table::STORAGE_SHORT) => {
                Self::storage_short(retry_delay_millis(status))
            }
            Code::ResourceExhausted if is_reason(&table::PROJECTION_BEHIND) => {
                Self::projection_behind(retry_delay_millis(status))
            }
            Code::DeadlineExceeded if is_reason(&table::DEADLINE_EXCEEDED) => {
                Self::deadline_exceeded()
            }
            Code::Unavailable if is_reason(&table::SHUTTING_DOWN) => Self::shutting_down(None),
            Code::Unavailable if is_reason(&table::RECOVERING) => Self::recovering(),
            // It stands in front of the engine what says so.
            Code::Unavailable if matches!(reason.as_str(), "leaving" | "stopped") => {
                Self::shutting_down(None)
            }
            Code::Unavailable if was_never_sent(status) => Self::engine_unavailable(),
            Code::Unimplemented => Self::not_supported(),
            Code::Internal => {
                tracing::error!(%status, "the engine failed a change");
                Self::internal()
            }
            _ => {
                tracing::warn!(%status, "what became of a change is not known");
                Self::outcome_unknown()
            }
        }
    }
}

/// The mistakes of a chart, as many as the status had room for.
fn chart_invalid(status: &Status) -> Problem {
    let details = status.get_details_bad_request();
    let violations = details.map(|details| details.field_violations).unwrap_or_default();
    let mistake = |object, problem| Mistake { object, problem };
    let mut problem = Problem::new(&table::CHART_INVALID, status.message().to_owned());
    problem.0.mistakes =
        violations.into_iter().map(|of| mistake(of.field, of.description)).collect();
    problem
}

/// Whether there was no connection to send it on.
fn was_never_sent(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn code_of(status: &Status) -> String {
        Problem::of_change(status).0.code.into_owned()
    }

    fn with_reason(code: Code, reason: &str) -> Status {
        let details = ErrorDetails::with_error_info(reason, "holdfast", []);
        Status::with_error_details(code, "in words", details)
    }

    #[test]
    fn what_may_have_been_done_is_never_called_not_done() {
        for (status, expected) in [
            (with_reason(Code::Unavailable, "shutting_down"), "shutting_down"),
            (Status::unavailable("the connection broke"), "outcome_unknown"),
            (with_reason(Code::DeadlineExceeded, "deadline_exceeded"), "deadline_exceeded"),
            (Status::deadline_exceeded("timeout expired"), "outcome_unknown"),
            (Status::cancelled("timeout expired"), "outcome_unknown"),
            (with_reason(Code::ResourceExhausted, "overloaded"), "overloaded"),
            (with_reason(Code::ResourceExhausted, "storage_short"), "storage_short"),
            (with_reason(Code::ResourceExhausted, "projection_behind"), "projection_behind"),
            (with_reason(Code::Unavailable, "recovering"), "recovering"),
            (with_reason(Code::Unavailable, "leaving"), "shutting_down"),
            (with_reason(Code::Unavailable, "stopped"), "shutting_down"),
            (Status::resource_exhausted("a proxy's word"), "outcome_unknown"),
            (with_reason(Code::Unknown, "unknown_outcome"), "outcome_unknown"),
            (Status::unimplemented(""), "not_supported"),
            (Status::internal("disk"), "internal"),
            (with_reason(Code::NotFound, "event_unknown"), "event_unknown"),
            (Status::invalid_argument("chart_hash: 3 bytes"), "invalid_request"),
        ] {
            assert_eq!(code_of(&status), expected, "{status}");
        }
    }

    #[tokio::test]
    async fn a_request_that_had_no_connection_was_not_done() {
        use proto::inventory::v1::CloseEventRequest;
        use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;

        // A port that was free a moment ago: nobody listens there.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let mut client = InventoryAdminClient::new(crate::engine::remote(&address).unwrap());
        let status = client.close_event(CloseEventRequest::default()).await.unwrap_err();
        assert_eq!(code_of(&status), "engine_unavailable", "{status:?}");
    }

    #[test]
    fn the_mistakes_of_a_chart_are_listed_by_object() {
        let mut details = ErrorDetails::with_bad_request_violation("row \"A\"", "is there twice");
        details.set_error_info("chart_invalid", "holdfast", []);
        let status = Status::with_error_details(Code::InvalidArgument, "a mistake", details);
        let problem = Problem::of_change(&status);
        assert_eq!(problem.0.code, "chart_invalid");
        assert_eq!(problem.0.mistakes[0].object, "row \"A\"");
    }
}
