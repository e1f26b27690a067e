//! A disk that is nearly full: new holds are refused first, everything that lives goes on, and
//! nobody has to start anything again once there is space.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use inventory_core::command::{
    Allocate, Block, Command, Extend, Part, Place, Release, Return, Selection, Unblock, Verb,
};
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{AllocationId, BuyerId, Epoch, HoldId, SeatIndex};
use inventory_core::rules::EventRules;
use inventory_engine::answer::{Answer, Failure, Reply};
use inventory_engine::ask::Ask;
use inventory_engine::engine::{Engine, Handle};
use inventory_engine::recovery::empty_shards;
use persistence::batch::Batch;
use persistence::dir::DataDir;
use persistence::journal::{Append, Journal};
use persistence::memory::MemoryJournal;
use support::{EVENT, create_event, request_id};

/// A journal on a disk that is full when the test says so.
struct OnFullDisk {
    journal: MemoryJournal,
    is_full: Arc<AtomicBool>,
}

impl Journal for OnFullDisk {
    fn append(&mut self, group: &[Batch]) -> Append {
        self.journal.append(group)
    }

    fn epoch(&self) -> Epoch {
        self.journal.epoch()
    }

    fn is_short_of_space(&mut self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }
}

fn ann() -> BuyerId {
    BuyerId::new("ann").unwrap()
}

fn place(seats: &[u32]) -> Verb {
    let seats = seats.iter().copied().map(SeatIndex).collect();
    Verb::Place(Place { event_id: EVENT, buyer_id: ann(), selection: Selection::Seats(seats) })
}

fn part(seats: &[u32]) -> Part {
    Part::Seats(seats.iter().copied().map(SeatIndex).collect())
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

/// Holds the seat and gives it back until a hold is refused for want of space, or no more is.
async fn until_holds_are(handle: &Handle, refused: bool, seat: u32) {
    let began = Instant::now();
    loop {
        match ask(handle, place(&[seat])).await {
            Err(Failure::StorageShort { .. }) if refused => return,
            Err(Failure::StorageShort { .. }) => {}
            reply => {
                let hold_id = hold_in(&fact(reply));
                let release = Release { hold_id, buyer_id: ann(), part: Part::Whole };
                fact(ask(handle, Verb::Release(release)).await);
                if !refused {
                    return;
                }
            }
        }
        assert!(began.elapsed() < Duration::from_secs(30), "holds are never refused: {refused}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn new_holds_are_refused_first_and_what_lives_goes_on() {
    let is_full = Arc::new(AtomicBool::new(false));
    let journal = OnFullDisk { journal: MemoryJournal::new(), is_full: Arc::clone(&is_full) };
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open(folder.path()).unwrap();
    let engine = Engine::start_on(Box::new(journal), empty_shards(), dir.charts(), 1).unwrap();
    let handle = engine.handle();
    create_event(&handle, 20, EventRules::default()).await;
    let first = Command { request_id: request_id(), verb: place(&[0, 1, 2]) };
    let first_fact = fact(handle.ask(Ask::command(first.clone()), None).await);
    let hold_id = hold_in(&first_fact);
    let other = hold_in(&fact(ask(&handle, place(&[3, 4])).await));
    let block = |seat| Verb::Block(Block { event_id: EVENT, seats: vec![SeatIndex(seat)] });
    fact(ask(&handle, block(10)).await);

    is_full.store(true, Ordering::Relaxed);
    until_holds_are(&handle, true, 19).await;

    // What is new is refused, and leaves no trace.
    assert_short(&ask(&handle, place(&[5])).await);
    assert_short(&ask(&handle, Verb::Extend(Extend { hold_id, buyer_id: ann() })).await);
    assert_short(&ask(&handle, block(11)).await);
    let view = handle.directory().event(EVENT).unwrap();
    assert_eq!(view.counts().get(SeatStatus::Held), 5);
    assert_eq!(view.counts().get(SeatStatus::Blocked), 1);
    // What the rules refuse, they refuse as ever; what was done is told again.
    assert!(matches!(ask(&handle, place(&[0])).await, Ok(Answer::Refused(_))));
    let again = handle.ask(Ask::command(first), None).await;
    assert!(matches!(&again, Ok(Answer::Accepted(accepted)) if accepted.is_repeat));

    // What lives goes on: a part, the rest, and back.
    let release = Release { hold_id, buyer_id: ann(), part: part(&[0]) };
    fact(ask(&handle, Verb::Release(release)).await);
    let allocate = Allocate { hold_id, buyer_id: ann(), part: Part::Whole };
    let allocation_id = allocation_in(&fact(ask(&handle, Verb::Allocate(allocate)).await));
    let give_back = Return { allocation_id, buyer_id: ann(), part: Part::Whole };
    fact(ask(&handle, Verb::Return(give_back)).await);
    let unblock = Unblock { event_id: EVENT, seats: vec![SeatIndex(10)] };
    fact(ask(&handle, Verb::Unblock(unblock)).await);
    let release = Release { hold_id: other, buyer_id: ann(), part: Part::Whole };
    fact(ask(&handle, Verb::Release(release)).await);
    assert_eq!(view.counts().get(SeatStatus::Available), 20);
    assert_short(&ask(&handle, place(&[5])).await);

    is_full.store(false, Ordering::Relaxed);
    until_holds_are(&handle, false, 19).await;
    assert_eq!(engine.shutdown().await, None);
}
