//! Random commands against the state machine and against a naive model at once. After each one:
//! the same answer, refusals with all that they say; the same state of every seat, area, ticket
//! type and hold; nothing that contradicts itself; and a replica that only ever sees the facts is
//! in the same state. At the end the same of a replay from nothing and of the state's own image.

mod naive;
mod op;
mod venue;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use inventory_core::command::{
    Allocate, BestAvailable, Block, CloseEvent, Command, CreateEvent, Extend, Part, Place, Release,
    Return, Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, CategoryIndex, ChartHash, EventId, HoldId, Lsn, RequestId,
    SeatIndex, SectionIndex, ShardId, TicketTypeIndex, ZoneIndex,
};
use inventory_core::rejection::{Rejection, RejectionCode, Retry};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, Counts, SeatSpot, Spots};
use inventory_core::state::{Decision, HoldStory, ShardState};
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;
use naive::{Naive, Refusal, When};
use op::{Asked, KindRules, Op, Target, Wish};
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
        for (number, op) in ops.iter().enumerate() {
            both.step(op);
            both.compare();
            if number % 8 == 7 {
                both.state = both.restored();
            }
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
    /// Sees facts and nothing else; its maps have another order.
    replica: ShardState,
    /// How many ticket types the event has.
    kinds: usize,
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
        let mut both = Self {
            state: shard(7),
            replica: shard(99),
            kinds: rules.kinds.len(),
            naive: Naive::new(venue::spots(), rules.clone()),
            facts: Vec::new(),
            holds: Vec::new(),
            sales: Vec::new(),
            sent: Vec::new(),
            codes: BTreeSet::new(),
        };
        let ticket_types = (0..).zip(&rules.kinds);
        let ticket_types = ticket_types.map(|(number, kind)| ticket_type(number, kind)).collect();
        let rules = EventRules {
            hold_ttl_millis: rules.ttl_millis,
            extensions_max: rules.extensions_max,
            buyer_seats_max: rules.buyer_seats_max,
            sale_opens_at: rules.opens_at.map(at),
            sale_closes_at: rules.closes_at.map(at),
        };
        let (name, chart) = ("random".into(), CHART);
        let verb = CreateEvent { event_id: EVENT, name, chart, rules, ticket_types };
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
        self.state.apply(&fact);
        self.replica.apply(&fact);
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
            Ok(Decision::New(Fact { change: Change::HoldPlaced { spots, .. }, .. })) => {
                spots.seat_indexes().map(|seat| seat.0 as usize).collect()
            }
            _ => Vec::new(),
        };
        let predicted = self.naive.act(op, &chosen);
        match (decision, predicted) {
            (Ok(Decision::New(fact)), Ok(asked)) => {
                let moved = fact.change.spots_moved().map(|(spots, _, _)| spots.clone());
                assert_eq!(moved.unwrap_or_default(), spots(&asked), "spots moved by {op:?}");
                match &fact.change {
                    Change::HoldPlaced { hold_id, .. } => self.holds.push(*hold_id),
                    Change::HoldAllocated { allocation_id, .. } => self.sales.push(*allocation_id),
                    _ => {}
                }
                Some(self.apply(fact))
            }
            (Err(rejection), Err(predicted)) => {
                self.codes.insert(rejection.code);
                assert_eq!(refusal(rejection), predicted, "{op:?}");
                None
            }
            (decision, predicted) => panic!("{op:?}: {decision:?}, not {predicted:?}"),
        }
    }

    /// The same, about a hold or a sale that stays the same one when there are more, and with
    /// what was only hinted at.
    fn settled(&self, op: &Op) -> Op {
        let mut op = op.clone();
        match &mut op {
            Op::Place { asked, with_care: true, .. } => asked.with_known_kinds(self.kinds),
            Op::Best { wish, with_care: true, .. } => wish.with_known_kinds(self.kinds),
            Op::Block { asked, with_care: true } | Op::Unblock { asked, with_care: true } => {
                asked.without_kinds();
            }
            Op::Extend(target) | Op::Release(target) | Op::Allocate(target) => {
                target.number %= self.holds.len() + 1;
            }
            Op::Return(target) => target.number %= self.sales.len() + 1,
            _ => {}
        }
        if let Op::Release(target) | Op::Allocate(target) | Op::Return(target) = &op
            && let op::Part::Chosen(bits) = target.part
        {
            let has = self.naive.has(&op, target.number);
            let part = op::Part::Named(has.map(|has| has.choose(bits)).unwrap_or_default());
            if let Op::Release(target) | Op::Allocate(target) | Op::Return(target) = &mut op {
                target.part = part;
            }
        }
        op
    }

    fn verb(&self, op: &Op) -> Verb {
        let event_id = EVENT;
        match op {
            Op::Place { buyer, asked, .. } => {
                let selection = Selection::Spots(spots(asked));
                Verb::Place(Place { event_id, buyer_id: buyer_id(*buyer), selection })
            }
            Op::Best { buyer, wish, .. } => {
                let selection = Selection::BestAvailable(best_available(wish));
                Verb::Place(Place { event_id, buyer_id: buyer_id(*buyer), selection })
            }
            Op::Extend(target) => {
                let (hold_id, buyer_id) = self.of_hold(target);
                Verb::Extend(Extend { hold_id, buyer_id })
            }
            Op::Release(target) => {
                let (hold_id, buyer_id) = self.of_hold(target);
                let part = part(target);
                Verb::Release(Release { hold_id, buyer_id, part })
            }
            Op::Allocate(target) => {
                let (hold_id, buyer_id) = self.of_hold(target);
                let part = part(target);
                Verb::Allocate(Allocate { hold_id, buyer_id, part })
            }
            Op::Return(target) => {
                let known = self.sales.get(target.number);
                let nobodys = || AllocationId::new(SHARD, Lsn(1 << 40), self.new_request_id());
                let allocation_id = known.copied().unwrap_or_else(nobodys);
                let buyer_id = buyer_id(self.naive.buyer_for_sale(target));
                Verb::Return(Return { allocation_id, buyer_id, part: part(target) })
            }
            Op::Block { asked, .. } => Verb::Block(Block { event_id, spots: spots(asked) }),
            Op::Unblock { asked, .. } => Verb::Unblock(Unblock { event_id, spots: spots(asked) }),
            Op::Close => Verb::CloseEvent(CloseEvent { event_id }),
            Op::Pass { .. } | Op::Again(_) | Op::OtherUnder(..) => {
                panic!("{op:?} is no command of its own")
            }
        }
    }

    fn of_hold(&self, target: &Target) -> (HoldId, BuyerId) {
        let known = self.holds.get(target.number);
        let nobodys = || HoldId::new(SHARD, Lsn(1 << 40), self.new_request_id());
        let hold_id = known.copied().unwrap_or_else(nobodys);
        (hold_id, buyer_id(self.naive.buyer_for_hold(target)))
    }

    /// Everything is the same in both and in the replica, and nothing contradicts itself.
    fn compare(&self) {
        let event = self.state.event(EVENT).expect("the event was created");
        for (number, spot) in (0..).zip(&self.naive.spots) {
            let status = event.seat(SeatIndex(number)).expect("the seat exists").status();
            assert_eq!(status, spot.owner.status(), "seat {number}");
        }
        for (area, &counts) in event.areas().iter().enumerate() {
            assert_eq!(counts, Counts(self.naive.area_counts(area)), "area {area}");
        }
        for (kind, &counts) in event.ticket_type_counts().iter().enumerate() {
            assert_eq!(counts, Counts(self.naive.kind_counts(kind)), "ticket type {kind}");
        }
        assert_eq!(event.closed_at.is_some(), self.naive.is_closed);
        for (number, hold_id) in self.holds.iter().enumerate() {
            let told = match self.state.hold(*hold_id).expect("so few are all remembered") {
                HoldStory::Live(hold) => {
                    Ok((hold.spots.clone(), hold.deadline.0 - START_MILLIS, hold.extensions))
                }
                HoldStory::Ended(hold) => Err(hold.ending),
            };
            let story = self.naive.hold_story(number);
            let story = story.map(|(has, deadline, extensions)| (spots(has), deadline, extensions));
            assert_eq!(told, story, "hold {number}");
        }
        for buyer in 0..op::BUYERS {
            assert_eq!(event.buyer_spots(&buyer_id(buyer)), self.naive.buyer_spots(buyer));
        }
        // Among what is compared here is the digest kept with the digest counted anew.
        let verified = self.state.verify_event(EVENT).expect("the event was created");
        assert_eq!(verified.violations, Vec::<String>::new());
        assert_eq!(verified.counts, event.counts());
        assert_eq!(verified.areas, event.areas());
        assert_eq!(verified.ticket_types, event.ticket_type_counts());
        assert_same(&self.replica, &self.state);
    }

    /// The facts alone lead to the same state, and so does its image, whatever the order of its
    /// maps.
    fn replay(&self) {
        let mut replayed = shard(4_242);
        for fact in &self.facts {
            replayed.apply(fact);
        }
        assert_same(&replayed, &self.state);
        drop(self.restored());
    }

    /// The same state from its image, to go on with.
    fn restored(&self) -> ShardState {
        let (image, charts) = (self.state.image(), BTreeMap::from([(CHART, venue::chart())]));
        match ShardState::restore(image.clone(), &charts, 77) {
            Ok(restored) => {
                assert_same(&restored, &self.state);
                assert_eq!(restored.image(), image);
                restored
            }
            Err(error) => panic!("an image that cannot be restored: {error}"),
        }
    }
}

fn shard(hash_seed: u64) -> ShardState {
    let mut state = ShardState::seeded(SHARD, hash_seed);
    state.register_chart(CHART, venue::chart());
    state
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

fn at(millis: u64) -> Timestamp {
    Timestamp(START_MILLIS + millis)
}

fn buyer_id(buyer: usize) -> BuyerId {
    BuyerId::new(&format!("buyer {buyer}")).expect("a short name")
}

fn ticket_type(number: usize, kind: &KindRules) -> TicketType {
    TicketType {
        key: format!("type {number}").into(),
        quota: kind.quota,
        sale_opens_at: kind.opens_at.map(at),
        sale_closes_at: kind.closes_at.map(at),
        categories: kind.categories.iter().copied().map(CategoryIndex).collect(),
    }
}

fn type_index(kind: op::Kind) -> Option<TicketTypeIndex> {
    kind.map(|kind| TicketTypeIndex(kind as u16))
}

fn spots(asked: &Asked) -> Spots {
    let seat = |&(seat, kind): &(usize, op::Kind)| SeatSpot {
        seat: SeatIndex(seat as u32),
        ticket_type: type_index(kind),
    };
    Spots { seats: asked.seats.iter().map(seat).collect(), areas: areas(asked) }
}

fn areas(asked: &Asked) -> Vec<AreaPlaces> {
    let places = asked.lines.iter().map(|line| AreaPlaces {
        area: AreaIndex(line.area as u32),
        ticket_type: type_index(line.kind),
        count: line.count,
    });
    places.collect()
}

fn best_available(wish: &Wish) -> BestAvailable {
    let types = wish.kinds.iter().map(|&(kind, count)| (TicketTypeIndex(kind as u16), count));
    BestAvailable {
        quantity: wish.quantity as u32,
        section: wish.section.map(SectionIndex),
        zone: wish.zone.map(ZoneIndex),
        category: wish.category.map(CategoryIndex),
        accessible: wish.accessible,
        ticket_types: types.collect(),
    }
}

fn part(target: &Target) -> Part {
    match &target.part {
        op::Part::Whole => Part::Whole,
        op::Part::Named(asked) => {
            let seats = asked.seats.iter().map(|&(seat, _)| SeatIndex(seat as u32)).collect();
            Part::Spots { seats, areas: areas(asked) }
        }
        op::Part::Chosen(_) => panic!("what is chosen was named before"),
    }
}

/// A rejection in the model's words.
fn refusal(rejection: Rejection) -> Refusal {
    Refusal {
        code: rejection.code,
        seats: rejection.conflicts.iter().map(|of| of.seat.0 as usize).collect(),
        areas: rejection.areas.iter().map(|of| (of.area.0 as usize, of.could_have)).collect(),
        kind: rejection.ticket_type.map(|index| usize::from(index.0)),
        could_have: rejection.could_have,
        when: match rejection.retry {
            Retry::Never => When::Never,
            Retry::Later => When::Later,
            Retry::At(at) => When::At(at.0 - START_MILLIS),
        },
    }
}
