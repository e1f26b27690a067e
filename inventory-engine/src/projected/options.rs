//! What an operator may choose about a projection.

use crate::ack::Ack;
use crate::limits::JOURNAL_BUDGET_BYTES_DEFAULT;

/// How an engine with a projection behind it is run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProjectionOptions {
    /// Bytes of the journal that may be behind; near the end new holds are refused.
    pub journal_budget_bytes: u64,
    /// What answers wait for unless their callers say so.
    pub ack: Ack,
}

impl Default for ProjectionOptions {
    fn default() -> Self {
        Self { journal_budget_bytes: JOURNAL_BUDGET_BYTES_DEFAULT, ack: Ack::Journal }
    }
}
