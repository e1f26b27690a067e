//! The way to Redis, for what edges share and could do without: counts of rate limits, and
//! answers that are kept for a moment. **Redis never decides who owns a seat**, and nobody waits
//! for it longer than [`REDIS_DEADLINE`].
//!
//! There is one connection, shared by all requests. A call that fails takes it away, and so does
//! one that is late when nobody else has been answered for twice as long, so that no other request
//! pays for that; then a task looks for Redis again, each second, and gives a new one only to a
//! Redis that has answered in time and taken a write.

mod address;
mod keeper;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::FutureExt;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisResult};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

pub use self::address::{RedisAddress, RedisAddressError};
use crate::limits::REDIS_DEADLINE;
use crate::metric_names;
use crate::throttle::Throttle;

/// What Redis is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Work {
    /// To count a request.
    Limits,
    /// For an answer that is kept.
    Look,
    /// To keep an answer.
    Keep,
}

impl Work {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Limits, "limits"), (Self::Look, "look"), (Self::Keep, "keep")];
}

/// Why Redis was not of use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fallback {
    /// It was known to be away.
    Away,
    /// It did not answer in time.
    Slow,
    /// The connection broke, or it refused.
    Failed,
}

impl Fallback {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Away, "away"), (Self::Slow, "slow"), (Self::Failed, "failed")];
}

/// A Redis that may be away.
pub(crate) struct RedisLink {
    inner: Arc<Inner>,
    _keeper: AbortOnDropHandle<()>,
}

struct Inner {
    client: Client,
    deadline: Duration,
    link: RwLock<Link>,
    since: Instant,
    /// When a call was last answered in time, in microseconds after `since`.
    answered_at: AtomicU64,
    /// Told when a connection was taken away.
    lost: Notify,
    meters: Meters,
    lines: Throttle,
}

/// The connection, if there is one, and which one it is.
#[derive(Default)]
struct Link {
    connection: Option<MultiplexedConnection>,
    number: u64,
}

struct Meters {
    in_use: Gauge,
    seconds: [Histogram; Work::ALL.len()],
    fallbacks: [[Counter; Fallback::ALL.len()]; Work::ALL.len()],
}

impl RedisLink {
    /// Starts to look for Redis, which need not be there. Must be called within a tokio runtime.
    pub(crate) fn open(address: &RedisAddress) -> Self {
        Self::with_deadline(address, REDIS_DEADLINE)
    }

    pub(crate) fn with_deadline(address: &RedisAddress, deadline: Duration) -> Self {
        let inner = Arc::new(Inner {
            client: address.client(),
            deadline,
            link: RwLock::default(),
            since: Instant::now(),
            answered_at: AtomicU64::new(0),
            lost: Notify::new(),
            meters: Meters::new(),
            lines: Throttle::new(),
        });
        let keeper = tokio::spawn(keeper::keep(Arc::clone(&inner)));
        Self { inner, _keeper: AbortOnDropHandle::new(keeper) }
    }

    /// Waits until it answers, or does not.
    #[cfg(test)]
    pub(crate) async fn until(&self, is_up: bool) {
        let mut looks = tokio::time::interval(Duration::from_millis(2));
        let there = async {
            while self.is_up() != is_up {
                looks.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), there).await.expect("Redis comes or goes");
    }

    /// Whether it answered when it was last asked.
    pub(crate) fn is_up(&self) -> bool {
        self.inner.read().connection.is_some()
    }

    /// What Redis answers to `ask`; none if it is away, or does not answer in time. What was asked
    /// may have been done all the same.
    pub(crate) async fn call<T>(
        &self,
        work: Work,
        ask: impl AsyncFnOnce(MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        let (connection, number) = self.inner.connection();
        let Some(connection) = connection else {
            self.inner.meters.count(work, Fallback::Away);
            return None;
        };
        let started = Instant::now();
        let answer = in_time(self.inner.deadline, ask(connection)).await;
        self.inner.meters.seconds[work as usize].record(started.elapsed().as_secs_f64());
        match answer {
            Some(Ok(answer)) => {
                self.inner.answered();
                return Some(answer);
            }
            Some(Err(error)) => {
                self.inner.meters.count(work, Fallback::Failed);
                self.inner.lose(number, &error.to_string());
            }
            None => {
                self.inner.meters.count(work, Fallback::Slow);
                // One that answers others meanwhile is busy and not away.
                if self.inner.silence() >= 2 * self.inner.deadline {
                    self.inner.lose(number, "no answer in time");
                }
            }
        }
        None
    }
}

/// What becomes of something in so long. A process that is short of processors may have an answer
/// and not have looked at it yet, so it gets the chance to.
async fn in_time<T>(limit: Duration, answer: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(answer);
    if let Ok(answer) = tokio::time::timeout(limit, answer.as_mut()).await {
        return Some(answer);
    }
    // First the system's events are taken in, then who waited for them goes on.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    answer.now_or_never()
}

impl Inner {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Link> {
        self.link.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> (Option<MultiplexedConnection>, u64) {
        let link = self.read();
        (link.connection.clone(), link.number)
    }

    /// Notes that somebody was answered.
    fn answered(&self) {
        self.answered_at.store(self.since.elapsed().as_micros() as u64, Ordering::Relaxed);
    }

    /// How long nobody was.
    fn silence(&self) -> Duration {
        let answered_at = Duration::from_micros(self.answered_at.load(Ordering::Relaxed));
        self.since.elapsed().saturating_sub(answered_at)
    }

    /// From now on this connection serves all.
    fn put(&self, connection: MultiplexedConnection) {
        let mut link = self.link.write().unwrap_or_else(PoisonError::into_inner);
        link.connection = Some(connection);
        link.number += 1;
        self.answered();
        self.meters.in_use.set(1.0);
    }

    /// Takes a connection away, if nobody has yet.
    fn lose(&self, number: u64, reason: &str) {
        let mut link = self.link.write().unwrap_or_else(PoisonError::into_inner);
        if link.number != number || link.connection.take().is_none() {
            return;
        }
        self.meters.in_use.set(0.0);
        drop(link);
        self.say_away(reason);
        self.lost.notify_one();
    }

    fn say_away(&self, reason: &str) {
        if let Some(times) = self.lines.count() {
            tracing::warn!(
                reason,
                times,
                "Redis is away: each edge counts its own limits and asks the engine; sales go on"
            );
        }
    }
}

impl Meters {
    fn new() -> Self {
        let in_use = gauge!(metric_names::REDIS_IN_USE);
        in_use.set(0.0);
        let seconds =
            Work::ALL.map(|(_, word)| histogram!(metric_names::REDIS_CALL, "work" => word));
        let fallbacks = Work::ALL.map(|(_, work)| {
            Fallback::ALL.map(|(_, reason)| {
                let labels = [("work", work), ("reason", reason)];
                let counter = counter!(metric_names::REDIS_FALLBACKS, &labels);
                counter.increment(0);
                counter
            })
        });
        Self { in_use, seconds, fallbacks }
    }

    fn count(&self, work: Work, fallback: Fallback) {
        self.fallbacks[work as usize][fallback as usize].increment(1);
    }
}
