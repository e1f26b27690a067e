//! Room for endings: while the disk is nearly full, what is left of the journal is kept for the
//! holds that live, so that each of them can still be sold, released or run out.
//!
//! Must always hold: a fact that ends a hold is never refused; and one that is not an ending is
//! refused before it would take what the endings of all live holds may need, whichever writers
//! ask at once. Nothing is refused while it is sure that the journal gets its next segment.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use inventory_core::fact::{Change, Fact};
use inventory_core::ids::HoldId;
use inventory_core::spots::Spots;
use inventory_core::state::{HoldStory, ShardState};
use persistence::encoding::ending_bytes_max;
use persistence::journal::{self, Supply};
use persistence::limits::{FACT_FRAME_BYTES_MAX, FACT_TICKET_TYPES_BYTES_MAX, RECORD_ALIGNMENT};

use crate::limits::{ROOM_MARGIN_BYTES_MAX, ROOM_MARGIN_SEGMENT_PARTS};

/// Bytes of a seat or an area in a fact: an area, its ticket type, and how many places.
const LINE_BYTES_MAX: usize = 4 + 2 + 4;

/// The room of one engine's journal, and what is owed of it. Written by the journal's thread and
/// by the writers, read by the writers.
#[derive(Debug)]
pub struct Room {
    /// What the journal has taken of the disk and not written yet, as of its last append.
    free_bytes: AtomicU64,
    /// Whether it is sure that there will be more. Until then promises must fit into what is free.
    is_sure: AtomicBool,
    /// Facts that were decided and are not written yet.
    in_flight_bytes: AtomicU64,
    /// What the endings of all live holds may need.
    owed_bytes: AtomicU64,
    /// Whether something was refused since that was last asked.
    has_refused: AtomicBool,
    /// Whether what is free is so by the budget of what is not projected.
    is_budgeted: AtomicBool,
    /// What new holds leave for seats that come back and for the tails of segments.
    margin_bytes: u64,
}

/// What bounds the room that is left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limit {
    /// The space of the disk.
    Disk,
    /// The budget of what the journal has and Postgres does not.
    Budget,
}

/// What a fact does to the room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Toll {
    kind: Kind,
    bytes: u64,
    /// What the endings of the fact's hold may need, before and after it.
    owed_before: u64,
    owed_after: u64,
}

/// How much a fact may ask of a full disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// Something new, which has to be ended later or makes more work: refused first.
    Claim,
    /// Gives seats back or sells a part, for which no room was kept: goes on as long as all
    /// endings have theirs.
    Rest,
    /// Ends a hold, for which room was kept when it was placed.
    Ending,
}

impl Toll {
    /// Of a fact that was decided on `state` and not applied yet.
    pub(crate) fn of(state: &ShardState, fact: &Fact) -> Self {
        let bytes = fact_bytes(&fact.change);
        let toll = |kind, owed_before, owed_after| Self { kind, bytes, owed_before, owed_after };
        match &fact.change {
            Change::HoldPlaced { spots, .. } => toll(Kind::Claim, 0, ending_bytes(spots)),
            Change::HoldReleased { hold_id, spots }
            | Change::HoldAllocated { hold_id, spots, .. } => {
                let Some(had) = spots_of(state, *hold_id) else { return toll(Kind::Ending, 0, 0) };
                if spots.count() >= had.count() {
                    return toll(Kind::Ending, ending_bytes(had), 0);
                }
                let mut left = had.clone();
                let has_all = left.take(spots);
                assert!(has_all, "a fact ends what its hold has");
                toll(Kind::Rest, ending_bytes(had), ending_bytes(&left))
            }
            Change::HoldExpired { hold_id, .. } => {
                toll(Kind::Ending, spots_of(state, *hold_id).map_or(0, ending_bytes), 0)
            }
            Change::EventCreated { .. }
            | Change::HoldExtended { .. }
            | Change::SpotsBlocked { .. } => toll(Kind::Claim, 0, 0),
            Change::EventClosed | Change::SpotsReturned { .. } | Change::SpotsUnblocked { .. } => {
                toll(Kind::Rest, 0, 0)
            }
        }
    }

    /// The least that a new hold takes.
    const SMALLEST_CLAIM: Self = Self {
        kind: Kind::Claim,
        bytes: ending_bytes_max(1) as u64,
        owed_before: 0,
        owed_after: ending_bytes_max(1) as u64,
    };
}

impl Room {
    /// Of a journal that never ends.
    pub fn endless() -> Self {
        Self::new(0)
    }

    /// Of a journal with segments of so many bytes, which has yet to say what it has.
    pub fn new(segment_bytes: u64) -> Self {
        Self {
            free_bytes: AtomicU64::new(u64::MAX),
            is_sure: AtomicBool::new(true),
            in_flight_bytes: AtomicU64::new(0),
            owed_bytes: AtomicU64::new(0),
            has_refused: AtomicBool::new(false),
            is_budgeted: AtomicBool::new(false),
            margin_bytes: (segment_bytes / ROOM_MARGIN_SEGMENT_PARTS).min(ROOM_MARGIN_BYTES_MAX),
        }
    }

    /// Keeps room for the endings of the holds that live in a recovered shard.
    pub fn owe_endings_of(&self, state: &ShardState) {
        let owed: u64 = state.live_holds().map(|hold| ending_bytes(&hold.spots)).sum();
        self.owed_bytes.fetch_add(owed, Ordering::Relaxed);
    }

    /// Takes the room of a fact that was decided and will be written, if the fact may be. Writers
    /// that ask for the last of it in one moment may all be refused; never is it given twice.
    #[must_use]
    pub(crate) fn take(&self, toll: &Toll) -> bool {
        // Taken before it is looked at, in this order: of two writers, the one who comes to what
        // is owed last sees all that both take. And who sees that something is owed no more sees
        // in flight what ended it.
        self.in_flight_bytes.fetch_add(toll.bytes, Ordering::Relaxed);
        let owed = self.owed_bytes.fetch_add(toll.owed_after, Ordering::AcqRel) + toll.owed_after;
        // What is added is never below what is taken away, hold by hold.
        let is_taken = self.has_room(toll.kind, owed - toll.owed_before);
        if !is_taken {
            self.in_flight_bytes.fetch_sub(toll.bytes, Ordering::Relaxed);
            self.has_refused.store(true, Ordering::Relaxed);
        }
        let no_more_owed = if is_taken { toll.owed_before } else { toll.owed_after };
        self.owed_bytes.fetch_sub(no_more_owed, Ordering::Relaxed);
        is_taken
    }

    /// Whether so many bytes are free behind what is in flight.
    fn has_room(&self, kind: Kind, bytes: u64) -> bool {
        let margin_bytes = match kind {
            Kind::Ending => return true,
            Kind::Rest => 0,
            Kind::Claim => self.margin_bytes,
        };
        if self.is_sure.load(Ordering::Relaxed) {
            return true;
        }
        // In this order: facts that are seen as written are then seen to have taken their room.
        let in_flight = self.in_flight_bytes.load(Ordering::Acquire);
        let free = self.free_bytes.load(Ordering::Relaxed);
        free >= in_flight.saturating_add(bytes + margin_bytes)
    }

    /// What the journal has left, now that facts of `written_bytes` are in it.
    pub fn report(&self, left: journal::Room, written_bytes: u64) {
        self.free_bytes.store(left.bytes, Ordering::Relaxed);
        self.is_sure.store(left.supply == Supply::Sure, Ordering::Relaxed);
        self.in_flight_bytes.fetch_sub(written_bytes, Ordering::Release);
    }

    /// Says what bounds the room that is reported next.
    pub(crate) fn set_limit(&self, limit: Limit) {
        self.is_budgeted.store(limit == Limit::Budget, Ordering::Relaxed);
    }

    /// What bounds the room, for who is refused to be told. In the moment in which that changes
    /// they may be told the other.
    pub(crate) fn limit(&self) -> Limit {
        if self.is_budgeted.load(Ordering::Relaxed) { Limit::Budget } else { Limit::Disk }
    }

    /// Whether new holds are refused now, or something was since this was last asked.
    pub(crate) fn refuses(&self) -> bool {
        let Toll { kind, bytes, owed_after, .. } = Toll::SMALLEST_CLAIM;
        self.has_refused.swap(false, Ordering::Relaxed)
            || !self.has_room(kind, bytes + self.owed_bytes() + owed_after)
    }

    /// What the endings of all live holds may need.
    pub fn owed_bytes(&self) -> u64 {
        self.owed_bytes.load(Ordering::Relaxed)
    }
}

/// The most bytes that a fact takes of the journal, in a batch of its own.
pub fn fact_bytes(change: &Change) -> u64 {
    // A block may name more than any hold has, and an event has names, rules and ticket types.
    let bytes = match change {
        Change::EventCreated { .. } => FACT_FRAME_BYTES_MAX + FACT_TICKET_TYPES_BYTES_MAX,
        _ => change.spots_moved().map_or(0, |(spots, ..)| lines(spots) * LINE_BYTES_MAX),
    };
    (ending_bytes_max(0) + bytes).next_multiple_of(RECORD_ALIGNMENT) as u64
}

/// The most bytes that the end of a hold with these spots takes.
fn ending_bytes(spots: &Spots) -> u64 {
    ending_bytes_max(lines(spots)) as u64
}

/// Seats and areas, as facts name them one by one; places of an area are a number.
fn lines(spots: &Spots) -> usize {
    spots.seats.len() + spots.areas.len()
}

/// What a live hold has.
fn spots_of(state: &ShardState, hold_id: HoldId) -> Option<&Spots> {
    match state.hold(hold_id)? {
        HoldStory::Live(hold) => Some(&hold.spots),
        HoldStory::Ended(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Toll = Toll::SMALLEST_CLAIM;
    const REST: Toll = Toll { kind: Kind::Rest, bytes: 320, owed_before: 0, owed_after: 0 };
    const ENDING: Toll = Toll {
        kind: Kind::Ending,
        bytes: CLAIM.bytes,
        owed_before: CLAIM.owed_after,
        owed_after: 0,
    };

    fn left(supply: Supply, bytes: u64) -> journal::Room {
        journal::Room { bytes, supply }
    }

    /// Room in which one hold lives and everything is written.
    fn room() -> Room {
        let room = Room::new(16 * 1_024 * ROOM_MARGIN_SEGMENT_PARTS);
        assert!(room.take(&CLAIM));
        room.report(left(Supply::Sure, 0), CLAIM.bytes);
        room
    }

    /// The same, of which only so much is left.
    fn room_with(supply: Supply, bytes: u64) -> Room {
        let room = room();
        room.report(left(supply, bytes), 0);
        room
    }

    #[test]
    fn nothing_is_refused_while_the_next_segment_can_be_had() {
        let room = room();
        assert!(room.take(&CLAIM) && room.take(&REST) && !room.refuses());
    }

    #[test]
    fn new_holds_are_refused_first_and_endings_never() {
        let owed = CLAIM.owed_after;
        let claim = owed + CLAIM.bytes + CLAIM.owed_after + 16 * 1_024;
        for (free, takes_claim, takes_rest) in [
            (claim, true, true),
            (claim - 1, false, true),
            (owed + REST.bytes, false, true),
            (owed + REST.bytes - 1, false, false),
            (0, false, false),
        ] {
            let takes = |toll| room_with(Supply::Short, free).take(toll);
            assert_eq!(takes(&CLAIM), takes_claim, "{free}");
            assert_eq!(takes(&REST), takes_rest, "{free}");
            assert!(takes(&ENDING), "{free}");
            let room = room_with(Supply::Short, free);
            assert_eq!(room.refuses(), !takes_claim, "it is so whether anybody asks or not");
        }
    }

    #[test]
    fn who_is_refused_takes_nothing_and_it_is_told_once() {
        let room = room_with(Supply::Short, CLAIM.owed_after);
        assert!(!room.take(&REST));
        assert_eq!(room.owed_bytes(), CLAIM.owed_after);
        assert_eq!(room.in_flight_bytes.load(Ordering::Relaxed), 0);
        room.report(left(Supply::Sure, 0), 0);
        assert!(room.refuses() && !room.refuses());
    }

    #[test]
    fn until_more_is_sure_only_what_is_there_is_promised() {
        let enough = 2 * CLAIM.owed_after + CLAIM.bytes + 16 * 1_024;
        let room = room_with(Supply::Awaited, enough);
        assert!(!room.refuses() && room.take(&CLAIM), "there is room for it");
        let room = room_with(Supply::Awaited, enough - 1);
        assert!(!room.take(&CLAIM) && room.refuses());
        room.report(left(Supply::Sure, enough - 1), 0);
        assert!(room.take(&CLAIM));
        assert!(room_with(Supply::Awaited, enough - 1).take(&ENDING));
    }

    #[test]
    fn what_was_decided_counts_before_it_is_written() {
        let free = 2 * (CLAIM.owed_after + CLAIM.bytes) + 16 * 1_024;
        let room = room_with(Supply::Short, free);
        assert!(room.take(&CLAIM));
        assert!(!room.take(&CLAIM), "it would be the second");
        room.report(left(Supply::Short, free - CLAIM.bytes), CLAIM.bytes);
        assert!(!room.take(&CLAIM));
        assert!(room.take(&ENDING));
        room.report(left(Supply::Short, free - CLAIM.bytes), ENDING.bytes);
        assert!(room.take(&CLAIM), "the hold ended, and its fact was not so long");
    }

    #[test]
    fn all_that_was_owed_is_paid_when_no_hold_lives() {
        let room = room();
        assert!(room.take(&ENDING));
        room.report(left(Supply::Short, 1 << 20), ENDING.bytes);
        assert_eq!(room.owed_bytes(), 0);
        assert_eq!(room.in_flight_bytes.load(Ordering::Relaxed), 0);
    }
}
