//! `inventory-sim` as a process: its last line says how often it did what, and each thing that it
//! finds comes with the command that shows it again.

use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::process::Command;

use super::{Outcome, Setting};

/// How a line begins that tells how something is seen again; what it is stands in front.
const AGAIN: &str = "see it again:";

/// Runs it. What it did so often, and what it found.
pub(super) async fn simulate(setting: &Setting, arguments: &[String]) -> anyhow::Result<Outcome> {
    let program = setting.simulator.as_ref().context("--simulator names no program")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await.context("run the simulator")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let last = lines.last().context("the simulator says nothing")?;
    let runs = last.split(' ').next().and_then(|word| word.parse().ok());
    let runs = runs.with_context(|| format!("the simulator says: {last}"))?;
    ensure!(runs > 0, "the simulator did nothing: {last}");
    let found = lines.windows(2).filter(|pair| pair[1].starts_with(AGAIN));
    let violations: Vec<_> = found.map(|pair| pair.join(", ")).collect();
    let is_told = output.status.success() == violations.is_empty();
    ensure!(is_told, "the simulator ended with {}: {last}", output.status);
    Ok(Outcome { runs, violations, kept: None, figures: vec![(*last).to_owned()] })
}

/// What several runs of it did and found together.
pub(super) fn together(outcomes: Vec<Outcome>) -> Outcome {
    outcomes.into_iter().fold(Outcome::default(), |mut all, of| {
        all.runs += of.runs;
        all.violations.extend(of.violations);
        all.figures.extend(of.figures);
        all
    })
}

/// Arguments, by their words.
pub(super) fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}
