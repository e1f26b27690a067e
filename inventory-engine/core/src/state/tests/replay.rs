//! Replay equals live: the facts up to any moment lead to the state of that moment, and so do an
//! image of any moment before it and the facts since. What is compared is all that can be seen:
//! the image, counts and seats, what `verify_event` says, who is next to expire, and what would
//! be answered to whoever asks now.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::TestRunner;

use super::*;
use crate::command::{BestAvailable, Block, CloseEvent, Extend, Release, Return, Unblock};
use crate::fact::SeatStatus;
use crate::spots::Counts;

const CHART: ChartHash = ChartHash([1; 32]);

/// So little that most of what is over is forgotten on the way.
const MEMORY: Memory = Memory { requests_max: 6, request_millis: 2_000, ended_holds_max: 2 };

/// Something that is asked for once some time has passed. Numbers mean whatever there is then.
#[derive(Clone, Debug)]
struct Draw {
    pause_millis: u64,
    /// Whether the engine notices before what is due.
    expires: bool,
    is_hashed_id: bool,
    event: u64,
    buyer: &'static str,
    wish: Wish,
}

#[derive(Clone, Debug)]
enum Wish {
    Create,
    Close,
    Place { seats: Vec<u32>, places: Vec<u32>, ticket_type: u16 },
    Best { quantity: u32, ticket_type: u16 },
    Extend(Index),
    Release(Index, Option<usize>),
    Allocate(Index, Option<usize>),
    Return(Index, Option<usize>),
    Block { seats: Vec<u32>, places: Vec<u32> },
    Unblock { seats: Vec<u32>, places: Vec<u32> },
}

fn draw() -> impl Strategy<Value = Draw> {
    let pause = prop_oneof![4 => 0..50_u64, 1 => 0..2_000_u64];
    let event = prop_oneof![4 => Just(EVENT.0), 1 => 2..4_u64];
    let buyer = select(vec!["ann", "bob", "eve"]);
    (pause, any::<bool>(), any::<bool>(), event, buyer, wish()).prop_map(
        |(pause_millis, expires, is_hashed_id, event, buyer, wish)| Draw {
            pause_millis,
            expires,
            is_hashed_id,
            event,
            buyer,
            wish,
        },
    )
}

fn wish() -> impl Strategy<Value = Wish> {
    let seats = || subsequence((0..8).collect::<Vec<u32>>(), 0..4);
    let places = || vec(1..4_u32, 0..2);
    let part = || (any::<Index>(), option::of(1..3_usize));
    prop_oneof![
        1 => Just(Wish::Create),
        1 => Just(Wish::Close),
        6 => (seats(), places(), 0..2_u16)
            .prop_map(|(seats, places, ticket_type)| Wish::Place { seats, places, ticket_type }),
        3 => (1..4_u32, 0..2_u16)
            .prop_map(|(quantity, ticket_type)| Wish::Best { quantity, ticket_type }),
        2 => any::<Index>().prop_map(Wish::Extend),
        3 => part().prop_map(|(of, part)| Wish::Release(of, part)),
        3 => part().prop_map(|(of, part)| Wish::Allocate(of, part)),
        2 => part().prop_map(|(of, part)| Wish::Return(of, part)),
        2 => (seats(), places()).prop_map(|(seats, places)| Wish::Block { seats, places }),
        2 => (seats(), places()).prop_map(|(seats, places)| Wish::Unblock { seats, places }),
    ]
}

/// A shard that decides, and what it looked like behind each fact.
struct Live {
    state: ShardState,
    now: Timestamp,
    sent: Vec<Command>,
    facts: Vec<Fact>,
    moments: Vec<Moment>,
}

/// What was asked at one moment, and all that could be seen then.
struct Moment {
    now: Timestamp,
    asked: Vec<Command>,
    seen: Seen,
}

#[derive(Debug, PartialEq)]
struct Seen {
    image: ShardImage,
    seats: Vec<Vec<SeatState>>,
    counts: Vec<(Counts, Vec<Counts>, Vec<Counts>)>,
    verified: Vec<Verification>,
    expiring: Vec<HoldId>,
    next_expiry: Option<Fact>,
    answers: Vec<Result<Decision, Rejection>>,
}

/// All that can be seen of a state.
fn look(state: &ShardState, now: Timestamp, asked: &[Command]) -> Seen {
    let counts = |event: &EventState| {
        (event.counts(), event.areas().to_vec(), event.ticket_type_counts().to_vec())
    };
    let verified = |event: &EventState| state.verify_event(event.id).expect("it is there");
    Seen {
        image: state.image(),
        seats: state.events().map(|event| event.seats().collect()).collect(),
        counts: state.events().map(counts).collect(),
        verified: state.events().map(verified).collect(),
        expiring: state.live_holds().map(|hold| hold.id).collect(),
        next_expiry: state.decide_expiry(now.plus_millis(400)),
        answers: asked.iter().map(|command| state.decide(now, command)).collect(),
    }
}

fn shard(hash_seed: u64) -> ShardState {
    let mut state = ShardState::remembering(ShardId(0), hash_seed, MEMORY);
    state.register_chart(CHART, chart());
    state
}

impl Live {
    fn new() -> Self {
        let now = Timestamp(1_700_000_000_000);
        let (sent, facts, moments) = (Vec::new(), Vec::new(), Vec::new());
        Self { state: shard(0), now, sent, facts, moments }
    }

    fn step(&mut self, draw: &Draw) {
        self.now = self.now.plus_millis(draw.pause_millis);
        while draw.expires
            && let Some(fact) = self.state.decide_expiry(self.now)
        {
            self.apply(fact);
        }
        let command = Command { request_id: self.request_id(draw), verb: self.verb(draw) };
        if let Ok(Decision::New(fact)) = self.state.decide(self.now, &command) {
            self.sent.push(command);
            self.apply(fact);
        }
    }

    fn apply(&mut self, fact: Fact) {
        self.state.apply(&fact);
        self.facts.push(fact);
        let (now, asked) = (self.now, self.questions());
        let seen = look(&self.state, now, &asked);
        for verification in &seen.verified {
            assert_eq!(verification.violations, Vec::<String>::new());
        }
        let earliest = seen.image.holds.iter().map(|hold| hold.deadline).min();
        assert_eq!(self.state.earliest_deadline(), earliest);
        assert_eq!(seen.expiring.len(), seen.image.holds.len());
        assert_eq!(seen.seats.len(), seen.image.events.len());
        self.moments.push(Moment { now, asked, seen });
    }

    /// A new id, or with the same version that of nobody.
    fn request_id(&self, draw: &Draw) -> RequestId {
        let (version, number) = (if draw.is_hashed_id { 8 } else { 7 }, self.facts.len() as u128);
        let bits = u128::from(self.now.0) << 80 | version << 76 | 0b10 << 62 | number;
        RequestId::new(bits).expect("a version and a variant that are known")
    }

    fn verb(&self, draw: &Draw) -> Verb {
        let (event_id, buyer_id) = (EventId(draw.event), BuyerId::new(draw.buyer).unwrap());
        match draw.wish.clone() {
            Wish::Create => {
                let rules = EventRules {
                    hold_ttl_millis: 1_000,
                    buyer_seats_max: Some(9),
                    ..EventRules::default()
                };
                let ticket_types = vec![ticket_type("adult", None), ticket_type("child", Some(5))];
                let (name, chart) = ("show".into(), CHART);
                Verb::CreateEvent(CreateEvent { event_id, name, chart, rules, ticket_types })
            }
            Wish::Close => Verb::CloseEvent(CloseEvent { event_id }),
            Wish::Place { seats, places, ticket_type } => {
                let typed = |numbers: Vec<u32>| numbers.into_iter().map(move |n| (n, ticket_type));
                let (seats, places) =
                    (typed(seats).collect::<Vec<_>>(), typed(places).collect::<Vec<_>>());
                let selection = Selection::Spots(spots(&seats, &places));
                Verb::Place(Place { event_id, buyer_id, selection })
            }
            Wish::Best { quantity, ticket_type } => {
                let selection = Selection::BestAvailable(best(quantity, ticket_type));
                Verb::Place(Place { event_id, buyer_id, selection })
            }
            Wish::Extend(of) => {
                let (hold_id, buyer_id, _) = self.hold(of);
                Verb::Extend(Extend { hold_id, buyer_id })
            }
            Wish::Release(of, seats) => {
                let (hold_id, buyer_id, spots) = self.hold(of);
                Verb::Release(Release { hold_id, buyer_id, part: part(&spots, seats) })
            }
            Wish::Allocate(of, seats) => {
                let (hold_id, buyer_id, spots) = self.hold(of);
                Verb::Allocate(Allocate { hold_id, buyer_id, part: part(&spots, seats) })
            }
            Wish::Return(of, seats) => {
                let image = self.state.image();
                let Some(sold) = image.allocations.get(of.index(image.allocations.len().max(1)))
                else {
                    return Verb::CloseEvent(CloseEvent { event_id: EventId(0) });
                };
                let (allocation_id, buyer_id) = (sold.id, sold.buyer_id.clone());
                Verb::Return(Return { allocation_id, buyer_id, part: part(&sold.spots, seats) })
            }
            Wish::Block { seats, places } => {
                Verb::Block(Block { event_id, spots: untyped(&seats, &places) })
            }
            Wish::Unblock { seats, places } => {
                Verb::Unblock(Unblock { event_id, spots: untyped(&seats, &places) })
            }
        }
    }

    /// One of the holds that live; without any, one that nobody placed.
    fn hold(&self, of: Index) -> (HoldId, BuyerId, Spots) {
        let holds: Vec<&Hold> = self.state.live_holds().collect();
        match holds.get(of.index(holds.len().max(1))) {
            Some(hold) => (hold.id, hold.buyer_id.clone(), hold.spots.clone()),
            None => (HoldId(0), BuyerId::new("nobody").unwrap(), Spots::default()),
        }
    }

    /// What was asked before, and what asks for everything that is counted and measured.
    fn questions(&self) -> Vec<Command> {
        let mut asked: Vec<Command> = self.sent.iter().rev().take(9).cloned().collect();
        let mut ask = |event, wish| {
            let (pause_millis, expires, is_hashed_id) = (0, false, false);
            let draw = Draw { pause_millis, expires, is_hashed_id, event, buyer: "ann", wish };
            // Nobody has had this id yet: a moment is looked at behind its fact.
            asked.push(Command { request_id: self.request_id(&draw), verb: self.verb(&draw) });
        };
        for event in [1, 2] {
            ask(event, Wish::Place { seats: (0..8).collect(), places: vec![10], ticket_type: 1 });
            for quantity in 1..4 {
                ask(event, Wish::Best { quantity, ticket_type: 0 });
            }
            ask(event, Wish::Unblock { seats: (0..8).collect(), places: vec![10] });
        }
        asked
    }
}

fn best(quantity: u32, ticket_type: u16) -> BestAvailable {
    let ticket_types = vec![(TicketTypeIndex(ticket_type), quantity)];
    BestAvailable { quantity, ticket_types, ..BestAvailable::default() }
}

fn untyped(seats: &[u32], places: &[u32]) -> Spots {
    let line = |&count| AreaPlaces { area: AreaIndex(0), ticket_type: None, count };
    let areas = places.iter().map(line).collect();
    Spots { areas, ..Spots::of_seats(seats.iter().copied().map(SeatIndex)) }
}

/// The first so many seats of these spots; all of them if none are named, or there are none.
fn part(of: &Spots, seats: Option<usize>) -> Part {
    match seats {
        Some(count) if !of.seats.is_empty() => {
            Part::Spots { seats: of.seat_indexes().take(count).collect(), areas: Vec::new() }
        }
        _ => Part::Whole,
    }
}

/// The facts from nothing on, and the facts behind the image of each moment, lead to the same.
fn check(live: &Live) {
    let mut replayed = shard(99);
    for (fact, moment) in live.facts.iter().zip(&live.moments) {
        replayed.apply(fact);
        assert_eq!(look(&replayed, moment.now, &moment.asked), moment.seen, "behind {fact:?}");
    }
    let charts = BTreeMap::from([(CHART, chart())]);
    for (number, moment) in live.moments.iter().enumerate() {
        let (image, seed) = (moment.seen.image.clone(), number as u64);
        let mut restored = ShardState::restore_remembering(image, &charts, seed, MEMORY).unwrap();
        restored.register_chart(CHART, chart());
        assert_eq!(look(&restored, moment.now, &moment.asked), moment.seen, "image {number}");
        for (fact, moment) in live.facts.iter().zip(&live.moments).skip(number + 1) {
            restored.apply(fact);
            assert_eq!(restored.digest(), moment.seen.image.digest, "{number}, then {fact:?}");
        }
        let last = &live.moments[live.moments.len() - 1];
        assert_eq!(look(&restored, last.now, &last.asked), last.seen, "image {number}, and on");
    }
}

#[test]
fn replay_and_any_image_with_the_facts_since_are_the_live_state() {
    let config =
        ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() };
    let (changes, statuses) = (RefCell::new(BTreeSet::new()), RefCell::new(BTreeSet::new()));
    let outcome = TestRunner::new(config).run(&vec(draw(), 1..60), |draws| {
        let mut live = Live::new();
        let create = Draw { event: EVENT.0, wish: Wish::Create, ..draws[0].clone() };
        [create].iter().chain(&draws).for_each(|draw| live.step(draw));
        check(&live);
        changes.borrow_mut().extend(live.facts.iter().map(|fact| fact.change.name()));
        let seats = live.moments.iter().flat_map(|moment| moment.seen.seats.iter().flatten());
        statuses.borrow_mut().extend(seats.map(|seat| seat.status()));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(changes.take().len(), 10, "some kind of change never happened");
    assert_eq!(statuses.take(), BTreeSet::from(SeatStatus::ALL));
}
