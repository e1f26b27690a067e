//! The program as an operator meets it: what it prints, what it refuses, and that it goes on
//! where it was.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::node::{Node, PROGRAM};
use crate::venue::TestVenue;

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
async fn answers_wait_for_postgres_only_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().to_str().unwrap();
    let arguments = ["up", "--data-dir", data_dir, "--http=127.0.0.1:0", "--grpc=127.0.0.1:0"];
    let refused = run(&arguments, &[("HOLDFAST_ACK", "journal+postgres")]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("holdfast:") && said.contains("there is no database_url"), "{said}");

    let node = Node::up(folder.path(), &[]);
    let body = json!({"eventId": 1, "userId": "ann", "seatIds": ["104-C-10"]});
    let reserve = async |ack: &str| {
        let request = reqwest::Client::new().post(node.url("/v1/seats/reserve"));
        request.header("Holdfast-Ack", ack).json(&body).send().await.unwrap()
    };
    let response = reserve("journal+postgres").await;
    assert_eq!(response.status().as_u16(), 400);
    let problem: Value = response.json().await.unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("without a database"), "{problem}");
    let response = reserve("journal").await;
    assert_eq!(response.status().as_u16(), 200, "nothing was done before");
    assert_eq!(response.headers()["holdfast-durability"], "journal");
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
    // A log that nobody looks at has no colours in it.
    let told = text(&second.stderr);
    assert!(told.contains("recovering") && !told.contains('\u{1b}'), "{told}");
    assert!(node.stop().success());

    let venue = TestVenue::with_rows(&["A"], 3);
    let other = up(&["--chart", venue.chart()]);
    assert!(!other.status.success());
    assert!(text(&other.stderr).contains("another chart"), "{other:?}");
}

#[tokio::test]
async fn a_chart_of_ones_own_is_sold_with_ones_own_rules() {
    let venue = TestVenue::with_rows(&["A"], 3);
    let node = Node::up(&venue.data_dir(), &["--chart", venue.chart(), "--buyer-seats-max", "1"]);
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
    let venue = TestVenue::with_rows(&["A"], 3);
    let data_dir = venue.data_dir();
    let mut arguments = vec!["engine", "--data-dir", data_dir.to_str().unwrap()];
    arguments.extend(["--chart", venue.chart(), "--grpc", "127.0.0.1:0"]);
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
fn flags_without_effect_are_refused_and_addresses_in_use_are_named() {
    for (word, flag, value) in [
        ("edge", "--data-dir", "x"),
        ("up", "--engine", "http://h:1"),
        ("engine", "--http", "[::]:0"),
    ] {
        let refused = run(&[word, flag, value], &[]);
        assert_eq!(refused.status.code(), Some(2));
        let told = text(&refused.stderr);
        assert!(told.contains(flag) && told.contains("no effect"), "{told}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let venue = TestVenue::with_rows(&["A"], 3);
    let data_dir = venue.data_dir();
    let arguments = ["up", "--data-dir", data_dir.to_str().unwrap(), "--http", &address];
    let refused = run(&arguments, &[]);
    let told = text(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains(&address) && told.contains("--http"),
        "{told}"
    );
    assert!(!data_dir.exists(), "nothing was begun");
}

#[test]
fn a_chart_with_a_mistake_is_named_and_nothing_is_begun() {
    let venue = TestVenue::with_rows(&["A"], 3);
    let data_dir = venue.data_dir();
    let spoilt = fs::read_to_string(venue.chart()).unwrap().replace("\"spacing\"", "\"spacin\"");
    let spoilt = spoilt.replace("\"label\":\"A\"", "\"lable\":\"A\"");
    fs::write(venue.chart(), spoilt).unwrap();
    for chart in [venue.chart(), "/nowhere/chart.json"] {
        let arguments = ["up", "--data-dir", data_dir.to_str().unwrap(), "--chart", chart];
        let ports = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"];
        let refused = run(&[&arguments[..], &ports].concat(), &[]);
        assert!(!refused.status.success());
        assert!(text(&refused.stderr).contains(chart), "{refused:?}");
        assert!(!data_dir.exists(), "nothing was begun");
    }
}

#[test]
fn a_chart_full_of_mistakes_is_told_mistake_by_mistake() {
    let venue = TestVenue::with_rows(&["A", "A"], 3);
    let inspected = inspect(venue.chart());
    assert_eq!(inspected.status.code(), Some(1));
    let told = text(&inspected.stderr);
    assert!(told.contains("row \"A\"") && told.contains("is there twice"), "{told}");
    let whole = TestVenue::with_rows(&["A", "B"], 3);
    let inspected = inspect(whole.chart());
    assert!(inspected.status.success(), "{inspected:?}");
    assert!(text(&inspected.stdout).contains("Corner stage"), "{inspected:?}");
}

fn inspect(chart: &str) -> Output {
    run(&["chart", "inspect", chart], &[])
}

#[test]
fn a_chart_is_exported_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    let seat = r#"{"seat_number": "1", "position": {"x": 1, "y": 1}, "category": "k"}"#;
    let content = format!(
        r#"{{"name": "Playhouse", "categories": [{{"name": "k"}}], "zones": [{{"name": "Hall",
            "position": {{"x": 0, "y": 0}}, "rows": [{{"row_number": "A",
            "seats": [{seat}]}}]}}]}}"#
    );
    fs::write(&plan, content).unwrap();
    let chart = |arguments: &[&str]| run(&[&["chart"], arguments].concat(), &[]);
    let content = |file: &str| {
        let report = text(&chart(&["inspect", file]).stdout);
        report.lines().find(|line| line.starts_with("content ")).map(str::to_owned)
    };
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (plan, ours, svg) = (path("plan.json"), path("ours.json"), path("plan.svg"));
    assert!(chart(&["export", &plan, "--out", &ours]).status.success());
    assert!(content(&plan).is_some());
    assert_eq!(content(&ours), content(&plan), "an export is the same chart");
    let canonical = chart(&["export", &ours, "--format", "canonical"]);
    assert!(text(&canonical.stdout).starts_with(r#"{"format":"holdfast-chart-canonical""#));

    assert!(chart(&["draw", &plan, "--out", &svg]).status.success());
    let drawn = fs::read_to_string(&svg).unwrap();
    assert!(drawn.starts_with("<svg ") && drawn.contains("Hall-A-1"), "{drawn}");
    let demonstration = chart(&["draw"]);
    assert!(text(&demonstration.stdout).contains("Holdfast Arena"));
}
