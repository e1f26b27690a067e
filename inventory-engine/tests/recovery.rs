//! From files back to a serving engine: what was acknowledged is there, and what cannot be
//! trusted is refused in words that help.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use inventory_core::command::{Allocate, Command, CreateEvent, Part, Place, Selection, Verb};
use inventory_core::digest::Digest;
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{BuyerId, ChartHash, EventId, HoldId, Lsn, SeatIndex};
use inventory_core::rejection::RejectionCode;
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;
use inventory_engine::answer::{Answer, Reply};
use inventory_engine::ask::{Ask, Query};
use inventory_engine::engine::{Engine, EngineOptions, Handle, StartError};
use inventory_engine::recovery::{RecoveryError, recover};
use inventory_engine::snapshots::SnapshotOptions;
use persistence::batch::Batch;
use persistence::file::Options;
use persistence::journal::{Append, Journal};
use support::{EVENT, create_event, request_id};

/// Small segments, so that stories roll over.
const JOURNAL: Options = Options { segment_bytes: 1 << 16 };

fn start(data_dir: &Path) -> Result<Engine, StartError> {
    let (data_dir, snapshots) = (data_dir.to_owned(), SnapshotOptions::default());
    let options =
        EngineOptions { data_dir, writers: 2, journal: JOURNAL, snapshots, projection: None };
    Engine::start(&options, &Arc::default())
}

fn why_not(data_dir: &Path) -> RecoveryError {
    match start(data_dir) {
        Err(StartError::Recovery(error)) => error,
        Err(other) => panic!("another reason: {other}"),
        Ok(_) => panic!("it started"),
    }
}

/// What a power cut would leave of a directory that a running engine has. Nothing is asked of
/// the engine meanwhile; but where this takes long it makes snapshots and puts segments away, so
/// that what is listed may have gone, to where is looked later.
fn power_cut(data_dir: &Path) -> tempfile::TempDir {
    let left = tempfile::tempdir().unwrap();
    for folder in ["", "journal", "journal/history", "charts", "snapshots"] {
        fs::create_dir_all(left.path().join(folder)).unwrap();
        let Ok(entries) = fs::read_dir(data_dir.join(folder)) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap();
                match fs::copy(&path, left.path().join(folder).join(name)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    copied => drop(copied.unwrap()),
                }
            }
        }
    }
    left
}

async fn create(handle: &Handle, event_id: EventId, chart: ChartHash) -> Reply {
    let rules = EventRules::default();
    let (hash, name) = (chart, "show".into());
    let create = CreateEvent { event_id, name, chart, rules, ticket_types: Vec::new() };
    let command = Command { request_id: request_id(), verb: Verb::CreateEvent(create) };
    handle.create_event(command, handle.chart(hash).await, None).await
}

async fn ask(handle: &Handle, verb: Verb) -> Reply {
    handle.ask(Ask::command(Command { request_id: request_id(), verb }), None).await
}

async fn place(handle: &Handle, event_id: EventId, buyer: &str, seats: &[u32]) -> HoldId {
    let seats = Spots::of_seats(seats.iter().copied().map(SeatIndex));
    let buyer_id = BuyerId::new(buyer).unwrap();
    let selection = Selection::Spots(seats);
    match ask(handle, Verb::Place(Place { event_id, buyer_id, selection })).await {
        Ok(Answer::Accepted(accepted)) => match accepted.fact.change {
            Change::HoldPlaced { hold_id, .. } => hold_id,
            ref other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn allocate(handle: &Handle, hold_id: HoldId, buyer: &str) {
    let buyer_id = BuyerId::new(buyer).unwrap();
    let allocate = Allocate { hold_id, buyer_id, part: Part::Whole };
    let reply = ask(handle, Verb::Allocate(allocate)).await;
    assert!(matches!(reply, Ok(Answer::Accepted(_))), "{reply:?}");
}

/// Writes facts behind all that a directory has, as another release or a bug could have.
fn plant(data_dir: &Path, fact: impl FnOnce(Lsn) -> Fact, digest: Option<Digest>) {
    let mut recovered = recover(data_dir, JOURNAL, &Arc::default()).unwrap();
    let shard = EVENT.shard();
    let (state, sequence) = &mut recovered.shards[usize::from(shard.0)];
    let fact = Arc::new(fact(state.last_lsn().next()));
    let digest = digest.unwrap_or_else(|| {
        state.apply(&fact);
        state.digest()
    });
    let epoch = recovered.journal.epoch();
    let batch = Batch::new(shard, epoch, *sequence, vec![fact], digest).unwrap();
    assert!(matches!(recovered.journal.append(&[batch]), Append::Durable));
}

/// The content of each segment.
fn segments(data_dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(data_dir.join("journal")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let segments = paths.filter(|path| path.extension().is_some_and(|name| name == "journal"));
    segments.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn now_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

fn blocked(lsn: Lsn, at: u64, seat: u32) -> Fact {
    let change = Change::SpotsBlocked { spots: Spots::of_seats([SeatIndex(seat)]) };
    Fact { lsn, at: Timestamp(at), event_id: EVENT, request: None, change }
}

#[tokio::test]
async fn after_a_power_cut_everything_acknowledged_is_there_on_all_shards() {
    const EVENTS: u64 = 600;
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).unwrap();
    let handle = engine.handle();
    create_event(&handle, 20, EventRules::default()).await;
    let chart = handle.directory().event(EVENT).unwrap().chart_hash;
    let mut shards = BTreeSet::from([EVENT.shard()]);
    for event_id in (2..=EVENTS).map(EventId) {
        shards.insert(event_id.shard());
        let reply = create(&handle, event_id, chart).await;
        assert!(matches!(reply, Ok(Answer::Accepted(_))), "{reply:?}");
        let hold_id = place(&handle, event_id, "ann", &[0, 1, 2]).await;
        if event_id.0 % 2 == 0 {
            allocate(&handle, hold_id, "ann").await;
        }
    }
    assert!(shards.len() > 200, "{} shards", shards.len());

    // Twice, for the second start reads what the first one copied.
    let mut left = power_cut(folder.path());
    for _ in 0..2 {
        let restarted = start(left.path()).unwrap();
        let directory = restarted.handle();
        let directory = directory.directory();
        assert_eq!(directory.event_count() as u64, EVENTS);
        let first = directory.event(EVENT).unwrap();
        for event_id in (2..=EVENTS).map(EventId) {
            let event = directory.event(event_id).unwrap();
            let before = handle.directory().event(event_id).unwrap();
            assert_eq!(event.counts(), before.counts(), "event {event_id}");
            assert!(event.statuses().eq(before.statuses()), "event {event_id}");
            assert!(event.version() >= before.version(), "versions never fall");
            let sold = event.counts().get(SeatStatus::Allocated);
            assert_eq!(sold, if event_id.0 % 2 == 0 { 3 } else { 0 });
            assert!(Arc::ptr_eq(&event.chart, &first.chart), "one chart for all");
        }
        let query = Ask::Query(Query::Verify { event_id: EventId(EVENTS) });
        match restarted.handle().ask(query, None).await {
            Ok(Answer::Verified(Some(found))) => assert_eq!(found.violations, [""; 0]),
            other => panic!("{other:?}"),
        }
        left = power_cut(left.path());
        restarted.shutdown().await;
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn a_history_that_leads_elsewhere_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).unwrap();
    create_event(&engine.handle(), 20, EventRules::default()).await;
    engine.shutdown().await;

    let at = now_millis();
    let other = power_cut(folder.path());
    plant(other.path(), |lsn| blocked(lsn, at, 3), Some(Digest(7)));
    let before = segments(other.path());
    let error = why_not(other.path());
    assert!(
        matches!(error, RecoveryError::DigestDiffers { shard, expected: 7, .. }
            if shard == EVENT.shard()),
        "{error}"
    );
    assert_eq!(segments(other.path()), before);

    let planted: [fn(Lsn, u64) -> Fact; 3] = [
        // A seat that the chart does not have.
        |lsn, at| blocked(lsn, at, 20),
        // A seat that is not blocked.
        |lsn, at| {
            let change = Change::SpotsUnblocked { spots: Spots::of_seats([SeatIndex(1)]) };
            Fact { change, ..blocked(lsn, at, 0) }
        },
        // A time before the one in front.
        |lsn, _| blocked(lsn, 1, 3),
    ];
    for plant_fact in planted {
        let other = power_cut(folder.path());
        plant(other.path(), |lsn| plant_fact(lsn, at), Some(Digest(7)));
        let error = why_not(other.path());
        let told = "fact 2 of shard 229 does not follow from the facts in front of it";
        assert!(error.to_string().contains(told), "{error}");
    }
    start(folder.path()).unwrap().shutdown().await;
}

#[tokio::test]
async fn without_its_chart_an_event_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).unwrap();
    create_event(&engine.handle(), 20, EventRules::default()).await;
    engine.shutdown().await;
    let charts = folder.path().join("charts");
    let file = fs::read_dir(&charts).unwrap().next().unwrap().unwrap().path();
    let document = fs::read(&file).unwrap();

    fs::remove_file(&file).unwrap();
    let error = why_not(folder.path()).to_string();
    assert!(error.contains("the chart of event 1 cannot be read: there is no chart"), "{error}");
    assert!(error.contains("from a backup; nothing was changed"), "{error}");

    fs::write(&file, &document[1..]).unwrap();
    let error = why_not(folder.path()).to_string();
    assert!(error.contains("is damaged"), "{error}");

    fs::write(&file, document).unwrap();
    start(folder.path()).unwrap().shutdown().await;
}

#[tokio::test]
async fn a_chart_that_was_lost_while_in_use_is_on_disk_before_the_next_event_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).unwrap();
    let handle = engine.handle();
    create_event(&handle, 20, EventRules::default()).await;
    let chart = handle.directory().event(EVENT).unwrap().chart_hash;
    let file = folder.path().join("charts").join(format!("{chart}.json"));
    fs::remove_file(&file).unwrap();
    let reply = create(&handle, EventId(2), chart).await;
    assert!(matches!(reply, Ok(Answer::Accepted(_))), "{reply:?}");
    assert!(file.exists());

    // One that nobody knows is refused.
    match create(&handle, EventId(3), ChartHash([9; 32])).await {
        Ok(Answer::Refused(refusal)) => {
            assert_eq!(refusal.rejection.code, RejectionCode::ChartUnknown);
        }
        other => panic!("{other:?}"),
    }
    engine.shutdown().await;
    assert_eq!(start(folder.path()).unwrap().handle().directory().event_count(), 2);
}

#[tokio::test]
async fn holds_last_as_long_as_said_though_the_wall_clock_was_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).unwrap();
    let rules = EventRules { hold_ttl_millis: 100, ..EventRules::default() };
    create_event(&engine.handle(), 20, rules).await;
    engine.shutdown().await;
    // The last thing that was journaled happened an hour from now.
    let ahead = now_millis() + 3_600_000;
    plant(folder.path(), |lsn| blocked(lsn, ahead, 3), None);

    let engine = start(folder.path()).unwrap();
    let handle = engine.handle();
    let placed = Instant::now();
    place(&handle, EVENT, "ann", &[1, 2]).await;
    let event = handle.directory().event(EVENT).unwrap();
    while event.counts().get(SeatStatus::Held) > 0 {
        assert!(placed.elapsed().as_secs() < 30, "the hold waits for the wall clock");
        tokio::task::yield_now().await;
    }
    assert!(placed.elapsed().as_millis() >= 90, "the hold expired early");
    engine.shutdown().await;
}

#[tokio::test]
async fn one_engine_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let engine = start(folder.path()).unwrap();
    let error = why_not(folder.path()).to_string();
    assert!(error.contains("is in use by another process"), "{error}");
    engine.shutdown().await;
    start(folder.path()).unwrap().shutdown().await;
}
