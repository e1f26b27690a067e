//! The verdict at the top of the page: what was sold, and which promises the audit found kept.
//!
//! A promise is called kept only if the audit could look: with something that could not be
//! audited, or with more violations than were kept, it is called unproven.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::Page;
use super::markup::esc;
use super::numbers::{count, counted, duration, duration_in_words, latency, percent, rate};
use crate::audit::Kind;
use crate::picture::Fate;
use crate::report::Report;

/// How a promise fared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Promise {
    Kept,
    Broken(u64),
    Unproven,
}

impl Promise {
    const fn class(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken(_) => "broken",
            Self::Unproven => "unproven",
        }
    }
}

/// Violations that break the promise that no seat is sold twice.
const SOLD_TWICE: [Kind; 1] = [Kind::SoldTwice];

/// Violations that break the promise that no acknowledged sale is lost.
const LOST: [Kind; 2] = [Kind::AcknowledgedMissing, Kind::AcknowledgedDiffers];

/// The promises in their order: no seat sold twice, no sale lost, every other rule.
fn promises(report: &Report) -> [Promise; 3] {
    let found = |is_one: &dyn Fn(Kind) -> bool| {
        report.violations.iter().filter(|found| is_one(found.kind)).count() as u64
    };
    let has_all = report.violations_total == report.violations.len() as u64;
    let is_audited = has_all && found(&|kind| kind == Kind::NotAuditable) == 0;
    let promise = |violations| match violations {
        0 if is_audited => Promise::Kept,
        0 => Promise::Unproven,
        violations => Promise::Broken(violations),
    };
    let is_twice = |kind: Kind| SOLD_TWICE.contains(&kind);
    // The record and the journal may both witness the same double sale.
    let twice = report.violations.iter().filter(|found| is_twice(found.kind));
    let seats: HashSet<Option<u32>> = twice.map(|found| found.seat).collect();
    let lost = found(&|kind| LOST.contains(&kind));
    let other = report.violations_total.saturating_sub(found(&is_twice) + lost);
    [promise(seats.len() as u64), promise(lost), promise(other)]
}

/// The top of the page.
pub(super) fn header(page: &Page<'_>) -> String {
    let report = page.report;
    let promises = promises(report);
    let is_sold_out = report.is_sold_out() && report.capacity + report.places_capacity > 0;
    let (class, word) = match promises {
        promises if promises.iter().any(|one| matches!(one, Promise::Broken(_))) => {
            ("broken", "Promises broken")
        }
        [Promise::Kept, Promise::Kept, Promise::Kept] if is_sold_out => {
            ("kept", "Sold out, promises kept")
        }
        [Promise::Kept, Promise::Kept, Promise::Kept] => {
            ("unproven", "Not sold out, promises kept")
        }
        _ => ("unproven", "Not proven"),
    };
    let mut html = format!(
        "<header class=\"top {class}\"><p class=\"eyebrow\"><span class=\"brand\">Holdfast</span> \
         onsale report <span class=\"date\">{}</span></p>\n<p class=\"badge\">{word}</p>\n",
        esc(&super::numbers::date(page.picture.opened_at_millis))
    );
    let (sold, more) = (sold(page), beside(report));
    let (headline, second) = match report.violations_total {
        0 => (sold, more),
        violations => {
            let found = counted(violations, "violation was found", "violations were found");
            (found, [sold, more].join(" "))
        }
    };
    let _ = writeln!(html, "<h1>{}</h1>", esc(&headline));
    if !second.is_empty() {
        let _ = writeln!(html, "<p class=\"second\">{}</p>", esc(second.trim()));
    }
    html.push_str("<ul class=\"promises\">\n");
    for (promise, text) in promises.into_iter().zip(in_words(report, promises)) {
        let _ = writeln!(html, "<li class=\"{}\">{}</li>", promise.class(), esc(&text));
    }
    html.push_str("</ul>\n");
    html.push_str(&tiles(report));
    html.push_str("</header>\n");
    html
}

/// What was sold, in a sentence.
fn sold(page: &Page<'_>) -> String {
    let report = page.report;
    let in_this_run = report.sold_seats.saturating_sub(report.sold_before);
    let for_sale = report.capacity.saturating_sub(report.sold_before);
    let buyers = report.outcomes.get("bought").copied().unwrap_or(0);
    let what = match (in_this_run, for_sale) {
        (1, 1) => "The only seat".to_owned(),
        (sold, all) if sold == all && all > 0 => format!("All {} seats", count(u64::from(all))),
        (sold, all) => {
            let of = counted(u64::from(all), "seat", "seats");
            format!("{} of {of}", count(u64::from(sold)))
        }
    };
    format!(
        "{what} sold in {} to {}.",
        duration_in_words(last_sale_secs(page).unwrap_or(report.duration_secs)),
        counted(buyers, "buyer", "buyers")
    )
}

/// What became of the seats that were not sold in this run.
fn beside(report: &Report) -> String {
    let mut sentences = Vec::new();
    for (seats, fate) in [
        (report.sold_before, "been sold before"),
        (report.seats.blocked, "been kept by the organizer"),
    ] {
        if seats > 0 {
            sentences.push(format!("{} had {fate}.", count(u64::from(seats))));
        }
    }
    if !report.is_sold_out() {
        let (free, held) = (report.seats.available, report.seats.held);
        let (free, held) = (count(u64::from(free)), count(u64::from(held)));
        sentences.push(format!("The sale stood still with {free} free and {held} in holds."));
    }
    sentences.join(" ")
}

/// When the last seat was sold; buyers without luck stay longer.
fn last_sale_secs(page: &Page<'_>) -> Option<f64> {
    let sold = page.picture.seats.iter().filter_map(|seat| match seat.fate {
        Fate::Sold { at_millis } => Some(at_millis),
        _ => None,
    });
    sold.max().map(|at_millis| at_millis as f64 / 1e3)
}

fn in_words(report: &Report, promises: [Promise; 3]) -> [String; 3] {
    let [twice, lost, other] = promises;
    let kills = match report.kills.len() as u64 {
        0 => String::new(),
        kills => {
            format!(", through {}", counted(kills, "kill of the server", "kills of the server"))
        }
    };
    [
        match twice {
            Promise::Kept => "No seat was sold twice.".to_owned(),
            Promise::Broken(seats) => {
                counted(seats, "seat was sold twice.", "seats were sold twice.")
            }
            Promise::Unproven => "That no seat was sold twice could not be proven.".to_owned(),
        },
        match lost {
            Promise::Kept => format!("No acknowledged sale was lost{kills}."),
            Promise::Broken(sales) => counted(
                sales,
                "acknowledgement was lost or changed.",
                "acknowledgements were lost or changed.",
            ),
            Promise::Unproven => {
                "That no acknowledged sale was lost could not be proven.".to_owned()
            }
        },
        match other {
            Promise::Kept => "Every other rule that was checked held.".to_owned(),
            Promise::Broken(rules) => {
                counted(rules, "other thing was found.", "other things were found.")
            }
            Promise::Unproven => "Not everything could be audited.".to_owned(),
        },
    ]
}

/// Key figures.
fn tiles(report: &Report) -> String {
    let kills = report.kills.len() as u64;
    let slowest = report.kills.iter().map(|kill| kill.recovery_ms).max().unwrap_or(0);
    let peak = report.seconds.iter().map(|second| second.sold).max().unwrap_or(0);
    let came = report.buyers + report.extra_buyers;
    let lost = counted(report.requests_lost, "answer lost", "answers lost");
    let tiles: [(&str, String, String); 6] = [
        (
            "Requests a second",
            rate(report.requests_per_sec),
            format!("{} in {}", count(report.requests), duration(report.duration_secs)),
        ),
        (
            "Median wait",
            latency(report.latency.p50_ms),
            format!("p99 {}", latency(report.latency.p99_ms)),
        ),
        (
            "Buyers who came",
            count(came),
            format!("{} a second on average", rate(report.arrivals_per_sec)),
        ),
        (
            "Best second",
            count(peak),
            format!("of {}", counted(report.acknowledged_seats, "seat sold", "seats sold")),
        ),
        match kills {
            0 => ("Kills", "none".to_owned(), lost),
            kills => (
                "Kills survived",
                count(kills),
                format!("{lost}; back within {}", duration(slowest as f64 / 1e3)),
            ),
        },
        (
            "Violations",
            count(report.violations_total),
            format!("of {} audited", counted(report.audit.answers, "answer", "answers")),
        ),
    ];
    let mut html = String::from("<dl class=\"tiles\">\n");
    for (name, value, note) in tiles {
        let is_bad = name == "Violations" && report.violations_total > 0;
        let class = if is_bad { " class=\"bad\"" } else { "" };
        let _ = writeln!(
            html,
            "<div{class}><dt>{name}</dt><dd>{}</dd><dd class=\"note\">{}</dd></div>",
            esc(&value),
            esc(&note)
        );
    }
    html.push_str("</dl>\n");
    html
}

/// How many of the scheduled and further buyers left for one reason.
pub(super) fn share_of_buyers(report: &Report, buyers: u64) -> String {
    percent(buyers, report.outcomes.values().sum())
}
