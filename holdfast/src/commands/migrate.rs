//! `holdfast migrate`: makes the tables of this release in a database. A start does the same; this
//! is for who may not let an engine do it.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;

use crate::config::{DatabaseFlags, Settings};
use crate::node;

/// Makes them, and says which is the newest change.
pub(crate) fn run(flags: DatabaseFlags) -> anyhow::Result<ExitCode> {
    let database = Settings::resolve(flags.into())?.database()?;
    node::block_on(async move {
        let newest = database.migrate().await?;
        writeln!(io::stdout().lock(), "{} is at migration {newest}", database.place())
            .context("writing to stdout")?;
        Ok(ExitCode::SUCCESS)
    })
}
