//! Does the simulator find what it is there to find? Mistakes that a person could have made are
//! planted in a copy of the workspace, one switch each, and each has to be caught.
//!
//! Must always hold: none of them is in the product's source. They are a list of texts in this
//! test, the copy is made when it runs, and the switch is a function that only the copy has; so
//! no build of `holdfast` can have any of it. And the list does not go stale: where the right
//! text of a mistake is no longer in the source exactly once, the test fails and says which.

mod copy;
mod mistakes;
mod plant;
mod trial;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::trial::{Outcome, WITHOUT};

/// Seeds that a mistake has to be caught within.
const SEEDS_MAX: u64 = 5_000;
/// Seeds of the copy that makes no mistake: it is the mistakes that are caught, not the copying.
const SEEDS_WITHOUT: u64 = 100;

#[test]
fn every_mistake_has_its_place_in_the_source() {
    let mistakes = mistakes::all();
    let names: BTreeSet<_> = mistakes.iter().map(|mistake| mistake.name).collect();
    assert_eq!(names.len(), mistakes.len(), "no two have the same name");
    let (root, mut stale) = (copy::root(), Vec::new());
    let paths: BTreeSet<_> =
        mistakes.iter().flat_map(|mistake| mistake.edits).map(|edit| edit.path).collect();
    for path in paths {
        let text = fs::read_to_string(root.join(path)).unwrap_or_default();
        let planted: Vec<_> =
            mistakes.iter().map(|one| plant::plant(path, &text, &[*one])).collect();
        stale.extend(planted.into_iter().filter_map(Result::err));
        stale.extend(plant::plant(path, &text, &mistakes).err());
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn no_source_of_the_product_knows_of_them() {
    let root = copy::root();
    let here = "inventory-engine/sim/tests/planted/";
    let sources = copy::files(&root).into_iter().filter(|path| path.ends_with(".rs"));
    let knowing: Vec<_> = sources
        .filter(|path| !path.starts_with(here))
        .filter(|path| {
            let text = fs::read_to_string(root.join(path)).expect("a source is a text");
            text.contains("::planted(") || text.contains(plant::SWITCH)
        })
        .collect();
    assert!(knowing.is_empty(), "{knowing:?}");
}

#[test]
fn every_mistake_is_caught() {
    let mistakes = mistakes::all();
    let program = copy::build(&mistakes);
    assert_eq!(trial::run(&program, WITHOUT, 0..SEEDS_WITHOUT), Outcome::Survived);
    let outcomes = trial::try_all(&program, &mistakes, SEEDS_MAX);
    let table = trial::table(&mistakes, &outcomes, SEEDS_MAX);
    println!("{table}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted.md");
    fs::write(path, &table).expect("the table is written");
    let survivors = mistakes.iter().zip(&outcomes).filter(|(_, of)| **of == Outcome::Survived);
    let survivors: Vec<_> = survivors.map(|(mistake, _)| mistake.name).collect();
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
    let wrong = trial::wrong_without(&program, &outcomes);
    assert!(wrong.is_empty(), "not the mistakes were caught: {wrong:?}");
}
