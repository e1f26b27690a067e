//! Events as they were, from the files of a data directory that is written meanwhile: whole,
//! pruned, and with damaged snapshots, always as the state was that was lived.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inventory_charts::{import, to_canonical_bytes};
use inventory_core::command::{
    Allocate, Block, Command, CreateEvent, Part, Place, Release, Return, Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{
    AllocationId, AreaIndex, BuyerId, ChartHash, EventId, HoldId, RequestId, SeatIndex,
};
use inventory_core::rules::EventRules;
use inventory_core::spots::{AreaPlaces, SeatSpot, Spots};
use inventory_core::state::{Decision, ShardImage, ShardState};
use inventory_core::time::Timestamp;
use inventory_engine::directory::Directory;
use inventory_engine::past::{Error, Owner, SeatMap, Until, from_journal};
use inventory_engine::recovery::{Recovered, recover};
use inventory_engine::snapshots::{SnapshotOptions, Snapshotter};
use persistence::batch::Batch;
use persistence::dir::DataDirPaths;
use persistence::file::{FileJournal, Options};
use persistence::journal::{Append, Journal};

/// Small segments, so that the story rolls over.
const JOURNAL: Options = Options { segment_bytes: 1 << 14 };
const EVENT: EventId = EventId(1);

/// One event, sold from one command at a time, and what was behind each fact.
struct Sale {
    state: ShardState,
    sequence: u64,
    journal: FileJournal,
    snapshotter: Snapshotter,
    now_millis: u64,
    /// The shard behind each fact, by its LSN.
    lived: Vec<ShardImage>,
}

impl Sale {
    fn open(path: &Path) -> Self {
        let recovered = recover(path, JOURNAL, &Arc::default()).unwrap();
        let Recovered { shards, charts, journal, useless_snapshots, .. } = recovered;
        let options = SnapshotOptions::default();
        let directory = Arc::new(Directory::default());
        let snapshotter = Snapshotter::new(journal.share(), directory, useless_snapshots, options);
        let of_event = |(state, _): &(ShardState, u64)| state.shard() == EVENT.shard();
        let (mut state, sequence) = shards.into_iter().find(of_event).unwrap();
        let chart = import(include_bytes!("grpc/festival.json"), None).unwrap().chart;
        let hash = charts.put(&to_canonical_bytes(&chart)).unwrap();
        state.register_chart(hash, Arc::new(chart));
        let lived = vec![state.image()];
        let now_millis = 1_700_000_000_000;
        let mut sale = Self { state, sequence, journal, snapshotter, now_millis, lived };
        sale.create(EVENT, hash);
        sale
    }

    fn create(&mut self, event_id: EventId, chart: ChartHash) {
        let (name, rules, ticket_types) = ("show".into(), EventRules::default(), Vec::new());
        let create = CreateEvent { event_id, name, chart, rules, ticket_types };
        self.ask(Verb::CreateEvent(create));
    }

    /// Some of everything, over and over, until so many segments are full.
    fn sell(&mut self, segments: usize) {
        for _ in 0..segments {
            let before = self.journal.share().rolls.active_segment();
            while self.journal.share().rolls.active_segment() == before {
                self.sell_once();
            }
        }
    }

    fn sell_once(&mut self) {
        let ann = BuyerId::new("ann").unwrap();
        let hold_id = self.place(&ann, &[0, 1, 2], 5);
        let of = |buyer_id: &BuyerId, part| Allocate { hold_id, buyer_id: buyer_id.clone(), part };
        let allocate = Verb::Allocate(of(&ann, part(&[0, 1], 3)));
        let Change::HoldAllocated { allocation_id, .. } = self.ask(allocate).change else {
            panic!("it is sold");
        };
        let spots = Spots { areas: places(4), ..Spots::of_seats([SeatIndex(4)]) };
        self.ask(Verb::Block(Block { event_id: EVENT, spots: spots.clone() }));
        let buyer_id = ann.clone();
        self.ask(Verb::Release(Release { hold_id, buyer_id, part: part(&[2], 1) }));
        self.give_back(allocation_id, &ann, part(&[1], 2));
        // What is left of the hold runs out.
        let deadline = self.state.earliest_deadline().unwrap();
        self.now_millis = deadline.0;
        let expired = self.state.decide_expiry(deadline).unwrap();
        self.take(expired);
        self.ask(Verb::Unblock(Unblock { event_id: EVENT, spots }));
        self.give_back(allocation_id, &ann, Part::Whole);
    }

    fn give_back(&mut self, allocation_id: AllocationId, buyer_id: &BuyerId, part: Part) {
        let buyer_id = buyer_id.clone();
        self.ask(Verb::Return(Return { allocation_id, buyer_id, part }));
    }

    fn place(&mut self, buyer_id: &BuyerId, seats: &[u32], count: u32) -> HoldId {
        let seats = Spots::of_seats(seats.iter().copied().map(SeatIndex));
        let selection = Selection::Spots(Spots { areas: places(count), ..seats });
        let place = Place { event_id: EVENT, buyer_id: buyer_id.clone(), selection };
        match self.ask(Verb::Place(place)).change {
            Change::HoldPlaced { hold_id, .. } => hold_id,
            ref other => panic!("{other:?}"),
        }
    }

    fn ask(&mut self, verb: Verb) -> Arc<Fact> {
        self.now_millis += 1;
        let bits = u128::from(self.now_millis) << 80 | 7 << 76 | 0b10 << 62;
        let command = Command { request_id: RequestId::new(bits).unwrap(), verb };
        match self.state.decide(Timestamp(self.now_millis), &command) {
            Ok(Decision::New(fact)) => self.take(fact),
            other => panic!("{command:?}: {other:?}"),
        }
    }

    fn take(&mut self, fact: Fact) -> Arc<Fact> {
        let fact = Arc::new(fact);
        self.state.apply(&fact);
        self.lived.push(self.state.image());
        let (facts, digest) = (vec![Arc::clone(&fact)], self.state.digest());
        let (shard, epoch) = (self.state.shard(), self.journal.epoch());
        let batch = Batch::new(shard, epoch, self.sequence, facts, digest).unwrap();
        self.sequence += 1;
        assert!(matches!(self.journal.append(&[batch]), Append::Durable));
        fact
    }

    /// Every moment that is shown, which are those from a fact on, is as it was. Returns that
    /// fact.
    fn check(&self, path: &Path) -> u64 {
        let paths = DataDirPaths::read(path).unwrap().unwrap();
        let mut first = 1;
        for lived in &self.lived[1..] {
            let by_lsn = from_journal(&paths, EVENT, Until::Through(lived.last_lsn));
            let by_time = from_journal(&paths, EVENT, Until::At(lived.last_at));
            match (by_lsn, by_time) {
                (Ok(by_lsn), Ok(by_time)) => {
                    assert!(first <= lived.last_lsn.0, "what is shown stands behind the first");
                    assert_as_lived(&by_lsn, lived);
                    assert_as_lived(&by_time, lived);
                }
                (Err(Error::Pruned { first_lsn, first_at, .. }), Err(Error::Pruned { .. })) => {
                    assert!(first_lsn > lived.last_lsn && first_at > lived.last_at);
                    first = first_lsn.0;
                }
                other => panic!("LSN {}: {other:?}", lived.last_lsn),
            }
        }
        first
    }
}

fn part(seats: &[u32], count: u32) -> Part {
    let seats = seats.iter().copied().map(SeatIndex).collect();
    Part::Spots { seats, areas: places(count) }
}

fn places(count: u32) -> Vec<AreaPlaces> {
    vec![AreaPlaces { area: AreaIndex(1), ticket_type: None, count }]
}

/// What an image of the core says of a seat.
fn of_image(image: &ShardImage, seat: SeatIndex) -> (SeatStatus, Owner) {
    let has = |spots: &Spots| spots.seats.iter().any(|spot: &SeatSpot| spot.seat == seat);
    if let Some(hold) = image.holds.iter().find(|hold| has(&hold.spots)) {
        return (SeatStatus::Held, Owner::Hold(hold.id));
    }
    if let Some(of) = image.allocations.iter().find(|of| has(&of.spots)) {
        return (SeatStatus::Allocated, Owner::Allocation(of.id));
    }
    let mut blocked = image.events[0].blocked_seats.iter();
    let is_blocked = blocked.any(|(first, count)| (first.0..first.0 + count).contains(&seat.0));
    let status = if is_blocked { SeatStatus::Blocked } else { SeatStatus::Available };
    (status, Owner::Nobody)
}

fn assert_as_lived(map: &SeatMap, lived: &ShardImage) {
    assert_eq!((map.lsn, map.at), (lived.last_lsn, lived.last_at));
    for (index, seat) in (0..).zip(map.seats()) {
        let expected = of_image(lived, SeatIndex(index));
        assert_eq!((seat.status, seat.owner), expected, "seat {index} at LSN {}", map.lsn);
    }
    let sum = |mut spots: Vec<&Spots>| {
        let areas = spots.drain(..).flat_map(|spots| &spots.areas);
        areas.map(|of| of.count).sum::<u32>()
    };
    let held = sum(lived.holds.iter().map(|hold| &hold.spots).collect());
    let allocated = sum(lived.allocations.iter().map(|of| &of.spots).collect());
    let blocked: u32 = lived.events[0].blocked_places.iter().map(|(_, count)| count).sum();
    let [_, found @ ..] = map.area_counts(AreaIndex(1)).0;
    assert_eq!(found, [held, allocated, blocked], "places at LSN {}", map.lsn);
}

/// The segments, oldest first, whatever form they have.
fn segments(path: &Path) -> Vec<PathBuf> {
    let in_folder = |folder: &str| {
        let entries = fs::read_dir(path.join(folder)).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    };
    let mut paths: Vec<PathBuf> =
        in_folder("journal").chain(in_folder("journal/history")).collect();
    paths.sort_by_key(|path| path.file_name().unwrap().to_owned());
    paths
}

#[test]
fn every_moment_of_a_journal_is_shown_as_it_was_lived() {
    let dir = tempfile::tempdir().unwrap();
    let mut sale = Sale::open(dir.path());
    sale.sell(1);
    assert_eq!(sale.check(dir.path()), 1);
    // Snapshots change nothing as long as the front is there.
    sale.snapshotter.make().unwrap();
    sale.sell_once();
    assert_eq!(sale.check(dir.path()), 1);
}

#[test]
fn what_was_pruned_is_told_and_what_is_left_is_shown_on_both_sides_of_a_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let mut sale = Sale::open(dir.path());
    sale.sell(3);
    sale.snapshotter.make().unwrap();
    sale.sell(1);
    sale.snapshotter.make().unwrap();
    sale.sell_once();
    // What the retention does to old segments.
    let oldest = &segments(dir.path())[..2];
    oldest.iter().for_each(|segment| fs::remove_file(segment).unwrap());
    let snapshots = fs::read_dir(dir.path().join("snapshots")).unwrap();
    let mut snapshots: Vec<PathBuf> = snapshots.map(|entry| entry.unwrap().path()).collect();
    snapshots.sort_unstable();
    assert_eq!(snapshots.len(), 2);
    let first = sale.check(dir.path());
    let (pruned, facts) = (first as usize, sale.lived.len());
    assert!(pruned > 10 && pruned < facts / 2, "{pruned} of {facts}");
    // With the older snapshot damaged the newer one does, and no moment is lost by that.
    fs::write(&snapshots[0], "no snapshot").unwrap();
    assert_eq!(sale.check(dir.path()), first);
    fs::write(&snapshots[1], "no snapshot").unwrap();
    let paths = DataDirPaths::read(dir.path()).unwrap().unwrap();
    let error = from_journal(&paths, EVENT, Until::End).unwrap_err();
    assert!(matches!(error, Error::Snapshot(_)), "{error}");
    let error = from_journal(&paths, EventId(99), Until::End);
    assert!(error.is_err());
}
