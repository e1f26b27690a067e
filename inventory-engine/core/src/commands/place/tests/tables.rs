//! Tables that are sold only as a whole: nobody takes one apart, at any time.

use crate::testing::check;

#[test]
fn a_whole_table_is_held_whole_or_not_at_all() {
    check(
        "seats A1..2
         table T1..4
         place h1 ann T1                => table_not_whole T2:available T3:available T4:available
         place h1 ann T4 A1 T2          => table_not_whole T1:available T3:available
         place h1 ann T3 T1 A1 T4 T2    => placed until 900
         place h2 bob T1                => table_not_whole T2:held T3:held T4:held
         place h2 bob T1..4 => \
seats_unavailable T1:held T2:held T3:held T4:held, retry later
         count                          => available 1 held 5",
    );
}

#[test]
fn a_whole_table_is_released_sold_and_returned_whole() {
    check(
        "seats A1..2
         table T1..3
         place h1 ann A1 T1..3
         release h1 T1 T2               => table_not_whole T3:held
         alloc h1 A1 T3                 => table_not_whole T1:held T2:held
         alloc h1 T1..3 as a1           => allocated T1 T2 T3
         return a1 T2                   => table_not_whole T1:allocated T3:allocated
         return a1 T3 T2 T1             => returned T3 T2 T1
         release h1 A1                  => released A1
         count                          => available 5",
    );
}

#[test]
fn of_two_tables_on_one_hold_one_may_go() {
    check(
        "table T1..2
         table U1..2
         place h1 ann T1..2 U1          => table_not_whole U2:available
         place h1 ann T1 U1 => table_not_whole T2:available U2:available
         place h1 ann U2 T1..2 U1       => placed until 900
         release h1 U1 T1 T2            => table_not_whole U2:held
         release h1 U1 U2               => released U1 U2
         hold h1                        => live T1 T2 until 900 extended 0
         place h2 bob U1..2             => placed until 900
         at 900                         => expired h1 h2
         count                          => available 4",
    );
}

#[test]
fn a_whole_table_is_blocked_whole() {
    check(
        "table T1..2
         block T1                       => table_not_whole T2:available
         block T1..2                    => blocked T1 T2
         place h1 ann T1..2 => seats_unavailable T1:blocked T2:blocked
         unblock T2                     => table_not_whole T1:blocked
         unblock T2 T1                  => unblocked T2 T1
         place h1 ann T1..2             => placed until 900",
    );
}

#[test]
fn best_available_takes_no_table_apart() {
    check(
        "seats A1
         table T1..4
         focus T1
         place h1 ann best 4            => not_enough_together, could have 1
         place h1 ann best 1            => placed A1 until 900
         place h2 bob best 1            => not_enough_together, retry later, could have 0",
    );
}

#[test]
fn the_seats_of_one_table_are_sold_as_different_types() {
    check(
        "table T1..3
         event 1 type adult type child quota 1
         place h1 ann T1/adult T2..3/child => quota_exceeded type 1, could have 1
         place h1 ann T1..2/adult T3/child => placed until 900
         release h1 T3                  => table_not_whole T1:held T2:held
         release h1 T3 T1 T2            => released T3/child T1/adult T2/adult
         quota child                    => available 1",
    );
}
