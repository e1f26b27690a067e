//! `holdfast edge`: an edge alone, before an engine elsewhere.

use std::process::ExitCode;

use edge_api::Edge;
use edge_api::engine::remote;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::config::{SettingFlags, Settings};
use crate::{node, telemetry};

/// Serves until it is told to leave.
pub(crate) fn run(flags: SettingFlags) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(flags)?;
    telemetry::log(&settings)?;
    let metrics = telemetry::metrics()?;
    node::block_on(async move {
        let signals = node::Signals::take()?;
        let listener = node::bind("http", settings.http).await?;
        let edge =
            Edge::new(node::edge_options(&settings)?, remote(&settings.engine)?, Some(metrics));
        let addresses =
            node::Addresses { http: Some(listener.local_addr()?), ..node::Addresses::default() };
        addresses.log_start("edge", &settings);
        addresses.announce()?;
        info!(engine = settings.engine, "in front of an engine");
        let shutdown = CancellationToken::new();
        let server = node::spawn_server(edge.serve(listener, shutdown.clone()), &shutdown);
        signals.wait(None, &shutdown).await;
        server.await?;
        Ok(node::exit_code(None))
    })
}
