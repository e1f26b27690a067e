//! What was only hinted at becomes what is asked for: ticket types that the event has, and parts
//! of what a hold or a sale has at that moment.

use inventory_core::command::{self, BestAvailable};
use inventory_core::ids::TicketTypeIndex;
use inventory_core::spots::{AreaPlaces, Spots};

use crate::op::Part;

/// Spots, with ticket types of an event that has so many, if whoever asks takes care.
pub(crate) fn spots(spots: &Spots, known: Option<usize>) -> Spots {
    let mut settled = spots.clone();
    if let Some(known) = known {
        let in_areas = settled.areas.iter_mut().map(|line| &mut line.ticket_type);
        for named in settled.seats.iter_mut().map(|spot| &mut spot.ticket_type).chain(in_areas) {
            let index = named.map_or(0, |TicketTypeIndex(index)| usize::from(index));
            *named = index.checked_rem(known).map(|index| TicketTypeIndex(index as u16));
        }
    }
    settled
}

/// The same of a wish, the ticket types as many as seats.
pub(crate) fn wish(wish: &BestAvailable, known: Option<usize>) -> BestAvailable {
    let mut settled = wish.clone();
    let Some(known) = known else { return settled };
    if known == 0 {
        settled.ticket_types.clear();
        return settled;
    }
    let types = settled.ticket_types.len().max(1).min(settled.quantity as usize);
    settled.ticket_types.resize(types, (TicketTypeIndex(0), 0));
    for (index, count) in &mut settled.ticket_types {
        (*index, *count) = (TicketTypeIndex(index.0 % known as u16), 1);
    }
    if let Some((_, count)) = settled.ticket_types.first_mut() {
        *count = settled.quantity - (types as u32 - 1);
    }
    settled
}

/// A part of what somebody has.
pub(crate) fn part(part: &Part, has: Spots) -> command::Part {
    let named = match part {
        Part::Whole => return command::Part::Whole,
        Part::Named(spots) => spots.clone(),
        Part::Chosen(bits) => choose(&has, *bits),
    };
    let seats = named.seat_indexes().collect();
    command::Part::Spots { seats, areas: named.areas }
}

/// Some of it, by the bits of a number.
fn choose(has: &Spots, bits: u64) -> Spots {
    let is_chosen = |position: usize| bits >> (position % 32) & 1 == 1;
    let seats = (0..).zip(&has.seats).filter(|&(position, _)| is_chosen(position));
    let lines = (7..).zip(&has.areas).filter(|&(position, _)| is_chosen(position));
    let lines = lines.map(|(_, &line)| AreaPlaces { count: 1 + bits as u32 % line.count, ..line });
    Spots { seats: seats.map(|(_, &seat)| seat).collect(), areas: lines.collect() }
}
