//! Histories of a server that is right, with concurrency, lost answers, repeats and holds that run
//! out: nothing is found in any of them.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::server::{Run, allocate, extend, give_back, place, release};
use crate::checker::check;
use crate::history::{Accepted, Done};
use crate::history::{AllocationId, Ask, HoldId, NEVER_MICROS, Said};

/// Decisions of a run.
const DECISIONS: u64 = 150;

/// What clients know of, to ask for more.
#[derive(Default)]
struct Known {
    holds: Vec<HoldId>,
    allocations: Vec<AllocationId>,
    /// Requests whose answers were lost.
    open: Vec<(u128, u64, Ask)>,
}

fn wish(rng: &mut ChaCha8Rng, known: &Known) -> Ask {
    let some = |rng: &mut ChaCha8Rng, count: usize| rng.random_range(0..count.max(1));
    match rng.random_range(0..10) {
        0..=2 if !known.holds.is_empty() => allocate(known.holds[some(rng, known.holds.len())]),
        3 if !known.holds.is_empty() => release(known.holds[some(rng, known.holds.len())]),
        4 if !known.holds.is_empty() => extend(known.holds[some(rng, known.holds.len())]),
        5 if !known.allocations.is_empty() => {
            give_back(known.allocations[some(rng, known.allocations.len())])
        }
        _ => {
            let first = rng.random_range(0..4);
            place(&[first, first + 1][..rng.random_range(1..=2)])
        }
    }
}

/// Decisions follow each other; what is around each of them overlaps with others'.
fn run(seed: u64) -> Run {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut run, mut known) = (Run::new(), Known::default());
    let mut now = 10_000;
    for number in 1..=DECISIONS {
        let is_pause = rng.random_range(0..6) == 0;
        // In every other run some twenty requests overlap.
        let step = if seed.is_multiple_of(2) { 20_000 } else { 600 };
        now += rng.random_range(1..if is_pause { 45 * step } else { step });
        let again = (rng.random_range(0..3) == 0).then(|| known.open.pop()).flatten();
        let (id, invoked, ask) = match again {
            Some((id, _, ask)) => (id, now - rng.random_range(0..900), ask),
            None => {
                let ask = wish(&mut rng, &known);
                (u128::from(number), now - rng.random_range(0..9_000), ask)
            }
        };
        let is_lost = rng.random_range(0..6) == 0;
        let answered = if is_lost { NEVER_MICROS } else { now + rng.random_range(0..9_000) };
        let sent = run.send(id, [invoked, now, answered], ask.clone());
        if is_lost {
            known.open.push((id, now, ask));
        }
        if let Said::Accepted(Accepted { done, .. }) = &run.sendings[sent].said {
            match done {
                Done::Placed { hold_id, .. } => known.holds.push(*hold_id),
                Done::Allocated { allocation_id, .. } => known.allocations.push(*allocation_id),
                _ => {}
            }
        }
    }
    run
}

#[test]
fn what_is_right_passes_whatever_was_lost_or_came_twice() {
    let (mut lost, mut refused, mut ran_out) = (0, 0, 0);
    for seed in 0..300 {
        let run = run(seed);
        lost += run.sendings.iter().filter(|of| of.said == Said::Unknown).count();
        let is_refusal = |said: &Said| matches!(said, Said::Rejected(_));
        refused += run.sendings.iter().filter(|of| is_refusal(&of.said)).count();
        let is_end = |of: &&crate::checker::Fact| of.change == crate::checker::Change::HoldExpired;
        ran_out += run.server.facts.iter().filter(is_end).count();
        let evidence = run.evidence();
        let violations = check(&evidence);
        let words: Vec<_> = violations.iter().map(ToString::to_string).collect();
        assert!(words.is_empty(), "seed {seed}: {}", words.join("\n"));
    }
    assert!(lost > 1_000 && refused > 1_000 && ran_out > 500, "{lost} {refused} {ran_out}");
}

/// Decided by nobody, or by somebody who is never told: both may be.
#[test]
fn what_was_never_answered_may_have_been_done_or_not() {
    for was_done in [true, false] {
        let mut run = Run::new();
        if was_done {
            run.send(1, [100, 150, NEVER_MICROS], place(&[3]));
        }
        run.send(2, [200, 250, 300], place(&[3]));
        assert_eq!(check(&run.evidence()), [], "done: {was_done}");
    }
}
