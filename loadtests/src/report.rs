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

/// Areas or ticket types that the summary names.
const NAMED_MAX: usize = 12;

/// Why spots cannot be sold, for people.
pub(crate) fn reason_in_words(reason: &str) -> &str {
    match reason {
        "quota_exhausted" => "quotas are exhausted",
        "not_on_sale" => "their ticket types are not on sale",
        "no_ticket_type" => "no ticket type is for them",
        "table_incomplete" => "their tables are sold as a whole, and are not to be had whole",
        other => other,
    }
}

fn listed(f: &mut fmt::Formatter<'_>, name: &str, parts: &[String]) -> fmt::Result {
    if parts.is_empty() {
        return Ok(());
    }
    write!(f, "{name}{}", parts[..parts.len().min(NAMED_MAX)].join(", "))?;
    if parts.len() > NAMED_MAX {
        write!(f, " and {} more", parts.len() - NAMED_MAX)?;
    }
    writeln!(f)
}

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
    /// Seats whose sale was acknowledged to a buyer of this run who did not bring them back.
    pub acknowledged_seats: u64,
    /// The last word of the server on its seats.
    pub seats: Counts,
    /// Places of all areas of the event.
    pub places_capacity: u32,
    /// Places that are sold by the server's word, those from before the run included.
    pub sold_places: u32,
    /// Places that were sold before the run.
    pub places_sold_before: u32,
    /// Places whose sale was acknowledged to a buyer of this run who did not bring them back.
    pub acknowledged_places: u64,
    /// The last word of the server on the places of all areas.
    pub places: Counts,
    /// The areas, in the order of the chart.
    pub areas: Vec<AreaSold>,
    /// Tables that are sold as a whole.
    pub tables: TablesSold,
    /// The event's ticket types.
    pub ticket_types: Vec<TicketTypeSold>,
    /// Free seats and places that cannot be sold, by the reason: `quota_exhausted`,
    /// `not_on_sale`, `no_ticket_type` or `table_incomplete`.
    pub cannot_be_sold: BTreeMap<&'static str, u64>,
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

/// How an area was sold.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AreaSold {
    /// Its label.
    pub label: String,
    /// Its places.
    pub capacity: u32,
    /// Places that were sold before the run.
    pub sold_before: u32,
    /// The last word of the server on its places.
    pub places: Counts,
}

/// How tables that are sold as a whole were sold.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct TablesSold {
    /// Those that the event has.
    pub whole: u32,
    /// Those of them whose seats are all sold by the server's word.
    pub sold: u32,
}

/// How a ticket type was sold.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TicketTypeSold {
    /// Its key.
    pub key: String,
    /// How many there are; absent if there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<u32>,
    /// Spots that were sold as it before the run.
    pub sold_before: u32,
    /// Spots that are sold as it by the server's word.
    pub sold: u32,
    /// Spots whose sale was acknowledged to a buyer of this run who did not bring them back.
    pub acknowledged: u64,
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
        let places = match self.places_capacity {
            0 => String::new(),
            all => format!(" and {} of {all} places", self.sold_places),
        };
        writeln!(
            f,
            "{} of {} seats{places} sold in {:.1} s to {} buyers over {:.0} s ({}, seed {}, {})",
            self.sold_seats,
            self.capacity,
            self.duration_secs,
            self.buyers,
            self.over_secs,
            self.curve,
            self.seed,
            self.transport,
        )?;
        self.stock(f)?;
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
    /// Seats and places together, by the last word of the server.
    pub fn all(&self) -> Counts {
        self.seats + self.places
    }

    /// Whether everything is sold but what cannot be.
    pub fn is_sold_out(&self) -> bool {
        let cannot: u64 = self.cannot_be_sold.values().sum();
        self.all().held == 0 && u64::from(self.all().available) <= cannot
    }

    /// What became of what, beside the sum.
    fn stock(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.sold_before.saturating_add(self.places_sold_before);
        let all = self.all();
        if before > 0 {
            writeln!(f, "  {before} of them were sold before")?;
        }
        if !self.is_sold_out() {
            writeln!(f, "  left: {} free, {} held", all.available, all.held)?;
        }
        for (reason, spots) in &self.cannot_be_sold {
            writeln!(f, "  {spots} cannot be sold: {}", reason_in_words(reason))?;
        }
        if all.blocked > 0 {
            let what = if self.places_capacity > 0 { "seats and places" } else { "seats" };
            writeln!(f, "  {} {what} are blocked", all.blocked)?;
        }
        if self.tables.whole > 0 {
            let TablesSold { whole, sold } = self.tables;
            writeln!(f, "tables    {sold} of {whole} sold as a whole")?;
        }
        let areas = self.areas.iter();
        let areas: Vec<String> = areas
            .map(|of| format!("{} {} of {}", of.label, of.places.allocated, of.capacity))
            .collect();
        listed(f, "areas     ", &areas)?;
        let types = self.ticket_types.iter().map(|of| match of.quota {
            Some(quota) => format!("{} {} of {quota}", of.key, of.sold),
            None => format!("{} {}", of.key, of.sold),
        });
        listed(f, "tickets   ", &types.collect::<Vec<_>>())
    }

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
