//! `holdfast up` and an edge apart that share a real Redis: limits hold for both, addresses are
//! those of the connections, and sales go on when it is stopped in the middle.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use servers::Redis;

use crate::node::Node;
use crate::venue::TestVenue;

/// A server with a venue, an edge apart before it, and their Redis.
struct House {
    redis: Redis,
    up: Node,
    edge: Node,
    _venue: TestVenue,
}

impl House {
    async fn new(limits: &[&str]) -> Self {
        let redis = Redis::start(&[]).await.unwrap();
        let venue = TestVenue::with_rows(&["A", "B"], 200);
        let url = redis.url();
        let shared = [&["--redis-url", &url][..], limits].concat();
        let up = Node::up(&venue.data_dir(), &[&["--chart", venue.chart()][..], &shared].concat());
        let uri = format!("http://{}", up.address("grpc"));
        let edge = ["edge", "--engine", &uri, "--http", "127.0.0.1:0"];
        let edge = Node::start(&[&edge[..], &shared].concat(), &["http"]);
        let house = Self { redis, up, edge, _venue: venue };
        house.both_show("edge_redis_in_use 1").await;
        house
    }

    async fn both_show(&self, line: &str) {
        for node in [&self.up, &self.edge] {
            shows(node, line).await;
        }
    }
}

/// Waits until a process shows a line at `/metrics`.
async fn shows(node: &Node, line: &str) {
    let mut looks = tokio::time::interval(Duration::from_millis(10));
    let shown = async {
        loop {
            let metrics = reqwest::get(node.url("/metrics")).await.unwrap().text().await.unwrap();
            if metrics.lines().any(|shown| shown == line) {
                return;
            }
            looks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), shown).await.expect(line);
}

/// Asks for a seat from an address of this machine.
async fn reserve(node: &Node, from: IpAddr, user: &str) -> (u16, Value) {
    let client = reqwest::Client::builder().local_address(from).build().unwrap();
    let body = json!({ "eventId": 1, "userId": user, "quantity": 1 });
    let request = client.post(node.url("/v1/seats/reserve")).json(&body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// What four requests of one user are told, at two edges in turn.
async fn in_turn(nodes: [&Node; 2], from: IpAddr, users: [&str; 4]) -> Vec<u16> {
    let mut told = Vec::new();
    for (node, user) in nodes.into_iter().cycle().zip(users) {
        told.push(reserve(node, from, user).await.0);
    }
    told
}

/// Whether a walk comes to what is expected once; a busy machine may take Redis away for a moment.
async fn once(mut walk: impl AsyncFnMut(u8) -> bool) {
    for attempt in 0..40 {
        if walk(attempt).await {
            return;
        }
    }
    panic!("it never came to what was expected");
}

#[tokio::test]
async fn two_edges_share_limits_by_user_and_by_address() {
    let house = House::new(&["--limit-user", "3/h", "--limit-address", "5/h"]).await;
    let (up, edge) = (&house.up, &house.edge);
    once(async |attempt| {
        // By turns here and there: three of one user, five from one address.
        let (from, ann) = (address(100 + attempt), format!("ann {attempt}"));
        let user = in_turn([up, edge], from, [&ann; 4]).await;
        let others = ["b", "c", "d", "e"].map(|name| format!("{name} {attempt}"));
        let address = in_turn([edge, up], from, others.each_ref().map(String::as_str)).await;
        user == [200, 200, 200, 429] && address == [200, 200, 429, 429]
    })
    .await;
    once(async |attempt| {
        let (from, user) = (address(50 + attempt), format!("f {attempt}"));
        let mut told = Vec::new();
        for number in 0..6 {
            told.push(reserve(up, from, &format!("{user} {number}")).await);
        }
        let (status, problem) = told.remove(5);
        let is_told = problem["code"] == "rate_limited" && problem["limit"] == "address";
        told.iter().all(|(status, _)| *status == 200) && status == 429 && is_told
    })
    .await;
    assert!(house.edge.stop().success() && house.up.stop().success());
}

#[tokio::test]
async fn sales_go_on_while_redis_is_stopped_in_the_middle() {
    let house = House::new(&["--limit-user", "3/h"]).await;
    let started = Instant::now();
    assert_eq!(reserve(&house.up, address(1), "before").await.0, 200);
    let with_redis = started.elapsed();
    house.redis.pause().unwrap();
    for buyer in 0..20 {
        let node = if buyer % 2 == 0 { &house.up } else { &house.edge };
        let started = Instant::now();
        let (status, held) = reserve(node, address(1), &format!("paused {buyer}")).await;
        let took = started.elapsed();
        assert_eq!(status, 200, "{held}");
        // What the disk takes may differ from one to the next.
        let own = 10 * with_redis + Duration::from_millis(100);
        assert!(took < Duration::from_millis(100) + own, "{took:?} after {with_redis:?}");
        let left = reqwest::get(node.url("/v1/seats/availability?eventId=1")).await.unwrap();
        let left: Value = left.json().await.unwrap();
        assert_eq!(left["held"], buyer + 2, "as it is now");
    }
    house.both_show("edge_redis_in_use 0").await;
    // Each counts for itself now.
    for node in [&house.up, &house.edge] {
        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(reserve(node, address(1), "greedy").await.0);
        }
        assert_eq!(told, [200, 200, 200, 429]);
    }
    house.redis.resume().unwrap();
    house.both_show("edge_redis_in_use 1").await;
    once(async |attempt| {
        let user = format!("after {attempt}");
        let told = in_turn([&house.up, &house.edge], address(1), [&user; 4]).await;
        told == [200, 200, 200, 429]
    })
    .await;
    assert!(house.edge.stop().success() && house.up.stop().success());
}
