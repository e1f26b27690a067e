//! Holds what clients recorded against the final journal, against the server's last word, and
//! against itself.
//!
//! Must always hold: nothing here shares code with what it checks. It knows the contract, the
//! lines of `holdfast journal dump`, and what a seat is. What it cannot decide within its bounds is
//! a violation, never a pass.

mod answers;
mod fact;
mod journal;
mod order;
mod rejections;
mod replay;
mod search;
mod seats;
mod testimony;
mod violation;

#[cfg(test)]
mod tests;

pub use self::fact::{Change, DumpError, Fact, read_dump};
pub use self::replay::{HoldEnd, Replayed, replay};
pub use self::testimony::{Counts, Testimony};
pub use self::violation::{Kind, Violation};
use crate::history::{History, operations};

/// All that is known of a run.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What clients were told.
    pub history: History,
    /// The final journal.
    pub facts: Vec<Fact>,
    /// The server's last word on each event.
    pub testimonies: Vec<Testimony>,
}

/// Everything that is wrong, in the order of the checks.
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let operations = operations(&evidence.history);
    let (replayed, mut violations) = replay(&evidence.facts);
    violations.extend(answers::check(&operations));
    violations.extend(journal::check(&operations, &replayed));
    violations.extend(order::check(&operations, &replayed));
    violations.extend(rejections::check(&operations, &replayed));
    violations.extend(testimony::check(&evidence.testimonies, &replayed));
    violations.extend(check_without_journal(&evidence.history));
    violations
}

/// What the record alone tells: each seat's history has to be one that a single seat could have,
/// whatever LSNs and journals say.
pub fn check_without_journal(history: &History) -> Vec<Violation> {
    seats::check(history, &operations(history))
}
