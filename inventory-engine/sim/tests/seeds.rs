//! Seeds, as many as a test command has time for. `cargo run -p inventory-sim --release` has more.

use std::collections::BTreeMap;

use inventory_sim::{Tally, run};

/// Seeds of the test command.
const SEEDS: u64 = 150;

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

/// What they are refused for.
const REJECTIONS: [&str; 16] = [
    "event_unknown",
    "event_exists",
    "event_closed",
    "hold_unknown",
    "hold_expired",
    "hold_released",
    "hold_allocated",
    "allocation_unknown",
    "selection_empty",
    "seat_repeated",
    "seat_unknown",
    "seat_not_in_hold",
    "extensions_exhausted",
    "buyer_limit_exceeded",
    "seats_unavailable",
    "not_enough_together",
];

const FAULTS: [&str; 5] = [
    "request duplicated",
    "request sent again",
    "failed sync",
    "power cut between two steps",
    "power cut within a step",
];

const WORK: [&str; 8] = [
    "appends",
    "holds expired",
    "journals that failed",
    "segments compressed",
    "snapshots",
    "starts",
    "starts that failed",
    "steps beside",
];

#[test]
fn nothing_happens_that_must_never_happen() {
    let mut tally = Tally::default();
    for seed in 0..SEEDS {
        match run(seed, &mut |_| ()) {
            Ok(of_seed) => tally.add(&of_seed),
            Err(violation) => panic!("{violation}"),
        }
    }
    let never = |of: &BTreeMap<&str, u64>, words: &[&'static str]| -> Vec<&'static str> {
        words.iter().copied().filter(|word| of.get(word).is_none_or(|times| *times == 0)).collect()
    };
    let unseen = [
        never(&tally.accepted, &CHANGES),
        never(&tally.refused, &REJECTIONS),
        never(&tally.faults, &FAULTS),
        never(&tally.work, &WORK),
    ];
    assert!(unseen.concat().is_empty(), "never {unseen:?}\n{tally}");
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
