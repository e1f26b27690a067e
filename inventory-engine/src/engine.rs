//! An engine: its threads, and the handle through which everything is asked.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::Bytes;
use inventory_charts::{Format, Mistakes};
use inventory_core::chart::Chart;
use inventory_core::command::Command;
use inventory_core::ids::{ChartHash, Epoch, EventId, Lsn, SeatIndex, ShardId};
use inventory_core::state::ShardState;
use persistence::charts::ChartStore;
use persistence::dir::DataDirPaths;
use persistence::file::Options;
use persistence::history::EventHistory;
use persistence::journal::Journal;
use persistence::machine::Machine;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::ack::Ack;
use crate::answer::{Failure, Reply};
use crate::ask::{Ask, Query};
use crate::bounded_work::{BoundedWork, Lost};
use crate::clock::Clock;
use crate::directory::Directory;
use crate::inbox::{Inbox, Request, inbox};
use crate::journal_thread::{Follower, JournalThread, Told};
use crate::limits::{CHART_IMPORTS_MAX, HISTORY_READS_MAX};
use crate::metrics::{EVENTS, JournalMetrics, RECOVERY_SECONDS, SNAPSHOT_NUMBER, WriterMetrics};
use crate::pipeline::CommitPipeline;
use crate::progress::RecoveryProgress;
use crate::projected::{Projected, ProjectionOptions, ProjectionSource};
use crate::projection_thread::ProjectionThread;
use crate::recovery::{Recovered, RecoveryError, read_chart, recover};
use crate::room::Room;
use crate::seat_history::{self, SeatStory};
use crate::snapshot_thread::SnapshotThread;
use crate::snapshots::{SnapshotOptions, Snapshotter};
use crate::stop::{StopReason, Stopper};
use crate::throttle::Throttle;
use crate::ticket::Ticket;
use crate::view::EventView;
use crate::writer::Writer;

/// How an engine is run.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Threads that decide; each owns some of the shards.
    pub writers: usize,
    /// How the journal is written.
    pub journal: Options,
    /// When snapshots are made, and how long history is kept.
    pub snapshots: SnapshotOptions,
    /// How it is run if a projector follows it.
    pub projection: Option<ProjectionOptions>,
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data cannot be served.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// A thread could not be had.
    #[error("the engine's threads could not be started: {0}")]
    Threads(#[from] std::io::Error),
}

/// A running engine. Dropping it without [`Engine::shutdown`] leaves its threads running until
/// the process ends.
pub struct Engine {
    handle: Handle,
    threads: Vec<JoinHandle<()>>,
    snapshots: Option<SnapshotThread>,
    projection: Option<ProjectionThread>,
}

/// The way to a running engine; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    inboxes: Vec<Inbox>,
    directory: Arc<Directory>,
    charts: ChartStore,
    stopper: Stopper,
    draining: CancellationToken,
    chart_imports: BoundedWork,
    epoch: Epoch,
    /// Where the journal is, if that is in files.
    paths: OnceLock<DataDirPaths>,
    history_reads: BoundedWork,
    verifications: BoundedWork,
    /// How far a projector is, if one follows.
    projected: Option<Arc<Projected>>,
    /// What answers wait for unless their callers say so.
    ack: Ack,
}

/// What an engine is started with.
struct Parts {
    room: Room,
    journal: Box<dyn Journal>,
    shards: Vec<(ShardState, u64)>,
    charts: ChartStore,
    writers: usize,
    clock: Clock,
    projected: Option<Arc<Projected>>,
    ack: Ack,
}

/// A chart that is on disk.
#[derive(Debug)]
pub struct StoredChart {
    /// The name of its content.
    pub hash: ChartHash,
    /// The chart.
    pub chart: Arc<Chart>,
    /// What was in the file and is of no use here.
    pub warnings: Vec<String>,
}

/// Why a chart was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PutChartError {
    /// There are mistakes in it.
    #[error("{0}")]
    Mistakes(Mistakes),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] persistence::charts::Error),
    /// The engine is going down.
    #[error("the engine is shutting down; put the chart again")]
    Stopped,
}

/// Why a seat's history cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The journal is not in files.
    #[error("this engine keeps no history: its journal is not in files")]
    NotKept,
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] persistence::file::error::Error),
    /// The engine is going down.
    #[error("the engine is shutting down; ask again")]
    Stopped,
}

impl Engine {
    /// Recovers what the data directory holds and starts to serve it. Blocks; how far it is can
    /// be seen by `progress` meanwhile.
    pub fn start(
        options: &EngineOptions,
        progress: &Arc<RecoveryProgress>,
    ) -> Result<Self, StartError> {
        let Recovered { shards, charts, journal, took, snapshot, useless_snapshots, .. } =
            recover(&options.data_dir, options.journal, progress)?;
        metrics::gauge!(RECOVERY_SECONDS).set(took.as_secs_f64());
        metrics::gauge!(SNAPSHOT_NUMBER).set(snapshot.unwrap_or(0) as f64);
        let clock = clock_behind(&shards);
        let share = journal.share();
        // Before anything looks after the segments: they are kept from here on.
        let open = |options| {
            let (written, clock) = (journal.written(), clock.clone());
            Projected::open(options, &share, written, &shards, clock).map_err(RecoveryError::from)
        };
        let projected = options.projection.map(open).transpose()?.map(Arc::new);
        let mut engine = Self::start_within(Parts {
            room: Room::new(options.journal.segment_bytes),
            journal: Box::new(journal),
            shards,
            charts,
            writers: options.writers,
            clock,
            projected: projected.clone(),
            ack: options.projection.map(|of| of.ack).unwrap_or_default(),
        })?;
        // Nobody has the handle yet, so nothing was set before.
        let _ = engine.handle.shared.paths.set(share.paths.clone());
        let looked_after = projected.map(|of| ProjectionThread::start(of, share.lock.clone()));
        engine.projection = looked_after.transpose()?;
        let directory = Arc::clone(&engine.handle.shared.directory);
        let snapshotter = Snapshotter::new(share, directory, useless_snapshots, options.snapshots);
        engine.snapshots = Some(SnapshotThread::start(snapshotter)?);
        Ok(engine)
    }

    /// Starts to serve shards on any journal.
    pub fn start_on(
        journal: Box<dyn Journal>,
        shards: Vec<(ShardState, u64)>,
        charts: ChartStore,
        writers: usize,
    ) -> Result<Self, std::io::Error> {
        let room = Room::new(Options::default().segment_bytes);
        let clock = clock_behind(&shards);
        let (projected, ack) = (None, Ack::default());
        let parts = Parts { room, journal, shards, charts, writers, clock, projected, ack };
        Self::start_within(parts)
    }

    fn start_within(parts: Parts) -> Result<Self, std::io::Error> {
        let Parts { room, journal, shards, charts, writers, clock, projected, ack } = parts;
        let room = Arc::new(room);
        let writers = writers.clamp(1, shards.len().max(1));
        let directory = Arc::new(Directory::default());
        for (state, _) in &shards {
            for event in state.events() {
                directory.share_chart(event.chart_hash, Arc::clone(&event.chart));
                directory.add_recovered(event, state.last_lsn());
            }
        }
        metrics::gauge!(EVENTS).set(directory.event_count() as f64);
        let stopper = Stopper::default();
        let epoch = journal.epoch();
        let (turn_sender, turns) = crossbeam_channel::unbounded();
        let mut by_writer: Vec<Vec<(ShardState, u64)>> = (0..writers).map(|_| Vec::new()).collect();
        for (state, next_sequence) in shards {
            by_writer[writer_of(state.shard(), writers)].push((state, next_sequence));
        }
        let mut threads = Vec::new();
        let mut inboxes = Vec::new();
        for (number, shards) in by_writer.into_iter().enumerate() {
            let (inbox, parcels) = inbox();
            inboxes.push(inbox.clone());
            let writer = Writer {
                pipeline: CommitPipeline::new(epoch, shards).within(Arc::clone(&room)),
                clock: clock.clone(),
                inbox,
                parcels,
                journal: turn_sender.clone(),
                directory: Arc::clone(&directory),
                metrics: WriterMetrics::new(number),
                storage_short: Throttle::new(),
                projection_behind: Throttle::new(),
            };
            threads.push(spawn(format!("writer-{number}"), &stopper, move || writer.run())?);
        }
        drop(turn_sender);
        let mut journal_thread = JournalThread {
            journal,
            inboxes: inboxes.clone(),
            room,
            stopper: stopper.clone(),
            metrics: JournalMetrics::new(),
            told: Told::default(),
            projection: projected.clone().map(Follower::new),
        };
        // Before anybody can ask: the thread may come to it later than the first command.
        journal_thread.report_room(0);
        let work = move || journal_thread.run(&turns);
        threads.push(spawn("journal".to_owned(), &stopper, work)?);
        let shared = Arc::new(Shared {
            inboxes,
            directory,
            charts,
            stopper,
            draining: CancellationToken::new(),
            chart_imports: BoundedWork::new(CHART_IMPORTS_MAX),
            epoch,
            paths: OnceLock::new(),
            history_reads: BoundedWork::new(HISTORY_READS_MAX),
            verifications: BoundedWork::new(1),
            projected,
            ack,
        });
        Ok(Self { handle: Handle { shared }, threads, snapshots: None, projection: None })
    }

    /// What a projector needs to follow it; `None` if the options say that none does.
    pub fn projection_source(&self) -> Option<ProjectionSource> {
        let shared = &self.handle.shared;
        let projected = Arc::clone(shared.projected.as_ref()?);
        Some(ProjectionSource {
            paths: shared.paths.get()?.clone(),
            epoch: shared.epoch,
            durable: projected.durable(),
            projected,
            stopper: shared.stopper.clone(),
        })
    }

    /// The way to ask it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes nothing more, answers everything that it took, syncs, and ends its threads. Says why
    /// if the engine had stopped by itself, or did so now: then some were answered 'unknown'.
    pub async fn shutdown(self) -> Option<StopReason> {
        self.handle.drain();
        for inbox in &self.handle.shared.inboxes {
            inbox.close();
        }
        let mut threads = self.threads;
        threads.extend(self.snapshots.map(SnapshotThread::stop));
        threads.extend(self.projection.map(ProjectionThread::stop));
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().map(JoinHandle::join).filter(Result::is_err).count()
        });
        let panicked = joined.await;
        let reason = self.handle.shared.stopper.reason();
        match (panicked, &reason) {
            (Ok(0), None) => info!("everything is answered and on disk"),
            (Ok(0), Some(_)) => info!("everybody is answered; what was in flight is unknown"),
            (Ok(panicked), _) => error!(panicked, "threads of the engine panicked"),
            (Err(error), _) => error!(%error, "the engine's threads could not be waited for"),
        }
        reason
    }
}

/// A thread that stops the engine if it panics.
fn spawn(
    name: String,
    stopper: &Stopper,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, std::io::Error> {
    struct Guard(Stopper);
    impl Drop for Guard {
        fn drop(&mut self) {
            if std::thread::panicking() {
                self.0.stop(StopReason::WriterPanicked);
            }
        }
    }
    let guard = Guard(stopper.clone());
    std::thread::Builder::new().name(name).spawn(move || {
        let _guard = guard;
        work();
    })
}

/// A clock for what comes behind these shards' history.
fn clock_behind(shards: &[(ShardState, u64)]) -> Clock {
    let last_at = shards.iter().map(|(state, _)| state.last_at()).max().unwrap_or_default();
    Clock::anchored_now(Machine::real(), last_at)
}

fn writer_of(shard: ShardId, writers: usize) -> usize {
    usize::from(shard.0) % writers
}

/// A chart whose file was just read, or written anew from what is `known` of it.
fn chart_on_disk(
    charts: &ChartStore,
    hash: ChartHash,
    known: Option<Arc<Chart>>,
) -> Option<Arc<Chart>> {
    let cause = match (charts.get(hash), known) {
        (Ok(_), Some(chart)) => return Some(chart),
        (Ok(document), None) => match read_chart(hash, &document) {
            Ok(chart) => return Some(Arc::new(chart)),
            Err(cause) => cause.to_string(),
        },
        (Err(lost), Some(chart)) => {
            warn!(%hash, %lost, "a chart that is in use was lost; it is stored again");
            match charts.put(&inventory_charts::to_canonical_bytes(&chart)) {
                Ok(_) => return Some(chart),
                Err(cause) => cause.to_string(),
            }
        }
        (Err(persistence::charts::Error::Unknown(_)), None) => return None,
        (Err(cause), None) => cause.to_string(),
    };
    error!(%hash, cause, "a chart cannot be used");
    None
}

impl Handle {
    /// What everybody may see.
    pub fn directory(&self) -> &Directory {
        &self.shared.directory
    }

    /// Tells when the engine stops by itself, and why.
    pub fn stopper(&self) -> Stopper {
        self.shared.stopper.clone()
    }

    /// The epoch that it writes under.
    pub fn epoch(&self) -> Epoch {
        self.shared.epoch
    }

    /// How far a projector is that follows it, if one does.
    pub fn projected(&self) -> Option<&Arc<Projected>> {
        self.shared.projected.as_ref()
    }

    /// What answers wait for unless their callers say so.
    pub fn ack(&self) -> Ack {
        self.shared.ack
    }

    /// Lets streams end: what they sent is answered, and nothing more is read from them.
    pub fn drain(&self) {
        self.shared.draining.cancel();
    }

    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.shared.draining
    }

    /// How many commands wait for the writers.
    pub fn waiting(&self) -> usize {
        self.shared.inboxes.iter().map(Inbox::waiting).sum()
    }

    /// Asks, and waits for the answer. Refuses at once when too much is waiting. What is not
    /// decided by `give_up_at` is not done.
    pub async fn ask(&self, ask: Ask, give_up_at: Option<Instant>) -> Reply {
        let (caller, reply) = oneshot::channel();
        let inbox = &self.shared.inboxes[self.writer_of(ask.shard())];
        inbox.try_put(Request { ask, ticket: Ticket::call(caller), give_up_at })?;
        // A writer that is gone did not say what became of this.
        reply.await.unwrap_or(Err(Failure::Unknown))
    }

    /// Puts an event on sale, with its chart from [`Handle::chart`].
    pub async fn create_event(
        &self,
        command: Command,
        chart: Option<Arc<Chart>>,
        give_up_at: Option<Instant>,
    ) -> Reply {
        self.ask(Ask::CreateEvent { command, chart }, give_up_at).await
    }

    /// Reads a chart in any format, and stores it under the hash of its content. It is durable
    /// when this returns.
    pub async fn put_chart(
        &self,
        content: Bytes,
        format: Option<Format>,
    ) -> Result<StoredChart, PutChartError> {
        let charts = self.shared.charts.clone();
        // A chart in work is many times as long as its content.
        let stored = self.shared.chart_imports.block(move || {
            let imported = inventory_charts::import(&content, format);
            let imported = imported.map_err(PutChartError::Mistakes)?;
            let document = inventory_charts::to_canonical_bytes(&imported.chart);
            let hash = charts.put(&document)?;
            let (chart, warnings) = (Arc::new(imported.chart), imported.warnings);
            Ok::<_, PutChartError>(StoredChart { hash, chart, warnings })
        });
        let stored = stored.await.map_err(|Lost| PutChartError::Stopped)?;
        let mut stored = stored.inspect_err(|error| match error {
            PutChartError::Store(cause) => error!(%cause, "a chart could not be stored"),
            PutChartError::Mistakes(_) | PutChartError::Stopped => {}
        })?;
        stored.chart = self.shared.directory.share_chart(stored.hash, stored.chart);
        Ok(stored)
    }

    /// What happened to a seat up to the event's version, the newest `moments_max` moments. Reads
    /// the journal's files; writers are not asked and do not wait.
    pub async fn seat_story(
        &self,
        event: &EventView,
        seat: SeatIndex,
        moments_max: usize,
    ) -> Result<SeatStory, HistoryError> {
        let paths = self.shared.paths.get().cloned().ok_or(HistoryError::NotKept)?;
        let (event_id, through_lsn) = (event.id, Lsn(event.version()));
        // Each reader has a segment of the journal in memory.
        let told = self.shared.history_reads.block(move || {
            let history = EventHistory::open(&paths, event_id, through_lsn)?;
            let is_whole = history.is_whole();
            let mut story = seat_history::tell(history, seat, moments_max)?;
            story.is_cut |= !is_whole;
            Ok(story)
        });
        told.await.map_err(|Lost| HistoryError::Stopped)?
    }

    /// Holds an event against itself. The event's writer does nothing else meanwhile, so one is
    /// done at a time, whoever still waits for it.
    pub async fn verify(&self, event_id: EventId, give_up_at: Option<Instant>) -> Reply {
        let engine = self.clone();
        let verified = self.shared.verifications.wait(async move {
            engine.ask(Ask::Query(Query::Verify { event_id }), give_up_at).await
        });
        verified.await.unwrap_or(Err(Failure::ShuttingDown))
    }

    /// A chart that was stored, now or before the last start. It is on disk when this returns,
    /// whatever happened to its file meanwhile: a fact that names it can follow.
    pub async fn chart(&self, hash: ChartHash) -> Option<Arc<Chart>> {
        let charts = self.shared.charts.clone();
        let known = self.shared.directory.chart(hash);
        let read = tokio::task::spawn_blocking(move || chart_on_disk(&charts, hash, known));
        let chart = read.await.ok()??;
        Some(self.shared.directory.share_chart(hash, chart))
    }

    /// The writer that owns a shard.
    pub(crate) fn writer_of(&self, shard: ShardId) -> usize {
        writer_of(shard, self.shared.inboxes.len())
    }

    /// Hands requests to a writer when it has room for them.
    pub(crate) async fn put(
        &self,
        writer: usize,
        requests: Vec<Request>,
    ) -> Result<(), Vec<Request>> {
        self.shared.inboxes[writer].put(requests).await
    }
}
