//! `bench`: runs the rows, or serves one of the limits for a run.

use std::process::ExitCode;

use anyhow::Context;
use benches::arguments::{Arguments, Command};
use benches::{noop, run};
use clap::Parser;
use mimalloc::MiMalloc;

// The limits have the allocator of what they are the limits of.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    let Arguments { command, options } = Arguments::parse();
    match command {
        Some(Command::Serve { limit }) => noop::serve(limit)?,
        None => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            runtime.context("start the runtime")?.block_on(run::run(&options))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
