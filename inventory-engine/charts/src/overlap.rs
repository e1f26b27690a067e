//! Seats on top of each other. Nothing forbids them, and a chart that was drawn in a hurry sells
//! them both; but somebody ought to look.

use inventory_core::chart::{ChartParts, Seat};

use crate::mistake::quoted;

/// A sentence about seats of one floor that have the very same place, if there are any.
pub(crate) fn warning(parts: &ChartParts) -> Option<String> {
    let floor = |seat: &Seat| {
        let section = seat.section.map(|section| &parts.sections[section.0 as usize]);
        section.and_then(|section| section.floor.as_deref())
    };
    // The bits of equal coordinates are equal: zero has no sign here, and none is not a number.
    let place = |seat: &Seat| (seat.position.x.to_bits(), seat.position.y.to_bits());
    let mut places: Vec<_> = (0_u32..).zip(&parts.seats).map(|(at, s)| (place(s), at)).collect();
    places.sort_unstable();
    let mut first = None;
    let mut count = 0;
    for pair in places.windows(2) {
        let [(place, at), (next_place, next)] = pair else { continue };
        let (seat, other) = (&parts.seats[*at as usize], &parts.seats[*next as usize]);
        if place == next_place && floor(seat) == floor(other) {
            count += 1;
            first = first.min(Some((*next, *at))).or(Some((*next, *at)));
        }
    }
    let (other, seat) = first?;
    let label = |at: u32| quoted(&parts.seats[at as usize].label);
    Some(format!(
        "seats that lie exactly on top of another: {count}, the first {} on {}",
        label(other),
        label(seat)
    ))
}
