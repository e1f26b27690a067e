//! `cargo xtask faults`: builds the program as it is shipped, apart from what tries it, and runs
//! the experiments.
//!
//! Must always hold: the program is built by itself. What the simulator asks of `persistence` is
//! never in what is tried.

use std::env;
use std::path::Path;

use crate::step::{Step, workspace_root};

/// What may be chosen.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// What a test command has time for: some minutes in the place of an hour
    #[arg(long)]
    quick: bool,
    /// Only this experiment; may be given again
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Decides everything that chance decides
    #[arg(long)]
    seed: Option<u64>,
    /// Say which experiments there are
    #[arg(long)]
    list: bool,
}

/// Builds, then runs.
pub(crate) fn steps(options: &Options) -> Vec<Step> {
    let target = match env::var_os("CARGO_TARGET_DIR") {
        // As cargo takes it, which is started in the root.
        Some(folder) => workspace_root().join(folder),
        None => workspace_root().join("target"),
    };
    let folder = target.join("release");
    let program = Step::cargo(["build", "--release", "--package", "holdfast"]);
    let packages = ["--package", "faults", "--package", "inventory-sim"];
    let others = Step::cargo(["build", "--release"].into_iter().chain(packages));
    let arguments = arguments(options, &folder);
    let arguments = arguments.iter().map(String::as_str);
    let faults = Step::program(folder.join("faults").display().to_string(), arguments);
    vec![program, others, faults]
}

/// What the experiments are told.
fn arguments(options: &Options, folder: &Path) -> Vec<String> {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut arguments = vec!["--program".to_owned(), path("holdfast")];
    arguments.extend(["--simulator".to_owned(), path("inventory-sim")]);
    for name in &options.only {
        arguments.extend(["--only".to_owned(), name.clone()]);
    }
    if let Some(seed) = options.seed {
        arguments.extend(["--seed".to_owned(), seed.to_string()]);
    }
    for (is_wanted, flag) in [(options.quick, "--quick"), (options.list, "--list")] {
        if is_wanted {
            arguments.push(flag.to_owned());
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::options_of;

    fn lines(arguments: &str) -> Vec<String> {
        let steps = steps(&options_of(arguments));
        steps.iter().map(Step::to_string).collect()
    }

    #[test]
    fn the_program_is_built_apart_from_what_tries_it() {
        let lines = lines("");
        assert_eq!(lines[0], "cargo build --release --package holdfast");
        assert_eq!(lines[1], "cargo build --release --package faults --package inventory-sim");
        assert!(lines[2].contains("/release/faults --program "), "{lines:?}");
        assert!(lines[2].ends_with("/release/inventory-sim"), "{lines:?}");
    }

    #[test]
    fn choices_are_passed_on() {
        let line = &lines("--quick --only sigkill --only network --seed 5")[2];
        assert!(line.ends_with(" --only sigkill --only network --seed 5 --quick"), "{line}");
        assert!(lines("--list")[2].ends_with(" --list"));
    }
}
