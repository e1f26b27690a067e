//! The state of one shard, and the two functions that every change goes through.
//!
//! `decide` reads and may refuse; `apply` writes and may not. What `apply` asserts holds in
//! release builds too: the LSN rises by one, time never goes back, each seat was in the state
//! that the fact leaves, and available + held + allocated + blocked = capacity, of the seats, of
//! each area and of each ticket type.

mod ended;
mod event;
mod hold;
mod image;
mod requests;
mod verify;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub use ended::{EndedHold, Ending};
pub use event::{EventState, SeatState};
pub use hold::{Allocation, Hold};
pub use image::{EventImage, ImageError, ShardImage};
pub use verify::Verification;

use crate::chart::Chart;
use crate::command::{Command, Verb};
use crate::digest::{Digest, Kind};
use crate::fact::{Change, Fact, RequestMark};
use crate::hashing::SeededState;
use crate::ids::{AllocationId, ChartHash, EventId, HoldId, Lsn, ShardId};
use crate::limits::{ENDED_HOLDS_KEPT_MAX, REQUEST_KEPT_MILLIS, REQUESTS_KEPT_MAX};
use crate::rejection::{Rejection, RejectionCode};
use crate::time::Timestamp;
use ended::EndedHolds;
use requests::RequestLog;

/// Everything that one shard knows.
#[derive(Debug)]
pub struct ShardState {
    pub(crate) shard: ShardId,
    pub(crate) last_lsn: Lsn,
    last_at: Timestamp,
    charts: BTreeMap<ChartHash, Arc<Chart>>,
    pub(crate) events: BTreeMap<EventId, EventState>,
    pub(crate) holds: HashMap<HoldId, Hold, SeededState>,
    pub(crate) ended_holds: EndedHolds,
    pub(crate) allocations: HashMap<AllocationId, Allocation, SeededState>,
    /// Every live hold by its deadline.
    pub(crate) deadlines: BTreeSet<(Timestamp, HoldId)>,
    requests: RequestLog,
    pub(crate) digest: Digest,
    pub(crate) hashing: SeededState,
}

/// How much of what is over a shard remembers. Part of what facts mean: a shard that remembers
/// less forgets earlier, and has another digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Memory {
    /// Requests that were accepted, however new they are.
    pub requests_max: usize,
    /// How long they are remembered, in milliseconds of their ids' own time.
    pub request_millis: u64,
    /// Holds that ended.
    pub ended_holds_max: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            requests_max: REQUESTS_KEPT_MAX,
            request_millis: REQUEST_KEPT_MILLIS,
            ended_holds_max: ENDED_HOLDS_KEPT_MAX,
        }
    }
}

/// What `decide` found.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, taken apart at once: a box would be an allocation a command"
)]
pub enum Decision {
    /// Something new, to be applied, journaled and answered.
    New(Fact),
    /// The same request was accepted before; this is what came of it.
    Repeat(Arc<Fact>),
}

/// A hold as it can be told to its buyer.
#[derive(Clone, Copy, Debug)]
pub enum HoldStory<'a> {
    /// It lives.
    Live(&'a Hold),
    /// It ended, and is still remembered.
    Ended(&'a EndedHold),
}

impl ShardState {
    /// A shard without history.
    pub fn new(shard: ShardId) -> Self {
        Self::with(shard, SeededState::default(), Memory::default())
    }

    /// A shard without history whose maps hash by a secret seed, so that no caller can choose
    /// ids that fall on each other. The seed changes nothing that can be seen.
    pub fn seeded(shard: ShardId, hash_seed: u64) -> Self {
        Self::remembering(shard, hash_seed, Memory::default())
    }

    /// The same with another memory than that of all shards that serve anybody.
    pub fn remembering(shard: ShardId, hash_seed: u64, memory: Memory) -> Self {
        Self::with(shard, SeededState(hash_seed), memory)
    }

    pub(crate) fn with(shard: ShardId, hashing: SeededState, memory: Memory) -> Self {
        Self {
            shard,
            last_lsn: Lsn(0),
            last_at: Timestamp(0),
            charts: BTreeMap::new(),
            events: BTreeMap::new(),
            holds: HashMap::with_hasher(hashing),
            ended_holds: EndedHolds::new(memory.ended_holds_max, hashing),
            allocations: HashMap::with_hasher(hashing),
            deadlines: BTreeSet::new(),
            requests: RequestLog::new(memory, hashing),
            digest: Digest::default(),
            hashing,
        }
    }

    /// Makes a chart known. It has to be durable, and known here, before the first fact that
    /// uses it; it is not part of the state's digest, its hash in the event is.
    pub fn register_chart(&mut self, hash: ChartHash, chart: Arc<Chart>) {
        self.charts.insert(hash, chart);
    }

    /// A chart that was made known.
    pub fn chart(&self, hash: ChartHash) -> Option<&Arc<Chart>> {
        self.charts.get(&hash)
    }

    /// Which shard this is.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// The LSN of the last fact applied; 0 without one.
    pub fn last_lsn(&self) -> Lsn {
        self.last_lsn
    }

    /// When the last fact was decided.
    pub fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// When the next hold runs out.
    pub fn earliest_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// The events, by id.
    pub fn events(&self) -> impl Iterator<Item = &EventState> {
        self.events.values()
    }

    /// One event.
    pub fn event(&self, event_id: EventId) -> Option<&EventState> {
        self.events.get(&event_id)
    }

    /// The holds that live, by their deadlines.
    pub fn live_holds(&self) -> impl Iterator<Item = &Hold> {
        self.deadlines.iter().filter_map(|(_, hold_id)| self.holds.get(hold_id))
    }

    /// A hold that lives, or ended not long ago.
    pub fn hold(&self, hold_id: HoldId) -> Option<HoldStory<'_>> {
        let live = self.holds.get(&hold_id).map(HoldStory::Live);
        live.or_else(|| self.ended_holds.get(hold_id).map(HoldStory::Ended))
    }

    /// The event that a command is about: the one it was about when it was accepted before, or
    /// the one it names, or that of the hold or the allocation it names.
    pub fn event_concerned(&self, command: &Command) -> Option<&EventState> {
        let of_hold = |hold_id| match self.hold(hold_id)? {
            HoldStory::Live(hold) => Some(hold.event_id),
            HoldStory::Ended(hold) => Some(hold.event_id),
        };
        let event_id = match self.requests.find(command.request_id) {
            Some(first) => Some(first.event_id()),
            None => match &command.verb {
                Verb::CreateEvent(create) => Some(create.event_id),
                Verb::CloseEvent(close) => Some(close.event_id),
                Verb::Place(place) => Some(place.event_id),
                Verb::Block(block) => Some(block.event_id),
                Verb::Unblock(unblock) => Some(unblock.event_id),
                Verb::Extend(extend) => of_hold(extend.hold_id),
                Verb::Release(release) => of_hold(release.hold_id),
                Verb::Allocate(allocate) => of_hold(allocate.hold_id),
                Verb::Return(give_back) => {
                    self.allocations.get(&give_back.allocation_id).map(|sold| sold.event_id)
                }
            },
        };
        self.events.get(&event_id?)
    }

    /// The digest of all that is here.
    pub fn digest(&self) -> Digest {
        let mut digest = self.digest;
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&self.last_lsn.0.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.last_at.0.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.requests.newest_forgotten().to_le_bytes());
        bytes[32..].copy_from_slice(&u64::from(self.shard.0).to_le_bytes());
        if self.last_lsn > Lsn(0) {
            digest.add(Kind::History, &bytes);
        }
        digest
    }

    /// What a command would do now. Changes nothing.
    ///
    /// The request id is checked first: an id that was accepted before gets its first result
    /// again, whatever has happened since.
    pub fn decide(&self, now: Timestamp, command: &Command) -> Result<Decision, Rejection> {
        let now = now.max(self.last_at);
        let mark = RequestMark { id: command.request_id, fingerprint: command.fingerprint() };
        if let Some(first) = self.requests.find(mark.id) {
            return if first.request() == Some(mark) {
                Ok(Decision::Repeat(Arc::new(first.decode())))
            } else {
                Err(Rejection::never(RejectionCode::RequestIdReused))
            };
        }
        self.requests.check_age(mark.id, now)?;
        let (event_id, change) = match &command.verb {
            Verb::CreateEvent(create) => (create.event_id, self.decide_create_event(create)?),
            Verb::CloseEvent(close) => (close.event_id, self.decide_close_event(close)?),
            Verb::Place(place) => (place.event_id, self.decide_place(now, mark.id, place)?),
            Verb::Extend(extend) => self.decide_extend(now, extend)?,
            Verb::Release(release) => self.decide_release(now, release)?,
            Verb::Allocate(allocate) => self.decide_allocate(now, mark.id, allocate)?,
            Verb::Return(give_back) => self.decide_return(give_back)?,
            Verb::Block(block) => (block.event_id, self.decide_block(block)?),
            Verb::Unblock(unblock) => (unblock.event_id, self.decide_unblock(unblock)?),
        };
        let lsn = self.last_lsn.next();
        Ok(Decision::New(Fact { lsn, at: now, event_id, request: Some(mark), change }))
    }

    /// The expiry of the hold that is due longest, if one is due.
    pub fn decide_expiry(&self, now: Timestamp) -> Option<Fact> {
        let now = now.max(self.last_at);
        let (event_id, change) = self.decide_expire(now)?;
        Some(Fact { lsn: self.last_lsn.next(), at: now, event_id, request: None, change })
    }

    /// Makes a fact part of the state.
    ///
    /// # Panics
    /// If the fact does not follow from this state: it was not decided on it.
    pub fn apply(&mut self, fact: &Fact) {
        assert_eq!(fact.lsn, self.last_lsn.next(), "the LSN rises by one");
        assert!(fact.at >= self.last_at, "time never goes back");
        self.last_lsn = fact.lsn;
        self.last_at = fact.at;
        match &fact.change {
            Change::EventCreated { name, chart, rules, ticket_types } => {
                self.apply_event_created(fact, name, *chart, (*rules, ticket_types));
            }
            Change::EventClosed => self.apply_event_closed(fact),
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline } => {
                self.apply_hold_placed(fact, *hold_id, buyer_id, spots, *deadline);
            }
            Change::HoldExtended { hold_id, deadline } => {
                self.apply_hold_extended(*hold_id, *deadline);
            }
            Change::HoldReleased { hold_id, spots } => {
                self.apply_hold_released(fact, *hold_id, spots);
            }
            Change::HoldAllocated { hold_id, allocation_id, spots, .. } => {
                self.apply_hold_allocated(fact, *hold_id, *allocation_id, spots);
            }
            Change::HoldExpired { hold_id, spots } => {
                self.apply_hold_expired(fact, *hold_id, spots);
            }
            Change::SpotsReturned { allocation_id, spots } => {
                self.apply_spots_returned(*allocation_id, spots);
            }
            Change::SpotsBlocked { spots } => self.apply_spots_blocked(fact, spots),
            Change::SpotsUnblocked { spots } => self.apply_spots_unblocked(fact, spots),
        }
        let moved = fact.change.spots_moved().map(|(spots, _, _)| spots);
        self.event_of(fact.event_id).assert_conserved(moved);
        self.requests.remember(fact, &mut self.digest);
    }

    /// The event of a fact that is being applied.
    pub(crate) fn event_of(&mut self, event_id: EventId) -> &mut EventState {
        self.events.get_mut(&event_id).expect("a fact names an event that was created before")
    }
}

#[cfg(test)]
mod tests;
