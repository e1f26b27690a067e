//! What somebody is told who asks too often: which limit it was, when to come again, and the
//! fields of the IETF's draft-ietf-httpapi-ratelimit-headers-10, which some clients understand.

use http::{HeaderMap, HeaderValue};

use super::{Problem, table};
use crate::rate_limits::{Limit, RateLimit};

/// The limit that refused.
#[derive(Debug)]
pub(super) struct Limited {
    pub(super) limit: Limit,
    rule: Option<RateLimit>,
    wait_millis: u64,
}

impl Problem {
    /// Beyond a limit, for so long.
    pub(crate) fn rate_limited(limit: Limit, rule: Option<RateLimit>, wait_millis: u64) -> Self {
        let detail = match limit {
            Limit::User => "nothing was done; this user has asked too often, try again later",
            Limit::Address => {
                "nothing was done; too much was asked from this address, try again later"
            }
            Limit::Event => {
                "nothing was done; more people ask for seats of this event than it takes in, try \
                 again later"
            }
            Limit::Reads => "too much was looked at from this address, try again later",
        };
        let mut problem =
            Self::new(&table::RATE_LIMITED, detail).retry_after_millis(wait_millis.max(1));
        problem.0.limit = Some(Limited { limit, rule, wait_millis });
        problem
    }
}

impl Limited {
    /// Writes how many may come in what time, and that none is left for now.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Some(rule) = self.rule else { return };
        let (name, burst, window_secs) = (self.limit.word(), rule.burst(), rule.window_secs());
        let wait_secs = self.wait_millis.div_ceil(1_000).max(1);
        let fields = [
            ("ratelimit-policy", format!("\"{name}\";q={burst};w={window_secs}")),
            ("ratelimit", format!("\"{name}\";r=0;t={wait_secs}")),
        ];
        for (field, text) in fields {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(field, value);
            }
        }
    }
}
