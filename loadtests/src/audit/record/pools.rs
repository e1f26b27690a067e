//! Areas and ticket types, by the record alone: at no time was more of one surely taken than there
//! is of it.
//!
//! What a hold was placed with is surely taken from the answer that acknowledged it. What of it
//! was sold stays so until something was sent that could bring it back; the rest until the
//! deadline, or until something was sent that could release any of it.

use std::collections::BTreeMap;

use super::{Books, HoldRecord};
use crate::audit::{Findings, Kind, entry_evidence};
use crate::layout::Layout;
use crate::record::Entry;
use crate::spots::{Pool, Spots};

/// A change of how much of a pool is surely taken, and the answer that it rests on.
type Turn<'a> = (u64, i64, &'a Entry);

/// Looks for a moment at which more than all was taken. A pool is reported once.
pub(super) fn never_oversold(
    books: &Books<'_>,
    layout: &Layout,
    slack_micros: u64,
    findings: &mut Findings,
) {
    let mut turns: BTreeMap<Pool, Vec<Turn<'_>>> = BTreeMap::new();
    for hold in books.holds.values() {
        for (pool, from, until, count, entry) in taken(hold, books, slack_micros) {
            if from < until {
                let turns = turns.entry(pool).or_default();
                turns.extend([(from, count, entry), (until, -count, entry)]);
            }
        }
    }
    for (pool, mut turns) in turns {
        let (what, capacity) = match pool {
            Pool::Area(area) => {
                let of = layout.areas().get(area as usize).map(|area| area.capacity);
                (format!("area {:?}", layout.area_label(area)), of)
            }
            Pool::TicketType(index) => {
                let of = layout.ticket_types().get(usize::from(index)).and_then(|of| of.quota);
                (format!("ticket type {:?}", layout.type_key(index)), of)
            }
        };
        let Some(capacity) = capacity.map(i64::from) else { continue };
        // At one moment what ends comes before what begins.
        turns.sort_by_key(|(at, count, _)| (*at, *count));
        let mut taken = 0;
        let too_many = turns.iter().find_map(|(_, count, entry)| {
            taken += count;
            (taken > capacity).then_some(*entry)
        });
        if let Some(entry) = too_many {
            let message =
                format!("{what}: {taken} were held and sold at one time, and there are {capacity}");
            findings.add(Kind::Oversold, None, message, vec![entry_evidence(entry)]);
        }
    }
}

/// Each part of a hold with the time during which it was surely taken.
fn taken<'a>(
    hold: &HoldRecord<'a>,
    books: &Books<'_>,
    slack_micros: u64,
) -> Vec<(Pool, u64, u64, i64, &'a Entry)> {
    let Some(placed) = hold.placed else { return Vec::new() };
    let mut left = sums(placed.answer.spots());
    let mut taken = Vec::new();
    let from = placed.received_micros;
    for (allocation_id, spots) in &hold.allocated {
        let sale = books.allocations.get(allocation_id);
        let back_micros = sale.and_then(|sale| sale.first_return_micros);
        let until = back_micros.map_or(u64::MAX, |back| back.saturating_sub(slack_micros));
        for (pool, count) in sums(Some(spots)) {
            *left.entry(pool).or_default() -= count;
            taken.push((pool, from, until, count, placed));
        }
    }
    let until = (hold.deadline_millis * 1_000).min(hold.first_release_micros.unwrap_or(u64::MAX));
    let until = until.saturating_sub(slack_micros);
    let left = left.into_iter().filter(|(_, count)| *count > 0);
    taken.extend(left.map(|(pool, count)| (pool, from, until, count, placed)));
    taken
}

fn sums(spots: Option<&Spots>) -> BTreeMap<Pool, i64> {
    let mut sums = BTreeMap::new();
    for (pool, count) in spots.into_iter().flat_map(Spots::pools) {
        *sums.entry(pool).or_default() += count as i64;
    }
    sums
}
