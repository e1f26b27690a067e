//! The projection to Postgres beside an engine: what has to be known before the engine may serve,
//! and what is still written when it ends.

use std::time::Duration;

use anyhow::Context;
use inventory_engine::engine::Engine;
use persistence::dir::DataDirPaths;
use persistence_postgres::{Database, Projecting, Projector, check_new_directory};

use crate::config::Settings;

/// How long a process that leaves waits for Postgres to have everything. The journal has it anyway.
const FINISH_MAX: Duration = Duration::from_secs(10);

/// The database of the settings, if there is one. A new data directory beside a database that
/// belongs to another one is refused before anything is made in it.
pub(crate) async fn database(settings: &Settings) -> anyhow::Result<Option<Database>> {
    let Some(url) = &settings.database_url else { return Ok(None) };
    let database = Database::at(url.reveal())?;
    if DataDirPaths::read(&settings.data_dir)?.is_none() {
        check_new_directory(&database).await.with_context(|| {
            let (place, data_dir) = (database.place(), settings.data_dir.display());
            format!("a new data directory ({data_dir}) cannot begin beside the database {place}")
        })?;
    }
    Ok(Some(database))
}

/// Starts to project what an engine makes durable. To be called before anybody is served: a
/// database that does not take the engine's facts ends the start.
pub(crate) async fn begin(
    engine: &Engine,
    database: Option<Database>,
) -> anyhow::Result<Option<Projecting>> {
    let (Some(database), Some(source)) = (database, engine.projection_source()) else {
        return Ok(None);
    };
    let mut projector = Projector::new(database, source);
    projector.begin().await?;
    Ok(Some(projector.start().context("start the projector")?))
}

/// Lets Postgres have everything, now that the engine has ended.
pub(crate) async fn finish(projecting: Option<Projecting>) {
    if let Some(projecting) = projecting {
        projecting.finish(FINISH_MAX).await;
    }
}
