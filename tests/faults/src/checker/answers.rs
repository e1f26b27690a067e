//! One request, one answer: what was done once is told the same way each time, and never refused
//! to who asks again.

use super::violation::{Kind, Violation};
use crate::history::{Operation, Said};

pub(super) fn check(operations: &[Operation<'_>]) -> Vec<Violation> {
    operations.iter().flat_map(of_operation).collect()
}

fn of_operation(operation: &Operation<'_>) -> Vec<Violation> {
    let Some((first, accepted)) = operation.acknowledged() else { return Vec::new() };
    let mut violations = Vec::new();
    for other in &operation.sendings {
        let quotes = || vec![first.to_string(), other.to_string()];
        match &other.said {
            Said::Accepted(again) if again != accepted => {
                let says = "the same request was answered in two ways";
                violations.push(Violation::new(Kind::AnswerDiffers, says, quotes()));
            }
            // Sent when the answer was here already, so decided after it was done.
            Said::Rejected(_) if other.invoked_micros > first.answered_micros => {
                let says = "a request that had been done was refused when it came again";
                violations.push(Violation::new(Kind::AnswerForgotten, says, quotes()));
            }
            _ => {}
        }
    }
    violations
}
