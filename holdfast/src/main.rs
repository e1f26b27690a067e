//! Holdfast: one program for the whole platform, its tools and its load tester.

mod asking;
mod cli;
mod commands;
mod config;
mod demonstration;
mod node;
mod probes;
mod projection;
mod telemetry;

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::read().run() {
        Ok(code) => code,
        Err(error) => {
            telemetry::report(&error);
            ExitCode::FAILURE
        }
    }
}
