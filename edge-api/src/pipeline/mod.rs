//! The way of every change to the engine: many requests in few streams. Callers queue; a worker
//! a stream puts what has queued into one batch, so that the busier the edge is, the fewer
//! messages a command costs.
//!
//! **A command is sent at most once.** What was sent on a stream that broke has an unknown
//! outcome and is told so; only what was certainly not sent is told that nothing was done.

mod claim;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use metrics::gauge;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::{Ack, Durability};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use self::claim::Claim;
use self::worker::Worker;
use crate::engine::EngineService;
use crate::in_flight::{InFlightLimit, Permit};
use crate::limits::STALLED_AFTER_TIMEOUTS;
use crate::metric_names;

/// Sends commands and waits for their answers.
pub(crate) struct Pipeline {
    /// Without a bound of their own: `limit` bounds what is in all of them together.
    streams: Box<[mpsc::UnboundedSender<Job>]>,
    next_stream: AtomicUsize,
    limit: InFlightLimit,
    timeout: Duration,
}

/// Why a command has no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PipelineError {
    /// Nothing was done.
    #[error("too many commands are waiting; nothing was done, try again later")]
    Overloaded,
    /// Nothing was done.
    #[error("the command was not sent in its time; nothing was done")]
    DeadlineExceeded,
    /// Nothing was done.
    #[error("the engine cannot be reached; nothing was done")]
    EngineUnavailable,
    /// Nothing was done.
    #[error("the engine has not recovered yet; nothing was done")]
    EngineRecovering,
    /// Anything may have been done.
    #[error("the command was sent and no answer came; ask again with the same request id")]
    OutcomeUnknown,
}

type Reply = oneshot::Sender<Result<Answered, PipelineError>>;

/// What came of a command, and where the change is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answered {
    pub(crate) outcome: Outcome,
    pub(crate) durability: Durability,
}

/// A command on its way.
struct Job {
    verb: Verb,
    ack: Ack,
    deadline: Instant,
    claim: Arc<Claim>,
    reply: Reply,
    /// Given back with the answer and not when the caller leaves: what the engine still has to
    /// do counts.
    permit: Permit,
}

impl Pipeline {
    /// Opens `streams` streams to `engine` and keeps them open until dropped. A command waits at
    /// most `timeout`. Must be called within a tokio runtime.
    pub(crate) fn start(
        engine: &EngineService,
        streams: usize,
        commands_in_flight_max: usize,
        timeout: Duration,
    ) -> Self {
        let start_stream = |_| {
            let (sender, jobs) = mpsc::unbounded_channel();
            let worker = Worker::new(engine.clone(), jobs, timeout * STALLED_AFTER_TIMEOUTS);
            tokio::spawn(worker.run());
            sender
        };
        let in_flight = gauge!(metric_names::COMMANDS_IN_FLIGHT);
        Self {
            streams: (0..streams.max(1)).map(start_stream).collect(),
            next_stream: AtomicUsize::new(0),
            limit: InFlightLimit::new(commands_in_flight_max, in_flight),
            timeout,
        }
    }

    /// Has the engine decide a command, whose answer waits for what `ack` says.
    ///
    /// # Errors
    /// If there is no answer; each error says whether anything may have been done.
    pub(crate) async fn ask(&self, verb: Verb, ack: Ack) -> Result<Answered, PipelineError> {
        let permit = self.limit.try_acquire().ok_or(PipelineError::Overloaded)?;
        let claim = Arc::new(Claim::default());
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + self.timeout;
        let job = Job { verb, ack, deadline, claim: Arc::clone(&claim), reply, permit };
        let turn = self.next_stream.fetch_add(1, Ordering::Relaxed) % self.streams.len();
        self.streams[turn].send(job).map_err(|_| PipelineError::EngineUnavailable)?;
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(result)) => result,
            // The worker is gone, and with it the command or its answer.
            Ok(Err(_)) if claim.abandon() => Err(PipelineError::EngineUnavailable),
            Err(_) if claim.abandon() => Err(PipelineError::DeadlineExceeded),
            Ok(Err(_)) | Err(_) => Err(PipelineError::OutcomeUnknown),
        }
    }
}
