//! `holdfast engine`: an engine alone, for edges elsewhere and for callers of gRPC.

use std::process::ExitCode;
use std::time::Instant;

use axum::Router;
use inventory_engine::grpc::Services;
use inventory_engine::readiness::Readiness;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::config::{SettingFlags, Settings};
use crate::{demonstration, node, probes, projection, telemetry};

/// Serves until it is told to leave.
pub(crate) fn run(flags: SettingFlags) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(flags)?;
    telemetry::log(&settings)?;
    let metrics = telemetry::metrics()?;
    node::block_on(async move {
        let started = Instant::now();
        let mut signals = node::Signals::take()?;
        let grpc = node::bind("grpc", settings.grpc).await?;
        let probes = match settings.metrics {
            Some(address) => Some(node::bind("metrics", address).await?),
            None => None,
        };
        let addresses = node::Addresses {
            http: None,
            grpc: Some(grpc.local_addr()?),
            metrics: probes.as_ref().map(TcpListener::local_addr).transpose()?,
        };
        addresses.log_start("engine", &settings);
        let venue = demonstration::Venue::read(&settings)?;
        let database = projection::database(&settings).await?;

        let readiness = Readiness::recovering();
        let _upkeep = telemetry::keep_tidy(metrics.clone());
        if let Some(listener) = probes {
            tokio::spawn(serve_probes(listener, probes::router(readiness.clone(), metrics)));
        }
        let services = Services::closed(&readiness).await?;
        let shutdown = CancellationToken::new();
        let served = services.clone().serve(grpc, shutdown.clone());
        let server = node::spawn_server(served, &shutdown);

        let engine = node::start_engine(&settings, &readiness, &mut signals, &shutdown).await?;
        let Some(engine) = engine else { return Ok(ExitCode::SUCCESS) };
        let projecting = projection::begin(&engine, database).await?;
        let handle = engine.handle();
        if settings.chart.is_some() {
            demonstration::put_on_sale(&handle, &settings, venue).await?;
        }
        services.open(&handle).await;
        node::log_ready(&handle, &readiness, started);
        addresses.announce()?;

        signals.wait(Some(handle.stopper()), &shutdown).await;
        if let Err(cause) = server.await? {
            error!(%cause, "the gRPC server failed");
        }
        let stopped = engine.shutdown().await;
        projection::finish(projecting).await;
        Ok(node::exit_code(stopped.as_ref()))
    })
}

/// Health and metrics, for as long as the process lives.
async fn serve_probes(listener: TcpListener, router: Router) {
    if let Err(cause) = axum::serve(listener, router).await {
        error!(%cause, "the server of health and metrics failed");
    }
}
