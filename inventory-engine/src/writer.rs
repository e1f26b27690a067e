//! A writer: the thread that owns some of the shards and drives their commit pipeline. It takes
//! requests from its inbox, hands facts to the journal's thread, and goes on deciding while the
//! disk syncs. Without work it sleeps until the earliest deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, never, select};
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{Lsn, ShardId};
use inventory_core::state::EventState;
use inventory_core::time::Timestamp;
use persistence::batch::Batch;
use tracing::warn;

use crate::answer::{Answer, Failure};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::inbox::{Inbox, Parcel, Request};
use crate::limits::{
    BATCH_COMMANDS_MAX, DEADLINE_SLEEP_MAX, PARKED_ANSWERS_MAX, TURNS_IN_FLIGHT_MAX,
};
use crate::metrics::WriterMetrics;
use crate::pipeline::{CommitPipeline, Outlet};
use crate::throttle::Throttle;
use crate::ticket::Ticket;

/// One turn's facts on their way to the journal.
pub(crate) struct Turn {
    pub(crate) batches: Vec<Batch>,
    pub(crate) claim: Claim,
}

/// A writer's claim to hear what became of a turn. Dropped without a word, with the journal's
/// thread for one, it says that nothing more can be said: no writer waits for ever.
pub(crate) struct Claim {
    writer: Sender<Written>,
    is_told: bool,
}

impl Claim {
    fn of(writer: &Sender<Written>) -> Self {
        Self { writer: writer.clone(), is_told: false }
    }

    /// All of the turn is durable.
    pub(crate) fn durable(mut self, watermarks: Vec<(ShardId, Lsn)>) {
        self.is_told = true;
        // A writer that is gone waits for nothing.
        drop(self.writer.send(Written::Durable(watermarks)));
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_told {
            drop(self.writer.send(Written::Failed));
        }
    }
}

/// What the journal's thread says of a turn.
pub(crate) enum Written {
    /// All of it is durable, up to these LSNs.
    Durable(Vec<(ShardId, Lsn)>),
    /// Nothing more can be said.
    Failed,
}

pub(crate) struct Writer {
    pub(crate) pipeline: CommitPipeline<Ticket>,
    pub(crate) clock: Clock,
    pub(crate) inbox: Inbox,
    pub(crate) parcels: Receiver<Parcel>,
    pub(crate) journal: Sender<Turn>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) metrics: WriterMetrics,
    /// Of the line that says that holds are refused for want of space.
    pub(crate) storage_short: Throttle,
    /// Of the line that says that they are because too much is not projected.
    pub(crate) projection_behind: Throttle,
}

/// What wakes a writer.
enum Wake {
    Parcel(Parcel),
    Written(Written),
    Deadline,
    Closed,
}

impl Writer {
    /// Works until the inbox is closed and empty and everything is answered, or until the
    /// journal fails.
    pub(crate) fn run(mut self) {
        let (written_sender, written) = crossbeam_channel::unbounded();
        let mut turns_in_flight = 0;
        let mut is_open = true;
        while is_open || turns_in_flight > 0 {
            // A refusal makes no turn, but it waits for the disk as well.
            let may_decide = is_open
                && turns_in_flight < TURNS_IN_FLIGHT_MAX
                && self.pipeline.parked() < PARKED_ANSWERS_MAX;
            match self.sleep(&written, may_decide) {
                Wake::Parcel(parcel) => is_open = self.decide(Some(parcel)),
                Wake::Deadline => is_open = self.decide(None),
                Wake::Closed => is_open = false,
                Wake::Written(Written::Durable(watermarks)) => {
                    turns_in_flight -= 1;
                    self.let_go(&watermarks);
                }
                Wake::Written(Written::Failed) => return self.fail(),
            }
            let batches = self.pipeline.seal();
            if !batches.is_empty() {
                let turn = Turn { batches, claim: Claim::of(&written_sender) };
                if self.journal.send(turn).is_err() {
                    return self.fail();
                }
                turns_in_flight += 1;
            }
        }
    }

    /// Waits for whatever comes first.
    fn sleep(&self, written: &Receiver<Written>, may_decide: bool) -> Wake {
        let closed = never();
        let parcels = if may_decide { &self.parcels } else { &closed };
        let deadline = self.pipeline.earliest_deadline().filter(|_| may_decide);
        let patience = deadline.map_or(Duration::MAX, |deadline| {
            let left = Duration::from_millis(deadline.0.saturating_sub(self.clock.now().0));
            left.min(DEADLINE_SLEEP_MAX)
        });
        // A channel that never fires stands for waiting without end.
        let alarm = match Instant::now().checked_add(patience) {
            Some(at) => crossbeam_channel::at(at),
            None => never(),
        };
        select! {
            recv(written) -> message => message.map_or(Wake::Closed, Wake::Written),
            recv(parcels) -> message => message.map_or(Wake::Closed, Wake::Parcel),
            recv(alarm) -> _ => Wake::Deadline,
        }
    }

    /// One batch: what has come together in the inbox, with one point in time for all. Returns
    /// whether there may be more to come.
    fn decide(&mut self, first: Option<Parcel>) -> bool {
        let (parcels, is_open) = self.drain(first);
        // After the draining: a request that came in later than a deadline is never judged by a
        // time before it, however long the batch takes.
        let now = self.clock.now();
        let expired = self.pipeline.expire(now);
        self.metrics.expired.increment(expired as u64);
        let taken = parcels.iter().map(Vec::len).sum();
        parcels.into_iter().flatten().for_each(|request| self.handle(now, request));
        self.inbox.make_room(taken);
        self.metrics.inbox.set(self.inbox.waiting() as f64);
        self.metrics.parked.set(self.pipeline.parked() as f64);
        is_open
    }

    /// What has come together in the inbox, up to a batch, and whether there may be more to come.
    /// In the parcels that it came in: requests are long, and are moved no more than they must.
    fn drain(&self, first: Option<Parcel>) -> (Vec<Vec<Request>>, bool) {
        let (mut parcels, mut count) = (Vec::new(), 0);
        let mut is_open = true;
        let mut next = first;
        while let Some(parcel) = next {
            match parcel {
                Parcel::Requests(requests) => {
                    count += requests.len();
                    parcels.push(requests);
                }
                Parcel::Last => is_open = false,
            }
            next = if count < BATCH_COMMANDS_MAX { self.parcels.try_recv().ok() } else { None };
        }
        (parcels, is_open)
    }

    fn handle(&mut self, now: Timestamp, request: Request) {
        if request.give_up_at.is_some_and(|give_up_at| give_up_at <= Instant::now()) {
            self.metrics.late.increment(1);
            return request.ticket.reply(Err(Failure::DeadlineExceeded));
        }
        let mut outlet = Street {
            directory: &self.directory,
            metrics: &self.metrics,
            storage_short: &self.storage_short,
            projection_behind: &self.projection_behind,
        };
        self.pipeline.handle(now, request.ask, request.ticket, &mut outlet);
    }

    fn let_go(&mut self, watermarks: &[(ShardId, Lsn)]) {
        let mut outlet = Street {
            directory: &self.directory,
            metrics: &self.metrics,
            storage_short: &self.storage_short,
            projection_behind: &self.projection_behind,
        };
        for &(shard, lsn) in watermarks {
            self.pipeline.durable(shard, lsn, &mut outlet);
        }
        self.metrics.parked.set(self.pipeline.parked() as f64);
    }

    /// The journal has failed: whoever waits is told that nothing is known.
    fn fail(&mut self) {
        self.inbox.close();
        let waiting = self.pipeline.abandon();
        self.metrics.unknown.increment(waiting.len() as u64);
        for ticket in waiting {
            ticket.reply(Err(Failure::Unknown));
        }
        // What was not decided was not done.
        for parcel in self.parcels.try_iter() {
            for request in parcel.into_requests() {
                request.ticket.reply(Err(Failure::ShuttingDown));
            }
        }
    }
}

/// The way out: to the directory that everybody reads, and to who waits.
struct Street<'a> {
    directory: &'a Directory,
    metrics: &'a WriterMetrics,
    storage_short: &'a Throttle,
    projection_behind: &'a Throttle,
}

impl Outlet<Ticket> for Street<'_> {
    fn publish(&mut self, event: &EventState, fact: &Fact) {
        self.directory.show(event, fact);
        self.metrics.facts.increment(1);
        if matches!(fact.change, Change::EventCreated { .. }) {
            self.metrics.events.set(self.directory.event_count() as f64);
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.metrics.answered(&answer);
        ticket.reply(Ok(answer));
    }

    fn fail(&mut self, ticket: Ticket, failure: Failure) {
        if let Failure::ProjectionBehind { .. } = failure {
            self.metrics.projection_behind.increment(1);
            if let Some(refused) = self.projection_behind.count() {
                warn!(refused, "commands were refused because the projection is too far behind");
            }
        } else {
            self.metrics.storage_short.increment(1);
            if let Some(refused) = self.storage_short.count() {
                warn!(refused, "commands were refused because the disk is nearly full");
            }
        }
        ticket.reply(Err(failure));
    }
}
