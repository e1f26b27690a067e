//! The audit: what the run saw itself, held against the server and against the journal.
//!
//! - [`record`] needs nothing but the record: answers that contradict each other;
//! - [`server`] asks the server while it still runs;
//! - [`journal`] replays the journal's facts in a small state machine of its own.
//!
//! The auditor shares no code with the engine. It reports and never asserts: each violation
//! carries the facts and answers that prove it, and one does not hide the next. Where clocks
//! differ or an answer is missing it gives the server the benefit of the doubt, so a violation
//! is never a matter of luck.

pub mod dump;
mod fact;
pub(crate) mod journal;
mod journal_claims;
mod quantities;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod server;
mod violation;

pub use violation::{Evidence, Kind, Source, Violation};
pub(crate) use violation::{Findings, entry_evidence};
