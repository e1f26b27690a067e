//! The full labels of all seats, one behind the other: each answer tells some, of seats that lie
//! anywhere, and so finds them in one place and not behind two.

use super::Seat;
use crate::ids::SeatIndex;

/// By seat: its full label.
#[derive(Debug)]
pub(super) struct SeatLabels {
    text: String,
    /// Where each label ends. The limits of a chart keep all of them below 4 GiB.
    ends: Vec<u32>,
}

const _: () = {
    use crate::limits::{CHART_SEATS_MAX, LABEL_BYTES_MAX};
    assert!(CHART_SEATS_MAX * LABEL_BYTES_MAX <= u32::MAX as usize);
};

impl SeatLabels {
    /// Of seats whose number and whose labels' lengths have been checked.
    pub(super) fn of(seats: &[Seat]) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(seats.len()));
        for seat in seats {
            text.push_str(&seat.label);
            ends.push(text.len() as u32);
        }
        Self { text, ends }
    }

    /// Of one seat; `None` if there is no such seat.
    pub(super) fn get(&self, seat: SeatIndex) -> Option<&str> {
        let index = seat.0 as usize;
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start as usize..end as usize)
    }
}
