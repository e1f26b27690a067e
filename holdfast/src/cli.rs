//! The command line: which words there are, and what each does.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;
use crate::config::SettingFlags;

/// A seat-inventory engine for event ticketing: no seat is sold twice, no acknowledged sale is
/// lost.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Word,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Run everything in one process: engine and edge, with a venue on sale.
    Up(SettingFlags),
    /// Run an engine alone.
    Engine(SettingFlags),
    /// Run an edge alone, before an engine elsewhere.
    Edge(SettingFlags),
    /// Simulate an onsale drop, sell every seat, and audit what was sold.
    Onsale(Box<commands::onsale::OnsaleArgs>),
    /// Look into seat maps.
    #[command(subcommand)]
    Chart(commands::chart::ChartCommand),
    /// Look into a journal.
    #[command(subcommand)]
    Journal(commands::journal::JournalCommand),
}

impl Cli {
    /// Does what the command line says.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Word::Up(flags) => commands::up::run(flags),
            Word::Engine(flags) => commands::engine::run(flags),
            Word::Edge(flags) => commands::edge::run(flags),
            Word::Onsale(args) => commands::onsale::run(*args),
            Word::Chart(command) => commands::chart::run(command),
            Word::Journal(command) => commands::journal::run(command),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
