//! Who is limited by what, and what they are told; and that a Redis that is stopped in the middle,
//! killed or emptied stands in nobody's way.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ConnectInfo;
use metrics_exporter_prometheus::PrometheusHandle;
use servers::Redis;
use tokio::time::Instant;

use super::*;
use crate::{AdminToken, RateLimitRules, RedisAddress};

const RESERVE: &str = "/v1/seats/reserve";
/// What a Redis that is away may cost a request.
const REDIS_COSTS_AT_MOST: Duration = Duration::from_millis(100);

fn limited(rules: RateLimitRules, trusted_proxies: u8) -> Router {
    let engine = FakeEngine::in_process();
    let options = EdgeOptions {
        rate_limits: rules,
        trusted_proxies,
        admin_token: Some(AdminToken::new("sixteen-letters!")),
        ..EdgeOptions::default()
    };
    let router = Edge::new(options, engine.service.clone(), None).router();
    engine.answer_all(agree);
    router
}

fn rules(user: &str, address: &str, event: &str, reads: &str) -> RateLimitRules {
    let rule = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    RateLimitRules {
        user: rule(user),
        address: rule(address),
        event: rule(event),
        reads: rule(reads),
    }
}

async fn reserve(router: &Router, event_id: u64, user: &str) -> Reply {
    post(router, RESERVE, json!({ "eventId": event_id, "userId": user, "quantity": 1 })).await
}

/// A request that comes from somewhere.
async fn from(router: &Router, peer: &str, forwarded: &str, uri: &str) -> Reply {
    let peer: SocketAddr = format!("{peer}:1").parse().unwrap();
    let request = Request::get(uri).header("x-forwarded-for", forwarded);
    ask(router, request.extension(ConnectInfo(peer)).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn who_is_over_a_limit_is_told_which_and_when_to_come_again() {
    let router = limited(rules("2/m,burst=2", "", "", ""), 0);
    for _ in 0..2 {
        assert_eq!(reserve(&router, 1, "ann").await.status, StatusCode::OK);
    }
    let refused = reserve(&router, 1, "ann").await;
    assert_problem(&refused, 429, "rate_limited");
    assert_eq!(
        (&refused.body["limit"], &refused.body["retryable"]),
        (&json!("user"), &json!(true))
    );
    let millis = refused.body["retryAfterMillis"].as_u64().unwrap();
    assert!(millis > 20_000 && millis <= 30_000, "{millis}");
    assert_eq!(refused.headers["retry-after"], millis.div_ceil(1_000).to_string());
    assert_eq!(refused.headers["ratelimit-policy"], "\"user\";q=2;w=60");
    let left = format!("\"user\";r=0;t={}", millis.div_ceil(1_000));
    assert_eq!(refused.headers["ratelimit"], left);
    assert_eq!(reserve(&router, 1, "bob").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_change_of_a_user_counts_and_what_is_not_understood_does_not() {
    let router = limited(rules("5/h", "", "", ""), 0);
    let hold = json!({ "holdId": HOLD, "userId": "ann" });
    let sold = json!({ "allocationId": HOLD, "userId": "ann" });
    for _ in 0..9 {
        let reply = post(&router, RESERVE, json!({ "eventId": 1, "userId": "ann" })).await;
        assert_problem(&reply, 400, "invalid_request");
    }
    assert_eq!(reserve(&router, 1, "ann").await.status, StatusCode::OK);
    for verb in ["extend", "allocate", "release"] {
        let reply = post(&router, &format!("/v1/seats/{verb}"), hold.clone()).await;
        assert_eq!(reply.status, StatusCode::OK, "{verb}");
    }
    assert_eq!(post(&router, "/v1/seats/return", sold.clone()).await.status, StatusCode::OK);
    for (verb, body) in [("extend", &hold), ("allocate", &hold), ("return", &sold)] {
        let reply = post(&router, &format!("/v1/seats/{verb}"), body.clone()).await;
        assert_problem(&reply, 429, "rate_limited");
    }
    assert_problem(&reserve(&router, 1, "ann").await, 429, "rate_limited");
    // Reads of that user, and what others ask, are something else.
    assert_eq!(get(&router, &format!("/v1/holds/{HOLD}?userId=u1")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_event_takes_in_so_many_and_lets_everybody_pay() {
    let router = limited(rules("", "", "2/h", ""), 0);
    for user in ["ann", "bob"] {
        assert_eq!(reserve(&router, 1, user).await.status, StatusCode::OK);
    }
    let refused = reserve(&router, 1, "eve").await;
    assert_problem(&refused, 429, "rate_limited");
    assert_eq!(refused.body["limit"], "event");
    assert_eq!(reserve(&router, 2, "eve").await.status, StatusCode::OK);
    let hold = json!({ "holdId": HOLD, "userId": "ann" });
    for _ in 0..5 {
        let paid = post(&router, "/v1/seats/allocate", hold.clone()).await;
        assert_eq!(paid.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn reads_count_by_address_and_organizers_probes_and_scrapers_do_not() {
    let router = limited(rules("", "1/h", "", "6/h"), 0);
    let seats = ["/v1/events", "/v1/events/1", "/v1/events/1/seats"];
    let others = ["/v1/seats/availability?eventId=1", "/v1/events/9/seats/stream"];
    for uri in seats.into_iter().chain(others).chain(["/v1/holds/12"]) {
        let reply = from(&router, "127.0.0.1", "9.9.9.9", uri).await;
        assert_ne!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{uri}");
    }
    // Whatever the header says: no proxy is trusted.
    let refused = from(&router, "127.0.0.1", "8.8.8.8", "/v1/events/1/seats").await;
    assert_problem(&refused, 429, "rate_limited");
    assert_eq!(refused.body["limit"], "reads");
    assert_eq!(from(&router, "127.0.0.2", "", "/v1/events/1/seats").await.status, StatusCode::OK);
    for _ in 0..9 {
        for uri in ["/health/live", "/health/ready"] {
            assert_eq!(from(&router, "127.0.0.1", "", uri).await.status, StatusCode::OK);
        }
        let verify = Request::get("/v1/events/1/verify");
        let verify = verify.header("authorization", "Bearer sixteen-letters!");
        let verified = ask(&router, verify.body(Body::empty()).unwrap()).await;
        assert_eq!(verified.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn behind_trusted_proxies_the_header_says_who_asks() {
    let router = limited(rules("", "", "", "1/h"), 2);
    let check = async |forwarded: &str, expected: u16| {
        let reply = from(&router, "10.0.0.1", forwarded, "/v1/events").await;
        assert_eq!(reply.status.as_u16(), expected, "{forwarded}");
    };
    check("1.2.3.4, 10.0.0.2", 200).await;
    check("1.2.3.4, 10.0.0.2", 429).await;
    check("6.6.6.6, 1.2.3.4, 10.0.0.2", 429).await;
    check("1.2.3.5, 10.0.0.2", 200).await;
    check("2001:db8::1, 10.0.0.2", 200).await;
    check("2001:db8::ffff, 10.0.0.2", 429).await;
}

/// Two edges with one Redis before one engine.
struct House {
    edges: [Router; 2],
    metrics: PrometheusHandle,
    availability_asked: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl House {
    fn new(redis: &Redis, recorder: &metrics_exporter_prometheus::PrometheusRecorder) -> Self {
        let engine = FakeEngine::in_process();
        let options = EdgeOptions {
            rate_limits: rules("5/h", "", "", ""),
            redis: Some(RedisAddress::parse(&redis.url()).unwrap()),
            ..EdgeOptions::default()
        };
        let edge = || Edge::new(options.clone(), engine.service.clone(), None).router();
        let edges = [edge(), edge()];
        let availability_asked = std::sync::Arc::clone(&engine.availability_asked);
        engine.answer_all(agree);
        Self { edges, metrics: recorder.handle(), availability_asked }
    }

    /// How many of ten requests of a user, at both edges in turn, were taken; the others have to
    /// be refused by the limit.
    async fn taken(&self, edges: &[usize], user: &str) -> usize {
        let mut taken = 0;
        for round in 0..10 {
            let reply = reserve(&self.edges[edges[round % edges.len()]], 1, user).await;
            match reply.status {
                StatusCode::OK => taken += 1,
                _ => assert_problem(&reply, 429, "rate_limited"),
            }
        }
        taken
    }

    /// Waits until a line of the metrics is there.
    async fn shows(&self, line: &str) {
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        let shown = async {
            while !self.metrics.render().lines().any(|shown| shown == line) {
                looks.tick().await;
            }
        };
        let there = tokio::time::timeout(Duration::from_secs(30), shown).await;
        assert!(there.is_ok(), "{line} is not in\n{}", self.metrics.render());
    }

    /// Waits until both edges use Redis: a limit is shared by them.
    async fn shares(&self, name: &str) {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        let shared = async {
            for attempt in 0.. {
                if self.taken(&[0, 1], &format!("{name} {attempt}")).await == 5 {
                    return;
                }
                looks.tick().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), shared).await;
        assert!(in_time.is_ok(), "limits are not shared: {name}");
    }
}

/// The longest of many requests, each of which has to be taken.
async fn longest(router: &Router, phase: &str) -> Duration {
    let mut longest = Duration::ZERO;
    for user in 0..40 {
        let started = Instant::now();
        let reserved = reserve(router, 1, &format!("{phase} {user}")).await;
        assert_eq!(reserved.status, StatusCode::OK, "{phase}: {}", reserved.body);
        longest = longest.max(started.elapsed());
        let started = Instant::now();
        let looked = get(router, "/v1/seats/availability?eventId=1").await;
        assert_eq!((looked.status, &looked.body["version"]), (StatusCode::OK, &json!(4)));
        longest = longest.max(started.elapsed());
    }
    longest
}

#[tokio::test]
async fn a_redis_that_is_stopped_killed_or_emptied_stands_in_nobodys_way() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let mut redis = Redis::start(&[]).await.unwrap();
    let house = House::new(&redis, &recorder);
    let alone = limited(rules("5/h", "", "", ""), 0);
    let own = longest(&alone, "alone").await;
    // A machine that makes requests wait makes some wait longer than others.
    let at_most = REDIS_COSTS_AT_MOST + 3 * own;
    house.shares("at first").await;
    house.shows("edge_redis_in_use 1").await;

    redis.pause().unwrap();
    let stopped = longest(&house.edges[0], "stopped").await;
    assert!(stopped < at_most, "{stopped:?}, without Redis {own:?}");
    house.shows("edge_redis_in_use 0").await;
    // Each edge counts for itself: as many as both limits together.
    assert_eq!(house.taken(&[0], "ann").await, 5);
    assert_eq!(house.taken(&[1], "ann").await, 5);
    let before = house.availability_asked.load(Ordering::Relaxed);
    get(&house.edges[1], "/v1/seats/availability?eventId=1").await;
    assert_eq!(house.availability_asked.load(Ordering::Relaxed), before + 1);
    redis.resume().unwrap();
    house.shares("resumed").await;

    redis.kill().unwrap();
    let killed = longest(&house.edges[0], "killed").await;
    assert!(killed < at_most, "{killed:?}, without Redis {own:?}");
    assert_eq!(house.taken(&[0], "bob").await, 5);
    redis.start_again().await.unwrap();
    house.shares("started again").await;

    let mut own = redis.connect().await.unwrap();
    for words in [["SCRIPT", "FLUSH"], ["FLUSHALL", "SYNC"]] {
        redis::cmd(words[0]).arg(words[1]).exec_async(&mut own).await.unwrap();
        house.shares(words[0]).await;
    }
    let shown = house.metrics.render();
    let count = |name: &str| {
        let line = shown.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or_else(|| panic!("{name}"))
    };
    assert!(count("edge_redis_fallbacks_total{work=\"limits\",reason=\"away\"}") > 0, "{shown}");
    assert!(count("edge_redis_fallbacks_total{work=\"limits\",reason=\"slow\"}") > 0, "{shown}");
    assert!(count("edge_rate_limit_admitted_total{by=\"process\"}") > 0, "{shown}");
    assert!(count("edge_rate_limit_admitted_total{by=\"redis\"}") > 0, "{shown}");
    let refused = "edge_rate_limit_refused_total{by=\"redis\",limit=\"user\"}";
    assert!(count(refused) > 0, "{shown}");
}
