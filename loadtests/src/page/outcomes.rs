//! What became of everybody who came, what the server answered, and what its kills cost.

use std::fmt::Write as _;

use super::Page;
use super::limits::KILL_ROWS_MAX;
use super::markup::esc;
use super::numbers::{count, counted, duration, latency, percent};
use super::table::{Column, Table};
use super::verdict::share_of_buyers;
use super::words::{self, Tone};
use crate::measure::Latency;
use crate::report::Report;

pub(super) fn section(page: &Page<'_>) -> String {
    let report = page.report;
    let mut html = String::from("<section id=\"outcomes\"><h2>What became of everybody</h2>\n");
    let left: u64 = report.outcomes.values().sum();
    let _ = writeln!(
        html,
        "<p class=\"lead\">{} came and left. The simulated crowd changes its mind, pays late, \
         clicks twice and hoards on purpose, so that every path of a hold is walked often.</p>",
        counted(left, "buyer", "buyers")
    );
    html.push_str(&causes(report));
    html.push_str(&answers(report));
    html.push_str(&latencies(report));
    if !report.kills.is_empty() {
        html.push_str(&kills(report));
    }
    html.push_str("</section>\n");
    html
}

fn causes(report: &Report) -> String {
    if report.outcomes.is_empty() {
        return "<p>Nobody came.</p>\n".to_owned();
    }
    let mut causes: Vec<(&str, u64)> =
        report.outcomes.iter().map(|(word, buyers)| (*word, *buyers)).collect();
    causes.sort_by_key(|(_, buyers)| std::cmp::Reverse(*buyers));
    let most = causes.first().map_or(1, |(_, buyers)| (*buyers).max(1));
    let mut html = String::from("<ul class=\"bars\">\n");
    for (word, buyers) in causes {
        let known = words::cause(word);
        let name = known.map_or(word, |words| words.name);
        let meaning = known.map_or("", |words| words.meaning);
        let tone = known.map_or(Tone::No, |words| words.tone).class();
        let width = buyers as f64 * 100.0 / most as f64;
        let _ = writeln!(
            html,
            "<li class=\"{tone}\"><h3>{}</h3><p class=\"amount\">{} <span>{}</span></p>\
             <i style=\"width:{width:.2}%\"></i><p>{}</p></li>",
            esc(name),
            count(buyers),
            share_of_buyers(report, buyers),
            esc(meaning)
        );
    }
    html.push_str("</ul>\n");
    html
}

fn answers(report: &Report) -> String {
    let split = |key: &str| match key.split_once('.') {
        Some((operation, word)) => (operation.to_owned(), word.to_owned()),
        None => (String::new(), key.to_owned()),
    };
    let mut rows: Vec<((String, String), u64)> =
        report.answers.iter().map(|(key, answers)| (split(key), *answers)).collect();
    let total = |operation: &str| -> u64 {
        let same = rows.iter().filter(|((other, _), _)| other == operation);
        same.map(|(_, answers)| answers).sum()
    };
    let totals: Vec<u64> = rows.iter().map(|((operation, _), _)| total(operation)).collect();
    let mut rows: Vec<_> = rows.drain(..).zip(totals).collect();
    rows.sort_by(|((one, answers), total), ((other, answers_2), total_2)| {
        (total_2, &other.0, answers_2).cmp(&(total, &one.0, answers))
    });
    let columns = vec![
        Column::word("Asked to"),
        Column::word("Answer"),
        Column::number("Times"),
        Column::number("Share"),
        Column::text("What it means"),
    ];
    let mut table = Table::new("Answers, every sending counted", columns);
    let mut last = String::new();
    for (((operation, word), answers), total) in rows {
        let known = words::answer(&word);
        let is_same = operation == last;
        table.row([
            if is_same { String::new() } else { words::operation(&operation).to_owned() },
            known.map_or_else(|| word.replace('_', " "), |words| words.name.to_owned()),
            count(answers),
            percent(answers, total),
            known.map_or("", |words| words.meaning).to_owned(),
        ]);
        last = operation;
    }
    let mut html = table.html();
    if report.requests_not_sent > 0 {
        let _ = writeln!(
            html,
            "<p class=\"note\">{} never left, because there was no connection at the time; each \
             was tried again.</p>",
            counted(report.requests_not_sent, "request", "requests")
        );
    }
    if let Some(message) = &report.first_invalid {
        let _ = writeln!(
            html,
            "<p class=\"note\">The first request in which the server found no sense: {}</p>",
            esc(message)
        );
    }
    html
}

fn latencies(report: &Report) -> String {
    let names = ["Requests", "p50", "p90", "p99", "p99.9", "Longest"].map(Column::number);
    let columns = [Column::word("Asked to")].into_iter().chain(names).collect();
    let mut table = Table::new("Latency by what was asked", columns);
    let mut row = |name: &str, of: &Latency| {
        let times = [of.p50_ms, of.p90_ms, of.p99_ms, of.p99_9_ms, of.max_ms]
            .map(|millis| if of.count == 0 { "–".to_owned() } else { latency(millis) });
        table.row([name.to_owned(), count(of.count)].into_iter().chain(times));
    };
    for (operation, of) in &report.latency_by_operation {
        row(words::operation(operation.name()), of);
    }
    row("All together", &report.latency);
    table.html()
}

fn kills(report: &Report) -> String {
    let columns = ["Kill", "After", "Unanswered", "Answers lost", "Back after"];
    let columns = columns.map(Column::number).to_vec();
    let caption = "Kills of the server (SIGKILL)";
    let mut table = Table::new(caption, columns);
    for (number, kill) in (1_u64..).zip(report.kills.iter().take(KILL_ROWS_MAX)) {
        table.row([
            count(number),
            duration(kill.at_secs),
            count(kill.unanswered as u64),
            count(kill.lost),
            latency(kill.recovery_ms as f64),
        ]);
    }
    let mut html = table.html();
    if report.kills.len() > KILL_ROWS_MAX {
        let more = (report.kills.len() - KILL_ROWS_MAX) as u64;
        let _ = writeln!(html, "<p class=\"note\">And {} more.</p>", count(more));
    }
    let burst: u64 = report.kills.iter().map(|kill| kill.burst_buyers).sum();
    if burst > 0 {
        let _ = writeln!(
            html,
            "<p class=\"note\">{} came on top of the schedule, so that enough requests were \
             unanswered when the signals were sent.</p>",
            counted(burst, "buyer", "buyers")
        );
    }
    html
}
