//! Sold seats that come back, told.

use crate::rejection::RejectionCode::{
    self, AllocationUnknown, SeatNotInAllocation, SeatRepeated, SelectionEmpty, SelectionTooLarge,
    TableNotWhole,
};
use crate::testing::check;

/// Every refusal, mending one mistake at a time.
pub(in crate::commands) const REFUSALS: (&[RejectionCode], &str) = (
    &[
        AllocationUnknown,
        AllocationUnknown,
        SelectionEmpty,
        SelectionTooLarge,
        SeatRepeated,
        SeatNotInAllocation,
        SeatNotInAllocation,
        TableNotWhole,
    ],
    "seats A1..4
     table T1..2
     area LAWN 5
     place h1 ann A1 A2 T1 T2 LAWN:2
     alloc h1 as a1
     block A3
     return a9 none by bob              => allocation_unknown
     return a1 none by bob              => allocation_unknown
     return a1 none                     => selection_empty
     return a1 Z1..64 A1 A1             => selection_too_large, could have 64
     return a1 A1 A1 A3 Z1 T1 LAWN:3 LAWN:1 => seat_repeated A1:allocated LAWN:3
     return a1 A1 A3 A4 Z1 T1 LAWN:3 \
       => seat_not_in_allocation A3:blocked A4:available Z1:none LAWN:2
     return a1 A1 T1 LAWN:3             => seat_not_in_allocation LAWN:2
     return a1 A1 T1 LAWN:2             => table_not_whole T2:allocated
     return a1 A1 T1 T2 LAWN:2          => returned A1 T1 T2 LAWN:2",
);

#[test]
fn returned_seats_are_on_sale_again() {
    check(
        "seats A1 A2
         place h1 ann A1 A2
         alloc h1 as a1
         return a1                      => returned A1 A2
         sold a1                        => gone
         count                          => available 2
         has ann                        => 0
         return a1                      => allocation_unknown
         place h2 bob A1                => placed until 900
         hold h1                        => allocated at 0",
    );
}

#[test]
fn an_allocation_lives_until_its_last_seat_is_returned() {
    check(
        "seats A1..4
         place h1 ann A1 A2 A3
         alloc h1 as a1
         return a1 A2                   => returned A2
         sold a1                        => ann A1 A3
         return a1 A2                   => seat_not_in_allocation A2:available
         place h2 bob A2                => placed until 900
         return a1 A2                   => seat_not_in_allocation A2:held
         return a1 A3                   => returned A3
         return a1 A1                   => returned A1
         sold a1                        => gone",
    );
}

#[test]
fn a_seat_sold_again_does_not_come_back_from_its_first_buyer() {
    check(
        "seats A1
         place h1 ann A1
         alloc h1 as a1
         return a1 req r1               => returned A1
         place h2 bob A1
         alloc h2 as a2                 => allocated A1
         return a1                      => allocation_unknown
         return a1 req r1               => again returned A1
         look A1                        => allocated:a2
         return a2 by ann               => allocation_unknown",
    );
}
