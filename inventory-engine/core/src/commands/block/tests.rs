//! Taking seats off sale, told.

use crate::rejection::RejectionCode::{
    self, AreaFull, AreaUnknown, EventUnknown, SeatRepeated, SeatUnknown, SeatsUnavailable,
    SelectionEmpty, SelectionTooLarge, TableNotWhole, TicketTypeMismatch,
};
use crate::testing::check;

/// Every refusal, mending one mistake at a time.
pub(in crate::commands) const REFUSALS: (&[RejectionCode], &str) = (
    &[
        EventUnknown,
        SelectionEmpty,
        SelectionTooLarge,
        SeatRepeated,
        SeatUnknown,
        AreaUnknown,
        TicketTypeMismatch,
        TicketTypeMismatch,
        TableNotWhole,
        SeatsUnavailable,
        AreaFull,
    ],
    "seats A1..4
     table T1..2
     area LAWN 5
     event 1 type adult
     place h1 ann A1/adult LAWN:2/adult
     block none on 9                    => event_unknown
     block none                         => selection_empty
     block Z1..16384 A1 A1              => selection_too_large, could have 16384
     block A1 A1 Z1 POND:1 LAWN:4       => seat_repeated A1:held
     block A1 Z1 POND:1 LAWN:4          => seat_unknown Z1:none
     block A1/adult T1 POND:1 LAWN:4    => area_unknown ?:none
     block A1/ghost T1 LAWN:4/adult     => ticket_type_mismatch type 1000
     block A1 T1 LAWN:4/adult           => ticket_type_mismatch type 0
     block A1 T1 LAWN:4                 => table_not_whole T2:available
     block A1 T1 T2 LAWN:4              => seats_unavailable A1:held, retry later
     block A2 T1 T2 LAWN:4              => area_full LAWN:3, retry later
     block A2 T1 T2 LAWN:3              => blocked A2 T1 T2 LAWN:3",
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
fn blocked_places_are_for_nobody() {
    check(
        "area LAWN 10
         event 1 type adult quota 8
         place h1 ann LAWN:3/adult
         block LAWN:4                   => blocked LAWN:4
         places LAWN                    => available 3 held 3 blocked 4
         quota adult                    => available 5 held 3
         place h2 bob LAWN:4/adult      => area_full LAWN:3, retry later
         place h2 bob LAWN:7/adult      => quota_exceeded type 0, retry later, could have 5
         block LAWN:4                   => area_full LAWN:3, retry later
         block LAWN:3                   => blocked LAWN:3
         unblock LAWN:8                 => seat_not_blocked LAWN:7
         unblock LAWN:2                 => unblocked LAWN:2
         place h2 bob LAWN:2/adult      => placed until 900
         places LAWN                    => held 5 blocked 5",
    );
}

#[test]
fn a_ticket_type_takes_no_part_in_blocking() {
    check(
        "seats A1
         area LAWN 10
         event 1 type adult quota 2
         block A1/adult                 => ticket_type_mismatch type 0
         block LAWN:3/adult             => ticket_type_mismatch type 0
         block A1 LAWN:3                => blocked A1 LAWN:3
         unblock A1/ghost               => ticket_type_mismatch type 1000
         unblock LAWN:1/adult           => ticket_type_mismatch type 0
         quota adult                    => available 2",
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
