//! The projector: follows the durable end of the journal and writes what becomes durable.
//!
//! Must always hold: nobody who sells waits for it; what fails is tried again from where Postgres
//! says that it is, and never from where we think; and an engine whose shards are somebody else's
//! stops, and lists what it acknowledged that does not count.

mod chunk;

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_engine::projected::ProjectionSource;
use inventory_engine::stop::StopReason;
use persistence::charts::ChartStore;
use persistence::superseded;
use rustix::process::setpriority_process;
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use self::chunk::{Chunk, Reader};
use crate::archive::{ArchiveOptions, Archivist};
use crate::claim::{Claim, Refusal, check_ours, claim, judge, lines};
use crate::database::Database;
use crate::error::Error;
use crate::limits::{
    ASK_AT_START_MAX, CHUNK_FACTS_MAX, CHUNK_FACTS_MIN, GENTLE_BUDGET_PARTS, GENTLE_FACTS_MAX,
    GENTLE_RESTS, HEARTBEAT_EVERY, PROJECTOR_NICENESS, RETRY_MAX, RETRY_MIN, TRANSACTION_MAX,
};
use crate::metrics::ProjectionMetrics;
use crate::write::{Owner, write};

/// Writes the facts of one engine to one database.
pub struct Projector {
    database: Database,
    source: ProjectionSource,
    owner: Owner,
    charts: ChartStore,
    /// The last fact of each shard that the journal is known to have.
    journaled: Vec<Lsn>,
    /// Facts that a transaction may have.
    facts_max: usize,
    archive: ArchiveOptions,
    metrics: ProjectionMetrics,
    /// Whether the log says that Postgres cannot be written to.
    is_told: bool,
}

/// Refuses to begin a new data directory beside a database that has another one's facts. A
/// database that does not answer may have them, so that this once it has to.
pub async fn check_new_directory(database: &Database) -> Result<(), Error> {
    let asked = async {
        database.migrate().await?;
        let mut connection = database.connect().await?;
        let lines = lines(&mut connection).await?;
        let nobody = Owner { node: Uuid::nil(), epoch: Epoch(0) };
        judge(&mut connection, &lines, nobody).await
    };
    timeout(ASK_AT_START_MAX, asked).await.map_err(|_| Error::TimedOut)?
}

/// A projector at work. It goes on without this.
pub struct Projecting {
    ended: CancellationToken,
    given_up: CancellationToken,
    thread: JoinHandle<()>,
}

impl Projecting {
    /// Ends it once all is in Postgres that the engine, which has ended, made durable; or gives up
    /// after `patience`: the journal keeps the rest for the next start.
    pub async fn finish(self, patience: Duration) {
        self.ended.cancel();
        let mut joined = tokio::task::spawn_blocking(move || self.thread.join());
        if timeout(patience, &mut joined).await.is_err() {
            warn!(
                "the end came before everything was in Postgres; the journal keeps it for the next \
                 start"
            );
            self.given_up.cancel();
            // It said itself why it panicked, if it did.
            let _ = joined.await;
        }
    }
}

impl Projector {
    /// For an engine that has recovered.
    pub fn new(database: Database, source: ProjectionSource) -> Self {
        let node = Uuid::from_u128(source.paths.identity().node_id);
        Self {
            owner: Owner { node, epoch: source.epoch },
            charts: source.paths.charts(),
            journaled: source.projected.recovered_lsns().to_vec(),
            facts_max: CHUNK_FACTS_MAX,
            archive: ArchiveOptions::default(),
            metrics: ProjectionMetrics::new(),
            is_told: false,
            database,
            source,
        }
    }

    /// The same, archiving snapshots at other times.
    #[must_use]
    pub fn archiving(self, archive: ArchiveOptions) -> Self {
        Self { archive, ..self }
    }

    /// Makes the tables and claims the shards, before anybody is served. What comes out says that
    /// the engine may not serve; that Postgres is away is only told.
    pub async fn begin(&mut self) -> Result<(), Error> {
        let asked = async {
            self.database.migrate().await?;
            let mut connection = self.database.connect().await?;
            let claim = claim(&mut connection, self.owner, &self.journaled).await?;
            Reader::open(self.source.paths.clone(), &claim).await?;
            Ok(claim)
        };
        match timeout(ASK_AT_START_MAX, asked).await.unwrap_or(Err(Error::TimedOut)) {
            Ok(claim) => {
                self.tell(&claim);
                let place = self.database.place();
                info!(database = place, number = claim.number, "facts are written to Postgres");
            }
            Err(Error::Refused(refusal)) => {
                self.list_superseded(&refusal);
                return Err(refusal.into());
            }
            Err(error) => self.failed(&error),
        }
        Ok(())
    }

    /// Projects on a thread of its own, of low priority and with a runtime of its own, so that it
    /// takes nothing from those who serve.
    pub fn start(mut self) -> io::Result<Projecting> {
        let (ended, given_up) = (CancellationToken::new(), CancellationToken::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (is_over, is_given_up) = (ended.clone(), given_up.clone());
        let archivist = Archivist {
            database: self.database.clone(),
            owner: self.owner,
            paths: self.source.paths.clone(),
            options: self.archive,
        };
        let thread = std::thread::Builder::new().name("projector".to_owned()).spawn(move || {
            if let Err(cause) = setpriority_process(None, PROJECTOR_NICENESS) {
                debug!(%cause, "facts are projected with the priority of everything else");
            }
            runtime.block_on(async {
                let archiving = archivist.run();
                tokio::select! {
                    () = self.run(&is_over) => {}
                    () = is_given_up.cancelled() => {}
                    () = archiving => {}
                }
            });
        })?;
        Ok(Projecting { ended, given_up, thread })
    }

    async fn run(&mut self, ended: &CancellationToken) {
        let mut pause = RETRY_MIN;
        loop {
            let began = Instant::now();
            let Err(error) = self.session(ended).await else { return };
            self.source.projected.set_reachable(false);
            self.metrics.failures.increment(1);
            match error {
                Error::Refused(refusal) => {
                    self.stop(&refusal);
                    // What is on its way to the disk is acknowledged until the engine has ended.
                    ended.cancelled().await;
                    return self.list_superseded(&refusal);
                }
                // What is left of a transaction that was given up, or whoever took over: the
                // next claim knows.
                Error::Fenced => debug!("the shards' lines are not where they were left"),
                Error::TimedOut => {
                    self.facts_max = (self.facts_max / 2).max(CHUNK_FACTS_MIN);
                    self.failed(&error);
                }
                error => self.failed(&error),
            }
            // One that went well for a while begins anew.
            if began.elapsed() > RETRY_MAX {
                pause = RETRY_MIN;
            }
            sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        }
    }

    /// One connection, from its claim to its failure or to the end of the engine.
    async fn session(&mut self, ended: &CancellationToken) -> Result<(), Error> {
        let claimed = async {
            // Postgres may have come back as another one.
            self.database.migrate().await?;
            let mut connection = self.database.connect().await?;
            let claim = claim(&mut connection, self.owner, &self.journaled).await?;
            Ok::<_, Error>((connection, claim))
        };
        let (mut connection, claim) =
            timeout(TRANSACTION_MAX, claimed).await.map_err(|_| Error::TimedOut)??;
        let mut reader = Reader::open(self.source.paths.clone(), &claim).await?;
        self.tell(&claim);
        let (mut chunk, mut looked) = (Chunk::default(), 0);
        loop {
            let durable = *self.source.durable.borrow_and_update();
            if chunk.is_empty() && !reader.is_behind(durable) {
                if ended.is_cancelled() {
                    return Ok(());
                }
                self.wait(&mut connection, ended).await?;
                continue;
            }
            // More has come since the last look.
            let is_selling = std::mem::replace(&mut looked, durable) < durable;
            let is_gentle = is_selling && self.has_little_behind();
            let facts_max = if is_gentle { GENTLE_FACTS_MAX } else { self.facts_max };
            let began = Instant::now();
            // The next one is read while this one is written.
            let read = reader.read(durable, facts_max);
            let (written, read) = tokio::join!(self.write(&mut connection, &chunk), read);
            written?;
            self.wrote(&chunk);
            if is_gentle && !ended.is_cancelled() {
                sleep(began.elapsed() * GENTLE_RESTS).await;
            }
            (reader, chunk) = read?;
            // Whatever becomes of it, the journal has these.
            for (shard, lsn) in chunk.changes.ends() {
                self.journaled[usize::from(shard.0)] = lsn;
            }
        }
    }

    /// Whether what is behind is little beside what may be: then the processors are left to who
    /// sells.
    fn has_little_behind(&self) -> bool {
        let projected = &self.source.projected;
        projected.lag().bytes < projected.budget_bytes() / GENTLE_BUDGET_PARTS
    }

    /// Writes a chunk, whole or not at all. Whether it was, after an error, the next claim tells.
    async fn write(&self, connection: &mut PgConnection, chunk: &Chunk) -> Result<(), Error> {
        if chunk.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let written = async {
            let mut transaction = connection.begin().await?;
            let Chunk { number, changes } = chunk;
            write(&mut transaction, self.owner, *number, changes, &self.charts).await?;
            Ok::<_, Error>(transaction.commit().await?)
        };
        timeout(TRANSACTION_MAX, written).await.map_err(|_| Error::TimedOut)??;
        self.metrics.wrote(chunk.changes.facts, started.elapsed());
        Ok(())
    }

    /// Tells everybody what is there now.
    fn wrote(&mut self, chunk: &Chunk) {
        if chunk.is_empty() {
            return;
        }
        self.facts_max = (self.facts_max * 2).min(CHUNK_FACTS_MAX);
        self.source.projected.advance(chunk.number, chunk.changes.at, &chunk.changes.ends());
        self.went_well();
    }

    /// Waits for something to write, and asks from time to time whether it may be written.
    async fn wait(
        &mut self,
        connection: &mut PgConnection,
        ended: &CancellationToken,
    ) -> Result<(), Error> {
        tokio::select! {
            // Its sender lives as long as what we tell.
            _ = self.source.durable.changed() => Ok(()),
            () = ended.cancelled() => Ok(()),
            () = sleep(HEARTBEAT_EVERY) => {
                let asked = timeout(TRANSACTION_MAX, check_ours(connection, self.owner));
                asked.await.map_err(|_| Error::TimedOut)??;
                self.went_well();
                Ok(())
            }
        }
    }

    /// Tells everybody where the projection stands, and that it goes on.
    fn tell(&mut self, claim: &Claim) {
        let shards = (0..).map(ShardId).zip(claim.lsns.iter().copied());
        let shards: Vec<_> = shards.filter(|(_, lsn)| *lsn > Lsn(0)).collect();
        self.source.projected.advance(claim.number, claim.at, &shards);
        self.source.projected.set_reachable(true);
    }

    fn went_well(&mut self) {
        if std::mem::replace(&mut self.is_told, false) {
            let lag_facts = self.source.projected.lag().facts;
            info!(lag_facts, "Postgres is written to again");
        }
    }

    fn failed(&mut self, cause: &Error) {
        if std::mem::replace(&mut self.is_told, true) {
            debug!(%cause, "Postgres still cannot be written to");
            return;
        }
        warn!(
            %cause,
            "Postgres cannot be written to; the sale goes on, the journal keeps what is not there, \
             and it is tried again and again"
        );
    }

    /// Stops the engine: its shards are somebody else's.
    fn stop(&self, refusal: &Refusal) {
        error!(cause = %refusal, "the engine stops: its facts are not taken any more");
        self.source.stopper.stop(match refusal {
            Refusal::Superseded { by, epoch, .. } => {
                StopReason::Superseded { by: *epoch, node_id: by.as_u128() }
            }
            other => StopReason::Unclaimed { cause: other.to_string() },
        });
    }

    /// Lists what was acknowledged and does not count.
    fn list_superseded(&self, refusal: &Refusal) {
        let Refusal::Superseded { lsns, .. } = refusal else { return };
        match superseded::list(&self.source.paths, lsns) {
            Ok(listed) => {
                let path = listed.path.display();
                let (facts, allocations) = (listed.facts, listed.allocations);
                error!(%path, facts, allocations, "acknowledged, and does not count: see the list");
            }
            Err(cause) => {
                error!(%cause, "what was acknowledged and does not count could not be listed");
            }
        }
    }
}
