//! Answers that are to be in Postgres before they leave.
//!
//! Must always hold: a change that is durable is never called a failure because Postgres is away
//! or slow; its answer leaves as what it is. Who waits holds nobody else up. Refusals and failures
//! wait for nothing: they changed nothing that Postgres could have.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::Gauge;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use crate::ack::{Ack, Durability};
use crate::answer::{Accepted, Answer, Failure, Invalid, Reply};
use crate::ask::Ask;
use crate::engine::Handle;
use crate::limits::{
    PROJECTION_PATIENCE, PROJECTION_PATIENCE_TENTHS, STREAM_ANSWERS_WAITING_MAX,
    STREAM_MESSAGE_ANSWERS_MAX,
};
use crate::projected::Projected;

/// An answer of a stream that is to be in Postgres, as it came from its writer.
#[derive(Debug)]
pub(crate) struct Unsettled {
    pub(crate) correlation_id: u64,
    /// From then on nobody waits any more.
    pub(crate) give_up_at: Option<Instant>,
    pub(crate) reply: Reply,
}

impl Handle {
    /// What an answer has to wait for, where its caller says so or nothing.
    ///
    /// # Errors
    /// If nothing is written to Postgres here. `field` is where the caller said it.
    pub(crate) fn ack_of(&self, asked: Option<Ack>, field: &'static str) -> Result<Ack, Invalid> {
        let ack = asked.unwrap_or(self.ack());
        if ack == Ack::JournalAndPostgres && self.projected().is_none() {
            let problem = "nothing is written to Postgres here: this engine was started without a \
                           database; ask for journal, or for nothing"
                .to_owned();
            return Err(Invalid { field, problem });
        }
        Ok(ack)
    }

    /// Asks, and waits for the answer and for what else it is to wait for. How durable it is when
    /// it leaves stands in it.
    ///
    /// # Errors
    /// Those of [`Handle::ask`]; and at once, with nothing done, if it is to be in Postgres and
    /// nothing is written there.
    pub async fn ask_for(&self, ask: Ask, ack: Ack, give_up_at: Option<Instant>) -> Reply {
        self.ack_of(Some(ack), "ack").map_err(Failure::from)?;
        let reply = self.ask(ask, give_up_at).await;
        self.settle(reply, ack, give_up_at).await
    }

    /// Waits for what an answer of the journal's is to wait for besides.
    pub(crate) async fn settle(
        &self,
        mut reply: Reply,
        ack: Ack,
        give_up_at: Option<Instant>,
    ) -> Reply {
        if let (Ack::JournalAndPostgres, Some(projected), Ok(Answer::Accepted(accepted))) =
            (ack, self.projected(), &mut reply)
        {
            let (shard, lsn) = (accepted.fact.event_id.shard(), accepted.fact.lsn);
            let waiting = WaitingGauge::one_more(&projected.waits().waiting);
            let is_there = projected.wait_for(shard, lsn, patience(give_up_at)).await;
            drop(waiting);
            leave_as(accepted, is_there, projected);
        }
        reply
    }
}

/// Counts a call as waiting until dropped: its caller may leave.
struct WaitingGauge<'a>(&'a Gauge);

impl<'a> WaitingGauge<'a> {
    fn one_more(gauge: &'a Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for WaitingGauge<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// How long an answer may wait for Postgres: not so long that it comes too late.
fn patience(give_up_at: Option<Instant>) -> Duration {
    let left = give_up_at.map(|at| at.saturating_duration_since(Instant::now()));
    left.map_or(PROJECTION_PATIENCE, |left| {
        PROJECTION_PATIENCE.min(left * PROJECTION_PATIENCE_TENTHS / 10)
    })
}

fn leave_as(accepted: &mut Accepted, is_projected: bool, projected: &Projected) {
    let metrics = projected.waits();
    if is_projected {
        accepted.durability = Durability::JournalAndPostgres;
        metrics.projected.increment(1);
    } else {
        metrics.journal_only.increment(1);
    }
}

/// Passes the answers of one stream on when they are where they are to be, or when that cannot be
/// said in time. Ends when none can come any more and none waits.
pub(crate) async fn settle_stream(
    projected: Option<Arc<Projected>>,
    mut answered: mpsc::UnboundedReceiver<Unsettled>,
    replies: mpsc::UnboundedSender<(u64, Reply)>,
) {
    // Nobody may ask for it where there is nothing to wait for.
    let Some(projected) = projected else { return };
    let mut changes = projected.changes();
    let mut room = WaitingRoom { projected: &projected, replies, waiting: Vec::new() };
    let mut fresh = Vec::new();
    let mut is_open = true;
    while is_open || !room.waiting.is_empty() {
        let earliest = room.earliest();
        let is_anybody_here = earliest.is_some();
        let time_is_up = sleep_until(earliest.unwrap_or_else(Instant::now).into());
        tokio::select! {
            count = answered.recv_many(&mut fresh, STREAM_MESSAGE_ANSWERS_MAX), if is_open => {
                is_open = count > 0;
                // A change that was not looked at yet stays one: it is of those who wait.
                let is_reachable = *changes.borrow();
                fresh.drain(..).for_each(|answer| room.let_in(answer, is_reachable));
            }
            changed = changes.changed(), if is_anybody_here => {
                let is_over = changed.is_err();
                room.let_go(!is_over && is_reachable_now(&mut changes));
            }
            () = time_is_up, if is_anybody_here => room.let_go(is_reachable_now(&mut changes)),
        }
    }
}

/// Marks the change as seen before anything is looked at: what comes in between wakes again.
fn is_reachable_now(changes: &mut watch::Receiver<bool>) -> bool {
    *changes.borrow_and_update()
}

/// Those of a stream who wait for Postgres.
struct WaitingRoom<'a> {
    projected: &'a Projected,
    replies: mpsc::UnboundedSender<(u64, Reply)>,
    waiting: Vec<Waiting>,
}

struct Waiting {
    correlation_id: u64,
    until: Instant,
    accepted: Accepted,
}

impl WaitingRoom<'_> {
    /// When the first of them has waited long enough.
    fn earliest(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.until).min()
    }

    /// Takes in who has to wait; everybody else goes on.
    fn let_in(&mut self, answer: Unsettled, is_reachable: bool) {
        let Unsettled { correlation_id, give_up_at, reply } = answer;
        let accepted = match reply {
            Ok(Answer::Accepted(accepted)) => accepted,
            // A caller who has left does not mind.
            other => return drop(self.replies.send((correlation_id, other))),
        };
        let patience = patience(give_up_at);
        let may_wait =
            is_reachable && !patience.is_zero() && self.waiting.len() < STREAM_ANSWERS_WAITING_MAX;
        if may_wait && !self.is_there(&accepted) {
            self.projected.waits().waiting.increment(1.0);
            self.waiting.push(Waiting {
                correlation_id,
                until: Instant::now() + patience,
                accepted,
            });
        } else {
            self.send(correlation_id, accepted);
        }
    }

    /// Lets those go who have what they wait for, and those who have waited long enough: all, while
    /// Postgres is away.
    fn let_go(&mut self, is_reachable: bool) {
        let now = Instant::now();
        let mut position = 0;
        while let Some(waiting) = self.waiting.get(position) {
            if is_reachable && waiting.until > now && !self.is_there(&waiting.accepted) {
                position += 1;
                continue;
            }
            let Waiting { correlation_id, accepted, .. } = self.waiting.swap_remove(position);
            self.projected.waits().waiting.decrement(1.0);
            self.send(correlation_id, accepted);
        }
    }

    fn is_there(&self, accepted: &Accepted) -> bool {
        let fact = &accepted.fact;
        self.projected.has(fact.event_id.shard(), fact.lsn)
    }

    fn send(&self, correlation_id: u64, mut accepted: Accepted) {
        let is_there = self.is_there(&accepted);
        leave_as(&mut accepted, is_there, self.projected);
        drop(self.replies.send((correlation_id, Ok(Answer::Accepted(accepted)))));
    }
}

impl Drop for WaitingRoom<'_> {
    /// The stream is gone, and those who waited with it.
    fn drop(&mut self) {
        self.projected.waits().waiting.decrement(self.waiting.len() as f64);
    }
}
