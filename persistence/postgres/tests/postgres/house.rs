//! An engine, a database, and what projects from one to the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use inventory_core::digest::Digest;
use inventory_core::ids::{Lsn, ShardId};
use inventory_engine::ack::Ack;
use inventory_engine::engine::{Engine, EngineOptions, Handle};
use inventory_engine::progress::RecoveryProgress;
use inventory_engine::projected::{ProjectionOptions, ProjectionSource};
use inventory_engine::recovery::recover;
use inventory_engine::snapshots::SnapshotOptions;
use persistence::dir::DataDirPaths;
use persistence::file::Options;
use persistence_postgres::compare::{Comparison, compare};
use persistence_postgres::{ArchiveOptions, Database, Error, Projecting, Projector};
use servers::Postgres;
use tokio::time::Interval;

/// What need not be waited for.
const SOON: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

/// One life of an engine, with a projector beside it.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) source: ProjectionSource,
    projecting: Projecting,
    path: PathBuf,
}

pub(crate) fn options(path: &Path) -> EngineOptions {
    EngineOptions {
        data_dir: path.to_owned(),
        writers: 1,
        journal: Options { segment_bytes: 65_536 },
        snapshots: SnapshotOptions::default(),
        projection: Some(ProjectionOptions { journal_budget_bytes: 1 << 30, ack: Ack::Journal }),
    }
}

/// An engine that projects nowhere yet.
pub(crate) fn engine(path: &Path) -> (Engine, ProjectionSource) {
    // What a test that fails had to say.
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let engine = Engine::start(&options(path), &Arc::new(RecoveryProgress::default())).unwrap();
    let source = engine.projection_source().unwrap();
    (engine, source)
}

impl House {
    /// Starts an engine on a folder, and its projection to a database.
    pub(crate) async fn open(path: &Path, database: &Database) -> Self {
        Self::try_open(path, database).await.unwrap()
    }

    pub(crate) async fn try_open(path: &Path, database: &Database) -> Result<Self, Error> {
        let (engine, source) = engine(path);
        let mut projector = Projector::new(database.clone(), source.clone());
        if let Err(error) = projector.begin().await {
            engine.shutdown().await;
            return Err(error);
        }
        let projecting = projector.start().unwrap();
        Ok(Self { engine, source, projecting, path: path.to_owned() })
    }

    /// The same with many snapshots, each archived at once.
    pub(crate) async fn open_archiving(path: &Path, database: &Database) -> Self {
        let snapshots = SnapshotOptions { pause: SOON, ..SnapshotOptions::default() };
        Self::open_with(path, database, snapshots).await
    }

    /// The same, where nothing is kept that snapshots stand for.
    pub(crate) async fn open_keeping_no_history(path: &Path, database: &Database) -> Self {
        let (pause, history_retention) = (SOON, Duration::ZERO);
        let snapshots = SnapshotOptions { pause, history_retention, ..SnapshotOptions::default() };
        Self::open_with(path, database, snapshots).await
    }

    async fn open_with(path: &Path, database: &Database, snapshots: SnapshotOptions) -> Self {
        let options = EngineOptions { snapshots, ..options(path) };
        let engine = Engine::start(&options, &Arc::new(RecoveryProgress::default())).unwrap();
        let source = engine.projection_source().unwrap();
        let archive = ArchiveOptions { after_facts: 1, look_every: SOON };
        let mut projector = Projector::new(database.clone(), source.clone()).archiving(archive);
        projector.begin().await.unwrap();
        let projecting = projector.start().unwrap();
        Self { engine, source, projecting, path: path.to_owned() }
    }

    /// An engine that runs already, with a new projector.
    pub(crate) fn of(engine: Engine, path: &Path, database: &Database) -> Self {
        let source = engine.projection_source().unwrap();
        let projecting = Projector::new(database.clone(), source.clone()).start().unwrap();
        Self { engine, source, projecting, path: path.to_owned() }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.engine.handle()
    }

    pub(crate) fn paths(&self) -> &DataDirPaths {
        &self.source.paths
    }

    /// Until all that is durable is in Postgres.
    pub(crate) async fn caught_up(&self) {
        let mut looks = Looks::new();
        while self.source.projected.lag().facts > 0 {
            looks.again().await;
        }
    }

    /// Ends the engine in order, and the projection once it has all.
    pub(crate) async fn close(self) -> PathBuf {
        self.engine.shutdown().await;
        self.projecting.finish(PATIENCE).await;
        self.path
    }

    /// Ends the projection in the middle of whatever it does, as a crash would.
    pub(crate) async fn without_projection(self) -> (PathBuf, Engine) {
        self.projecting.finish(Duration::ZERO).await;
        (self.path, self.engine)
    }
}

/// The end and the digest of each shard that has facts, by a start of its own.
pub(crate) fn digests(path: &Path) -> Vec<(ShardId, Lsn, Digest)> {
    let progress = Arc::new(RecoveryProgress::default());
    let recovered = recover(path, Options::default(), &progress).unwrap();
    let shards = recovered.shards.iter().filter(|(state, _)| state.last_lsn() > Lsn(0));
    shards.map(|(state, _)| (state.shard(), state.last_lsn(), state.digest())).collect()
}

/// Looks at something again and again, until it is so, or has not been for too long.
pub(crate) struct Looks {
    started: Instant,
    ticks: Interval,
}

impl Looks {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), ticks: tokio::time::interval(Duration::from_millis(5)) }
    }

    pub(crate) async fn again(&mut self) {
        assert!(self.started.elapsed() < PATIENCE, "it is not so after {PATIENCE:?}");
        self.ticks.tick().await;
    }
}

/// A database of its own in a running Postgres.
pub(crate) async fn database(postgres: &Postgres, name: &str) -> Database {
    postgres.create_database(name).await.unwrap();
    Database::at(&postgres.url(name)).unwrap()
}

/// That Postgres says what the journal says, up to its end.
pub(crate) async fn assert_equal(database: &Database, paths: &DataDirPaths) -> Comparison {
    let comparison = compare(database, paths).await.unwrap();
    assert_eq!(comparison.differences, Vec::<String>::new());
    assert_eq!(comparison.behind, 0, "{comparison}");
    comparison
}
