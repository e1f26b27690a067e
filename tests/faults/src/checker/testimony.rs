//! The server's last word on an event against the replayed journal.

use super::replay::Replayed;
use super::violation::{Kind, Violation};
use crate::history::SeatStatus;

/// How many seats are in which state.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// On sale.
    pub available: u32,
    /// Held.
    pub held: u32,
    /// Sold.
    pub allocated: u32,
    /// Off sale.
    pub blocked: u32,
    /// All of them.
    pub capacity: u32,
}

/// What `VerifyEvent` said of an event.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Testimony {
    /// The event.
    pub event_id: u64,
    /// Behind which LSN of its shard it was looked at.
    pub lsn: u64,
    /// What was counted.
    pub counts: Counts,
    /// What it found wrong with itself.
    pub violations: Vec<String>,
}

pub(super) fn check(testimonies: &[Testimony], replayed: &Replayed<'_>) -> Vec<Violation> {
    testimonies.iter().flat_map(|testimony| of_event(testimony, replayed)).collect()
}

fn of_event(testimony: &Testimony, replayed: &Replayed<'_>) -> Vec<Violation> {
    let Testimony { event_id, lsn, counts, violations } = testimony;
    let mut found = Vec::new();
    if !violations.is_empty() {
        let says = format!("VerifyEvent of event {event_id} has violations");
        found.push(Violation::new(Kind::SelfReported, says, violations.clone()));
    }
    let mut by_journal = Counts { capacity: counts.capacity, ..Counts::default() };
    for seat in replayed.seats_of(*event_id) {
        match replayed.status(seat, *lsn) {
            SeatStatus::Held => by_journal.held += 1,
            SeatStatus::Allocated => by_journal.allocated += 1,
            SeatStatus::Available | SeatStatus::Other => {}
        }
    }
    let taken = by_journal.held + by_journal.allocated;
    by_journal.available = counts.capacity.saturating_sub(taken);
    if by_journal != *counts {
        let says = format!("event {event_id} is not what its journal leads to, at LSN {lsn}");
        let quotes = vec![format!("journal {by_journal:?}"), format!("server {counts:?}")];
        found.push(Violation::new(Kind::StateDiffers, says, quotes));
    }
    found
}
