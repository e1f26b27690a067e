//! Asking until there is an answer: the same request, with the same id, again and again while
//! nothing is known of it.
//!
//! - no connection, a lost one, or 'unknown': again after 50 ms to 1 s, for two minutes;
//! - 'overloaded' and the like: again after what the server asks for, at least 100 ms, a few
//!   times; then the buyer gives up.

use std::sync::Arc;
use std::time::Duration;

use futures::future;
use rand::RngExt;

use super::Buyer;
use crate::clock::millis;
use crate::ids::RequestId;
use crate::record::Entry;
use crate::request::{Answer, Denial, Request, Verb};

/// How long a buyer goes on asking what became of a request.
const UNKNOWN_PATIENCE: Duration = Duration::from_secs(120);

/// How often a buyer lets the server turn the same request away before giving up.
const DENIALS_MAX: u32 = 8;

/// Pauses before asking again: the first, and how long they grow by doubling.
const UNKNOWN_PAUSE_MILLIS: (u64, u64) = (50, 1_000);
const DENIED_PAUSE_MILLIS: (u64, u64) = (100, 2_000);

impl Buyer {
    /// Asks until the answer is final or patience ends. Returns the last word and its time.
    pub(super) async fn ask(
        &mut self,
        verb: Verb,
        intended_micros: u64,
        is_twice: bool,
    ) -> (Answer, u64) {
        let id = RequestId::new(millis(self.sale.clock.now_micros()), self.rng.random());
        let request = Arc::new(Request { id, buyer: self.name.clone(), verb });
        let mut answer = if is_twice {
            self.send_twice(&request, intended_micros).await
        } else {
            self.send(&request, intended_micros, self.lane).await
        };
        let give_up_micros = intended_micros + UNKNOWN_PATIENCE.as_micros() as u64;
        let (mut unknowns, mut denials) = (0, 0);
        loop {
            let now_micros = self.sale.clock.now_micros();
            let pause_millis = match &answer {
                Answer::Unknown | Answer::NotSent if now_micros < give_up_micros => {
                    unknowns += 1;
                    grown(UNKNOWN_PAUSE_MILLIS, unknowns)
                }
                Answer::Denied { reason, retry_after_millis }
                    if !matches!(reason, Denial::Invalid(_)) && denials < DENIALS_MAX =>
                {
                    denials += 1;
                    let asked_for = u64::from(retry_after_millis.unwrap_or(0));
                    grown(DENIED_PAUSE_MILLIS, denials).max(asked_for)
                }
                _ => break,
            };
            if self.pause(pause_millis).await.is_none() {
                break;
            }
            self.lane = self.lane.wrapping_add(1);
            let latest = self.send(&request, intended_micros, self.lane).await;
            // Once sent, a request stays in doubt until somebody knows better.
            if !(latest == Answer::NotSent && answer == Answer::Unknown) {
                answer = latest;
            }
        }
        let settled_micros = self.sale.clock.now_micros();
        self.sale.recorder.settled(&request, intended_micros, settled_micros, &answer);
        (answer, settled_micros)
    }

    /// Waits about that long; `None` if the run is given up meanwhile.
    async fn pause(&mut self, millis: u64) -> Option<()> {
        let micros = (millis as f64 * 1_000.0 * self.rng.random_range(0.5..1.5)) as u64;
        let pause = tokio::time::sleep(Duration::from_micros(micros));
        self.sale.stop.run_until_cancelled(pause).await
    }

    /// One sending, written down when its answer came or was lost.
    async fn send(&self, request: &Arc<Request>, intended_micros: u64, lane: usize) -> Answer {
        let sale = &self.sale;
        let sent_micros = sale.clock.now_micros();
        let sending = sale.door.send(request, lane);
        let answer = tokio::time::timeout(sale.sending_timeout, sending).await;
        let answer = answer.unwrap_or(Answer::Unknown);
        if answer == Answer::NotSent {
            sale.recorder.not_sent();
            return answer;
        }
        let received_micros = sale.clock.now_micros();
        sale.recorder.answered(Entry {
            request: request.clone(),
            intended_micros,
            sent_micros,
            received_micros,
            answer: answer.clone(),
        });
        answer
    }

    /// The same request at the same time over two connections; both answers are written down.
    async fn send_twice(&self, request: &Arc<Request>, intended_micros: u64) -> Answer {
        let (first, second) = future::join(
            self.send(request, intended_micros, self.lane),
            self.send(request, intended_micros, self.lane.wrapping_add(1)),
        )
        .await;
        better(first, second)
    }
}

/// Of two answers to one request, the one that says more: done, undecided, in doubt, refused.
fn better(first: Answer, second: Answer) -> Answer {
    let rank = |answer: &Answer| match answer {
        answer if answer.is_accepted() => 0,
        // While one of the two is in doubt, a refusal of the other settles nothing.
        Answer::Unknown => 1,
        Answer::Rejected(_) => 2,
        _ => 3,
    };
    if rank(&second) < rank(&first) { second } else { first }
}

fn grown((first, longest): (u64, u64), times: u32) -> u64 {
    (first << (times - 1).min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::HoldId;
    use crate::request::Refusal;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u64> = (1..=7).map(|times| grown(UNKNOWN_PAUSE_MILLIS, times)).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(grown(UNKNOWN_PAUSE_MILLIS, 4_000), 1_000);
    }

    #[test]
    fn of_two_answers_the_one_that_was_done_counts() {
        let done = Answer::Extended { hold_id: HoldId(1), deadline_millis: 2, lsn: Some(3) };
        let refused = Answer::Rejected(Refusal::of("hold_expired"));
        assert_eq!(better(refused.clone(), done.clone()), done);
        assert_eq!(better(done.clone(), Answer::Unknown), done);
        assert_eq!(better(refused.clone(), Answer::Unknown), Answer::Unknown);
        assert_eq!(better(Answer::NotSent, refused.clone()), refused);
    }
}
