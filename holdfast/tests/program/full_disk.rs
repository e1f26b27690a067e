//! A real disk that is really full: a small file system in memory, in a namespace of its own.
//! What lives can be ended, what was acknowledged survives a kill and a start on the full disk,
//! and once there is space sales go on by themselves.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::{CreateEventRequest, EventRules, GetEventRequest, VerifyEventRequest};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::node::{Node, PROGRAM};

/// Small enough to fill at once, and a few times as large as what the journal takes ahead.
const DISK_BYTES: usize = 4 << 20;
const SEGMENT_BYTES: &str = "262144";
/// The event whose holds run out by themselves.
const SHORT_LIVED: u64 = 2;
const SHORT_LIVED_MILLIS: u64 = 2_000;
/// Far longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A small file system that only the processes of a namespace see. It goes with its keeper.
struct SmallDisk {
    keeper: Child,
    folder: TempDir,
}

impl SmallDisk {
    fn mounted() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=$1 tmpfs \"$0\" && echo mounted && exec cat";
        let mut keeper = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", script])
            .arg(folder.path())
            .arg(DISK_BYTES.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare, of util-linux, is there");
        let stdout = BufReader::new(keeper.stdout.take().unwrap());
        let disk = Self { keeper, folder };
        let said = stdout.lines().next().and_then(Result::ok);
        assert_eq!(said.as_deref(), Some("mounted"), "this user may mount in a namespace");
        disk
    }

    /// A command that sees the disk. Its process is the command's own.
    fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--preserve-credentials", "--user", "--mount", "--target"]);
        command.arg(self.keeper.id().to_string()).arg(PROGRAM);
        command
    }

    fn data_dir(&self) -> String {
        self.folder.path().join("data").to_str().unwrap().to_owned()
    }

    fn up(&self) -> Node {
        let mut command = self.command();
        command.args(["up", "--data-dir", &self.data_dir()]);
        command.args(["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]);
        command.args(["--journal-segment-bytes", SEGMENT_BYTES]);
        Node::start_by(command, &["http", "grpc"])
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// What somebody else keeps on the disk, as seen from outside of the namespace.
    fn ballast(&self) -> PathBuf {
        let seen = format!("/proc/{}/root{}", self.keeper.id(), self.folder.path().display());
        PathBuf::from(seen).join("ballast")
    }

    /// Somebody else takes all that is left.
    fn fill(&self) {
        let failed = fs::write(self.ballast(), vec![1; DISK_BYTES]).unwrap_err();
        assert_eq!(failed.kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_space(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Already ended, or not worth keeping.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

/// A buyer's way to a node.
struct Door<'a> {
    node: &'a Node,
    client: reqwest::Client,
}

impl<'a> Door<'a> {
    fn of(node: &'a Node) -> Self {
        Self { node, client: reqwest::Client::new() }
    }

    async fn post(&self, path: &str, key: &str, body: Value) -> (u16, Value) {
        let request = self.client.post(self.node.url(path)).header("Idempotency-Key", key);
        let response = request.json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        let has_retry_after = response.headers().contains_key("retry-after");
        let body: Value = response.json().await.unwrap();
        let is_short = body["code"] == "storage_short";
        assert!(!is_short || has_retry_after, "{body}");
        (status, body)
    }

    async fn reserve(&self, event_id: u64, key: &str) -> (u16, Value) {
        let body = json!({ "eventId": event_id, "quantity": 1, "userId": "ann" });
        self.post("/v1/seats/reserve", key, body).await
    }

    async fn end(&self, verb: &str, hold_id: &str) -> Value {
        let body = json!({ "holdId": hold_id, "userId": "ann" });
        let (status, body) =
            self.post(&format!("/v1/seats/{verb}"), &format!("{verb}-{hold_id}"), body).await;
        assert_eq!(status, 200, "{verb}: {body}");
        body
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.client.get(self.node.url(path)).send().await.unwrap();
        response.json().await.unwrap()
    }

    async fn count(&self, event_id: u64, state: &str) -> u64 {
        let counts = self.get(&format!("/v1/seats/availability?eventId={event_id}")).await;
        counts[state].as_u64().unwrap()
    }

    /// Holds seats until no more are given for want of space; the holds that were given.
    async fn sell_until_short(&self, event_id: u64, round: &str) -> Vec<String> {
        let began = Instant::now();
        let mut holds = Vec::new();
        loop {
            let key = format!("{round}-{}", holds.len());
            let (status, body) = self.reserve(event_id, &key).await;
            if status != 200 {
                assert_eq!((status, &body["code"]), (503, &json!("storage_short")), "{body}");
                return holds;
            }
            holds.push(body["holdId"].as_str().unwrap().to_owned());
            assert!(began.elapsed() < PATIENCE, "the disk is full, and holds are given");
        }
    }

    /// Waits until no hold of the short-lived ones is left: that they run out needs room as well.
    async fn wait_until_all_have_run_out(&self) {
        let began = Instant::now();
        while self.count(SHORT_LIVED, "held").await > 0 {
            assert!(began.elapsed() < PATIENCE, "holds do not run out");
        }
    }

    async fn wait_until_holds_are_given(&self) {
        let began = Instant::now();
        for number in 0.. {
            let (status, body) = self.reserve(1, &format!("space-{number}")).await;
            if status == 200 {
                return;
            }
            assert_eq!(body["code"], "storage_short");
            assert!(began.elapsed() < PATIENCE, "there is space, and holds are still refused");
        }
    }
}

async fn admin(node: &Node) -> InventoryAdminClient<Channel> {
    let address = format!("http://{}", node.address("grpc"));
    let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
    InventoryAdminClient::new(channel)
}

/// Puts a second event on sale, with the chart of the first and holds that soon run out.
async fn put_short_lived_on_sale(node: &Node) {
    let mut admin = admin(node).await;
    let first = admin.get_event(GetEventRequest { event_id: 1 }).await.unwrap().into_inner();
    let rules = EventRules { hold_ttl_millis: Some(SHORT_LIVED_MILLIS), ..EventRules::default() };
    let create = CreateEventRequest {
        request_id: uuid::Uuid::now_v7().into_bytes().to_vec().into(),
        event_id: SHORT_LIVED,
        name: "Gone in two seconds".to_owned(),
        chart_hash: first.chart_hash,
        rules: Some(rules),
        ..CreateEventRequest::default()
    };
    admin.create_event(create).await.unwrap();
}

async fn assert_verified(node: &Node) {
    for event_id in [1, SHORT_LIVED] {
        let verified = admin(node).await.verify_event(VerifyEventRequest { event_id }).await;
        assert_eq!(verified.unwrap().into_inner().violations, Vec::<String>::new());
    }
}

#[tokio::test]
async fn on_a_full_disk_what_lives_is_ended_and_nothing_acknowledged_is_lost() {
    let disk = SmallDisk::mounted();
    let node = disk.up();
    put_short_lived_on_sale(&node).await;
    let door = Door::of(&node);
    let mut holds = Vec::new();
    for number in 0..20 {
        let (status, held) = door.reserve(1, &format!("hold-{number}")).await;
        assert_eq!(status, 200, "{held}");
        holds.push(held["holdId"].as_str().unwrap().to_owned());
    }

    disk.fill();
    assert!(!door.sell_until_short(SHORT_LIVED, "first").await.is_empty());
    let mut sold = Vec::new();
    for hold_id in &holds[..5] {
        sold.push(door.end("allocate", hold_id).await);
    }
    node.kill();

    // A start on the full disk.
    let node = disk.up();
    let door = Door::of(&node);
    assert_eq!((door.count(1, "allocated").await, door.count(1, "held").await), (5, 15));
    for (hold_id, sold) in holds.iter().zip(&sold) {
        assert_eq!(&door.end("allocate", hold_id).await, sold, "the same key, the same sale");
    }
    // Holds that run out by themselves do; then come holds that nobody ends but this test.
    door.wait_until_all_have_run_out().await;
    let kept = door.sell_until_short(1, "second").await;
    assert!(kept.len() > 100, "{} holds", kept.len());
    assert_eq!(door.get("/health/ready").await["status"], "ready");
    // An extension needs less room than a hold; some may still have found it.
    let mut extended = Vec::new();
    for hold_id in &holds[5..10] {
        let extend = json!({ "holdId": hold_id, "userId": "ann" });
        let (_, body) = door.post("/v1/seats/extend", &format!("extend-{hold_id}"), extend).await;
        extended.push(body["code"] == "storage_short");
    }
    assert_eq!(extended.last(), Some(&true), "{extended:?}");
    assert_eq!(door.count(1, "held").await, 15 + kept.len() as u64);
    // What was accepted before is told again.
    let (status, again) = door.reserve(1, "hold-0").await;
    assert_eq!((status, again["holdId"].as_str()), (200, Some(holds[0].as_str())), "{again}");
    // Room was kept for the end of every single one.
    for hold_id in &holds[5..] {
        door.end("allocate", hold_id).await;
    }
    for hold_id in &kept {
        door.end("release", hold_id).await;
    }
    assert_eq!((door.count(1, "allocated").await, door.count(1, "held").await), (20, 0));
    door.sell_until_short(SHORT_LIVED, "third").await;
    node.kill();

    // A start when even the reserve is in use.
    let node = disk.up();
    let door = Door::of(&node);
    assert_eq!((door.count(1, "allocated").await, door.count(1, "held").await), (20, 0));

    disk.make_space();
    door.wait_until_holds_are_given().await;
    assert_verified(&node).await;
    assert!(node.stop().success());
    let verified = disk.run(&["journal", "verify", "--data-dir", &disk.data_dir()]);
    assert!(verified.status.success(), "{verified:?}");
}
