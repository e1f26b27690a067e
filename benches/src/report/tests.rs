//! The table, the JSON and the page, by example.

use std::collections::HashSet;

use super::machine::Machine;
use super::page::{Settings, page};
use super::*;

fn figures(per_second: f64, p50_micros: u64) -> Figures {
    Figures {
        per_second,
        per_second_range: (per_second * 0.9, per_second * 1.1),
        latency: Some(Latency { p50_micros, p99_micros: p50_micros * 4 }),
        refused: 2,
    }
}

fn outcome(name: &'static str, ours: f64, peer: f64, target: Option<f64>) -> Outcome {
    let (ours, peer) = (figures(ours, 1_500), figures(peer, 250));
    Outcome { name, peer_name: "a peer", target, ours, peer }
}

#[test]
fn a_target_is_met_from_its_value_on() {
    let met = |ours, target| outcome("x", ours, 100.0, target).met();
    assert_eq!(met(75.0, Some(0.75)), Some(true));
    assert_eq!(met(74.9, Some(0.75)), Some(false));
    assert_eq!(met(1.0, None), None);
}

#[test]
fn less_than_fifteen_in_a_hundred_is_no_difference() {
    for (ours, differs) in
        [(84.0, true), (86.0, false), (100.0, false), (117.0, false), (119.0, true)]
    {
        assert_eq!(outcome("x", ours, 100.0, None).differs(), differs, "{ours}");
    }
}

#[test]
fn the_table_is_one_of_markdown() {
    let outcomes = [
        outcome("unary", 61_234.4, 80_000.0, Some(0.75)),
        outcome("stream, many", 1_200_000.0, 1_250_000.0, None),
        outcome("slow", 10.0, 100.0, Some(0.5)),
        outcome("slower", 6.0, 1_000.0, None),
    ];
    let table = table(&outcomes);
    let lines: Vec<Vec<&str>> =
        table.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    assert_eq!(lines[0][1..4], ["row", "beside", "ours/s"]);
    assert_eq!(
        lines[2][1..11],
        [
            "unary",
            "a peer",
            "61,234",
            "80,000",
            "0.77",
            "0.75",
            "yes",
            "1.50 / 6.00",
            "0.25 / 1.00",
            "2 / 2"
        ]
    );
    assert_eq!(lines[3][3..8], ["1,200,000", "1,250,000", "~ 0.96", "", ""]);
    assert_eq!(lines[4][5..8], ["0.10", "0.50", "NO"]);
    assert_eq!(lines[5][5], "0.006");
    let rule = table.lines().nth(1).unwrap_or_default();
    assert!(rule.chars().all(|mark| "|-:".contains(mark)), "{rule}");
    let widths: HashSet<_> = table.lines().map(|line| line.chars().count()).collect();
    assert_eq!(widths.len(), 1, "the columns stand below each other:\n{table}");
}

#[test]
fn every_row_is_an_object_of_json() {
    let outcomes = [
        outcome("unary", 61_234.4, 80_000.0, Some(0.75)),
        outcome("stream", 1_000.0, 3_000.0, None),
    ];
    let text = json_lines(&outcomes).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["name"], "unary");
    assert_eq!(lines[0]["ours"], 61_234.0);
    assert_eq!(lines[0]["peer"], 80_000.0);
    assert_eq!(lines[0]["ratio"], 0.765);
    assert_eq!((&lines[0]["target"], &lines[0]["met"]), (&0.75.into(), &true.into()));
    assert!(lines[1]["target"].is_null() && lines[1]["met"].is_null());
    assert_eq!(lines[0]["ours_p99_micros"], 6_000);
}

#[test]
fn what_was_not_timed_by_itself_has_no_latencies() {
    let mut floor = outcome("floor", 1_000.0, 3_000.0, None);
    floor.peer.latency = None;
    let line: serde_json::Value =
        serde_json::from_str(&json_lines(std::slice::from_ref(&floor)).unwrap()).unwrap();
    assert_eq!(line["ours_p50_micros"], 1_500);
    assert!(line["peer_p50_micros"].is_null() && line["peer_p99_micros"].is_null());
    let table = table(&[floor]);
    let cells: Vec<&str> = table.lines().nth(2).unwrap().split('|').map(str::trim).collect();
    assert_eq!(cells[8..11], ["1.50 / 6.00", "", "2 / 2"], "{table}");
}

#[test]
fn the_page_says_where_how_and_what() {
    let machine = Machine {
        processor: "A processor".to_owned(),
        cores: 2,
        memory: "24.0 GiB".to_owned(),
        kernel: "6.1.0".to_owned(),
        versions: vec![("rustc".to_owned(), "1.95.0".to_owned())],
    };
    let settings = Settings {
        profile: "dist".to_owned(),
        rounds: 3,
        warm_up_secs: 1.0,
        measured_secs: 4.0,
        date: "2026-11-28".to_owned(),
        load_before: "0.12".to_owned(),
    };
    let outcomes = [outcome("unary", 61_234.4, 80_000.0, Some(0.75))];
    let page = page(&machine, &settings, &outcomes);
    for words in [
        "# Benchmarks",
        "cargo xtask bench",
        "belong to this machine",
        "| A processor, 2 cores, 24.0 GiB |",
        "| rustc | 1.95.0 |",
        "3 rounds",
        "| unary |",
        "2026-11-28",
        "before) | 0.12 |",
        "'at its best'",
        "`SKIP LOCKED`",
        "'The disk alone'",
        "`O_DIRECT`",
        "'The core alone'",
    ] {
        assert!(page.contains(words), "{words:?} is missing in\n{page}");
    }
    assert!(page.lines().all(|line| line.starts_with('|') || line.len() <= 100), "{page}");
}

#[test]
fn this_machine_is_known() {
    let machine = Machine::this();
    assert!(super::machine::load().parse::<f64>().is_ok());
    assert!(machine.cores > 0 && machine.memory.ends_with("GiB"));
    assert!(machine.versions.iter().any(|(name, _)| name == "tonic"), "{machine:?}");
}

#[test]
fn thousands_have_commas() {
    for (number, expected) in
        [(0.0, "0"), (999.4, "999"), (1_000.0, "1,000"), (1_234_567.8, "1,234,568")]
    {
        assert_eq!(thousands(number), expected);
    }
}
