//! Best available: the contiguous run in one row whose seats are nearest to the focal point.
//!
//! Rows are looked at with the nearest first, and the search ends where no later row could hold
//! a nearer run. Accessible and companion seats go only to who asks for them. Of equally near
//! runs the first wins: in the row that is looked at first, from its first seat on.

use crate::command::BestAvailable;
use crate::fact::SeatStatus;
use crate::ids::{RowIndex, SeatIndex, TicketTypeIndex};
use crate::state::EventState;

/// The nearest run for a wish, or, where no row has one, the longest run that could be had.
pub fn find(event: &EventState, wish: &BestAvailable) -> Result<Vec<SeatIndex>, u32> {
    // Most of what comes after the last seat is gone asks in vain.
    if event.counts().get(SeatStatus::Available) == 0 {
        return Err(0);
    }
    let quantity = wish.quantity.max(1) as usize;
    let mut best: Option<(u64, &[SeatIndex])> = None;
    let mut longest = 0;
    for &(nearest, row) in event.chart.rows_by_distance() {
        let bound = u64::from(nearest) * quantity as u64;
        if best.is_some_and(|(distance, _)| bound >= distance) {
            break;
        }
        if !may_have(event, wish, row, longest) {
            continue;
        }
        let seats = &event.chart.parts().rows[row.0 as usize].seats;
        for run in runs(event, wish, seats) {
            longest = longest.max(run.len());
            let Some((distance, window)) = nearest_window(event, run, quantity) else { continue };
            if best.is_none_or(|(shortest, _)| distance < shortest) {
                best = Some((distance, window));
            }
        }
    }
    best.map(|(_, window)| window.to_vec()).ok_or(longest as u32)
}

/// Whether looking at a row can bring anything: a run that is long enough, or, as long as none
/// was found, a longer one than all before.
fn may_have(event: &EventState, wish: &BestAvailable, row: RowIndex, longest: usize) -> bool {
    let possible =
        if wish.accessible { event.longest_accessible_run(row) } else { event.longest_run(row) };
    let parts = event.chart.parts();
    let section = parts.rows[row.0 as usize].section;
    let zone = || parts.sections[section?.0 as usize].zone;
    let is_wanted = (wish.section.is_none() || wish.section == section)
        && (wish.zone.is_none() || wish.zone == zone())
        && wish.category.is_none_or(|category| event.chart.row_may_have(row, category));
    is_wanted && (possible >= wish.quantity || possible as usize > longest)
}

/// The runs of neighbouring seats of a row that fit a wish.
fn runs<'a>(
    event: &'a EventState,
    wish: &'a BestAvailable,
    seats: &'a [SeatIndex],
) -> impl Iterator<Item = &'a [SeatIndex]> {
    let fits = |seat: SeatIndex| {
        let is_open = if wish.accessible {
            event.is_open_on_asking(seat)
        } else {
            event.is_open_to_anyone(seat)
        };
        if !is_open || (wish.category.is_none() && wish.ticket_types.is_empty()) {
            return is_open;
        }
        let category = event.seat_category(seat);
        let sold_as = |&(TicketTypeIndex(index), _): &(TicketTypeIndex, u32)| {
            event.ticket_types[usize::from(index)].applies_to(category)
        };
        (wish.category.is_none() || wish.category == category)
            && wish.ticket_types.iter().all(sold_as)
    };
    seats.split(move |&seat| !fits(seat)).filter(|run| !run.is_empty())
}

/// The part of a run that is as long as wished and nearest, with the sum of its distances.
fn nearest_window<'a>(
    event: &EventState,
    run: &'a [SeatIndex],
    quantity: usize,
) -> Option<(u64, &'a [SeatIndex])> {
    let distance = |seat: SeatIndex| u64::from(event.chart.distance(seat));
    let mut sum: u64 = run.get(..quantity)?.iter().map(|&seat| distance(seat)).sum();
    let (mut shortest, mut from) = (sum, 0);
    for (start, (&left, &joined)) in (1..).zip(run.iter().zip(&run[quantity..])) {
        sum = sum + distance(joined) - distance(left);
        if sum < shortest {
            (shortest, from) = (sum, start);
        }
    }
    Some((shortest, &run[from..from + quantity]))
}

#[cfg(test)]
mod tests;
