//! Extending holds, told.

use crate::rejection::RejectionCode::{
    self, EventClosed, ExtensionsExhausted, HoldAllocated, HoldExpired, HoldReleased, HoldUnknown,
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
        EventClosed,
        ExtensionsExhausted,
    ],
    "seats A1..4
     event 1 extensions 0
     event 2 extensions 0
     place h1 ann A1
     at 900                             => expired h1
     place h2 ann A2
     release h2
     place h3 ann A3
     alloc h3
     place h4 ann A4 on 2
     place h5 ann A4
     close 2
     extend h9 by bob                   => hold_unknown
     extend h1 by bob                   => hold_unknown
     extend h1                          => hold_expired
     extend h2                          => hold_released
     extend h3                          => hold_allocated
     extend h4                          => event_closed
     extend h5                          => extensions_exhausted",
);

#[test]
fn an_extension_gives_a_full_hold_time_from_now() {
    check(
        "seats A1
         event 1 ttl 60
         place h1 ann A1                => placed until 60
         at 45
         extend h1                      => extended until 105
         at 60
         hold h1                        => live A1 until 105 extended 1
         at 104.999
         at 105                         => expired h1",
    );
}

#[test]
fn extensions_are_capped() {
    check(
        "seats A1
         event 1 ttl 60 extensions 2
         place h1 ann A1
         at 10
         extend h1                      => extended until 70
         at 20
         extend h1                      => extended until 80
         at 30
         extend h1                      => extensions_exhausted
         hold h1                        => live A1 until 80 extended 2",
    );
}

#[test]
fn extending_at_once_moves_nothing_but_is_counted() {
    check(
        "seats A1
         event 1 ttl 60 extensions 1
         place h1 ann A1                => placed until 60
         extend h1                      => extended until 60
         extend h1                      => extensions_exhausted",
    );
}

#[test]
fn nobody_extends_a_hold_that_is_over() {
    check(
        "seats A1 A2
         event 1 ttl 60
         place h1 ann A1
         place h2 bob A2
         clock 59.999
         extend h2                      => extended until 119.999
         clock 60
         extend h1                      => hold_expired
         at 60                          => expired h1
         extend h1                      => hold_expired",
    );
}

#[test]
fn a_request_to_extend_that_comes_twice_extends_once() {
    check(
        "seats A1
         event 1 ttl 60 extensions 1
         place h1 ann A1
         at 10
         extend h1 req r1               => extended until 70
         at 20
         extend h1 req r1               => again extended until 70
         hold h1                        => live A1 until 70 extended 1",
    );
}
