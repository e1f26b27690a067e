//! The language that the core's tests are told in: one step a line, what is asked on the left of
//! `=>`, what comes of it on the right, times in seconds. After every line the state is verified
//! against itself, and against a fresh one to which all facts so far were applied.
//!
//! What the venue is like comes first:
//!
//! - `seats A1..8 B1* B2+ in stalls of gold`: row A, row B; `*` accessible, `+` companion
//! - `loose T1 T2`: seats in no row; `table T1..4`: a table with four seats, sold as a whole
//! - `area LAWN 100 of gold`: an area; `zone stalls left`: a section's zone
//! - `focus A3`: where people look; `pitch 0.5`: seats named before are 0.5 apart, not 10
//! - `memory requests 3 kept 100 ended 2`: how much of what is over is remembered
//! - `event 2 limit 4 ttl 900 extensions 1 opens 100 closes 500`; event 1 without rules of its
//!   own is there where the story names no event; then its ticket types, each with what is said
//!   of it: `type adult quota 10 opens 100 closes 500 for gold for silver`; `type ''` has no key
//!
//! Then what happens:
//!
//! - `place h1 ann A1 A2`, `place h1 ann best 3 section stalls zone left category gold accessible`;
//!   with ticket types `A1/adult LAWN:2/child` and `best 3 as-type adult:2 as-type child:1`
//! - `extend h1`, `release h1 [A1]`, `alloc h1 [A1] [as a1]`, `return a1 [A1]`, each `[by bob]`
//! - `block A1 LAWN:5`, `unblock A1 LAWN:5`, `close 1`
//! - `at 900`: time passes, and what is due expires; `clock 900`: only the first of them
//! - any of these with `on 2`: in event 2; `none`: naming no seat; `req r1`: under that request
//!   id; `key k1`: under that id hashed from a key; `made 50`: under an id made at that time
//!
//! And what one sees: `look A1`, `count`, `places LAWN`, `quota adult`, `has ann`,
//! `hold h1`, `sold a1`.

mod asked;
mod script;
mod story;
mod tell;
mod venue;

use crate::rejection::RejectionCode;

/// Runs a story. Returns the codes of its refusals, in order.
///
/// # Panics
/// At the first line that comes out differently, with the line.
pub(crate) fn check(text: &str) -> Vec<RejectionCode> {
    let mut story = story::Story::new(venue::Venue::read(text));
    for line in script::lines(text) {
        story.step(&line);
    }
    story.codes
}

#[test]
#[should_panic(expected = "line 2: place h1 ann A1 A2")]
fn a_story_that_comes_out_differently_is_told_with_its_line() {
    check(
        "seats A1 A2
         place h1 ann A1 A2 => placed until 901",
    );
}

#[test]
#[should_panic(expected = "line 3: place h2 bob A1")]
fn a_refusal_that_the_story_does_not_tell_fails_it() {
    check(
        "seats A1 A2
         place h1 ann A1 A2
         place h2 bob A1",
    );
}
