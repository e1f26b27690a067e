//! Killing the own server at random moments while it owes many answers.
//!
//! The moments come from the seed: one in each of as many equal parts of the time between 3 %
//! and 75 % of the drop. From then on the killer waits until seats are being sold and enough
//! requests are unanswered; if the crowd does not bring that about within half a second, it
//! lets in bursts of further buyers, ever larger, until one does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::buyer::{Sale, Visitor, admit};
use crate::client::{InFlight, Reader};
use crate::clock::millis;
use crate::process::{self, Server};
use crate::progress::Progress;

/// The part of the drop within which kills begin.
const FIRST_MOMENT: f64 = 0.03;
const LAST_MOMENT: f64 = 0.75;

/// How long the crowd alone is waited for.
const NATURAL_WAIT: Duration = Duration::from_millis(500);

/// Buyers of the first burst, and of the largest.
const BURST_BUYERS: u64 = 400;
const BURST_BUYERS_MAX: u64 = 6_400;

/// Bursts after which the killer sees that it will not come about.
const BURSTS_MAX: u32 = 20;

/// How long a burst is watched before the next.
const BURST_WATCH: Duration = Duration::from_millis(60);

/// How long the server may take to serve again, from being started again.
const SERVING_TIMEOUT: Duration = Duration::from_secs(120);

/// One kill, as reported.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Kill {
    /// Seconds after the doors opened.
    pub at_secs: f64,
    /// When, in milliseconds since 1970.
    pub killed_at_millis: u64,
    /// When it served again, in milliseconds since 1970.
    pub serving_at_millis: u64,
    /// Requests that had left and were unanswered when the signal was sent.
    pub unanswered: usize,
    /// Requests whose connection ended before their answer came, from the signal on.
    pub lost: u64,
    /// Buyers who were let in beyond the schedule to bring the number about.
    pub burst_buyers: u64,
    /// Milliseconds from the signal until the server served again.
    pub recovery_ms: u64,
}

/// Why the server could not be killed as it was to be.
#[derive(Debug, thiserror::Error)]
pub enum KillError {
    /// It could not be ended or started again.
    #[error(transparent)]
    Server(#[from] process::Error),
    /// It answered too fast to be killed with enough requests unanswered.
    #[error(
        "{burst_buyers} buyers at once did not bring {unanswered_min} unanswered requests \
        about; kill with fewer, or use more connections"
    )]
    TooFast {
        /// Unanswered requests that were asked for.
        unanswered_min: usize,
        /// Buyers who were let in to bring that about.
        burst_buyers: u64,
    },
}

/// The moments at which kills begin, after the doors opened.
pub(crate) fn moments(kills: u32, over: Duration, seed: u64) -> Vec<Duration> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Far from the schedule's stream and every buyer's.
    rng.set_stream(u64::MAX);
    let part = (LAST_MOMENT - FIRST_MOMENT) / f64::from(kills.max(1));
    let moment = |kill| FIRST_MOMENT + part * (f64::from(kill) + rng.random::<f64>());
    (0..kills).map(moment).map(|share| over.mul_f64(share)).collect()
}

/// Kills the server and starts it again, at its moments.
pub(crate) struct Killer<'a> {
    pub(crate) sale: Arc<Sale>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) reader: Reader,
    pub(crate) server: &'a mut dyn Server,
    pub(crate) unanswered_min: usize,
    pub(crate) opened_micros: u64,
    pub(crate) bursts: u64,
    pub(crate) progress: &'a dyn Progress,
}

impl Killer<'_> {
    /// Until the last kill is over and the server serves again, or the run is given up.
    pub(crate) async fn run(mut self, moments: Vec<Duration>) -> Result<Vec<Kill>, KillError> {
        let mut kills = Vec::with_capacity(moments.len());
        for moment in moments {
            let at_micros = self.opened_micros + moment.as_micros() as u64;
            let stop = self.sale.stop.clone();
            let ready = async {
                self.sale.clock.sleep_until(at_micros).await;
                self.await_sales().await;
                self.await_unanswered().await
            };
            let Some(burst_buyers) = stop.run_until_cancelled(ready).await else { break };
            kills.push(self.kill(burst_buyers?).await?);
        }
        Ok(kills)
    }

    /// Waits until sales are under way.
    async fn await_sales(&self) {
        while self.sale.recorder.progressed().0.sold == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until enough requests are unanswered. Returns how many buyers that took.
    async fn await_unanswered(&mut self) -> Result<u64, KillError> {
        let natural = Instant::now() + NATURAL_WAIT;
        while Instant::now() < natural {
            if self.in_flight.now() >= self.unanswered_min {
                return Ok(0);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut burst = BURST_BUYERS.max(self.unanswered_min as u64 * 2);
        let mut burst_buyers = 0;
        for _ in 0..BURSTS_MAX {
            let now_micros = self.sale.clock.now_micros();
            for _ in 0..burst {
                self.bursts += 1;
                admit(&self.sale, Visitor::Burst(self.bursts), now_micros);
            }
            burst_buyers += burst;
            burst = (burst * 2).min(BURST_BUYERS_MAX.max(burst));
            let watch = Instant::now() + BURST_WATCH;
            while Instant::now() < watch {
                if self.in_flight.now() >= self.unanswered_min {
                    return Ok(burst_buyers);
                }
                // A timer would wake a millisecond later, when all is answered.
                tokio::task::yield_now().await;
            }
        }
        Err(KillError::TooFast { unanswered_min: self.unanswered_min, burst_buyers })
    }

    async fn kill(&mut self, burst_buyers: u64) -> Result<Kill, KillError> {
        let (unanswered, lost_before) = (self.in_flight.now(), self.in_flight.lost());
        let killed_micros = self.sale.clock.now_micros();
        self.server.kill().await?;
        self.server.start().await?;
        let until = Instant::now() + SERVING_TIMEOUT;
        while self.reader.totals().await.is_err() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let serving_micros = self.sale.clock.now_micros();
        let recovery_ms = millis(serving_micros - killed_micros);
        self.progress.note(&format!(
            "the server was killed with {unanswered} requests unanswered; \
             it serves again after {recovery_ms} ms"
        ));
        Ok(Kill {
            at_secs: (killed_micros - self.opened_micros) as f64 / 1e6,
            killed_at_millis: millis(killed_micros),
            serving_at_millis: millis(serving_micros),
            unanswered,
            lost: self.in_flight.lost() - lost_before,
            burst_buyers,
            recovery_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_fixed_by_the_seed_and_spread() {
        let over = Duration::from_secs(100);
        assert_eq!(moments(3, over, 5), moments(3, over, 5));
        assert_ne!(moments(3, over, 5), moments(3, over, 6));
        assert!(moments(0, over, 5).is_empty());
        for seed in 0..50 {
            let moments = moments(4, over, seed);
            for (part, moment) in moments.iter().enumerate() {
                let from = 3.0 + 18.0 * part as f64;
                assert!((from..from + 18.0).contains(&moment.as_secs_f64()), "{moments:?}");
            }
        }
    }
}
