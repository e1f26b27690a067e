//! `cargo xtask deny`: every dependency's licence, source and bans, as `deny.toml` says, by
//! cargo-deny, which is installed where it is missing.
//!
//! Advisories are not asked for: their list is elsewhere, and a build says the same today and
//! tomorrow.

use std::process::ExitCode;

use anyhow::bail;

use crate::step::{self, Step};

const TOOL: &str = "cargo-deny";

/// Fetches what the lock file names, all targets included, and checks it without the network.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    if version().run_quietly()?.is_none() && !install().run()?.success() {
        bail!("{TOOL} could not be installed");
    }
    step::run_all(&steps())
}

fn version() -> Step {
    Step::cargo(["deny", "--version"])
}

fn install() -> Step {
    Step::cargo(["install", "--locked", TOOL])
}

fn steps() -> [Step; 2] {
    let check = ["deny", "--offline", "check", "bans", "licenses", "sources"];
    [Step::cargo(["fetch", "--locked"]), Step::cargo(check)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_checked_against_the_lock_file_without_the_network() {
        let lines = steps().map(|step| step.to_string());
        assert_eq!(
            lines,
            ["cargo fetch --locked", "cargo deny --offline check bans licenses sources"]
        );
    }
}
