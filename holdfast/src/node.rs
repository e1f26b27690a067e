//! What every serving command does around its servers: bind and serve first, recover, say where
//! it is, wait for a signal or for trouble, and leave in order.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use edge_api::{AdminToken, EdgeOptions, RateLimitRules};
use inventory_engine::engine::{Engine, EngineOptions, Handle};
use inventory_engine::metrics::{
    RECOVERY_BYTES_READ, RECOVERY_BYTES_TOTAL, RECOVERY_FACTS_APPLIED,
};
use inventory_engine::progress::RecoveryProgress;
use inventory_engine::readiness::Readiness;
use inventory_engine::snapshots::SnapshotOptions;
use inventory_engine::stop::{StopReason, Stopper};
use metrics::gauge;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::disable_transparent_huge_pages;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::config::{RedisUrl, Settings};

const DAY_SECS: u64 = 24 * 60 * 60;

/// How often the metrics of a recovery are written.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Runs work that waits to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    allow_many_connections();
    keep_pages_small();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    let done = runtime.block_on(work);
    // What still blocks is of no use to anybody.
    runtime.shutdown_background();
    done
}

/// A connection is an open file, of which a process has 1,024 unless it asks for what it may
/// have.
fn allow_many_connections() {
    let limit = getrlimit(Resource::Nofile);
    let asked = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum
        && let Err(cause) = setrlimit(Resource::Nofile, asked)
    {
        warn!(
            %cause,
            open_files = limit.current,
            "the limit of open files, and so of connections, cannot be raised"
        );
    }
}

/// Whoever first touches a huge page waits until all 2 MiB of it are cleared, and a writer that
/// remembers what it is asked touches new memory all the time.
fn keep_pages_small() {
    if let Err(cause) = disable_transparent_huge_pages(true) {
        debug!(%cause, "the system may clear memory in pieces of 2 MiB");
    }
}

/// Takes the address of a setting, before any serious work is done.
pub(crate) async fn bind(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: give --{setting} a free port, or port 0 for any")
    })
}

/// Where the servers of a process listen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Addresses {
    pub(crate) http: Option<SocketAddr>,
    pub(crate) grpc: Option<SocketAddr>,
    pub(crate) metrics: Option<SocketAddr>,
}

impl Addresses {
    /// The first line of the log: what runs here, on which data, where, and how it differs from
    /// what is usual.
    pub(crate) fn log_start(&self, command: &str, settings: &Settings) {
        info!(
            version = env!("CARGO_PKG_VERSION"),
            command,
            data_dir = self.grpc.map(|_| tracing::field::display(settings.data_dir.display())),
            http = self.http.map(tracing::field::display),
            grpc = self.grpc.map(tracing::field::display),
            metrics = self.metrics.map(tracing::field::display),
            settings = settings.changed(),
            "starting"
        );
    }

    /// Says on standard output where the servers are, one `name=HOST:PORT` a line.
    pub(crate) fn announce(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        let all = [("http", self.http), ("grpc", self.grpc), ("metrics", self.metrics)];
        for (name, address) in all {
            let Some(address) = address else { continue };
            writeln!(out, "{name}={address}").context("say where it is")?;
        }
        out.flush().context("say where it is")
    }
}

/// Recovers and starts an engine as the settings say, while servers say how far it is. `None` if
/// the process is asked to leave meanwhile: a recovery may end anywhere, as in a crash.
pub(crate) async fn start_engine(
    settings: &Settings,
    readiness: &Readiness,
    signals: &mut Signals,
    shutdown: &CancellationToken,
) -> anyhow::Result<Option<Engine>> {
    let options = EngineOptions {
        data_dir: settings.data_dir.clone(),
        writers: settings.writers.unwrap_or(1),
        journal: persistence::file::Options { segment_bytes: settings.journal_segment_bytes },
        snapshots: SnapshotOptions {
            history_retention: Duration::from_secs(settings.history_retention_days * DAY_SECS),
            ..SnapshotOptions::default()
        },
        projection: settings.projection()?,
    };
    info!("recovering");
    let progress = Arc::clone(readiness.progress());
    let mut recovery = tokio::task::spawn_blocking(move || Engine::start(&options, &progress));
    let mut tick = tokio::time::interval(PROGRESS_EVERY);
    loop {
        tokio::select! {
            engine = &mut recovery => {
                show_progress(readiness.progress());
                return Ok(Some(engine??));
            }
            signal = signals.heard() => {
                info!(signal, "leaving in the middle of the recovery");
                return Ok(None);
            }
            () = shutdown.cancelled() => bail!("a server ended while the engine recovered"),
            _ = tick.tick() => show_progress(readiness.progress()),
        }
    }
}

fn show_progress(progress: &RecoveryProgress) {
    gauge!(RECOVERY_BYTES_TOTAL).set(progress.bytes_total() as f64);
    gauge!(RECOVERY_BYTES_READ).set(progress.bytes_read() as f64);
    gauge!(RECOVERY_FACTS_APPLIED).set(progress.facts() as f64);
}

/// The line of the log that says that callers may come.
pub(crate) fn log_ready(engine: &Handle, readiness: &Readiness, started: Instant) {
    info!(
        epoch = engine.epoch().0,
        events = engine.directory().event_count(),
        seats = engine.directory().seat_count(),
        facts_replayed = readiness.progress().facts(),
        took_ms = started.elapsed().as_millis() as u64,
        "ready"
    );
}

/// An edge as the settings say.
pub(crate) fn edge_options(settings: &Settings) -> anyhow::Result<EdgeOptions> {
    let admin_token = settings.admin_token.as_ref();
    let redis = settings.redis_url.as_ref().map(RedisUrl::address).transpose();
    Ok(EdgeOptions {
        admin_token: admin_token.map(|token| AdminToken::new(token.reveal())),
        rate_limits: RateLimitRules {
            user: settings.limit_user,
            address: settings.limit_address,
            event: settings.limit_event,
            reads: settings.limit_reads,
        },
        trusted_proxies: settings.trusted_proxies,
        redis: redis.context("--redis-url")?,
        ..EdgeOptions::default()
    })
}

/// How the process ends once its engine has: well, unless the engine had to stop by itself.
pub(crate) fn exit_code(stopped: Option<&StopReason>) -> ExitCode {
    match stopped {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    }
}

/// Runs a server. When it ends, however it ends, so do the others.
pub(crate) fn spawn_server<S>(server: S, shutdown: &CancellationToken) -> JoinHandle<S::Output>
where
    S: Future<Output: Send> + Send + 'static,
{
    let end = shutdown.clone().drop_guard();
    tokio::spawn(async move {
        let _end = end;
        server.await
    })
}

/// The signals that ask a process to leave. Taken before it says where it is, so that none
/// comes too early to be heard.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn take() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("wait for SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("wait for SIGTERM")?,
        })
    }

    /// The next signal, by its name.
    async fn heard(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    /// Waits for a signal, a server that ended, or the engine stopping by itself; then cancels
    /// `shutdown`.
    pub(crate) async fn wait(mut self, engine: Option<Stopper>, shutdown: &CancellationToken) {
        let stopped = async {
            match engine {
                Some(engine) => engine.stopped().await,
                None => std::future::pending().await,
            }
        };
        const LEAVING: &str = "leaving: nothing new is taken, what is under way is answered";
        tokio::select! {
            signal = self.heard() => info!(signal, "{LEAVING}"),
            () = shutdown.cancelled() => error!("leaving because a server has ended"),
            reason = stopped => error!(%reason, "leaving because the engine has stopped"),
        }
        shutdown.cancel();
    }
}
