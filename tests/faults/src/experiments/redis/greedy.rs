//! Somebody who asks both edges at once for more than one user may have, and takes no for an answer
//! only for as long as it takes to ask again.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::stage::EVENTS;
use super::ledger::Ledger;
use super::{BURST, PER_MINUTE};
use crate::checker::Change;
use crate::client::{Reply, Rest};

/// Refusals at each edge after which it is known that no more is let pass.
pub(super) const REFUSALS: u64 = 4;

/// A greedy user.
#[derive(Clone, Debug)]
pub(super) struct Greedy {
    user: String,
    event_id: u64,
    since: Instant,
    /// Requests so far; they number the keys.
    asked: [u64; 2],
    /// Of those, what each edge let pass.
    pub(super) passed: [u64; 2],
    /// How long it is from the first request to the last answer.
    pub(super) over: Duration,
}

impl Greedy {
    /// One whom nobody has seen.
    pub(super) fn new(number: u64) -> Self {
        let event_id = EVENTS[number as usize % EVENTS.len()];
        let since = Instant::now();
        let user = format!("greedy-{number}");
        Self { user, event_id, since, asked: [0; 2], passed: [0; 2], over: Duration::ZERO }
    }

    /// Asks until each edge has refused so often, both edges at the same time.
    pub(super) async fn ask(&mut self, rests: &[Rest; 2], ledger: &Ledger) {
        let both = futures::join!(self.ask_at(0, rests, ledger), self.ask_at(1, rests, ledger));
        for (edge, (asked, passed)) in <[_; 2]>::from(both).into_iter().enumerate() {
            self.asked[edge] += asked;
            self.passed[edge] += passed;
        }
        self.over = self.since.elapsed();
    }

    /// Asks at one edge. How often it asked, and how often it was let pass.
    async fn ask_at(&self, edge: usize, rests: &[Rest; 2], ledger: &Ledger) -> (u64, u64) {
        let (mut asked, mut passed, mut refused) = (0, 0, 0);
        // Where no limit holds, the end is far beyond it.
        while refused < REFUSALS && passed < 8 * BURST {
            let number = self.asked[edge] + asked;
            let key = format!("{}-at-{edge}-{number}", self.user);
            let wish = json!({ "eventId": self.event_id, "userId": self.user, "quantity": 1 });
            asked += 1;
            let reply = rests[edge].change("reserve", &key, &wish).await;
            let Some(reply) = ledger.note("a greedy reserve", reply) else {
                return (asked, passed);
            };
            match reply.status {
                200 => {
                    passed += 1;
                    ledger.acknowledged(Change::HoldPlaced, self.event_id, &reply.body);
                }
                429 => {
                    refused += 1;
                    if !is_refusal(&reply) {
                        ledger
                            .wrong(format!("a refusal does not say when to come again: {reply:?}"));
                    }
                }
                // It was let pass, and somebody else was faster.
                409 => passed += 1,
                _ => {
                    ledger.wrong(format!("a greedy reserve was answered {reply:?}"));
                    return (asked, passed);
                }
            }
        }
        (asked, passed)
    }

    /// The most that a limit lets pass in this time, which begins with `bursts` whole bursts.
    /// One more may come of clocks that differ by microseconds.
    pub(super) fn most(&self, bursts: u64) -> u64 {
        bursts * BURST + (self.over.as_secs_f64() * PER_MINUTE as f64 / 60.0) as u64 + 1
    }
}

/// Whether a refusal says who is refused, and when to come again in both forms.
fn is_refusal(reply: &Reply) -> bool {
    let secs = reply.retry_after.as_ref().and_then(|value| value.parse::<u64>().ok());
    reply.body["code"] == "rate_limited"
        && reply.body["limit"] == "user"
        && reply.body["retryAfterMillis"].as_u64().is_some_and(|millis| millis > 0)
        && secs.is_some_and(|secs| secs > 0)
}
