//! Holding seats, told. Places in areas, whole tables and ticket types have files of their own.

mod areas;
mod tables;
mod ticket_types;

pub(in crate::commands) use ticket_types::{REFUSALS_OF_TYPES, REFUSALS_OF_WISHED_TYPES};

use crate::rejection::RejectionCode::{
    self, BuyerLimitExceeded, EventUnknown, NotEnoughTogether, SaleClosed, SaleNotOpen,
    SeatRepeated, SeatUnknown, SeatsUnavailable, SelectionEmpty, SelectionTooLarge,
};
use crate::testing::check;

/// Every refusal of seats that the buyer chose, mending one mistake at a time.
pub(in crate::commands) const REFUSALS_OF_SEATS: (&[RejectionCode], &str) = (
    &[
        EventUnknown,
        SelectionEmpty,
        SelectionTooLarge,
        SeatRepeated,
        SeatUnknown,
        SaleNotOpen,
        SaleClosed,
        BuyerLimitExceeded,
        SeatsUnavailable,
    ],
    "seats A1..8
     event 1 limit 3 opens 100 closes 500
     block A2
     place h1 ann none on 9             => event_unknown
     place h1 ann none                  => selection_empty
     place h1 ann Z1..63 A2 A2          => selection_too_large, could have 64
     place h1 ann Z9 A1 A2 A2 A3        => seat_repeated A2:blocked
     place h1 ann Z9 A1 A2 A3           => seat_unknown Z9:none
     place h1 ann A1 A2 A3 A4           => sale_not_open, retry at 100
     clock 500
     place h1 ann A1 A2 A3 A4           => sale_closed
     clock 499.999
     place h1 ann A1 A2 A3 A4           => buyer_limit_exceeded, could have 3
     place h1 ann A1 A2 A3              => seats_unavailable A2:blocked
     place h1 ann A1 A3 A4              => placed until 1399.999",
);

/// Every refusal of best available, mending one mistake at a time.
pub(in crate::commands) const REFUSALS_OF_BEST: (&[RejectionCode], &str) = (
    &[
        EventUnknown,
        SelectionEmpty,
        SelectionTooLarge,
        SaleNotOpen,
        SaleClosed,
        BuyerLimitExceeded,
        NotEnoughTogether,
    ],
    "seats A1..6
     event 1 limit 4 opens 100 closes 500
     block A4
     place h1 ann best 0 on 9           => event_unknown
     place h1 ann best 0                => selection_empty
     place h1 ann best 65               => selection_too_large, could have 64
     place h1 ann best 5                => sale_not_open, retry at 100
     clock 500
     place h1 ann best 5                => sale_closed
     clock 100
     place h1 ann best 5                => buyer_limit_exceeded, could have 4
     place h1 ann best 4                => not_enough_together, could have 3
     place h1 ann best 3                => placed A1 A2 A3 until 1000",
);

#[test]
fn a_late_payment_loses_the_seats() {
    check(
        "seats  A1 A2
         place  h1 ann A1 A2            => placed until 900
         place  h2 bob A2               => seats_unavailable A2:held, retry later
         at     900                     => expired h1
         place  h3 bob A2               => placed until 1800
         alloc  h1                      => hold_expired
         look   A1 A2                   => available held:h3",
    );
}

#[test]
fn all_seats_or_none() {
    check(
        "seats A1..5
         place h1 ann A2                => placed until 900
         place h2 bob A1 A2 A3          => seats_unavailable A2:held, retry later
         look A1 A2 A3                  => available held:h1 available
         has bob                        => 0
         hold h2                        => forgotten",
    );
}

#[test]
fn every_seat_in_the_way_is_named_with_its_state() {
    check(
        "seats A1..5
         place h1 ann A1 A2
         alloc h1 A1
         block A3
         place h2 bob A1 A2 A3 A4 => seats_unavailable A1:allocated A2:held A3:blocked
         place h2 bob A4 A2             => seats_unavailable A2:held, retry later
         place h2 bob A1 A2             => seats_unavailable A1:allocated A2:held
         place h2 bob A3                => seats_unavailable A3:blocked
         place h2 bob Z1 A1 Z2          => seat_unknown Z1:none Z2:none
         place h2 bob Z1 A1 Z1 A1 A1    => seat_repeated A1:allocated Z1:none",
    );
}

#[test]
fn a_hold_takes_as_many_seats_as_are_possible() {
    check(
        "seats A1..65
         place h1 ann A1..65            => selection_too_large, could have 64
         place h1 ann A1..63 A1         => seat_repeated A1:available
         place h1 ann A1..64            => placed until 900
         place h2 bob A65               => placed until 900
         count                          => held 65",
    );
}

#[test]
fn the_sale_opens_and_closes_on_the_millisecond() {
    check(
        "seats A1..5
         event 1 opens 100 closes 500
         clock 99.999
         place h1 ann A1                => sale_not_open, retry at 100
         clock 100
         place h1 ann A1                => placed until 1000
         clock 499.999
         place h2 ann A2                => placed until 1399.999
         clock 500
         place h3 ann A3                => sale_closed
         extend h2                      => extended until 1400
         alloc h1                       => allocated A1",
    );
}

#[test]
fn a_buyers_limit_counts_what_is_held_and_what_is_owned() {
    check(
        "seats A1..8
         event 1 limit 3
         place h1 ann A1 A2             => placed until 900
         place h2 ann A3 A4             => buyer_limit_exceeded, could have 1
         place h2 ann A3                => placed until 900
         place h3 ann A4                => buyer_limit_exceeded, could have 0
         place h3 ann best 1            => buyer_limit_exceeded, could have 0
         place h3 bob A4 A5 A6          => placed until 900
         alloc h1 as a1                 => allocated A1 A2
         has ann                        => 3
         place h4 ann A7                => buyer_limit_exceeded, could have 0",
    );
}

#[test]
fn a_buyers_limit_falls_when_seats_come_back() {
    check(
        "seats A1..8
         event 1 limit 3
         place h1 ann A1 A2 A3
         release h1 A1                  => released A1
         has ann                        => 2
         place h2 ann A4                => placed until 900
         alloc h2 as a2                 => allocated A4
         has ann                        => 3
         at 900                         => expired h1
         has ann                        => 1
         return a2                      => returned A4
         has ann                        => 0
         place h3 ann A1 A2 A3          => placed until 1800",
    );
}

#[test]
fn seats_of_a_hold_that_is_due_are_not_given_away_before_its_expiry() {
    check(
        "seats A1
         place h1 ann A1                => placed until 900
         clock 900
         place h2 bob A1                => seats_unavailable A1:held, retry later
         at 900                         => expired h1
         place h2 bob A1                => placed until 1800",
    );
}

#[test]
fn a_clock_that_steps_back_moves_no_deadline_back() {
    check(
        "seats A1 A2
         clock 100
         place h1 ann A1                => placed until 1000
         clock 50
         place h2 ann A2                => placed until 1000",
    );
}
