//! The core as a seller: shards that decide and apply, without a pipeline and without a journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use inventory_charts::{content_hash, generate, to_canonical_bytes};
use inventory_core::chart::Chart;
use inventory_core::command::{
    Allocate, Command, CreateEvent, Part, Place, Release, Selection, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{BuyerId, ChartHash, EventId, HoldId, RequestId, SeatIndex, ShardId};
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::state::{Decision, ShardState};
use inventory_core::time::Timestamp;

use super::Seller;
use crate::workload::{Fate, Pick};

/// Commands that come within one millisecond, by which the clock goes.
const COMMANDS_PER_MILLI: u64 = 1_000;

/// The shards that have an event, and who writes commands for them.
pub(super) struct Core {
    chart: Arc<Chart>,
    hash: ChartHash,
    shards: BTreeMap<ShardId, ShardState>,
    written: u64,
}

impl Core {
    pub(super) fn new(seats: u32) -> Self {
        let chart = generate::with_seats(seats).expect("a load's events fit into a chart");
        let hash = content_hash(&to_canonical_bytes(&chart));
        Self { chart: Arc::new(chart), hash, shards: BTreeMap::new(), written: 0 }
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + self.written / COMMANDS_PER_MILLI)
    }

    fn buyer(&self) -> BuyerId {
        BuyerId::new(&format!("buyer-{:010}", self.written)).expect("a buyer's name is short")
    }

    fn command(&mut self, verb: Verb) -> Command {
        // A UUIDv7 has chance in its low bits: this spreads as well, and costs less.
        let low = u128::from(self.written.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2);
        let bits = u128::from(self.now().0) << 80 | 7 << 76 | 0b10 << 62 | low;
        self.written += 1;
        let request_id = RequestId::new(bits).expect("version and variant are those of a UUIDv7");
        Command { request_id, verb }
    }

    /// The facts of one hold and of its end.
    pub(super) fn sell(&mut self, pick: Pick, fate: Fate) -> Option<[Arc<Fact>; 2]> {
        let place = self.ask_place(pick);
        let placed = self.ask(&place)?;
        let end = self.ask_end(&held(&placed)?, fate);
        Some([placed, self.ask(&end)?])
    }

    fn ask(&mut self, command: &Command) -> Option<Arc<Fact>> {
        let now = self.now();
        let state = self.shards.get_mut(&command.shard())?;
        match state.decide(now, command) {
            Ok(Decision::New(fact)) => {
                let fact = Arc::new(fact);
                state.apply(&fact);
                Some(fact)
            }
            Ok(Decision::Repeat(_)) | Err(_) => None,
        }
    }
}

impl Seller for Core {
    type Ask = Command;
    type Held = (HoldId, BuyerId);

    fn prepare(&mut self, event: u32) {
        let event_id = EventId(u64::from(event));
        let shard = event_id.shard();
        let state = self.shards.entry(shard).or_insert_with(|| ShardState::new(shard));
        state.register_chart(self.hash, Arc::clone(&self.chart));
        let (name, rules, ticket_types) = ("show".into(), EventRules::default(), Vec::new());
        let create = CreateEvent { event_id, name, chart: self.hash, rules, ticket_types };
        let command = self.command(Verb::CreateEvent(create));
        let created = self.ask(&command);
        assert!(created.is_some(), "an event is created once, on a chart that is known");
    }

    fn ask_place(&mut self, pick: Pick) -> Command {
        let event_id = EventId(u64::from(pick.event));
        let selection = Selection::Spots(Spots::of_seats(pick.seats.map(SeatIndex)));
        let place = Place { event_id, buyer_id: self.buyer(), selection };
        self.command(Verb::Place(place))
    }

    fn ask_end(&mut self, held: &Self::Held, fate: Fate) -> Command {
        let (hold_id, buyer_id, part) = (held.0, held.1.clone(), Part::Whole);
        self.command(match fate {
            Fate::Allocate => Verb::Allocate(Allocate { hold_id, buyer_id, part }),
            Fate::Release => Verb::Release(Release { hold_id, buyer_id, part }),
        })
    }

    fn place(&mut self, ask: &Command) -> Option<Self::Held> {
        held(&*self.ask(ask)?)
    }

    fn end(&mut self, ask: &Command) -> bool {
        self.ask(ask).is_some()
    }
}

/// The hold of a fact that placed one.
fn held(fact: &Fact) -> Option<(HoldId, BuyerId)> {
    match &fact.change {
        Change::HoldPlaced { hold_id, buyer_id, .. } => Some((*hold_id, buyer_id.clone())),
        _ => None,
    }
}
