//! `holdfast up`: engine and edge in one process, with a venue on sale.

use std::process::ExitCode;

use edge_api::Edge;
use edge_api::engine::in_process;
use inventory_engine::grpc;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::config::{SettingFlags, Settings};
use crate::{demonstration, node, telemetry};

/// Serves until it is told to leave.
pub(crate) fn run(flags: SettingFlags) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(flags)?;
    telemetry::log(&settings)?;
    let metrics = telemetry::metrics()?;
    node::block_on(async move {
        let mut signals = node::Signals::take()?;
        let http = node::bind("http", settings.http).await?;
        let grpc_listener = node::bind("grpc", settings.grpc).await?;
        let venue = demonstration::Venue::read(&settings)?;
        let Some(engine) = node::start_engine(&settings, &mut signals).await? else {
            return Ok(ExitCode::SUCCESS);
        };
        let handle = engine.handle();
        demonstration::put_on_sale(&handle, &settings, venue).await?;

        let (routes, health) = grpc::routes(&handle).await?;
        let edge =
            Edge::new(node::edge_options(&settings), in_process(routes.clone()), Some(metrics));
        node::announce("http", &http)?;
        node::announce("grpc", &grpc_listener)?;

        let shutdown = CancellationToken::new();
        let edge_server = node::spawn_server(edge.serve(http, shutdown.clone()), &shutdown);
        // The edge's own requests are answered before the engine's streams end.
        let engine_shutdown = CancellationToken::new();
        let served =
            grpc::serve(handle.clone(), routes, health, grpc_listener, engine_shutdown.clone());
        let engine_server = node::spawn_server(served, &shutdown);
        signals.wait(Some(handle.stopper()), &shutdown).await;
        edge_server.await?;
        engine_shutdown.cancel();
        if let Err(cause) = engine_server.await? {
            error!(%cause, "the engine's listener failed");
        }
        Ok(node::exit_code(engine.shutdown().await.as_ref()))
    })
}
