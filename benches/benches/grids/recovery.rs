//! What a start does: facts applied again, a whole directory recovered, a snapshot made and
//! restored.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use criterion::{BatchSize, Criterion, Throughput};
use inventory_charts::to_canonical_bytes;
use inventory_core::fact::Fact;
use inventory_core::state::ShardState;
use inventory_engine::recovery::{Recovered, recover};
use persistence::batch::Batch;
use persistence::encoding::{read_image, write_image};
use persistence::file::Options;
use persistence::journal::{Append, Journal};

use crate::house::{Clerk, EVENT, Venue, accept, held};
use crate::journal::disk_folder;

/// Facts of one batch of the history.
const BATCH: usize = 64;

pub(crate) fn grid(criterion: &mut Criterion) {
    let venue = Venue::stadium();
    replay(criterion, &venue);
    snapshot(criterion, &venue);
    recover_directory(criterion, &venue);
}

/// A sale: an event, then holds of two seats that are sold, up to so many facts.
fn history(venue: &Venue, count: usize) -> (ShardState, Vec<Arc<Fact>>) {
    let mut state = venue.shard(EVENT.shard());
    let mut clerk = Clerk::new();
    let create = clerk.create(EVENT, venue);
    let mut facts = vec![accept(&mut state, clerk.now(), &create)];
    for pair in venue.groups(2) {
        if facts.len() + 2 > count {
            break;
        }
        let place = clerk.place(EVENT, &pair);
        let placed = accept(&mut state, clerk.now(), &place);
        let allocate = clerk.allocate(&held(&placed));
        facts.push(placed);
        facts.push(accept(&mut state, clerk.now(), &allocate));
    }
    (state, facts)
}

fn replay(criterion: &mut Criterion, venue: &Venue) {
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(10);
    for count in [1_000, 10_000, 50_000] {
        let (_, facts) = history(venue, count);
        group.throughput(Throughput::Elements(facts.len() as u64));
        group.bench_function(format!("facts={count}"), |bencher| {
            let setup = || (venue.shard(EVENT.shard()), facts.clone());
            let apply_all = |(mut state, facts): (ShardState, Vec<Arc<Fact>>)| {
                for batch in facts.chunks(BATCH) {
                    batch.iter().for_each(|fact| state.apply(fact));
                    // Replay compares this with what was journaled.
                    std::hint::black_box(state.digest());
                }
                (state, facts)
            };
            bencher.iter_batched(setup, apply_all, BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn snapshot(criterion: &mut Criterion, venue: &Venue) {
    let (state, facts) = history(venue, 50_000);
    let charts = BTreeMap::from([(venue.hash, Arc::clone(&venue.chart))]);
    let mut bytes = Vec::new();
    write_image(&state.image(), &mut bytes);
    let mut group = criterion.benchmark_group("snapshot");
    group.sample_size(10);
    group.throughput(Throughput::Elements(facts.len() as u64));
    group.bench_function("image", |bencher| {
        bencher.iter_with_large_drop(|| state.image());
    });
    group.bench_function("encode", |bencher| {
        let image = state.image();
        let mut bytes = Vec::with_capacity(bytes.len());
        bencher.iter(|| {
            bytes.clear();
            write_image(&image, &mut bytes);
            bytes.len()
        });
    });
    group.bench_function("decode", |bencher| bencher.iter_with_large_drop(|| read_image(&bytes)));
    group.bench_function("restore", |bencher| {
        let decode = || read_image(&bytes).expect("what was written reads back");
        let restore = |image| ShardState::restore(image, &charts, 7).expect("it was a state");
        bencher.iter_batched(decode, restore, BatchSize::PerIteration);
    });
    group.finish();
}

/// All of a start but the servers: lock, read, apply, compare, copy, sync.
fn recover_directory(criterion: &mut Criterion, venue: &Venue) {
    let mut group = criterion.benchmark_group("recover");
    group.sample_size(10);
    for count in [1_000, 50_000] {
        let name = format!("facts={count}");
        let mut folder = None;
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(name, |bencher| {
            let folder = folder.get_or_insert_with(|| {
                let folder = tempfile::tempdir_in(disk_folder()).expect("target is writable");
                fill(folder.path(), venue, count);
                folder
            });
            // One at a time, for each keeps the directory locked; letting go is not measured.
            bencher.iter_custom(|iterations| {
                let one = |_| {
                    let started = Instant::now();
                    let recovered = start(folder.path());
                    let took = started.elapsed();
                    drop(recovered);
                    took
                };
                (0..iterations).map(one).sum()
            });
        });
    }
    group.finish();
}

fn start(path: &Path) -> Recovered {
    recover(path, Options::default(), &Arc::default()).expect("what was written is recovered")
}

fn fill(path: &Path, venue: &Venue, count: usize) {
    let Recovered { charts, mut journal, .. } = start(path);
    charts.put(&to_canonical_bytes(&venue.chart)).expect("there is space for a chart");
    let mut state = venue.shard(EVENT.shard());
    let (_, facts) = history(venue, count);
    for (sequence, facts) in (1..).zip(facts.chunks(BATCH)) {
        facts.iter().for_each(|fact| state.apply(fact));
        let batch =
            Batch::new(EVENT.shard(), journal.epoch(), sequence, facts.to_vec(), state.digest())
                .expect("facts of a history follow one another");
        let appended = journal.append(&[batch]);
        assert!(matches!(appended, Append::Durable), "{appended:?}");
    }
}
