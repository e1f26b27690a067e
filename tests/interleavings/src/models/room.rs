//! Room for endings: several writers and the journal's thread at one journal that is short.

use loom::thread::{self, JoinHandle};
use persistence::journal::{self, Supply};

use super::in_every_order;
use crate::room::{Room, Toll, fact_bytes};
use crate::story::{Step, Story};
use crate::sync::Arc;

/// A fact's toll, and the bytes that it takes.
#[derive(Clone, Copy, Debug)]
struct Price(Toll, u64);

/// Of two writers that place holds in the last room at once, not both get it: what they take is
/// counted, and what they will owe.
pub fn two_holds_do_not_take_the_same_room() {
    let story = Story::of(&[Step::Hold]);
    in_every_order(move || {
        let [hold] = prices(&story);
        let room = short_room(&[], 2 * hold.1 + owed_by(&[hold; 2]) - 1);
        assert_one_is_taken(&room, hold);
    });
}

/// The same of writers that give a part back, while what the ends of their holds need is kept.
pub fn two_parts_do_not_take_the_same_room() {
    let story = Story::of(&[Step::Hold, Step::ReleasePlace]);
    in_every_order(move || {
        let [hold, release] = prices(&story);
        let owed = owed_by(&[hold, release, hold, release]);
        let room = short_room(&[hold, hold], 2 * release.1 + owed - 1);
        assert_one_is_taken(&room, release);
    });
}

/// While one writer ends a hold, another does not find room that the end takes.
pub fn an_end_takes_its_room_before_it_is_owed_no_more() {
    let story = Story::of(&[Step::Hold, Step::Sell]);
    in_every_order(move || {
        let [hold, sell] = prices(&story);
        // A byte too few for another hold, whether the first has ended or not.
        let room = short_room(&[hold], hold.1 + owed_by(&[hold; 2]) - 1);
        let seller = ask(&room, sell);
        assert!(!room.take(&hold.0));
        assert!(seller.join().expect("it asks and goes"), "an end is never refused");
        assert_eq!(room.owed_bytes(), 0);
    });
}

/// What was written is not free a second time while that is told.
pub fn what_is_written_is_not_free_again() {
    let story = Story::of(&[Step::Hold]);
    in_every_order(move || {
        let [hold] = prices(&story);
        let room = short_room(&[hold], 2 * hold.1 + owed_by(&[hold; 3]) - 1);
        assert!(room.take(&hold.0));
        let journal = thread::spawn({
            let room = Arc::clone(&room);
            move || room.report(short(hold.1 + owed_by(&[hold; 3]) - 1), hold.1)
        });
        assert!(!room.take(&hold.0), "it is a byte too much");
        journal.join().expect("it reports and goes");
        room.report(short(hold.1 + owed_by(&[hold; 3])), 0);
        assert!(room.take(&hold.0), "it is not any more");
    });
}

/// Nothing is refused while it is sure that there will be more, and when all that lived has ended
/// nothing is owed.
pub fn all_that_was_owed_is_paid() {
    let story = Story::of(&[Step::Hold, Step::Sell]);
    in_every_order(move || {
        let prices: [Price; 2] = prices(&story);
        let room = Arc::new(Room::new(0));
        let live = {
            let room = Arc::clone(&room);
            move || assert!(prices.iter().all(|Price(toll, _)| room.take(toll)))
        };
        let other = thread::spawn(live.clone());
        live();
        assert!(room.owed_bytes() <= owed_by(&prices[..1]), "it is never below nothing");
        other.join().expect("it asks and goes");
        assert_eq!(room.owed_bytes(), 0);
    });
}

fn prices<const N: usize>(story: &Story) -> [Price; N] {
    let bytes = story.facts.iter().map(|fact| fact_bytes(&fact.change));
    let prices: Vec<_> = story.tolls.iter().zip(bytes).map(|(&toll, of)| Price(toll, of)).collect();
    prices.try_into().expect("as many as there are steps")
}

/// What is owed when these have been taken.
fn owed_by(prices: &[Price]) -> u64 {
    let room = Room::endless();
    assert!(prices.iter().all(|Price(toll, _)| room.take(toll)));
    room.owed_bytes()
}

/// Room of which these have been taken and written, with so much left, and no more to come.
fn short_room(prices: &[Price], free_bytes: u64) -> Arc<Room> {
    let room = Room::new(0);
    assert!(prices.iter().all(|Price(toll, _)| room.take(toll)));
    room.report(short(free_bytes), prices.iter().map(|Price(_, bytes)| bytes).sum());
    Arc::new(room)
}

fn short(bytes: u64) -> journal::Room {
    journal::Room { bytes, supply: Supply::Short }
}

/// A writer that asks for the room of one fact.
fn ask(room: &Arc<Room>, Price(toll, _): Price) -> JoinHandle<bool> {
    let room = Arc::clone(room);
    thread::spawn(move || room.take(&toll))
}

/// Of two that are asked for at once not both are taken; one can be, if not at once then later.
fn assert_one_is_taken(room: &Arc<Room>, asked: Price) {
    let other = ask(room, asked);
    let mine = room.take(&asked.0);
    let theirs = other.join().expect("it asks and goes");
    assert!(!(mine && theirs));
    assert_ne!(mine || theirs, room.take(&asked.0));
}
