//! A disk that is nearly full: new holds are refused first, everything that lives goes on, and
//! nobody has to start anything again once there is space.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{Arc, mpsc};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use inventory_core::command::{
    Allocate, Block, Command, Extend, Part, Place, Release, Return, Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{AllocationId, BuyerId, Epoch, HoldId, SeatIndex};
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_engine::answer::{Answer, Failure, Reply};
use inventory_engine::ask::Ask;
use inventory_engine::engine::{Engine, Handle};
use inventory_engine::recovery::empty_shards;
use persistence::batch::Batch;
use persistence::dir::DataDir;
use persistence::journal::{Append, Journal, Room, Supply};
use persistence::memory::{MemoryDisk, MemoryJournal};
use support::{EVENT, ask_for_event, create_event, request_id};
use tokio::time::timeout;

/// Too little for new holds, plenty for those that live.
const NEARLY_FULL: Room = Room { bytes: 100_000, supply: Supply::Short };
/// Far longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Not even enough for what was kept for endings.
const FULL: Room = Room { bytes: 0, supply: Supply::Short };

fn ann() -> BuyerId {
    BuyerId::new("ann").unwrap()
}

fn seats_at(seats: &[u32]) -> Spots {
    Spots::of_seats(seats.iter().copied().map(SeatIndex))
}

fn place(seats: &[u32]) -> Verb {
    let spots = Selection::Spots(seats_at(seats));
    Verb::Place(Place { event_id: EVENT, buyer_id: ann(), selection: spots })
}

fn part(seats: &[u32]) -> Part {
    Part::Spots { seats: seats.iter().copied().map(SeatIndex).collect(), areas: Vec::new() }
}

fn whole(hold_id: HoldId) -> Release {
    Release { hold_id, buyer_id: ann(), part: Part::Whole }
}

async fn ask(handle: &Handle, verb: Verb) -> Reply {
    let command = Command { request_id: request_id(), verb };
    handle.ask(Ask::command(command), None).await
}

/// A reply without the chart that comes with it.
fn told(reply: &Reply) -> String {
    match reply {
        Ok(Answer::Accepted(accepted)) => format!("accepted: {:?}", accepted.fact.change),
        Ok(Answer::Refused(refusal)) => format!("refused: {}", refusal.rejection),
        Ok(Answer::Hold(_) | Answer::Verified(_)) => "an answer to a look".to_owned(),
        Err(failure) => format!("failed: {failure}"),
    }
}

#[track_caller]
fn fact(reply: Reply) -> Arc<Fact> {
    match reply {
        Ok(Answer::Accepted(accepted)) => accepted.fact,
        other => panic!("not accepted: {}", told(&other)),
    }
}

#[track_caller]
fn hold_in(fact: &Fact) -> HoldId {
    match fact.change {
        Change::HoldPlaced { hold_id, .. } => hold_id,
        ref other => panic!("not a hold: {other:?}"),
    }
}

#[track_caller]
fn allocation_in(fact: &Fact) -> AllocationId {
    match fact.change {
        Change::HoldAllocated { allocation_id, .. } => allocation_id,
        ref other => panic!("not an allocation: {other:?}"),
    }
}

#[track_caller]
fn assert_short(reply: &Reply) {
    assert!(matches!(reply, Err(Failure::StorageShort { .. })), "{}", told(reply));
}

/// Asks for a hold until one is taken. Nothing is written meanwhile: that there is space again
/// is found out by the journal alone.
async fn until_a_hold_is_taken(handle: &Handle, seat: u32) {
    let began = Instant::now();
    while let Err(Failure::StorageShort { .. }) = ask(handle, place(&[seat])).await {
        assert!(began.elapsed() < PATIENCE, "holds are refused for ever");
        tokio::task::yield_now().await;
    }
}

/// A journal that knows what room it has, and tells nobody but who starts the engine.
struct Taciturn {
    inner: MemoryJournal,
    starter: ThreadId,
    /// Ends when the test does.
    ended: mpsc::Receiver<()>,
}

impl Journal for Taciturn {
    fn append(&mut self, group: &[Batch]) -> Append {
        self.inner.append(group)
    }

    fn epoch(&self) -> Epoch {
        self.inner.epoch()
    }

    fn room(&mut self) -> Room {
        if std::thread::current().id() != self.starter {
            let _ = self.ended.recv();
        }
        self.inner.room()
    }
}

#[tokio::test]
async fn the_first_command_of_all_finds_the_room_that_a_start_has() {
    let disk = MemoryDisk::new();
    disk.set_room(Room { bytes: 0, supply: Supply::Awaited });
    let (end, ended) = mpsc::channel();
    let (inner, starter) = (disk.open().0, std::thread::current().id());
    let journal = Box::new(Taciturn { inner, starter, ended });
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open(folder.path()).unwrap();
    let engine = Engine::start_on(journal, empty_shards(), dir.charts(), 1).unwrap();
    let handle = engine.handle();
    let asked = timeout(PATIENCE, ask_for_event(&handle, 20, EventRules::default()));
    assert_short(&asked.await.expect("what is refused for want of room waits for nothing"));

    disk.set_room(Room::UNLIMITED);
    drop(end);
    let began = Instant::now();
    while let Err(Failure::StorageShort { .. }) =
        ask_for_event(&handle, 20, EventRules::default()).await
    {
        assert!(began.elapsed() < PATIENCE, "there is room, and events are refused");
    }
    until_a_hold_is_taken(&handle, 19).await;
    assert_eq!(engine.shutdown().await, None);
}

#[tokio::test]
async fn new_holds_are_refused_first_and_what_lives_goes_on() {
    let disk = MemoryDisk::new();
    let (journal, _) = disk.open();
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open(folder.path()).unwrap();
    let engine = Engine::start_on(Box::new(journal), empty_shards(), dir.charts(), 1).unwrap();
    let handle = engine.handle();
    create_event(&handle, 20, EventRules::default()).await;
    let first = Command { request_id: request_id(), verb: place(&[0, 1, 2]) };
    let first_fact = fact(handle.ask(Ask::command(first.clone()), None).await);
    let hold_id = hold_in(&first_fact);
    let other = hold_in(&fact(ask(&handle, place(&[3, 4])).await));
    let block = |seat| Verb::Block(Block { event_id: EVENT, spots: seats_at(&[seat]) });
    fact(ask(&handle, block(10)).await);
    fact(ask(&handle, block(11)).await);

    // What is written next is the first to find it so.
    disk.set_room(NEARLY_FULL);
    fact(ask(&handle, block(12)).await);

    // What is new is refused, and leaves no trace.
    assert_short(&ask(&handle, place(&[5])).await);
    assert_short(&ask(&handle, Verb::Extend(Extend { hold_id, buyer_id: ann() })).await);
    assert_short(&ask(&handle, block(13)).await);
    let view = handle.directory().event(EVENT).unwrap();
    assert_eq!(view.counts().get(SeatStatus::Held), 5);
    assert_eq!(view.counts().get(SeatStatus::Blocked), 3);
    // What the rules refuse, they refuse as ever; what was done is told again.
    assert!(matches!(ask(&handle, place(&[0])).await, Ok(Answer::Refused(_))));
    let again = handle.ask(Ask::command(first), None).await;
    assert!(matches!(&again, Ok(Answer::Accepted(accepted)) if accepted.is_repeat));

    // What lives goes on: a part, the rest, and back.
    fact(ask(&handle, Verb::Release(Release { part: part(&[0]), ..whole(hold_id) })).await);
    let allocate = Allocate { hold_id, buyer_id: ann(), part: Part::Whole };
    let allocation_id = allocation_in(&fact(ask(&handle, Verb::Allocate(allocate)).await));
    let give_back = Return { allocation_id, buyer_id: ann(), part: Part::Whole };
    fact(ask(&handle, Verb::Return(give_back)).await);
    let unblock = |seat| Verb::Unblock(Unblock { event_id: EVENT, spots: seats_at(&[seat]) });
    fact(ask(&handle, unblock(10)).await);

    // With nothing to spare, holds still end whole.
    disk.set_room(FULL);
    fact(ask(&handle, unblock(11)).await);
    assert_short(&ask(&handle, unblock(12)).await);
    assert_short(&ask(&handle, Verb::Release(Release { part: part(&[3]), ..whole(other) })).await);
    fact(ask(&handle, Verb::Release(whole(other))).await);
    assert_eq!(view.counts().get(SeatStatus::Available), 19);
    assert_short(&ask(&handle, place(&[5])).await);

    disk.set_room(Room::UNLIMITED);
    until_a_hold_is_taken(&handle, 19).await;
    assert_eq!(engine.shutdown().await, None);
}
