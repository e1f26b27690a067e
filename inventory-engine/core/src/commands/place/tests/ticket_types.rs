//! What seats and places are sold as: quotas, windows, categories, several types on one hold.

use crate::rejection::RejectionCode::{
    self, AreaFull, AreaUnknown, BuyerLimitExceeded, EventClosed, EventUnknown, NotEnoughTogether,
    QuotaExceeded, SaleClosed, SaleNotOpen, SeatRepeated, SeatUnknown, SeatsUnavailable,
    SelectionEmpty, SelectionTooLarge, TableNotWhole, TicketTypeClosed, TicketTypeMismatch,
    TicketTypeNotOpen, TicketTypeRequired, TicketTypeUnknown,
};
use crate::testing::check;

/// Every refusal of spots with ticket types, mending one mistake at a time.
pub(in crate::commands) const REFUSALS_OF_TYPES: (&[RejectionCode], &str) = (
    &[
        EventUnknown,
        SelectionEmpty,
        SelectionTooLarge,
        SeatRepeated,
        SeatUnknown,
        AreaUnknown,
        TicketTypeUnknown,
        TicketTypeRequired,
        TicketTypeMismatch,
        TableNotWhole,
        EventClosed,
        SaleNotOpen,
        SaleClosed,
        TicketTypeNotOpen,
        TicketTypeClosed,
        BuyerLimitExceeded,
        QuotaExceeded,
        SeatsUnavailable,
        AreaFull,
    ],
    "seats A1..8 of gold
     seats B1..4 of silver
     table T1..2
     area LAWN 4 of gold
     event 1 limit 6 opens 100 closes 500 \
       type adult type child quota 3 opens 200 for gold type late closes 150
     event 2 limit 6 opens 100 closes 500 \
       type adult type child quota 3 opens 200 for gold type late closes 150
     close 2
     block A2 LAWN:2
     place h1 ann LAWN:0/adult A1/adult on 9 => event_unknown
     place h1 ann LAWN:0/adult Z1..64/adult A2 => selection_empty
     place h1 ann Z1..63 A2 A2/adult => selection_too_large, could have 64
     place h1 ann Z9/ghost A2 A2/adult B1/child T1/adult POND:1/late LAWN:3/adult LAWN:3/adult \
       => seat_repeated A2:blocked LAWN:2
     place h1 ann Z9/ghost A2 B1/child T1/adult POND:1/late LAWN:3/adult => seat_unknown Z9:none
     place h1 ann A2/ghost A1 B1/child T1/adult POND:1/late LAWN:5/adult => area_unknown ?:none
     place h1 ann A2/ghost A1 B1/child T1/adult LAWN:1/late LAWN:5/adult \
       => ticket_type_unknown type 1000
     place h1 ann A2/adult A1 B1/child T1/adult LAWN:1/late LAWN:5/adult => ticket_type_required
     place h1 ann A2/child A1/child B1/child T1/adult LAWN:1/late LAWN:5/adult \
       => ticket_type_mismatch B1:available
     place h1 ann A2/child A1/child T1/adult LAWN:1/late LAWN:5/adult on 2 \
       => table_not_whole T2:available
     place h1 ann A2/child A1/child T1..2/adult LAWN:1/late LAWN:5/adult on 2 => event_closed
     place h1 ann A2/child A1/child T1..2/adult LAWN:1/late LAWN:5/adult \
       => sale_not_open, retry at 100
     clock 500
     place h1 ann A2/child A1/child T1..2/adult LAWN:1/late LAWN:5/adult => sale_closed
     clock 199.999
     place h1 ann A2/child A1/child T1..2/adult LAWN:1/late LAWN:5/adult \
       => ticket_type_not_open type 1
     clock 200
     place h1 ann A2/child A1/child T1..2/adult LAWN:1/late LAWN:5/adult \
       => ticket_type_closed type 2
     place h1 ann A2/child A1/child T1..2/adult LAWN:2/child LAWN:5/adult \
       => buyer_limit_exceeded, could have 6
     place h1 ann A2/child A1/child LAWN:2/child LAWN:2/adult \
       => quota_exceeded type 1, could have 3
     place h1 ann A2/child A1/child LAWN:1/child LAWN:2/adult => seats_unavailable A2:blocked
     place h1 ann A3/child A1/child LAWN:1/child LAWN:2/adult => area_full LAWN:2
     place h1 ann A3/child A1/child LAWN:1/child LAWN:1/adult => placed until 1100",
);

/// Every refusal of best available with ticket types, mending one mistake at a time.
pub(in crate::commands) const REFUSALS_OF_WISHED_TYPES: (&[RejectionCode], &str) = (
    &[
        EventUnknown,
        SelectionEmpty,
        SelectionEmpty,
        SelectionTooLarge,
        TicketTypeUnknown,
        TicketTypeRequired,
        TicketTypeMismatch,
        EventClosed,
        SaleNotOpen,
        SaleClosed,
        TicketTypeNotOpen,
        TicketTypeClosed,
        BuyerLimitExceeded,
        QuotaExceeded,
        NotEnoughTogether,
    ],
    "seats A1..6 of gold
     seats B1..6 of silver
     event 1 limit 4 opens 100 closes 500 \
       type adult type child quota 2 opens 200 for gold type late closes 150
     event 2 limit 4 opens 100 closes 500 \
       type adult type child quota 2 opens 200 for gold type late closes 150
     close 2
     block A3 A5
     place h1 ann best 0 as-type ghost:0 on 9 => event_unknown
     place h1 ann best 0 as-type ghost:1 => selection_empty
     place h1 ann best 65 as-type ghost:0 => selection_empty
     place h1 ann best 65 as-type ghost:1 => selection_too_large, could have 64
     place h1 ann best 5 category silver as-type ghost:1 => ticket_type_unknown type 1000
     place h1 ann best 5 category silver as-type child:3 as-type late:1 => ticket_type_required
     place h1 ann best 5 category silver as-type child:3 as-type late:2 on 2 \
       => ticket_type_mismatch type 1
     place h1 ann best 5 category gold as-type child:3 as-type late:2 on 2 => event_closed
     place h1 ann best 5 category gold as-type child:3 as-type late:2 \
       => sale_not_open, retry at 100
     clock 500
     place h1 ann best 5 category gold as-type child:3 as-type late:2 => sale_closed
     clock 199.999
     place h1 ann best 5 category gold as-type child:3 as-type late:2 \
       => ticket_type_not_open type 1
     clock 200
     place h1 ann best 5 category gold as-type child:3 as-type late:2 => ticket_type_closed type 2
     place h1 ann best 5 category gold as-type child:3 as-type adult:2 \
       => buyer_limit_exceeded, could have 4
     place h1 ann best 4 category gold as-type child:3 as-type adult:1 \
       => quota_exceeded type 1, could have 2
     place h1 ann best 4 category gold as-type child:2 as-type adult:2 \
       => not_enough_together, could have 2
     place h1 ann best 2 category gold as-type child:1 as-type adult:1 \
       => placed A1/child A2/adult until 1100",
);

#[test]
fn several_types_are_held_together_and_counted_apart() {
    check(
        "seats A1..4
         area LAWN 10
         event 1 type adult type child quota 5
         place h1 ann A1/adult A2/child LAWN:2/adult LAWN:3/child => placed until 900
         hold h1 => live A1/adult A2/child LAWN:2/adult LAWN:3/child until 900 extended 0
         quota adult                    => available 11 held 3
         quota child                    => available 1 held 4
         places LAWN                    => available 5 held 5
         alloc h1 A2 LAWN:2/child as a1 => allocated A2/child LAWN:2/child
         quota child                    => available 1 held 1 allocated 3
         release h1 LAWN:1/child        => released LAWN:1/child
         release h1 LAWN:1/child        => seat_not_in_hold LAWN:0
         quota child                    => available 2 allocated 3
         at 900                         => expired h1
         quota adult                    => available 14
         quota child                    => available 2 allocated 3
         return a1 LAWN:1/child         => returned LAWN:1/child
         quota child                    => available 3 allocated 2
         return a1                      => returned A2/child LAWN:1/child
         quota child                    => available 5",
    );
}

#[test]
fn a_quota_counts_what_is_held_and_what_is_sold() {
    check(
        "seats A1..9
         event 1 type adult type child quota 3
         place h1 ann A1..2/child       => placed until 900
         place h2 bob A3..4/child       => quota_exceeded type 1, retry later, could have 1
         place h2 bob A3/child A4/adult => placed until 900
         place h3 cem A5/child          => quota_exceeded type 1, retry later, could have 0
         place h3 cem best 1 as-type child:1 \
           => quota_exceeded type 1, retry later, could have 0
         alloc h1                       => allocated A1/child A2/child
         place h3 cem A5..6/child       => quota_exceeded type 1, could have 0
         place h3 cem A5/child          => quota_exceeded type 1, retry later, could have 0
         alloc h2                       => allocated A3/child A4/adult
         place h3 cem A5/child          => quota_exceeded type 1, could have 0
         place h3 cem A5/adult          => placed until 900
         quota child                    => allocated 3",
    );
}

#[test]
fn a_quota_comes_free_by_release_by_expiry_and_by_return() {
    check(
        "seats A1..9
         event 1 type child quota 2
         place h1 ann A1..2/child       => placed until 900
         release h1 A1                  => released A1/child
         place h2 bob A3/child          => placed until 900
         place h3 cem A4/child          => quota_exceeded type 0, retry later, could have 0
         alloc h2 as a2                 => allocated A3/child
         at 900                         => expired h1
         place h3 cem A4..5/child       => quota_exceeded type 0, could have 1
         place h3 cem A4/child          => placed until 1800
         return a2                      => returned A3/child
         place h4 dan A5/child          => placed until 1800
         quota child                    => held 2",
    );
}

#[test]
fn places_as_one_type_do_not_leave_as_another() {
    check(
        "seats A1
         area LAWN 10
         event 1 type adult type child quota 5
         place h1 ann LAWN:2/adult LAWN:2/child
         release h1 LAWN:3/adult        => seat_not_in_hold LAWN:2
         release h1 LAWN:1              => seat_not_in_hold LAWN:0
         release h1 LAWN:1/ghost        => seat_not_in_hold LAWN:0
         release h1 LAWN:2/adult        => released LAWN:2/adult
         release h1 LAWN:1/adult        => seat_not_in_hold LAWN:0
         quota adult                    => available 11
         quota child                    => available 3 held 2
         places LAWN                    => available 8 held 2",
    );
}

#[test]
fn a_type_without_a_quota_sells_the_whole_house() {
    check(
        "seats A1..3
         area LAWN 2
         event 1 type adult type huge quota 4294967295
         quota huge                     => available 4294967295
         place h1 ann A1..2/adult LAWN:2/adult
         place h2 bob A3/huge           => placed until 900
         quota adult                    => available 1 held 4
         quota huge                     => available 4294967294 held 1
         count                          => held 3",
    );
}

#[test]
fn numbers_that_are_absurd_together_are_only_refused() {
    check(
        "seats A1
         area LAWN 10
         event 1 type adult type child quota 4294967295
         event 2 limit 5 type adult type child
         place h1 ann A1/adult LAWN:4294967295/adult LAWN:4294967295/child => area_full LAWN:10
         place h1 ann A1/child LAWN:4294967295/child => area_full LAWN:10
         place h1 ann A1/adult LAWN:4294967295/adult LAWN:4294967295/child on 2 \
           => buyer_limit_exceeded, could have 5
         place h1 ann LAWN:4/adult LAWN:6/child => placed until 900
         place h2 ann LAWN:4294967295/adult LAWN:5/child => area_full LAWN:0
         release h1 LAWN:4294967295/child => seat_not_in_hold LAWN:6",
    );
}

#[test]
fn a_type_opens_and_closes_on_the_millisecond() {
    check(
        "seats A1..9
         event 1 closes 800 type early closes 100 type late opens 100 closes 200 type all
         clock 99.999
         place h1 ann A1/early          => placed until 999.999
         place h2 ann A2/late           => ticket_type_not_open type 1, retry at 100
         place h2 ann A2/early A3/late  => ticket_type_not_open type 1
         clock 100
         place h3 ann A2/early A3/late  => ticket_type_closed type 0
         place h3 ann A2/late           => placed until 1000
         clock 200
         place h4 ann A3/late           => ticket_type_closed type 1
         place h4 ann best 1 as-type late:1 => ticket_type_closed type 1
         place h4 ann A3/all            => placed until 1100
         alloc h1                       => allocated A1/early",
    );
}

#[test]
fn a_wish_for_types_that_are_never_on_sale_together_is_not_told_to_wait() {
    check(
        "seats A1..9
         event 1 closes 500 type first opens 100 type second opens 200 \
           type brief opens 50 closes 150 type never opens 600
         place h1 ann A1/first          => ticket_type_not_open type 0, retry at 100
         place h1 ann A1/second A2/first => ticket_type_not_open type 0, retry at 200
         place h1 ann A1/first A2/brief => ticket_type_not_open type 0, retry at 100
         place h1 ann A1/second A2/brief => ticket_type_not_open type 1
         place h1 ann A1/never          => ticket_type_not_open type 3",
    );
}

#[test]
fn a_type_of_some_categories_is_not_for_the_others() {
    check(
        "seats A1..3 of gold
         seats B1..3 of silver
         loose C1
         area LAWN 5 of gold
         area HALL 5 of silver
         area YARD 5
         event 1 type any type rich for gold type both for gold for silver
         place h1 ann A1/rich B1/rich B2/any C1/rich \
           => ticket_type_mismatch B1:available C1:available
         place h1 ann A1/rich LAWN:1/rich HALL:1/rich HALL:1/any YARD:1/rich YARD:1/both \
           => ticket_type_mismatch HALL:0 YARD:0
         place h1 ann C1/both           => ticket_type_mismatch C1:available
         place h1 ann A1/rich B1/both C1/any LAWN:1/rich HALL:1/both YARD:1/any \
           => placed until 900
         place h2 ann best 1 category silver as-type rich:1 => ticket_type_mismatch type 1
         place h2 ann best 1 category silver as-type both:1 => placed B2/both until 900
         place h3 ann best 1 as-type rich:1 => placed A2/rich until 900",
    );
}

#[test]
fn an_event_without_types_sells_as_nothing_in_particular() {
    check(
        "seats A1..3
         area LAWN 5
         place h1 ann A1/adult          => ticket_type_unknown type 1000
         place h1 ann LAWN:1/adult      => ticket_type_unknown type 1000
         place h1 ann best 1 as-type adult:1 => ticket_type_unknown type 1000
         place h1 ann A1 LAWN:1         => placed until 900",
    );
}

#[test]
fn a_wish_names_a_type_for_each_seat() {
    check(
        "seats A1..5
         event 1 type adult type child quota 4
         place h1 ann best 2            => ticket_type_required
         place h1 ann best 2 as-type adult:1 => ticket_type_required
         place h1 ann best 2 as-type adult:3 => ticket_type_required
         place h1 ann best 2 as-type adult:4294967295 as-type child:3 => ticket_type_required
         place h1 ann best 2 as-type adult:2 as-type child:0 => selection_empty
         place h1 ann best 3 as-type child:1 as-type adult:1 as-type child:1 \
           => placed A2/child A3/adult A4/child until 900
         quota child                    => available 2 held 2
         release h1 A2                  => released A2/child
         quota child                    => available 3 held 1",
    );
}
