//! Putting blocked seats back on sale, told.

use crate::rejection::RejectionCode::{
    self, AreaUnknown, EventUnknown, SeatNotBlocked, SeatRepeated, SeatUnknown, SelectionEmpty,
    SelectionTooLarge, TableNotWhole, TicketTypeMismatch,
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
        TableNotWhole,
        SeatNotBlocked,
        SeatNotBlocked,
    ],
    "seats A1..4
     table T1..2
     area LAWN 5
     event 1 type adult
     block A1 LAWN:2 T1 T2
     unblock none on 9                  => event_unknown
     unblock none                       => selection_empty
     unblock Z1..16384 A2 A2            => selection_too_large, could have 16384
     unblock A2 A2 Z1 POND:1            => seat_repeated A2:available
     unblock A2 Z1 POND:1               => seat_unknown Z1:none
     unblock A1 A2/adult T1 POND:1      => area_unknown ?:none
     unblock A1 A2/adult T1 LAWN:3      => ticket_type_mismatch type 0
     unblock A1 A2 T1 LAWN:3            => table_not_whole T2:blocked
     unblock A1 A2 T1 T2 LAWN:3         => seat_not_blocked A2:available
     unblock A1 T1 T2 LAWN:3            => seat_not_blocked LAWN:2
     unblock A1 T1 T2 LAWN:2            => unblocked A1 T1 T2 LAWN:2",
);

#[test]
fn unblocked_seats_are_on_sale_again() {
    check(
        "seats A1..3
         block A1 A2 A3
         place h1 ann best 2            => not_enough_together, could have 0
         unblock A2 A3                  => unblocked A2 A3
         place h1 ann best 2            => placed A2 A3 until 900
         count                          => held 2 blocked 1",
    );
}

#[test]
fn waiting_makes_no_seat_blocked() {
    check(
        "seats A1..3
         place h1 ann A1 A2
         alloc h1 A2
         unblock A1                     => seat_not_blocked A1:held
         unblock A1 A2 A3 => seat_not_blocked A1:held A2:allocated A3:available
         look A1 A2                     => held:h1 allocated:h1",
    );
}
