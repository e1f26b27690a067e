//! What was acknowledged is in the final journal, at its LSN, with that result.

use super::fact::{Change, Fact};
use super::replay::{Replayed, sorted};
use super::violation::{Kind, Violation};
use crate::history::{Accepted, Ask, Done, Operation};

pub(super) fn check(operations: &[Operation<'_>], replayed: &Replayed<'_>) -> Vec<Violation> {
    operations.iter().filter_map(|operation| of_operation(operation, replayed)).collect()
}

fn of_operation(operation: &Operation<'_>, replayed: &Replayed<'_>) -> Option<Violation> {
    let (sending, accepted) = operation.acknowledged()?;
    let quote = sending.to_string();
    let Some(fact) = replayed.of_request(operation.request_id).next() else {
        let says = "a change that was acknowledged is not in the journal";
        let there = shard_of(operation.ask(), accepted, replayed)
            .and_then(|shard| replayed.at(shard, accepted.lsn));
        let quotes = [quote].into_iter().chain(there.map(Fact::to_string)).collect();
        return Some(Violation::new(Kind::AcknowledgedMissing, says, quotes));
    };
    if says_the_same(operation.ask(), accepted, fact) {
        return None;
    }
    let says = "the journal has another result than was acknowledged";
    Some(Violation::new(Kind::OtherResult, says, vec![quote, fact.to_string()]))
}

/// The shard in which a change has to be.
pub(super) fn shard_of(ask: &Ask, accepted: &Accepted, replayed: &Replayed<'_>) -> Option<u16> {
    let of_hold = |hold_id| replayed.hold(hold_id).map(|(placed, _)| placed.shard);
    match (ask, accepted.done) {
        (Ask::Place { event_id, .. }, _) => replayed.shard_of(*event_id),
        (_, Done::Placed { hold_id, .. } | Done::Extended { hold_id, .. })
        | (_, Done::Released { hold_id } | Done::Allocated { hold_id, .. }) => of_hold(hold_id),
        (_, Done::Returned { allocation_id }) => {
            let sold = replayed.facts.iter().find(|fact| fact.allocation_id == Some(allocation_id));
            sold.map(|fact| fact.shard)
        }
    }
}

fn says_the_same(ask: &Ask, accepted: &Accepted, fact: &Fact) -> bool {
    let is_extension = matches!(accepted.done, Done::Extended { .. });
    let is_there = fact.lsn == accepted.lsn
        && (is_extension || sorted(&fact.seats) == sorted(&accepted.seats));
    let has_asked = match (ask, accepted.done) {
        (Ask::Place { event_id, seats, .. }, Done::Placed { .. }) => {
            fact.event_id == *event_id && sorted(seats) == sorted(&fact.seats)
        }
        (Ask::Extend { hold_id, .. }, Done::Extended { hold_id: of, .. })
        | (Ask::Release { hold_id, .. }, Done::Released { hold_id: of })
        | (Ask::Allocate { hold_id, .. }, Done::Allocated { hold_id: of, .. }) => *hold_id == of,
        (Ask::Return { allocation_id, .. }, Done::Returned { allocation_id: of }) => {
            *allocation_id == of
        }
        _ => false,
    };
    let is_result = match accepted.done {
        Done::Placed { hold_id, deadline_millis } => {
            (fact.change, fact.hold_id, fact.deadline_millis)
                == (Change::HoldPlaced, Some(hold_id), Some(deadline_millis))
        }
        Done::Extended { hold_id, deadline_millis } => {
            (fact.change, fact.hold_id, fact.deadline_millis)
                == (Change::HoldExtended, Some(hold_id), Some(deadline_millis))
        }
        Done::Released { hold_id } => {
            (fact.change, fact.hold_id) == (Change::HoldReleased, Some(hold_id))
        }
        Done::Allocated { hold_id, allocation_id } => {
            (fact.change, fact.hold_id, fact.allocation_id)
                == (Change::HoldAllocated, Some(hold_id), Some(allocation_id))
        }
        Done::Returned { allocation_id } => {
            (fact.change, fact.allocation_id) == (Change::SpotsReturned, Some(allocation_id))
        }
    };
    is_there && has_asked && is_result
}
