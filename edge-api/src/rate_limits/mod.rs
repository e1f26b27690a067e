//! How often one user, one address and everybody at one event may ask. With Redis the limits are
//! shared by all edges; without it, and while it is away, each edge counts for itself.
//!
//! A request is admitted by all of its limits or by none: a refusal spends nothing. Nothing is
//! limited that the operator has not set, and nothing that organizers, probes and scrapers ask.

mod caller;
mod gcra;
mod local;
mod rule;
mod shared;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use metrics::{Counter, counter};
use sha2::{Digest, Sha256};

pub(crate) use self::caller::{Caller, Peer};
pub(crate) use self::gcra::Pace;
use self::local::Local;
pub use self::rule::{RateLimit, RateLimitError};
use self::shared::SharedLimits;
use crate::app::App;
use crate::metric_names;
use crate::problem::Problem;
use crate::redis_link::RedisLink;

/// An hour, in the unit of all times here.
pub(crate) const HOUR_MICROS: u64 = 3_600_000_000;

/// What an operator limits; nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateLimitRules {
    /// Changes of one user: reserve, extend, allocate, release, return.
    pub user: Option<RateLimit>,
    /// Changes from one address.
    pub address: Option<RateLimit>,
    /// Reserve requests for one event, of all users together.
    pub event: Option<RateLimit>,
    /// Reads from one address.
    pub reads: Option<RateLimit>,
}

/// What is limited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Limit {
    User,
    Address,
    Event,
    Reads,
}

impl Limit {
    pub(crate) const ALL: [Self; 4] = [Self::User, Self::Address, Self::Event, Self::Reads];

    /// The word for it, in answers, metrics and keys.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Address => "address",
            Self::Event => "event",
            Self::Reads => "reads",
        }
    }
}

/// One limit of one request.
#[derive(Clone, Copy, Debug)]
struct Charge {
    limit: Limit,
    key: [u8; 16],
    pace: Pace,
}

/// The limit that a request has to wait for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Refusal {
    limit: Limit,
    wait_micros: u64,
}

/// The limits of this edge.
pub(crate) struct RateLimits {
    rules: RateLimitRules,
    local: Local,
    shared: Option<SharedLimits>,
    by_redis: Outcomes,
    by_process: Outcomes,
}

/// What was decided on one side.
struct Outcomes {
    admitted: Counter,
    refused: [Counter; Limit::ALL.len()],
}

impl RateLimits {
    /// Limits that are shared through Redis, if there is one.
    pub(crate) fn new(rules: RateLimitRules, redis: Option<Arc<RedisLink>>) -> Self {
        Self {
            rules,
            local: Local::new(),
            shared: redis.map(SharedLimits::new),
            by_redis: Outcomes::of("redis"),
            by_process: Outcomes::of("process"),
        }
    }

    /// Whether a user's change is taken; `event_id` is given where it asks for new seats.
    pub(crate) async fn admit_change(
        &self,
        caller: Caller,
        user_id: &str,
        event_id: Option<u64>,
    ) -> Result<(), Problem> {
        let user = charge(Limit::User, self.rules.user, user_id.as_bytes());
        let address = address_charge(Limit::Address, self.rules.address, caller.0);
        let event =
            event_id.and_then(|id| charge(Limit::Event, self.rules.event, &id.to_be_bytes()));
        let charges: Vec<Charge> = [user, address, event].into_iter().flatten().collect();
        self.admit(&charges).await
    }

    /// Whether a read is answered.
    async fn admit_read(&self, caller: Caller) -> Result<(), Problem> {
        match address_charge(Limit::Reads, self.rules.reads, caller.0) {
            Some(charge) => self.admit(&[charge]).await,
            None => Ok(()),
        }
    }

    async fn admit(&self, charges: &[Charge]) -> Result<(), Problem> {
        if charges.is_empty() {
            return Ok(());
        }
        let shared = match &self.shared {
            Some(shared) => shared.admit(charges).await,
            None => None,
        };
        let (decided, outcomes) = match shared {
            Some(decided) => {
                if decided.is_ok() {
                    self.local.note(charges, self.local.now());
                }
                (decided, &self.by_redis)
            }
            None => (self.local.admit(charges, self.local.now()), &self.by_process),
        };
        match decided {
            Ok(()) => {
                outcomes.admitted.increment(1);
                Ok(())
            }
            Err(refusal) => {
                outcomes.refused[refusal.limit as usize].increment(1);
                Err(self.problem(refusal))
            }
        }
    }

    fn problem(&self, refusal: Refusal) -> Problem {
        let rule = match refusal.limit {
            Limit::User => self.rules.user,
            Limit::Address => self.rules.address,
            Limit::Event => self.rules.event,
            Limit::Reads => self.rules.reads,
        };
        Problem::rate_limited(refusal.limit, rule, refusal.wait_micros.div_ceil(1_000))
    }
}

impl Outcomes {
    fn of(side: &'static str) -> Self {
        let admitted = counter!(metric_names::RATE_LIMIT_ADMITTED, "by" => side);
        let refused = Limit::ALL.map(|limit| {
            counter!(metric_names::RATE_LIMIT_REFUSED, "by" => side, "limit" => limit.word())
        });
        // A rate needs a zero to rise from.
        for counter in refused.iter().chain([&admitted]) {
            counter.increment(0);
        }
        Self { admitted, refused }
    }
}

/// A key has one length whatever it is made of, and neither memory nor Redis tells who it is.
fn charge(limit: Limit, rule: Option<RateLimit>, of: &[u8]) -> Option<Charge> {
    let pace = rule?.pace();
    let digest = Sha256::new().chain_update(limit.word()).chain_update([0]).chain_update(of);
    let digest: [u8; 32] = digest.finalize().into();
    let key = digest.first_chunk().copied()?;
    Some(Charge { limit, key, pace })
}

fn address_charge(limit: Limit, rule: Option<RateLimit>, address: IpAddr) -> Option<Charge> {
    match address {
        IpAddr::V4(address) => charge(limit, rule, &address.octets()),
        IpAddr::V6(address) => charge(limit, rule, &address.octets()),
    }
}

/// The sign that a read is within its limit. Taken in front of everything else, so that nobody
/// else's is looked at.
#[derive(Debug)]
pub(crate) struct AdmittedRead;

impl FromRequestParts<Arc<App>> for AdmittedRead {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Ok(caller) = Caller::from_request_parts(parts, app).await;
        app.rate_limits.admit_read(caller).await.map(|()| Self)
    }
}
