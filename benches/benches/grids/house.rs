//! What every grid starts from: one shard with one event of a stadium's size, and a clerk who
//! writes commands as a fast client does.
//!
//! Must always hold: the same calls give the same commands, ids included, in every run.

use std::sync::Arc;
use std::time::Duration;

use inventory_charts::{content_hash, generate, to_canonical_bytes};
use inventory_core::chart::Chart;
use inventory_core::command::{
    Allocate, Command, CreateEvent, Extend, Part, Place, Release, Return, Selection, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{
    AllocationId, BuyerId, ChartHash, EventId, HoldId, RequestId, SeatIndex, ShardId,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::state::{Decision, ShardState};
use inventory_core::time::Timestamp;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How long a benchmark runs before it is measured.
pub(crate) const WARM_UP: Duration = Duration::from_millis(500);
/// How long it is measured.
pub(crate) const MEASURED: Duration = Duration::from_secs(2);
/// How many samples that makes.
pub(crate) const SAMPLES: usize = 50;

/// Seats of the event: a stadium.
pub(crate) const SEATS: u32 = 50_000;

/// The event that grids with one event use.
pub(crate) const EVENT: EventId = EventId(1);

/// Commands that come within one millisecond, by which the clock of ids goes.
const COMMANDS_PER_MILLI: u64 = 100;

/// A chart and its name.
#[derive(Clone)]
pub(crate) struct Venue {
    pub(crate) hash: ChartHash,
    pub(crate) chart: Arc<Chart>,
}

impl Venue {
    /// A stadium.
    pub(crate) fn stadium() -> Self {
        let chart = generate::with_seats(SEATS).expect("a stadium is within the limits");
        let hash = content_hash(&to_canonical_bytes(&chart));
        Self { hash, chart: Arc::new(chart) }
    }

    /// A shard that knows the chart, and nothing else.
    pub(crate) fn shard(&self, shard: ShardId) -> ShardState {
        let mut state = ShardState::seeded(shard, 7);
        state.register_chart(self.hash, Arc::clone(&self.chart));
        state
    }

    /// All seats in neighbouring groups of so many, the groups in a random order.
    pub(crate) fn groups(&self, seats: u32) -> Vec<Vec<SeatIndex>> {
        let starts = (0..self.chart.seat_count() / seats).map(|group| group * seats);
        let mut groups: Vec<Vec<SeatIndex>> =
            starts.map(|first| (first..first + seats).map(SeatIndex).collect()).collect();
        groups.shuffle(&mut ChaCha8Rng::seed_from_u64(u64::from(seats)));
        groups
    }
}

/// Writes commands: fresh time-ordered ids, and buyers with names of a fixed length.
pub(crate) struct Clerk {
    random: ChaCha8Rng,
    written: u64,
    buyer_bytes: usize,
}

impl Clerk {
    /// One whose buyers have names that fit into a small string.
    pub(crate) fn new() -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(1), written: 0, buyer_bytes: 16 }
    }

    /// The same, who goes on with buyers whose names are so long.
    pub(crate) fn with_buyers_of(self, buyer_bytes: usize) -> Self {
        Self { buyer_bytes, ..self }
    }

    /// When the next command comes.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + self.written / COMMANDS_PER_MILLI)
    }

    pub(crate) fn buyer(&self) -> BuyerId {
        let width = self.buyer_bytes;
        BuyerId::new(&format!("{:0width$}", self.written)).expect("a buyer's name is short")
    }

    /// A command with an id as `Uuid::now_v7` makes it: milliseconds, then chance.
    pub(crate) fn command(&mut self, verb: Verb) -> Command {
        let chance: u128 = self.random.random();
        let fields = 0xf << 76 | 0b11 << 62;
        let low = chance & ((1 << 80) - 1) & !fields | 7 << 76 | 0b10 << 62;
        let bits = u128::from(self.now().0) << 80 | low;
        self.written += 1;
        let request_id = RequestId::new(bits).expect("version and variant are those of a UUIDv7");
        Command { request_id, verb }
    }

    pub(crate) fn create(&mut self, event_id: EventId, venue: &Venue) -> Command {
        let (name, rules, ticket_types) = ("show".into(), EventRules::default(), Vec::new());
        let create = CreateEvent { event_id, name, chart: venue.hash, rules, ticket_types };
        self.command(Verb::CreateEvent(create))
    }

    pub(crate) fn place(&mut self, event_id: EventId, seats: &[SeatIndex]) -> Command {
        let selection = Selection::Spots(Spots::of_seats(seats.iter().copied()));
        self.command(Verb::Place(Place { event_id, buyer_id: self.buyer(), selection }))
    }

    pub(crate) fn extend(&mut self, held: &Held) -> Command {
        let (hold_id, buyer_id) = (held.hold_id, held.buyer_id.clone());
        self.command(Verb::Extend(Extend { hold_id, buyer_id }))
    }

    pub(crate) fn release(&mut self, held: &Held) -> Command {
        let (hold_id, buyer_id) = (held.hold_id, held.buyer_id.clone());
        self.command(Verb::Release(Release { hold_id, buyer_id, part: Part::Whole }))
    }

    pub(crate) fn allocate(&mut self, held: &Held) -> Command {
        let (hold_id, buyer_id) = (held.hold_id, held.buyer_id.clone());
        self.command(Verb::Allocate(Allocate { hold_id, buyer_id, part: Part::Whole }))
    }

    pub(crate) fn give_back(&mut self, sold: &Sold) -> Command {
        let (allocation_id, buyer_id) = (sold.allocation_id, sold.buyer_id.clone());
        self.command(Verb::Return(Return { allocation_id, buyer_id, part: Part::Whole }))
    }
}

/// A hold and its buyer.
pub(crate) struct Held {
    pub(crate) hold_id: HoldId,
    pub(crate) buyer_id: BuyerId,
}

/// An allocation and its buyer.
pub(crate) struct Sold {
    pub(crate) allocation_id: AllocationId,
    pub(crate) buyer_id: BuyerId,
}

/// What a fact placed.
pub(crate) fn held(fact: &Fact) -> Held {
    match &fact.change {
        Change::HoldPlaced { hold_id, buyer_id, .. } => {
            Held { hold_id: *hold_id, buyer_id: buyer_id.clone() }
        }
        other => unreachable!("a hold was asked for, not {}", other.name()),
    }
}

/// What a fact sold.
pub(crate) fn sold(fact: &Fact) -> Sold {
    match &fact.change {
        Change::HoldAllocated { allocation_id, buyer_id, .. } => {
            Sold { allocation_id: *allocation_id, buyer_id: buyer_id.clone() }
        }
        other => unreachable!("an allocation was asked for, not {}", other.name()),
    }
}

/// Decides what the rules permit, and applies it.
pub(crate) fn accept(state: &mut ShardState, now: Timestamp, command: &Command) -> Arc<Fact> {
    match state.decide(now, command) {
        Ok(Decision::New(fact)) => {
            let fact = Arc::new(fact);
            state.apply(&fact);
            fact
        }
        other => unreachable!("{command:?} is new and permitted, and not {other:?}"),
    }
}

/// A shard with one event on sale, and who writes its commands.
pub(crate) fn shop(venue: &Venue, mut clerk: Clerk) -> (ShardState, Clerk) {
    let mut state = venue.shard(EVENT.shard());
    let create = clerk.create(EVENT, venue);
    accept(&mut state, clerk.now(), &create);
    (state, clerk)
}
