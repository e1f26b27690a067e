//! What holds of all commands: every refusal has its story, in the order of the checks; and
//! requests are done once.

use super::{allocate, block, close_event, create_event, extend, place, release, return_, unblock};
use crate::rejection::RejectionCode::{
    self, RequestIdAhead, RequestIdReused, RequestTooOld, SelectionEmpty,
};
use crate::testing::check;

/// What is refused before a command is looked at, mending one mistake at a time.
const REFUSALS_OF_REQUESTS: (&[RejectionCode], &str) = (
    &[RequestIdReused, RequestTooOld, RequestIdAhead, SelectionEmpty],
    "seats A1..4
     memory requests 2
     clock 1000
     place h1 ann A1 req r1             => placed until 1900
     place h2 ann none req r1           => request_id_reused
     clock 1001
     place h2 ann A2                    => placed until 1901
     place h3 ann A3                    => placed until 1901
     place h4 ann none req r1           => request_too_old
     place h4 ann none made 1301.001    => request_id_ahead
     place h4 ann none made 1301        => selection_empty",
);

const ALL_REFUSALS: [(&[RejectionCode], &str); 13] = [
    REFUSALS_OF_REQUESTS,
    create_event::tests::REFUSALS,
    close_event::tests::REFUSALS,
    place::tests::REFUSALS_OF_SEATS,
    place::tests::REFUSALS_OF_BEST,
    place::tests::REFUSALS_OF_TYPES,
    place::tests::REFUSALS_OF_WISHED_TYPES,
    extend::tests::REFUSALS,
    release::tests::REFUSALS,
    allocate::tests::REFUSALS,
    return_::tests::REFUSALS,
    block::tests::REFUSALS,
    unblock::tests::REFUSALS,
];

#[test]
fn a_command_that_is_wrong_in_every_way_is_refused_for_one_after_the_other() {
    for (codes, story) in ALL_REFUSALS {
        assert_eq!(check(story), codes, "{story}");
        let place = |code| RejectionCode::ALL.iter().position(|known| *known == code);
        let in_order = codes.iter().copied().map(place).is_sorted();
        assert!(in_order, "checks run in the order of the codes: {codes:?}");
    }
}

#[test]
fn every_code_has_its_story() {
    let told: Vec<RejectionCode> =
        ALL_REFUSALS.into_iter().flat_map(|(_, story)| check(story)).collect();
    for code in RejectionCode::ALL {
        assert!(told.contains(&code), "no story ends in {code}");
    }
}

#[test]
fn a_repeated_request_gets_its_first_result_whatever_happened_since() {
    check(
        "seats A1..4
         place h1 ann A1 req r1         => placed until 900
         place h1 ann A1 req r1         => again placed until 900
         extend h1 req r2               => extended until 900
         release h1                     => released A1
         place h2 bob A1                => placed until 900
         place h1 ann A1 req r1         => again placed until 900
         extend h1 req r2               => again extended until 900
         look A1                        => held:h2
         at 900                         => expired h2
         place h1 ann A1 req r1         => again placed until 900
         look A1                        => available",
    );
}

#[test]
fn best_available_that_comes_twice_gets_the_same_seats() {
    check(
        "seats A1..6
         focus A1
         place h1 ann best 2 req r1     => placed A1 A2 until 900
         place h2 bob best 2 req r2     => placed A3 A4 until 900
         release h1
         place h2 bob best 2 req r2     => again placed A3 A4 until 900
         place h2 bob best 3 req r2     => request_id_reused
         place h3 bob best 2 accessible req r2 => request_id_reused",
    );
}

#[test]
fn a_refused_request_may_come_again() {
    check(
        "seats A1 A2
         place h1 ann A1
         place h2 bob A1 req r1         => seats_unavailable A1:held, retry later
         release h1
         place h2 bob A1 req r1         => placed until 900
         place h2 bob A2 req r2         => placed until 900
         place h2 bob A1 req r1         => again placed until 900",
    );
}

#[test]
fn another_payload_under_a_known_id_is_refused_whoever_sends_it() {
    check(
        "seats A1..4
         place h1 ann A1 A2 req r1
         place h1 ann A2 A1 req r1      => request_id_reused
         place h1 bob A1 A2 req r1      => request_id_reused
         place h1 ann A1 A2 on 9 req r1 => request_id_reused
         alloc h1 req r1                => request_id_reused
         extend h1 req r1               => request_id_reused
         block A3 req r1                => request_id_reused
         unblock A3 req r1              => request_id_reused
         release h1 req r2              => released A1 A2
         release h1 A1 A2 req r2        => request_id_reused
         place h1 ann A1 A2 req r1      => again placed until 900",
    );
}

#[test]
fn requests_are_forgotten_by_number_and_then_refused() {
    check(
        "seats A1..6
         memory requests 3
         event 1
         place h1 ann A1 req r1         => placed until 900
         place h2 ann A2 req r2         => placed until 900
         place h1 ann A1 req r1         => again placed until 900
         place h3 ann A3                => placed until 900
         place h4 ann A4                => placed until 900
         place h1 ann A1 req r1         => request_too_old
         place h2 ann A2 req r2         => again placed until 900
         place h5 ann A5                => placed until 900
         place h2 ann A2 req r2         => request_too_old",
    );
}

#[test]
fn requests_are_forgotten_by_age_and_then_refused() {
    check(
        "seats A1..6
         memory kept 100
         place h1 ann A1 req r1         => placed until 900
         clock 100
         place h2 ann A2                => placed until 1000
         place h1 ann A1 req r1         => again placed until 900
         clock 100.001
         place h3 ann A3                => placed until 1000.001
         place h1 ann A1 req r1         => request_too_old",
    );
}

#[test]
fn an_expiry_forgets_too() {
    check(
        "seats A1..6
         memory kept 100
         event 1 ttl 200
         place h1 ann A1 req r1         => placed until 200
         at 199
         place h1 ann A1 req r1         => again placed until 200
         at 200                         => expired h1
         place h1 ann A1 req r1         => request_too_old",
    );
}

#[test]
fn a_caller_with_a_clock_ahead_makes_nobody_elses_request_old() {
    check(
        "seats A1..8
         memory requests 2
         place h1 eve A1 made 300 req ahead => placed until 900
         place h2 ann A2                => placed until 900
         place h3 ann A3 req r3         => placed until 900
         place h4 ann A4                => placed until 900
         place h5 ann A5                => placed until 900
         place h1 eve A1 req ahead      => again placed until 900
         place h3 ann A3 req r3         => request_too_old",
    );
}

#[test]
fn a_hashed_key_is_recognized_within_the_window_and_taken_for_new_after_it() {
    check(
        "seats A1..8
         memory requests 2
         event 1
         place h1 ann A1 key k1         => placed until 900
         place h1 ann A1 key k1         => again placed until 900
         clock 1
         release h1                     => released A1
         place h2 bob A2                => placed until 901
         place h1 ann A1 key k1         => placed until 901",
    );
}

#[test]
fn of_what_was_accepted_together_a_hashed_key_is_remembered_longest() {
    check(
        "seats A1..8
         memory requests 2
         event 1
         place h1 ann A1 key k1         => placed until 900
         place h2 bob A2 req r2         => placed until 900
         place h3 bob A3                => placed until 900
         place h2 bob A2 req r2         => request_too_old
         place h1 ann A1 key k1         => again placed until 900",
    );
}
