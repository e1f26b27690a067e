//! What came of the rows: one table on the terminal, the same one on a page, and an object of
//! JSON a row.

pub mod machine;
pub mod page;

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use crate::rounds::{Figures, Latency};
use crate::rows::Row;

/// Two rates that differ by less than this part of the other are not told apart.
pub const DIFFERENCE_MIN: f64 = 0.15;

/// A row that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Of the row.
    pub name: &'static str,
    /// Of what it is compared with.
    pub peer_name: &'static str,
    /// What ours over the peer's is to be at least.
    pub target: Option<f64>,
    /// Our side.
    pub ours: Figures,
    /// The other one.
    pub peer: Figures,
}

impl Outcome {
    /// What two sides of a row did.
    pub fn of(row: &Row, (ours, peer): (Figures, Figures)) -> Self {
        Self { name: row.name, peer_name: row.peer_name, target: row.target, ours, peer }
    }

    /// Ours over the peer's.
    pub fn ratio(&self) -> f64 {
        self.ours.per_second / self.peer.per_second
    }

    /// Whether the target is met; `None` if there is none.
    pub fn met(&self) -> Option<bool> {
        self.target.map(|target| self.ratio() >= target)
    }

    /// Whether one side is faster by more than what two runs of the same differ by.
    pub fn differs(&self) -> bool {
        let ratio = self.ratio();
        ratio.min(1.0 / ratio) < 1.0 - DIFFERENCE_MIN
    }
}

/// A row as others read it. Rates are in confirmed operations a second; what has no latencies of
/// its own has null in their place.
#[derive(Debug, Serialize)]
struct Line<'a> {
    name: &'a str,
    ours: f64,
    peer: f64,
    ratio: f64,
    target: Option<f64>,
    met: Option<bool>,
    peer_name: &'a str,
    ours_slowest: f64,
    ours_fastest: f64,
    peer_slowest: f64,
    peer_fastest: f64,
    ours_p50_micros: Option<u64>,
    ours_p99_micros: Option<u64>,
    peer_p50_micros: Option<u64>,
    peer_p99_micros: Option<u64>,
    ours_refused: u64,
    peer_refused: u64,
}

/// An object of JSON a row, each on a line of its own.
///
/// # Errors
/// If there is a number that JSON does not have.
pub fn json_lines(outcomes: &[Outcome]) -> anyhow::Result<String> {
    let mut text = String::new();
    for outcome in outcomes {
        let (ours, peer) = (&outcome.ours, &outcome.peer);
        let line = Line {
            name: outcome.name,
            ours: ours.per_second.round(),
            peer: peer.per_second.round(),
            ratio: (outcome.ratio() * 1_000.0).round() / 1_000.0,
            target: outcome.target,
            met: outcome.met(),
            peer_name: outcome.peer_name,
            ours_slowest: ours.per_second_range.0.round(),
            ours_fastest: ours.per_second_range.1.round(),
            peer_slowest: peer.per_second_range.0.round(),
            peer_fastest: peer.per_second_range.1.round(),
            ours_p50_micros: ours.latency.map(|latency| latency.p50_micros),
            ours_p99_micros: ours.latency.map(|latency| latency.p99_micros),
            peer_p50_micros: peer.latency.map(|latency| latency.p50_micros),
            peer_p99_micros: peer.latency.map(|latency| latency.p99_micros),
            ours_refused: ours.refused,
            peer_refused: peer.refused,
        };
        text.push_str(&serde_json::to_string(&line).context("write a row as JSON")?);
        text.push('\n');
    }
    Ok(text)
}

const HEAD: [&str; 10] = [
    "row",
    "beside",
    "ours/s",
    "peer/s",
    "ratio",
    "target",
    "met",
    "ours p50 / p99 ms",
    "peer p50 / p99 ms",
    "refused",
];

/// The table, in the form that both a terminal and Markdown show well.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(outcomes.iter().map(cells));
    let width = |column: usize| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
    };
    let widths: [usize; HEAD.len()] = std::array::from_fn(width);
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        text.push('|');
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            // Words stand to the left, numbers to the right.
            let padded = if column < 2 {
                format!(" {cell:<width$} |")
            } else {
                format!(" {cell:>width$} |")
            };
            text.push_str(&padded);
        }
        text.push('\n');
        if number == 0 {
            text.push('|');
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + 1);
                text.push_str(&if column < 2 {
                    format!("{dashes}-|")
                } else {
                    format!("{dashes}:|")
                });
            }
            text.push('\n');
        }
    }
    text
}

fn cells(outcome: &Outcome) -> [String; HEAD.len()] {
    let (ours, peer) = (&outcome.ours, &outcome.peer);
    let both = |of: Latency| format!("{} / {}", millis(of.p50_micros), millis(of.p99_micros));
    let latency = |of: &Figures| of.latency.map(both).unwrap_or_default();
    let about = if outcome.differs() { "" } else { "~ " };
    let met = match outcome.met() {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "",
    };
    [
        outcome.name.to_owned(),
        outcome.peer_name.to_owned(),
        thousands(ours.per_second),
        thousands(peer.per_second),
        format!("{about}{}", in_digits(outcome.ratio())),
        outcome.target.map(|target| format!("{target:.2}")).unwrap_or_default(),
        met.to_owned(),
        latency(ours),
        latency(peer),
        format!("{} / {}", ours.refused, peer.refused),
    ]
}

/// With at least one digit that says something, where there is one in a thousand.
fn in_digits(ratio: f64) -> String {
    if ratio < 0.1 { format!("{ratio:.3}") } else { format!("{ratio:.2}") }
}

/// A whole number with a comma behind each thousand.
pub fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn millis(micros: u64) -> String {
    format!("{:.2}", micros as f64 / 1_000.0)
}

/// Writes a file in whole.
///
/// # Errors
/// If it cannot be written.
pub fn write_file(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

/// Writes to the standard output.
///
/// # Errors
/// If nobody reads it.
pub fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).context("write to the standard output")?;
    out.flush().context("write to the standard output")
}

#[cfg(test)]
mod tests;
