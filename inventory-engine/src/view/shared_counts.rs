//! Counts that one thread writes and any thread reads, all four at one moment.

use std::sync::atomic::{AtomicU64, Ordering};

use inventory_core::fact::SeatStatus;
use inventory_core::limits::{CHART_PLACES_MAX, CHART_SEATS_MAX};
use inventory_core::spots::Counts;

/// Bits for one count.
const COUNT_BITS: u32 = 21;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

// Three counts of an event's spots fit into one atomic, so that they are read at one moment.
const _: () = assert!(COUNT_BITS * 3 <= 64);
const _: () = assert!(CHART_SEATS_MAX + (CHART_PLACES_MAX as usize) < 1 << COUNT_BITS);

/// How many of a capacity are in each state.
#[derive(Debug)]
pub(super) struct SharedCounts {
    capacity: u32,
    /// Held, allocated and blocked ones; what is left of the capacity is available.
    packed: AtomicU64,
}

impl SharedCounts {
    /// All available.
    pub(super) fn available(capacity: u32) -> Self {
        Self { capacity, packed: AtomicU64::new(0) }
    }

    /// How many are in each state.
    pub(super) fn get(&self) -> Counts {
        self.unpack(self.packed.load(Ordering::Acquire))
    }

    /// Moves some from one state to another. Only one thread calls this.
    pub(super) fn shift(&self, from: SeatStatus, to: SeatStatus, count: u32) {
        let mut counts = self.unpack(self.packed.load(Ordering::Relaxed));
        counts.shift(from, to, count);
        self.packed.store(pack(counts), Ordering::Release);
    }

    fn unpack(&self, packed: u64) -> Counts {
        let count = |place: u32| (packed >> (place * COUNT_BITS) & COUNT_MASK) as u32;
        let (held, allocated, blocked) = (count(0), count(1), count(2));
        Counts([self.capacity - held - allocated - blocked, held, allocated, blocked])
    }
}

fn pack(counts: Counts) -> u64 {
    let count = |status| u64::from(counts.get(status));
    count(SeatStatus::Held)
        | count(SeatStatus::Allocated) << COUNT_BITS
        | count(SeatStatus::Blocked) << (2 * COUNT_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_packing_at_the_largest_size() {
        let max = CHART_SEATS_MAX as u32 + CHART_PLACES_MAX;
        for became in SeatStatus::ALL {
            let counts = SharedCounts::available(max);
            counts.shift(SeatStatus::Available, became, max);
            let mut expected = Counts::default();
            expected.0[became as usize] = max;
            assert_eq!(counts.get(), expected);
        }
        let counts = SharedCounts::available(max);
        counts.shift(SeatStatus::Available, SeatStatus::Held, max / 2 + 11);
        counts.shift(SeatStatus::Held, SeatStatus::Allocated, 11);
        counts.shift(SeatStatus::Available, SeatStatus::Blocked, 13);
        assert_eq!(counts.get(), Counts([max - max / 2 - 24, max / 2, 11, 13]));
    }
}
