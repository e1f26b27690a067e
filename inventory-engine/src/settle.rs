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

#[cfg(test)]
mod tests {
    use inventory_core::fact::{Change, Fact};
    use inventory_core::ids::{EventId, Lsn};
    use inventory_core::time::Timestamp;
    use persistence::journal::Journal;

    use super::*;
    use crate::clock::Clock;
    use crate::projected::ProjectionOptions;
    use crate::recovery::recover;

    const EVENT: EventId = EventId(1);

    fn projected(folder: &tempfile::TempDir) -> Arc<Projected> {
        let options = persistence::file::Options { segment_bytes: 1 << 16 };
        let recovered = recover(folder.path(), options, &Arc::default()).unwrap();
        let (journal, shards) = (recovered.journal, recovered.shards);
        let clock = Clock::anchored_now(persistence::machine::Machine::real(), Timestamp(0));
        let options = ProjectionOptions::default();
        let (share, written) = (journal.share(), journal.written());
        let projected = Projected::open(options, &share, written, &shards, clock).unwrap();
        projected.set_reachable(true);
        Arc::new(projected)
    }

    fn closed(lsn: u64) -> Reply {
        let change = Change::EventClosed;
        let (lsn, at) = (Lsn(lsn), Timestamp(5));
        let fact = Arc::new(Fact { lsn, at, event_id: EVENT, request: None, change });
        let durability = Durability::Journal;
        Ok(Answer::Accepted(Accepted { fact, is_repeat: false, durability }))
    }

    fn durability(reply: Reply) -> Durability {
        match reply {
            Ok(Answer::Accepted(accepted)) => accepted.durability,
            other => panic!("not accepted: {other:?}"),
        }
    }

    #[tokio::test]
    async fn so_many_of_a_stream_wait_and_the_others_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let projected = projected(&folder);
        let (unsettled, answered) = mpsc::unbounded_channel();
        let (replies, mut to_send) = mpsc::unbounded_channel();
        let all = STREAM_ANSWERS_WAITING_MAX as u64 + 70;
        for number in 1..=all {
            let reply = closed(number);
            let answer = Unsettled { correlation_id: number, give_up_at: None, reply };
            unsettled.send(answer).unwrap();
        }
        let settling = settle_stream(Some(Arc::clone(&projected)), answered, replies);
        let settling = tokio::spawn(settling);
        for _ in 0..70 {
            let (number, reply) = to_send.recv().await.unwrap();
            assert!(number > STREAM_ANSWERS_WAITING_MAX as u64);
            assert_eq!(durability(reply), Durability::Journal);
        }
        // The first that waits goes alone, though others wait longer than it.
        projected.advance(0, Timestamp(0), &[(EVENT.shard(), Lsn(1))]);
        let (number, reply) = to_send.recv().await.unwrap();
        assert_eq!((number, durability(reply)), (1, Durability::JournalAndPostgres));
        // Its place is free for another; nobody more can come.
        let reply = closed(all + 1);
        let answer = Unsettled { correlation_id: all + 1, give_up_at: None, reply };
        unsettled.send(answer).unwrap();
        drop(unsettled);
        projected.advance(0, Timestamp(0), &[(EVENT.shard(), Lsn(all + 1))]);
        let mut left = Vec::new();
        while let Some((number, reply)) = to_send.recv().await {
            assert_eq!(durability(reply), Durability::JournalAndPostgres, "{number}");
            left.push(number);
        }
        assert_eq!(left.len(), STREAM_ANSWERS_WAITING_MAX);
        settling.await.unwrap();
    }

    #[tokio::test]
    async fn failures_go_on_and_a_caller_whose_time_is_over_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let projected = projected(&folder);
        let (unsettled, answered) = mpsc::unbounded_channel();
        let (replies, mut to_send) = mpsc::unbounded_channel();
        let settling = tokio::spawn(settle_stream(Some(projected), answered, replies));
        let soon = Instant::now() + Duration::from_millis(30);
        for (correlation_id, give_up_at, reply) in [
            (1, None, Err(Failure::Unknown)),
            (2, Some(Instant::now()), closed(2)),
            (3, Some(soon), closed(3)),
        ] {
            unsettled.send(Unsettled { correlation_id, give_up_at, reply }).unwrap();
        }
        assert!(matches!(to_send.recv().await, Some((1, Err(Failure::Unknown)))));
        for expected in [2, 3] {
            let (number, reply) = to_send.recv().await.unwrap();
            assert_eq!((number, durability(reply)), (expected, Durability::Journal));
        }
        drop(unsettled);
        assert!(to_send.recv().await.is_none());
        settling.await.unwrap();
    }
}
