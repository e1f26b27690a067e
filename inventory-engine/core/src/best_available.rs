//! Best available: the contiguous run in one row whose seats are nearest to the focal point.
//!
//! Rows are looked at with the nearest first, and the search ends where no later row could hold
//! a nearer run. Accessible and companion seats go only to who asks for them. Of equally near
//! runs the first wins: in the row that is looked at first, from its first seat on.

use crate::chart::SeatPlace;
use crate::command::BestAvailable;
use crate::fact::SeatStatus;
use crate::ids::{CategoryIndex, RowIndex, SeatIndex};
use crate::state::EventState;

/// The nearest run for a wish, or, where no row has one, the longest run that could be had.
pub fn find(event: &EventState, wish: &BestAvailable) -> Result<Vec<SeatIndex>, u32> {
    // Most of what comes after the last seat is gone asks in vain.
    if event.counts().get(SeatStatus::Available) == 0 {
        return Err(0);
    }
    let search = Search::new(event, wish);
    let quantity = wish.quantity.max(1) as usize;
    let mut best: Option<(u64, &[SeatIndex])> = None;
    let mut longest = 0;
    for &(nearest, row) in event.chart.rows_by_distance() {
        let bound = u64::from(nearest) * quantity as u64;
        if best.is_some_and(|(distance, _)| bound >= distance) {
            break;
        }
        // A run that is long enough, or, as long as none was found, a longer one than all before.
        let possible = search.longest_run(row) as usize;
        if (possible < quantity && possible <= longest) || !search.is_wanted(row) {
            continue;
        }
        for run in search.runs(row, |status| status == SeatStatus::Available) {
            longest = longest.max(run.len());
            let Some((distance, window)) = nearest_window(event, run, quantity) else { continue };
            if best.is_none_or(|(shortest, _)| distance < shortest) {
                best = Some((distance, window));
            }
        }
    }
    best.map(|(_, window)| window.to_vec()).ok_or(longest as u32)
}

/// Whether a wish that cannot be fulfilled now could be if all that is held came free.
pub fn might_come_free(event: &EventState, wish: &BestAvailable) -> bool {
    if event.counts().get(SeatStatus::Held) == 0 {
        return false;
    }
    let search = Search::new(event, wish);
    let could_be = |status| matches!(status, SeatStatus::Available | SeatStatus::Held);
    let mut rows = event.chart.rows_by_distance().iter().map(|&(_, row)| row);
    rows.any(|row| {
        search.longest_run_once_freed(row) >= wish.quantity
            && search.is_wanted(row)
            && search.runs(row, could_be).any(|run| run.len() >= wish.quantity as usize)
    })
}

/// A wish, and what it says of each seat and each row.
struct Search<'a> {
    event: &'a EventState,
    wish: &'a BestAvailable,
    /// Found once, for many seats are asked: the categories that are wished for and that every
    /// one of the ticket types is sold in; `None`: all, and seats without one.
    categories: Option<Vec<CategoryIndex>>,
}

impl<'a> Search<'a> {
    fn new(event: &'a EventState, wish: &'a BestAvailable) -> Self {
        let mut categories = wish.category.map(|category| vec![category]);
        for &(index, _) in &wish.ticket_types {
            let Some(ticket_type) = event.ticket_types.get(usize::from(index.0)) else {
                // Nothing is sold as a type that the event does not have.
                return Self { event, wish, categories: Some(Vec::new()) };
            };
            match &mut categories {
                _ if ticket_type.categories.is_empty() => {}
                None => categories = Some(ticket_type.categories.clone()),
                // As a rule all types are sold in the same ones.
                Some(wanted) if *wanted == ticket_type.categories => {}
                Some(wanted) => wanted.retain(|&of| ticket_type.applies_to(Some(of))),
            }
        }
        Self { event, wish, categories }
    }

    fn longest_run(&self, row: RowIndex) -> u32 {
        if self.wish.accessible {
            self.event.longest_accessible_run(row)
        } else {
            self.event.longest_run(row)
        }
    }

    fn longest_run_once_freed(&self, row: RowIndex) -> u32 {
        let runs = self.event.longest_runs(row);
        if self.wish.accessible { runs.accessible_once_freed } else { runs.anyone_once_freed }
    }

    /// Whether the row is where the wish wants to be, and may have seats of its categories.
    fn is_wanted(&self, row: RowIndex) -> bool {
        let (wish, chart) = (self.wish, &self.event.chart);
        let section = chart.parts().rows[row.0 as usize].section;
        let zone = || chart.parts().sections[section?.0 as usize].zone;
        let may_have = |&category: &CategoryIndex| chart.row_may_have(row, category);
        (wish.section.is_none() || wish.section == section)
            && (wish.zone.is_none() || wish.zone == zone())
            && self.categories.as_ref().is_none_or(|wanted| wanted.iter().any(may_have))
    }

    /// The runs of neighbouring seats of a row that fit the wish and are in a fitting state.
    fn runs(
        &self,
        row: RowIndex,
        is_fitting: impl Fn(SeatStatus) -> bool,
    ) -> impl Iterator<Item = &'a [SeatIndex]> {
        let event = self.event;
        let fits = move |seat: SeatIndex| {
            let is_wanted = |place: SeatPlace| {
                let has_wanted = |wanted: &Vec<CategoryIndex>| {
                    place.category.is_some_and(|category| wanted.contains(&category))
                };
                place.needs_asking == self.wish.accessible
                    && self.categories.as_ref().is_none_or(has_wanted)
            };
            event.seat(seat).is_some_and(|state| is_fitting(state.status()))
                && event.chart.seat_place(seat).is_some_and(is_wanted)
        };
        let seats = &event.chart.parts().rows[row.0 as usize].seats;
        seats.split(move |&seat| !fits(seat)).filter(|run| !run.is_empty())
    }
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
