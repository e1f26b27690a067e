//! Seats and places, counted and taken apart one by one.

use inventory_core::ids::{AreaIndex, TicketTypeIndex};
use inventory_core::spots::Spots;

/// How many spots these are.
pub(crate) fn count(spots: &Spots) -> u64 {
    wanted(spots).iter().map(|&(_, count)| count).sum()
}

/// How many are sold as a ticket type.
pub(crate) fn sold_as(spots: &Spots, index: TicketTypeIndex) -> u64 {
    let wanted = wanted(spots).into_iter().filter(|&(named, _)| named == Some(index));
    wanted.map(|(_, count)| count).sum()
}

/// How many places of an area these have.
pub(crate) fn places_in(spots: &Spots, area: AreaIndex) -> u64 {
    let lines = spots.areas.iter().filter(|places| places.area == area);
    lines.map(|places| u64::from(places.count)).sum()
}

/// As what each seat and each line is sold, and how many spots that are.
pub(crate) fn wanted(spots: &Spots) -> Vec<(Option<TicketTypeIndex>, u64)> {
    let seats = spots.seats.iter().map(|spot| (spot.ticket_type, 1));
    let lines = spots.areas.iter().map(|places| (places.ticket_type, u64::from(places.count)));
    seats.chain(lines).collect()
}

/// Takes a part away from what has it.
pub(crate) fn lose(owned: &mut Spots, part: &Spots) {
    owned.seats.retain(|spot| !part.seats.contains(spot));
    for lost in &part.areas {
        let key = (lost.area, lost.ticket_type);
        let had = owned.areas.iter_mut().find(|had| (had.area, had.ticket_type) == key);
        had.expect("only what is had is lost, for it was audited").count -= lost.count;
    }
    owned.areas.retain(|places| places.count > 0);
}
