//! Facts to bytes and back, and the two hashes that stand around them: the checksum of a record
//! and the digest of a state.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput};
use inventory_core::fact::Fact;
use inventory_core::ids::Lsn;
use persistence::encoding::{read_facts, write_facts};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::house::{Clerk, EVENT, Venue, accept, held, shop, sold};

/// Facts of a batch.
const FACTS: usize = 256;

pub(crate) fn grid(criterion: &mut Criterion) {
    let venue = Venue::stadium();
    let (mut state, mut clerk) = shop(&venue, Clerk::new());
    let pairs = venue.groups(2);
    let now = clerk.now();
    let mut take = |commands: Vec<_>| -> Vec<Arc<Fact>> {
        commands.iter().map(|command| accept(&mut state, now, command)).collect()
    };
    let placed = take(pairs[..FACTS].iter().map(|pair| clerk.place(EVENT, pair)).collect());
    let allocated = take(placed.iter().map(|fact| clerk.allocate(&held(fact))).collect());
    let returned = take(allocated.iter().map(|fact| clerk.give_back(&sold(fact))).collect());
    let others = take(pairs[FACTS..][..FACTS].iter().map(|of| clerk.place(EVENT, of)).collect());
    let released = take(others.iter().map(|fact| clerk.release(&held(fact))).collect());
    let kinds = [
        ("placed", placed),
        ("allocated", allocated),
        ("returned", returned),
        ("released", released),
    ];

    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(FACTS as u64));
    for (name, facts) in &kinds {
        let mut bytes = Vec::new();
        group.bench_function(format!("fact/{name}"), |bencher| {
            bencher.iter(|| {
                bytes.clear();
                write_facts(black_box(facts), &mut bytes);
                bytes.len()
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(FACTS as u64));
    for (name, facts) in &kinds {
        let mut bytes = Vec::new();
        write_facts(facts, &mut bytes);
        group.bench_function(format!("fact/{name}"), |bencher| {
            bencher.iter(|| read_facts(black_box(&bytes), Lsn(1), FACTS));
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("checksum");
    for bytes in [256, 4_096, 65_536, 1 << 20] {
        let content: Vec<u8> = (0..bytes).map(|at: u32| at as u8).collect();
        group.throughput(Throughput::Bytes(u64::from(bytes)));
        group.bench_function(format!("bytes={bytes}"), |bencher| {
            bencher.iter(|| xxh3_128_with_seed(black_box(&content), 7));
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("digest");
    group.throughput(Throughput::Elements(1));
    // The canonical bytes of a seat, a request, a hold.
    for bytes in [21, 32, 74] {
        let entity = vec![7; bytes];
        group.bench_function(format!("entity/bytes={bytes}"), |bencher| {
            bencher.iter(|| xxh3_128_with_seed(black_box(&entity), 2));
        });
    }
    // What each sealed batch asks of its shard.
    group.bench_function("state", |bencher| bencher.iter(|| black_box(&state).digest()));
    group.finish();
}
