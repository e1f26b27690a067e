//! Closing events, told.

use crate::rejection::RejectionCode::{self, EventClosed, EventUnknown};
use crate::testing::check;

/// Every refusal, mending one mistake at a time.
pub(in crate::commands) const REFUSALS: (&[RejectionCode], &str) = (
    &[EventUnknown, EventClosed],
    "seats A1
     close 9                            => event_unknown
     close 1                            => closed
     close 1                            => event_closed",
);

#[test]
fn a_closed_event_sells_what_is_held_and_nothing_more() {
    check(
        "seats A1..6
         area LAWN 5
         place h1 ann A1 LAWN:2
         place h2 bob A2
         place h3 cem A3
         alloc h3 as a3
         close 1 req r1                 => closed
         place h4 dan A4                => event_closed
         place h4 dan best 1            => event_closed
         place h4 dan LAWN:1            => event_closed
         extend h1                      => event_closed
         alloc h1 A1                    => allocated A1
         release h2                     => released A2
         return a3                      => returned A3
         block A5                       => blocked A5
         at 900                         => expired h1
         count                          => available 4 allocated 1 blocked 1
         places LAWN                    => available 5
         close 1 req r1                 => again closed",
    );
}
