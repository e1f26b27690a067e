//! Taking seats off sale, told.

use crate::rejection::RejectionCode::{
    self, EventUnknown, SeatRepeated, SeatUnknown, SeatsUnavailable, SelectionEmpty,
    SelectionTooLarge,
};
use crate::testing::check;

/// Every refusal, mending one mistake at a time.
pub(in crate::commands) const REFUSALS: (&[RejectionCode], &str) = (
    &[EventUnknown, SelectionEmpty, SelectionTooLarge, SeatRepeated, SeatUnknown, SeatsUnavailable],
    "seats A1..4
     place h1 ann A1
     block none on 9                    => event_unknown
     block none                         => selection_empty
     block Z1..16384 A1 A1              => selection_too_large, could have 16384
     block A1 A1 Z1                     => seat_repeated A1:held
     block A1 Z1                        => seat_unknown Z1:none
     block A2 A1                        => seats_unavailable A1:held, retry later
     block A2                           => blocked A2",
);

#[test]
fn blocked_seats_are_for_nobody() {
    check(
        "seats A1..4
         focus A2
         block A2 A3                    => blocked A2 A3
         place h1 ann A2                => seats_unavailable A2:blocked
         place h1 ann best 2            => not_enough_together, could have 1
         place h1 ann best 1            => placed A1 until 900
         block A3                       => seats_unavailable A3:blocked
         count                          => available 1 held 1 blocked 2",
    );
}

#[test]
fn what_is_held_or_sold_is_not_blocked() {
    check(
        "seats A1..4
         place h1 ann A1 A2
         alloc h1 A1
         block A1 A2 A3                 => seats_unavailable A1:allocated A2:held
         block A2 A3                    => seats_unavailable A2:held, retry later
         look A3                        => available
         release h1
         block A2 A3                    => blocked A2 A3",
    );
}

#[test]
fn a_whole_part_of_a_venue_is_blocked_at_once() {
    let row = |row: &str| (1..=200).map(|number| format!(" {row}{number}")).collect::<String>();
    let everything = row("B") + &row("A");
    check(&format!(
        "seats A1..200 B1..200
         block B1..200 A1..200          => blocked{everything}
         place h1 ann best 1            => not_enough_together, could have 0
         unblock B1..200 A1..200        => unblocked{everything}
         place h1 ann best 64           => placed{} until 900",
        (69..=132).map(|number| format!(" A{number}")).collect::<String>(),
    ));
}

#[test]
fn seats_that_jump_between_rows_leave_both_rows_measured() {
    check(
        "seats A1..4 B1..4
         block A1 B4 A3 B1 A2           => blocked A1 B4 A3 B1 A2
         place h1 ann best 3            => not_enough_together, could have 2
         place h1 ann best 2            => placed B2 B3 until 900",
    );
}
