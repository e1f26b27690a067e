//! `holdfast onsale` on a hall that has everything: seats, whole tables, areas and ticket types,
//! through both doors and at a server that runs already.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::node::{Node, PROGRAM};

/// 24 seats in rows, two tables of six that are sold as a whole, a lawn and a pit.
fn hall(folder: &Path) -> PathBuf {
    let row =
        |label: &str, y: u32| json!({ "label": label, "x": 0, "y": y, "spacing": 20, "seats": 12 });
    let table = |label: &str, x: u32| {
        let seats = 6;
        json!({"label": label, "x": x, "y": 90, "radius": 20, "bookWhole": true, "seats": seats})
    };
    let chart = json!({
        "format": "holdfast-chart", "version": 1, "name": "Old Mill",
        "categories": [{ "key": "best", "label": "Best" }, { "key": "rest", "label": "Rest" }],
        "sections": [{
            "label": "Stalls", "category": "best", "rows": [row("A", 0), row("B", 30)],
            "tables": [table("T1", 40), table("T2", 160)],
            "areas": [{ "label": "Pit", "capacity": 20 }],
        }],
        "areas": [{ "label": "Lawn", "category": "rest", "capacity": 60 }],
    });
    let path = folder.join("hall.json");
    std::fs::write(&path, chart.to_string()).unwrap();
    path
}

/// Runs a drop that has to end well, and reads its report.
fn sold(folder: &Path, arguments: &[&str]) -> Value {
    let report = folder.join("report.json");
    let output = Command::new(PROGRAM)
        .args(["onsale", "--buyers", "400", "--over", "1", "--seed", "7", "--bots", "0.02"])
        .args(["--json", report.to_str().unwrap()])
        .args(arguments)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()
}

fn own(door: &str, more: &[&str]) -> (TempDir, Value) {
    let folder = tempfile::tempdir().unwrap();
    let chart = hall(folder.path());
    let mut arguments = vec!["--chart", chart.to_str().unwrap(), "--hold-secs", "1"];
    arguments.extend(["--door", door]);
    arguments.extend(more);
    let report = sold(folder.path(), &arguments);
    (folder, report)
}

fn all_is_sold(report: &Value) {
    assert_eq!(report["sold_seats"], 36, "{report}");
    assert_eq!(report["sold_places"], 80, "{report}");
    assert_eq!(report["tables"], json!({ "whole": 2, "sold": 2 }));
    assert_eq!(report["cannot_be_sold"], json!({}));
    assert_eq!(report["violations"], json!([]));
}

#[test]
fn a_hall_with_everything_is_sold_through_both_doors() {
    for door in ["grpc", "http"] {
        let types = ["adult", "child=12", "vip=6@best"];
        let types: Vec<&str> = types.iter().flat_map(|of| ["--ticket-type", of]).collect();
        let (_folder, report) = own(door, &[&types[..], &["--returns", "10"]].concat());
        all_is_sold(&report);
        assert_eq!((&report["event_id"], &report["transport"]), (&json!(2), &json!(door)));
        let sold = |index: usize| report["ticket_types"][index]["sold"].as_u64().unwrap();
        assert_eq!(sold(0) + sold(1) + sold(2), 116, "{report}");
        assert!(sold(1) <= 12 && sold(2) <= 6, "{report}");
    }
}

#[test]
fn what_quotas_leave_over_is_no_failure() {
    let (_folder, report) = own("grpc", &["--ticket-type", "adult=100@best,rest"]);
    assert_eq!(report["cannot_be_sold"], json!({ "quota_exhausted": 16 }), "{report}");
    assert_eq!(report["violations"], json!([]));
}

#[test]
fn a_server_that_runs_already_is_sold_out_over_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (chart, data_dir) = (hall(folder.path()), folder.path().join("data"));
    let more = ["--chart", chart.to_str().unwrap(), "--hold-secs", "1"];
    let server = Node::up(&data_dir, &more);
    let target = format!("http://{}", server.address("http"));
    let report = sold(folder.path(), &["--target", &target]);
    all_is_sold(&report);
    assert_eq!(report["acknowledged_places"], 80);
    assert!(server.stop().success());
}
