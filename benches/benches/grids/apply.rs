//! `apply` alone, and whole cycles of `decide` and `apply`. Facts are decided on one state and
//! applied to its twin; what is sold or held in a round comes back within it, so every round finds
//! the event empty.
//!
//! A shard remembers requests, up to a million. A state is replaced before it remembers many, but
//! where the name says how many it remembers: there it is full, and forgets one for each new one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use inventory_core::command::Command;
use inventory_core::fact::Fact;
use inventory_core::ids::SeatIndex;
use inventory_core::limits::REQUESTS_KEPT_MAX;
use inventory_core::state::ShardState;

use crate::house::{Clerk, EVENT, Venue, accept, held, shop, sold};

/// Operations of a kind in a round.
const ROUND: usize = 512;
/// Requests after which a state is replaced.
const REMEMBERED_MAX: u64 = 65_536;

/// What one round does to each of its groups of seats, one after the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Place,
    Extend,
    Release,
    Allocate,
    Return,
}

use Step::{Allocate, Extend, Place, Release, Return};

/// The commands of a step, from the facts of the first and of the last step before it.
fn commands(
    clerk: &mut Clerk,
    step: Step,
    groups: &[Vec<SeatIndex>],
    placed: &[Arc<Fact>],
    last: &[Arc<Fact>],
) -> Vec<Command> {
    match step {
        Place => groups.iter().map(|seats| clerk.place(EVENT, seats)).collect(),
        Extend => placed.iter().map(|fact| clerk.extend(&held(fact))).collect(),
        Release => placed.iter().map(|fact| clerk.release(&held(fact))).collect(),
        Allocate => placed.iter().map(|fact| clerk.allocate(&held(fact))).collect(),
        Return => last.iter().map(|fact| clerk.give_back(&sold(fact))).collect(),
    }
}

pub(crate) fn grid(criterion: &mut Criterion) {
    let venue = Venue::stadium();
    let mut group = criterion.benchmark_group("apply");
    group.throughput(Throughput::Elements(1));
    for seats in [1, 2, 8, 64] {
        let groups = venue.groups(seats);
        let name = format!("place/seats={seats}");
        apply(&mut group, &name, &venue, &groups, &[Place, Release], Place);
    }
    let pairs = venue.groups(2);
    apply(&mut group, "allocate", &venue, &pairs, &[Place, Allocate, Return], Allocate);
    apply(&mut group, "release", &venue, &pairs, &[Place, Release], Release);
    apply(&mut group, "extend", &venue, &pairs, &[Place, Extend, Release], Extend);
    apply(&mut group, "return", &venue, &pairs, &[Place, Allocate, Return], Return);
    group.finish();

    let mut group = criterion.benchmark_group("cycle");
    group.throughput(Throughput::Elements(2));
    cycle(&mut group, "place+allocate", &venue, &[Place, Allocate], false);
    cycle(&mut group, "place+release", &venue, &[Place, Release], false);
    cycle(&mut group, "place+allocate/remembered=1M", &venue, &[Place, Allocate], true);
    group.finish();
}

fn apply(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    venue: &Venue,
    groups: &[Vec<SeatIndex>],
    steps: &[Step],
    measured: Step,
) {
    let mut clerk;
    let mut lead;
    (lead, clerk) = shop(venue, Clerk::new());
    let mut twin = shop(venue, Clerk::new()).0;
    let mut rounds = groups.chunks_exact(ROUND.min(groups.len())).cycle();
    let mut round = |count: usize| {
        if lead.last_lsn().0 > REMEMBERED_MAX {
            (lead, clerk) = shop(venue, Clerk::new());
            twin = shop(venue, Clerk::new()).0;
        }
        let groups = rounds.next().expect("a cycle has no end");
        let (mut placed, mut last) = (Vec::new(), Vec::new());
        let mut took = Duration::ZERO;
        for &step in steps {
            let commands = commands(&mut clerk, step, groups, &placed, &last);
            let count = if step == Place { count.min(groups.len()) } else { commands.len() };
            let now = clerk.now();
            last = commands[..count].iter().map(|it| accept(&mut lead, now, it)).collect();
            if step == Place {
                placed.clone_from(&last);
            }
            let facts: Vec<Arc<Fact>> = last.clone();
            let started = Instant::now();
            facts.iter().for_each(|fact| twin.apply(fact));
            if step == measured {
                took += started.elapsed();
            }
        }
        (took, placed.len() as u64)
    };
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| in_rounds(iterations, &mut round));
    });
}

/// Rounds until so many operations were measured.
fn in_rounds(iterations: u64, mut round: impl FnMut(usize) -> (Duration, u64)) -> Duration {
    let (mut took, mut done) = (Duration::ZERO, 0);
    while done < iterations {
        let (of_round, count) = round((iterations - done).min(ROUND as u64) as usize);
        took += of_round;
        done += count;
    }
    took
}

/// Both steps of a cycle are measured, each decided and applied.
fn cycle(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    venue: &Venue,
    steps: &[Step; 2],
    is_full: bool,
) {
    let groups = venue.groups(2);
    let mut shop_of: Option<(ShardState, Clerk)> = None;
    let mut rounds = groups.chunks_exact(ROUND).cycle();
    let mut round = |count: usize| {
        let is_worn = |state: &ShardState| state.last_lsn().0 > REMEMBERED_MAX && !is_full;
        let (state, clerk) = match shop_of.as_mut().filter(|(state, _)| !is_worn(state)) {
            Some(found) => found,
            None => shop_of.insert(shop(venue, Clerk::new())),
        };
        loop {
            let groups = &rounds.next().expect("a cycle has no end")[..count];
            let (mut placed, mut last) = (Vec::new(), Vec::new());
            let mut took = Duration::ZERO;
            for &step in steps.iter().chain(&[Return]) {
                if step == Return && steps[1] != Allocate {
                    break;
                }
                let commands = commands(clerk, step, groups, &placed, &last);
                let now = clerk.now();
                last = Vec::with_capacity(commands.len());
                let started = Instant::now();
                last.extend(commands.iter().map(|command| accept(state, now, command)));
                if step != Return {
                    took += started.elapsed();
                }
                if step == Place {
                    placed.clone_from(&last);
                }
            }
            if !is_full || state.last_lsn().0 > REQUESTS_KEPT_MAX as u64 {
                return (took, count as u64);
            }
        }
    };
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| in_rounds(iterations, &mut round));
    });
}
