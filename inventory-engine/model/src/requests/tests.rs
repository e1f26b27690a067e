//! What is forgotten, and in which order.

use inventory_core::fact::Change;
use inventory_core::ids::{EventId, Lsn};

use super::*;
use crate::testing::request_id;

const TIMED: u128 = 7;
const HASHED: u128 = 8;

/// What is left of requests that are done at these times, each by the version of its id and a
/// number that is when the former says that it was made.
fn left(memory: Memory, done: &[(u64, Option<(u128, u64)>)]) -> (Requests, Vec<(u128, u64)>) {
    let mut requests = Requests::default();
    for &(at, id) in done {
        let request = id.map(|(version, number)| {
            let id = request_id(version, number, number);
            RequestMark { id, fingerprint: 1 }
        });
        let (lsn, at, event_id) = (Lsn(1), Timestamp(at), EventId(1));
        let fact = Fact { lsn, at, event_id, request, change: Change::EventClosed };
        requests.remember(&fact, memory);
    }
    let left = requests.in_order().into_iter().map(|(request, _)| {
        let bits = request.id.get();
        (bits >> 76 & 0xf, bits as u64 & 0xffff)
    });
    let left = left.collect();
    (requests, left)
}

fn memory(requests_max: usize, request_millis: u64) -> Memory {
    Memory { requests_max, request_millis, ended_holds_max: 0 }
}

#[test]
fn of_too_many_the_lowest_goes_whenever_it_came() {
    let done = [(1, Some((TIMED, 5))), (1, Some((TIMED, 3))), (1, Some((TIMED, 4)))];
    let (requests, left) = left(memory(2, 1_000), &done);
    assert_eq!(left, [(TIMED, 4), (TIMED, 5)]);
    let at = Timestamp(1);
    let age = |number| requests.check_age(request_id(TIMED, 3, number), at);
    assert_eq!(requests.newest_forgotten, request_id(TIMED, 3, 3).get());
    assert_eq!((age(2), age(3), age(4)), (Err(Age::TooOld), Err(Age::TooOld), Ok(())));
    assert_eq!(requests.check_age(request_id(HASHED, 1, 1), at), Ok(()));
    assert!(requests.find(request_id(TIMED, 3, 3)).is_none());
    assert!(requests.find(request_id(TIMED, 4, 4)).is_some());
}

#[test]
fn of_both_kinds_that_goes_which_was_accepted_earlier() {
    let hashed_first = [(1, Some((HASHED, 9))), (2, Some((TIMED, 1))), (2, Some((HASHED, 2)))];
    assert_eq!(left(memory(2, 1_000), &hashed_first).1, [(TIMED, 1), (HASHED, 2)]);
    let at_once = [(1, Some((HASHED, 1))), (1, Some((TIMED, 9))), (2, Some((HASHED, 2)))];
    assert_eq!(left(memory(2, 1_000), &at_once).1, [(HASHED, 1), (HASHED, 2)]);
}

#[test]
fn what_is_too_old_goes_when_the_next_fact_comes() {
    let done = [(1, Some((TIMED, 1))), (101, None)];
    assert_eq!(left(memory(9, 100), &done).1, [(TIMED, 1)]);
    let done = [(1, Some((TIMED, 1))), (102, None)];
    assert_eq!(left(memory(9, 100), &done).1, []);
    // The lowest is young, and keeps those that are higher.
    let done = [(1, Some((TIMED, 2))), (50, Some((TIMED, 1))), (102, None)];
    assert_eq!(left(memory(9, 100), &done).1, [(TIMED, 1), (TIMED, 2)]);
}

#[test]
fn one_fact_forgets_a_few() {
    let mut done: Vec<_> = (1..=6).map(|number| (1, Some((TIMED, number)))).collect();
    done.push((1_000, None));
    assert_eq!(left(memory(9, 100), &done).1, [(TIMED, 5), (TIMED, 6)]);
}

#[test]
fn an_id_comes_from_no_further_ahead_than_clocks_may_be() {
    let requests = Requests::default();
    let (at, ahead) = (Timestamp(1_000), 1_000 + REQUEST_AHEAD_MILLIS_MAX);
    assert_eq!(requests.check_age(request_id(TIMED, ahead, 1), at), Ok(()));
    assert_eq!(requests.check_age(request_id(TIMED, ahead + 1, 1), at), Err(Age::Ahead));
}
