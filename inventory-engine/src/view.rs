//! An event as everybody may see it: durable seat states in atomics, written by the event's
//! writer when facts become durable, read by anyone without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use inventory_core::chart::Chart;
use inventory_core::fact::{Fact, SeatStatus};
use inventory_core::ids::{ChartHash, EventId, Lsn};
use inventory_core::limits::CHART_SEATS_MAX;
use inventory_core::rules::EventRules;
use inventory_core::state::{Counts, EventState};
use inventory_core::time::Timestamp;

/// Bits for one count in [`EventView::sold_counts`].
const COUNT_BITS: u32 = 21;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

// Three counts of seats fit into one atomic, so that they are read at one moment.
const _: () = assert!(COUNT_BITS * 3 <= 64 && CHART_SEATS_MAX < 1 << COUNT_BITS);

/// One event on sale.
#[derive(Debug)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// Its name for people.
    pub name: String,
    /// The name of its chart's content.
    pub chart_hash: ChartHash,
    /// Its chart.
    pub chart: Arc<Chart>,
    /// The rules of its sale.
    pub rules: EventRules,
    /// When it was created.
    pub created_at: Timestamp,
    statuses: Box<[AtomicU8]>,
    /// Held, allocated and blocked seats; what is left of the capacity is available.
    counts: AtomicU64,
    /// The LSN of the newest fact of the event that is shown in full.
    version: AtomicU64,
}

impl EventView {
    /// An event with all its seats available, as the fact that created it says.
    pub fn created(event: &EventState, fact: &Fact) -> Self {
        Self::with_statuses(event, fact.lsn, |_| SeatStatus::Available, Counts::default())
    }

    /// An event as recovered; all of it is durable.
    pub fn recovered(event: &EventState, lsn: Lsn) -> Self {
        let seats = event.seats();
        Self::with_statuses(event, lsn, |index| seats[index].status(), event.counts())
    }

    fn with_statuses(
        event: &EventState,
        lsn: Lsn,
        status: impl Fn(usize) -> SeatStatus,
        counts: Counts,
    ) -> Self {
        let seats = 0..event.chart.seat_count() as usize;
        Self {
            id: event.id,
            name: event.name.to_string(),
            chart_hash: event.chart_hash,
            chart: Arc::clone(&event.chart),
            rules: event.rules,
            created_at: event.created_at,
            statuses: seats.map(|index| AtomicU8::new(status(index) as u8)).collect(),
            counts: AtomicU64::new(pack(counts)),
            version: AtomicU64::new(lsn.0),
        }
    }

    /// Shows a durable fact. Only the event's writer calls this, in LSN order.
    pub fn show(&self, fact: &Fact) {
        if let Some((seats, became)) = fact.change.seats_became() {
            let mut counts = unpack(self.counts.load(Ordering::Relaxed), self.statuses.len());
            for seat in seats {
                let status = &self.statuses[seat.0 as usize];
                let before = status.load(Ordering::Relaxed);
                status.store(became as u8, Ordering::Release);
                counts.0[before as usize] -= 1;
                counts.0[became as usize] += 1;
            }
            self.counts.store(pack(counts), Ordering::Release);
        }
        // Last, so that who reads a version and then the states sees at least that version's.
        self.version.store(fact.lsn.0, Ordering::Release);
    }

    /// The version: what is read after this shows at least all changes up to it.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// How many seats are in each state, all at one moment.
    pub fn counts(&self) -> Counts {
        unpack(self.counts.load(Ordering::Acquire), self.statuses.len())
    }

    /// The state of each seat, by index, as numbers of [`SeatStatus`].
    pub fn statuses(&self) -> impl Iterator<Item = u8> {
        self.statuses.iter().map(|status| status.load(Ordering::Acquire))
    }
}

fn pack(counts: Counts) -> u64 {
    let count = |status| u64::from(counts.get(status));
    count(SeatStatus::Held)
        | count(SeatStatus::Allocated) << COUNT_BITS
        | count(SeatStatus::Blocked) << (2 * COUNT_BITS)
}

fn unpack(packed: u64, capacity: usize) -> Counts {
    let count = |place: u32| (packed >> (place * COUNT_BITS) & COUNT_MASK) as u32;
    let (held, allocated, blocked) = (count(0), count(1), count(2));
    let available = capacity as u32 - held - allocated - blocked;
    Counts([available, held, allocated, blocked])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_packing_at_the_largest_size() {
        let max = CHART_SEATS_MAX as u32;
        for counts in [[max, 0, 0, 0], [0, max, 0, 0], [0, 0, max, 0], [0, 0, 0, max]] {
            assert_eq!(unpack(pack(Counts(counts)), CHART_SEATS_MAX).0, counts);
        }
        let mixed = [7, max / 2, 11, 13];
        let capacity = mixed.iter().sum::<u32>() as usize;
        assert_eq!(unpack(pack(Counts(mixed)), capacity).0, mixed);
    }
}
