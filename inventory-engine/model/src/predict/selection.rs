//! What is refused of the seats and places that somebody names, in the order in which the checks
//! are told.

use inventory_core::fact::SeatStatus;
use inventory_core::ids::{AreaIndex, SeatIndex};
use inventory_core::limits::{AREA_LINES_MAX, BLOCK_SEATS_MAX, HOLD_SEATS_MAX};
use inventory_core::rejection::{
    AreaConflict, Rejection, RejectionCode, RejectionCode::*, Retry, SeatConflict,
};
use inventory_core::spots::{AreaPlaces, Spots};

use super::no;
use crate::event::{Event, Owner};
use crate::spots::{places_in, wanted};

impl Event {
    /// Something, not too much, nothing twice, and all of it known.
    pub(super) fn check_named(&self, spots: &Spots, seats_max: usize) -> Result<(), Rejection> {
        let seats: Vec<SeatIndex> = spots.seat_indexes().collect();
        self.check_count_and_repeats(&seats, &spots.areas, seats_max)?;
        let unknown = seats.iter().filter(|seat| self.status(**seat).is_none());
        let conflicts = self.seat_conflicts(unknown);
        if !conflicts.is_empty() {
            return Err(Rejection { conflicts, ..no(SeatUnknown) });
        }
        let unknown = spots.areas.iter().filter(|line| self.free_places(line.area).is_none());
        let unknown = unknown.map(|line| AreaConflict { area: line.area, could_have: None });
        let areas = each_once(unknown.collect());
        if !areas.is_empty() {
            return Err(Rejection { areas, ..no(AreaUnknown) });
        }
        Ok(())
    }

    /// What is blocked is named, and sold as nothing.
    pub(super) fn check_block(&self, spots: &Spots) -> Result<(), Rejection> {
        self.check_named(spots, BLOCK_SEATS_MAX)?;
        let ticket_type = wanted(spots).iter().find_map(|&(named, _)| named);
        if ticket_type.is_some() {
            return Err(Rejection { ticket_type, ..no(TicketTypeMismatch) });
        }
        self.check_tables(spots.seat_indexes())
    }

    /// A table that is sold as a whole is named as a whole or not at all.
    pub(super) fn check_tables(
        &self,
        seats: impl Iterator<Item = SeatIndex>,
    ) -> Result<(), Rejection> {
        let named: Vec<SeatIndex> = seats.collect();
        let touched = self.whole_tables().filter(|of| of.iter().any(|seat| named.contains(seat)));
        let missing = touched.flatten().filter(|seat| !named.contains(seat));
        let conflicts = self.seat_conflicts(missing);
        if conflicts.is_empty() {
            return Ok(());
        }
        Err(Rejection { conflicts, ..no(TableNotWhole) })
    }

    /// All of it is in the same hands, and there is enough of it.
    pub(super) fn check_owners(
        &self,
        spots: &Spots,
        owner: Owner,
        (unfit, scarce): (RejectionCode, RejectionCode),
    ) -> Result<(), Rejection> {
        let seats: Vec<SeatIndex> = spots.seat_indexes().collect();
        let conflicts =
            self.seat_conflicts(seats.iter().filter(|seat| self.owner(**seat) != owner));
        let is_held = |of: &SeatConflict| of.status == Some(SeatStatus::Held);
        let mut could_be = owner == Owner::Nobody && conflicts.iter().all(is_held);
        let mut areas = Vec::new();
        for &AreaPlaces { area, .. } in &spots.areas {
            let counts = self.area_counts(area).expect("what is not known was refused before");
            let fitting = counts[owner.status() as usize];
            let wanted = places_in(spots, area);
            if wanted > u64::from(fitting) {
                areas.push(AreaConflict { area, could_have: Some(fitting) });
                could_be &= wanted <= u64::from(fitting + counts[SeatStatus::Held as usize]);
            }
        }
        let retry = if could_be { Retry::Later } else { Retry::Never };
        if !conflicts.is_empty() {
            return Err(Rejection { conflicts, retry, ..no(unfit) });
        }
        if !areas.is_empty() {
            return Err(Rejection { areas: each_once(areas), retry, ..no(scarce) });
        }
        Ok(())
    }

    /// The part of what is owned that has these seats and places.
    pub(super) fn named_part(
        &self,
        owned: &Spots,
        (seats, lines): (&[SeatIndex], &[AreaPlaces]),
        missing: RejectionCode,
    ) -> Result<Spots, Rejection> {
        self.check_count_and_repeats(seats, lines, HOLD_SEATS_MAX)?;
        let find = |seat: SeatIndex| owned.seats.iter().find(|spot| spot.seat == seat).copied();
        let conflicts = self.seat_conflicts(seats.iter().filter(|seat| find(**seat).is_none()));
        let mut areas = Vec::new();
        for line in lines {
            let is_it = |had: &&AreaPlaces| is_same_line(had, line);
            let had = owned.areas.iter().find(is_it).map_or(0, |had| had.count);
            if line.count > had {
                let could_have = self.free_places(line.area).map(|_| had);
                areas.push(AreaConflict { area: line.area, could_have });
            }
        }
        if !conflicts.is_empty() || !areas.is_empty() {
            return Err(Rejection { conflicts, areas, ..no(missing) });
        }
        self.check_tables(seats.iter().copied())?;
        let seats = seats.iter().filter_map(|&seat| find(seat)).collect();
        Ok(Spots { seats, areas: lines.to_vec() })
    }

    fn check_count_and_repeats(
        &self,
        seats: &[SeatIndex],
        lines: &[AreaPlaces],
        seats_max: usize,
    ) -> Result<(), Rejection> {
        if seats.is_empty() && lines.is_empty() || lines.iter().any(|line| line.count == 0) {
            return Err(no(SelectionEmpty));
        }
        if seats.len() > seats_max {
            let could_have = Some(seats_max as u32);
            return Err(Rejection { could_have, ..no(SelectionTooLarge) });
        }
        if lines.len() > AREA_LINES_MAX {
            return Err(no(SelectionTooLarge));
        }
        let times = |seat: SeatIndex| seats.iter().filter(|other| **other == seat).count();
        let mut twice: Vec<SeatIndex> = seats.to_vec();
        twice.retain(|seat| times(*seat) > 1);
        twice.sort_unstable();
        twice.dedup();
        let conflicts = self.seat_conflicts(twice.iter());
        let again = lines.iter().enumerate().filter(|&(number, line)| {
            lines[..number].iter().any(|before| is_same_line(before, line))
        });
        let again = again.map(|(_, line)| AreaConflict {
            area: line.area,
            could_have: self.free_places(line.area),
        });
        let areas = each_once(again.collect());
        if conflicts.is_empty() && areas.is_empty() {
            return Ok(());
        }
        Err(Rejection { conflicts, areas, ..no(SeatRepeated) })
    }

    /// How many places of an area are available; `None` if there is no such area.
    fn free_places(&self, area: AreaIndex) -> Option<u32> {
        self.area_counts(area).map(|counts| counts[SeatStatus::Available as usize])
    }

    pub(super) fn seat_conflicts<'a>(
        &self,
        seats: impl Iterator<Item = &'a SeatIndex>,
    ) -> Vec<SeatConflict> {
        seats.map(|&seat| SeatConflict { seat, status: self.status(seat) }).collect()
    }
}

fn is_same_line(one: &AreaPlaces, other: &AreaPlaces) -> bool {
    (one.area, one.ticket_type) == (other.area, other.ticket_type)
}

/// What stands there several times, once.
pub(super) fn each_once(areas: Vec<AreaConflict>) -> Vec<AreaConflict> {
    let mut once = Vec::new();
    for area in areas {
        if !once.contains(&area) {
            once.push(area);
        }
    }
    once
}
