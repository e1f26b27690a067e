//! What becomes of mistakes: each is made by a program of its own, seed after seed, until it is
//! caught.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::mistakes::Mistake;
use crate::plant::SWITCH;

/// Nobody's name: no mistake is made.
pub(crate) const WITHOUT: &str = "none";

/// Letters of what was found that the table has room for.
const WORDS_MAX: usize = 100;

/// What a run of seeds came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// After so many seeds, the last one with it, by this.
    Caught { seeds: u64, by: String },
    /// By none of the seeds.
    Survived,
}

/// Runs seeds until one goes wrong; without a mistake if it is nobody's name.
pub(crate) fn run(program: &Path, mistake: &str, seeds: Range<u64>) -> Outcome {
    let (start, count) = (seeds.start.to_string(), (seeds.end - seeds.start).to_string());
    let ended = Command::new(program)
        .args(["--until-violation", "--start", &start, "--seeds", &count])
        .env(SWITCH, mistake)
        .output()
        .expect("the program was built");
    let told = String::from_utf8_lossy(&ended.stdout);
    let violation = told.lines().find_map(|line| {
        let (seed, what) = line.strip_prefix("seed ")?.split_once(": ")?;
        let seed: u64 = seed.split(',').next()?.parse().ok()?;
        Some(Outcome::Caught { seeds: seed + 1, by: in_few_words(what) })
    });
    let has_failed = !ended.status.success();
    let errors = String::from_utf8_lossy(&ended.stderr);
    let status = ended.status;
    assert_eq!(violation.is_some(), has_failed, "{mistake}: {status}, {told}\n{errors}");
    violation.unwrap_or(Outcome::Survived)
}

/// Without what stands in braces: all that a fact or a command says of itself.
fn in_few_words(what: &str) -> String {
    let mut depth = 0_usize;
    let outside = what.chars().filter(|letter| {
        let is_outside = depth == 0 && *letter != '{';
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_outside
    });
    outside.take(WORDS_MAX).collect()
}

/// Tries each mistake, as many at a time as there are processors.
pub(crate) fn try_all(program: &Path, mistakes: &[Mistake], seeds: u64) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(vec![None; mistakes.len()]);
    let try_some = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(mistake) = mistakes.get(index) else { return };
            let outcome = run(program, mistake.name, 0..seeds);
            outcomes.lock().expect("nobody panics with it")[index] = Some(outcome);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(try_some);
        }
    });
    let outcomes = outcomes.into_inner().expect("nobody panics with it");
    outcomes.into_iter().map(|outcome| outcome.expect("each was tried")).collect()
}

/// What goes wrong without any mistake in the seeds by which they were caught: nothing may.
pub(crate) fn wrong_without(program: &Path, outcomes: &[Outcome]) -> Vec<Outcome> {
    let caught = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Caught { seeds, .. } => Some(*seeds),
        Outcome::Survived => None,
    });
    let by: BTreeSet<u64> = caught.collect();
    let without = by.into_iter().map(|seeds| run(program, WITHOUT, seeds - 1..seeds));
    without.filter(|outcome| *outcome != Outcome::Survived).collect()
}

/// All of it for people.
pub(crate) fn table(mistakes: &[Mistake], outcomes: &[Outcome], seeds: u64) -> String {
    let mut table =
        "| mistake | what it breaks | caught by | seeds |\n|---|---|---|---|\n".to_owned();
    for (Mistake { name, breaks, .. }, outcome) in mistakes.iter().zip(outcomes) {
        let (by, seeds) = match outcome {
            Outcome::Caught { seeds, by } => (by.replace('|', "/"), seeds.to_string()),
            Outcome::Survived => ("nothing".to_owned(), format!("more than {seeds}")),
        };
        let _ = writeln!(table, "| {name} | {breaks} | {by} | {seeds} |");
    }
    table
}

#[test]
fn few_words_say_what_was_found() {
    let what = "fact 28 HoldExpired { spots: Spots { areas: [] } }: it is not over yet";
    assert_eq!(in_few_words(what), "fact 28 HoldExpired : it is not over yet");
    assert_eq!(in_few_words(&"long ".repeat(WORDS_MAX)).len(), WORDS_MAX);
}
