//! The state machine and the model, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use inventory_core::command::{
    Allocate, Block, CloseEvent, Command, Extend, Part, Place, Release, Return, Selection, Unblock,
    Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{AllocationId, BuyerId, EventId, HoldId, Lsn, RequestId, ShardId};
use inventory_core::rejection::RejectionCode;
use inventory_core::spots::Spots;
use inventory_core::state::{Decision, Memory, ShardState};
use inventory_core::time::Timestamp;
use inventory_model::{Model, Prediction};

use crate::create::{Create, START};
use crate::op::{self, Ask, Made, Op, Target, Until};
use crate::settle;
use crate::venue::{self, CHART};

/// The events by their numbers, all on one shard.
static EVENTS: LazyLock<Vec<EventId>> = LazyLock::new(|| {
    let all = (1..).map(EventId).filter(|event_id| event_id.shard() == EventId(1).shard());
    all.take(3).collect()
});

pub(crate) struct Both {
    state: ShardState,
    /// Sees facts and nothing else; its maps have another order.
    replica: ShardState,
    model: Model,
    memory: Memory,
    now: Timestamp,
    facts: Vec<Fact>,
    /// Every hold that was placed, and whose it is or was.
    holds: Vec<(HoldId, BuyerId)>,
    /// Every sale that was made, and whose it is or was.
    sales: Vec<(AllocationId, BuyerId)>,
    sent: Vec<Command>,
    /// The events of the last step's facts, or all of them.
    touched: BTreeSet<EventId>,
    pub(crate) codes: BTreeSet<RejectionCode>,
}

impl Both {
    pub(crate) fn new(memory: Memory, first: &Create) -> Self {
        let mut model = Model::new(shard(), memory);
        model.know_chart(CHART, venue::chart());
        let mut both = Self {
            state: state(7, memory),
            replica: state(99, memory),
            model,
            memory,
            now: START,
            facts: Vec::new(),
            holds: Vec::new(),
            sales: Vec::new(),
            sent: Vec::new(),
            touched: BTreeSet::new(),
            codes: BTreeSet::new(),
        };
        both.step(&Op::Ask(Made::Off(0), Ask::Create(first.clone())));
        assert_eq!(both.facts.len(), 1, "the first event can be sold");
        both
    }

    pub(crate) fn step(&mut self, op: &Op) {
        self.touched.clear();
        match op {
            Op::Ask(made, ask) => {
                let command = Command { request_id: self.request_id(*made), verb: self.verb(ask) };
                self.send(&command);
                self.sent.push(command);
            }
            Op::Again(number) => {
                if let Some(number) = number.checked_rem(self.sent.len()) {
                    self.send(&self.sent[number].clone());
                }
            }
            Op::OtherUnder(number, other) => {
                if let Some(number) = number.checked_rem(self.sent.len()) {
                    let request_id = self.sent[number].request_id;
                    let command = Command { request_id, verb: self.verb(other) };
                    if self.send(&command) {
                        self.sent[number] = command;
                    }
                }
            }
            Op::Pass { millis, until, expiries_max } => {
                let then = self.now.plus_millis(*millis);
                let round = then.0 - then.0 % op::ROUND_MILLIS;
                self.now = match until {
                    Until::Any => then,
                    Until::Round => self.now.max(Timestamp(round)),
                    Until::JustBefore => self.now.max(Timestamp(round - 1)),
                };
                self.expire(*expiries_max);
            }
            Op::Back { millis } => self.now = Timestamp(self.now.0 - millis),
        }
    }

    fn expire(&mut self, max: usize) {
        let due = self.model.due(self.now, max);
        let mut written = Vec::new();
        while written.len() < max
            && let Some(fact) = self.state.decide_expiry(self.now)
        {
            self.apply(fact.clone());
            written.push(fact);
        }
        assert_eq!(written, due, "what ends at {}", self.now);
    }

    /// Sends a command to both, and compares the answers. Says whether something new was done.
    fn send(&mut self, command: &Command) -> bool {
        let decision = self.state.decide(self.now, command);
        let predicted = self.model.predict(self.now, command);
        match (decision, predicted) {
            (Ok(Decision::New(fact)), Ok(Prediction::Fact(predicted))) => {
                assert_eq!(fact, predicted, "{command:?}");
                self.apply(fact);
                return true;
            }
            (Ok(Decision::New(fact)), Ok(Prediction::Choice(choice))) => {
                let checked = choice.check(&self.model, &fact);
                assert_eq!(checked, Ok(()), "{command:?}");
                self.apply(fact);
                return true;
            }
            (Ok(Decision::Repeat(fact)), Ok(Prediction::Repeat(predicted))) => {
                assert_eq!(fact, predicted, "{command:?}");
            }
            (Err(rejection), Err(predicted)) => {
                self.codes.insert(rejection.code);
                assert_eq!(rejection, predicted, "{command:?}");
            }
            (decision, predicted) => panic!("{command:?}: {decision:?}, not {predicted:?}"),
        }
        false
    }

    fn apply(&mut self, fact: Fact) {
        assert_eq!(self.model.apply(&fact), Ok(()));
        self.state.apply(&fact);
        self.replica.apply(&fact);
        self.touched.insert(fact.event_id);
        match &fact.change {
            Change::HoldPlaced { hold_id, buyer_id, .. } => {
                self.holds.push((*hold_id, buyer_id.clone()));
            }
            Change::HoldAllocated { allocation_id, buyer_id, .. } => {
                self.sales.push((*allocation_id, buyer_id.clone()));
            }
            _ => {}
        }
        self.facts.push(fact);
    }

    fn request_id(&self, made: Made) -> RequestId {
        let (made_at, version) = match made {
            Made::Hashed => (START.0, 8),
            Made::Off(millis) => (self.now.0.saturating_add_signed(millis), 7),
        };
        let number = self.sent.len() as u128;
        let bits = u128::from(made_at) << 80 | version << 76 | 0b10 << 62 | number;
        RequestId::new(bits).expect("a UUID of version 7 or 8")
    }

    fn verb(&self, ask: &Ask) -> Verb {
        let types = |event: usize| self.model.ticket_types(EVENTS[event]).len();
        match ask {
            Ask::Create(create) => Verb::CreateEvent(create.command(EVENTS[create.event])),
            Ask::Close { event } => Verb::CloseEvent(CloseEvent { event_id: EVENTS[*event] }),
            Ask::Place { event, buyer, spots, with_care } => {
                let (event_id, buyer_id) = (EVENTS[*event], buyer_id(*buyer));
                let spots = settle::spots(spots, with_care.then(|| types(*event)));
                Verb::Place(Place { event_id, buyer_id, selection: Selection::Spots(spots) })
            }
            Ask::Best { event, buyer, wish, with_care } => {
                let (event_id, buyer_id) = (EVENTS[*event], buyer_id(*buyer));
                let wish = settle::wish(wish, with_care.then(|| types(*event)));
                let selection = Selection::BestAvailable(wish);
                Verb::Place(Place { event_id, buyer_id, selection })
            }
            Ask::Extend(target) => {
                let (hold_id, buyer_id, _) = self.of_hold(target);
                Verb::Extend(Extend { hold_id, buyer_id })
            }
            Ask::Release(target) => {
                let (hold_id, buyer_id, part) = self.of_hold(target);
                Verb::Release(Release { hold_id, buyer_id, part })
            }
            Ask::Allocate(target) => {
                let (hold_id, buyer_id, part) = self.of_hold(target);
                Verb::Allocate(Allocate { hold_id, buyer_id, part })
            }
            Ask::Return(target) => self.give_back(target),
            Ask::Block { event, spots, with_care } => {
                let spots = settle::spots(spots, with_care.then_some(0));
                Verb::Block(Block { event_id: EVENTS[*event], spots })
            }
            Ask::Unblock { event, spots, with_care } => {
                let spots = settle::spots(spots, with_care.then_some(0));
                Verb::Unblock(Unblock { event_id: EVENTS[*event], spots })
            }
        }
    }

    fn of_hold(&self, target: &Target) -> (HoldId, BuyerId, Part) {
        let known = self.holds.get(target.number % (self.holds.len() + 1));
        let nobodys = || HoldId::new(shard(), Lsn(1 << 40), self.request_id(Made::Hashed));
        let hold_id = known.map_or_else(nobodys, |(hold_id, _)| *hold_id);
        let has = self.model.live_hold(hold_id).map(|hold| hold.spots.clone());
        let buyer_id = asked_by(target, known.map(|(_, buyer_id)| buyer_id));
        (hold_id, buyer_id, settle::part(&target.part, has.unwrap_or_default()))
    }

    fn give_back(&self, target: &Target) -> Verb {
        let known = self.sales.get(target.number % (self.sales.len() + 1));
        let nobodys = || AllocationId::new(shard(), Lsn(1 << 40), self.request_id(Made::Hashed));
        let allocation_id = known.map_or_else(nobodys, |(allocation_id, _)| *allocation_id);
        let has: Option<Spots> = self.model.sale(allocation_id).map(|sale| sale.spots.clone());
        let buyer_id = asked_by(target, known.map(|(_, buyer_id)| buyer_id));
        let part = settle::part(&target.part, has.unwrap_or_default());
        Verb::Return(Return { allocation_id, buyer_id, part })
    }

    /// Everything is the same in both and in the replica, and nothing contradicts itself.
    pub(crate) fn compare(&self) {
        assert_eq!(self.model.compare(&self.state), Ok(()));
        let next = self.state.decide_expiry(self.now);
        assert_eq!(next, self.model.due(self.now, 1).pop(), "what ends next at {}", self.now);
        // Among what is compared here is the digest kept with the digest counted anew.
        for event_id in &self.touched {
            let verified = self.state.verify_event(*event_id).expect("the event was created");
            assert_eq!(verified.violations, Vec::<String>::new());
        }
        assert_same(&self.replica, &self.state);
    }

    /// Goes on with the same state from its image.
    pub(crate) fn restore(&mut self) {
        let (image, charts) = (self.state.image(), BTreeMap::from([(CHART, venue::chart())]));
        match ShardState::restore_remembering(image.clone(), &charts, 77, self.memory) {
            Ok(restored) => {
                assert_same(&restored, &self.state);
                assert_eq!(restored.image(), image);
                self.state = restored;
            }
            Err(error) => panic!("an image that cannot be restored: {error}"),
        }
    }

    /// The facts alone lead to the same state, and so does its image, whatever the order of its
    /// maps.
    pub(crate) fn replay(&mut self) {
        let mut replayed = state(4_242, self.memory);
        for fact in &self.facts {
            replayed.apply(fact);
        }
        assert_same(&replayed, &self.state);
        self.restore();
        assert_eq!(self.model.compare(&self.state), Ok(()));
    }
}

fn shard() -> ShardId {
    EVENTS[0].shard()
}

fn state(hash_seed: u64, memory: Memory) -> ShardState {
    let mut state = ShardState::remembering(shard(), hash_seed, memory);
    state.register_chart(CHART, venue::chart());
    state
}

fn buyer_id(buyer: usize) -> BuyerId {
    BuyerId::new(&format!("buyer {buyer}")).expect("a short name")
}

fn asked_by(target: &Target, owner: Option<&BuyerId>) -> BuyerId {
    match target.stranger {
        Some(stranger) => buyer_id(stranger),
        None => owner.cloned().unwrap_or_else(|| buyer_id(op::BUYERS - 1)),
    }
}

fn assert_same(one: &ShardState, other: &ShardState) {
    assert_eq!(one.digest(), other.digest());
    assert_eq!(one.last_lsn(), other.last_lsn());
    assert_eq!(one.earliest_deadline(), other.earliest_deadline());
    for (one, other) in one.events().zip(other.events()) {
        assert!(one.seats().eq(other.seats()));
        assert_eq!(one.areas(), other.areas());
        assert_eq!(one.ticket_type_counts(), other.ticket_type_counts());
    }
    assert_eq!(one.events().count(), other.events().count());
}
