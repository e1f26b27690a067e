//! What the request log keeps, in numbers that no story reaches.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::fact::Change;
use crate::ids::{EventId, SeatIndex};
use crate::spots::Spots;

const UUID_VARIANT: u128 = 0b10 << 62;

fn id(version: u128, made_at_millis: u64, number: u64) -> RequestId {
    let bits = u128::from(made_at_millis) << 80 | version << 76 | UUID_VARIANT;
    RequestId::new(bits | u128::from(number)).unwrap()
}

fn log(requests_max: usize, request_millis: u64) -> RequestLog {
    let memory = Memory { requests_max, request_millis, ended_holds_max: 1 };
    RequestLog::new(memory, SeededState::default())
}

fn fact(lsn: u64, at: u64, request: Option<RequestId>) -> Fact {
    Fact {
        lsn: Lsn(lsn),
        at: Timestamp(at),
        event_id: EventId(1),
        request: request.map(|id| RequestMark { id, fingerprint: lsn }),
        change: Change::SpotsBlocked { spots: Spots::default() },
    }
}

#[test]
fn never_more_than_the_number_and_the_digest_is_that_of_what_is_left() {
    let (mut log, mut digest) = (log(8, u64::MAX), Digest::default());
    for lsn in 1..=1_000 {
        // Every third id is hashed, and the time-ordered ones come out of order.
        let version = if lsn % 3 == 0 { 8 } else { 7 };
        log.remember(&fact(lsn, lsn, Some(id(version, lsn ^ 1, lsn))), &mut digest);
        assert!(log.len() <= 8, "{} requests after {lsn}", log.len());
    }
    let mut of_what_is_left = Digest::default();
    for fact in log.facts() {
        let (request, lsn) = (fact.request().unwrap(), fact.lsn());
        of_what_is_left.add(Kind::Request, &request_bytes(request, lsn));
        assert!(lsn > Lsn(980), "{lsn} is long over");
    }
    assert_eq!(digest, of_what_is_left);
    assert_eq!(log.facts().count(), 8);
}

#[test]
fn an_id_is_remembered_or_refused_but_never_taken_for_new() {
    let (mut log, mut digest) = (log(5, 50), Digest::default());
    let mut accepted = Vec::new();
    for lsn in 1..=500_u64 {
        let now = lsn * 7;
        // Clocks that disagree by up to 60, either way.
        let made_at = (now + lsn * 37 % 121).saturating_sub(60);
        let request = id(7, made_at, lsn);
        if log.check_age(request, Timestamp(now)).is_ok() {
            log.remember(&fact(lsn, now, Some(request)), &mut digest);
            accepted.push(request);
        }
        for &request in &accepted {
            let refused = log.check_age(request, Timestamp(now)).is_err();
            assert!(log.find(request).is_some() || refused, "{request} could be done twice");
        }
    }
    assert!(accepted.len() > 100, "only {} were accepted", accepted.len());
}

#[test]
fn one_fact_forgets_a_bounded_number() {
    let (mut log, mut digest) = (log(100, 50), Digest::default());
    for lsn in 1..=10 {
        log.remember(&fact(lsn, 0, Some(id(7, 0, lsn))), &mut digest);
    }
    let mut left = Vec::new();
    for lsn in 11..=13 {
        log.remember(&fact(lsn, 1_000, None), &mut digest);
        left.push(log.len());
    }
    assert_eq!(left, [10 - EVICTIONS_PER_FACT_MAX, 10 - 2 * EVICTIONS_PER_FACT_MAX, 0]);
    assert_eq!(digest, Digest::default());
    assert_eq!(log.newest_forgotten(), id(7, 0, 10).get());
}

#[test]
fn hashed_ids_say_nothing_of_time() {
    let (mut log, mut digest) = (log(1, 50), Digest::default());
    for lsn in 1..=3 {
        log.remember(&fact(lsn, 0, Some(id(8, u64::MAX >> 16, lsn))), &mut digest);
    }
    assert_eq!(log.newest_forgotten(), 0);
    assert_eq!(log.check_age(id(8, u64::MAX >> 16, 1), Timestamp(0)), Ok(()));
    assert_eq!(log.check_age(id(7, 0, 1), Timestamp(0)), Ok(()));
}

#[test]
fn how_far_ahead_an_id_may_be_is_bounded() {
    let log = log(1, 50);
    let (now, ahead) = (Timestamp(1_000), REQUEST_AHEAD_MILLIS_MAX);
    assert_eq!(log.check_age(id(7, 1_000 + ahead, 1), now), Ok(()));
    let refused = log.check_age(id(7, 1_001 + ahead, 1), now).unwrap_err();
    assert_eq!(refused.code, RejectionCode::RequestIdAhead);
}

#[test]
fn an_image_has_time_ordered_ids_in_front_of_hashed_ones() {
    let facts = [fact(1, 1, Some(id(8, 0, 1))), fact(2, 2, Some(id(7, 5, 2)))];
    let restore = |facts: [&Fact; 2]| {
        let facts: EncodedFacts = facts.into_iter().collect();
        let mut log = log(9, u64::MAX);
        log.restore(&facts, 0, &mut Digest::default()).map(|()| log.image() == facts)
    };
    assert_eq!(restore([&facts[1], &facts[0]]), Ok(true));
    let out_of_order = restore([&facts[0], &facts[1]]);
    assert!(matches!(out_of_order, Err(ImageError::OutOfOrder { .. })), "{out_of_order:?}");
}

/// What is remembered, in the plainest way.
#[derive(Default)]
struct Plain {
    time_ordered: BTreeMap<RequestId, Fact>,
    hashed: VecDeque<(RequestId, Fact)>,
}

impl Plain {
    fn remember(&mut self, new: &Fact, (kept_max, kept_millis): (usize, u64)) {
        if let Some(RequestMark { id, .. }) = new.request {
            match id.made_at() {
                Some(_) => drop(self.time_ordered.insert(id, new.clone())),
                None => self.hashed.push_back((id, new.clone())),
            }
        }
        for _ in 0..EVICTIONS_PER_FACT_MAX {
            let lowest = self.time_ordered.first_key_value().map(|(_, fact)| fact.at);
            let first = self.hashed.front().map(|(_, fact)| fact.at);
            let Some(at) = lowest.into_iter().chain(first).min() else { return };
            let is_too_much = self.time_ordered.len() + self.hashed.len() > kept_max;
            if !is_too_much && new.at.millis_since(at) <= kept_millis {
                return;
            }
            if lowest == Some(at) {
                self.time_ordered.pop_first();
            } else {
                self.hashed.pop_front();
            }
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let hashed = self.hashed.iter().map(|(_, fact)| fact);
        self.time_ordered.values().chain(hashed).cloned().collect()
    }
}

/// Clocks that disagree, ids of both kinds and of one moment, facts of nobody and long ones.
#[test]
fn it_remembers_what_the_plainest_memory_does() {
    let kept = (300, 4_000);
    let (mut log, mut plain) = (log(kept.0, kept.1), Plain::default());
    let mut digest = Digest::default();
    let mut chance = 1_u64;
    let mut draw = |below: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (chance >> 33) % below
    };
    let mut now = 1_000;
    for lsn in 1..=4_000 {
        // Bursts within a few milliseconds, and pauses in which much grows old.
        now += if lsn % 900 == 0 { 3_900 } else { draw(30) };
        let made_at = (now + draw(400)).saturating_sub(draw(400));
        let version = if draw(3) == 0 { 8 } else { 7 };
        let request = (draw(9) > 0).then(|| id(version, made_at, lsn));
        if request.is_some_and(|id| log.check_age(id, Timestamp(now)).is_err()) {
            continue;
        }
        let mut new = fact(lsn, now, request);
        let seats = (0..draw(6) * draw(900)).map(|seat| SeatIndex(seat as u32));
        new.change = Change::SpotsBlocked { spots: Spots::of_seats(seats) };
        log.remember(&new, &mut digest);
        plain.remember(&new, kept);
        if lsn % 50 == 0 {
            let remembered: Vec<Fact> = log.facts().map(EncodedFact::decode).collect();
            assert_eq!(remembered, plain.facts(), "after {lsn}");
        }
    }
    for fact in plain.facts() {
        let found = log.find(fact.request.unwrap().id);
        assert_eq!(found.map(EncodedFact::decode), Some(fact));
    }

    let image = log.image();
    let (mut restored, mut digest_restored) = (self::log(kept.0, kept.1), Digest::default());
    restored.restore(&image, log.newest_forgotten(), &mut digest_restored).unwrap();
    assert_eq!((restored.image(), digest_restored), (image, digest));
}

/// The most bytes that a log takes while it forgets all but 1,000 of many.
fn most_bytes(ids: impl Iterator<Item = RequestId>) -> usize {
    let (mut log, mut digest) = (log(1_000, u64::MAX), Digest::default());
    let mut most = 0;
    for (lsn, id) in (1..).zip(ids) {
        log.remember(&fact(lsn, lsn, Some(id)), &mut digest);
        most = most.max(log.time_ordered.bytes_reserved() + log.hashed.bytes_reserved());
    }
    assert_eq!(log.len(), 1_000);
    most
}

/// Some 80 bytes a fact, as much again that is forgotten or was never used, and a few pieces.
const BYTES_MAX: usize = 8 * fact_log::PIECE_BYTES;

#[test]
fn what_is_forgotten_takes_no_room() {
    let both = (1..=200_000).map(|number| id(7 + u128::from(number % 2 == 0), number, number));
    let of_one_moment = (1..=200_000).map(|number| id(7, 5, number));
    // A thousand from ahead, and then old ones that are forgotten as soon as they come.
    let ahead = (1..=1_000).map(|number| id(7, 1_000_000 + number, number));
    let behind = ahead.chain((1..=200_000).map(|number| id(7, number, number)));
    // The same, all of them in the drawer of one that stays.
    let last = std::iter::once(id(7, 63, 1));
    let ahead = (1..1_000).map(|number| id(7, 1_000_000 + number, number));
    let within = ahead.chain(last).chain((1..=200_000).map(|number| id(7, 5, number)));
    // One from ahead among many that come and go.
    let mixed = (1..=200_000_u64).map(|number| {
        let ahead = if number % 300 == 0 { 1_000_000 } else { 0 };
        id(7, ahead + number, number)
    });
    assert!(most_bytes(both) <= BYTES_MAX);
    assert!(most_bytes(of_one_moment) <= BYTES_MAX);
    assert!(most_bytes(behind) <= BYTES_MAX);
    assert!(most_bytes(within) <= BYTES_MAX);
    assert!(most_bytes(mixed) <= BYTES_MAX);
}
