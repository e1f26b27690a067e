//! A start that takes its time: what everybody is told until it is done, and that nothing is
//! missed once it is. A chart that comes out of a pipe stands for a long history.

use std::fs;
use std::path::PathBuf;

use proto::inventory::v1::inventory_client::InventoryClient;
use proto::inventory::v1::{CommandBatch, GetAvailabilityRequest};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::node::{Node, Starting};

/// A data directory with event 1 on sale, whose chart cannot be read before it is written once
/// more.
struct Sluggish {
    folder: tempfile::TempDir,
    pipe: PathBuf,
    chart: Vec<u8>,
}

impl Sluggish {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        assert!(Node::up(folder.path(), &[]).stop().success());
        let mut charts = fs::read_dir(folder.path().join("charts")).unwrap();
        let pipe = charts.next().unwrap().unwrap().path();
        assert!(charts.next().is_none(), "there is one event, and so one chart");
        let chart = fs::read(&pipe).unwrap();
        fs::remove_file(&pipe).unwrap();
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        Self { folder, pipe, chart }
    }

    fn start(&self, word: &str, more: &[&str]) -> Starting {
        let data_dir = self.folder.path().to_str().unwrap();
        let arguments = [&[word, "--data-dir", data_dir, "--grpc", "127.0.0.1:0"], more].concat();
        Starting::new(&arguments)
    }

    /// Lets the recovery go on. Returns once it has read the chart, which is a file again.
    fn write_chart(&self) {
        fs::write(&self.pipe, &self.chart).unwrap();
        fs::remove_file(&self.pipe).unwrap();
        fs::write(&self.pipe, &self.chart).unwrap();
    }
}

async fn get(address: &str, path: &str) -> (u16, Option<String>, Value) {
    let response = reqwest::get(format!("http://{address}{path}")).await.unwrap();
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    (status, retry_after, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn reserve(address: &str) -> (u16, Option<String>, Value) {
    let body = json!({ "eventId": 1, "quantity": 1, "userId": "ann" });
    let request = reqwest::Client::new().post(format!("http://{address}/v1/seats/reserve"));
    let response = request.json(&body).send().await.unwrap();
    let retry_after = response.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
    (response.status().as_u16(), retry_after, response.json().await.unwrap())
}

async fn connect(address: &str) -> Channel {
    Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

/// What health says of all services of an engine.
async fn health(address: &str) -> ServingStatus {
    let mut health = HealthClient::new(connect(address).await);
    let request = HealthCheckRequest { service: String::new() };
    health.check(request).await.unwrap().into_inner().status()
}

fn assert_recovering(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "recovering");
    assert!(details.retry_info().is_some(), "{status:?}");
}

async fn assert_calls_are_told(address: &str) {
    let mut client = InventoryClient::new(connect(address).await);
    let request = GetAvailabilityRequest { event_id: 1, ..GetAvailabilityRequest::default() };
    let read = client.get_availability(request).await;
    assert_recovering(&read.unwrap_err());
    let stream = tokio_stream::iter([CommandBatch::default()]);
    assert_recovering(&client.pipeline(stream).await.unwrap_err());
}

#[tokio::test]
async fn until_it_is_there_everybody_is_told_and_then_nobody_is_turned_away() {
    let data = Sluggish::new();
    let starting = data.start("up", &["--http", "127.0.0.1:0"]);
    let http = starting.address("http").to_owned();
    assert_eq!(get(&http, "/health/live").await.0, 200);
    for path in ["/health", "/health/ready", "/actuator/health"] {
        let (status, _, body) = get(&http, path).await;
        assert_eq!((status, &body["status"]), (503, &json!("recovering")), "{path}");
        for number in ["bytesTotal", "bytesRead", "factsApplied"] {
            assert!(body[number].is_u64(), "{path}: {body}");
        }
    }
    for path in ["/metrics", "/actuator/prometheus"] {
        let (status, _, text) = get(&http, path).await;
        assert_eq!(status, 200);
        assert!(text.as_str().unwrap().lines().any(|line| line == "holdfast_ready 0"), "{text}");
    }
    for path in ["/v1/events", "/v1/seats/availability?eventId=1", "/v1/events/1/seats"] {
        let (status, retry_after, body) = get(&http, path).await;
        assert_eq!((status, &body["code"]), (503, &json!("recovering")), "{path}");
        assert_eq!(retry_after.as_deref(), Some("1"), "{path}");
    }
    let (status, retry_after, body) = reserve(&http).await;
    assert_eq!((status, &body["code"]), (503, &json!("recovering")), "{body}");
    assert_eq!(retry_after.as_deref(), Some("1"));
    let grpc = starting.address("grpc").to_owned();
    assert_eq!(health(&grpc).await, ServingStatus::NotServing);
    assert_calls_are_told(&grpc).await;

    data.write_chart();
    let node = starting.serving(&["http", "grpc"]);
    // At once: no caller is told any more how it was before.
    let (status, _, held) = reserve(&http).await;
    assert_eq!(status, 200, "{held}");
    let (status, _, body) = get(&http, "/health/ready").await;
    assert_eq!((status, body), (200, json!({ "status": "ready" })));
    assert_eq!(health(&grpc).await, ServingStatus::Serving);
    let log = node.log_until("ready");
    let ready = log.last().unwrap();
    assert_eq!((&ready["fields"]["events"], &ready["fields"]["epoch"]), (&json!(1), &json!(2)));
    assert!(ready["fields"]["took_ms"].is_u64() && ready["fields"]["seats"].is_u64(), "{ready}");
    assert!(node.stop().success());
}

#[tokio::test]
async fn an_engine_run_apart_tells_its_probes_and_its_edges() {
    let data = Sluggish::new();
    let engine = data.start("engine", &["--metrics", "127.0.0.1:0"]);
    let (probes, grpc) = (engine.address("metrics").to_owned(), engine.address("grpc").to_owned());
    let uri = format!("http://{grpc}");
    let edge = Node::start(&["edge", "--engine", &uri, "--http", "127.0.0.1:0"], &["http"]);
    let http = edge.address("http").to_owned();
    assert_eq!(get(&probes, "/health/live").await.0, 200);
    for address in [&probes, &http] {
        let (status, _, body) = get(address, "/health/ready").await;
        assert_eq!((status, &body["status"]), (503, &json!("recovering")));
        assert_eq!(body["factsApplied"], 0);
    }
    let (status, _, body) = reserve(&http).await;
    assert_eq!((status, &body["code"]), (503, &json!("recovering")), "{body}");

    data.write_chart();
    let engine = engine.serving(&["grpc", "metrics"]);
    let (status, _, held) = reserve(&http).await;
    assert_eq!(status, 200, "{held}");
    for address in [&probes, &http] {
        let (status, _, body) = get(address, "/health/ready").await;
        assert_eq!((status, body), (200, json!({ "status": "ready" })));
    }
    assert!(engine.stop().success());
    assert!(edge.stop().success());
}

#[tokio::test]
async fn who_is_told_to_leave_in_the_middle_of_it_leaves() {
    let data = Sluggish::new();
    let starting = data.start("up", &["--http", "127.0.0.1:0"]);
    let http = starting.address("http").to_owned();
    assert_eq!(get(&http, "/health/ready").await.0, 503);
    assert!(starting.stop().success());
}
