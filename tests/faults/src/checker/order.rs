//! Order respects real time: what was acknowledged before something else was asked for stands in
//! front of it in their shard.

use std::collections::HashMap;

use super::replay::Replayed;
use super::violation::{Kind, Violation};
use crate::history::{Operation, Sending};

/// One acknowledged change, by the LSN that its answer gave.
#[derive(Clone, Copy, Debug)]
struct Change<'a> {
    lsn: u64,
    invoked_micros: u64,
    answered_micros: u64,
    sending: &'a Sending,
}

pub(super) fn check(operations: &[Operation<'_>], replayed: &Replayed<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for changes in by_shard(operations, replayed).into_values() {
        of_shard(changes, &mut violations);
    }
    violations
}

fn by_shard<'a>(
    operations: &[Operation<'a>],
    replayed: &Replayed<'_>,
) -> HashMap<u16, Vec<Change<'a>>> {
    let mut shards: HashMap<u16, Vec<_>> = HashMap::new();
    for operation in operations {
        let Some((sending, accepted)) = operation.acknowledged() else { continue };
        // What is not in the journal is told elsewhere.
        let Some(fact) = replayed.of_request(operation.request_id).next() else { continue };
        shards.entry(fact.shard).or_default().push(Change {
            lsn: accepted.lsn,
            invoked_micros: operation.invoked_micros(),
            answered_micros: sending.answered_micros,
            sending,
        });
    }
    shards
}

/// Goes through the invocations in time, and knows the highest LSN that was told before each.
fn of_shard(mut by_invocation: Vec<Change<'_>>, violations: &mut Vec<Violation>) {
    let mut by_answer = by_invocation.clone();
    by_invocation.sort_by_key(|change| change.invoked_micros);
    by_answer.sort_by_key(|change| change.answered_micros);
    let mut answered = by_answer.iter().peekable();
    let mut highest: Option<&Change<'_>> = None;
    for change in &by_invocation {
        let is_before = |other: &&Change<'_>| other.answered_micros < change.invoked_micros;
        while let Some(other) = answered.next_if(is_before) {
            if highest.is_none_or(|highest| other.lsn > highest.lsn) {
                highest = Some(other);
            }
        }
        if let Some(before) = highest.filter(|before| before.lsn >= change.lsn) {
            let says = "what was acknowledged first stands behind what was asked for later";
            let quotes = vec![before.sending.to_string(), change.sending.to_string()];
            violations.push(Violation::new(Kind::OrderInverted, says, quotes));
        }
    }
}
