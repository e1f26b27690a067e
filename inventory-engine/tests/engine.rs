//! The running engine: threads, inboxes, a disk that fails, a shutdown that answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use inventory_core::command::{Allocate, BestAvailable, Command, Part, Place, Selection, Verb};
use inventory_core::fact::{Change, SeatStatus};
use inventory_core::ids::{BuyerId, Epoch, HoldId, SeatIndex};
use inventory_core::rejection::RejectionCode;
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::state::Ending;
use inventory_engine::answer::{Answer, Failure, Reply};
use inventory_engine::ask::{Ask, Query};
use inventory_engine::engine::{Engine, Handle};
use inventory_engine::limits::{INBOX_COMMANDS_MAX, PARKED_ANSWERS_MAX};
use inventory_engine::recovery::empty_shards;
use inventory_engine::stop::StopReason;
use persistence::batch::Batch;
use persistence::dir::DataDir;
use persistence::journal::{Append, Journal};
use persistence::memory::{Kept, MemoryDisk, MemoryJournal};
use support::{EVENT, create_event, request_id};

/// An engine on a journal, with its chart store in a folder of its own.
struct Fixture {
    engine: Engine,
    handle: Handle,
    _folder: tempfile::TempDir,
    _dir: DataDir,
}

impl Fixture {
    /// An engine of one writer with an event of `seats` seats on sale.
    async fn on(journal: Box<dyn Journal>, seats: u32, rules: EventRules) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        let engine = Engine::start_on(journal, empty_shards(), dir.charts(), 1).unwrap();
        let handle = engine.handle();
        create_event(&handle, seats, rules).await;
        Self { engine, handle, _folder: folder, _dir: dir }
    }
}

fn place(buyer: &str, seats: &[u32]) -> Ask {
    let seats = Spots::of_seats(seats.iter().copied().map(SeatIndex));
    command(Verb::Place(Place {
        event_id: EVENT,
        buyer_id: BuyerId::new(buyer).unwrap(),
        selection: Selection::Spots(seats),
    }))
}

fn place_best(buyer: &str, quantity: u32) -> Ask {
    let wish = BestAvailable { quantity, ..BestAvailable::default() };
    command(Verb::Place(Place {
        event_id: EVENT,
        buyer_id: BuyerId::new(buyer).unwrap(),
        selection: Selection::BestAvailable(wish),
    }))
}

fn command(verb: Verb) -> Ask {
    Ask::command(Command { request_id: request_id(), verb })
}

/// The hold that a reply tells of.
fn hold_in(reply: &Reply) -> HoldId {
    match reply {
        Ok(Answer::Accepted(accepted)) => match accepted.fact.change {
            Change::HoldPlaced { hold_id, .. } => hold_id,
            ref other => panic!("not a hold: {other:?}"),
        },
        other => panic!("not accepted: {other:?}"),
    }
}

/// Several at once, each on a task of its own.
async fn all_at_once(handle: &Handle, asks: Vec<Ask>) -> Vec<Reply> {
    let handle = Arc::new(handle.clone());
    let tasks = asks.into_iter().map(|ask| {
        let handle = Arc::clone(&handle);
        tokio::spawn(async move { handle.ask(ask, None).await })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut replies = Vec::with_capacity(tasks.len());
    for task in tasks {
        replies.push(task.await.unwrap());
    }
    replies
}

/// A journal that waits at a gate before each append, until the gate is opened for good.
struct Gated {
    journal: MemoryJournal,
    gate: Mutex<Receiver<()>>,
}

impl Gated {
    fn new(free_appends: usize) -> (Self, Sender<()>) {
        let (opener, gate) = channel();
        for _ in 0..free_appends {
            opener.send(()).unwrap();
        }
        (Self { journal: MemoryJournal::new(), gate: Mutex::new(gate) }, opener)
    }
}

impl Journal for Gated {
    fn append(&mut self, group: &[Batch]) -> Append {
        // An error means that the gate was opened for good.
        let _ = self.gate.lock().unwrap().recv();
        self.journal.append(group)
    }

    fn epoch(&self) -> Epoch {
        self.journal.epoch()
    }
}

#[tokio::test]
async fn of_many_who_want_one_seat_one_gets_it() {
    let disk = MemoryDisk::new();
    let fixture = Fixture::on(Box::new(disk.open().0), 100, EventRules::default()).await;
    let asks = (0..500).map(|buyer| place(&format!("b{buyer}"), &[7])).collect();
    let replies = all_at_once(&fixture.handle, asks).await;
    let accepted = replies.iter().filter(|reply| matches!(reply, Ok(Answer::Accepted(_))));
    assert_eq!(accepted.count(), 1);
    let refused = replies.iter().filter(|reply| {
        matches!(reply, Ok(Answer::Refused(refusal))
            if refusal.rejection.code == RejectionCode::SeatsUnavailable)
    });
    assert_eq!(refused.count(), 499);
    let event = fixture.handle.directory().event(EVENT).unwrap();
    assert_eq!(event.counts().get(SeatStatus::Held), 1);
    // Many were served by few syncs.
    assert!(disk.appends() < 50, "{} appends", disk.appends());
    fixture.engine.shutdown().await;
}

#[tokio::test]
async fn a_failed_sync_is_told_as_unknown_and_stops_the_engine() {
    let disk = MemoryDisk::new();
    disk.fail_append(3, Kept::All);
    let fixture = Fixture::on(Box::new(disk.open().0), 10, EventRules::default()).await;
    let first = fixture.handle.ask(place("ann", &[1]), None).await;
    let hold_id = hold_in(&first);
    let second = fixture.handle.ask(place("bob", &[2]), None).await;
    assert_eq!(second.unwrap_err(), Failure::Unknown);
    let reason = fixture.handle.stopper().stopped().await;
    assert!(matches!(reason, StopReason::JournalFailed { .. }), "{reason}");
    let third = fixture.handle.ask(place("cid", &[3]), None).await;
    assert!(matches!(third, Err(Failure::ShuttingDown | Failure::Unknown)), "{third:?}");
    // What was never said to be durable was never shown.
    let event = fixture.handle.directory().event(EVENT).unwrap();
    assert_eq!(event.counts().get(SeatStatus::Held), 1);
    fixture.engine.shutdown().await;

    // The next start finds out: here the disk had kept it.
    let (_, batches) = disk.open();
    let held = batches
        .iter()
        .flat_map(Batch::facts)
        .filter(|fact| matches!(fact.change, Change::HoldPlaced { .. }));
    assert_eq!(held.count(), 2);
    assert_eq!(hold_id.shard(), EVENT.shard());
}

#[tokio::test]
async fn a_superseded_engine_stops() {
    let disk = MemoryDisk::new();
    let fixture = Fixture::on(Box::new(disk.open().0), 10, EventRules::default()).await;
    let (_newer, _) = disk.open();
    let reply = fixture.handle.ask(place("ann", &[1]), None).await;
    assert_eq!(reply.unwrap_err(), Failure::Unknown);
    assert_eq!(fixture.handle.stopper().stopped().await, StopReason::Fenced { by: Epoch(2) });
    fixture.engine.shutdown().await;
}

#[tokio::test]
async fn a_full_inbox_refuses_at_once_and_loses_nothing_it_took() {
    let (journal, gate) = Gated::new(1);
    let fixture = Fixture::on(Box::new(journal), 10, EventRules::default()).await;
    // The disk stands still: what comes is decided until the writer waits for the disk too.
    let handle = fixture.handle.clone();
    let flood = tokio::spawn(async move {
        let asks = (0..INBOX_COMMANDS_MAX * 6).map(|buyer| place(&format!("b{buyer}"), &[1]));
        all_at_once(&handle, asks.collect()).await
    });
    let overloaded_at_once = loop {
        let reply = tokio::time::timeout(
            Duration::from_millis(20),
            fixture.handle.ask(place("late", &[2]), None),
        );
        if let Ok(Err(failure)) = reply.await {
            break failure;
        }
    };
    assert!(matches!(overloaded_at_once, Failure::Overloaded { .. }), "{overloaded_at_once}");
    drop(gate);
    let replies = flood.await.unwrap();
    let answered = replies.iter().filter(|reply| reply.is_ok()).count();
    let overloaded =
        replies.iter().filter(|reply| matches!(reply, Err(Failure::Overloaded { .. }))).count();
    assert_eq!(answered + overloaded, replies.len());
    assert!(overloaded > 0 && answered >= INBOX_COMMANDS_MAX, "{answered} answered");
    let accepted = replies.iter().filter(|reply| matches!(reply, Ok(Answer::Accepted(_))));
    assert_eq!(accepted.count(), 1);
    fixture.engine.shutdown().await;
}

#[tokio::test]
async fn refusals_behind_a_disk_that_stands_still_are_bounded_too() {
    let (journal, gate) = Gated::new(1);
    let fixture = Fixture::on(Box::new(journal), 10, EventRules::default()).await;
    let count = INBOX_COMMANDS_MAX + PARKED_ANSWERS_MAX + 10_000;
    let asks = (0..count).map(|buyer| place(&format!("b{buyer}"), &[1])).collect();
    let handle = fixture.handle.clone();
    let flood = tokio::spawn(async move { all_at_once(&handle, asks).await });
    // One was accepted and waits for the disk; the others can only be refused behind it.
    while fixture.handle.waiting() < INBOX_COMMANDS_MAX {
        assert!(!flood.is_finished(), "nobody was held up");
        tokio::task::yield_now().await;
    }
    drop(gate);
    let replies = flood.await.unwrap();
    let overloaded =
        replies.iter().filter(|reply| matches!(reply, Err(Failure::Overloaded { .. }))).count();
    assert!(overloaded >= 1, "all {count} were taken");
    fixture.engine.shutdown().await;
}

/// A journal whose thread dies in the middle of an append.
struct Dying(MemoryJournal);

impl Journal for Dying {
    fn append(&mut self, group: &[Batch]) -> Append {
        assert!(self.0.disk().appends() < 1, "a planted panic");
        self.0.append(group)
    }

    fn epoch(&self) -> Epoch {
        self.0.epoch()
    }
}

#[tokio::test]
async fn when_the_journals_thread_dies_everybody_is_told_and_the_shutdown_ends() {
    let journal = Dying(MemoryJournal::new());
    let fixture = Fixture::on(Box::new(journal), 10, EventRules::default()).await;
    let asks = (0..50).map(|seat| place("ann", &[seat % 10])).collect();
    for reply in all_at_once(&fixture.handle, asks).await {
        assert!(matches!(reply, Err(Failure::Unknown | Failure::ShuttingDown)), "{reply:?}");
    }
    assert_eq!(fixture.handle.stopper().stopped().await, StopReason::WriterPanicked);
    let event = fixture.handle.directory().event(EVENT).unwrap();
    assert_eq!(event.counts().get(SeatStatus::Available), 10);
    let shutdown = fixture.engine.shutdown();
    let reason = tokio::time::timeout(Duration::from_secs(20), shutdown).await.unwrap();
    assert_eq!(reason, Some(StopReason::WriterPanicked));
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_done() {
    let fixture = Fixture::on(Box::new(MemoryJournal::new()), 10, EventRules::default()).await;
    let reply = fixture.handle.ask(place("ann", &[1]), Some(Instant::now())).await;
    assert_eq!(reply.unwrap_err(), Failure::DeadlineExceeded);
    let event = fixture.handle.directory().event(EVENT).unwrap();
    assert_eq!(event.counts().get(SeatStatus::Available), 10);
    fixture.engine.shutdown().await;
}

#[tokio::test]
async fn shutdown_answers_all_that_was_taken() {
    let (journal, gate) = Gated::new(1);
    let fixture = Fixture::on(Box::new(journal), 1_000, EventRules::default()).await;
    let handle = fixture.handle.clone();
    let asks = (0..200).map(|buyer| place_best(&format!("b{buyer}"), 2)).collect();
    let flood = tokio::spawn(async move { all_at_once(&handle, asks).await });
    // Something is on its way to the disk, which stands still.
    while fixture.handle.waiting() == 0 {
        tokio::task::yield_now().await;
        if flood.is_finished() {
            break;
        }
    }
    let engine = fixture.engine;
    let shutdown = tokio::spawn(engine.shutdown());
    drop(gate);
    shutdown.await.unwrap();
    let replies = flood.await.unwrap();
    let event = fixture.handle.directory().event(EVENT).unwrap();
    let accepted = replies.iter().filter(|reply| matches!(reply, Ok(Answer::Accepted(_)))).count();
    for reply in &replies {
        assert!(
            matches!(
                reply,
                Ok(Answer::Accepted(_)) | Err(Failure::ShuttingDown | Failure::Unknown)
            ),
            "{reply:?}"
        );
    }
    assert_eq!(event.counts().get(SeatStatus::Held) as usize, accepted * 2);
}

#[tokio::test]
async fn an_idle_engine_expires_holds_by_itself() {
    let rules = EventRules { hold_ttl_millis: 100, ..EventRules::default() };
    let fixture = Fixture::on(Box::new(MemoryJournal::new()), 10, rules).await;
    let hold_id = hold_in(&fixture.handle.ask(place("ann", &[1, 2]), None).await);
    let event = fixture.handle.directory().event(EVENT).unwrap();
    assert_eq!(event.counts().get(SeatStatus::Held), 2);
    // Nothing is asked of the writer meanwhile: only the shown state is looked at.
    let placed = Instant::now();
    while event.counts().get(SeatStatus::Held) > 0 {
        assert!(placed.elapsed() < Duration::from_secs(30), "the hold never expired");
        tokio::task::yield_now().await;
    }
    assert!(placed.elapsed() >= Duration::from_millis(90), "the hold expired early");
    let query = Ask::Query(Query::Hold { hold_id, buyer_id: None });
    match fixture.handle.ask(query, None).await {
        Ok(Answer::Hold(Some(report))) => assert_eq!(report.ending, Some(Ending::Expired)),
        other => panic!("{other:?}"),
    }
    let allocate = Allocate { hold_id, buyer_id: BuyerId::new("ann").unwrap(), part: Part::Whole };
    match fixture.handle.ask(command(Verb::Allocate(allocate)), None).await {
        Ok(Answer::Refused(refusal)) => {
            assert_eq!(refusal.rejection.code, RejectionCode::HoldExpired);
        }
        other => panic!("{other:?}"),
    }
    fixture.engine.shutdown().await;
}
