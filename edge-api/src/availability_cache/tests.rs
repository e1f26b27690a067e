//! Kept answers in a real Redis: one question to the engine for a crowd at several edges, no
//! answer beyond its time, and the engine itself whenever Redis is of no use.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;
use servers::Redis;

use super::*;
use crate::redis_link::RedisAddress;

/// So long that a busy machine changes nothing.
const LONG: Duration = Duration::from_secs(30);
const LONG_TIMES: Times = Times { period: LONG, patience: LONG };
const QUESTION: Question = Question { event_id: 1, parts: 0 };

async fn edge(redis: &Redis, times: Times) -> (Arc<RedisLink>, AvailabilityCache) {
    let address = RedisAddress::parse(&redis.url()).unwrap();
    let link = Arc::new(RedisLink::with_deadline(&address, LONG));
    link.until(true).await;
    (Arc::clone(&link), AvailabilityCache::with_times(Some(link), times))
}

/// An engine that says how often and when it was asked.
struct Engine {
    since: Instant,
    asked: AtomicU64,
}

impl Engine {
    fn new() -> Self {
        Self { since: Instant::now(), asked: AtomicU64::new(0) }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// The microsecond in which it was asked, as an answer.
    async fn ask(&self) -> Result<JsonBytes, Problem> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let at = self.since.elapsed().as_micros();
        // Others come meanwhile.
        tokio::task::yield_now().await;
        Ok(JsonBytes(at.to_string().into()))
    }

    /// How old an answer was in a moment.
    fn age(&self, answer: &JsonBytes, at: Instant) -> Duration {
        let text = std::str::from_utf8(&answer.0).unwrap();
        let asked_at = self.since + Duration::from_micros(text.parse().unwrap());
        at.saturating_duration_since(asked_at)
    }
}

#[tokio::test]
async fn a_crowd_at_two_edges_is_one_question() {
    let redis = Redis::start(&[]).await.unwrap();
    let (_, first) = edge(&redis, LONG_TIMES).await;
    let (_, second) = edge(&redis, LONG_TIMES).await;
    let engine = Engine::new();
    let crowd = (0..200).map(|caller| {
        let edge = if caller % 2 == 0 { &first } else { &second };
        edge.answer(QUESTION, false, engine.ask())
    });
    let answers = join_all(crowd).await;
    assert_eq!(engine.asked(), 1);
    let one = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == one));
    // Another question is another answer, and who wants a fresh one gets it.
    let other = Question { parts: 1, ..QUESTION };
    first.answer(other, false, engine.ask()).await.unwrap();
    assert_eq!(engine.asked(), 2);
    let fresh = second.answer(QUESTION, true, engine.ask()).await.unwrap();
    assert!(engine.asked() == 3 && fresh != *one);
}

#[tokio::test]
async fn no_answer_is_older_than_its_period_and_none_is_asked_for_twice_in_one() {
    let redis = Redis::start(&[]).await.unwrap();
    let times = Times { period: Duration::from_millis(40), patience: LONG };
    let (_, first) = edge(&redis, times).await;
    let (_, second) = edge(&redis, times).await;
    let engine = Engine::new();
    let mut oldest = Duration::ZERO;
    while engine.asked() < 12 {
        let before = Instant::now();
        let (one, two) = tokio::join!(
            first.answer(QUESTION, false, engine.ask()),
            second.answer(QUESTION, false, engine.ask()),
        );
        for answer in [one, two] {
            let age = engine.age(&answer.unwrap(), before);
            assert!(age <= times.period, "{age:?} old");
            oldest = oldest.max(age);
        }
    }
    let took = engine.since.elapsed();
    // Redis counts in whole milliseconds, so that a period may be one shorter.
    let periods = took.as_millis() / (times.period.as_millis() - 1) + 1;
    assert!(u128::from(engine.asked()) <= periods, "{} in {took:?}", engine.asked());
    assert!(oldest > Duration::ZERO, "no answer was ever kept");
}

#[tokio::test]
async fn what_arrives_late_is_kept_for_as_much_less() {
    let mut redis = Redis::start(&[]).await.unwrap();
    let mut own = redis.connect().await.unwrap();
    let (link, edge) = edge(&redis, LONG_TIMES).await;
    let kept = edge.kept.as_ref().unwrap();
    let [answer, _] = keys(QUESTION);
    let now_millis = async |own: &mut redis::aio::MultiplexedConnection| {
        let (secs, micros): (u64, u64) = redis::cmd("TIME").query_async(own).await.unwrap();
        secs * 1_000 + micros / 1_000
    };
    let period_millis = LONG.as_millis() as u64;
    let keep = |since_millis: u64, body: &'static str| {
        kept.keep(QUESTION, Some(JsonBytes(body.into())), since_millis)
    };
    let since = now_millis(&mut own).await - period_millis;
    keep(since, "too late").await;
    let exists = redis::cmd("EXISTS").arg(&answer).query_async::<u8>(&mut own).await;
    assert_eq!(exists.unwrap(), 0);
    let since = now_millis(&mut own).await - period_millis / 2;
    keep(since, "late").await;
    let left = redis::cmd("PTTL").arg(&answer).query_async::<u64>(&mut own).await.unwrap();
    assert!(left <= period_millis / 2 && left > 0, "{left}");
    // An older one does not take the place of a newer one.
    keep(since - 1_000, "older").await;
    let body = redis::cmd("GET").arg(&answer).query_async::<String>(&mut own).await;
    assert_eq!(body.unwrap(), "late");
    assert!(link.is_up());
}

#[tokio::test]
async fn failures_are_kept_for_nobody_and_hold_nobody_up() {
    let redis = Redis::start(&[]).await.unwrap();
    let (_, first) = edge(&redis, LONG_TIMES).await;
    let (_, second) = edge(&redis, LONG_TIMES).await;
    let engine = Engine::new();
    let failing = async { Err(Problem::internal()) };
    assert!(first.answer(QUESTION, false, failing).await.is_err());
    // It would wait for as long as a test may take if the first one still counted as asking.
    let answer = second.answer(QUESTION, false, engine.ask());
    assert!(tokio::time::timeout(LONG / 2, answer).await.unwrap().is_ok());
    assert_eq!(engine.asked(), 1);
}

#[tokio::test]
async fn without_redis_the_engine_is_asked_each_time() {
    let mut redis = Redis::start(&[]).await.unwrap();
    let (link, edge) = edge(&redis, LONG_TIMES).await;
    let engine = Engine::new();
    edge.answer(QUESTION, false, engine.ask()).await.unwrap();
    redis.kill().unwrap();
    assert_eq!(
        link.call(Work::Look, async |mut to| redis::cmd("PING").exec_async(&mut to).await).await,
        None
    );
    for _ in 0..5 {
        edge.answer(QUESTION, false, engine.ask()).await.unwrap();
    }
    assert_eq!(engine.asked(), 6);
    let alone = AvailabilityCache::new(None);
    alone.answer(QUESTION, false, engine.ask()).await.unwrap();
    alone.answer(QUESTION, false, engine.ask()).await.unwrap();
    assert_eq!(engine.asked(), 8);
}

#[test]
fn who_wants_a_fresh_answer_says_so() {
    let check = |value: &'static str, expected: bool| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static(value));
        assert_eq!(wants_fresh(&headers), expected, "{value}");
    };
    check("no-cache", true);
    check("max-age=0", true);
    check("no-transform, No-Store", true);
    check("max-age=60", false);
    check("", false);
    assert!(!wants_fresh(&HeaderMap::new()));
}

#[test]
fn a_question_is_what_was_asked() {
    let by = |section, seat| GetAvailabilityRequest {
        event_id: 7,
        by_section: section,
        by_seat: seat,
        ..GetAvailabilityRequest::default()
    };
    let questions =
        [by(false, false), by(true, false), by(false, true), by(true, true)].map(|asked| {
            let Question { event_id, parts } = Question::from(&asked);
            (event_id, parts)
        });
    assert_eq!(questions, [(7, 0), (7, 1), (7, 16), (7, 17)]);
    assert_eq!(Question::event(EventId(7)), Question { event_id: 7, parts: 128 });
}
