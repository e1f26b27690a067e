//! The promises under SIGKILL: a real process, killed again and again in the middle of a real
//! drop, and an audit that trusts neither its memory nor its word.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdfast");

/// Runs a drop; its output and its report.
fn onsale(arguments: &[&str]) -> (Output, Value) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let output = Command::new(PROGRAM)
        .args(["onsale", "--json", report.to_str().unwrap()])
        .args(arguments)
        .output()
        .expect("the program starts");
    let report = fs::read_to_string(report).unwrap();
    let report = serde_json::from_str(&report).unwrap_or_else(|_| panic!("no report: {output:?}"));
    (output, report)
}

#[test]
fn killed_twenty_times_in_the_middle_of_a_drop_nothing_is_sold_twice_or_lost() {
    let (output, report) = onsale(&[
        "--seats",
        "6000",
        "--buyers",
        "30000",
        "--over",
        "45",
        "--hold-secs",
        "4",
        "--seed",
        "20",
        "--curve",
        "waves",
        "--kill-server",
        "20",
    ]);
    assert!(output.status.success(), "{output:?}");
    let kills = report["kills"].as_array().unwrap();
    assert_eq!(kills.len(), 20, "{output:?}");
    for kill in kills {
        assert!(kill["unanswered"].as_u64().unwrap() >= 100, "{kill}");
    }
    assert_eq!(report["sold_seats"], 6000);
    assert_eq!(report["violations"], Value::Array(Vec::new()));
    assert!(report["audit"]["journal_facts"].as_u64().unwrap() > 6000 / 8);
}

#[test]
fn a_drop_through_the_edge_sells_out_clean() {
    let (output, report) = onsale(&[
        "--seats",
        "1500",
        "--buyers",
        "4000",
        "--over",
        "8",
        "--hold-secs",
        "3",
        "--door",
        "http",
        "--kill-server",
        "1",
        "--curve",
        "ramp",
    ]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(report["sold_seats"], 1500);
    assert_eq!(report["violations"], Value::Array(Vec::new()));
}
