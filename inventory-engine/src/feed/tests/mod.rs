//! Feeds against the truth: whatever the order of facts, frames and looks, every picture that is
//! handed out is that of its version, also while a writer shows facts on another thread.

mod stage;

use std::thread;

use proptest::prelude::*;

use super::*;
use crate::limits::{FEED_FRAMES_MAX, FEED_PENDING_CHANGES_MAX, FEEDS_MAX};
use stage::Stage;

/// What may happen next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Fact(u8, u8),
    /// More happens than there is room for.
    Flood(u8, u8),
    Frame,
    /// Somebody begins to watch who knows this much: nothing, or a version.
    Join(Option<u8>),
    Look(u8),
    /// Somebody leaves and comes back with what it has seen.
    ComeBack(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (any::<u8>(), any::<u8>()).prop_map(|(what, which)| Step::Fact(what, which)),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(what, which)| Step::Flood(what, which)),
        4 => Just(Step::Frame),
        1 => any::<Option<u8>>().prop_map(Step::Join),
        4 => any::<u8>().prop_map(Step::Look),
        1 => any::<u8>().prop_map(Step::ComeBack),
    ]
}

/// Somebody who watches and keeps a picture.
struct Guest {
    watcher: Watcher,
    picture: Option<Picture>,
}

struct House {
    stage: Stage,
    feeds: Arc<Semaphore>,
    guests: Vec<Guest>,
    spare: Pending,
}

impl House {
    fn new() -> Self {
        let feeds = Arc::new(Semaphore::new(FEEDS_MAX));
        Self { stage: Stage::new(), feeds, guests: Vec::new(), spare: Pending::default() }
    }

    fn guest(&self, picture: Option<Picture>) -> Guest {
        let known = picture.as_ref().map(|picture| picture.version);
        Guest { watcher: watch(&self.stage.view, known, &self.feeds).unwrap(), picture }
    }

    fn take(&mut self, step: Step) {
        let guests = self.guests.len().max(1);
        match step {
            Step::Fact(what, which) => {
                let fact = self.stage.step(what, which);
                fact.into_iter().for_each(|fact| self.stage.view.show(&fact));
            }
            Step::Flood(what, which) => {
                let Some(fact) = self.stage.step(what, which) else { return };
                self.stage.view.show(&fact);
                let tap = self.stage.view.tap();
                tap.tell(fact.lsn.0, |pending| {
                    assert!(!pending.has_room(FEED_PENDING_CHANGES_MAX + 1))
                });
            }
            Step::Frame => drop(make_frame(&self.stage.view, &mut self.spare)),
            Step::Join(known) => {
                let truth = &self.stage.truth;
                let version = |known: u8| truth.values().nth(usize::from(known) % truth.len());
                let picture = known.and_then(version).cloned();
                self.guests.push(self.guest(picture));
            }
            Step::Look(guest) => {
                if let Some(guest) = self.guests.get_mut(usize::from(guest) % guests) {
                    guest.look(&self.stage);
                }
            }
            Step::ComeBack(guest) if !self.guests.is_empty() => {
                let left = self.guests.remove(usize::from(guest) % guests).picture;
                self.guests.push(self.guest(left));
            }
            Step::ComeBack(_) => {}
        }
    }
}

impl Guest {
    /// Takes what there is to be told. Returns whether there was anything.
    fn look(&mut self, stage: &Stage) -> bool {
        let Some(update) = self.watcher.look().expect("the feed runs") else { return false };
        let picture = match update {
            Update::Snapshot(picture) => picture.content().clone(),
            Update::Delta(delta) => {
                let delta = delta.content();
                let mut picture = self.picture.take().expect("a delta leads on from something");
                assert_eq!(delta.from_version, picture.version);
                picture.apply(delta);
                picture
            }
        };
        assert_eq!(picture, stage.truth[&picture.version]);
        self.picture = Some(picture);
        true
    }
}

/// Feeds begin, but their tasks never run: the tests make the frames.
fn idle_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_order_of_facts_frames_and_looks_gives_exact_pictures(
        steps in prop::collection::vec(step(), 1..150)
    ) {
        let runtime = idle_runtime();
        let _entered = runtime.enter();
        let mut house = House::new();
        steps.into_iter().for_each(|step| house.take(step));
        house.take(Step::Frame);
        let (_, now) = house.stage.truth.last_key_value().unwrap();
        for guest in &mut house.guests {
            while guest.look(&house.stage) {}
            assert_eq!(guest.picture.as_ref(), Some(now), "everybody ends with what is so now");
        }
    }
}

#[test]
fn pictures_read_while_a_writer_shows_facts_are_exact() {
    let mut stage = Stage::new();
    let mut facts = Vec::new();
    let mut random = 88_172_645_463_325_252_u64;
    while facts.len() < 40_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        facts.extend(stage.step(random as u8, (random >> 8) as u8 | 1));
    }
    let mut looks = 0;
    thread::scope(|scope| {
        let writer = scope.spawn(|| facts.iter().for_each(|fact| stage.view.show(fact)));
        let tap = stage.view.tap();
        while !writer.is_finished() {
            tap.open();
            let Base { mut picture, exact_from } = Base::read(&stage.view);
            while picture.version < exact_from {
                let mut pending = tap.take(Pending::default());
                assert!(!pending.is_overflowed);
                if pending.to_version > picture.version {
                    picture.apply(&pending.delta(picture.version));
                }
            }
            assert_eq!(picture, stage.truth[&picture.version]);
            tap.close();
            looks += 1;
        }
    });
    assert!(looks > 10, "{looks} looks are no test");
    let (now, _) = stage.truth.last_key_value().unwrap();
    assert_eq!(stage.view.picture(), stage.truth[now]);
}

#[test]
fn who_is_behind_the_ring_gets_a_snapshot_and_who_is_within_it_a_merged_delta() {
    let runtime = idle_runtime();
    let _entered = runtime.enter();
    let mut house = House::new();
    let mut slow = house.guest(None);
    assert!(slow.look(&house.stage), "a snapshot");
    let frame = |house: &mut House| {
        let mut number = 0_u8;
        while !make_frame(&house.stage.view, &mut house.spare) {
            house.take(Step::Fact(number.wrapping_mul(7) % 16, number | 1));
            number = number.wrapping_add(1);
        }
    };
    for _ in 0..FEED_FRAMES_MAX {
        frame(&mut house);
    }
    let mut slower = house.guest(slow.picture.clone());
    let Some(Some(Update::Delta(merged))) = slow.watcher.look() else { panic!("a delta") };
    let Some(Some(Update::Delta(same))) = slower.watcher.look() else { panic!("a delta") };
    assert!(Arc::ptr_eq(&merged, &same), "merged once for two who are as far behind");
    let mut lost = house.guest(slow.picture.clone());
    frame(&mut house);
    let Some(Some(Update::Snapshot(_))) = lost.watcher.look() else { panic!("a snapshot") };
    assert!(matches!(slow.watcher.look(), Some(Some(Update::Delta(_)))));
    assert!(matches!(slow.watcher.look(), Some(None)), "there is nothing more");
    let ahead = watch(&house.stage.view, Some(u64::MAX), &house.feeds).unwrap().look();
    assert!(matches!(ahead, Some(Some(Update::Snapshot(_)))), "nobody knows the future");
}

#[test]
fn more_than_there_is_room_for_becomes_a_snapshot() {
    let mut pending = Pending::default();
    assert!(pending.has_room(FEED_PENDING_CHANGES_MAX));
    pending.seat(1, inventory_core::fact::SeatStatus::Held);
    assert!(pending.has_room(FEED_PENDING_CHANGES_MAX - 1) && !pending.is_overflowed);
    assert!(!pending.has_room(FEED_PENDING_CHANGES_MAX) && pending.is_overflowed);
    let runtime = idle_runtime();
    let _entered = runtime.enter();
    let mut house = House::new();
    let mut guest = house.guest(None);
    guest.look(&house.stage);
    let placed = |which| Step::Fact(1, which);
    for step in [placed(70), Step::Frame, Step::Flood(1, 77), placed(3), Step::Frame] {
        house.take(step);
    }
    assert!(matches!(guest.watcher.look(), Some(Some(Update::Snapshot(_)))));
}

#[test]
fn a_feed_ends_a_while_after_its_last_watcher_left() {
    let runtime = idle_runtime();
    let _entered = runtime.enter();
    let mut house = House::new();
    house.feeds = Arc::new(Semaphore::new(1));
    let mut first = house.guest(None);
    assert!(first.look(&house.stage), "a snapshot");
    let other = Stage::new();
    assert_eq!(watch(&other.view, None, &house.feeds).unwrap_err(), TooManyFeeds);
    let a_while_passes = |house: &House| {
        let mut desk = house.stage.view.feed().desk();
        desk.as_mut().unwrap().deserted_at -= FEED_LINGER;
    };
    a_while_passes(&house);
    assert!(!end_if_deserted(&house.stage.view), "it is watched");
    house.take(Step::Fact(1, 70));
    house.take(Step::Frame);
    let left = first.picture.clone();
    drop(first);
    assert!(!end_if_deserted(&house.stage.view), "it lingers");
    let mut again = house.guest(left);
    assert!(again.look(&house.stage));
    drop(again);
    a_while_passes(&house);
    assert!(end_if_deserted(&house.stage.view));
    assert!(!house.stage.view.tap().is_open() && house.stage.view.feed().desk().is_none());
    // What nobody watches is not told.
    house.take(Step::Fact(1, 77));
    assert_eq!(house.stage.view.tap().take(Pending::default()).to_version, 0);
}
