//! The best available: what is refused of a wish, every way to fulfil it, and which of them may be
//! chosen.

use inventory_core::chart::{ChartParts, Point, Row, Seat};
use inventory_core::command::BestAvailable;
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{SeatIndex, TicketTypeIndex};
use inventory_core::limits::HOLD_SEATS_MAX;
use inventory_core::rejection::{Rejection, RejectionCode::*, Retry};

use super::no;
use super::sale::Wanted;
use crate::Model;
use crate::event::Event;

/// Up to which difference two distances are taken for equal, in units of the chart: the engine
/// rounds each to hundredths.
const DISTANCE_TOLERANCE: f64 = 0.01;

/// A hold that is placed with seats of the engine's choice. Of runs that are equally near either
/// is right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// The fact, but for the seats.
    pub(super) rest: Fact,
    pub(super) wish: BestAvailable,
}

impl Choice {
    /// Whether a fact is what was predicted by this model, with seats next to each other that are
    /// as near as any that fit.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, model: &Model, fact: &Fact) -> Result<(), String> {
        let mut rest = fact.clone();
        let chosen = match &mut rest.change {
            Change::HoldPlaced { spots, .. } => std::mem::take(&mut spots.seats),
            _ => return Err(format!("{fact:?} places no hold")),
        };
        if rest != self.rest {
            return Err(format!("but for its seats, {fact:?} is not {:?}", self.rest));
        }
        let event = model.event(fact.event_id).ok_or("there is no such event")?;
        let types: Vec<_> = chosen.iter().map(|spot| spot.ticket_type).collect();
        let wished = self.types();
        if types != wished {
            return Err(format!("the seats are sold as {types:?}, not as {wished:?}"));
        }
        let chosen: Vec<SeatIndex> = chosen.iter().map(|spot| spot.seat).collect();
        event.check_chosen(&self.wish, &chosen)
    }

    /// What the fact has besides the seats.
    pub fn rest(&self) -> &Fact {
        &self.rest
    }

    /// What each seat is to be sold as, from the first to the last.
    fn types(&self) -> Vec<Option<TicketTypeIndex>> {
        let BestAvailable { quantity, ticket_types, .. } = &self.wish;
        if ticket_types.is_empty() {
            return vec![None; *quantity as usize];
        }
        let each = ticket_types.iter();
        each.flat_map(|&(index, count)| vec![Some(index); count as usize]).collect()
    }
}

impl Event {
    /// A wish that could be somebody's. Says what it is for.
    pub(super) fn check_wish(&self, wish: &BestAvailable) -> Result<Vec<Wanted>, Rejection> {
        let BestAvailable { quantity, category, ticket_types, .. } = wish;
        if *quantity == 0 || ticket_types.iter().any(|&(_, count)| count == 0) {
            return Err(no(SelectionEmpty));
        }
        if *quantity as usize > HOLD_SEATS_MAX {
            let could_have = Some(HOLD_SEATS_MAX as u32);
            return Err(Rejection { could_have, ..no(SelectionTooLarge) });
        }
        let typed = ticket_types.iter().map(|&(index, count)| (Some(index), u64::from(count)));
        let wanted: Vec<Wanted> = typed.collect();
        self.check_types_known(&wanted)?;
        if self.ticket_types.is_empty() {
            return Ok(vec![(None, u64::from(*quantity))]);
        }
        if wanted.iter().map(|(_, count)| count).sum::<u64>() != u64::from(*quantity) {
            return Err(no(TicketTypeRequired));
        }
        let unfit =
            |&&(index, _): &&Wanted| category.is_some() && !self.is_sold_as(*category, index);
        if let Some(&(ticket_type, _)) = wanted.iter().find(unfit) {
            return Err(Rejection { ticket_type, ..no(TicketTypeMismatch) });
        }
        Ok(wanted)
    }

    /// Whether so many seats are free together; if not, how many are, and whether they could be.
    pub(super) fn check_together(&self, wish: &BestAvailable) -> Result<(), Rejection> {
        let is_free = |status| status == SeatStatus::Available;
        let free = self.fitting(wish, is_free);
        let quantity = wish.quantity as usize;
        if !self.runs(wish, &free, quantity).is_empty() {
            return Ok(());
        }
        let mut shorter = (1..quantity).rev();
        let longest = shorter.find(|&length| !self.runs(wish, &free, length).is_empty());
        let could_have = Some(longest.unwrap_or(0) as u32);
        let could_come = |status| matches!(status, SeatStatus::Available | SeatStatus::Held);
        let once_freed = self.fitting(wish, could_come);
        let could_be = !self.runs(wish, &once_freed, quantity).is_empty();
        let retry = if could_be { Retry::Later } else { Retry::Never };
        Err(Rejection { could_have, retry, ..no(NotEnoughTogether) })
    }

    /// Whether the seats chosen are as near as any that fit.
    fn check_chosen(&self, wish: &BestAvailable, chosen: &[SeatIndex]) -> Result<(), String> {
        let free = self.fitting(wish, |status| status == SeatStatus::Available);
        let runs = self.runs(wish, &free, wish.quantity as usize);
        if !runs.contains(&chosen) {
            return Err(format!("{chosen:?} does not fit {wish:?}"));
        }
        let front = front(self.parts());
        let far = |seat: &SeatIndex| distance(self.parts(), front, *seat);
        let distance = |run: &[SeatIndex]| run.iter().map(far).sum::<f64>();
        let shortest = runs.iter().map(|run| distance(run)).fold(f64::MAX, f64::min);
        if distance(chosen) > shortest + DISTANCE_TOLERANCE * chosen.len() as f64 {
            return Err(format!("{chosen:?} is not nearest: {runs:?}"));
        }
        Ok(())
    }

    /// By seat, whether it fits the wish and is in a state that will do.
    fn fitting(&self, wish: &BestAvailable, will_do: fn(SeatStatus) -> bool) -> Vec<bool> {
        let fits = |(number, seat): (u32, &Seat)| {
            let types = &mut wish.ticket_types.iter();
            (seat.accessible || seat.companion) == wish.accessible
                && (wish.category.is_none() || seat.category == wish.category)
                && types.all(|&(index, _)| self.is_sold_as(seat.category, Some(index)))
                && self.status(SeatIndex(number)).is_some_and(will_do)
        };
        (0..).zip(&self.parts().seats).map(fits).collect()
    }

    /// Every way to sit so many together in one row where the wish wants to be, on fitting seats.
    fn runs(&self, wish: &BestAvailable, fits: &[bool], length: usize) -> Vec<&[SeatIndex]> {
        let parts = self.parts();
        let is_wanted = |row: &&Row| {
            let zone = row.section.and_then(|section| parts.sections[section.0 as usize].zone);
            (wish.section.is_none() || row.section == wish.section)
                && (wish.zone.is_none() || zone == wish.zone)
        };
        let rows = parts.rows.iter().filter(is_wanted);
        let all = rows.flat_map(|row| row.seats.windows(length));
        all.filter(|run| run.iter().all(|seat| fits[seat.0 as usize])).collect()
    }
}

/// Where people look if nothing says so: the middle of the front edge.
fn front(parts: &ChartParts) -> Point {
    let across = || parts.seats.iter().map(|seat| seat.position.x);
    let (left, right) = (across().fold(f64::MAX, f64::min), across().fold(f64::MIN, f64::max));
    let y = parts.seats.iter().map(|seat| seat.position.y).fold(f64::MAX, f64::min);
    Point { x: f64::midpoint(left, right), y }
}

/// How far a seat is from where people look: in its zone, in the chart, or to the front.
fn distance(parts: &ChartParts, front: Point, seat: SeatIndex) -> f64 {
    let seat = &parts.seats[seat.0 as usize];
    let zone = seat.section.and_then(|section| parts.sections[section.0 as usize].zone);
    let of_zone = zone.and_then(|zone| parts.zones[zone.0 as usize].focal_point);
    let focus = of_zone.or(parts.focal_point).unwrap_or(front);
    (seat.position.x - focus.x).hypot(seat.position.y - focus.y)
}

#[cfg(test)]
mod tests;
