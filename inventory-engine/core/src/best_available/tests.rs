//! Best available, told.

use crate::testing::check;

#[test]
fn the_run_nearest_to_the_focal_point_is_chosen() {
    check(
        "seats A1..7 B1..7 C1..7
         focus B4
         place h1 ann best 1            => placed B4 until 900
         place h2 ann best 3            => placed A3 A4 A5 until 900
         place h3 ann best 3            => placed C3 C4 C5 until 900
         place h4 ann best 3            => placed B1 B2 B3 until 900",
    );
}

#[test]
fn without_a_focal_point_people_look_at_the_middle_of_the_front() {
    check(
        "seats A1..7 B1..7
         place h1 ann best 3            => placed A3 A4 A5 until 900
         place h2 ann best 3            => placed B3 B4 B5 until 900",
    );
}

#[test]
fn of_equally_near_runs_the_first_wins() {
    check(
        "seats A1..4 B1..4
         focus A2
         block A2 B2
         place h1 ann best 1            => placed A1 until 900
         place h2 ann best 1            => placed A3 until 900
         place h3 ann best 1            => placed B1 until 900
         place h4 ann best 1            => placed B3 until 900",
    );
    check(
        "seats A1..3 B1..3 C1..3
         focus B2
         block B1..3
         place h1 ann best 3            => placed A1 A2 A3 until 900
         place h2 ann best 3            => placed C1 C2 C3 until 900",
    );
}

#[test]
fn a_run_never_crosses_rows_or_gaps() {
    check(
        "seats A1..3 B1..3
         place h1 ann best 4            => not_enough_together, could have 3
         place h2 ann A2
         place h3 ann best 3            => placed B1 B2 B3 until 900
         place h4 ann best 2            => not_enough_together, retry later, could have 1",
    );
}

#[test]
fn a_farther_row_with_a_nearer_middle_wins() {
    // Row A begins at the focal point and leads away from it; row B lies around it.
    check(
        "seats A10..16 B6..15
         focus A10
         place h1 ann best 5            => placed B8 B9 B10 B11 B12 until 900",
    );
    // As well where it has no seat more than is wished, and where it has just as many as row A.
    check(
        "seats A10..16 B8..12
         focus A10
         place h1 ann best 5            => placed B8 B9 B10 B11 B12 until 900",
    );
    check(
        "seats A10..19 B6..15
         focus A10
         place h1 ann best 5            => placed B8 B9 B10 B11 B12 until 900",
    );
}

#[test]
fn nearness_is_told_to_a_hundredth() {
    // The third seat of row A is two hundredths away, the first of row B one.
    check(
        "seats A1..3 B1..3
         focus A1
         pitch 0.011
         block A1 A2
         place h1 ann best 1            => placed B1 until 900
         place h2 ann best 2            => placed B2 B3 until 900",
    );
}

#[test]
fn who_does_not_ask_gets_no_accessible_seat() {
    check(
        "seats A1..2 A3* A4+ A5..6
         focus A3
         place h1 ann best 3            => not_enough_together, could have 2
         place h1 ann best 2            => placed A1 A2 until 900
         place h2 ann best 2            => placed A5 A6 until 900
         place h3 ann best 1 => not_enough_together, retry later, could have 0
         place h3 ann best 2 accessible => placed A3 A4 until 900",
    );
}

#[test]
fn who_asks_gets_accessible_seats_only() {
    check(
        "seats A1..2 A3* A4+ A5..6 B1* B2..6
         focus A5
         place h1 ann best 3 accessible => not_enough_together, could have 2
         place h1 ann best 1 accessible => placed A4 until 900
         place h2 ann best 1 accessible => placed A3 until 900
         place h3 ann best 1 accessible => placed B1 until 900
         place h4 ann best 1 accessible => not_enough_together, retry later, could have 0
         release h3
         place h4 ann best 1 accessible => placed B1 until 900
         place h5 ann A3                => seats_unavailable A3:held, retry later",
    );
}

#[test]
fn an_accessible_seat_named_is_given_to_anyone() {
    check(
        "seats A1 A2*
         place h1 ann A2                => placed until 900",
    );
}

#[test]
fn only_the_section_that_was_asked_for() {
    check(
        "seats A1..3 in stalls of gold
         seats B1..3 in circle of gold
         seats C1..2 in circle of silver
         focus A2
         place h1 ann best 2 section circle => placed B1 B2 until 900
         place h2 ann best 2 section circle => placed C1 C2 until 900
         place h3 ann best 2 section circle => not_enough_together, retry later, could have 1
         place h4 ann best 2 section attic => not_enough_together, could have 0
         place h4 ann best 2 section stalls => placed A1 A2 until 900",
    );
}

#[test]
fn only_the_category_that_was_asked_for() {
    check(
        "seats A1..2 in stalls of gold
         seats A3..5 in stalls of silver
         seats B5..8 in circle of silver
         focus A1
         place h1 ann best 2 category silver => placed A3 A4 until 900
         place h2 ann best 3 category gold => not_enough_together, could have 2
         place h3 ann best 4 category silver section stalls => not_enough_together, could have 1
         place h4 ann best 3 category silver => placed B5 B6 B7 until 900
         place h5 ann best 1 category silver section circle => placed B8 until 900
         place h6 ann best 1 category bronze => not_enough_together, could have 0
         place h6 ann best 2 category silver section stalls => \
not_enough_together, retry later, could have 1",
    );
}

#[test]
fn the_longest_run_that_fits_is_told_when_none_is_long_enough() {
    check(
        "seats A1..5 B1..7 C1..3
         block B4
         place h1 ann best 6            => not_enough_together, could have 5
         place h2 bob A3
         place h1 ann best 6            => not_enough_together, could have 3
         place h1 ann best 5            => not_enough_together, retry later, could have 3
         release h2
         block A1..5
         place h1 ann best 6            => not_enough_together, could have 3",
    );
}

#[test]
fn seats_in_no_row_are_next_to_nobody() {
    check(
        "seats A1 A2
         loose T1 T2
         focus T1
         place h1 ann best 2            => placed A1 A2 until 900
         place h2 ann best 1            => not_enough_together, retry later, could have 0
         place h2 ann T1 T2             => placed until 900
         place h3 ann best 1            => not_enough_together, retry later, could have 0",
    );
}

#[test]
fn waiting_is_advised_only_where_it_could_help() {
    check(
        "seats A1..6
         seats B1..3 in circle
         block A3
         place h1 ann A5                => placed until 900
         place h2 bob best 4            => not_enough_together, could have 3
         place h2 bob best 3            => placed B1 B2 B3 until 900
         place h3 cem best 3            => not_enough_together, retry later, could have 2
         place h3 cem best 3 section circle => not_enough_together, retry later, could have 0
         place h3 cem best 1 accessible => not_enough_together, could have 0
         alloc h1                       => allocated A5
         place h3 cem best 3            => not_enough_together, retry later, could have 2
         alloc h2                       => allocated B1 B2 B3
         place h3 cem best 3            => not_enough_together, could have 2",
    );
    check(
        "seats A1..2 A3..4* A5..6
         place h1 ann A1..6
         place h2 bob best 2            => not_enough_together, retry later, could have 0
         place h2 bob best 3            => not_enough_together, could have 0
         place h2 bob best 2 accessible => not_enough_together, retry later, could have 0
         place h2 bob best 3 accessible => not_enough_together, could have 0",
    );
}

#[test]
fn held_places_free_no_seats() {
    check(
        "seats A1..2
         area LAWN 5
         place h1 ann LAWN:5
         block A1 A2
         place h2 bob best 1            => not_enough_together, could have 0",
    );
}

#[test]
fn only_the_zone_that_was_asked_for() {
    check(
        "seats A1..3 in stalls of gold
         seats B1..3 in boxes of gold
         seats C1..4 in circle of silver
         seats D1..9
         zone stalls below
         zone boxes beside
         zone circle above
         focus A2
         place h1 ann best 2 zone above => placed C1 C2 until 900
         place h2 ann best 3 zone above => not_enough_together, retry later, could have 2
         place h2 ann best 5 zone above => not_enough_together, could have 2
         place h3 ann best 3 zone beside => placed B1 B2 B3 until 900
         place h4 ann best 1 zone beside => not_enough_together, retry later, could have 0
         place h4 ann best 1 zone attic => not_enough_together, could have 0
         place h4 ann best 1 zone above section stalls => not_enough_together, could have 0
         place h4 ann best 2 zone above section circle category silver => placed C3 C4 until 900
         place h5 ann best 3            => placed A1 A2 A3 until 900",
    );
}

#[test]
fn types_are_assigned_in_order_from_the_first_seat_to_the_last() {
    check(
        "seats A1..5 in stalls of gold
         seats B1..5 in circle of gold
         zone circle above
         event 1 type adult type child quota 3 for gold
         place h1 ann best 3 zone above as-type child:1 as-type adult:2 \
           => placed B2/child B3/adult B4/adult until 900
         place h2 ann best 4 as-type adult:2 as-type child:2 \
           => placed A1/adult A2/adult A3/child A4/child until 900
         place h3 ann best 1 as-type child:1 => quota_exceeded type 1, retry later, could have 0
         release h2 A3                  => released A3/child
         place h3 ann best 1 as-type child:1 => placed A3/child until 900
         quota adult                    => available 6 held 4",
    );
}

#[test]
fn every_seat_of_a_run_is_sold_as_every_type_of_the_wish() {
    check(
        "seats A1..2 of gold
         seats A3..5 of silver
         seats B1..2 of bronze
         seats B3..4 of gold
         focus A1
         event 1 type all type two for gold for silver type rich for gold type poor for bronze
         place h1 ann best 2 as-type rich:1 as-type poor:1 => not_enough_together, could have 0
         place h1 ann best 4 as-type two:4 => placed A1/two A2/two A3/two A4/two until 900
         place h2 ann best 2 as-type two:1 as-type rich:1 => placed B3/two B4/rich until 900
         place h3 ann best 2 as-type all:1 as-type poor:1 => placed B1/all B2/poor until 900
         place h4 ann best 1 as-type rich:1 => not_enough_together, retry later, could have 0
         place h4 ann best 3 as-type rich:3 => not_enough_together, could have 0
         place h4 ann best 1 as-type two:1 => placed A5/two until 900",
    );
}
