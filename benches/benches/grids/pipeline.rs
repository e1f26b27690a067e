//! The commit pipeline by hand, without a journal: a turn handles its commands, hands its facts
//! out as batches, and is told at once that they are durable, so that every answer leaves.
//!
//! One iteration is one turn; the throughput is in commands. Turns are in rounds that place, then
//! allocate; what was sold comes back outside of the clock.

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use inventory_core::command::Command;
use inventory_core::fact::Fact;
use inventory_core::ids::{Epoch, EventId, SeatIndex, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::EventState;
use inventory_engine::answer::{Answer, Failure};
use inventory_engine::ask::Ask;
use inventory_engine::pipeline::{CommitPipeline, Outlet};

use crate::house::{Clerk, Held, Sold, Venue, accept, held, sold};

/// Commands of a kind in a round.
const ROUND: usize = 4_096;
/// Rounds after which the pipeline is replaced, so that what it remembers stays little.
const ROUNDS_MAX: usize = 16;

/// Takes what leaves, and keeps what the next commands need.
#[derive(Default)]
struct Leaving {
    published: u64,
    refused: u64,
    held: Vec<(EventId, Held)>,
    sold: Vec<Sold>,
}

impl Outlet<u32> for Leaving {
    fn publish(&mut self, _: &EventState, _: &Fact) {
        self.published += 1;
    }

    fn answer(&mut self, _: u32, answer: Answer) {
        use inventory_core::fact::Change::{HoldAllocated, HoldPlaced};
        match answer {
            Answer::Accepted(accepted) => match accepted.fact.change {
                HoldPlaced { .. } => {
                    self.held.push((accepted.fact.event_id, held(&accepted.fact)));
                }
                HoldAllocated { .. } => self.sold.push(sold(&accepted.fact)),
                _ => {}
            },
            _ => self.refused += 1,
        }
    }

    fn fail(&mut self, _: u32, failure: Failure) {
        unreachable!("there is room for everything: {failure}");
    }
}

/// Events, each on a shard of its own, and a pipeline of all of their shards.
struct Line {
    pipeline: CommitPipeline<u32>,
    clerk: Clerk,
    leaving: Leaving,
    rounds: usize,
}

impl Line {
    fn new(venue: &Venue, events: &[EventId]) -> Self {
        let mut clerk = Clerk::new();
        let shards: Vec<_> = events
            .iter()
            .map(|&event_id| {
                let mut state = venue.shard(event_id.shard());
                let create = clerk.create(event_id, venue);
                accept(&mut state, clerk.now(), &create);
                (state, 2)
            })
            .collect();
        let pipeline = CommitPipeline::new(Epoch(1), shards);
        Self { pipeline, clerk, leaving: Leaving::default(), rounds: 0 }
    }

    /// Turns of so many commands each.
    fn turns(&mut self, commands: Vec<Command>, batch: usize) -> Duration {
        let now = self.clerk.now();
        let mut asks = commands.into_iter().map(Ask::command);
        let started = Instant::now();
        while asks.len() > 0 {
            for (ticket, ask) in (0..).zip(asks.by_ref().take(batch)) {
                self.pipeline.handle(now, ask, ticket, &mut self.leaving);
            }
            for sealed in self.pipeline.seal() {
                self.pipeline.durable(sealed.shard(), sealed.last_lsn(), &mut self.leaving);
            }
        }
        started.elapsed()
    }

    /// Places and allocates; what that took.
    fn round(&mut self, events: &[EventId], pairs: &[Vec<SeatIndex>], batch: usize) -> Duration {
        self.rounds += 1;
        self.leaving = Leaving::default();
        self.leaving.held.reserve(pairs.len());
        self.leaving.sold.reserve(pairs.len());
        let places = events.iter().cycle().zip(pairs);
        let places = places.map(|(&event_id, pair)| self.clerk.place(event_id, pair)).collect();
        let mut took = self.turns(places, batch);
        let held = std::mem::take(&mut self.leaving.held);
        let allocates = held.iter().map(|(_, held)| self.clerk.allocate(held)).collect();
        took += self.turns(allocates, batch);
        assert_eq!(self.leaving.sold.len(), pairs.len(), "what was held is sold");
        let sold = std::mem::take(&mut self.leaving.sold);
        let returns = sold.iter().map(|sold| self.clerk.give_back(sold)).collect();
        self.turns(returns, batch);
        took
    }
}

pub(crate) fn grid(criterion: &mut Criterion) {
    let venue = Venue::stadium();
    let mut group = criterion.benchmark_group("pipeline");
    for (batch, shards) in [(1, 1), (64, 1), (64, 16), (512, 1), (512, 256)] {
        group.throughput(Throughput::Elements(batch as u64));
        let name = format!("place+allocate/batch={batch}/shards={shards}");
        sale(&mut group, &name, &venue, batch, shards);
    }
    group.throughput(Throughput::Elements(64));
    refusals(&mut group, "refused/batch=64/shards=1", &venue);
    group.finish();
}

fn sale(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    venue: &Venue,
    batch: usize,
    shards: u16,
) {
    let events = events_on(shards);
    let pairs = venue.groups(2);
    let mut rounds = pairs.chunks_exact(ROUND).cycle();
    let mut line = Line::new(venue, &events);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let (mut took, mut left) = (Duration::ZERO, iterations);
            while left > 0 {
                if line.rounds >= ROUNDS_MAX {
                    line = Line::new(venue, &events);
                }
                // Two turns at least: one that places and one that allocates.
                let turns = left.min((2 * ROUND / batch) as u64).max(2);
                let pairs = rounds.next().expect("a cycle has no end");
                let pairs = &pairs[..(turns / 2) as usize * batch];
                let of_round = line.round(&events, pairs, batch);
                let measured = turns / 2 * 2;
                // An odd turn is half of a round.
                took += of_round.mul_f64(left.min(measured) as f64 / measured as f64);
                left -= left.min(measured);
            }
            took
        });
    });
}

/// Everybody wants the seats that are gone: nothing is journaled, and the answers leave at once.
fn refusals(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, venue: &Venue) {
    let events = events_on(1);
    let pairs = venue.groups(2);
    let mut line = Line::new(venue, &events);
    let places = pairs[..ROUND].iter().map(|pair| line.clerk.place(events[0], pair)).collect();
    line.turns(places, 64);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let (mut took, mut left) = (Duration::ZERO, iterations);
            while left > 0 {
                let turns = left.min((ROUND / 64) as u64);
                let wanted = &pairs[..turns as usize * 64];
                let clerk = &mut line.clerk;
                let places = wanted.iter().map(|pair| clerk.place(events[0], pair)).collect();
                took += line.turns(places, 64);
                left -= turns;
            }
            took
        });
    });
    assert!(line.leaving.refused > 0 || line.rounds == 0, "refused, or not measured");
}

/// One event on each of so many shards.
fn events_on(shards: u16) -> Vec<EventId> {
    assert!(shards <= SHARDS, "each event has a shard of its own");
    let on = |shard| (0..).map(EventId).find(|event| event.shard() == ShardId(shard));
    (0..shards).map(|shard| on(shard).expect("some event is on each shard")).collect()
}
