//! Limits in a real Redis: the same arithmetic as in this process, shared by edges, all of a
//! request's limits or none, and what is left of it when Redis is emptied.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use servers::Redis;

use super::gcra::spend;
use super::shared::{SharedLimits, key};
use super::*;
use crate::redis_link::RedisAddress;

/// So long that a busy machine is not taken for a slow Redis.
const PATIENT: Duration = Duration::from_secs(20);

async fn link(redis: &Redis) -> Arc<RedisLink> {
    let address = RedisAddress::parse(&redis.url()).unwrap();
    let link = RedisLink::with_deadline(&address, PATIENT);
    link.until(true).await;
    Arc::new(link)
}

fn of(limit: Limit, rate: &str, key: &str) -> Charge {
    charge(limit, Some(rate.parse().unwrap()), key.as_bytes()).unwrap()
}

async fn run(connection: &mut MultiplexedConnection, words: &[&str]) {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]).exec_async(connection).await.unwrap();
}

#[tokio::test]
async fn redis_decides_as_this_process_would_at_the_same_time() {
    let redis = Redis::start(&[]).await.unwrap();
    let shared = SharedLimits::new(link(&redis).await);
    let users = ["ann", "bob"].map(|user| of(Limit::User, "20/s,burst=4", user));
    let addresses = ["1", "2"].map(|address| of(Limit::Address, "10/s,burst=3", address));
    let event = of(Limit::Event, "4/s,burst=3", "event");
    let mut known: HashMap<[u8; 16], u64> = HashMap::new();
    let (mut admitted, mut refused) = (0, [0; 3]);
    for step in 0..600 {
        let all = [users[step % 2], addresses[step / 2 % 2], event];
        // Every one alone, every two, and all three.
        let asked = 1 + step % 7;
        let charges: Vec<Charge> =
            (0..3).filter(|bit| asked >> bit & 1 == 1).map(|bit| all[bit]).collect();
        let decided = shared.decide(&charges).await.unwrap();
        let spends = charges.iter().map(|charge| {
            let done_at = known.get(&charge.key).copied().unwrap_or_default();
            spend(done_at, decided.now, charge.pace)
        });
        let spends: Vec<_> = spends.collect();
        let waits = spends.iter().map(|spend| spend.err().unwrap_or_default());
        let longest = waits.clone().max().unwrap_or_default();
        let expected =
            if longest == 0 { 0 } else { waits.clone().position(|w| w == longest).unwrap() + 1 };
        assert_eq!((decided.refused, decided.wait_micros), (expected, longest), "step {step}");
        if expected == 0 {
            admitted += 1;
            known.extend(charges.iter().zip(&spends).map(|(c, spend)| (c.key, spend.unwrap())));
        } else {
            refused[charges[expected - 1].limit as usize] += 1;
        }
    }
    assert!(admitted > 0 && refused.iter().all(|&count| count > 0), "{admitted} {refused:?}");
}

#[tokio::test]
async fn a_refusal_says_to_the_microsecond_when_and_spends_nothing() {
    let mut redis = Redis::start(&[]).await.unwrap();
    let mut own = redis.connect().await.unwrap();
    let shared = SharedLimits::new(link(&redis).await);
    const HOUR: u64 = HOUR_MICROS;
    let user = of(Limit::User, "1/h,burst=3", "ann");
    let event = of(Limit::Event, "1/h,burst=2", "1");
    let first = shared.decide(&[user, event]).await.unwrap();
    let second = shared.decide(&[user, event]).await.unwrap();
    assert_eq!((first.refused, second.refused), (0, 0));
    // The event is full; the user has one left, and keeps it however often this is asked.
    for _ in 0..3 {
        let third = shared.decide(&[user, event]).await.unwrap();
        assert_eq!((third.refused, third.wait_micros), (2, first.now + HOUR - third.now));
    }
    assert_eq!(shared.decide(&[user]).await.unwrap().refused, 0);
    let last = shared.decide(&[user]).await.unwrap();
    assert_eq!((last.refused, last.wait_micros), (1, first.now + HOUR - last.now));
    // Each key goes by itself when nothing of it is spent any more.
    let mut ask = redis::cmd("PTTL");
    let left: u64 = ask.arg(key(&user)).query_async(&mut own).await.unwrap();
    let hour_millis = HOUR / 1_000;
    assert!((3 * hour_millis - 60_000..=3 * hour_millis).contains(&left), "{left}");
    // Two of three have to wait: the longer wait is told, and it is enough for both.
    let later = of(Limit::Address, "1/h", "1.2.3.4");
    let spent = shared.decide(&[later]).await.unwrap();
    let both = shared.decide(&[event, later]).await.unwrap();
    assert_eq!((both.refused, both.wait_micros), (2, spent.now + HOUR - both.now));
}

#[tokio::test]
async fn two_edges_share_a_limit_and_an_emptied_redis_begins_anew() {
    let mut redis = Redis::start(&[]).await.unwrap();
    let mut own = redis.connect().await.unwrap();
    let rules = RateLimitRules { user: Some("5/h".parse().unwrap()), ..RateLimitRules::default() };
    let edges = [
        RateLimits::new(rules, Some(link(&redis).await)),
        RateLimits::new(rules, Some(link(&redis).await)),
    ];
    let caller = Caller("127.0.0.1".parse().unwrap());
    let admitted = async |user: &str| {
        let mut admitted = 0;
        for round in 0..10 {
            admitted +=
                usize::from(edges[round % 2].admit_change(caller, user, None).await.is_ok());
        }
        admitted
    };
    assert_eq!(admitted("ann").await, 5);
    assert_eq!((admitted("ann").await, admitted("bob").await), (0, 5));
    // A script that was forgotten is sent again, and nothing that was counted is lost.
    run(&mut own, &["SCRIPT", "FLUSH"]).await;
    assert_eq!((admitted("ann").await, admitted("eve").await), (0, 5));
    run(&mut own, &["FLUSHALL"]).await;
    assert_eq!(admitted("ann").await, 5);
}

#[tokio::test]
async fn what_redis_admitted_counts_when_it_goes_away() {
    let mut redis = Redis::start(&[]).await.unwrap();
    let rules = RateLimitRules { user: Some("5/h".parse().unwrap()), ..RateLimitRules::default() };
    let link = link(&redis).await;
    let edge = RateLimits::new(rules, Some(Arc::clone(&link)));
    let caller = Caller("127.0.0.1".parse().unwrap());
    for _ in 0..3 {
        assert!(edge.admit_change(caller, "ann", None).await.is_ok());
    }
    redis.kill().unwrap();
    let mut admitted = 0;
    for _ in 0..10 {
        admitted += usize::from(edge.admit_change(caller, "ann", None).await.is_ok());
    }
    assert_eq!(admitted, 2);
    // It has forgotten everything.
    redis.start_again().await.unwrap();
    link.until(true).await;
    assert!(edge.admit_change(caller, "ann", None).await.is_ok());
}
