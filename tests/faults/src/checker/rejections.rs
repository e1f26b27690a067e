//! Every refusal can be explained: at some point of the journal between what was acknowledged
//! before it was asked for and what was asked for after its answer, the seats that it names had the
//! states that it says, and the others were available; and a hold that it calls ended had.

use std::collections::HashMap;

use super::replay::{HoldEnd, Replayed};
use super::violation::{Kind, Violation};
use crate::history::{Ask, HoldId, NEVER_MICROS, Operation, Rejected, Said, SeatStatus, Sending};

/// Which LSNs of a shard a moment may lie between.
#[derive(Debug, Default)]
struct Bounds {
    /// By the moment of an answer: the highest LSN that was told by then.
    told: Vec<(u64, u64)>,
    /// By the moment of a request: the lowest LSN of what was asked for from then on.
    asked: Vec<(u64, u64)>,
}

impl Bounds {
    /// What was told before `micros` is in front.
    fn lowest(&self, micros: u64) -> u64 {
        let before = self.told.partition_point(|(at, _)| *at < micros);
        before.checked_sub(1).map_or(0, |last| self.told[last].1)
    }

    /// What was asked for after `micros` is behind.
    fn highest(&self, micros: u64) -> Option<u64> {
        let upto = self.asked.partition_point(|(at, _)| *at <= micros);
        self.asked.get(upto).map(|(_, lsn)| lsn - 1)
    }
}

pub(super) fn check(operations: &[Operation<'_>], replayed: &Replayed<'_>) -> Vec<Violation> {
    let bounds = bounds(operations, replayed);
    let sendings = operations.iter().flat_map(|operation| &operation.sendings);
    let rejections = sendings.filter_map(|sending| match &sending.said {
        Said::Rejected(rejected) => explain(sending, rejected, &bounds, replayed),
        _ => None,
    });
    rejections.collect()
}

fn bounds(operations: &[Operation<'_>], replayed: &Replayed<'_>) -> HashMap<u16, Bounds> {
    let mut shards: HashMap<u16, Bounds> = HashMap::new();
    for operation in operations {
        let Some((sending, _)) = operation.acknowledged() else { continue };
        let Some(fact) = replayed.of_request(operation.request_id).next() else { continue };
        let bounds = shards.entry(fact.shard).or_default();
        bounds.told.push((sending.answered_micros, fact.lsn));
        bounds.asked.push((operation.invoked_micros(), fact.lsn));
    }
    for bounds in shards.values_mut() {
        bounds.told.sort_unstable();
        bounds.asked.sort_unstable();
        let mut highest = 0;
        for (_, lsn) in &mut bounds.told {
            highest = highest.max(*lsn);
            *lsn = highest;
        }
        let mut lowest = u64::MAX;
        for (_, lsn) in bounds.asked.iter_mut().rev() {
            lowest = lowest.min(*lsn);
            *lsn = lowest;
        }
    }
    shards
}

fn explain(
    sending: &Sending,
    rejected: &Rejected,
    bounds: &HashMap<u16, Bounds>,
    replayed: &Replayed<'_>,
) -> Option<Violation> {
    let shard = match &*sending.ask {
        Ask::Place { event_id, .. } => replayed.shard_of(*event_id)?,
        Ask::Extend { hold_id, .. }
        | Ask::Release { hold_id, .. }
        | Ask::Allocate { hold_id, .. } => replayed.hold(*hold_id)?.0.shard,
        Ask::Return { .. } => return None,
    };
    let bounds = bounds.get(&shard)?;
    let answered = sending.answered_micros.min(NEVER_MICROS - 1);
    let lowest = bounds.lowest(sending.invoked_micros);
    let highest = bounds.highest(answered).unwrap_or(u64::MAX).min(replayed.last_lsn(shard));
    let is_explained = match &*sending.ask {
        Ask::Place { event_id, seats, .. } => {
            let states = seats.iter().map(|seat| {
                let named = rejected.conflicts.iter().find(|(of, _)| of == seat);
                ((*event_id, *seat), named.map_or(SeatStatus::Available, |(_, status)| *status))
            });
            rejected.reason != "seats_unavailable"
                || ever_were(&states.collect::<Vec<_>>(), lowest, highest, replayed)
        }
        Ask::Extend { hold_id, .. }
        | Ask::Release { hold_id, .. }
        | Ask::Allocate { hold_id, .. } => has_ended(*hold_id, &rejected.reason, highest, replayed),
        Ask::Return { .. } => true,
    };
    let says = || format!("no state between LSN {lowest} and {highest} explains this refusal");
    let violation = || Violation::new(Kind::RefusalUnexplained, says(), vec![sending.to_string()]);
    (!is_explained).then(violation)
}

/// Whether at one LSN of a range all of these seats were in these states.
fn ever_were(
    states: &[((u64, u32), SeatStatus)],
    lowest: u64,
    highest: u64,
    replayed: &Replayed<'_>,
) -> bool {
    let changes = states.iter().flat_map(|(seat, _)| replayed.changes(*seat, lowest..highest + 1));
    [lowest]
        .into_iter()
        .chain(changes)
        .any(|lsn| states.iter().all(|(seat, status)| replayed.status(*seat, lsn) == *status))
}

/// Whether a hold had ended by an LSN as the refusal says. That one ran out may be told before the
/// fact of it is written.
fn has_ended(hold_id: HoldId, reason: &str, highest: u64, replayed: &Replayed<'_>) -> bool {
    let Some((_, end)) = replayed.hold(hold_id) else { return false };
    let end = end.filter(|(_, lsn)| *lsn <= highest).map(|(end, _)| end);
    match reason {
        "hold_expired" => end.is_none_or(|end| end == HoldEnd::Expired),
        "hold_released" => end == Some(HoldEnd::Released),
        "hold_allocated" => end == Some(HoldEnd::Allocated),
        // Who knows its id was told of it, and ended holds are remembered for longer than a run.
        "hold_unknown" => false,
        _ => true,
    }
}
