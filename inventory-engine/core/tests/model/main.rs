//! Random commands against the state machine and against a naive model at once. After each one:
//! the same answer, refusals by code and seats; the same state of every seat and hold; nothing
//! that contradicts itself. At the end: the facts alone lead to the same state.

mod naive;
mod op;
mod venue;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use inventory_core::command::{
    Allocate, BestAvailable, Block, Command, CreateEvent, Extend, Part, Place, Release, Return,
    Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{
    AllocationId, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, Lsn, RequestId, SeatIndex,
    SectionIndex, ShardId,
};
use inventory_core::rejection::RejectionCode;
use inventory_core::rules::EventRules;
use inventory_core::state::{Decision, HoldStory, ShardState};
use inventory_core::time::Timestamp;
use naive::{Naive, Refusal};
use op::{Op, Target};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestRunner};

const SHARD: ShardId = ShardId(5);
const EVENT: EventId = EventId(1);
const CHART: ChartHash = ChartHash([1; 32]);
const START_MILLIS: u64 = 1_700_000_000_000;

/// What the walk cannot run into: its one event is there, and its request ids are new.
const NOT_WALKED: [RejectionCode; 6] = [
    RejectionCode::RequestTooOld,
    RejectionCode::RequestIdAhead,
    RejectionCode::EventUnknown,
    RejectionCode::EventExists,
    RejectionCode::ChartUnknown,
    RejectionCode::RulesInvalid,
];

#[test]
fn the_state_machine_does_what_the_naive_model_does() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 1_500,
        source_file: Some(file!()),
        // What once failed is kept beside this file and tried first.
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    });
    let codes = RefCell::new(BTreeSet::from(NOT_WALKED));
    let walk = (op::rules(), prop::collection::vec(op::op(), 1..120));
    let outcome = runner.run(&walk, |(rules, ops)| {
        let mut both = Both::new(rules);
        for op in &ops {
            both.step(op);
            both.compare();
        }
        both.replay();
        codes.borrow_mut().extend(both.codes);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(codes.take(), BTreeSet::from(RejectionCode::ALL), "a walk that is too tame");
}

/// A request that was sent before.
struct Sent {
    id: RequestId,
    op: Op,
    fact: Option<Arc<Fact>>,
}

/// The state machine and the model, side by side.
struct Both {
    state: ShardState,
    naive: Naive,
    facts: Vec<Arc<Fact>>,
    /// By the model's number of the hold.
    holds: Vec<HoldId>,
    /// By the model's number of the sale.
    sales: Vec<AllocationId>,
    sent: Vec<Sent>,
    codes: BTreeSet<RejectionCode>,
}

impl Both {
    fn new(rules: op::Rules) -> Self {
        let mut state = ShardState::new(SHARD);
        state.register_chart(CHART, venue::chart());
        let mut both = Self {
            state,
            naive: Naive::new(venue::spots(), rules),
            facts: Vec::new(),
            holds: Vec::new(),
            sales: Vec::new(),
            sent: Vec::new(),
            codes: BTreeSet::new(),
        };
        let at = |millis: u64| Timestamp(START_MILLIS + millis);
        let rules = EventRules {
            hold_ttl_millis: rules.ttl_millis,
            extensions_max: rules.extensions_max,
            buyer_seats_max: rules.buyer_seats_max,
            sale_opens_at: rules.opens_at.map(at),
            sale_closes_at: rules.closes_at.map(at),
        };
        let verb = CreateEvent { event_id: EVENT, name: "random".into(), chart: CHART, rules };
        let request_id = both.new_request_id();
        let command = Command { request_id, verb: Verb::CreateEvent(verb) };
        match both.state.decide(both.now(), &command) {
            Ok(Decision::New(fact)) => drop(both.apply(fact)),
            other => panic!("the event is new: {other:?}"),
        }
        both
    }

    fn now(&self) -> Timestamp {
        Timestamp(START_MILLIS + self.naive.now)
    }

    fn new_request_id(&self) -> RequestId {
        let number = self.facts.len() + self.sent.len();
        let bits = u128::from(self.now().0) << 80 | 7 << 76 | 0b10 << 62 | number as u128;
        RequestId::new(bits).expect("a UUID of version 7")
    }

    fn apply(&mut self, fact: Fact) -> Arc<Fact> {
        let fact = Arc::new(fact);
        self.state.apply(Arc::clone(&fact));
        self.facts.push(Arc::clone(&fact));
        fact
    }

    fn step(&mut self, op: &Op) {
        match op {
            Op::Pass { millis, expire } => {
                self.naive.now += millis;
                if *expire {
                    self.naive.expire();
                    while let Some(fact) = self.state.decide_expiry(self.now()) {
                        self.apply(fact);
                    }
                }
            }
            Op::Again(number) => {
                if let Some(number) = number.checked_rem(self.sent.len()) {
                    let op = self.sent[number].op.clone();
                    self.send_under(number, &op);
                }
            }
            Op::OtherUnder(number, other) => {
                if let Some(number) = number.checked_rem(self.sent.len()) {
                    self.send_under(number, other);
                }
            }
            op => {
                let id = self.new_request_id();
                let op = self.settled(op);
                let fact = self.send(id, &op);
                self.sent.push(Sent { id, op, fact });
            }
        }
    }

    /// Sends something under the id of a request that was sent before.
    fn send_under(&mut self, number: usize, op: &Op) {
        let (id, op) = (self.sent[number].id, &self.settled(op));
        let Some(first) = self.sent[number].fact.clone() else {
            // Refusals are not remembered: this is as good as new.
            let fact = self.send(id, op);
            self.sent[number] = Sent { id, op: op.clone(), fact };
            return;
        };
        let is_same = self.verb(op) == self.verb(&self.sent[number].op);
        let decision =
            self.state.decide(self.now(), &Command { request_id: id, verb: self.verb(op) });
        match decision {
            Ok(Decision::Repeat(fact)) => {
                assert!(is_same, "{op:?} is not what was asked for under {id}");
                assert_eq!(fact, first);
            }
            Ok(Decision::New(fact)) => panic!("{id} was done before, and again: {fact:?}"),
            Err(rejection) => {
                assert!(!is_same, "{op:?} is just what was asked for under {id}: {rejection}");
                assert_eq!(rejection.code, RejectionCode::RequestIdReused);
                self.codes.insert(rejection.code);
            }
        }
    }

    /// Sends something new to both, and compares the answers.
    fn send(&mut self, request_id: RequestId, op: &Op) -> Option<Arc<Fact>> {
        let command = Command { request_id, verb: self.verb(op) };
        let decision = self.state.decide(self.now(), &command);
        // Of runs that are equally near either is right, so the model is told which one it was.
        let chosen = match &decision {
            Ok(Decision::New(Fact { change: Change::HoldPlaced { seats, .. }, .. })) => {
                seats.iter().map(|seat| seat.0 as usize).collect()
            }
            _ => Vec::new(),
        };
        let predicted = self.naive.act(op, &chosen);
        match (decision, predicted) {
            (Ok(Decision::New(fact)), Ok(seats)) => {
                let became = fact.change.seats_became().map(|(seats, _)| seats);
                let changed: Vec<usize> =
                    became.into_iter().flatten().map(|seat| seat.0 as usize).collect();
                assert_eq!(changed, seats, "seats changed by {op:?}");
                match &fact.change {
                    Change::HoldPlaced { hold_id, .. } => self.holds.push(*hold_id),
                    Change::HoldAllocated { allocation_id, .. } => self.sales.push(*allocation_id),
                    _ => {}
                }
                Some(self.apply(fact))
            }
            (Err(rejection), Err(Refusal { code, seats, could_have })) => {
                assert_eq!(rejection.code, code, "{op:?}");
                let named: Vec<usize> =
                    rejection.conflicts.iter().map(|conflict| conflict.seat.0 as usize).collect();
                assert_eq!(named, seats, "seats in the way of {op:?}");
                assert_eq!(rejection.could_have, could_have, "{op:?}");
                self.codes.insert(code);
                None
            }
            (decision, predicted) => panic!("{op:?}: {decision:?}, not {predicted:?}"),
        }
    }

    /// The same, about a hold or a sale that stays the same one when there are more.
    fn settled(&self, op: &Op) -> Op {
        let mut op = op.clone();
        match &mut op {
            Op::Extend(target) | Op::Release(target) | Op::Allocate(target) => {
                target.number %= self.holds.len() + 1;
            }
            Op::Return(target) => target.number %= self.sales.len() + 1,
            _ => {}
        }
        op
    }

    fn verb(&self, op: &Op) -> Verb {
        let event_id = EVENT;
        match op {
            Op::Place { buyer, seats: named } => {
                let selection = Selection::Seats(seats(named));
                Verb::Place(Place { event_id, buyer_id: buyer_id(*buyer), selection })
            }
            Op::Best { buyer, wish } => {
                let selection = Selection::BestAvailable(BestAvailable {
                    quantity: wish.quantity as u32,
                    section: wish.section.map(SectionIndex),
                    category: wish.category.map(CategoryIndex),
                    accessible: wish.accessible,
                });
                Verb::Place(Place { event_id, buyer_id: buyer_id(*buyer), selection })
            }
            Op::Extend(target) => {
                let (hold_id, buyer_id, _) = self.of_hold(target);
                Verb::Extend(Extend { hold_id, buyer_id })
            }
            Op::Release(target) => {
                let (hold_id, buyer_id, part) = self.of_hold(target);
                Verb::Release(Release { hold_id, buyer_id, part })
            }
            Op::Allocate(target) => {
                let (hold_id, buyer_id, part) = self.of_hold(target);
                Verb::Allocate(Allocate { hold_id, buyer_id, part })
            }
            Op::Return(target) => {
                let known = self.sales.get(target.number);
                let nobodys = || AllocationId::new(SHARD, Lsn(1 << 40), self.new_request_id());
                let allocation_id = known.copied().unwrap_or_else(nobodys);
                let buyer_id = buyer_id(self.naive.buyer_for_sale(target));
                Verb::Return(Return { allocation_id, buyer_id, part: part(target) })
            }
            Op::Block(named) => Verb::Block(Block { event_id, seats: seats(named) }),
            Op::Unblock(named) => Verb::Unblock(Unblock { event_id, seats: seats(named) }),
            Op::Pass { .. } | Op::Again(_) | Op::OtherUnder(..) => {
                panic!("{op:?} is no command of its own")
            }
        }
    }

    fn of_hold(&self, target: &Target) -> (HoldId, BuyerId, Part) {
        let known = self.holds.get(target.number);
        let nobodys = || HoldId::new(SHARD, Lsn(1 << 40), self.new_request_id());
        let hold_id = known.copied().unwrap_or_else(nobodys);
        (hold_id, buyer_id(self.naive.buyer_for_hold(target)), part(target))
    }

    /// Every seat, hold and count is the same in both, and nothing contradicts itself.
    fn compare(&self) {
        let event = self.state.event(EVENT).expect("the event was created");
        for (number, spot) in (0..).zip(&self.naive.spots) {
            let status = event.seat(SeatIndex(number)).expect("the seat exists").status();
            assert_eq!(status, spot.owner.status(), "seat {number}");
        }
        for (number, hold_id) in self.holds.iter().enumerate() {
            let told = match self.state.hold(*hold_id).expect("so few are all remembered") {
                HoldStory::Live(hold) => {
                    let seats = hold.seats.iter().map(|seat| seat.0 as usize).collect();
                    Ok((seats, hold.deadline.0 - START_MILLIS, hold.extensions))
                }
                HoldStory::Ended(hold) => Err(hold.ending),
            };
            assert_eq!(told, self.naive.hold_story(number), "hold {number}");
        }
        for buyer in 0..op::BUYERS {
            assert_eq!(event.buyer_seats(&buyer_id(buyer)), self.naive.buyer_seats(buyer));
        }
        let verified = self.state.verify_event(EVENT).expect("the event was created");
        assert_eq!(verified.violations, Vec::<String>::new());
    }

    /// The facts alone lead to the same state, whatever the order of its maps.
    fn replay(&self) {
        let mut replayed = ShardState::seeded(SHARD, 99);
        replayed.register_chart(CHART, venue::chart());
        for fact in &self.facts {
            replayed.apply(Arc::clone(fact));
        }
        assert_eq!(replayed.digest(), self.state.digest());
        assert_eq!(replayed.last_lsn(), self.state.last_lsn());
        assert_eq!(replayed.earliest_deadline(), self.state.earliest_deadline());
        let seats = |state: &ShardState| state.event(EVENT).map(|event| event.seats().to_vec());
        assert_eq!(seats(&replayed), seats(&self.state));
    }
}

fn buyer_id(buyer: usize) -> BuyerId {
    BuyerId::new(&format!("buyer {buyer}")).expect("a short name")
}

fn seats(numbers: &[usize]) -> Vec<SeatIndex> {
    numbers.iter().map(|&number| SeatIndex(number as u32)).collect()
}

fn part(target: &Target) -> Part {
    target.part.as_deref().map_or(Part::Whole, |named| Part::Seats(seats(named)))
}
