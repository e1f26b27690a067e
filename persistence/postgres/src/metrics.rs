//! The metrics of the projection beside its lag, which the engine tells.

use std::time::Duration;

use metrics::{Counter, Histogram, Unit};

/// Facts written to Postgres.
pub const PROJECTED: &str = "holdfast_projection_facts_total";
/// How long a transaction took, with its commit.
pub const TRANSACTION_SECONDS: &str = "holdfast_projection_transaction_seconds";
/// Sessions with Postgres that failed.
pub const FAILURES: &str = "holdfast_projection_failures_total";

/// Says what each is.
pub fn describe() {
    metrics::describe_counter!(PROJECTED, "Facts written to Postgres");
    metrics::describe_histogram!(
        TRANSACTION_SECONDS,
        Unit::Seconds,
        "How long a transaction that writes facts to Postgres took"
    );
    metrics::describe_counter!(FAILURES, "Sessions with Postgres that failed");
}

/// Handles that cost an addition.
pub(crate) struct ProjectionMetrics {
    pub(crate) failures: Counter,
    facts: Counter,
    transaction_seconds: Histogram,
}

impl ProjectionMetrics {
    pub(crate) fn new() -> Self {
        describe();
        Self {
            failures: metrics::counter!(FAILURES),
            facts: metrics::counter!(PROJECTED),
            transaction_seconds: metrics::histogram!(TRANSACTION_SECONDS),
        }
    }

    pub(crate) fn wrote(&self, facts: usize, took: Duration) {
        self.facts.increment(facts as u64);
        self.transaction_seconds.record(took);
    }
}
