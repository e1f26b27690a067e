//! Images of shards, behind the checksums of a snapshot.
//!
//! Must hold for each: it is refused with a reason, or written as exactly these bytes again. The
//! core refuses what contradicts itself; a state that it does restore gives the same image again,
//! has no violation in any event, and goes on as every other state that was restored of it,
//! whatever its maps hash by, until its last hold has expired and further.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use inventory_charts::generate;
use inventory_core::chart::Chart;
use inventory_core::command::{BestAvailable, Command, Place, Selection, Verb};
use inventory_core::ids::{ChartHash, Lsn};
use inventory_core::state::{Decision, ImageError, ShardImage, ShardState};
use inventory_core::time::Timestamp;
use persistence::encoding::{read_image, write_image};

use crate::story::{self, CHART};

/// Another chart, so that an image may name the wrong one.
static OTHER: LazyLock<Arc<Chart>> =
    LazyLock::new(|| Arc::new(generate::with_seats(40).expect("there are such venues")));

/// How many holds are let expire. An image of a few thousand bytes has hardly more.
const EXPIRIES_MAX: usize = 64;

/// An image as a snapshot's section has it.
pub(crate) fn check(input: &[u8]) {
    let Ok(mut image) = read_image(input) else { return };
    let mut again = Vec::new();
    write_image(&image, &mut again);
    assert_eq!(again, input, "an image has one encoding");
    // No mutation hits a digest of 128 bits, so that the image is told what it has to say.
    if let Err(ImageError::DigestDiffers { found, said }) = restore(&image, 1) {
        assert_eq!(said, image.digest);
        image.digest = found;
    }
    let Ok(mut one) = restore(&image, 1) else { return };
    let mut other = restore(&image, 2).expect("no seed of a map decides what an image says");
    assert_eq!(one.image(), image);
    check_same(&one, &other);
    if image.last_lsn < Lsn(u64::MAX >> 17) {
        go_on(&mut one, &mut other);
    }
}

fn restore(image: &ShardImage, hash_seed: u64) -> Result<ShardState, ImageError> {
    ShardState::restore(image.clone(), &charts_of(image), hash_seed)
}

/// A chart for every name: a mutated one has to lead somewhere.
fn charts_of(image: &ShardImage) -> BTreeMap<ChartHash, Arc<Chart>> {
    let chart = |hash: ChartHash| {
        let known = if hash.0[0].is_multiple_of(4) { &OTHER } else { &CHART };
        (hash, Arc::clone(known))
    };
    image.charts().into_keys().map(chart).collect()
}

fn check_same(one: &ShardState, other: &ShardState) {
    assert_eq!(one.image(), other.image());
    let events = one.events().map(|event| event.id).collect::<Vec<_>>();
    for event_id in events {
        let verification = one.verify_event(event_id).expect("the event is there");
        assert_eq!(verification.violations, Vec::<String>::new());
        assert_eq!(other.verify_event(event_id), Some(verification));
    }
}

/// Lets holds expire, and a buyer come into each event.
fn go_on(one: &mut ShardState, other: &mut ShardState) {
    let mut now = one.last_at();
    for _ in 0..EXPIRIES_MAX {
        let Some(deadline) = one.earliest_deadline() else { break };
        now = now.max(deadline);
        let expired = one.decide_expiry(now).expect("a deadline that has come");
        assert_eq!(other.decide_expiry(now).as_ref(), Some(&expired));
        one.apply(&expired);
        other.apply(&expired);
    }
    let events = one.events().map(|event| event.id).collect::<Vec<_>>();
    for (number, event_id) in (1_000..).zip(events) {
        let wish = BestAvailable { quantity: 2, ..BestAvailable::default() };
        let selection = Selection::BestAvailable(wish);
        let place = Place { event_id, buyer_id: story::buyer(), selection };
        let request_id = story::request_id(number);
        let command = Command { request_id, verb: Verb::Place(place) };
        let decided = one.decide(now, &command);
        assert_eq!(other.decide(now, &command), decided);
        if let Ok(Decision::New(fact)) = decided
            && now < Timestamp(u64::MAX >> 1)
        {
            one.apply(&fact);
            other.apply(&fact);
        }
    }
    check_same(one, other);
}

/// The story's shard at its beginning and at its end, and an empty one.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let empty = ShardState::new(story::EVENT.shard());
    let states = [empty, story::on_sale().state, story::whole().state];
    let seed = |state: &ShardState| {
        let mut seed = Vec::new();
        write_image(&state.image(), &mut seed);
        seed
    };
    states.iter().map(seed).collect()
}
