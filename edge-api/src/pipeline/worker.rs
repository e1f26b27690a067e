//! One stream's worker: owns the stream, its queue and the callers that wait for its answers,
//! so that none of it needs a lock. It opens the stream again whenever it broke, and ends when
//! nobody can send it a command any more.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Either, pending};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use proto::inventory::v1::inventory_client::InventoryClient;
use proto::inventory::v1::{AnswerBatch, Command, CommandBatch};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{Answered, Job, PipelineError, Reply};
use crate::engine::EngineService;
use crate::in_flight::Permit;
use crate::limits::{
    BACKOFF_MAX, BACKOFF_MIN, BATCH_BYTES_FULL, BATCH_COMMANDS_MAX, BATCHES_QUEUED_MAX,
    LAST_ANSWERS_TIMEOUT, STALL_CHECK_EVERY, STREAM_OPEN_TIMEOUT,
};
use crate::metric_names;
use crate::reads::is_recovering;

pub(super) struct Worker {
    engine: EngineService,
    jobs: mpsc::UnboundedReceiver<Job>,
    /// Taken from `jobs` and not sent yet.
    queued: Vec<Job>,
    parked: Parked,
    stalled_after: Duration,
    batch_commands: Histogram,
    streams_open: Gauge,
    streams_broken: Counter,
}

/// The callers whose commands were sent, by correlation id.
struct Parked {
    callers: HashMap<u64, Caller>,
    next_correlation_id: u64,
    /// Whether the stream that is open has answered anything.
    answered: bool,
    outcomes_lost: Counter,
}

struct Caller {
    reply: Reply,
    sent_at: Instant,
    /// Held until the answer is here.
    _permit: Permit,
}

/// Why a stream ended.
#[derive(Debug, thiserror::Error)]
enum StreamEnd {
    #[error("nobody sends commands any more")]
    CallersGone,
    #[error("the stream could not be opened: {0}")]
    NotOpened(Status),
    #[error("the engine is recovering")]
    Recovering,
    #[error("the stream could not be opened in {STREAM_OPEN_TIMEOUT:?}")]
    NotOpenedInTime,
    #[error("the stream broke: {0}")]
    Broken(Status),
    #[error("the engine closed the stream")]
    Closed,
    #[error("a command has waited too long for its answer")]
    Stalled,
    #[error("the engine panicked")]
    Panicked,
}

impl Worker {
    pub(super) fn new(
        engine: EngineService,
        jobs: mpsc::UnboundedReceiver<Job>,
        stalled_after: Duration,
    ) -> Self {
        let parked = Parked {
            callers: HashMap::new(),
            next_correlation_id: 0,
            answered: false,
            outcomes_lost: counter!(metric_names::OUTCOMES_LOST),
        };
        Self {
            engine,
            jobs,
            queued: Vec::with_capacity(BATCH_COMMANDS_MAX),
            parked,
            stalled_after,
            batch_commands: histogram!(metric_names::BATCH_COMMANDS),
            streams_open: gauge!(metric_names::STREAMS_OPEN),
            streams_broken: counter!(metric_names::STREAMS_BROKEN),
        }
    }

    pub(super) async fn run(mut self) {
        let mut backoff = BACKOFF_MIN;
        let mut failures_in_a_row = 0u32;
        loop {
            // An engine in this process that panics unwinds into here.
            let stream = AssertUnwindSafe(self.one_stream(failures_in_a_row)).catch_unwind();
            let end = stream.await.unwrap_or(StreamEnd::Panicked);
            if self.parked.answered {
                (backoff, failures_in_a_row) = (BACKOFF_MIN, 0);
            }
            self.parked.lose_all();
            match end {
                StreamEnd::CallersGone => return,
                StreamEnd::Recovering => self.refuse_queued(PipelineError::EngineRecovering),
                StreamEnd::NotOpened(_) | StreamEnd::NotOpenedInTime => {
                    self.refuse_queued(PipelineError::EngineUnavailable);
                }
                _ => self.streams_broken.increment(1),
            }
            match (&end, failures_in_a_row) {
                (StreamEnd::Recovering, 0) => tracing::info!("waiting for the engine to recover"),
                (_, 0) => {
                    tracing::warn!(reason = %end, "lost a stream to the engine; opening it again");
                }
                _ => {
                    tracing::debug!(reason = %end, failures_in_a_row, "no stream yet");
                }
            }
            failures_in_a_row += 1;
            // An engine that says that it is not ready yet costs little to ask again: whoever
            // comes next is told how it is now, and not how it was.
            let until_wanted = match end {
                StreamEnd::Recovering => Either::Left(self.jobs.recv()),
                _ => Either::Right(pending()),
            };
            tokio::select! {
                () = sleep(backoff) => {}
                job = until_wanted => self.queued.extend(job),
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
            if self.jobs.is_closed() && self.jobs.is_empty() && self.queued.is_empty() {
                return;
            }
        }
    }

    /// Opens a stream and uses it until it ends.
    async fn one_stream(&mut self, failures_before: u32) -> StreamEnd {
        self.parked.answered = false;
        let (outbound, batches) = mpsc::channel(BATCHES_QUEUED_MAX);
        let mut client = InventoryClient::new(self.engine.clone());
        let opening = client.pipeline(ReceiverStream::new(batches));
        let inbound = match timeout(STREAM_OPEN_TIMEOUT, opening).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) if is_recovering(&status) => return StreamEnd::Recovering,
            Ok(Err(status)) => return StreamEnd::NotOpened(status),
            Err(_) => return StreamEnd::NotOpenedInTime,
        };
        if failures_before > 0 {
            tracing::info!(failures_before, "the stream to the engine is open again");
        }
        self.streams_open.increment(1.0);
        let open = OpenGauge(self.streams_open.clone());
        let end = self.exchange(outbound, inbound).await;
        drop(open);
        end
    }

    async fn exchange(
        &mut self,
        outbound: mpsc::Sender<CommandBatch>,
        mut inbound: Streaming<AnswerBatch>,
    ) -> StreamEnd {
        let mut stall_check = interval(STALL_CHECK_EVERY.min(self.stalled_after));
        stall_check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = inbound.message() => match message {
                    Ok(Some(batch)) => self.parked.deliver(batch),
                    Ok(None) => return StreamEnd::Closed,
                    Err(status) => return StreamEnd::Broken(status),
                },
                room = next_jobs(&outbound, &mut self.jobs, &mut self.queued) => {
                    let Some(room) = room else {
                        return self.hear_out(inbound).await;
                    };
                    if self.queued.is_empty() {
                        return StreamEnd::CallersGone;
                    }
                    let commands = self.parked.park(&mut self.queued);
                    if !commands.is_empty() {
                        self.batch_commands.record(commands.len() as f64);
                        room.send(CommandBatch { commands });
                    }
                }
                _ = stall_check.tick() => if self.parked.is_stalled(self.stalled_after) {
                    return StreamEnd::Stalled;
                },
            }
        }
    }

    /// The engine takes no more commands on this stream: what it still answers is worth having,
    /// but not worth keeping the queue waiting for long.
    async fn hear_out(&mut self, mut inbound: Streaming<AnswerBatch>) -> StreamEnd {
        let last_answers = async {
            loop {
                match inbound.message().await {
                    Ok(Some(batch)) => self.parked.deliver(batch),
                    Ok(None) => return StreamEnd::Closed,
                    Err(status) => return StreamEnd::Broken(status),
                }
            }
        };
        timeout(LAST_ANSWERS_TIMEOUT, last_answers).await.unwrap_or(StreamEnd::Closed)
    }

    /// The engine is away: those who queued need not wait until their time is over.
    fn refuse_queued(&mut self, why: PipelineError) {
        let queued = self.queued.drain(..).chain(std::iter::from_fn(|| self.jobs.try_recv().ok()));
        for job in queued {
            // The caller may have left; then nobody needs to know.
            let _ = job.reply.send(Err(why));
        }
    }
}

/// Waits for room on the stream and then, unless some are left from the batch before, for
/// commands, up to a batch of them; none if nobody can send any more. `None` if the stream takes
/// nothing more. Dropped at any point it has taken nothing.
async fn next_jobs<'a>(
    outbound: &'a mpsc::Sender<CommandBatch>,
    jobs: &mut mpsc::UnboundedReceiver<Job>,
    queued: &mut Vec<Job>,
) -> Option<mpsc::Permit<'a, CommandBatch>> {
    // Room first: while there is none, what comes makes the next batch larger.
    let room = outbound.reserve().await.ok()?;
    if queued.is_empty() {
        jobs.recv_many(queued, BATCH_COMMANDS_MAX).await;
    }
    Some(room)
}

impl Parked {
    /// The commands that are still wanted, as many as one message takes; from here on they count
    /// as sent.
    fn park(&mut self, queued: &mut Vec<Job>) -> Vec<Command> {
        let now = Instant::now();
        let mut commands = Vec::with_capacity(queued.len());
        for job in queued.drain(..fitting(queued)) {
            // Whoever has left, by a timeout or a lost connection, is not worth the engine's time.
            if job.reply.is_closed() || !job.claim.send() {
                continue;
            }
            if job.deadline <= now {
                let _ = job.reply.send(Err(PipelineError::DeadlineExceeded));
                continue;
            }
            let correlation_id = self.next_correlation_id;
            self.next_correlation_id += 1;
            commands.push(Command {
                correlation_id,
                timeout_millis: Some(engine_timeout_millis(job.deadline - now)),
                verb: Some(job.verb),
                ack: job.ack.into(),
            });
            let caller = Caller { reply: job.reply, sent_at: now, _permit: job.permit };
            self.callers.insert(correlation_id, caller);
        }
        commands
    }

    fn deliver(&mut self, batch: AnswerBatch) {
        self.answered = true;
        for answer in batch.answers {
            let Some(caller) = self.callers.remove(&answer.correlation_id) else {
                tracing::error!(
                    correlation_id = answer.correlation_id,
                    "the engine answered a command that was not asked"
                );
                continue;
            };
            let durability = answer.durability();
            let answered = answer.outcome.map(|outcome| Answered { outcome, durability });
            // A caller who has left does not need the answer.
            let _ = caller.reply.send(answered.ok_or(PipelineError::OutcomeUnknown));
        }
    }

    fn is_stalled(&self, stalled_after: Duration) -> bool {
        self.callers.values().any(|caller| caller.sent_at.elapsed() > stalled_after)
    }

    fn lose_all(&mut self) {
        self.outcomes_lost.increment(self.callers.len() as u64);
        for (_, caller) in self.callers.drain() {
            let _ = caller.reply.send(Err(PipelineError::OutcomeUnknown));
        }
    }
}

/// How many of these go into one message: the engine ends a stream whose message is too large,
/// and the other callers would pay for it with their outcomes.
fn fitting(queued: &[Job]) -> usize {
    let mut bytes = 0;
    let before_full = queued.iter().take_while(|job| {
        let is_room = bytes < BATCH_BYTES_FULL;
        bytes += job.verb.encoded_len();
        is_room
    });
    before_full.count()
}

/// What the engine may take to begin, of what the caller has left: a tenth is kept for the sync
/// and the way back, so that a command decided at the last moment still has its answer arrive.
fn engine_timeout_millis(left: Duration) -> u32 {
    let millis = (left.as_millis() * 9 / 10).max(1);
    u32::try_from(millis).unwrap_or(u32::MAX)
}

/// Counts a stream as open until dropped, a panic included.
struct OpenGauge(Gauge);

impl Drop for OpenGauge {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
