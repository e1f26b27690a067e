//! Options as a command line gives them, for tests.

use clap::{Args, Parser};

/// A command line that is nothing but these options.
#[derive(Debug, Parser)]
pub(crate) struct Program<O: Args> {
    #[command(flatten)]
    options: O,
}

/// The options that these arguments are.
pub(crate) fn options_of<O: Args>(arguments: &str) -> O {
    Program::parse_from(["xtask"].into_iter().chain(arguments.split_whitespace())).options
}
