//! The link against a real Redis that is away, comes, is stopped in the middle and comes back.

use std::time::Duration;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use servers::Redis;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;

/// So long that a busy machine is not taken for a slow Redis.
const PATIENT: Duration = Duration::from_secs(20);

async fn ping(mut connection: MultiplexedConnection) -> RedisResult<String> {
    redis::cmd("PING").query_async(&mut connection).await
}

fn link(redis: &Redis, deadline: Duration) -> RedisLink {
    RedisLink::with_deadline(&RedisAddress::parse(&redis.url()).unwrap(), deadline)
}

#[tokio::test]
async fn one_that_is_killed_is_left_at_once_and_found_again() {
    let mut redis = Redis::start(&[]).await.unwrap();
    let link = link(&redis, PATIENT);
    link.until(true).await;
    assert_eq!(link.call(Work::Limits, ping).await.as_deref(), Some("PONG"));
    redis.kill().unwrap();
    assert_eq!(link.call(Work::Limits, ping).await, None);
    assert!(!link.is_up());
    redis.start_again().await.unwrap();
    link.until(true).await;
    assert_eq!(link.call(Work::Limits, ping).await.as_deref(), Some("PONG"));
}

#[tokio::test]
async fn one_that_is_stopped_costs_two_deadlines_and_not_one_a_request() {
    let redis = Redis::start(&[]).await.unwrap();
    let deadline = Duration::from_millis(300);
    let link = link(&redis, deadline);
    link.until(true).await;
    redis.pause().unwrap();
    let started = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(link.call(Work::Limits, ping).await, None);
    }
    // A thousand, had each paid.
    let took = started.elapsed();
    assert!(took >= deadline && took < 5 * deadline, "{took:?}");
    redis.resume().unwrap();
    link.until(true).await;
}

#[tokio::test]
async fn one_that_takes_no_writes_is_not_used() {
    let mut redis = Redis::start(&[]).await.unwrap();
    let mut own = redis.connect().await.unwrap();
    let config = |value: &'static str| {
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(value);
        set
    };
    config("1").exec_async(&mut own).await.unwrap();
    let address = RedisAddress::parse(&redis.url()).unwrap();
    let inner = RedisLink::with_deadline(&address, PATIENT).inner;
    let error = keeper::connect(&inner).await.err().unwrap().to_string();
    assert!(error.contains("OOM"), "{error}");
    config("0").exec_async(&mut own).await.unwrap();
    assert!(keeper::connect(&inner).await.is_ok());
}

#[tokio::test]
async fn one_that_wants_a_password_is_told_it() {
    let mut redis = Redis::start(&[]).await.unwrap();
    let mut own = redis.connect().await.unwrap();
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("requirepass").arg("secret").exec_async(&mut own).await.unwrap();
    let without = RedisLink::with_deadline(&RedisAddress::parse(&redis.url()).unwrap(), PATIENT);
    assert!(keeper::connect(&without.inner).await.is_err());
    let url = redis.url().replace("redis://", "redis://:secret@");
    let link = RedisLink::with_deadline(&RedisAddress::parse(&url).unwrap(), PATIENT);
    link.until(true).await;
}

#[tokio::test]
async fn tls_is_spoken_where_it_is_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rediss://:secret@{}", listener.local_addr().unwrap());
    let _link = RedisLink::with_deadline(&RedisAddress::parse(&url).unwrap(), PATIENT);
    let mut record = [0; 3];
    let begun = async {
        // It comes again if a busy machine let its time pass.
        while listener.accept().await.unwrap().0.read_exact(&mut record).await.is_err() {}
    };
    tokio::time::timeout(PATIENT, begun).await.unwrap();
    // A handshake, and nothing in the clear in front of it.
    assert_eq!(record[..2], [0x16, 0x03]);
}
