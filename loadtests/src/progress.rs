//! What people see while a run goes on: a bar at a terminal, plain lines anywhere else.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::seat_map::Counts;

/// Plain lines come this far apart; this far while nothing changes.
const LINE_PAUSE: Duration = Duration::from_secs(3);
const SAME_LINE_PAUSE: Duration = Duration::from_secs(30);

/// A run at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot {
    /// Since the doors opened.
    pub elapsed: Duration,
    /// Buyers who came, those of bursts and of the tail included.
    pub arrived: u64,
    /// Buyers who are scheduled.
    pub buyers: u64,
    /// Buyers who are there.
    pub live: usize,
    /// Requests that left and are unanswered.
    pub in_flight: usize,
    /// Requests that are settled.
    pub settled: u64,
    /// Those of them that the rules refused.
    pub rejected: u64,
    /// Seats and places, as the page shows them.
    pub seats: Counts,
    /// Of the requests settled in the last whole second.
    pub p99_ms: f64,
}

/// Shows a run.
pub trait Progress: Send + Sync {
    /// Called several times a second.
    fn update(&self, snapshot: &Snapshot);

    /// Something happened, such as a kill.
    fn note(&self, text: &str);

    /// The last call.
    fn finish(&self);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn update(&self, _: &Snapshot) {}
    fn note(&self, _: &str) {}
    fn finish(&self) {}
}

/// What fits standard error: a [`Bar`] at a terminal, else [`Lines`].
pub fn for_stderr() -> Box<dyn Progress> {
    if io::stderr().is_terminal() { Box::new(Bar::new()) } else { Box::new(Lines::default()) }
}

/// A bar that fills as seats and places are sold, and the numbers below it.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// On standard error.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
        let template = "{elapsed_precise} [{bar:40}] {pos}/{len} sold\n{msg}";
        // A template that cannot be parsed would show the default one: no reason to fail.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Bar {
    fn update(&self, snapshot: &Snapshot) {
        let for_sale = snapshot.seats.sum() - u64::from(snapshot.seats.blocked);
        self.bar.set_length(for_sale);
        self.bar.set_position(u64::from(snapshot.seats.allocated));
        self.bar.set_message(numbers(snapshot));
    }

    fn note(&self, text: &str) {
        self.bar.println(text);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A line every few seconds, for logs.
#[derive(Debug, Default)]
pub struct Lines {
    last: Mutex<Option<(Instant, String)>>,
}

impl Progress for Lines {
    fn update(&self, snapshot: &Snapshot) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_early = |pause| last.as_ref().is_some_and(|(at, _)| at.elapsed() < pause);
        if is_early(LINE_PAUSE) {
            return;
        }
        let text = numbers(snapshot);
        let is_same = last.as_ref().is_some_and(|(_, last)| *last == text);
        if is_same && is_early(SAME_LINE_PAUSE) {
            return;
        }
        let Snapshot { elapsed, seats, .. } = snapshot;
        let for_sale = seats.sum() - u64::from(seats.blocked);
        let (secs, sold) = (elapsed.as_secs_f64(), seats.allocated);
        say(&format!("{secs:6.1} s  {sold}/{for_sale} sold  {text}"));
        *last = Some((Instant::now(), text));
    }

    fn note(&self, text: &str) {
        say(text);
    }

    fn finish(&self) {}
}

/// Progress that nobody can see is no reason to end a run.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

fn numbers(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    let Snapshot { arrived, live, in_flight, settled, rejected, seats, p99_ms, .. } = snapshot;
    let _ = write!(
        text,
        "held {}  free {}  buyers {arrived} came, {live} there  requests {settled} \
         ({rejected} refused), {in_flight} unanswered  p99 {p99_ms:.1} ms",
        seats.held, seats.available,
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_snapshot() {
        let seats = Counts { available: 7, held: 11, allocated: 13, blocked: 2 };
        let snapshot = Snapshot { arrived: 17, in_flight: 19, seats, ..Snapshot::default() };
        let text = numbers(&snapshot);
        for part in ["held 11", "free 7", "buyers 17 came", "19 unanswered"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
