//! What every serving command does around its servers: bind first, say where it is, wait for a
//! signal or for trouble, and leave in order.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use inventory_engine::engine::{Engine, EngineOptions};
use inventory_engine::stop::{StopReason, Stopper};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::config::Settings;

/// Runs work that waits to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(work)
}

/// Takes an address, before any serious work is done.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address}: choose a free port, or port 0 for any"))
}

/// Recovers and starts an engine as the settings say.
pub(crate) async fn start_engine(settings: &Settings) -> anyhow::Result<Engine> {
    let options = EngineOptions {
        data_dir: settings.data_dir.clone(),
        writers: settings.writers.unwrap_or(1),
        journal: persistence::file::Options::default(),
    };
    info!(data_dir = %options.data_dir.display(), "recovering");
    let engine = tokio::task::spawn_blocking(move || Engine::start(&options)).await??;
    Ok(engine)
}

/// Says on standard output where a listener is, one `name=HOST:PORT` a line.
pub(crate) fn announce(name: &str, listener: &TcpListener) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{name}={address}").and_then(|()| out.flush()).context("say where it is")
}

/// Why a node leaves.
pub(crate) enum Leaving {
    /// Somebody asked it to.
    Asked,
    /// The engine cannot go on.
    EngineStopped(StopReason),
}

impl Leaving {
    /// How the process ends.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Asked => ExitCode::SUCCESS,
            Self::EngineStopped(_) => ExitCode::FAILURE,
        }
    }
}

/// Waits for SIGINT, SIGTERM, or the engine stopping by itself; then cancels `shutdown`.
pub(crate) async fn wait(
    engine: Option<Stopper>,
    shutdown: &CancellationToken,
) -> anyhow::Result<Leaving> {
    let mut interrupt = signal(SignalKind::interrupt()).context("wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("wait for SIGTERM")?;
    let stopped = async {
        match engine {
            Some(engine) => engine.stopped().await,
            None => std::future::pending().await,
        }
    };
    let leaving = tokio::select! {
        _ = interrupt.recv() => Leaving::Asked,
        _ = terminate.recv() => Leaving::Asked,
        // A server that failed has said so; the others follow it.
        () = shutdown.cancelled() => Leaving::Asked,
        reason = stopped => Leaving::EngineStopped(reason),
    };
    match &leaving {
        Leaving::Asked => info!("leaving: nothing new is taken, what is under way is answered"),
        Leaving::EngineStopped(reason) => error!(%reason, "leaving: the engine has stopped"),
    }
    shutdown.cancel();
    Ok(leaving)
}
