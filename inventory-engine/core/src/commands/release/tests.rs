//! Releasing holds, told.

use crate::rejection::RejectionCode::{
    self, HoldAllocated, HoldExpired, HoldReleased, HoldUnknown, SeatNotInHold, SeatRepeated,
    SelectionEmpty, SelectionTooLarge, TableNotWhole,
};
use crate::testing::check;

/// Every refusal, mending one mistake at a time.
pub(in crate::commands) const REFUSALS: (&[RejectionCode], &str) = (
    &[
        HoldUnknown,
        HoldUnknown,
        HoldExpired,
        HoldReleased,
        HoldAllocated,
        SelectionEmpty,
        SelectionEmpty,
        SelectionTooLarge,
        SeatRepeated,
        SeatNotInHold,
        SeatNotInHold,
        TableNotWhole,
    ],
    "seats A1..6
     table T1..2
     area LAWN 5
     place h1 ann A1
     at 900                             => expired h1
     place h2 ann A2
     release h2
     place h3 ann A3
     alloc h3
     place h4 ann A4 A5 T1 T2 LAWN:2
     release h9 none by bob             => hold_unknown
     release h1 none by bob             => hold_unknown
     release h1 none                    => hold_expired
     release h2 none                    => hold_released
     release h3 none                    => hold_allocated
     release h4 A4 LAWN:0                 => selection_empty
     release h4 none                    => selection_empty
     release h4 Z1..64 A4 A4            => selection_too_large, could have 64
     release h4 A4 A4 A6 Z1 T1 LAWN:3 LAWN:3 POND:1 => seat_repeated A4:held LAWN:3
     release h4 A4 A6 A3 Z1 T1 LAWN:3 POND:1 \
       => seat_not_in_hold A6:available A3:allocated Z1:none LAWN:2 ?:none
     release h4 A4 T1 LAWN:3 => seat_not_in_hold LAWN:2
     release h4 A4 T1 LAWN:2 => table_not_whole T2:held
     release h4 A4 T1 T2 LAWN:2 => released A4 T1 T2 LAWN:2",
);

#[test]
fn released_seats_are_available_at_once() {
    check(
        "seats A1 A2
         place h1 ann A1 A2
         release h1                     => released A1 A2
         count                          => available 2
         hold h1                        => released at 0
         place h2 bob A2 A1             => placed until 900",
    );
}

#[test]
fn a_hold_lives_until_its_last_seat_is_released() {
    check(
        "seats A1..4
         place h1 ann A1 A2 A3
         release h1 A2                  => released A2
         hold h1                        => live A1 A3 until 900 extended 0
         look A1 A2 A3                  => held:h1 available held:h1
         release h1 A2                  => seat_not_in_hold A2:available
         release h1 A3 A1               => released A3 A1
         hold h1                        => released at 0
         release h1                     => hold_released
         at 900",
    );
}

#[test]
fn a_stranger_learns_no_more_than_that_there_is_no_such_hold() {
    check(
        "seats A1..3
         place h1 ann A1
         place h2 ann A2
         place h3 ann A3
         release h1
         alloc h2
         release h3 by bob              => hold_unknown
         release h1 by bob              => hold_unknown
         release h2 by bob              => hold_unknown
         at 900                         => expired h3
         release h3 by bob              => hold_unknown
         release h9 by bob              => hold_unknown
         release h3                     => hold_expired",
    );
}

#[test]
fn the_deadline_binds_a_release_before_the_expiry_is_written() {
    check(
        "seats A1
         place h1 ann A1
         clock 899.999
         release h1 none                => selection_empty
         clock 900
         release h1                     => hold_expired
         look A1                        => held:h1
         at 900                         => expired h1",
    );
}

#[test]
fn a_release_that_comes_twice_releases_once() {
    check(
        "seats A1 A2
         place h1 ann A1
         release h1 req r1              => released A1
         place h2 bob A1                => placed until 900
         release h1 req r1              => again released A1
         look A1                        => held:h2",
    );
}
