//! Answers about how much is left, kept for a moment and shared by edges through Redis, so that a
//! crowd that looks at one event is one question to the engine. A kept answer is shown to who
//! looks; **nobody gets or loses a seat by it**, for every change is decided by the engine.
//!
//! Must always hold: no answer is older than [`AVAILABILITY_PERIOD`], counted from before the
//! engine was asked, however late anything arrives. Without Redis, while it is away, and for who
//! says `Cache-Control: no-cache`, the engine is asked.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, header};
use metrics::{Counter, counter};
use proto::inventory::v1::GetAvailabilityRequest;
use redis::Script;
use tokio::time::{Instant, sleep, timeout_at};

use crate::json_bytes::JsonBytes;
use crate::limits::{
    AVAILABILITY_BYTES_KEPT_MAX, AVAILABILITY_LOOK_EVERY, AVAILABILITY_PATIENCE,
    AVAILABILITY_PERIOD, AVAILABILITY_QUESTIONS_MAX,
};
use crate::metric_names;
use crate::problem::Problem;
use crate::redis_link::{RedisLink, Work};
use crate::values::EventId;

/// What may be asked: of which event, and which parts.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Question {
    event_id: u64,
    parts: u8,
}

/// How long things last.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// How old an answer may be.
    period: Duration,
    /// How long a request waits for somebody else's answer.
    patience: Duration,
}

/// Answers of a moment.
pub(crate) struct AvailabilityCache {
    kept: Option<Kept>,
    from_memory: Counter,
    from_redis: Counter,
    from_engine: Counter,
}

struct Kept {
    redis: Arc<RedisLink>,
    look: Script,
    keep: Script,
    slots: Mutex<HashMap<Question, Arc<Slot>>>,
    times: Times,
}

#[derive(Default)]
struct Slot {
    answer: RwLock<Option<Answer>>,
    /// Held by who looks for a new answer: the first of a crowd does so for all.
    looking: tokio::sync::Mutex<()>,
}

/// The body of an answer, and until when it may be given.
#[derive(Clone)]
struct Answer {
    body: JsonBytes,
    until: Instant,
}

/// What was found in Redis.
enum Found {
    Answer(Answer),
    /// Nobody asks the engine: it is for who found this. Since when the answer counts, by Redis's
    /// clock in milliseconds and by ours.
    Ours {
        since_millis: u64,
        since: Instant,
    },
    /// Redis or somebody else takes too long.
    Nothing,
}

impl Question {
    /// An event as it is listed.
    pub(crate) fn event(event_id: EventId) -> Self {
        Self { event_id: event_id.0, parts: 0x80 }
    }
}

impl From<&GetAvailabilityRequest> for Question {
    fn from(asked: &GetAvailabilityRequest) -> Self {
        let GetAvailabilityRequest {
            event_id,
            by_section,
            by_category,
            by_ticket_type,
            by_area,
            by_seat,
        } = *asked;
        let flags = [by_section, by_category, by_ticket_type, by_area, by_seat];
        let parts = flags.into_iter().rev().fold(0, |parts, flag| parts << 1 | u8::from(flag));
        Self { event_id, parts }
    }
}

/// Whether a caller wants an answer of this moment (RFC 9111, 5.2.1.4).
pub(crate) fn wants_fresh(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CACHE_CONTROL).iter();
    let mut words = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    words.any(|word| {
        let word = word.trim();
        ["no-cache", "no-store", "max-age=0"].iter().any(|known| word.eq_ignore_ascii_case(known))
    })
}

impl AvailabilityCache {
    pub(crate) fn new(redis: Option<Arc<RedisLink>>) -> Self {
        let times = Times { period: AVAILABILITY_PERIOD, patience: AVAILABILITY_PATIENCE };
        Self::with_times(redis, times)
    }

    fn with_times(redis: Option<Arc<RedisLink>>, times: Times) -> Self {
        let from =
            |side: &'static str| counter!(metric_names::AVAILABILITY_ANSWERS, "from" => side);
        let kept = redis.map(|redis| Kept {
            redis,
            look: Script::new(include_str!("look.lua")),
            keep: Script::new(include_str!("keep.lua")),
            slots: Mutex::default(),
            times,
        });
        let (from_memory, from_redis) = (from("memory"), from("redis"));
        Self { kept, from_memory, from_redis, from_engine: from("engine") }
    }

    /// The answer to a question: a kept one, or what `ask` gets from the engine.
    pub(crate) async fn answer(
        &self,
        question: Question,
        is_fresh_wanted: bool,
        ask: impl Future<Output = Result<JsonBytes, Problem>>,
    ) -> Result<JsonBytes, Problem> {
        let kept = self.kept.as_ref().filter(|kept| !is_fresh_wanted && kept.redis.is_up());
        let slot = kept.and_then(|kept| Some((kept, kept.slot(question)?)));
        let Some((kept, slot)) = slot else { return self.ask(ask).await };
        if let Some(body) = slot.body() {
            self.from_memory.increment(1);
            return Ok(body);
        }
        let patience = Instant::now() + kept.times.patience;
        let Ok(looking) = timeout_at(patience, slot.looking.lock()).await else {
            return self.ask(ask).await;
        };
        if let Some(body) = slot.body() {
            self.from_memory.increment(1);
            return Ok(body);
        }
        match kept.find(question, patience).await {
            Found::Answer(answer) => {
                self.from_redis.increment(1);
                let body = answer.body.clone();
                slot.put(answer);
                Ok(body)
            }
            Found::Ours { since_millis, since } => {
                let asked = self.ask(ask).await;
                let body = asked.as_ref().ok().filter(|body| is_small_enough(body)).cloned();
                if let Some(body) = body.clone() {
                    slot.put(Answer { body, until: since + kept.times.period });
                }
                // While nobody waits for that.
                tokio::spawn(kept.keep(question, body, since_millis));
                asked
            }
            Found::Nothing => {
                // Who waits behind this one is not to wait for the engine twice.
                drop(looking);
                self.ask(ask).await
            }
        }
    }

    async fn ask(
        &self,
        ask: impl Future<Output = Result<JsonBytes, Problem>>,
    ) -> Result<JsonBytes, Problem> {
        self.from_engine.increment(1);
        ask.await
    }
}

impl Kept {
    /// The place of a question; none if there are too many at once.
    fn slot(&self, question: Question) -> Option<Arc<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&question) {
            return Some(Arc::clone(slot));
        }
        if slots.len() >= AVAILABILITY_QUESTIONS_MAX {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.body().is_some());
        }
        let has_room = slots.len() < AVAILABILITY_QUESTIONS_MAX;
        has_room.then(|| Arc::clone(slots.entry(question).or_default()))
    }

    /// Looks until there is an answer, or somebody has to ask the engine, or time is up.
    async fn find(&self, question: Question, patience: Instant) -> Found {
        loop {
            let since = Instant::now();
            let looked = timeout_at(patience, self.look(question)).await;
            let Some((what, body, millis)) = looked.ok().flatten() else { return Found::Nothing };
            let millis = millis.max(0).cast_unsigned();
            // By whole milliseconds, of which the present one has begun.
            let until = since + Duration::from_millis(millis.saturating_sub(1));
            match what {
                1 if Instant::now() < until => {
                    return Found::Answer(Answer { body: JsonBytes(body), until });
                }
                2 => return Found::Ours { since_millis: millis, since },
                _ if since + AVAILABILITY_LOOK_EVERY > patience => return Found::Nothing,
                // It is asked for, or will have to be in a moment.
                _ => sleep(AVAILABILITY_LOOK_EVERY).await,
            }
        }
    }

    async fn look(&self, question: Question) -> Option<(u8, Bytes, i64)> {
        let mut call = self.look.prepare_invoke();
        let [answer, sign] = keys(question);
        call.key(answer).key(sign).arg(self.times.period.as_millis() as u64);
        let ask = async |mut connection| call.invoke_async(&mut connection).await;
        self.redis.call(Work::Look, ask).await
    }

    /// Keeps an answer for the others, or says that there is none.
    fn keep(
        &self,
        question: Question,
        body: Option<JsonBytes>,
        since_millis: u64,
    ) -> impl Future<Output = Option<()>> + use<> {
        let body = body.map(|JsonBytes(body)| body).unwrap_or_default();
        let period_millis = self.times.period.as_millis() as u64;
        let until_millis = since_millis + period_millis;
        let (redis, script) = (Arc::clone(&self.redis), self.keep.clone());
        async move {
            let mut call = script.prepare_invoke();
            let [answer, sign] = keys(question);
            call.key(answer).key(sign).arg(&body[..]).arg(until_millis).arg(period_millis);
            let ask = async |mut connection| call.invoke_async::<()>(&mut connection).await;
            redis.call(Work::Keep, ask).await
        }
    }
}

fn is_small_enough(JsonBytes(body): &JsonBytes) -> bool {
    body.len() <= AVAILABILITY_BYTES_KEPT_MAX
}

/// The answer, and the sign that somebody asks; both in one slot of a cluster.
fn keys(question: Question) -> [String; 2] {
    let Question { event_id, parts } = question;
    let answer = format!("{{holdfast:availability:{event_id}:{parts}}}");
    let sign = format!("{answer}:asked");
    [answer, sign]
}

impl Slot {
    fn body(&self) -> Option<JsonBytes> {
        let answer = self.answer.read().unwrap_or_else(PoisonError::into_inner);
        answer.as_ref().filter(|answer| answer.is_usable()).map(|answer| answer.body.clone())
    }

    fn put(&self, answer: Answer) {
        *self.answer.write().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }
}

impl Answer {
    fn is_usable(&self) -> bool {
        Instant::now() < self.until
    }
}
