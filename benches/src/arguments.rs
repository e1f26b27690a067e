//! The command line of `bench`: run rows, or serve one of the limits for a run.

use clap::{Parser, Subcommand};

use crate::noop::Limit;
use crate::run::Options;

/// Holdfast beside its peers and its limits
#[derive(Debug, Parser)]
#[command(name = "bench", args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What runs start by themselves
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to run
    #[command(flatten)]
    pub options: Options,
}

/// What else the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a limit and say where it is
    Serve {
        /// Which one
        limit: Limit,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn read(line: &str) -> Result<Arguments, String> {
        let words = ["bench"].into_iter().chain(line.split_whitespace());
        Arguments::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_run_is_told_how() {
        let read = read("--quick --only rest --rounds 5 --seconds 0.5 --json out.json").unwrap();
        assert!(read.options.quick && read.command.is_none());
        assert_eq!((read.options.rounds, read.options.seconds), (Some(5), Some(0.5)));
        assert_eq!(read.options.only.as_deref(), Some("rest"));
    }

    #[test]
    fn a_limit_is_served() {
        let command = read("serve noop-grpc").unwrap().command;
        assert!(matches!(command, Some(Command::Serve { limit: Limit::NoopGrpc })));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (line, part) in [
            ("--rounds 2", "3..=99"),
            ("--seconds 0", "0.1 to 60"),
            ("--seconds soon", "not a number"),
            ("serve nothing", "noop-grpc"),
            ("--quick serve noop-grpc", "serve"),
            ("--fast", "--fast"),
        ] {
            let error = read(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
