//! `holdfast engine`: an engine alone, for edges elsewhere and for callers of gRPC.

use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use inventory_engine::grpc;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
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
        let listener = node::bind("grpc", settings.grpc).await?;
        let metrics_listener = match settings.metrics {
            Some(address) => Some(node::bind("metrics", address).await?),
            None => None,
        };
        let venue = demonstration::Venue::read(&settings)?;
        let Some(engine) = node::start_engine(&settings, &mut signals).await? else {
            return Ok(ExitCode::SUCCESS);
        };
        let handle = engine.handle();
        if settings.chart.is_some() {
            demonstration::put_on_sale(&handle, &settings, venue).await?;
        }
        let (routes, health) = grpc::routes(&handle).await?;
        node::announce("grpc", &listener)?;
        if let Some(listener) = metrics_listener {
            node::announce("metrics", &listener)?;
            tokio::spawn(serve_metrics(listener, metrics));
        }
        let shutdown = CancellationToken::new();
        let server = grpc::serve(handle.clone(), routes, health, listener, shutdown.clone());
        let server = node::spawn_server(server, &shutdown);
        signals.wait(Some(handle.stopper()), &shutdown).await;
        if let Err(cause) = server.await? {
            error!(%cause, "the engine's listener failed");
        }
        Ok(node::exit_code(engine.shutdown().await.as_ref()))
    })
}

/// `/metrics`, for as long as the process lives.
async fn serve_metrics(listener: TcpListener, metrics: PrometheusHandle) {
    let show = move || {
        let metrics = metrics.clone();
        async move { metrics.render() }
    };
    let router = Router::new().route("/metrics", get(show));
    if let Err(cause) = axum::serve(listener, router).await {
        error!(%cause, "the metrics listener failed");
    }
}
