//! Selling held seats, told.

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
     alloc h9 none by bob               => hold_unknown
     alloc h1 none by bob               => hold_unknown
     alloc h1 none                      => hold_expired
     alloc h2 none                      => hold_released
     alloc h3 none                      => hold_allocated
     alloc h4 A4 LAWN:0                 => selection_empty
     alloc h4 none                      => selection_empty
     alloc h4 Z1..64 A4 A4              => selection_too_large, could have 64
     alloc h4 A4 A4 A6 Z1 T1 LAWN:3 LAWN:3 POND:1 => seat_repeated A4:held LAWN:3
     alloc h4 A4 A6 A3 Z1 T1 LAWN:3 POND:1 \
       => seat_not_in_hold A6:available A3:allocated Z1:none LAWN:2 ?:none
     alloc h4 A4 T1 LAWN:3 => seat_not_in_hold LAWN:2
     alloc h4 A4 T1 LAWN:2 => table_not_whole T2:held
     alloc h4 A4 T1 T2 LAWN:2 => allocated A4 T1 T2 LAWN:2",
);

#[test]
fn allocated_seats_are_the_buyers_own() {
    check(
        "seats A1 A2
         place h1 ann A1 A2
         alloc h1 as a1                 => allocated A1 A2
         sold a1                        => ann A1 A2
         hold h1                        => allocated at 0
         place h2 bob A1                => seats_unavailable A1:allocated
         at 900
         look A1 A2                     => allocated:a1 allocated:a1
         has ann                        => 2",
    );
}

#[test]
fn a_hold_is_sold_in_parts_and_lives_until_the_last() {
    check(
        "seats A1..4
         place h1 ann A1 A2 A3
         alloc h1 A2 as a1              => allocated A2
         hold h1                        => live A1 A3 until 900 extended 0
         at 100
         alloc h1 A3 A1 as a2           => allocated A3 A1
         hold h1                        => allocated at 100
         sold a1                        => ann A2
         sold a2                        => ann A3 A1
         alloc h1                       => hold_allocated
         at 900
         count                          => available 1 allocated 3",
    );
}

#[test]
fn what_is_not_paid_in_time_expires_and_what_is_stays() {
    check(
        "seats A1..3
         place h1 ann A1 A2 A3
         alloc h1 A2 as a1              => allocated A2
         release h1 A3                  => released A3
         at 900                         => expired h1
         look A1 A2 A3                  => available allocated:a1 available
         has ann                        => 1
         hold h1                        => expired at 900",
    );
}

#[test]
fn the_deadline_binds_before_the_expiry_is_written() {
    check(
        "seats A1 A2
         place h1 ann A1
         place h2 bob A2
         clock 899.999
         alloc h2                       => allocated A2
         clock 900
         alloc h1                       => hold_expired
         look A1                        => held:h1
         at 900                         => expired h1
         alloc h1                       => hold_expired",
    );
}

#[test]
fn a_stranger_cannot_buy_what_another_holds() {
    check(
        "seats A1
         place h1 ann A1
         alloc h1 by bob                => hold_unknown
         alloc h1 A1 by bob             => hold_unknown
         alloc h1                       => allocated A1
         alloc h1 by bob                => hold_unknown",
    );
}

#[test]
fn a_payment_that_comes_twice_sells_once() {
    check(
        "seats A1 A2
         place h1 ann A1 A2
         alloc h1 A1 as a1 req r1       => allocated A1
         alloc h1 A1 as a2 req r1       => again allocated A1
         sold a2                        => ann A1
         alloc h1 A2 req r1             => request_id_reused
         alloc h1 A1                    => seat_not_in_hold A1:allocated
         hold h1                        => live A2 until 900 extended 0",
    );
}
