//! A projection behind a real engine with files: the test plays the projector. Who wants Postgres
//! waits for it and never gets a failure for it, what is behind is counted, kept and bounded, and
//! all of it goes on where it was after a start.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use inventory_core::command::{
    Allocate, Block, Command, Extend, Part, Place, Release, Return, Selection, Verb,
};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{BuyerId, Epoch, HoldId, SeatIndex};
use inventory_core::rejection::RejectionCode;
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;
use inventory_engine::ack::{Ack, Durability};
use inventory_engine::answer::{Answer, Failure, Reply};
use inventory_engine::ask::{Ask, Query};
use inventory_engine::engine::{Engine, EngineOptions, Handle};
use inventory_engine::limits::PROJECTION_PATIENCE;
use inventory_engine::projected::{Lag, ProjectionOptions, ProjectionSource};
use inventory_engine::snapshots::SnapshotOptions;
use inventory_engine::stop::StopReason;
use persistence::file::Options;
use persistence::projected::ProjectedMark;
use support::{EVENT, create_event, request_id};
use tempfile::TempDir;

/// Far longer than anything here should take.
const LONG: Duration = Duration::from_secs(30);

fn options(data_dir: &Path, projection: ProjectionOptions) -> EngineOptions {
    EngineOptions {
        data_dir: data_dir.to_owned(),
        writers: 1,
        journal: Options { segment_bytes: 1 << 16 },
        snapshots: SnapshotOptions::default(),
        projection: Some(projection),
    }
}

/// An engine, its event, and the hands of a projector.
struct House {
    engine: Engine,
    handle: Handle,
    source: ProjectionSource,
    folder: TempDir,
}

impl House {
    async fn open(seats: u32, projection: ProjectionOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Self::on(folder, |data_dir| options(data_dir, projection));
        create_event(&house.handle, seats, EventRules::default()).await;
        house
    }

    fn on(folder: TempDir, options: impl FnOnce(&Path) -> EngineOptions) -> Self {
        let engine = Engine::start(&options(folder.path()), &Arc::default()).unwrap();
        let (handle, source) = (engine.handle(), engine.projection_source().unwrap());
        Self { engine, handle, source, folder }
    }

    /// Ends it, and says what is left.
    async fn close(self) -> TempDir {
        drop((self.handle, self.source));
        assert_eq!(self.engine.shutdown().await, None);
        self.folder
    }

    async fn ask(&self, verb: Verb) -> Reply {
        self.ask_for(verb, Ack::Journal).await
    }

    async fn ask_for(&self, verb: Verb, ack: Ack) -> Reply {
        let command = Command { request_id: request_id(), verb };
        self.handle.ask_for(Ask::command(command), ack, None).await
    }

    /// Asks for Postgres on a task of its own, and returns when the change is durable.
    async fn ask_beside(&self, verb: Verb) -> tokio::task::JoinHandle<Reply> {
        let handle = self.handle.clone();
        let command = Command { request_id: request_id(), verb };
        let facts = self.lag().facts;
        let asked = tokio::spawn(async move {
            handle.ask_for(Ask::command(command), Ack::JournalAndPostgres, None).await
        });
        self.until(|lag| lag.facts > facts).await;
        asked
    }

    fn lag(&self) -> Lag {
        self.source.projected.lag()
    }

    async fn until(&self, holds: impl Fn(Lag) -> bool) {
        let began = Instant::now();
        while !holds(self.lag()) {
            assert!(began.elapsed() < LONG, "{:?}", self.lag());
            tokio::task::yield_now().await;
        }
    }

    /// Postgres has all up to this fact, which is the last of all.
    async fn project_all(&mut self, fact: &Fact) {
        let projected = Arc::clone(&self.source.projected);
        loop {
            let number = *self.source.durable.borrow_and_update();
            projected.advance(number, fact.at, &[(EVENT.shard(), fact.lsn)]);
            if projected.lag() == Lag::default() {
                return;
            }
            // The number is told a moment after the answers have left.
            tokio::time::timeout(LONG, self.source.durable.changed()).await.unwrap().unwrap();
        }
    }
}

fn ann() -> BuyerId {
    BuyerId::new("ann").unwrap()
}

fn place(seats: impl IntoIterator<Item = u32>) -> Verb {
    let selection = Selection::Spots(Spots::of_seats(seats.into_iter().map(SeatIndex)));
    Verb::Place(Place { event_id: EVENT, buyer_id: ann(), selection })
}

fn part(seats: &[u32]) -> Part {
    Part::Spots { seats: seats.iter().copied().map(SeatIndex).collect(), areas: Vec::new() }
}

fn release(hold_id: HoldId, part: Part) -> Verb {
    Verb::Release(Release { hold_id, buyer_id: ann(), part })
}

#[track_caller]
fn accepted(reply: Reply) -> (Arc<Fact>, Durability) {
    match reply {
        Ok(Answer::Accepted(accepted)) => (accepted.fact, accepted.durability),
        Ok(Answer::Refused(refusal)) => panic!("refused: {}", refusal.rejection),
        Ok(_) => panic!("an answer to a look"),
        Err(failure) => panic!("failed: {failure}"),
    }
}

#[track_caller]
fn hold_in(fact: &Fact) -> HoldId {
    match fact.change {
        Change::HoldPlaced { hold_id, .. } => hold_id,
        ref other => panic!("not a hold: {other:?}"),
    }
}

#[tokio::test]
async fn who_wants_postgres_is_answered_when_the_fact_is_there() {
    let mut house = House::open(50, ProjectionOptions::default()).await;
    house.source.projected.set_reachable(true);
    let waiting = house.ask_beside(place([1])).await;
    // Others of the same shard do not wait, not even behind it.
    let (other, durability) = accepted(house.ask(place([2])).await);
    assert_eq!(durability, Durability::Journal);
    assert!(!waiting.is_finished());
    // A part of the way is not enough.
    let before = other.lsn.0 - 2;
    let told = (EVENT.shard(), inventory_core::ids::Lsn(before));
    house.source.projected.advance(0, Timestamp(0), &[told]);
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    house.project_all(&other).await;
    let (fact, durability) = accepted(waiting.await.unwrap());
    assert_eq!((fact.lsn.0, durability), (other.lsn.0 - 1, Durability::JournalAndPostgres));
    // What is there already waits for nothing, even while Postgres is away; nor does a refusal.
    house.source.projected.set_reachable(false);
    let command = Command { request_id: request_id(), verb: place([3]) };
    let asked = |ack| house.handle.ask_for(Ask::command(command.clone()), ack, None);
    let (first, _) = accepted(asked(Ack::Journal).await);
    let (again, durability) = accepted(asked(Ack::JournalAndPostgres).await);
    assert_eq!((again.lsn, durability), (first.lsn, Durability::Journal));
    house.source.projected.advance(0, Timestamp(0), &[(EVENT.shard(), first.lsn)]);
    let (again, durability) = accepted(asked(Ack::JournalAndPostgres).await);
    assert_eq!((again.lsn, durability), (first.lsn, Durability::JournalAndPostgres));
    house.source.projected.set_reachable(true);
    let began = Instant::now();
    match house.ask_for(place([1]), Ack::JournalAndPostgres).await {
        Ok(Answer::Refused(refusal)) => {
            assert_eq!(refusal.rejection.code, RejectionCode::SeatsUnavailable);
        }
        other => panic!("not refused: {other:?}"),
    }
    assert!(began.elapsed() < PROJECTION_PATIENCE, "it waited for {:?}", began.elapsed());
    house.close().await;
}

#[tokio::test]
async fn while_postgres_is_away_nobody_waits_and_nobody_is_failed() {
    let house = House::open(50, ProjectionOptions::default()).await;
    // At first nobody knows whether it is there.
    let began = Instant::now();
    let (_, durability) = accepted(house.ask_for(place([1]), Ack::JournalAndPostgres).await);
    assert_eq!(durability, Durability::Journal);
    house.source.projected.set_reachable(true);
    let waiting = house.ask_beside(place([2])).await;
    house.source.projected.set_reachable(false);
    let (_, durability) = accepted(waiting.await.unwrap());
    assert_eq!(durability, Durability::Journal);
    let (_, durability) = accepted(house.ask_for(place([3]), Ack::JournalAndPostgres).await);
    assert_eq!(durability, Durability::Journal);
    assert!(began.elapsed() < PROJECTION_PATIENCE, "it waited for {:?}", began.elapsed());
    house.close().await;
}

#[tokio::test]
async fn a_slow_postgres_costs_no_more_than_the_caller_has_left() {
    let house = House::open(50, ProjectionOptions::default()).await;
    house.source.projected.set_reachable(true);
    let command = Command { request_id: request_id(), verb: place([1]) };
    let (began, left) = (Instant::now(), Duration::from_millis(400));
    let asked = Ask::command(command);
    let reply = house.handle.ask_for(asked, Ack::JournalAndPostgres, Some(began + left)).await;
    assert_eq!(accepted(reply).1, Durability::Journal);
    assert!(began.elapsed() >= left / 4, "it did not wait: {:?}", began.elapsed());
    assert!(began.elapsed() < PROJECTION_PATIENCE, "it waited for {:?}", began.elapsed());
    house.close().await;
}

#[tokio::test]
async fn what_nothing_is_written_to_cannot_be_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let without =
        EngineOptions { projection: None, ..options(folder.path(), ProjectionOptions::default()) };
    let engine = Engine::start(&without, &Arc::default()).unwrap();
    assert!(engine.projection_source().is_none());
    let handle = engine.handle();
    create_event(&handle, 50, EventRules::default()).await;
    let command = Command { request_id: request_id(), verb: place([1]) };
    let ask = || Ask::command(command.clone());
    let refused = handle.ask_for(ask(), Ack::JournalAndPostgres, None).await;
    assert!(matches!(&refused, Err(Failure::Invalid(of)) if of.field == "ack"), "{refused:?}");
    // Nothing was done: the same request is done now, and not repeated.
    match handle.ask_for(ask(), Ack::Journal, None).await {
        Ok(Answer::Accepted(accepted)) => assert!(!accepted.is_repeat),
        other => panic!("not accepted: {other:?}"),
    }
    engine.shutdown().await;
    assert!(!folder.path().join("projected.json").exists());
}

#[tokio::test]
async fn what_is_behind_is_counted_kept_in_mind_and_counted_on_after_a_start() {
    let mut house = House::open(50, ProjectionOptions::default()).await;
    let (event, _) = (house.lag().facts, house.until(|lag| lag.facts == 1).await);
    assert_eq!(event, 1, "it is counted before the answer leaves");
    let mut facts = Vec::new();
    for seat in 0..6 {
        facts.push(accepted(house.ask(place([seat])).await).0);
        assert_eq!(house.lag().facts, 2 + u64::from(seat));
    }
    let behind = house.lag();
    assert!(behind.bytes >= 7 * 100 && behind.seconds >= 0.0, "{behind:?}");
    house.until(|lag| lag.seconds > behind.seconds).await;

    house.project_all(&facts[5]).await;
    for seat in 10..14 {
        facts.push(accepted(house.ask(place([seat])).await).0);
    }
    assert_eq!(house.lag().facts, 4);
    let number = *house.source.durable.borrow();
    let folder = house.close().await;

    let mark = |folder: &TempDir| fs::read_to_string(folder.path().join("projected.json")).unwrap();
    let at = facts[5].at.0;
    assert!(mark(&folder).contains("\"facts\":7"), "{}", mark(&folder));
    assert!(mark(&folder).contains(&format!("\"at_millis\":{at}")), "{}", mark(&folder));

    let mut house = House::on(folder, |path| options(path, ProjectionOptions::default()));
    let behind = house.lag();
    assert_eq!(behind.facts, 4);
    assert!(behind.bytes > 0 && behind.seconds > 0.0, "{behind:?}");
    assert!(*house.source.durable.borrow() >= number);
    assert_eq!(house.source.epoch, house.handle.epoch());
    assert!(house.handle.epoch() > Epoch(1));
    let (last, _) = accepted(house.ask(place([20])).await);
    assert_eq!(house.lag().facts, 5);
    // Batches of one fact each, and the start's backlog is one piece.
    let mark = ProjectedMark::read(&house.source.paths).unwrap();
    house.source.projected.advance(mark.number + 1, facts[6].at, &[]);
    assert_eq!(house.lag().facts, 4);
    // Behind all that there was, what nobody told of a shard is known, up to the start.
    let has = async |house: &House, fact: &Fact| {
        let (shard, lsn) = (EVENT.shard(), fact.lsn);
        house.source.projected.wait_for(shard, lsn, Duration::ZERO).await
    };
    assert!(!has(&house, &facts[0]).await && !has(&house, &facts[9]).await);
    house.source.projected.advance(mark.number + 4, facts[9].at, &[]);
    assert!(has(&house, &facts[9]).await && !has(&house, &last).await);
    house.project_all(&last).await;
    let folder = house.close().await;
    let house = House::on(folder, |path| options(path, ProjectionOptions::default()));
    assert_eq!(house.lag(), Lag::default());
    assert!(has(&house, &last).await, "nothing is behind");
    house.close().await;
}

#[tokio::test]
async fn the_journal_keeps_what_is_not_projected_and_lets_go_of_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::on(folder, |path| EngineOptions {
        snapshots: SnapshotOptions {
            pause: Duration::ZERO,
            history_retention: Duration::ZERO,
            archive_every: Duration::from_millis(20),
            ..SnapshotOptions::default()
        },
        ..options(path, ProjectionOptions::default())
    });
    create_event(&house.handle, 6_000, EventRules::default()).await;
    let first_segment = |house: &House| {
        let journal = house.folder.path().join("journal");
        [journal.join("history"), journal].iter().any(|folder| {
            let names = fs::read_dir(folder).into_iter().flatten();
            let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.any(|name| name.starts_with(&format!("{:020}.", 1)))
        })
    };
    let newest_snapshot = |house: &House| {
        let entries = fs::read_dir(house.folder.path().join("snapshots")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".snapshot")).max()
    };
    let began = Instant::now();
    let (mut seat, mut made, mut newest, mut last) = (0, 0, None, None);
    // Behind each snapshot the segments are looked after: the third was made when that was done
    // behind two.
    while made < 4 {
        assert!(began.elapsed() < 4 * LONG && seat < 6_000, "{made} snapshots, seat {seat}");
        last = Some(accepted(house.ask(place([seat])).await).0);
        seat += 1;
        let now = newest_snapshot(&house);
        made += usize::from(now.is_some() && now != newest);
        newest = now;
    }
    assert!(first_segment(&house), "it was let go before it was projected");
    house.project_all(&last.unwrap()).await;
    let began = Instant::now();
    while first_segment(&house) {
        assert!(began.elapsed() < LONG, "it is kept for ever");
        tokio::task::yield_now().await;
    }
    house.close().await;
}

#[tokio::test]
async fn near_the_end_of_the_budget_holds_go_first_then_all_but_endings_and_reads_stay() {
    const BUDGET: u64 = 64 << 10;
    let projection = ProjectionOptions { journal_budget_bytes: BUDGET, ..Default::default() };
    let mut house = House::open(3_000, projection).await;
    // Seats that are sold, and a dozen holds of two seats that live.
    let (sold, _) = accepted(house.ask(place(0..64)).await);
    let hold_id = hold_in(&sold);
    let allocate = Verb::Allocate(Allocate { hold_id, buyer_id: ann(), part: Part::Whole });
    let (allocated, _) = accepted(house.ask(allocate).await);
    let Change::HoldAllocated { allocation_id, .. } = allocated.change else { panic!("not sold") };
    let mut holds = Vec::new();
    for number in 0..12 {
        let seats = [100 + 2 * number, 101 + 2 * number];
        let command = Command { request_id: request_id(), verb: place(seats) };
        let reply = house.handle.ask(Ask::command(command.clone()), None).await;
        holds.push((hold_in(&accepted(reply).0), command, seats));
    }
    let block =
        |seat| Verb::Block(Block { event_id: EVENT, spots: Spots::of_seats([SeatIndex(seat)]) });

    // New holds are the first to be refused, far behind three quarters of the budget.
    let mut seat = 500;
    let refused = loop {
        match house.ask(block(seat)).await {
            Err(failure) => break failure,
            reply => drop(accepted(reply)),
        }
        seat += 1;
    };
    assert!(matches!(refused, Failure::ProjectionBehind { .. }), "{refused}");
    assert!(house.lag().bytes > BUDGET / 4 * 3, "{:?}", house.lag());
    // An extension is the shortest of them.
    let extend = |hold_id| Verb::Extend(Extend { hold_id, buyer_id: ann() });
    let mut extended = 0;
    while let Ok(Answer::Accepted(_)) = house.ask(extend(holds[extended].0)).await {
        extended += 1;
    }
    for claim in [place([2_900]), block(seat), extend(holds[extended].0)] {
        let failure = house.ask(claim).await.unwrap_err();
        assert!(matches!(failure, Failure::ProjectionBehind { .. }), "{failure}");
    }

    // What gives a part back goes on until it would take what endings need.
    let mut parts = 0;
    let give_back = |seat: u32| {
        let part = part(&[seat]);
        Verb::Return(Return { allocation_id, buyer_id: ann(), part })
    };
    let mut refused_at = None;
    for seat in 0..64 {
        match house.ask(give_back(seat)).await {
            Err(Failure::ProjectionBehind { .. }) => {
                refused_at = Some(seat);
                break;
            }
            reply => drop(accepted(reply)),
        }
        parts += 1;
    }
    assert!(parts > 0, "parts are refused together with holds");
    let refused_at = refused_at.expect("parts are never refused");

    // Every hold that lives can be ended, whole, and what was done is told again.
    let (one, repeated, seats) = holds[0].clone();
    let again = house.handle.ask(Ask::command(repeated), None).await;
    assert!(matches!(&again, Ok(Answer::Accepted(of)) if of.is_repeat), "{again:?}");
    let failure = house.ask(release(one, part(&seats[..1]))).await.unwrap_err();
    assert!(matches!(failure, Failure::ProjectionBehind { .. }), "{failure}");
    for (hold_id, ..) in &holds {
        accepted(house.ask(release(*hold_id, Part::Whole)).await);
    }

    // With what endings did not need, parts go on, and then nothing does but to look.
    let mut seat = refused_at;
    let last = loop {
        match house.ask(give_back(seat)).await {
            Err(Failure::ProjectionBehind { .. }) => break seat,
            reply => drop(accepted(reply)),
        }
        seat += 1;
        assert!(seat < 64, "all of it came back");
    };
    let look = Ask::Query(Query::Hold { hold_id: one, buyer_id: None });
    assert!(matches!(house.handle.ask(look, None).await, Ok(Answer::Hold(Some(_)))));
    assert!(house.handle.directory().event(EVENT).unwrap().version() > 0);
    assert!(house.lag().bytes <= BUDGET, "{:?}", house.lag());

    // The projection catches up, and everything goes on by itself.
    let number = *house.source.durable.borrow();
    house.source.projected.advance(number, Timestamp(u64::MAX), &[]);
    let began = Instant::now();
    let held = loop {
        match house.ask(place([2_900])).await {
            Err(Failure::ProjectionBehind { .. }) => assert!(began.elapsed() < LONG, "for ever"),
            reply => break accepted(reply).0,
        }
        tokio::task::yield_now().await;
    };
    let (returned, _) = accepted(house.ask(give_back(last)).await);
    assert_eq!(returned.lsn, held.lsn.next());
    house.project_all(&returned).await;
    house.close().await;
}

#[tokio::test]
async fn a_start_that_is_behind_its_budget_refuses_before_anybody_is_served() {
    let house = House::open(50, ProjectionOptions::default()).await;
    accepted(house.ask(place([1])).await);
    let folder = house.close().await;
    let small = ProjectionOptions { journal_budget_bytes: 1_000, ..Default::default() };
    let mut house = House::on(folder, |path| options(path, small));
    let failure = house.ask(place([2])).await.unwrap_err();
    assert!(matches!(failure, Failure::ProjectionBehind { .. }), "{failure}");
    let number = *house.source.durable.borrow_and_update();
    house.source.projected.advance(number, Timestamp(0), &[]);
    let began = Instant::now();
    while house.ask(place([2])).await.is_err() {
        assert!(began.elapsed() < LONG, "it refuses for ever");
        tokio::task::yield_now().await;
    }
    house.close().await;
}

#[tokio::test]
async fn who_was_superseded_writes_nothing_more() {
    let house = House::open(50, ProjectionOptions::default()).await;
    accepted(house.ask(place([1])).await);
    let reason = StopReason::Superseded { by: Epoch(9), node_id: 0xab };
    house.source.stopper.stop(reason.clone());
    let failure = house.ask(place([2])).await.unwrap_err();
    assert_eq!(failure, Failure::Unknown);
    let failure = house.ask(place([3])).await.unwrap_err();
    assert!(matches!(failure, Failure::ShuttingDown | Failure::Unknown), "{failure}");
    assert!(reason.to_string().contains("epoch 9") && reason.to_string().contains("00ab"));
    let House { engine, handle, source, folder } = house;
    drop((handle, source));
    assert_eq!(engine.shutdown().await, Some(reason));
    let house = House::on(folder, |path| options(path, ProjectionOptions::default()));
    assert_eq!(house.lag().facts, 2, "the event and one hold");
    house.close().await;
}
