//! What a run amounts to, for people and for programs.
//!
//! The JSON names are stable. Latencies are in milliseconds and run from the moment at which a
//! buyer meant to ask.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::audit::Violation;
use crate::kill::Kill;
use crate::measure::{Latency, Second};
use crate::options::Curve;
use crate::request::Operation;
use crate::seat_map::Counts;

/// Violations that the summary spells out; the report has them all.
const SHOWN_MAX: usize = 10;

/// Everything about a run that is worth keeping.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The event that was on sale.
    pub event_id: u64,
    /// Where all chance came from.
    pub seed: u64,
    /// How the arrivals were spread.
    pub curve: Curve,
    /// The transport that the buyers used.
    pub transport: &'static str,
    /// Seconds over which the scheduled buyers came.
    pub over_secs: f64,
    /// Seconds from the doors' opening to the last buyer's leaving.
    pub duration_secs: f64,
    /// Seats of the event.
    pub capacity: u32,
    /// Seats that are sold by the server's word, those from before the run included.
    pub sold_seats: u32,
    /// Seats that were sold before the run.
    pub sold_before: u32,
    /// Seats whose sale was acknowledged to a buyer of this run.
    pub acknowledged_seats: u64,
    /// The last word of the server on its seats.
    pub seats: Counts,
    /// Buyers who were scheduled, bots among them.
    pub buyers: u64,
    /// Buyers who came on top: in bursts before kills, and in the tail.
    pub extra_buyers: u64,
    /// Scheduled arrivals a second, on average over the drop.
    pub arrivals_per_sec: f64,
    /// Requests that left, every sending counted.
    pub requests: u64,
    /// The same a second, on average over the run.
    pub requests_per_sec: f64,
    /// Sendings that never left for want of a connection.
    pub requests_not_sent: u64,
    /// Requests whose connection ended before their answer came.
    pub requests_lost: u64,
    /// Latencies of all settled requests together.
    pub latency: Latency,
    /// The same by operation.
    pub latency_by_operation: BTreeMap<Operation, Latency>,
    /// Why buyers left, and how many.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Answers by operation and word, every sending counted.
    pub answers: BTreeMap<String, u64>,
    /// What the server said about the first request in which it found no sense.
    pub first_invalid: Option<String>,
    /// Kills of the own server.
    pub kills: Vec<Kill>,
    /// What was audited, what was not, and why.
    pub audit: Audit,
    /// How many violations were found; `violations` has the first thousand.
    pub violations_total: u64,
    /// What must not be, each with its evidence.
    pub violations: Vec<Violation>,
    /// The course of the run, second by second.
    pub seconds: Vec<Second>,
}

/// How far the audit reached.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Audit {
    /// Answers of the record that were looked at.
    pub answers: u64,
    /// Holds that the server was asked about one by one.
    pub holds_asked: u64,
    /// Facts of the journal that were replayed; absent if there was no journal to read.
    pub journal_facts: Option<u64>,
    /// Whether the server was asked to verify itself.
    pub is_server_verified: bool,
    /// Parts that were left out, and why.
    pub left_out: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} seats sold in {:.1} s to {} buyers over {:.0} s ({}, seed {}, {})",
            self.sold_seats,
            self.capacity,
            self.duration_secs,
            self.buyers,
            self.over_secs,
            self.curve,
            self.seed,
            self.transport,
        )?;
        if self.sold_before > 0 {
            writeln!(f, "  {} of them were sold before", self.sold_before)?;
        }
        if !self.seats.is_sold_out() {
            writeln!(f, "  left: {} free, {} held", self.seats.available, self.seats.held)?;
        }
        if self.seats.blocked > 0 {
            writeln!(f, "  {} seats are blocked", self.seats.blocked)?;
        }
        writeln!(
            f,
            "arrivals  {:.0} a second; {} more in bursts and in the tail",
            self.arrivals_per_sec, self.extra_buyers
        )?;
        writeln!(
            f,
            "requests  {} sent, {:.0} a second; {} lost with their connection, {} never left",
            self.requests, self.requests_per_sec, self.requests_lost, self.requests_not_sent
        )?;
        self.latencies(f)?;
        let outcomes: Vec<String> =
            self.outcomes.iter().map(|(cause, buyers)| format!("{cause} {buyers}")).collect();
        writeln!(f, "buyers    {}", outcomes.join(", "))?;
        if let Some(message) = &self.first_invalid {
            writeln!(f, "invalid   the server found no sense in a request: {message}")?;
        }
        for (number, kill) in (1..).zip(&self.kills) {
            writeln!(
                f,
                "kill {number}    at {:.2} s with {} unanswered ({} buyers in bursts), {} lost; \
                 served again after {} ms",
                kill.at_secs, kill.unanswered, kill.burst_buyers, kill.lost, kill.recovery_ms
            )?;
        }
        self.audited(f)
    }
}

impl Report {
    fn latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "latency     requests     p50     p90      p99    p99.9      max   (ms)")?;
        let by_operation =
            self.latency_by_operation.iter().map(|(operation, of)| (operation.name(), of));
        for (name, latency) in by_operation.chain([("all", &self.latency)]) {
            writeln!(
                f,
                "  {name:<9} {:>8} {:>7.1} {:>7.1} {:>8.1} {:>8.1} {:>8.1}",
                latency.count,
                latency.p50_ms,
                latency.p90_ms,
                latency.p99_ms,
                latency.p99_9_ms,
                latency.max_ms
            )?;
        }
        Ok(())
    }

    fn audited(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "audit     {} answers, {} holds asked about one by one",
            self.audit.answers, self.audit.holds_asked
        )?;
        if self.audit.is_server_verified {
            write!(f, ", the server verified")?;
        }
        if let Some(facts) = self.audit.journal_facts {
            write!(f, ", {facts} facts of the journal replayed")?;
        }
        writeln!(f)?;
        for part in &self.audit.left_out {
            writeln!(f, "  left out: {part}")?;
        }
        if self.violations_total == 0 {
            return write!(f, "violations none");
        }
        write!(f, "violations {}", self.violations_total)?;
        for violation in self.violations.iter().take(SHOWN_MAX) {
            write!(f, "\n  {violation}")?;
        }
        if self.violations_total > SHOWN_MAX as u64 {
            write!(f, "\n  and {} more", self.violations_total - SHOWN_MAX as u64)?;
        }
        Ok(())
    }
}
