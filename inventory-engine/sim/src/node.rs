//! One life of an engine, without its threads: an inbox, the pipeline, turns on their way to the
//! journal, and the work beside, each moved on by whoever drives the simulation.

use std::collections::VecDeque;
use std::sync::Arc;

use inventory_core::fact::Fact;
use inventory_core::ids::{Lsn, ShardId};
use inventory_core::state::{EventState, Memory, ShardState};
use inventory_core::time::Timestamp;
use inventory_engine::answer::{Answer, Failure};
use inventory_engine::ask::Ask;
use inventory_engine::directory::Directory;
use inventory_engine::pipeline::{CommitPipeline, Outlet};
use inventory_engine::recovery::{Recovered, RecoveryError, recover_in};
use inventory_engine::snapshots::{SnapshotOptions, Snapshotter};
use persistence::batch::Batch;
use persistence::dir::DataDir;
use persistence::file::{FileJournal, Options};
use persistence::journal::{Append, Journal};
use persistence::machine::Machine;

/// Who waits for an answer.
pub(crate) type Ticket = usize;

pub(crate) const DATA_DIR: &str = "/srv/data";

/// Segments so small that a run fills several.
const JOURNAL: Options = Options { segment_bytes: 8 << 10 };

/// What leaves the pipeline, in order.
#[derive(Debug)]
pub(crate) enum Out {
    Shown(ShardId, Lsn),
    Answered(Ticket, Answer),
    Failed(Failure),
}

#[derive(Default)]
struct Street(Vec<Out>);

impl Outlet<Ticket> for Street {
    fn publish(&mut self, event: &EventState, fact: &Fact) {
        self.0.push(Out::Shown(event.id.shard(), fact.lsn));
    }

    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.0.push(Out::Answered(ticket, answer));
    }

    fn fail(&mut self, _: Ticket, failure: Failure) {
        self.0.push(Out::Failed(failure));
    }
}

/// What became of what was handed to the journal.
pub(crate) enum Synced {
    /// Nothing was.
    Nothing,
    /// It is durable up to these LSNs, and this has left.
    Durable(Vec<(ShardId, Lsn)>, Vec<Out>),
    /// The journal takes nothing more: the engine has to stop.
    Failed(String),
}

pub(crate) struct Node {
    pipeline: CommitPipeline<Ticket>,
    journal: FileJournal,
    snapshotter: Snapshotter,
    inbox: VecDeque<(Ask, Ticket)>,
    turns: VecDeque<Vec<Batch>>,
    /// The wall clock at the start, or the last journaled time if that is later.
    anchor: Timestamp,
    started_at_millis: u64,
}

impl Node {
    /// Recovers what is on a machine. `look` sees the shards before anything is asked of them.
    pub(crate) fn start(
        machine: &Machine,
        (wall, true_millis): (Timestamp, u64),
        snapshots: SnapshotOptions,
        look: impl FnOnce(&[(ShardState, u64)]),
    ) -> Result<Self, RecoveryError> {
        let dir = DataDir::open_on(machine.clone(), DATA_DIR)?;
        let Recovered { shards, journal, useless_snapshots, .. } =
            recover_in(dir, JOURNAL, Memory::default(), &Arc::default())?;
        let share = journal.share();
        look(&shards);
        let last_at = shards.iter().map(|(state, _)| state.last_at()).max().unwrap_or_default();
        let directory = Arc::new(Directory::default());
        Ok(Self {
            pipeline: CommitPipeline::new(journal.epoch(), shards),
            snapshotter: Snapshotter::new(share, directory, useless_snapshots, snapshots),
            journal,
            inbox: VecDeque::new(),
            turns: VecDeque::new(),
            anchor: wall.max(last_at),
            started_at_millis: true_millis,
        })
    }

    /// The engine's time: it goes as real time goes, whatever the wall clock does.
    pub(crate) fn now(&self, true_millis: u64) -> Timestamp {
        self.anchor.plus_millis(true_millis - self.started_at_millis)
    }

    pub(crate) fn put(&mut self, ask: Ask, ticket: Ticket) {
        self.inbox.push_back((ask, ticket));
    }

    /// Stores a chart. False if the disk did not take it.
    pub(crate) fn put_chart(&self, document: &[u8]) -> bool {
        self.journal.share().paths.charts().put(document).is_ok()
    }

    /// One turn of the writer over so many of the inbox.
    pub(crate) fn turn(&mut self, asks_max: usize, true_millis: u64) -> (usize, Vec<Out>) {
        let (now, mut street) = (self.now(true_millis), Street::default());
        let expired = self.pipeline.expire(now);
        for _ in 0..asks_max {
            let Some((ask, ticket)) = self.inbox.pop_front() else { break };
            self.pipeline.handle(now, ask, ticket, &mut street);
        }
        let batches = self.pipeline.seal();
        if !batches.is_empty() {
            self.turns.push_back(batches);
        }
        (expired, street.0)
    }

    /// One append of so many turns, with one sync.
    pub(crate) fn sync(&mut self, turns_max: usize) -> Synced {
        let turns = turns_max.min(self.turns.len());
        let group: Vec<Batch> = self.turns.drain(..turns).flatten().collect();
        if group.is_empty() {
            return Synced::Nothing;
        }
        match self.journal.append(&group) {
            Append::Durable => {
                let mut street = Street::default();
                let ends = group.iter().map(|batch| (batch.shard(), batch.last_lsn()));
                let ends: Vec<_> = ends.collect();
                for &(shard, lsn) in &ends {
                    self.pipeline.durable(shard, lsn, &mut street);
                }
                Synced::Durable(ends, street.0)
            }
            Append::Fenced { by } => Synced::Failed(format!("fenced by {by}")),
            Append::Unknown(cause) => Synced::Failed(cause.to_string()),
        }
    }

    /// Makes a snapshot if one is due, and puts segments away. What it did, or why it could not.
    pub(crate) fn look_after(&mut self) -> Result<(bool, u64), String> {
        let is_due = self.snapshotter.is_due().map_err(|error| error.to_string())?;
        if is_due {
            self.snapshotter.make().map_err(|error| error.to_string())?;
        }
        let archived = self.snapshotter.archive().map_err(|error| error.to_string())?;
        Ok((is_due, archived.compressed))
    }

    pub(crate) fn room(&mut self) {
        self.journal.room();
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.inbox.is_empty() && self.turns.is_empty() && self.pipeline.parked() == 0
    }

    pub(crate) fn earliest_deadline(&self) -> Option<Timestamp> {
        self.pipeline.earliest_deadline()
    }

    /// The end of this life: everybody who still waits.
    pub(crate) fn abandon(mut self) -> Vec<Ticket> {
        let mut waiting = self.pipeline.abandon();
        waiting.extend(self.inbox.drain(..).map(|(_, ticket)| ticket));
        waiting
    }
}
