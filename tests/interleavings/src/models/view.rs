//! Views: anybody reads an event while its writer goes on.

use inventory_core::spots::Counts;
use loom::thread;

use super::in_every_order;
use crate::story::{Step, Story};
use crate::sync::Arc;

/// Who reads a version and then the states sees what it shows, or newer.
pub fn who_reads_a_version_sees_what_it_shows() {
    let story = Story::of(&[Step::Hold, Step::Sell, Step::Close]);
    in_every_order(move || {
        let event = story.view();
        let writer = thread::spawn({
            let (story, event) = (Arc::clone(&story), Arc::clone(&event));
            move || story.facts.iter().for_each(|fact| event.show(fact))
        });
        let version = event.version();
        let statuses: Vec<u8> = event.statuses().collect();
        let areas: Vec<Counts> = event.areas().collect();
        let is_closed = event.closed_at().is_some();
        let mut from_there_on = story.truth.range(version..).map(|(_, picture)| picture);
        assert!(from_there_on.clone().any(|picture| picture.statuses == statuses));
        assert!(from_there_on.clone().any(|picture| picture.areas == areas));
        assert!(from_there_on.any(|picture| picture.is_closed == is_closed));
        writer.join().expect("the writer shows it all");
    });
}

/// Counts are all of one moment, one of those that there were, and later ones are not of earlier
/// moments.
pub fn counts_are_of_one_moment() {
    // The seat first, and then the place.
    const MOMENTS: [[u32; 4]; 5] =
        [[3, 0, 0, 0], [2, 1, 0, 0], [1, 2, 0, 0], [1, 1, 1, 0], [1, 0, 2, 0]];
    let story = Story::of(&[Step::Hold, Step::Sell]);
    in_every_order(move || {
        let event = story.view();
        let writer = thread::spawn({
            let (story, event) = (Arc::clone(&story), Arc::clone(&event));
            move || story.facts.iter().for_each(|fact| event.show(fact))
        });
        let moment = || {
            let all = event.sections().next().expect("all spots are in no section").counts;
            MOMENTS.iter().position(|counts| *counts == all.0).expect("a moment that there was")
        };
        let first = moment();
        assert!(first <= moment());
        writer.join().expect("the writer shows it all");
        assert_eq!(moment(), MOMENTS.len() - 1);
    });
}
