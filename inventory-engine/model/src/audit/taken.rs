//! Seats and places that change hands: each is there, named once, and was whose the fact says.

use inventory_core::ids::{AreaIndex, SeatIndex};
use inventory_core::limits::AREA_LINES_MAX;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};

use super::ensure;
use crate::event::{Event, Owner};
use crate::spots::wanted;

impl Event {
    /// These were all of one owner who has them without a list of their own: nobody, or the
    /// organizer.
    pub(super) fn audit_taken(
        &self,
        spots: &Spots,
        owner: Owner,
        seats_max: usize,
    ) -> Result<(), String> {
        let is_little = spots.seats.len() <= seats_max && spots.areas.len() <= AREA_LINES_MAX;
        ensure(is_little, "it names more than a command may")?;
        audit_named_once(spots)?;
        for seat in spots.seat_indexes() {
            let was = self.status(seat).map(|_| self.owner(seat));
            let was = was.ok_or_else(|| format!("there is no seat {seat}"))?;
            if was != owner {
                return Err(format!("seat {seat} was {was:?}, not {owner:?}"));
            }
        }
        for line in &spots.areas {
            self.audit_places(spots, line.area, owner)?;
        }
        self.audit_tables(spots)
    }

    /// These are part of what somebody has, as what they have it.
    pub(super) fn audit_part(&self, owned: &Spots, part: &Spots) -> Result<(), String> {
        audit_named_once(part)?;
        for spot in &part.seats {
            if !owned.seats.contains(spot) {
                return Err(format!("{} is not among what it has", told(spot)));
            }
        }
        for line in &part.areas {
            let is_it =
                |had: &&AreaPlaces| had.area == line.area && had.ticket_type == line.ticket_type;
            let had = owned.areas.iter().find(is_it).map_or(0, |had| had.count);
            if had < line.count {
                let AreaPlaces { area, count, .. } = line;
                return Err(format!("{count} places of area {area} leave, and it has {had}"));
            }
        }
        self.audit_tables(part)
    }

    /// What is blocked is sold as nothing.
    pub(super) fn audit_untyped(&self, spots: &Spots) -> Result<(), String> {
        let is_untyped = wanted(spots).iter().all(|(named, _)| named.is_none());
        ensure(is_untyped, "what is blocked is sold as something")
    }

    fn audit_places(&self, spots: &Spots, area: AreaIndex, owner: Owner) -> Result<(), String> {
        let counts = self.area_counts(area).ok_or_else(|| format!("there is no area {area}"))?;
        let there = counts[owner.status() as usize];
        let lines = spots.areas.iter().filter(|line| line.area == area);
        let taken: u64 = lines.map(|line| u64::from(line.count)).sum();
        if taken > u64::from(there) {
            return Err(format!("{taken} places of area {area} were {owner:?}'s, of {there}"));
        }
        Ok(())
    }

    /// A table that is sold as a whole moves as a whole.
    fn audit_tables(&self, spots: &Spots) -> Result<(), String> {
        for table in self.whole_tables() {
            let moved: Vec<SeatIndex> =
                spots.seat_indexes().filter(|seat| table.contains(seat)).collect();
            let is_whole = moved.is_empty() || moved.len() == table.len();
            ensure(is_whole, "a table that is sold as a whole is taken apart")?;
        }
        Ok(())
    }
}

/// There is something, and it is named once.
fn audit_named_once(spots: &Spots) -> Result<(), String> {
    let is_nothing = spots.seats.is_empty() && spots.areas.is_empty();
    ensure(!is_nothing, "nothing moves")?;
    ensure(spots.areas.iter().all(|line| line.count > 0), "no places of an area move")?;
    for (number, spot) in spots.seats.iter().enumerate() {
        let is_again = spots.seats[..number].iter().any(|before| before.seat == spot.seat);
        ensure(!is_again, "a seat is named twice")?;
    }
    for (number, line) in spots.areas.iter().enumerate() {
        let is_it = |before: &AreaPlaces| {
            before.area == line.area && before.ticket_type == line.ticket_type
        };
        ensure(!spots.areas[..number].iter().any(is_it), "an area is named twice")?;
    }
    Ok(())
}

fn told(spot: &SeatSpot) -> String {
    match spot.ticket_type {
        Some(ticket_type) => format!("seat {} as ticket type {ticket_type}", spot.seat),
        None => format!("seat {}", spot.seat),
    }
}
