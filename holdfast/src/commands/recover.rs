//! `holdfast recover --from-postgres`: a data directory made again of what is in Postgres.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use persistence_postgres::recover::recover;

use crate::config::{DataDirFlags, DatabaseUrl, SettingFlags, Settings};
use crate::node;

/// Where from and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct RecoverArgs {
    /// Take the shards over from whoever wrote to the database, and restore them from there. What
    /// the old engine acknowledges from now on does not count
    #[arg(long, required = true)]
    from_postgres: bool,
    /// The database [default: what HOLDFAST_DATABASE_URL says]
    #[arg(long, value_name = "URL")]
    database_url: Option<DatabaseUrl>,
    #[command(flatten)]
    data_dir: DataDirFlags,
}

/// Recovers, and says what was.
pub(crate) fn run(args: RecoverArgs) -> anyhow::Result<ExitCode> {
    let mut flags = SettingFlags::from(args.data_dir);
    flags.layer.database_url = args.database_url;
    let settings = Settings::resolve(flags)?;
    let database = settings.database()?;
    node::block_on(async move {
        let recovered = recover(&database, &settings.data_dir).await?;
        let used = recovered.lsns.iter().filter(|lsn| lsn.0 > 0).count();
        writeln!(
            io::stdout().lock(),
            "{} has {} facts of {used} shards, replayed to the digests that were lived. Node {} \
             took over from node {} under epoch {}; start an engine on it",
            recovered.path.display(),
            recovered.facts(),
            recovered.node,
            recovered.from,
            recovered.epoch,
        )
        .context("writing to stdout")?;
        Ok(ExitCode::SUCCESS)
    })
}
