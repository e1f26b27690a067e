//! An event as plain data, and back again: who has which spot comes from holds and allocations,
//! what is blocked from the event itself, and everything else is counted anew.

use std::sync::Arc;

use super::{EventState, SeatState, add_area, add_seat};
use crate::chart::Chart;
use crate::digest::Digest;
use crate::fact::SeatStatus;
use crate::hashing::SeededState;
use crate::ids::{AreaIndex, SeatIndex};
use crate::spots::Spots;
use crate::state::image::{EventImage, ImageError};

impl EventState {
    pub(crate) fn image(&self) -> EventImage {
        let mut blocked_seats: Vec<(SeatIndex, u32)> = Vec::new();
        for (index, seat) in (0..).zip(self.seats.iter()) {
            if seat == SeatState::Blocked {
                match blocked_seats.last_mut() {
                    Some((first, count)) if first.0 + *count == index => *count += 1,
                    _ => blocked_seats.push((SeatIndex(index), 1)),
                }
            }
        }
        let blocked = (0..).map(AreaIndex).zip(&self.area_counts);
        let blocked = blocked.map(|(area, counts)| (area, counts.get(SeatStatus::Blocked)));
        EventImage {
            id: self.id,
            name: self.name.clone(),
            chart: self.chart_hash,
            rules: self.rules,
            ticket_types: self.ticket_types.to_vec(),
            created_at: self.created_at,
            closed_at: self.closed_at,
            blocked_seats,
            blocked_places: blocked.filter(|(_, count)| *count > 0).collect(),
        }
    }

    /// An event of which nothing is held or sold yet.
    pub(crate) fn restore(
        image: EventImage,
        chart: Arc<Chart>,
        hashing: SeededState,
    ) -> Result<Self, ImageError> {
        let EventImage { id, name, rules, created_at, .. } = image;
        let (chart, types) = ((image.chart, chart), image.ticket_types.into());
        let mut event = Self::new(id, name, chart, (rules, types), created_at, hashing);
        event.closed_at = image.closed_at;
        let mut next = 0;
        for (first, count) in image.blocked_seats {
            let impossible = ImageError::SeatImpossible { event_id: id, seat: first };
            let end = first.0.checked_add(count).filter(|_| count > 0 && first.0 >= next);
            let end = end.ok_or_else(|| impossible.clone())?;
            let filled = event.seats.fill(first, SeatIndex(end), SeatState::Blocked);
            filled.ok_or(impossible)?;
            event.counts.shift(SeatStatus::Available, SeatStatus::Blocked, count);
            // Runs that touch would be one.
            next = end + 1;
        }
        let mut before = None;
        for (area, count) in image.blocked_places {
            if count == 0 || before.is_some_and(|before| area <= before) {
                return Err(ImageError::AreaImpossible { event_id: id, area });
            }
            before = Some(area);
            event.take_places(area, SeatStatus::Blocked, count)?;
        }
        Ok(event)
    }

    /// Adds what is blocked to a digest; places as far as [`EventState::restored`] does not.
    pub(crate) fn add_blocked_to(&self, digest: &mut Digest) {
        for (index, seat) in (0..).zip(self.seats.iter()) {
            add_seat(digest, self.id, SeatIndex(index), seat);
        }
    }

    /// Gives spots to a hold or an allocation.
    pub(crate) fn restore_spots(
        &mut self,
        spots: &Spots,
        state: SeatState,
        digest: &mut Digest,
    ) -> Result<(), ImageError> {
        let (event_id, status) = (self.id, state.status());
        for seat in spots.seat_indexes() {
            if self.seats.replace(seat, state) != Some(SeatState::Available) {
                return Err(ImageError::SeatImpossible { event_id, seat });
            }
            add_seat(digest, event_id, seat, state);
        }
        self.counts.shift(SeatStatus::Available, status, spots.seats.len() as u32);
        for (position, places) in spots.areas.iter().enumerate() {
            let area = places.area;
            let key = (area, places.ticket_type);
            let mut before = spots.areas[..position].iter();
            if places.count == 0 || before.any(|other| (other.area, other.ticket_type) == key) {
                return Err(ImageError::AreaImpossible { event_id, area });
            }
            self.take_places(area, status, places.count)?;
        }
        for (ticket_type, count) in spots.by_ticket_type() {
            let counts = self.ticket_type_counts.get_mut(usize::from(ticket_type.0));
            let counts = counts.filter(|counts| counts.get(SeatStatus::Available) >= count);
            let impossible = ImageError::TicketTypeImpossible { event_id, ticket_type };
            counts.ok_or(impossible)?.shift(SeatStatus::Available, status, count);
        }
        Ok(())
    }

    fn take_places(
        &mut self,
        area: AreaIndex,
        status: SeatStatus,
        count: u32,
    ) -> Result<(), ImageError> {
        let counts = self.area_counts.get_mut(area.0 as usize);
        let counts = counts.filter(|counts| counts.get(SeatStatus::Available) >= count);
        let impossible = ImageError::AreaImpossible { event_id: self.id, area };
        counts.ok_or(impossible)?.shift(SeatStatus::Available, status, count);
        Ok(())
    }

    /// All spots are with their owners: adds what depends on all of them to a digest.
    pub(crate) fn restored(&self, digest: &mut Digest) {
        for (area, &counts) in (0..).map(AreaIndex).zip(&self.area_counts) {
            add_area(digest, self.id, area, counts);
        }
    }
}
