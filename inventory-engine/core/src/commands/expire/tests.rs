//! Holds that run out, told.

use crate::testing::check;

#[test]
fn a_hold_expires_at_exactly_its_deadline() {
    check(
        "seats A1
         place h1 ann A1                => placed until 900
         at 899.999
         look A1                        => held:h1
         at 900                         => expired h1
         look A1                        => available
         hold h1                        => expired at 900
         has ann                        => 0",
    );
}

#[test]
fn the_earliest_deadline_expires_first() {
    check(
        "seats A1..4
         event 1 ttl 60
         event 2 ttl 30
         place h1 ann A1                => placed until 60
         at 10
         place h2 bob A2                => placed until 70
         place h3 cat A1 on 2           => placed until 40
         extend h1                      => extended until 70
         at 40                          => expired h3
         at 100                         => expired h1 h2
         at 200",
    );
}

#[test]
fn a_hold_that_is_over_does_not_expire() {
    check(
        "seats A1..4
         place h1 ann A1
         place h2 ann A2
         place h3 ann A3
         place h4 ann A4
         release h1
         alloc h2
         extend h3
         at 900                         => expired h3 h4
         at 2000",
    );
}

#[test]
fn ended_holds_are_forgotten_in_the_order_of_their_ends() {
    check(
        "seats A1..4
         memory ended 2
         place h1 ann A1
         place h2 ann A2
         place h3 ann A3
         release h2
         alloc h1
         extend h2                      => hold_released
         at 900                         => expired h3
         extend h2                      => hold_unknown
         hold h2                        => forgotten
         extend h1                      => hold_allocated
         extend h3                      => hold_expired",
    );
}
