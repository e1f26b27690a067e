//! Where a writer tells what it shows of an event, while somebody wants to know. An event that
//! nobody watches costs it a store, a load, and a locked instruction a fact.
//!
//! Must always hold: whatever is shown after a reader opened the tap and then read the version is
//! told. The writer stores the version and then looks whether the tap is open; the reader opens
//! it and then reads the version; all four in one order (`SeqCst`). So a fact that the reader's
//! version does not cover was stored after that version was read, hence after the tap was opened,
//! and the writer finds it open.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use inventory_core::fact::SeatStatus;
use inventory_core::spots::Counts;
use tokio::sync::Notify;

use crate::feed::picture::{Delta, keep_last};
use crate::limits::FEED_PENDING_CHANGES_MAX;

/// A writer's end of a feed.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    is_open: AtomicBool,
    /// The LSN of the fact that is being shown, or was last.
    begun: AtomicU64,
    pending: Mutex<Pending>,
    told: Notify,
}

/// What was told and not taken yet, in the order of the facts, each with its LSN.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    seats: Vec<(u64, u32, SeatStatus)>,
    areas: Vec<(u64, u32, Counts)>,
    ticket_types: Vec<(u64, u32, Counts)>,
    is_closed: bool,
    /// The newest fact's LSN; 0 if nothing was told.
    pub(super) to_version: u64,
    /// There was more than there is room for, and all of it was dropped.
    pub(super) is_overflowed: bool,
}

impl Tap {
    /// Says which fact is about to be shown. Before its first state is stored: who sees any of
    /// its states sees this too, since they are stored with `Release`.
    pub(crate) fn begin(&self, lsn: u64) {
        self.begun.store(lsn, Ordering::Relaxed);
    }

    /// The newest fact of which states may have been seen by who calls this after looking.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether anybody wants to be told. After the version was stored.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Tells what became of a fact.
    pub(crate) fn tell(&self, lsn: u64, say: impl FnOnce(&mut Pending)) {
        let mut pending = self.pending();
        let is_first = pending.to_version == 0;
        pending.to_version = lsn;
        if !pending.is_overflowed {
            say(&mut pending);
        }
        drop(pending);
        // Who takes has all that was told until then: one word for all of it is enough.
        if is_first {
            self.told.notify_one();
        }
    }

    /// From now on the writer tells. Before the version is read.
    pub(super) fn open(&self) {
        self.pending().clear();
        self.is_open.store(true, Ordering::SeqCst);
    }

    /// Nobody wants to be told any more.
    pub(super) fn close(&self) {
        self.is_open.store(false, Ordering::SeqCst);
        self.pending().clear();
    }

    /// Waits until something was told.
    pub(super) async fn told(&self) {
        self.told.notified().await;
    }

    /// All that was told since the last time, in exchange for room for what comes.
    pub(super) fn take(&self, room: Pending) -> Pending {
        std::mem::replace(&mut *self.pending(), room)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Nothing panics between its changes.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    /// What became of seats. The caller asks for [`Self::has_room`] first.
    pub(crate) fn seat(&mut self, seat: u32, became: SeatStatus) {
        self.seats.push((self.to_version, seat, became));
    }

    /// What an area's places became.
    pub(crate) fn area(&mut self, area: u32, became: Counts) {
        self.areas.push((self.to_version, area, became));
    }

    /// What a ticket type's spots became.
    pub(crate) fn ticket_type(&mut self, ticket_type: u32, became: Counts) {
        let said = (self.to_version, ticket_type, became);
        // Spots of one type mostly stand together.
        if self.ticket_types.last() != Some(&said) {
            self.ticket_types.push(said);
        }
    }

    /// The sale was ended.
    pub(crate) fn closed(&mut self) {
        self.is_closed = true;
    }

    /// Whether so many changes more may be told. If not, everything is dropped: whoever takes it
    /// has to look for himself.
    pub(crate) fn has_room(&mut self, changes: usize) -> bool {
        let waiting = self.seats.len() + self.areas.len() + self.ticket_types.len();
        let has_room = waiting + changes <= FEED_PENDING_CHANGES_MAX;
        if !has_room {
            *self = Self { to_version: self.to_version, is_overflowed: true, ..Self::default() };
        }
        has_room
    }

    pub(super) fn clear(&mut self) {
        self.seats.clear();
        self.areas.clear();
        self.ticket_types.clear();
        (self.is_closed, self.to_version, self.is_overflowed) = (false, 0, false);
    }

    /// What was told of facts behind a version.
    pub(super) fn delta(&mut self, from_version: u64) -> Delta {
        Delta {
            from_version,
            to_version: self.to_version,
            seats: last_behind(from_version, &self.seats),
            areas: last_behind(from_version, &self.areas),
            ticket_types: last_behind(from_version, &self.ticket_types),
            is_closed: self.is_closed,
        }
    }
}

fn last_behind<T: Copy>(from_version: u64, told: &[(u64, u32, T)]) -> Vec<(u32, T)> {
    let behind = told.iter().filter(|(lsn, _, _)| *lsn > from_version);
    let mut said = behind.map(|&(_, index, became)| (index, became)).collect();
    keep_last(&mut said);
    said
}
