//! A run as one page to look at: a verdict, key figures, the sale and its latency over time, what
//! became of everybody, the venue coloured by when its seats were sold, and the audit.
//!
//! The page is one file that asks nobody for anything: styles, drawings and a small script are in
//! it, and it tells the browser to load nothing else. It says everything without the script, and
//! its size is bounded however large the venue is (`limits.rs`). Whatever a chart, a server or a
//! person wrote is escaped on its way in (`markup.rs`).

mod axis;
mod checks;
mod course;
mod limits;
mod markup;
mod numbers;
mod outcomes;
mod plot;
mod repeat;
mod table;
mod venue;
mod verdict;
mod words;

#[cfg(test)]
mod tests;

pub use repeat::Origin;

use crate::picture::Picture;
use crate::report::Report;
use crate::run::Outcome;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What the page is made of.
#[derive(Clone, Copy)]
struct Page<'a> {
    report: &'a Report,
    picture: &'a Picture,
    origin: &'a Origin,
}

/// The page of a run, a whole HTML document.
pub fn html(outcome: &Outcome, origin: &Origin) -> String {
    let page = Page { report: &outcome.report, picture: &outcome.picture, origin };
    let course = course::Course::of(&page);
    let audit = checks::section(&page);
    // What broke is read before how it went.
    let (first, last) = match page.report.violations_total {
        0 => (String::new(), audit),
        _ => (audit, String::new()),
    };
    let parts = [
        head(&page),
        verdict::header(&page),
        "<main>\n".to_owned(),
        first,
        course.sales(),
        venue::section(&page),
        course.latencies(),
        outcomes::section(&page),
        last,
        repeat::section(&page),
        "</main>\n".to_owned(),
        // In XML the script is text as it stands; to HTML the marks around it are comments.
        format!("<script>//<![CDATA[\n{SCRIPT}\n//]]></script>\n</body></html>\n"),
    ];
    parts.concat()
}

fn head(page: &Page<'_>) -> String {
    let report = page.report;
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <link rel=\"icon\" href=\"data:,\"/>\n\
         <title>{} of {} {} sold: Holdfast onsale report</title>\n\
         <style>/*<![CDATA[*/\n{STYLE}\n{}/*]]>*/</style></head>\n<body>\n",
        numbers::count(u64::from(report.all().allocated)),
        numbers::count(u64::from(report.capacity) + u64::from(report.places_capacity)),
        what_is_sold(report),
        venue::css()
    )
}

/// What the event sells, for people.
fn what_is_sold(report: &Report) -> &'static str {
    match (report.capacity, report.places_capacity) {
        (_, 0) => "seats",
        (0, _) => "places",
        _ => "seats and places",
    }
}
