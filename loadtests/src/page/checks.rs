//! The audit: what was checked, what was left out and why, and every violation with its evidence.

use std::fmt::Write as _;

use super::Page;
use super::limits::{EVIDENCE_LETTERS_MAX, EVIDENCE_SEATS_MAX, LABEL_LETTERS_MAX, UNFOLDED_MAX};
use super::markup::{clip, esc};
use super::numbers::{count, counted};
use super::words;
use crate::audit::{Evidence, Source, Violation};

pub(super) fn section(page: &Page<'_>) -> String {
    let report = page.report;
    let mut html = String::from(
        "<section id=\"audit\"><h2>The audit</h2>\n<p class=\"lead\">When the last buyer had left, \
         the run held three witnesses against each other: what its buyers were told, what the \
         server says, and what the journal's files contain. The auditor shares no code with the \
         engine that it audits.</p>\n",
    );
    html.push_str(&checks(page));
    html.push_str(&left_out(page));
    match report.violations_total {
        0 => html.push_str("<p class=\"none\">No violation was found.</p>\n"),
        total => {
            let found = counted(total, "violation", "violations");
            let _ = writeln!(html, "<h3 class=\"bad\">{found}</h3>");
            html.push_str(&violations(page));
        }
    }
    html.push_str("</section>\n");
    html
}

fn checks(page: &Page<'_>) -> String {
    let audit = &page.report.audit;
    let checks = [
        (
            "The record of the buyers",
            Some(count(audit.answers)),
            "answers, searched for a seat sold or held twice, areas and quotas exceeded, a \
             request done in two ways, a payment accepted after its deadline",
        ),
        (
            "The word of the server",
            Some(count(audit.holds_asked)),
            "holds asked about one by one after the sale; they, the seat map and the server's \
             own counts were held against what buyers were told",
        ),
        (
            "The server's check of itself",
            Some(if audit.is_server_verified { "done" } else { "not done" }.to_owned()),
            "its seats, places, indexes and digest, counted anew",
        ),
        (
            "The facts of the journal",
            audit.journal_facts.map(count),
            "facts, read from the files by a process of its own and replayed by a small state \
             machine; searched for gaps and what was done twice, and held against every answer \
             and the server's last word",
        ),
    ];
    let mut html = String::from("<dl class=\"checks\">\n");
    for (name, number, text) in checks {
        let number = number.unwrap_or_else(|| "not read".to_owned());
        let _ = writeln!(
            html,
            "<div><dt>{name}</dt><dd class=\"figure\">{}</dd><dd>{}</dd></div>",
            esc(&number),
            esc(text)
        );
    }
    html.push_str("</dl>\n");
    html
}

fn left_out(page: &Page<'_>) -> String {
    let parts = &page.report.audit.left_out;
    if parts.is_empty() {
        return "<p class=\"note\">Nothing was left out.</p>\n".to_owned();
    }
    let mut html = String::from("<h3>Left out</h3>\n<ul class=\"left-out\">");
    for part in parts {
        let _ = write!(html, "<li>{}</li>", esc(part));
    }
    html.push_str("</ul>\n");
    html
}

fn violations(page: &Page<'_>) -> String {
    let violations = &page.report.violations;
    let mut html = String::new();
    let (shown, folded) = violations.split_at(violations.len().min(UNFOLDED_MAX));
    for found in shown {
        html.push_str(&violation(page, found));
    }
    if !folded.is_empty() {
        let more = count(folded.len() as u64);
        let _ = writeln!(html, "<details><summary>{more} more, with their evidence</summary>");
        for found in folded {
            html.push_str(&violation(page, found));
        }
        html.push_str("</details>\n");
    }
    let without = page.report.violations_total.saturating_sub(violations.len() as u64);
    if without > 0 {
        let _ = writeln!(
            html,
            "<p class=\"note\">{} were counted, and their evidence was not kept.</p>",
            counted(without, "further violation", "further violations")
        );
    }
    html
}

fn violation(page: &Page<'_>, found: &Violation) -> String {
    let mut html = format!(
        "<article class=\"violation\"><h4>{} <code>{}</code></h4>\n<p>",
        words::violation(found.kind),
        found.kind.name()
    );
    if let Some(seat) = found.seat {
        let _ = write!(html, "<b>{}</b>: ", esc(&label(page, seat)));
    }
    let _ = write!(html, "{}</p>\n<ol>", esc(&clip(&found.message, EVIDENCE_LETTERS_MAX)));
    for evidence in &found.evidence {
        html.push_str(&piece(page, evidence));
    }
    html.push_str("</ol></article>\n");
    html
}

fn label(page: &Page<'_>, seat: u32) -> String {
    match page.picture.seats.get(seat as usize) {
        Some(drawn) => format!("{} (seat {seat})", clip(&drawn.label, LABEL_LETTERS_MAX)),
        None => format!("seat {seat}"),
    }
}

/// One piece of evidence; its times count from the doors' opening.
fn piece(page: &Page<'_>, evidence: &Evidence) -> String {
    let source = match evidence.source {
        Source::Record => "A buyer was told",
        Source::Server => "The server says",
        Source::Journal => "The journal has",
    };
    let says = clip(&evidence.says, EVIDENCE_LETTERS_MAX);
    let mut html = format!("<li><b>{source}</b> <q>{}</q>", esc(&says));
    let opened_millis = page.picture.opened_at_millis as i128;
    let time = |millis: Option<u64>| {
        millis.map(|millis| format!("{:+.3} s", (i128::from(millis) - opened_millis) as f64 / 1e3))
    };
    let place = match (evidence.shard, evidence.lsn) {
        (Some(shard), Some(lsn)) => Some(format!("shard {shard}, {lsn}")),
        (None, Some(lsn)) => Some(lsn.to_string()),
        _ => None,
    };
    let particulars = [
        ("buyer", evidence.buyer_id.clone()),
        ("meant", time(evidence.intended_millis)),
        ("sent", time(evidence.sent_millis)),
        ("answered", time(evidence.received_millis)),
        ("at", time(evidence.at_millis)),
        ("deadline", time(evidence.deadline_millis)),
        ("seats", seats(page, &evidence.seats)),
        ("places", (!evidence.places.is_empty()).then(|| places(&evidence.places))),
        ("LSN", place),
        ("hold", evidence.hold_id.map(|id| id.to_string())),
        ("allocation", evidence.allocation_id.map(|id| id.to_string())),
        ("request", evidence.request_id.map(|id| id.to_string())),
    ];
    html.push_str("<dl>");
    for (name, text) in particulars {
        if let Some(text) = text {
            let _ = write!(html, "<div><dt>{name}</dt><dd>{}</dd></div>", esc(&text));
        }
    }
    html.push_str("</dl></li>\n");
    html
}

fn seats(page: &Page<'_>, seats: &[u32]) -> Option<String> {
    if seats.is_empty() {
        return None;
    }
    let named = seats.iter().take(EVIDENCE_SEATS_MAX).map(|seat| label(page, *seat));
    let mut text = named.collect::<Vec<_>>().join(", ");
    if seats.len() > EVIDENCE_SEATS_MAX {
        let _ = write!(text, " and {} more", seats.len() - EVIDENCE_SEATS_MAX);
    }
    Some(text)
}

fn places(places: &[String]) -> String {
    let mut text = places[..places.len().min(EVIDENCE_SEATS_MAX)].join(", ");
    if places.len() > EVIDENCE_SEATS_MAX {
        let _ = write!(text, " and {} more", places.len() - EVIDENCE_SEATS_MAX);
    }
    text
}
