//! The project's own commands, run as `cargo xtask NAME`.
//!
//! Each is a list of programs that are started in the root of the workspace, with their output
//! passed through and their exit code passed on, so that a person and a build machine see the
//! same thing.

mod bench;
mod deny;
mod faults;
mod fuzz;
mod mutants;
mod requirements;
mod step;
#[cfg(test)]
mod testing;

use std::process::ExitCode;

use clap::Parser;

use crate::step::Step;

/// The variable that tests with a longer form look at.
const TEST_LONG: &str = "HOLDFAST_TEST_LONG";

/// Holdfast's own build commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Xtask {
    /// Run the whole test suite, documentation tests included.
    Test {
        /// Run the longer form of the tests that have one.
        #[arg(long)]
        long: bool,
    },
    /// Check the format and the lints, warnings denied.
    Check,
    /// Check the licence, the source and the bans of every dependency.
    Deny,
    /// Measure Holdfast beside its peers and its limits, in one run, and write the page of it.
    Bench(bench::Options),
    /// Harm real servers and simulated machines, and tell whether a promise was broken.
    Faults(faults::Options),
    /// Let libFuzzer look for inputs that break what must hold, and keep what reaches further.
    Fuzz(fuzz::Options),
    /// Break `decide` and `apply` in one place at a time, and tell what no test notices.
    Mutants(mutants::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    match Xtask::parse() {
        Xtask::Test { long } => {
            requirements::install_missing(requirements::OF_TESTS)?;
            step::run_all(&test_steps(long))
        }
        Xtask::Check => step::run_all(&check_steps()),
        Xtask::Deny => deny::run(),
        Xtask::Bench(options) => {
            requirements::install_missing(requirements::OF_BENCHMARKS)?;
            step::run_all(&bench::steps(&options)?)
        }
        Xtask::Faults(options) => {
            requirements::install_missing(requirements::OF_FAULTS)?;
            step::run_all(&faults::steps(&options))
        }
        Xtask::Fuzz(options) => {
            requirements::install_missing(requirements::OF_FUZZING)?;
            fuzz::run(&options)
        }
        Xtask::Mutants(options) => {
            requirements::install_missing(requirements::OF_MUTANTS)?;
            mutants::run(&options)
        }
    }
}

fn test_steps(long: bool) -> Vec<Step> {
    let test = Step::cargo(["test", "--workspace"]);
    vec![if long { test.with_variable(TEST_LONG, "1") } else { test }]
}

fn check_steps() -> Vec<Step> {
    vec![
        Step::cargo(["fmt", "--all", "--check"]),
        // No member of the workspace, and the one thing that can be checked without nightly.
        Step::cargo(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]),
        Step::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ]
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Xtask::command().debug_assert();
    }

    #[test]
    fn only_the_long_form_sets_the_variable() {
        let lines = |long| test_steps(long).iter().map(Step::to_string).collect::<Vec<_>>();
        assert_eq!(lines(false), ["cargo test --workspace"]);
        assert_eq!(lines(true), ["HOLDFAST_TEST_LONG=1 cargo test --workspace"]);
    }

    #[test]
    fn check_denies_warnings() {
        let lines: Vec<_> = check_steps().iter().map(Step::to_string).collect();
        assert_eq!(
            lines,
            [
                "cargo fmt --all --check",
                "cargo fmt --manifest-path fuzz/Cargo.toml --check",
                "cargo clippy --workspace --all-targets -- -D warnings",
            ]
        );
    }
}
