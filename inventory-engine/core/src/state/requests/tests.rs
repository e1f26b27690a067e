//! What the request log keeps, in numbers that no story reaches.

use super::*;
use crate::fact::{Change, RequestMark};
use crate::ids::{EventId, Lsn};
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

fn fact(lsn: u64, at: u64, request: Option<RequestId>) -> Arc<Fact> {
    Arc::new(Fact {
        lsn: Lsn(lsn),
        at: Timestamp(at),
        event_id: EventId(1),
        request: request.map(|id| RequestMark { id, fingerprint: lsn }),
        change: Change::SpotsBlocked { spots: Spots::default() },
    })
}

#[test]
fn never_more_than_the_number_and_the_digest_is_that_of_what_is_left() {
    let (mut log, mut digest) = (log(8, u64::MAX), Digest::default());
    for lsn in 1..=1_000 {
        // Every third id is hashed, and the time-ordered ones come out of order.
        let version = if lsn % 3 == 0 { 8 } else { 7 };
        log.remember(fact(lsn, lsn, Some(id(version, lsn ^ 1, lsn))), &mut digest);
        assert_eq!(log.sizes().0, log.sizes().1);
        assert!(log.sizes().0 <= 8, "{} requests after {lsn}", log.sizes().0);
    }
    let mut of_what_is_left = Digest::default();
    for fact in log.facts() {
        of_what_is_left.add(Kind::Request, &request_bytes(fact));
        assert!(fact.lsn > Lsn(980), "{} is long over", fact.lsn);
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
            log.remember(fact(lsn, now, Some(request)), &mut digest);
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
        log.remember(fact(lsn, 0, Some(id(7, 0, lsn))), &mut digest);
    }
    let mut left = Vec::new();
    for lsn in 11..=13 {
        log.remember(fact(lsn, 1_000, None), &mut digest);
        left.push(log.sizes().0);
    }
    assert_eq!(left, [10 - EVICTIONS_PER_FACT_MAX, 10 - 2 * EVICTIONS_PER_FACT_MAX, 0]);
    assert_eq!(digest, Digest::default());
    assert_eq!(log.newest_forgotten(), id(7, 0, 10).get());
}

#[test]
fn hashed_ids_say_nothing_of_time() {
    let (mut log, mut digest) = (log(1, 50), Digest::default());
    for lsn in 1..=3 {
        log.remember(fact(lsn, 0, Some(id(8, u64::MAX >> 16, lsn))), &mut digest);
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
