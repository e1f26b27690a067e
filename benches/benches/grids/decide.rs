//! `decide` alone, on a stadium with some thousand live holds: it changes nothing, so the same
//! state is asked again and again, each time by the next of many commands.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use inventory_core::command::Command;
use inventory_core::limits::HOLD_TTL_MILLIS_DEFAULT;
use inventory_core::state::ShardState;
use inventory_core::time::Timestamp;

use crate::house::{Clerk, EVENT, Held, Venue, accept, held, shop};

/// Live holds of two seats each.
const HOLDS: usize = 4_096;
/// Different commands, so that no two in a row touch the same seats.
const COMMANDS: usize = 1_024;

pub(crate) fn grid(criterion: &mut Criterion) {
    let venue = Venue::stadium();
    let (mut state, mut clerk) = shop(&venue, Clerk::new());
    let pairs = venue.groups(2);
    let placed: Vec<_> = pairs[..HOLDS].iter().map(|pair| clerk.place(EVENT, pair)).collect();
    let now = clerk.now();
    let holds: Vec<Held> =
        placed.iter().map(|place| held(&accept(&mut state, now, place))).collect();

    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(1));
    for seats in [1, 2, 8, 64] {
        // Groups of one size may lie in seats that the pairs took.
        let free = venue.groups(seats).into_iter().filter(|seats| {
            let is_free = |seat| state.event(EVENT).and_then(|event| event.seat(seat));
            seats
                .iter()
                .all(|&seat| is_free(seat) == Some(inventory_core::state::SeatState::Available))
        });
        let commands: Vec<_> =
            free.take(COMMANDS).map(|seats| clerk.place(EVENT, &seats)).collect();
        run(&mut group, &format!("place/seats={seats}"), &state, now, &commands);
    }
    let free = &pairs[HOLDS..][..COMMANDS];
    // As long as the text of a UUID, which no small string holds.
    let mut clerk = clerk.with_buyers_of(36);
    let of_uuids: Vec<_> = free.iter().map(|pair| clerk.place(EVENT, pair)).collect();
    let mut clerk = clerk.with_buyers_of(16);
    run(&mut group, "place/buyer_bytes=36", &state, now, &of_uuids);
    let taken: Vec<_> = pairs[..COMMANDS].iter().map(|pair| clerk.place(EVENT, pair)).collect();
    run(&mut group, "place/refused", &state, now, &taken);
    run(&mut group, "place/repeated", &state, now, &placed[..COMMANDS]);
    let of_holds = |write: &mut dyn FnMut(&Held) -> Command| -> Vec<Command> {
        holds[..COMMANDS].iter().map(write).collect()
    };
    run(&mut group, "allocate", &state, now, &of_holds(&mut |held| clerk.allocate(held)));
    run(&mut group, "release", &state, now, &of_holds(&mut |held| clerk.release(held)));
    run(&mut group, "extend", &state, now, &of_holds(&mut |held| clerk.extend(held)));
    let late = now.plus_millis(HOLD_TTL_MILLIS_DEFAULT);
    group.bench_function("expire", |bencher| bencher.iter(|| state.decide_expiry(black_box(late))));
    group.bench_function("fingerprint/place", |bencher| {
        bencher.iter(|| black_box(&taken[0]).fingerprint());
    });
    group.finish();
}

fn run(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    state: &ShardState,
    now: Timestamp,
    commands: &[Command],
) {
    let mut next = commands.iter().cycle();
    group.bench_function(name, |bencher| {
        bencher.iter(|| state.decide(black_box(now), next.next().expect("a cycle has no end")));
    });
}
