//! The program as an operator meets it: what it prints, what it refuses, and that it goes on
//! where it was.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::{Node, PROGRAM};

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn reserve(node: &Node, key: &str, body: Value) -> (u16, Value) {
    let request = reqwest::Client::new().post(node.url("/v1/seats/reserve"));
    let response = request.header("Idempotency-Key", key).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn availability(node: &Node) -> Value {
    let response = reqwest::get(node.url("/v1/seats/availability?eventId=1")).await.unwrap();
    response.json().await.unwrap()
}

#[tokio::test]
async fn killed_without_a_word_it_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::up(folder.path(), &[]);
    let two = json!({"eventId": 1, "userId": "ann", "bestAvailable": {"quantity": 2}});
    let (status, first) = reserve(&node, "k1", two.clone()).await;
    assert_eq!(status, 200, "{first}");
    let before = availability(&node).await;
    assert_eq!(before["held"], 2);
    node.kill();

    let node = Node::up(folder.path(), &[]);
    let after = availability(&node).await;
    for count in ["available", "held", "allocated", "blocked", "capacity"] {
        assert_eq!(after[count], before[count], "{count}");
    }
    let (status, again) = reserve(&node, "k1", two).await;
    assert_eq!((status, &again), (200, &first), "the same key means the same hold");
    assert!(node.stop().success());
}

#[tokio::test]
async fn one_data_directory_serves_one_process_and_one_chart() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::up(folder.path(), &[]);
    let data_dir = folder.path().to_str().unwrap();
    let ports = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"];
    let up = |more: &[&str]| {
        let arguments = [&["up", "--data-dir", data_dir], &ports[..], more].concat();
        run(&arguments, &[])
    };
    let second = up(&[]);
    assert!(!second.status.success());
    assert!(text(&second.stderr).contains("in use by another process"), "{second:?}");
    assert!(node.stop().success());

    let chart = folder.path().join("other.json");
    fs::write(&chart, small_chart()).unwrap();
    let other = up(&["--chart", chart.to_str().unwrap()]);
    assert!(!other.status.success());
    assert!(text(&other.stderr).contains("another chart"), "{other:?}");
}

#[tokio::test]
async fn a_chart_of_ones_own_is_sold_with_ones_own_rules() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("chart.json");
    fs::write(&chart, small_chart()).unwrap();
    let chart = chart.to_str().unwrap();
    let data_dir = folder.path().join("data");
    let node = Node::up(&data_dir, &["--chart", chart, "--buyer-seats-max", "1"]);
    let (status, held) =
        reserve(&node, "k1", json!({"eventId": 1, "seatIds": ["A-2"], "userId": 7})).await;
    assert_eq!((status, &held["seatIds"]), (200, &json!(["A-2"])), "{held}");
    let (status, refused) =
        reserve(&node, "k2", json!({"eventId": "1", "seatIds": ["A-1"], "userId": "7"})).await;
    assert_eq!((status, &refused["code"]), (403, &json!("buyer_limit_exceeded")), "{refused}");
    node.stop();
}

#[tokio::test]
async fn engine_and_edge_run_apart() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("chart.json");
    fs::write(&chart, small_chart()).unwrap();
    let data_dir = folder.path().join("data");
    let mut arguments = vec!["engine", "--data-dir", data_dir.to_str().unwrap()];
    arguments.extend(["--chart", chart.to_str().unwrap(), "--grpc", "127.0.0.1:0"]);
    arguments.extend(["--metrics", "127.0.0.1:0"]);
    let engine = Node::start(&arguments, &["grpc", "metrics"]);
    let uri = format!("http://{}", engine.address("grpc"));
    let edge = Node::start(&["edge", "--engine", &uri, "--http", "127.0.0.1:0"], &["http"]);
    let (status, held) =
        reserve(&edge, "k", json!({"eventId": 1, "seatIds": ["A-1"], "userId": "u"})).await;
    assert_eq!(status, 200, "{held}");
    let metrics = format!("http://{}/metrics", engine.address("metrics"));
    let metrics = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("holdfast_holds_placed_total 1"), "{metrics}");

    assert!(engine.stop().success());
    let (status, problem) =
        reserve(&edge, "k", json!({"eventId": 1, "seatIds": ["A-1"], "userId": "u"})).await;
    assert_eq!(status, 503, "{problem}");
    let ready = reqwest::get(edge.url("/health/ready")).await.unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    assert!(edge.stop().success());
}

#[tokio::test]
async fn the_journal_is_there_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::up(folder.path(), &[]);
    reserve(&node, "k", json!({"eventId": 1, "userId": "ann", "quantity": 3})).await;
    assert!(node.stop().success());
    let data_dir = folder.path().to_str().unwrap();
    let verified = run(&["journal", "verify", "--data-dir", data_dir], &[]);
    assert!(verified.status.success(), "{verified:?}");
    let dumped = run(&["journal", "dump", "--data-dir", data_dir], &[]);
    let lines: Vec<Value> =
        text(&dumped.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["change"], "event_created");
    assert_eq!(lines[1]["change"], "hold_placed");
    assert_eq!(lines[1]["seats"].as_array().unwrap().len(), 3);
}

#[test]
fn settings_that_nobody_knows_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("holdfast.toml");
    fs::write(&file, "data_dirr = \"x\"\n").unwrap();
    let refused = run(&["up", "--config", file.to_str().unwrap()], &[]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("data_dirr"), "{refused:?}");
    let refused = run(&["up"], &[("HOLDFAST_DATADIR", "x")]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("HOLDFAST_DATADIR"), "{refused:?}");
    let refused = run(&["up", "--http", "nowhere"], &[]);
    assert!(!refused.status.success());
}

#[test]
fn a_chart_full_of_mistakes_is_told_mistake_by_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("chart.json");
    let twice =
        small_chart().replace("\"2\"", "\"1\"").replace("\"p\", \"seats\"", "\"q\", \"seats\"");
    fs::write(&chart, twice).unwrap();
    let inspected = inspect(&chart);
    assert_eq!(inspected.status.code(), Some(1));
    let told = text(&inspected.stderr);
    assert!(told.contains("row \"A\" / seat \"1\""), "{told}");
    fs::write(&chart, small_chart()).unwrap();
    let inspected = inspect(&chart);
    assert!(inspected.status.success(), "{inspected:?}");
    assert!(text(&inspected.stdout).contains("Corner stage"), "{inspected:?}");
}

fn inspect(chart: &Path) -> Output {
    run(&["chart", "inspect", chart.to_str().unwrap()], &[])
}

/// Three seats in our own format.
fn small_chart() -> String {
    let seat = |label: &str, x: u32| json!({"label": label, "x": x, "y": 10, "category": "p"});
    json!({
        "format": "holdfast-chart",
        "version": 1,
        "name": "Corner stage",
        "focalPoint": {"x": 10, "y": 0},
        "categories": [{"key": "p", "label": "Parquet"}],
        "rows": [{"label": "A", "seats": [seat("1", 0), seat("2", 10), seat("3", 20)]}],
    })
    .to_string()
}
