//! Limits counted in Redis: one call of one script for all limits of a request, on Redis's own
//! time, so that edges whose clocks differ agree.

use std::sync::Arc;

use redis::Script;

use super::{Charge, Refusal};
use crate::redis_link::{RedisLink, Work};
use crate::values::hex;

/// All keys are in one slot of a cluster, or one script could not look at several of them.
const KEYS: &str = "{holdfast:limits}";

/// The limits in one Redis.
pub(super) struct SharedLimits {
    redis: Arc<RedisLink>,
    script: Script,
}

impl SharedLimits {
    pub(super) fn new(redis: Arc<RedisLink>) -> Self {
        Self { redis, script: Script::new(include_str!("gcra.lua")) }
    }

    /// What Redis decides; none if it does not answer in time.
    pub(super) async fn admit(&self, charges: &[Charge]) -> Option<Result<(), Refusal>> {
        let decided = self.decide(charges).await?;
        let Some(refused) = decided.refused.checked_sub(1) else { return Some(Ok(())) };
        // A script of ours names no key that it was not given.
        let limit = charges.get(refused)?.limit;
        Some(Err(Refusal { limit, wait_micros: decided.wait_micros }))
    }

    pub(super) async fn decide(&self, charges: &[Charge]) -> Option<Decided> {
        let mut call = self.script.prepare_invoke();
        for charge in charges {
            call.key(key(charge)).arg(charge.pace.interval_micros).arg(charge.pace.full_micros);
        }
        let (refused, wait_micros, now) = self
            .redis
            .call(Work::Limits, async |mut connection| call.invoke_async(&mut connection).await)
            .await?;
        Some(Decided { refused, wait_micros, now })
    }
}

/// What the script answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Decided {
    /// The charge that has to wait longest, counted from 1; 0 if none has to.
    pub(super) refused: usize,
    pub(super) wait_micros: u64,
    /// When it was decided, in microseconds of Redis's time.
    pub(super) now: u64,
}

pub(super) fn key(charge: &Charge) -> String {
    format!("{KEYS}:{}:{}", charge.limit.word(), hex(&charge.key))
}
