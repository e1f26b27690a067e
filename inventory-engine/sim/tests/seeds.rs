//! Seeds, as many as a test command has time for. `cargo run -p inventory-sim --release` has more.

use std::collections::BTreeMap;

use inventory_core::rejection::RejectionCode;
use inventory_sim::{Step, Tally, run, run_cut_at};

/// Seeds of the test command, and of its long form.
const SEEDS: u64 = 500;
const SEEDS_LONG: u64 = 10_000;

/// Seeds in which something was found once, and what it was. They stay.
const PINNED: [(u64, &str); 2] = [
    (112_641, "segments were removed for a snapshot whose name did not last"),
    (115_931, "a segment that had no space for its mark was counted as room"),
];

/// What buyers and organizers get done.
const CHANGES: [&str; 9] = [
    "event_created",
    "event_closed",
    "hold_placed",
    "hold_extended",
    "hold_released",
    "hold_allocated",
    "spots_returned",
    "spots_blocked",
    "spots_unblocked",
];

const FAULTS: [&str; 17] = [
    "answer lost",
    "client gone",
    "clock set while running",
    "durable end of the journal damaged",
    "failed operation",
    "failed sync",
    "full disk",
    "power cut between two steps",
    "power cut within a step",
    "request duplicated",
    "request lost",
    "request overtaken",
    "request sent again",
    "rotten bit",
    "short write",
    "slow disk",
    "wrong clock at a start",
];

const WORK: [&str; 14] = [
    "answers given again",
    "appends",
    "holds expired",
    "journals that failed",
    "looks at segments that failed",
    "pictures and changes told",
    "segments compressed",
    "segments removed",
    "snapshots",
    "snapshots that failed",
    "starts",
    "starts that failed for faults",
    "starts that failed for rotten bits",
    "steps beside",
];

#[test]
fn nothing_happens_that_must_never_happen() {
    let mut tally = Tally::default();
    // Where each operation on files was done.
    let mut places: BTreeMap<String, u64> = BTreeMap::new();
    let is_long = std::env::var_os("HOLDFAST_TEST_LONG").is_some();
    let seeds = if is_long { SEEDS_LONG } else { SEEDS };
    for seed in (0..seeds).chain(PINNED.map(|(seed, _)| seed)) {
        let of_seed = run(seed, &mut |_| ()).unwrap_or_else(|violation| panic!("{violation}"));
        for operation in of_seed.operations.keys() {
            places.entry(operation.clone()).or_insert(seed);
        }
        tally.add(&of_seed);
    }
    let is_there = |counts: &BTreeMap<&str, u64>, word: &str| counts.contains_key(word);
    let codes = RejectionCode::ALL.map(RejectionCode::name);
    let never = [
        CHANGES.iter().filter(|word| !is_there(&tally.accepted, word)).collect::<Vec<_>>(),
        codes.iter().filter(|word| !is_there(&tally.refused, word)).collect(),
        FAULTS.iter().filter(|word| !is_there(&tally.faults, word)).collect(),
        WORK.iter().filter(|word| tally.work.get(**word).is_none_or(|&of| of == 0)).collect(),
    ];
    assert!(never.concat().is_empty(), "never {never:?}\n{tally}");
    let steps = Step::ALL.map(Step::name);
    let whole: Vec<_> = steps.iter().filter(|step| !is_there(&tally.cuts_behind, step)).collect();
    assert!(whole.is_empty(), "the power never goes behind {whole:?}\n{tally}");
    cut_at_each(places);
}

/// The power goes once in front of each operation that was ever done.
fn cut_at_each(places: BTreeMap<String, u64>) {
    for (operation, seed) in places {
        let tally = run_cut_at(seed, &operation, &mut |_| ()).unwrap_or_else(|violation| {
            panic!("with a power cut in front of {operation:?}: {violation}")
        });
        let cuts = tally.operations.get(&operation).map_or(0, |seen| seen.cut);
        assert!(cuts > 0, "the power never goes in front of {operation:?} in seed {seed}");
    }
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    let traces = [(); 2].map(|()| {
        let mut lines = Vec::new();
        let tally = run(7, &mut |line| lines.push(line.to_owned()));
        (tally, lines)
    });
    assert!(traces[0].1.len() > 500, "{} lines", traces[0].1.len());
    for (first, second) in traces[0].1.iter().zip(&traces[1].1) {
        assert_eq!(first, second);
    }
    assert_eq!(traces[0], traces[1]);
}
