//! Snapshots beside a journal that is written, and starts from them: always the state that was
//! lived, whatever became of the files, or a refusal that says what is lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use inventory_charts::{generate, to_canonical_bytes};
use inventory_core::command::{
    Allocate, Block, Command, CreateEvent, Part, Place, Release, Selection, Verb,
};
use inventory_core::digest::Digest;
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{BuyerId, ChartHash, EventId, HoldId, Lsn, RequestId, SeatIndex};
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::state::{Decision, ShardState};
use inventory_core::time::Timestamp;
use inventory_engine::directory::Directory;
use inventory_engine::progress::RecoveryProgress;
use inventory_engine::recovery::{Recovered, RecoveryError, recover};
use inventory_engine::snapshot_thread::{Rest, Work};
use inventory_engine::snapshots::{Made, SnapshotError, SnapshotOptions, Snapshotter};
use persistence::batch::Batch;
use persistence::file::{FileJournal, JournalShare, Options};
use persistence::journal::{Append, Journal};

/// Small segments, so that stories roll over.
const JOURNAL: Options = Options { segment_bytes: 1 << 14 };
const SEATS: u32 = 60;
const EVENTS: std::ops::RangeInclusive<u64> = 1..=40;

/// Shards and a journal, sold from one command at a time.
struct Sale {
    shards: Vec<(ShardState, u64)>,
    journal: FileJournal,
    snapshotter: Snapshotter,
    now_millis: u64,
    /// Seats sold so far in every event.
    sold: u32,
}

impl Sale {
    /// A sale of some events, in a directory that may have a history.
    fn open(path: &Path, options: SnapshotOptions) -> Self {
        let recovered = recover(path, JOURNAL, &Arc::default()).unwrap();
        let Recovered { mut shards, charts, journal, useless_snapshots, .. } = recovered;
        let directory = Arc::new(Directory::default());
        let snapshotter = Snapshotter::new(journal.share(), directory, useless_snapshots, options);
        let last_at = shards.iter().map(|(state, _)| state.last_at().0).max().unwrap();
        let now_millis = last_at.max(1_700_000_000_000);
        let chart = generate::with_seats(SEATS).unwrap();
        let hash = charts.put(&to_canonical_bytes(&chart)).unwrap();
        let chart = Arc::new(chart);
        for (state, _) in &mut shards {
            state.register_chart(hash, Arc::clone(&chart));
        }
        let mut sale = Self { shards, journal, snapshotter, now_millis, sold: 0 };
        if sale.shards.iter().all(|(state, _)| state.last_lsn() == Lsn(0)) {
            sale.create_events(hash);
        }
        sale
    }

    fn create_events(&mut self, chart: ChartHash) {
        for event_id in EVENTS.map(EventId) {
            let (name, rules, ticket_types) = ("show".into(), EventRules::default(), Vec::new());
            let create = CreateEvent { event_id, name, chart, rules, ticket_types };
            self.ask(event_id, Verb::CreateEvent(create));
        }
    }

    /// Sells three seats of every event, lets one go and blocks one, until segments rolled.
    fn sell(&mut self) {
        let before = self.journal.share().rolls.active_segment();
        while self.journal.share().rolls.active_segment() == before {
            self.sell_once();
        }
    }

    fn sell_once(&mut self) {
        let first = self.sold;
        self.sold += 5;
        assert!(self.sold <= SEATS, "the venue is sold out");
        let buyer_id = BuyerId::new("ann").unwrap();
        for event_id in EVENTS.map(EventId) {
            let hold_id = self.place(event_id, &buyer_id, &[first, first + 1, first + 2]);
            let (buyer_id, part) = (buyer_id.clone(), Part::Whole);
            self.ask(event_id, Verb::Allocate(Allocate { hold_id, buyer_id, part }));
            let buyer_id = BuyerId::new("bob").unwrap();
            let hold_id = self.place(event_id, &buyer_id, &[first + 3]);
            let part = Part::Whole;
            self.ask(event_id, Verb::Release(Release { hold_id, buyer_id, part }));
            let spots = Spots::of_seats([SeatIndex(first + 4)]);
            self.ask(event_id, Verb::Block(Block { event_id, spots }));
            self.place(event_id, &BuyerId::new("eve").unwrap(), &[first + 3]);
        }
    }

    fn place(&mut self, event_id: EventId, buyer_id: &BuyerId, seats: &[u32]) -> HoldId {
        let selection = Selection::Spots(Spots::of_seats(seats.iter().copied().map(SeatIndex)));
        let place = Place { event_id, buyer_id: buyer_id.clone(), selection };
        match self.ask(event_id, Verb::Place(place)).change {
            Change::HoldPlaced { hold_id, .. } => hold_id,
            ref other => panic!("{other:?}"),
        }
    }

    fn ask(&mut self, event_id: EventId, verb: Verb) -> Arc<Fact> {
        self.now_millis += 1;
        let bits = u128::from(self.now_millis) << 80 | 7 << 76 | 0b10 << 62;
        let command = Command { request_id: RequestId::new(bits).unwrap(), verb };
        let (state, sequence) = &mut self.shards[usize::from(event_id.shard().0)];
        let fact = match state.decide(Timestamp(self.now_millis), &command) {
            Ok(Decision::New(fact)) => Arc::new(fact),
            other => panic!("{command:?}: {other:?}"),
        };
        state.apply(&fact);
        let facts = vec![Arc::clone(&fact)];
        let epoch = self.journal.epoch();
        let batch = Batch::new(event_id.shard(), epoch, *sequence, facts, state.digest()).unwrap();
        *sequence += 1;
        assert!(matches!(self.journal.append(&[batch]), Append::Durable));
        fact
    }

    /// Where every shard stands.
    fn stands(&self) -> Vec<(Digest, Lsn, u64)> {
        stands(&self.shards)
    }
}

fn stands(shards: &[(ShardState, u64)]) -> Vec<(Digest, Lsn, u64)> {
    let stand = |(state, sequence): &(ShardState, u64)| {
        assert_eq!(state.image().digest, state.digest());
        for event in state.events() {
            let verified = state.verify_event(event.id).unwrap();
            assert_eq!(verified.violations, [""; 0], "event {}", event.id);
        }
        (state.digest(), state.last_lsn(), *sequence)
    };
    shards.iter().map(stand).collect()
}

/// What a power cut would leave of a directory.
fn power_cut(from: &Path) -> tempfile::TempDir {
    let left = tempfile::tempdir().unwrap();
    for folder in ["", "journal", "journal/history", "charts", "snapshots"] {
        let Ok(entries) = fs::read_dir(from.join(folder)) else { continue };
        fs::create_dir_all(left.path().join(folder)).unwrap();
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, left.path().join(folder).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    left
}

/// A start of a copy, so that the original stays as it is.
fn start_copy(path: &Path) -> Result<Recovered, RecoveryError> {
    recover(power_cut(path).path(), JOURNAL, &Arc::default())
}

fn snapshots(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path.join("snapshots")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    paths
}

/// A sale with two snapshots, and something sold behind them.
fn sale_with_two_snapshots(path: &Path, options: SnapshotOptions) -> (Sale, Made) {
    let mut sale = Sale::open(path, options);
    let mut last = None;
    for _ in 0..2 {
        sale.sell();
        assert!(sale.snapshotter.is_due().unwrap());
        last = Some(sale.snapshotter.make().unwrap());
        assert!(!sale.snapshotter.is_due().unwrap());
    }
    sale.sell_once();
    assert_eq!(snapshots(path).len(), 2);
    (sale, last.unwrap())
}

#[test]
fn a_start_reads_the_newest_snapshot_and_what_is_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut sale = Sale::open(dir.path(), SnapshotOptions::default());
    let mut last: Option<Made> = None;
    for round in 0..3 {
        sale.sell();
        let before = start_copy(dir.path()).unwrap();
        assert_eq!(before.snapshot, last.map(|made| made.number), "round {round}");
        assert_eq!(stands(&before.shards), sale.stands(), "round {round}");

        let made = sale.snapshotter.make().unwrap();
        assert_eq!(made.number, sale.journal.share().rolls.active_segment());
        let newest = snapshots(dir.path()).pop().unwrap();
        assert_eq!(fs::metadata(newest).unwrap().len(), made.bytes);
        let after = start_copy(dir.path()).unwrap();
        assert_eq!(after.snapshot, Some(made.number), "round {round}");
        assert_eq!(stands(&after.shards), sale.stands(), "round {round}");
        assert!(after.report.facts < before.report.facts, "round {round}");
        last = Some(made);
    }
    assert_eq!(snapshots(dir.path()).len(), 2, "the newest two are kept");
}

#[test]
fn a_sale_goes_on_from_a_snapshot_as_if_nothing_had_been() {
    let dir = tempfile::tempdir().unwrap();
    let (sale, _) = sale_with_two_snapshots(dir.path(), SnapshotOptions::default());
    let (sold, before) = (sale.sold, sale.stands());
    drop(sale);
    let mut again = Sale::open(dir.path(), SnapshotOptions::default());
    assert_eq!(again.stands(), before);
    again.sold = sold;
    again.sell_once();
    let after = again.stands();
    drop(again);
    // The whole journal leads to the same state.
    for snapshot in snapshots(dir.path()) {
        fs::remove_file(snapshot).unwrap();
    }
    let replayed = recover(dir.path(), JOURNAL, &Arc::default()).unwrap();
    assert_eq!((replayed.snapshot, stands(&replayed.shards)), (None, after));
}

#[test]
fn a_damaged_snapshot_costs_time_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (sale, made) = sale_with_two_snapshots(dir.path(), SnapshotOptions::default());
    let paths = snapshots(dir.path());
    let content = fs::read(&paths[1]).unwrap();
    for at in (0..content.len()).step_by(content.len() / 60) {
        let copy = power_cut(dir.path());
        let mut flipped = content.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(snapshots(copy.path()).pop().unwrap(), flipped).unwrap();
        let recovered = recover(copy.path(), JOURNAL, &Arc::default()).unwrap();
        assert!(recovered.snapshot.is_some_and(|number| number < made.number), "byte {at}");
        assert_eq!(recovered.useless_snapshots, [made.number], "byte {at}");
        assert_eq!(stands(&recovered.shards), sale.stands(), "byte {at}");
    }

    // Both of them: the whole journal is still there.
    let copy = power_cut(dir.path());
    for path in snapshots(copy.path()) {
        fs::write(path, "no snapshot").unwrap();
    }
    let recovered = recover(copy.path(), JOURNAL, &Arc::default()).unwrap();
    assert_eq!((recovered.snapshot, recovered.useless_snapshots.len()), (None, 2));
    assert_eq!(stands(&recovered.shards), sale.stands());
    drop(recovered);

    // The next one takes their place.
    let mut again = Sale::open(copy.path(), SnapshotOptions::default());
    again.sold = sale.sold;
    again.sell();
    let made = again.snapshotter.make().unwrap();
    let left = snapshots(copy.path());
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(start_copy(copy.path()).unwrap().snapshot, Some(made.number));
}

#[test]
fn without_a_snapshot_and_without_history_a_start_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        SnapshotOptions { history_retention: Duration::ZERO, ..SnapshotOptions::default() };
    let (mut sale, made) = sale_with_two_snapshots(dir.path(), options);
    let archived = sale.snapshotter.archive().unwrap();
    assert!(archived.removed > 0 && archived.compressed == 0, "{archived:?}");
    let expected = sale.stands();
    drop(sale);

    let paths = snapshots(dir.path());
    let newest = fs::read(&paths[1]).unwrap();
    fs::write(&paths[1], "no snapshot").unwrap();
    let recovered = start_copy(dir.path()).unwrap();
    assert!(recovered.snapshot.is_some_and(|number| number < made.number));
    assert_eq!(stands(&recovered.shards), expected);

    fs::write(&paths[0], "no snapshot").unwrap();
    let error = start_copy(dir.path()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("no snapshot in ") && error.contains("can be used"), "{error}");
    assert!(error.contains("Nothing was changed. Restore a snapshot"), "{error}");
    fs::write(&paths[1], newest).unwrap();
    assert_eq!(stands(&start_copy(dir.path()).unwrap().shards), expected);
}

#[test]
fn what_is_compressed_still_leads_to_every_state() {
    let dir = tempfile::tempdir().unwrap();
    let (mut sale, _) = sale_with_two_snapshots(dir.path(), SnapshotOptions::default());
    let archived = sale.snapshotter.archive().unwrap();
    assert!(archived.compressed > 0 && archived.removed == 0, "{archived:?}");
    assert_eq!(stands(&start_copy(dir.path()).unwrap().shards), sale.stands());
    // Snapshots are made of what is left, and of everything if it has to be.
    sale.sell();
    for path in snapshots(dir.path()) {
        fs::write(path, "no snapshot").unwrap();
    }
    let made = sale.snapshotter.make().unwrap();
    assert_eq!(snapshots(dir.path()).len(), 1);
    let recovered = start_copy(dir.path()).unwrap();
    assert_eq!((recovered.snapshot, stands(&recovered.shards)), (Some(made.number), sale.stands()));
}

#[test]
fn a_snapshot_that_cannot_be_made_leaves_nothing_and_is_made_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut sale = Sale::open(dir.path(), SnapshotOptions::default());
    sale.sell();
    let (folder, aside) = (dir.path().join("snapshots"), dir.path().join("aside"));
    fs::rename(&folder, &aside).unwrap();
    fs::write(&folder, "no folder").unwrap();
    let failed = sale.snapshotter.make();
    assert!(failed.is_err(), "{failed:?}");
    sale.sell_once();
    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    assert!(snapshots(dir.path()).is_empty());
    sale.snapshotter.make().unwrap();
    assert_eq!(stands(&start_copy(dir.path()).unwrap().shards), sale.stands());
}

#[test]
fn the_journal_comes_before_a_snapshot_where_space_is_short() {
    let dir = tempfile::tempdir().unwrap();
    let mut sale = Sale::open(dir.path(), SnapshotOptions::default());
    sale.sell();
    let failed = hungry(&sale, SnapshotOptions::default()).make();
    assert!(matches!(failed, Err(SnapshotError::NoSpace { .. })), "{failed:?}");
    assert!(snapshots(dir.path()).is_empty());
    sale.snapshotter.make().unwrap();
}

#[test]
fn a_sealed_segment_that_is_damaged_makes_no_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let mut sale = Sale::open(dir.path(), SnapshotOptions::default());
    sale.sell();
    let first = dir.path().join("journal/00000000000000000001.journal");
    let whole = fs::read(&first).unwrap();
    let mut flipped = whole.clone();
    flipped[5_000] ^= 1;
    fs::write(&first, flipped).unwrap();
    let failed = sale.snapshotter.make();
    assert!(matches!(failed, Err(SnapshotError::Journal(_))), "{failed:?}");
    assert!(snapshots(dir.path()).is_empty());
    fs::write(&first, whole).unwrap();
    sale.snapshotter.make().unwrap();
}

#[test]
fn a_crash_while_a_snapshot_is_written_leaves_a_directory_that_starts() {
    let dir = tempfile::tempdir().unwrap();
    let (sale, _) = sale_with_two_snapshots(dir.path(), SnapshotOptions::default());
    let leftover = power_cut(dir.path());
    fs::write(leftover.path().join("snapshots/00000000000000009999.snapshot.7-1.tmp"), "half")
        .unwrap();
    let recovered = recover(leftover.path(), JOURNAL, &Arc::default()).unwrap();
    assert_eq!(stands(&recovered.shards), sale.stands());
    assert_eq!(snapshots(leftover.path()).len(), 2, "what was half written is gone");
}

#[test]
fn a_recovery_tells_how_far_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (sale, made) = sale_with_two_snapshots(dir.path(), SnapshotOptions::default());
    drop(sale);
    let progress = Arc::new(RecoveryProgress::default());
    let recovered = recover(dir.path(), JOURNAL, &progress).unwrap();
    assert!(progress.bytes_total() > made.bytes);
    assert_eq!(progress.bytes_read(), progress.bytes_total());
    assert_eq!(progress.facts(), recovered.report.facts);
    assert_eq!(progress.snapshot_number(), made.number);
}

/// Snapshots of a sale that need more space than any disk has.
fn hungry(sale: &Sale, options: SnapshotOptions) -> Snapshotter {
    let share = JournalShare { segment_bytes: u64::MAX / 4, ..sale.journal.share() };
    Snapshotter::new(share, Arc::new(Directory::default()), Vec::new(), options)
}

/// What somebody has to look at, by the log of some work.
fn warnings_of(work: impl FnOnce()) -> String {
    let mut file = tempfile::tempfile().unwrap();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(file.try_clone().unwrap())
        .finish();
    tracing::subscriber::with_default(log, work);
    let mut lines = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut lines)).unwrap();
    lines
}

fn compressed(path: &Path) -> usize {
    fs::read_dir(path.join("journal/history")).map_or(0, Iterator::count)
}

#[test]
fn a_snapshot_that_is_made_in_the_place_of_a_useless_one_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut sale = Sale::open(dir.path(), SnapshotOptions::default());
    sale.sell();
    sale.snapshotter.make().unwrap();
    sale.sell();
    let made = sale.snapshotter.make().unwrap();
    // No segment is sealed meanwhile, so that the next one gets the name of the damaged one.
    fs::write(snapshots(dir.path()).pop().unwrap(), "no snapshot").unwrap();
    let again = sale.snapshotter.make().unwrap();
    assert_eq!((again.number, again.bytes), (made.number, made.bytes));
    assert_eq!(snapshots(dir.path()).len(), 2);
    let recovered = start_copy(dir.path()).unwrap();
    assert_eq!((recovered.snapshot, recovered.useless_snapshots.len()), (Some(made.number), 0));
    // Nor is it held against the new one what was known of the old one.
    assert!(!sale.snapshotter.is_due().unwrap());
    assert!(sale.snapshotter.archive().unwrap().compressed > 0);
}

#[test]
fn behind_a_snapshot_that_a_start_could_not_use_everything_stays() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        SnapshotOptions { history_retention: Duration::ZERO, ..SnapshotOptions::default() };
    let (sale, _) = sale_with_two_snapshots(dir.path(), options);
    drop(sale);
    fs::write(snapshots(dir.path()).pop().unwrap(), "no snapshot").unwrap();
    let mut again = Sale::open(dir.path(), options);
    let archived = again.snapshotter.archive().unwrap();
    assert_eq!((archived.removed, archived.compressed), (0, 0));
    // The other one may be damaged as well: a start has all of the journal.
    let expected = again.stands();
    drop(again);
    for path in snapshots(dir.path()) {
        fs::write(path, "no snapshot").unwrap();
    }
    assert_eq!(stands(&start_copy(dir.path()).unwrap().shards), expected);
}

#[test]
fn segments_are_put_away_while_snapshots_fail() {
    let dir = tempfile::tempdir().unwrap();
    let mut sale = Sale::open(dir.path(), SnapshotOptions::default());
    sale.sell();
    sale.snapshotter.make().unwrap();
    sale.sell();
    let (archive_every, pause) = (Duration::ZERO, Duration::from_secs(7));
    let options = SnapshotOptions { archive_every, pause, ..SnapshotOptions::default() };
    let mut work = Work::new(hungry(&sale, options));
    assert_eq!(work.turn(), Rest::For(pause));
    assert_eq!(compressed(dir.path()), 0, "there is only one snapshot");
    sale.snapshotter.make().unwrap();
    sale.sell();
    assert_eq!(work.turn(), Rest::For(pause), "another is due and cannot be made");
    assert!(compressed(dir.path()) > 0);
}

#[test]
fn without_anything_to_do_it_is_waited_for_the_next_look() {
    let dir = tempfile::tempdir().unwrap();
    let options = SnapshotOptions::default();
    let sale = Sale::open(dir.path(), options);
    let Sale { snapshotter, .. } = sale;
    let Rest::UntilSealed(patience) = Work::new(snapshotter).turn() else {
        panic!("nothing is due")
    };
    assert!(!patience.is_zero() && patience <= options.archive_every);
}

#[test]
fn what_fails_is_told_once_until_it_has_worked_again() {
    const SNAPSHOT: &str = "a snapshot could not be made";
    const ARCHIVE: &str = "old segments could not be put away";
    let dir = tempfile::tempdir().unwrap();
    let (mut sale, made) = sale_with_two_snapshots(dir.path(), SnapshotOptions::default());
    sale.sell();
    let options = SnapshotOptions {
        archive_every: Duration::ZERO,
        pause: Duration::ZERO,
        ..SnapshotOptions::default()
    };
    let (share, directory) = (sale.journal.share(), Arc::new(Directory::default()));
    let mut work = Work::new(Snapshotter::new(share, directory, Vec::new(), options));
    let told = |work: &mut Work| {
        let lines = warnings_of(|| {
            work.turn();
        });
        (lines.matches(SNAPSHOT).count(), lines.matches(ARCHIVE).count())
    };

    // A segment cannot be compressed where something else has the name for it.
    let history = dir.path().join("journal/history");
    fs::create_dir(&history).unwrap();
    let first = "00000000000000000001.journal";
    let squatter = history.join(format!("{first}.zst"));
    fs::create_dir(&squatter).unwrap();
    // Nor is a snapshot made of what is damaged.
    let sealed = dir.path().join(format!("journal/{:020}.journal", made.number));
    let whole = fs::read(&sealed).unwrap();
    let spoil = |path: &Path| {
        let mut flipped = fs::read(path).unwrap();
        flipped[5_000] ^= 1;
        fs::write(path, flipped).unwrap();
    };
    spoil(&sealed);
    assert_eq!(told(&mut work), (1, 1), "each by its own name");
    assert_eq!(told(&mut work), (0, 0));

    fs::write(&sealed, &whole).unwrap();
    assert_eq!(told(&mut work), (0, 0), "a snapshot was made");
    assert_eq!(snapshots(dir.path()).len(), 2);
    assert_ne!(start_copy(dir.path()).unwrap().snapshot, Some(made.number));
    // That it was does not mean that anything else goes well, or is to be told again.
    fs::remove_dir(&squatter).unwrap();
    assert_eq!(told(&mut work), (0, 0));
    assert!(compressed(dir.path()) > 0);

    let active = sale.journal.share().rolls.active_segment();
    sale.sell();
    spoil(&dir.path().join(format!("journal/{active:020}.journal")));
    assert_eq!(told(&mut work), (1, 0), "the next failure is told again");
}

mod support;

#[tokio::test]
async fn a_running_engine_makes_snapshots_by_itself() {
    use inventory_engine::answer::Answer;
    use inventory_engine::ask::Ask;
    use inventory_engine::engine::{Engine, EngineOptions};

    let dir = tempfile::tempdir().unwrap();
    let snapshots_made = SnapshotOptions { pause: Duration::ZERO, ..SnapshotOptions::default() };
    let data_dir = dir.path().to_owned();
    let options = EngineOptions {
        data_dir,
        writers: 2,
        journal: JOURNAL,
        snapshots: snapshots_made,
        projection: None,
    };
    let engine = Engine::start(&options, &Arc::default()).unwrap();
    let handle = engine.handle();
    support::create_event(&handle, 4_000, EventRules::default()).await;
    let started = Instant::now();
    let mut seat = 0;
    let history = dir.path().join("journal/history");
    while fs::read_dir(&history).map_or(0, Iterator::count) == 0 {
        assert!(started.elapsed() < Duration::from_secs(120) && seat < 4_000, "seat {seat}");
        let selection = Selection::Spots(Spots::of_seats([SeatIndex(seat)]));
        let buyer_id = BuyerId::new("ann").unwrap();
        let place = Place { event_id: support::EVENT, buyer_id, selection };
        let command = Command { request_id: support::request_id(), verb: Verb::Place(place) };
        let reply = handle.ask(Ask::command(command), None).await;
        assert!(matches!(reply, Ok(Answer::Accepted(_))), "{reply:?}");
        seat += 1;
    }
    let counts = handle.directory().event(support::EVENT).unwrap().counts();
    engine.shutdown().await;

    let again = Engine::start(&options, &Arc::default()).unwrap();
    assert_eq!(again.handle().directory().event(support::EVENT).unwrap().counts(), counts);
    again.shutdown().await;
    let recovered = recover(dir.path(), JOURNAL, &Arc::default()).unwrap();
    assert!(recovered.snapshot.is_some());
    let by_shard: BTreeMap<_, _> =
        recovered.shards.iter().map(|(state, _)| (state.shard(), state.last_lsn())).collect();
    assert_eq!(by_shard[&support::EVENT.shard()], Lsn(u64::from(seat) + 1));
}
