//! How long a restart takes: fills a data directory with sold-out events, makes a snapshot,
//! sells a little more, and starts again, with the snapshot and without it.
//!
//! `cargo run --release -p inventory-engine --example restart -- DIR [EVENTS] [SEATS] [PER_HOLD]`

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use inventory_charts::{generate, to_canonical_bytes};
use inventory_core::command::{Allocate, Command, CreateEvent, Part, Place, Selection, Verb};
use inventory_core::digest::Digest;
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{BuyerId, EventId, RequestId, SeatIndex};
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::state::{Decision, ShardState};
use inventory_core::time::Timestamp;
use inventory_engine::directory::Directory;
use inventory_engine::recovery::{Recovered, recover};
use inventory_engine::snapshots::{Made, SnapshotOptions, Snapshotter};
use persistence::batch::Batch;
use persistence::file::{FileJournal, Options};
use persistence::journal::{Append, Journal};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Facts that are journaled at a time.
const GROUP_FACTS: usize = 1_024;

/// Any error ends it.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A sale that decides and journals on one thread.
struct Sale {
    shards: Vec<(ShardState, u64)>,
    journal: FileJournal,
    now_millis: u64,
    requests: u64,
    facts: u64,
    /// By shard: what was applied and not journaled.
    fresh: Vec<Vec<Arc<Fact>>>,
    waiting: usize,
}

impl Sale {
    fn ask(&mut self, event_id: EventId, verb: Verb) -> Outcome<Arc<Fact>> {
        self.requests += 1;
        let bits =
            u128::from(self.now_millis) << 80 | 7 << 76 | 0b10 << 62 | u128::from(self.requests);
        let request_id = RequestId::new(bits)?;
        let shard = usize::from(event_id.shard().0);
        let state = &mut self.shards[shard].0;
        let command = Command { request_id, verb };
        let fact = match state.decide(Timestamp(self.now_millis), &command) {
            Ok(Decision::New(fact)) => Arc::new(fact),
            other => return Err(format!("{command:?}: {other:?}").into()),
        };
        state.apply(&fact);
        self.fresh[shard].push(Arc::clone(&fact));
        self.waiting += 1;
        if self.waiting >= GROUP_FACTS {
            self.sync()?;
        }
        Ok(fact)
    }

    fn sync(&mut self) -> Outcome<()> {
        let mut group = Vec::new();
        for (shard, facts) in self.fresh.iter_mut().enumerate() {
            if !facts.is_empty() {
                let (state, sequence) = &mut self.shards[shard];
                let (epoch, facts) = (self.journal.epoch(), std::mem::take(facts));
                group.push(Batch::new(state.shard(), epoch, *sequence, facts, state.digest())?);
                *sequence += 1;
            }
        }
        self.facts += self.waiting as u64;
        self.waiting = 0;
        self.now_millis += 1;
        match self.journal.append(&group) {
            Append::Durable => Ok(()),
            other => Err(format!("{other:?}").into()),
        }
    }
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("name a directory to fill")?);
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |text| text.parse());
    let (events, seats, per_hold) = (number(100)?, number(50_000)?, number(2)?);
    let mut out = io::stdout().lock();

    let Recovered { mut shards, charts, journal, .. } =
        recover(&path, Options::default(), &Arc::default())?;
    let chart = generate::with_seats(seats)?;
    let hash = charts.put(&to_canonical_bytes(&chart))?;
    let chart = Arc::new(chart);
    for (state, _) in &mut shards {
        state.register_chart(hash, Arc::clone(&chart));
    }
    let fresh = shards.iter().map(|_| Vec::new()).collect();
    let (now_millis, requests, facts, waiting) = (1_700_000_000_000, 0, 0, 0);
    let mut sale = Sale { shards, journal, now_millis, requests, facts, fresh, waiting };
    let started = Instant::now();
    for event_id in (1..=u64::from(events)).map(EventId) {
        let (name, rules, ticket_types) = ("show".into(), EventRules::default(), Vec::new());
        let create = CreateEvent { event_id, name, chart: hash, rules, ticket_types };
        sale.ask(event_id, Verb::CreateEvent(create))?;
    }
    for first in (0..seats).step_by(per_hold as usize) {
        for event_id in (1..=u64::from(events)).map(EventId) {
            let wanted = (first..seats.min(first + per_hold)).map(SeatIndex);
            let selection = Selection::Spots(Spots::of_seats(wanted));
            let buyer_id = BuyerId::new(&format!("buyer-{first:08}-{event_id}"))?;
            let place = Place { event_id, buyer_id: buyer_id.clone(), selection };
            let placed = sale.ask(event_id, Verb::Place(place))?;
            if let Change::HoldPlaced { hold_id, .. } = placed.change {
                let part = Part::Whole;
                sale.ask(event_id, Verb::Allocate(Allocate { hold_id, buyer_id, part }))?;
            }
        }
    }
    sale.sync()?;
    let took = started.elapsed();
    writeln!(out, "sold {events} x {seats} seats: {} facts in {took:.1?}", sale.facts)?;
    writeln!(out, "memory: {}", memory()?)?;

    let directory = Arc::new(Directory::default());
    let options = SnapshotOptions::default();
    let mut snapshotter = Snapshotter::new(sale.journal.share(), directory, Vec::new(), options);
    let before = processor_seconds();
    let made = snapshotter.make()?;
    let busy = processor_seconds() - before;
    let Made { bytes, took, .. } = made;
    writeln!(out, "snapshot: {bytes} bytes in {took:.1?} ({busy:.2} s of processors)")?;
    writeln!(out, "memory: {}", memory()?)?;
    let digests: Vec<Digest> = sale.shards.iter().map(|(state, _)| state.digest()).collect();
    drop((snapshotter, sale));

    restart(&path, &digests, &mut out)?;
    std::fs::remove_dir_all(path.join("snapshots"))?;
    restart(&path, &digests, &mut out)
}

fn restart(path: &Path, digests: &[Digest], out: &mut impl Write) -> Outcome<()> {
    let before = processor_seconds();
    let recovered = recover(path, Options::default(), &Arc::default())?;
    let busy = processor_seconds() - before;
    let Recovered { shards, report, snapshot, took, .. } = &recovered;
    let found = shards.iter().map(|(state, _)| state.digest());
    if !found.eq(digests.iter().copied()) {
        return Err("another state than before".into());
    }
    let from = snapshot.map_or("without a snapshot".to_owned(), |at| format!("snapshot {at}"));
    let facts = report.facts;
    writeln!(
        out,
        "restart: {took:.2?} ({busy:.2} s of processors), {from}, {facts} facts replayed"
    )?;
    Ok(())
}

/// What the system says of the memory of this process.
fn memory() -> io::Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let lines =
        status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    Ok(words.join(" "))
}

/// Time that all threads of this process have had of the processors.
fn processor_seconds() -> f64 {
    let clock = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    clock.tv_sec as f64 + clock.tv_nsec as f64 / 1e9
}
