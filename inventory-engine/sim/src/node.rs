//! One life of an engine, without its threads: an inbox, the pipeline, turns on their way to the
//! journal, what is durable on its way back, and the work beside, each moved on by whoever drives
//! the simulation, in any order that threads could take.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use inventory_core::fact::Fact;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::state::{EventState, Memory, ShardState};
use inventory_core::time::Timestamp;
use inventory_engine::answer::{Accepted, Answer, Failure};
use inventory_engine::ask::Ask;
use inventory_engine::clock::Clock;
use inventory_engine::directory::Directory;
use inventory_engine::pipeline::{CommitPipeline, Outlet};
use inventory_engine::recovery::{Recovered, RecoveryError, recover_in};
use inventory_engine::room::{Room, fact_bytes};
use inventory_engine::snapshots::{SnapshotOptions, Snapshotter};
use persistence::batch::Batch;
use persistence::dir::DataDir;
use persistence::file::{FileJournal, Options};
use persistence::journal::{self, Append, Journal, Supply};
use persistence::machine::Machine;

use crate::venue::Venue;

pub(crate) const DATA_DIR: &str = "/srv/data";

/// Segments so small that a run fills several.
pub(crate) const JOURNAL: Options = Options { segment_bytes: 4 << 10 };

/// One request as it came in, of which there may be several of one command: who waits for it.
pub(crate) type Parcel = u64;

/// What leaves the pipeline, in order.
pub(crate) enum Out {
    Shown(Arc<Fact>),
    Answered(Parcel, Answer),
    Failed(Parcel, Failure),
}

/// In few words: a refusal has a whole chart with it.
impl fmt::Display for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shown(fact) => write!(f, "shown {fact:?}"),
            Self::Answered(parcel, Answer::Accepted(Accepted { fact, is_repeat, .. })) => {
                let (done, lsn) = (fact.change.name(), fact.lsn);
                write!(f, "parcel {parcel}: {done} at {lsn}, again: {is_repeat}")
            }
            Self::Answered(parcel, Answer::Refused(refusal)) => {
                write!(f, "parcel {parcel}: {}", refusal.rejection.code)
            }
            Self::Answered(parcel, _) => write!(f, "parcel {parcel}: what was looked for"),
            Self::Failed(parcel, failure) => write!(f, "parcel {parcel}: {failure}"),
        }
    }
}

/// The way out: what is shown goes to the directory, as in an engine, and all of it is written
/// down.
struct Street<'a> {
    directory: &'a Directory,
    out: Vec<Out>,
}

impl Outlet<Parcel> for Street<'_> {
    fn publish(&mut self, event: &EventState, fact: &Fact) {
        self.directory.show(event, fact);
        self.out.push(Out::Shown(Arc::new(fact.clone())));
    }

    fn answer(&mut self, parcel: Parcel, answer: Answer) {
        self.out.push(Out::Answered(parcel, answer));
    }

    fn fail(&mut self, parcel: Parcel, failure: Failure) {
        self.out.push(Out::Failed(parcel, failure));
    }
}

/// One turn of the writer.
pub(crate) struct Turn {
    pub(crate) now: Timestamp,
    pub(crate) expired: usize,
    /// What was handled, in order.
    pub(crate) parcels: Vec<Parcel>,
    /// What was decided.
    pub(crate) batches: Vec<Batch>,
    pub(crate) out: Vec<Out>,
    /// Whether new holds may have been refused for want of space.
    pub(crate) may_be_short: bool,
}

/// What became of what was handed to the journal.
pub(crate) enum Appended {
    /// Nothing was.
    Nothing,
    Durable,
    /// The journal takes nothing more: the engine has to stop.
    Failed(String),
}

/// How an engine is started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) memory: Memory,
    pub(crate) snapshots: SnapshotOptions,
    /// Holds of a shard that run out in one turn at most.
    pub(crate) expiries_max: usize,
    pub(crate) journal: Options,
}

pub(crate) struct Node {
    pipeline: CommitPipeline<Parcel>,
    journal: FileJournal,
    snapshotter: Snapshotter,
    clock: Clock,
    room: Arc<Room>,
    left: journal::Room,
    /// Snapshots that could not be used at the start.
    pub(crate) useless_snapshots: Vec<u64>,
    pub(crate) directory: Arc<Directory>,
    inbox: VecDeque<(Ask, Parcel)>,
    turns: VecDeque<Vec<Batch>>,
    /// What is durable and was not heard of yet.
    written: VecDeque<(ShardId, Lsn)>,
}

impl Node {
    /// Recovers what is on a machine. `look` sees the shards before anything is asked of them.
    pub(crate) fn start(
        machine: &Machine,
        setting: Setting,
        look: impl FnOnce(&[(ShardState, u64)]),
    ) -> Result<Self, RecoveryError> {
        let dir = DataDir::open_on(machine.clone(), DATA_DIR)?;
        let Recovered { shards, journal, useless_snapshots, .. } =
            recover_in(dir, setting.journal, setting.memory, &Arc::default())?;
        look(&shards);
        let directory = Arc::new(Directory::default());
        for (state, _) in &shards {
            for event in state.events() {
                directory.share_chart(event.chart_hash, Arc::clone(&event.chart));
                directory.add_recovered(event, state.last_lsn());
            }
        }
        let last_at = shards.iter().map(|(state, _)| state.last_at()).max().unwrap_or_default();
        let room = Arc::new(Room::new(setting.journal.segment_bytes));
        let (share, snapshots) = (journal.share(), setting.snapshots);
        let useless = useless_snapshots.clone();
        let snapshotter = Snapshotter::new(share, Arc::clone(&directory), useless, snapshots);
        let pipeline = CommitPipeline::new(journal.epoch(), shards).within(Arc::clone(&room));
        let mut node = Self {
            pipeline: pipeline.expiring_at_most(setting.expiries_max),
            useless_snapshots,
            snapshotter: snapshotter.remembering(setting.memory),
            clock: Clock::anchored_now(machine.clone(), last_at),
            journal,
            room,
            left: journal::Room::UNLIMITED,
            directory,
            inbox: VecDeque::new(),
            turns: VecDeque::new(),
            written: VecDeque::new(),
        };
        node.report_room(0);
        Ok(node)
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.journal.epoch()
    }

    /// What is kept of the journal for the ends of holds.
    pub(crate) fn owed_bytes(&self) -> u64 {
        self.room.owed_bytes()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn put(&mut self, ask: Ask, parcel: Parcel) {
        self.inbox.push_back((ask, parcel));
    }

    /// Stores the chart. False if the disk did not take it.
    pub(crate) fn put_chart(&self, venue: &Venue) -> bool {
        self.directory.share_chart(venue.hash, Arc::clone(&venue.chart));
        self.journal.share().paths.charts().put(&venue.document).is_ok()
    }

    /// Whether something wakes the writer: a request, or the earliest deadline.
    pub(crate) fn is_awake(&self) -> bool {
        let is_due = |deadline: Timestamp| deadline <= self.now();
        !self.inbox.is_empty() || self.pipeline.earliest_deadline().is_some_and(is_due)
    }

    /// One turn of the writer over so many of the inbox.
    pub(crate) fn turn(&mut self, asks_max: usize) -> Turn {
        let (now, may_be_short) = (self.now(), self.left.supply != Supply::Sure);
        let mut street = Street { directory: &self.directory, out: Vec::new() };
        let expired = self.pipeline.expire(now);
        let asks: Vec<_> = self.inbox.drain(..asks_max.min(self.inbox.len())).collect();
        let parcels = asks.iter().map(|&(_, parcel)| parcel).collect();
        for (ask, parcel) in asks {
            self.pipeline.handle(now, ask, parcel, &mut street);
        }
        let batches = self.pipeline.seal();
        if !batches.is_empty() {
            self.turns.push_back(batches.clone());
        }
        Turn { now, expired, parcels, batches, out: street.out, may_be_short }
    }

    /// The facts that the next append of so many turns would make durable.
    pub(crate) fn next_group(&self, turns_max: usize) -> impl Iterator<Item = (ShardId, Lsn)> {
        let batches = self.turns.iter().take(turns_max).flatten();
        batches.map(|batch| (batch.shard(), batch.last_lsn()))
    }

    /// One append of so many turns, with one sync.
    pub(crate) fn append(&mut self, turns_max: usize) -> Appended {
        let turns = turns_max.min(self.turns.len());
        let group: Vec<Batch> = self.turns.drain(..turns).flatten().collect();
        if group.is_empty() {
            return Appended::Nothing;
        }
        match self.journal.append(&group) {
            Append::Durable => {
                let facts = group.iter().flat_map(Batch::facts);
                self.report_room(facts.map(|fact| fact_bytes(&fact.change)).sum());
                self.written.extend(group.iter().map(|batch| (batch.shard(), batch.last_lsn())));
                Appended::Durable
            }
            Append::Fenced { by } => Appended::Failed(format!("fenced by {by}")),
            Append::Unknown(cause) => Appended::Failed(cause.to_string()),
        }
    }

    /// The writer hears of the oldest of what is durable, and lets go of what waited for it.
    pub(crate) fn hear_of_durable(&mut self) -> Option<Vec<Out>> {
        let (shard, lsn) = self.written.pop_front()?;
        let mut street = Street { directory: &self.directory, out: Vec::new() };
        self.pipeline.durable(shard, lsn, &mut street);
        Some(street.out)
    }

    /// Tells the writer what room there is, now that so much is written.
    pub(crate) fn report_room(&mut self, written_bytes: u64) {
        self.left = self.journal.room();
        self.room.report(self.left, written_bytes);
    }

    /// Makes a snapshot if one is due. Whether it was, or why there is none.
    pub(crate) fn make_snapshot(&mut self) -> Result<bool, String> {
        let is_due = self.snapshotter.is_due().map_err(|error| error.to_string())?;
        if is_due {
            self.snapshotter.make().map_err(|error| error.to_string())?;
        }
        Ok(is_due)
    }

    /// Puts segments away. How many were compressed, and how many removed.
    pub(crate) fn archive(&mut self) -> Result<(u64, u64), String> {
        let archived = self.snapshotter.archive().map_err(|error| error.to_string())?;
        Ok((archived.compressed, archived.removed))
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        let is_written = self.turns.is_empty() && self.written.is_empty();
        self.inbox.is_empty() && is_written && self.pipeline.parked() == 0
    }

    pub(crate) fn earliest_deadline(&self) -> Option<Timestamp> {
        self.pipeline.earliest_deadline()
    }
}
