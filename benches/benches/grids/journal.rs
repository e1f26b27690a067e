//! Appends to a journal: `sync=true` is the one in files, with its one write and one `fdatasync`
//! a group, on the disk under `target/`; `sync=false` is the one in memory, which encodes, chains
//! and sums the same records and keeps them.
//!
//! A group is one batch of one shard, of so many facts of two seats. Batches are made outside of
//! the clock; a directory is replaced before its segments fill the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use inventory_core::digest::Digest;
use inventory_core::fact::Fact;
use inventory_core::ids::{Lsn, ShardId};
use persistence::batch::Batch;
use persistence::dir::DataDir;
use persistence::file::recovery::Recovery;
use persistence::file::{FileJournal, Options};
use persistence::journal::{Append, Journal};
use persistence::memory::MemoryJournal;
use tempfile::TempDir;

use crate::house::{Clerk, EVENT, Venue, accept, shop};

/// Facts that one directory, or one memory, takes before it is replaced.
const FACTS_MAX: u64 = 1 << 20;
/// Batches that are made ahead, and appended under one clock where appends are short.
const AHEAD: u64 = 64;

pub(crate) fn grid(criterion: &mut Criterion) {
    let mut facts = Facts::new();
    let mut group = criterion.benchmark_group("journal");
    for count in [1, 16, 256, 4_096] {
        group.throughput(Throughput::Elements(count as u64));
        let mut kept: Option<(Disk, Numbers)> = None;
        group.bench_function(format!("sync=true/batch={count}"), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut took = Duration::ZERO;
                for _ in 0..iterations {
                    let fresh = kept.take().filter(|(_, at)| at.last_lsn < FACTS_MAX);
                    let (disk, at) =
                        kept.insert(fresh.unwrap_or_else(|| (Disk::new(), Numbers::default())));
                    let group = [at.batch(&mut facts, &disk.journal, count)];
                    let started = Instant::now();
                    let appended = disk.journal.append(&group);
                    took += started.elapsed();
                    assert!(matches!(appended, Append::Durable), "{appended:?}");
                }
                took
            });
        });
    }
    for count in [1, 16, 256, 4_096] {
        group.throughput(Throughput::Elements(count as u64));
        let mut kept: Option<(MemoryJournal, Numbers)> = None;
        group.bench_function(format!("sync=false/batch={count}"), |bencher| {
            bencher.iter_custom(|iterations| {
                let (mut took, mut left) = (Duration::ZERO, iterations);
                while left > 0 {
                    let fresh = kept.take().filter(|(_, at)| at.last_lsn < FACTS_MAX);
                    let (journal, at) = kept.insert(fresh.unwrap_or_default());
                    let ahead = left.min(AHEAD);
                    let batches: Vec<[Batch; 1]> =
                        (0..ahead).map(|_| [at.batch(&mut facts, journal, count)]).collect();
                    let started = Instant::now();
                    for group in &batches {
                        let appended = journal.append(group);
                        assert!(matches!(appended, Append::Durable), "{appended:?}");
                    }
                    took += started.elapsed();
                    left -= ahead;
                }
                took
            });
        });
    }
    group.finish();
}

/// A journal in a directory of its own.
struct Disk {
    journal: FileJournal,
    _folder: TempDir,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(disk_folder()).expect("the target folder is writable");
        let dir = DataDir::open(folder.path()).expect("a new directory opens");
        let recovery = Recovery::open(dir, Options::default()).expect("a new journal is empty");
        let (journal, _) = recovery.finish().expect("there is space for a segment");
        Self { journal, _folder: folder }
    }
}

/// On the disk that the build is on; a system's folder for temporary files may be memory.
pub(crate) fn disk_folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Holds of two seats, to be given new LSNs.
struct Facts {
    placed: Vec<Fact>,
}

impl Facts {
    fn new() -> Self {
        let venue = Venue::stadium();
        let (mut state, mut clerk) = shop(&venue, Clerk::new());
        let pairs = venue.groups(2);
        let placed = pairs[..1_024].iter().map(|pair| {
            let place = clerk.place(EVENT, pair);
            accept(&mut state, clerk.now(), &place).as_ref().clone()
        });
        Self { placed: placed.collect() }
    }

    fn at(&mut self, lsn: Lsn) -> Arc<Fact> {
        let next = self.placed[lsn.0 as usize % self.placed.len()].clone();
        Arc::new(Fact { lsn, ..next })
    }
}

/// Where a journal's only shard is.
#[derive(Default)]
struct Numbers {
    sequence: u64,
    last_lsn: u64,
}

impl Numbers {
    fn batch(&mut self, facts: &mut Facts, journal: &impl Journal, count: usize) -> Batch {
        self.sequence += 1;
        let facts = (0..count).map(|_| {
            self.last_lsn += 1;
            facts.at(Lsn(self.last_lsn))
        });
        let facts = facts.collect();
        Batch::new(ShardId(0), journal.epoch(), self.sequence, facts, Digest(7))
            .expect("LSNs rise by one")
    }
}
