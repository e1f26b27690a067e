//! The page of runs that are known, as a parser sees it.

use std::collections::{BTreeMap, HashSet};

use roxmltree::{Document, ParsingOptions};

use super::*;
use crate::audit::{Evidence, Kind, Source, Violation};
use crate::course::{Sighting, Step};
use crate::ids::{HoldId, RequestId};
use crate::kill::Kill;
use crate::measure::{Latency, Second};
use crate::options::Curve;
use crate::picture::{AreaDrawn, Fate, SeatDrawn, TableDrawn};
use crate::report::{AreaSold, Audit, TablesSold, TicketTypeSold};
use crate::request::Operation;
use crate::seat_map::Counts;

const HOSTILE: &str =
    "</script><img src=\"https://example.org/x\" onerror='alert(1)'>&\u{202e}\u{0}";

/// Nobody came, nothing was sold, and the venue has no seats.
fn nothing() -> Outcome {
    let report = Report {
        event_id: 1,
        seed: 7,
        curve: Curve::Spike,
        transport: "grpc",
        over_secs: 0.0,
        duration_secs: 0.0,
        capacity: 0,
        sold_seats: 0,
        sold_before: 0,
        acknowledged_seats: 0,
        seats: Counts::default(),
        places_capacity: 0,
        sold_places: 0,
        places_sold_before: 0,
        acknowledged_places: 0,
        places: Counts::default(),
        areas: Vec::new(),
        tables: TablesSold::default(),
        ticket_types: Vec::new(),
        cannot_be_sold: BTreeMap::new(),
        buyers: 0,
        extra_buyers: 0,
        arrivals_per_sec: 0.0,
        requests: 0,
        requests_per_sec: 0.0,
        requests_not_sent: 0,
        requests_lost: 0,
        latency: Latency::default(),
        latency_by_operation: BTreeMap::new(),
        outcomes: BTreeMap::new(),
        answers: BTreeMap::new(),
        first_invalid: None,
        kills: Vec::new(),
        audit: Audit::default(),
        violations_total: 0,
        violations: Vec::new(),
        seconds: Vec::new(),
    };
    Outcome { report, picture: Picture::default() }
}

fn seat(number: u32, fate: Fate) -> SeatDrawn {
    let (section, row, place) = (number / 1_000, number / 40 % 25, number % 40);
    SeatDrawn {
        label: format!("North Stand {section}-{row}-{place}"),
        section: format!("North Stand {section}"),
        row: row.to_string(),
        table: None,
        x: f64::from(section % 10) * 3_000.0 + f64::from(place) * 50.0,
        y: f64::from(section / 10) * 2_500.0 + f64::from(row) * 80.0,
        fate,
    }
}

/// A venue of this size that was sold in half a minute, with a kill.
fn sold_out(seats: u32) -> Outcome {
    let mut outcome = nothing();
    let Outcome { report, picture } = &mut outcome;
    report.capacity = seats;
    report.sold_seats = seats;
    report.acknowledged_seats = u64::from(seats);
    report.seats = Counts { allocated: seats, ..Counts::default() };
    report.duration_secs = 31.0;
    report.buyers = 12_000;
    report.requests = 40_000;
    report.latency = Latency { count: 39_000, p50_ms: 2.0, p99_ms: 40.0, ..Latency::default() };
    report.latency_by_operation = [(Operation::Place, report.latency)].into();
    report.outcomes = [("bought", 2_950), ("refused", 9_050)].into();
    report.answers =
        [("place.placed".to_owned(), 9_000), ("place.overloaded".to_owned(), 7)].into();
    report.kills.push(Kill {
        at_secs: 3.0,
        killed_at_millis: 1_795_000_003_000,
        serving_at_millis: 1_795_000_003_210,
        unanswered: 117,
        lost: 200,
        burst_buyers: 400,
        recovery_ms: 210,
    });
    report.audit = Audit { answers: 40_000, journal_facts: Some(11_000), ..Audit::default() };
    report.seconds = vec![Second { sold: 2_947, ..Second::default() }];
    picture.opened_at_millis = 1_795_000_000_000;
    let step = |number: u32| Step {
        from_secs: f64::from(number) * 0.4,
        until_secs: f64::from(number + 1) * 0.4,
        arrivals: 120,
        settled: u64::from(number % 7) * 20,
        p50_ms: 2.0,
        p90_ms: 5.0,
        p99_ms: 40.0,
    };
    picture.steps = (0..75).map(step).collect();
    picture.sightings = vec![
        Sighting { at_secs: 0.0, seats: Counts { available: seats, ..Counts::default() } },
        Sighting { at_secs: 31.0, seats: report.seats },
    ];
    let sold = |number| Fate::Sold { at_millis: u64::from(number).wrapping_mul(7_919) % 30_000 };
    picture.seats = (0..seats).map(|number| seat(number, sold(number))).collect();
    outcome
}

/// The same with two areas, a table and two ticket types, and a quota that leaves something over.
fn of_everything() -> Outcome {
    let mut outcome = sold_out(100);
    let Outcome { report, picture } = &mut outcome;
    let lawn = Counts { available: 40, allocated: 460, ..Counts::default() };
    let pit = Counts { allocated: 50, ..Counts::default() };
    let named = |label: &str, places: Counts| AreaSold {
        label: label.to_owned(),
        capacity: places.sum() as u32,
        sold_before: 0,
        places,
    };
    report.areas = vec![named("Lawn", lawn), named("Pit", pit)];
    (report.places, report.places_capacity, report.sold_places) = (lawn + pit, 550, 510);
    report.acknowledged_places = 510;
    report.tables = TablesSold { whole: 1, sold: 1 };
    let of = |key: &str, quota, sold| TicketTypeSold {
        key: key.to_owned(),
        quota,
        sold,
        ..TicketTypeSold::default()
    };
    report.ticket_types = vec![of("adult", Some(600), 600), of("child", None, 10)];
    report.cannot_be_sold = [("quota_exhausted", 40)].into();
    let drawn = |label: &str, places: Counts, sold| AreaDrawn {
        label: label.to_owned(),
        section: String::new(),
        sold,
        places,
    };
    picture.areas = vec![
        drawn("Lawn", lawn, vec![(100, 400), (20_000, 60)]),
        drawn("Pit", pit, vec![(30_500, 50)]),
    ];
    picture.tables = vec![TableDrawn { seats: (0..8).collect(), is_whole: true }];
    outcome
}

/// Everything that a chart, a server or a person writes is hostile, and everything broke.
fn broken() -> Outcome {
    let mut outcome = sold_out(400);
    let Outcome { report, picture } = &mut outcome;
    for (number, fate) in
        [Fate::Available, Fate::Held, Fate::Blocked, Fate::SoldToOthers].into_iter().enumerate()
    {
        picture.seats[number].fate = fate;
    }
    picture.seats[7].label = HOSTILE.to_owned();
    picture.seats[8].section = HOSTILE.to_owned();
    report.answers.insert(format!("place.{HOSTILE}"), 1);
    report.first_invalid = Some(HOSTILE.to_owned());
    report.audit.left_out.push(HOSTILE.to_owned());
    let violation = |number: u32| {
        let mut evidence = Evidence::new(Source::Record, format!("{HOSTILE} said {number}"));
        evidence.buyer_id = Some(HOSTILE.to_owned());
        evidence.hold_id = Some(HoldId(u128::from(number)));
        evidence.request_id = Some(RequestId(77));
        evidence.received_millis = Some(1_795_000_004_321);
        evidence.seats = (0..40).collect();
        let kind = [Kind::SoldTwice, Kind::AcknowledgedMissing, Kind::LsnGap][number as usize % 3];
        let message = format!("violation number {number} of the test");
        Violation { kind, seat: Some(number + 7), label: None, message, evidence: vec![evidence] }
    };
    report.violations = (0..30).map(violation).collect();
    report.violations_total = 1_030;
    outcome
}

fn origin() -> Origin {
    Origin {
        command: ["holdfast", "onsale", HOSTILE].map(str::to_owned).to_vec(),
        version: "0.1.0".to_owned(),
        options: vec![("venue", HOSTILE.to_owned())],
    }
}

/// The page, after what must be true of every page has been checked.
fn check(outcome: &Outcome) -> String {
    let page = html(outcome, &origin());
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&page, options)
        .unwrap_or_else(|error| panic!("{error}: {}", &page[..page.len().min(2_000)]));
    let mut ids = HashSet::new();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            let is_elsewhere =
                ["http:", "https:", "//", "url("].iter().any(|at| value.contains(at));
            assert!(!is_elsewhere, "{name}={value:?} asks somebody else");
            assert!(!name.starts_with("on"), "{name} is a script");
            assert!(!["src", "href"].contains(&name) || value == "data:,", "{name}={value:?}");
            assert!(name != "id" || ids.insert(value.to_owned()), "two elements are {value:?}");
        }
        let can_speak = node.attribute("role") != Some("img") || node.has_attribute("aria-label");
        assert!(can_speak, "a drawing without a word");
        let is_code = ["script", "style"].contains(&node.tag_name().name());
        let text = node.text().unwrap_or_default();
        assert!(is_code || !["NaN", "inf "].iter().any(|odd| text.contains(odd)), "{text}");
        assert!(node.tag_name().name() != "style" || !text.contains("@import"), "a foreign style");
    }
    let count = |name| document.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!((count("h1"), count("img")), (1, 0));
    assert!(count("h2") >= 6);
    assert!(!page.contains("\"M NaN") && !page.contains("NaN "), "a place that is no number");
    page
}

#[test]
fn a_clean_run_says_what_was_sold_and_what_was_kept() {
    let page = check(&sold_out(9_000));
    for text in [
        "All 9,000 seats sold in 30 seconds to 2,950 buyers.",
        "Sold out, promises kept",
        "No seat was sold twice.",
        "No acknowledged sale was lost, through 1 kill of the server.",
        "<dd>2,947</dd>",
        "18 November 2026",
        "Gave up empty-handed",
        "Too much at once",
        "11,000",
        "No violation was found.",
        "North Stand 8",
    ] {
        assert!(page.contains(text), "{text:?} is missing");
    }
    assert!(!page.contains("Promises broken"));
}

#[test]
fn a_broken_promise_is_told_first_and_every_violation_is_there() {
    let outcome = broken();
    let page = check(&outcome);
    let verdict = &page[..page.find("<main>").unwrap()];
    for text in [
        "Promises broken",
        "1,030 violations were found",
        "10 seats were sold twice.",
        "10 acknowledgements were lost or changed.",
        "1,010 other things were found.",
    ] {
        assert!(verdict.contains(text), "{text:?} is missing");
    }
    for number in 0..30 {
        assert!(page.contains(&format!("violation number {number} of the test")), "{number}");
        assert!(page.contains(&format!("{}", HoldId(number))), "its evidence");
    }
    assert!(page.contains("1,000 further violations were counted"));
    assert!(page.contains("+4.321 s"), "times count from the doors' opening");
    assert!(!page.contains("<img"), "something got out");
    assert!(page.contains("&lt;/script&gt;&lt;img"), "it is there as text");
}

#[test]
fn areas_tables_and_ticket_types_are_told() {
    let page = check(&of_everything());
    for text in [
        "All 100 seats and 510 of 550 places sold in",
        "40 cannot be sold: quotas are exhausted.",
        "Sold out, promises kept",
        "No seat was sold twice, and nothing beyond what there is.",
        "Seats and places by state",
        "460 of 500 places sold",
        "table sold as a whole (1)",
        "What it was sold as",
        "no limit",
    ] {
        assert!(page.contains(text), "{text:?} is missing");
    }
    let mut outcome = of_everything();
    outcome.picture.seats.clear();
    outcome.report.capacity = 0;
    assert!(check(&outcome).contains("50 of 50 places sold"), "areas alone are a venue");
    let mut oversold = of_everything();
    oversold.report.violations_total = 1;
    let mut evidence = Evidence::new(Source::Journal, "hold_placed");
    evidence.places = (0..40).map(|area| format!("3 in area {area}")).collect();
    oversold.report.violations = vec![Violation {
        kind: Kind::Oversold,
        seat: None,
        label: None,
        message: "51 are taken".to_owned(),
        evidence: vec![evidence],
    }];
    let page = check(&oversold);
    assert!(page.contains("1 time more was sold than there is."));
    assert!(page.contains("3 in area 11 and 28 more"));
}

#[test]
fn many_areas_and_tables_stay_small() {
    let mut outcome = sold_out(limits::MARKS_MAX as u32);
    let picture = &mut outcome.picture;
    let sold: Vec<(u64, u32)> = (0..3_000).map(|at| (at * 10, 1)).collect();
    let places = Counts { allocated: 3_000, ..Counts::default() };
    picture.areas = (0..700)
        .map(|area| AreaDrawn {
            label: format!("Area {area}"),
            section: "Infield".to_owned(),
            sold: if area < 70 { sold.clone() } else { Vec::new() },
            places,
        })
        .collect();
    let table = |first: u32| TableDrawn { seats: (first..first + 8).collect(), is_whole: true };
    picture.tables = (0..7_000).map(|number| table(number * 8)).collect();
    let page = check(&outcome);
    assert!(page.len() < limits::PAGE_BYTES_MAX, "{} bytes", page.len());
    assert!(page.contains("The table leaves out 400 areas."));
}

#[test]
fn what_could_not_be_audited_is_not_called_kept() {
    let mut outcome = sold_out(10);
    outcome.report.violations_total = 1;
    outcome.report.violations = vec![Violation {
        kind: Kind::NotAuditable,
        seat: None,
        label: None,
        message: "the journal cannot be read".to_owned(),
        evidence: Vec::new(),
    }];
    let page = check(&outcome);
    assert!(page.contains("That no seat was sold twice could not be proven."));
    assert!(!page.contains("No seat was sold twice."));
}

#[test]
fn a_sale_that_stood_still_says_what_is_left() {
    let mut outcome = sold_out(10);
    outcome.report.sold_seats = 7;
    outcome.report.seats = Counts { available: 2, held: 1, allocated: 7, blocked: 0 };
    let page = check(&outcome);
    assert!(page.contains("7 of 10 seats sold"));
    assert!(page.contains("The sale stood still with 2 free and 1 in holds."));
    assert!(page.contains("Not sold out, promises kept"));
}

#[test]
fn a_run_of_nothing_is_a_page_all_the_same() {
    let page = check(&nothing());
    assert!(page.contains("0 of 0 seats sold"));
    assert!(page.contains("Nobody came."));
    check(&sold_out(1));
}

#[test]
fn numbers_that_are_none_do_not_break_the_page() {
    let mut outcome = sold_out(3);
    let Outcome { report, picture } = &mut outcome;
    report.duration_secs = f64::NAN;
    report.requests_per_sec = f64::INFINITY;
    report.latency.p50_ms = f64::NAN;
    report.kills[0].at_secs = f64::INFINITY;
    picture.steps[0].until_secs = f64::NAN;
    picture.steps[1].p99_ms = f64::INFINITY;
    picture.seats[1].x = f64::NAN;
    check(&outcome);
}

#[test]
fn the_page_of_a_stadium_stays_small() {
    let page = check(&sold_out(limits::MARKS_MAX as u32));
    assert!(page.len() < limits::PAGE_BYTES_MAX, "{} bytes", page.len());
    let million = check(&sold_out(1_000_000));
    assert!(million.len() < limits::PAGE_BYTES_MAX, "{} bytes", million.len());
}

#[test]
fn without_scripts_nothing_is_shown_that_does_not_work() {
    let page = check(&sold_out(100));
    assert!(page.contains("<div class=\"controls\" hidden=\"hidden\">"));
    assert!(page.contains("default-src 'none'"), "the browser may load nothing");
}
