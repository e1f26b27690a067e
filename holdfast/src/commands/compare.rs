//! `holdfast journal compare`: whether Postgres says what the journal says, row by row. The exit
//! code is 1 if anything differs; what is not there yet is no difference.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use persistence::dir::DataDirPaths;
use persistence_postgres::compare::compare;

use crate::config::{DataDirFlags, DatabaseUrl, SettingFlags, Settings};
use crate::node;

/// What to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// The database [default: what HOLDFAST_DATABASE_URL says]
    #[arg(long, value_name = "URL")]
    database_url: Option<DatabaseUrl>,
    #[command(flatten)]
    data_dir: DataDirFlags,
}

/// Compares, and says what was found.
pub(crate) fn run(args: CompareArgs) -> anyhow::Result<ExitCode> {
    let mut flags = SettingFlags::from(args.data_dir);
    flags.layer.database_url = args.database_url;
    let settings = Settings::resolve(flags)?;
    let database = settings.database()?;
    let data_dir = settings.data_dir.display();
    let paths = DataDirPaths::read(&settings.data_dir)?
        .ok_or_else(|| anyhow!("{data_dir} is not a data directory: it has no identity.json"))?;
    node::block_on(async move {
        let comparison = compare(&database, &paths).await?;
        writeln!(io::stdout().lock(), "{comparison}").context("writing to stdout")?;
        let is_equal = comparison.differences.is_empty();
        Ok(if is_equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}
