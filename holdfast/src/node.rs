//! What every serving command does around its servers: bind first, say where it is, wait for a
//! signal or for trouble, and leave in order.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use edge_api::{AdminToken, EdgeOptions};
use inventory_engine::engine::{Engine, EngineOptions};
use inventory_engine::snapshots::SnapshotOptions;
use inventory_engine::stop::{StopReason, Stopper};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::Settings;

/// Runs work that waits to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    allow_many_connections();
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
        warn!(%cause, open_files = limit.current, "connections are limited by open files");
    }
}

/// Takes the address of a setting, before any serious work is done.
pub(crate) async fn bind(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: give --{setting} a free port, or port 0 for any")
    })
}

/// Recovers and starts an engine as the settings say. `None` if the process is asked to leave
/// meanwhile: a recovery may end anywhere, as in a crash.
pub(crate) async fn start_engine(
    settings: &Settings,
    signals: &mut Signals,
) -> anyhow::Result<Option<Engine>> {
    let options = EngineOptions {
        data_dir: settings.data_dir.clone(),
        writers: settings.writers.unwrap_or(1),
        journal: persistence::file::Options::default(),
        snapshots: SnapshotOptions::default(),
    };
    info!(data_dir = %options.data_dir.display(), "recovering");
    let recovery = tokio::task::spawn_blocking(move || Engine::start(&options));
    tokio::select! {
        engine = recovery => Ok(Some(engine??)),
        signal = signals.heard() => {
            info!(signal, "leaving in the middle of the recovery");
            Ok(None)
        }
    }
}

/// An edge as the settings say.
pub(crate) fn edge_options(settings: &Settings) -> EdgeOptions {
    let admin_token = settings.admin_token.as_ref();
    EdgeOptions {
        admin_token: admin_token.map(|token| AdminToken::new(token.reveal())),
        ..EdgeOptions::default()
    }
}

/// Says on standard output where a listener is, one `name=HOST:PORT` a line.
pub(crate) fn announce(name: &str, listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{name}={address}").and_then(|()| out.flush()).context("say where it is")
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
            () = shutdown.cancelled() => error!("leaving: a server has ended"),
            reason = stopped => error!(%reason, "leaving: the engine has stopped"),
        }
        shutdown.cancel();
    }
}
