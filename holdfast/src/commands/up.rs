//! `holdfast up`: engine and edge in one process, with a venue on sale.

use std::process::ExitCode;
use std::time::Instant;

use edge_api::Edge;
use edge_api::engine::in_process;
use inventory_engine::grpc::Services;
use inventory_engine::readiness::Readiness;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::config::{SettingFlags, Settings};
use crate::{demonstration, node, projection, telemetry};

/// Serves until it is told to leave.
pub(crate) fn run(flags: SettingFlags) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(flags)?;
    telemetry::log(&settings)?;
    let metrics = telemetry::metrics()?;
    node::block_on(async move {
        let started = Instant::now();
        let mut signals = node::Signals::take()?;
        let http = node::bind("http", settings.http).await?;
        let grpc = node::bind("grpc", settings.grpc).await?;
        let addresses = node::Addresses {
            http: Some(http.local_addr()?),
            grpc: Some(grpc.local_addr()?),
            metrics: None,
        };
        addresses.log_start("up", &settings);
        let venue = demonstration::Venue::read(&settings)?;
        let database = projection::database(&settings).await?;

        let readiness = Readiness::recovering();
        let services = Services::closed(&readiness).await?;
        let edge =
            Edge::new(node::edge_options(&settings)?, in_process(services.routes()), Some(metrics));
        let shutdown = CancellationToken::new();
        let edge_server = node::spawn_server(edge.serve(http, shutdown.clone()), &shutdown);
        // The edge's own requests are answered before the engine's streams end.
        let engine_shutdown = CancellationToken::new();
        let served = services.clone().serve(grpc, engine_shutdown.clone());
        let engine_server = node::spawn_server(served, &shutdown);

        let engine = node::start_engine(&settings, &readiness, &mut signals, &shutdown).await?;
        let Some(engine) = engine else { return Ok(ExitCode::SUCCESS) };
        let projecting = projection::begin(&engine, database).await?;
        let handle = engine.handle();
        demonstration::put_on_sale(&handle, &settings, venue).await?;
        services.open(&handle).await;
        node::log_ready(&handle, &readiness, started);
        addresses.announce()?;

        signals.wait(Some(handle.stopper()), &shutdown).await;
        services.leave().await;
        edge_server.await?;
        engine_shutdown.cancel();
        if let Err(cause) = engine_server.await? {
            error!(%cause, "the gRPC server failed");
        }
        let stopped = engine.shutdown().await;
        projection::finish(projecting).await;
        Ok(node::exit_code(stopped.as_ref()))
    })
}
