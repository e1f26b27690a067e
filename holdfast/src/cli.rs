//! The command line: which words there are, and what each does.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands;
use crate::config::{DatabaseFlags, SettingFlags};

/// A seat-inventory engine for event ticketing: no seat is sold twice, no acknowledged sale is
/// lost.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, propagate_version = true, max_term_width = 100)]
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
    /// Look into a seat of a running engine.
    #[command(subcommand)]
    Seat(commands::seat::SeatCommand),
    /// Check events of a running engine: conservation, indexes, digest.
    Verify(commands::verify::VerifyArgs),
    /// Make the tables of this release in a Postgres.
    Migrate(DatabaseFlags),
    /// Make a data directory again of what is in Postgres, when a disk is gone.
    Recover(commands::recover::RecoverArgs),
    /// Show the seat map of an event as it was at a moment.
    Replay(commands::replay::ReplayArgs),
    /// Look into a journal.
    #[command(subcommand)]
    Journal(commands::journal::JournalCommand),
}

/// Settings that a command has no use for. In a file or a variable, which other commands may
/// share, they are left alone; as a flag they are a misunderstanding.
const WITHOUT_EFFECT: [(&str, &[&str]); 3] = [
    ("up", &["engine", "metrics"]),
    (
        "engine",
        &[
            "http",
            "engine",
            "admin_token",
            "redis_url",
            "limit_user",
            "limit_address",
            "limit_event",
            "limit_reads",
            "trusted_proxies",
        ],
    ),
    (
        "edge",
        &[
            "data_dir",
            "grpc",
            "chart",
            "writers",
            "hold_secs",
            "buyer_seats_max",
            "metrics",
            "history_retention_days",
            "database_url",
            "ack",
            "journal_budget_bytes",
            "journal_segment_bytes",
        ],
    ),
];

impl Cli {
    /// Reads the command line. One that makes no sense is told so, and ends the process.
    pub(crate) fn read() -> Self {
        let mut command = command();
        let matches = command.get_matches_mut();
        if let Some((word, of_word)) = matches.subcommand()
            && let Some(flag) = first_without_effect(word, |flag| of_word.value_source(flag))
        {
            let flag = flag.replace('_', "-");
            let message = format!("--{flag} has no effect on 'holdfast {word}'; leave it out");
            command.error(ErrorKind::ArgumentConflict, message).exit();
        }
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Does what the command line says.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Word::Up(flags) => commands::up::run(flags),
            Word::Engine(flags) => commands::engine::run(flags),
            Word::Edge(flags) => commands::edge::run(flags),
            Word::Onsale(args) => commands::onsale::run(*args),
            Word::Chart(command) => commands::chart::run(command),
            Word::Seat(command) => commands::seat::run(command),
            Word::Verify(args) => commands::verify::run(args),
            Word::Migrate(flags) => commands::migrate::run(flags),
            Word::Recover(args) => commands::recover::run(args),
            Word::Replay(args) => commands::replay::run(args),
            Word::Journal(command) => commands::journal::run(command),
        }
    }
}

/// All words, each showing the settings that it has a use for.
pub(crate) fn command() -> Command {
    let command = WITHOUT_EFFECT.iter().fold(Cli::command(), |command, (word, flags)| {
        command.mut_subcommand(word, |of_word| {
            flags.iter().fold(of_word, |of_word, flag| of_word.mut_arg(flag, |arg| arg.hide(true)))
        })
    });
    command.mut_subcommand("engine", |engine| {
        let chart = "A chart that is put on sale as event 1 [default: none, and no event]";
        engine.mut_arg("chart", |arg| arg.help(chart))
    })
}

fn first_without_effect(
    word: &str,
    source: impl Fn(&str) -> Option<ValueSource>,
) -> Option<&'static str> {
    let (_, flags) = WITHOUT_EFFECT.iter().find(|(known, _)| *known == word)?;
    flags.iter().copied().find(|flag| source(flag).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn help_shows_the_settings_of_its_command_only() {
        let help = |word: &str| {
            let mut command = command();
            let of_word = command.find_subcommand_mut(word).unwrap();
            of_word.render_long_help().to_string()
        };
        for (word, shown, hidden) in [
            ("up", "--chart", "--metrics"),
            ("engine", "--metrics", "--http"),
            ("edge", "--engine", "--data-dir <"),
        ] {
            let help = help(word);
            assert!(help.contains(shown), "{word}: {help}");
            assert!(!help.contains(hidden), "{word}: {help}");
        }
        assert!(help("engine").contains("no event"));
    }
}
