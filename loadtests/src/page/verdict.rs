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
use crate::report::{Report, reason_in_words};

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

/// Violations that break the promise that no seat is sold twice and nothing beyond what there is.
const SOLD_TWICE: [Kind; 2] = [Kind::SoldTwice, Kind::Oversold];

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
    let (seats, oversold) = sold_too_often(report);
    let lost = found(&|kind| LOST.contains(&kind));
    let other = report.violations_total.saturating_sub(found(&is_twice) + lost);
    [promise(seats + oversold), promise(lost), promise(other)]
}

/// Seats that were sold twice, and how often an area or a quota was exceeded.
fn sold_too_often(report: &Report) -> (u64, u64) {
    let of = |kind: Kind| report.violations.iter().filter(move |found| found.kind == kind);
    // The record and the journal may both witness the same double sale.
    let seats: HashSet<Option<u32>> = of(Kind::SoldTwice).map(|found| found.seat).collect();
    (seats.len() as u64, of(Kind::Oversold).count() as u64)
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
    let buyers = report.outcomes.get("bought").copied().unwrap_or(0);
    let seats = (report.sold_seats, report.sold_before, report.capacity);
    let places = (report.sold_places, report.places_sold_before, report.places_capacity);
    let in_this_run = |(sold, before, all): (u32, u32, u32)| {
        (u64::from(sold.saturating_sub(before)), u64::from(all.saturating_sub(before)))
    };
    let what = match (in_this_run(seats), in_this_run(places)) {
        ((1, 1), (0, 0)) => "The only seat".to_owned(),
        (seats, (0, 0)) => some_of(seats, ("seat", "seats")),
        ((0, 0), places) => some_of(places, ("place", "places")),
        (seats, places) if seats.0 == seats.1 && places.0 == places.1 => {
            let places = counted(places.1, "place", "places");
            format!("All {} and {places}", counted(seats.1, "seat", "seats"))
        }
        (seats, places) => {
            let seats = some_of(seats, ("seat", "seats"));
            format!("{seats} and {}", some_of(places, ("place", "places")).to_lowercase())
        }
    };
    format!(
        "{what} sold in {} to {}.",
        duration_in_words(last_sale_secs(page).unwrap_or(report.duration_secs)),
        counted(buyers, "buyer", "buyers")
    )
}

fn some_of((sold, all): (u64, u64), (one, many): (&str, &str)) -> String {
    if sold == all && all > 0 {
        return format!("All {}", counted(all, one, many));
    }
    format!("{} of {}", count(sold), counted(all, one, many))
}

/// What became of what was not sold in this run.
fn beside(report: &Report) -> String {
    let mut sentences = Vec::new();
    let all = report.all();
    for (spots, fate) in [
        (report.sold_before.saturating_add(report.places_sold_before), "been sold before"),
        (all.blocked, "been kept by the organizer"),
    ] {
        if spots > 0 {
            sentences.push(format!("{} had {fate}.", count(u64::from(spots))));
        }
    }
    for (reason, spots) in &report.cannot_be_sold {
        let why = reason_in_words(reason);
        sentences.push(format!("{} cannot be sold: {why}.", count(*spots)));
    }
    if !report.is_sold_out() {
        let (free, held) = (count(u64::from(all.available)), count(u64::from(all.held)));
        sentences.push(format!("The sale stood still with {free} free and {held} in holds."));
    }
    sentences.join(" ")
}

/// When the last sale was; buyers without luck stay longer.
fn last_sale_secs(page: &Page<'_>) -> Option<f64> {
    let sold = page.picture.seats.iter().filter_map(|seat| match seat.fate {
        Fate::Sold { at_millis } => Some(at_millis),
        _ => None,
    });
    let places = page.picture.areas.iter().flat_map(|area| area.sold.iter().map(|(at, _)| *at));
    sold.chain(places).max().map(|at_millis| at_millis as f64 / 1e3)
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
            Promise::Kept if report.places_capacity > 0 || !report.ticket_types.is_empty() => {
                "No seat was sold twice, and nothing beyond what there is.".to_owned()
            }
            Promise::Kept => "No seat was sold twice.".to_owned(),
            Promise::Broken(_) => {
                let (seats, oversold) = sold_too_often(report);
                let twice = counted(seats, "seat was sold twice.", "seats were sold twice.");
                let beyond = counted(
                    oversold,
                    "time more was sold than there is.",
                    "times more was sold than there is.",
                );
                let parts = [(seats, twice), (oversold, beyond)];
                let parts = parts.into_iter().filter(|(found, _)| *found > 0);
                parts.map(|(_, text)| text).collect::<Vec<_>>().join(" ")
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
            format!("of {} sold", count(report.acknowledged_seats + report.acknowledged_places)),
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
