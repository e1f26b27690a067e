//! `cargo xtask bench`: builds the program and the harness as they are shipped, then runs the
//! rows; and `cargo xtask bench grid`: what each operation costs by itself.
//!
//! Must always hold: only a whole run of what is shipped writes the page, so that nobody's quick
//! look replaces the figures that others rely on.

use std::env;
use std::path::PathBuf;

use anyhow::Context;

use crate::step::{Step, workspace_root};

/// Where a whole run is told.
const PAGE: &str = "docs/benchmarks.md";

/// The profile that one ships and measures.
const SHIPPED: &str = "dist";

/// The other kind of benchmark.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Kind {
    /// Criterion grids: what each operation costs by itself
    Grid {
        /// Only operations with these words in their names
        words: Option<String>,
        /// Keep the figures under a name, to compare others with
        #[arg(long, value_name = "NAME", conflicts_with = "against")]
        save: Option<String>,
        /// Compare the figures with those that were kept under a name
        #[arg(long, value_name = "NAME")]
        against: Option<String>,
    },
}

/// What may be chosen.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    kind: Option<Kind>,
    /// Two minutes in the place of twenty: shorter rounds, rougher figures, no page
    #[arg(long)]
    quick: bool,
    /// Write an object of JSON a row to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only rows with these words in their names; no page
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
    /// Another profile for quick iterations, such as `release`; no page
    #[arg(long, value_name = "NAME", default_value = SHIPPED)]
    profile: String,
    /// Rounds of each side, at least three
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=99))]
    rounds: Option<u32>,
    /// Seconds that count of each round
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
}

/// Builds, then runs.
pub(crate) fn steps(options: &Options) -> anyhow::Result<Vec<Step>> {
    if let Some(Kind::Grid { words, save, against }) = &options.kind {
        return Ok(vec![grid(words.as_deref(), save.as_deref(), against.as_deref())]);
    }
    let profile = options.profile.as_str();
    let packages = ["--package", "holdfast", "--package", "benches", "--bins"];
    let build = ["build", "--profile", profile].into_iter().chain(packages);
    let target = match env::var_os("CARGO_TARGET_DIR") {
        // As cargo takes it, which is started in the root.
        Some(folder) => workspace_root().join(folder),
        None => workspace_root().join("target"),
    };
    // The folder of the profile `dev` has the name of an older one.
    let folder = target.join(if profile == "dev" { "debug" } else { profile });
    let arguments = arguments(options, &target)?;
    let arguments = arguments.iter().map(String::as_str);
    let bench = Step::program(folder.join("bench").display().to_string(), arguments);
    Ok(vec![Step::cargo(build), bench])
}

fn grid(words: Option<&str>, save: Option<&str>, against: Option<&str>) -> Step {
    let mut arguments = vec!["bench", "--package", "benches", "--bench", "grids", "--"];
    if let Some(name) = save {
        arguments.extend(["--save-baseline", name]);
    }
    if let Some(name) = against {
        // What is new since then is measured and compared with nothing.
        arguments.extend(["--baseline-lenient", name]);
    }
    arguments.extend(words);
    Step::cargo(arguments)
}

/// What the harness is told.
fn arguments(options: &Options, target: &std::path::Path) -> anyhow::Result<Vec<String>> {
    let mut arguments = vec!["--profile".to_owned(), options.profile.clone()];
    let mut add = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    add("--folder", target.join("bench").display().to_string());
    if let Some(file) = &options.json {
        // Files are named from where the command was given, and steps run in the root.
        let file = std::path::absolute(file).context("find the file for JSON")?;
        add("--json", file.display().to_string());
    }
    if let Some(words) = &options.only {
        add("--only", words.clone());
    }
    if let Some(rounds) = options.rounds {
        add("--rounds", rounds.to_string());
    }
    if let Some(seconds) = options.seconds {
        add("--seconds", seconds.to_string());
    }
    if !options.quick && options.only.is_none() && options.profile == SHIPPED {
        add("--page", PAGE.to_owned());
    }
    if options.quick {
        arguments.push("--quick".to_owned());
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::testing::{Program, options_of};

    fn lines(arguments: &str) -> Vec<String> {
        let steps = steps(&options_of(arguments)).unwrap();
        let root = format!("{}/", workspace_root().display());
        steps.iter().map(|step| step.to_string().replace(&root, "ROOT/")).collect()
    }

    #[test]
    fn a_whole_run_builds_what_is_shipped_and_writes_the_page() {
        let lines = lines("");
        assert_eq!(
            lines[0],
            "cargo build --profile dist --package holdfast --package benches --bins"
        );
        assert!(lines[1].contains("/dist/bench --profile dist --folder "), "{lines:?}");
        assert!(lines[1].ends_with(" --page docs/benchmarks.md"), "{lines:?}");
    }

    #[test]
    fn what_is_no_whole_run_writes_no_page() {
        for arguments in ["--quick", "--only stream", "--profile release"] {
            assert!(!lines(arguments)[1].contains("--page"), "{arguments}");
        }
        assert!(lines("--profile release")[1].contains("/release/bench "));
        assert!(lines("--profile dev")[1].contains("/debug/bench "));
    }

    #[test]
    fn grids_are_kept_and_compared_by_name() {
        let of = |arguments| lines(arguments).join("; ");
        let all = "cargo bench --package benches --bench grids --";
        assert_eq!(of("grid"), all);
        assert_eq!(of("grid apply --save main"), format!("{all} --save-baseline main apply"));
        assert_eq!(of("grid --against main"), format!("{all} --baseline-lenient main"));
        let both = ["bench", "grid", "--save", "a", "--against", "b"];
        assert!(Program::<Options>::try_parse_from(both).is_err());
        assert!(Program::<Options>::try_parse_from(["bench", "--quick", "grid"]).is_err());
    }

    #[test]
    fn choices_are_passed_on() {
        let lines = lines("--rounds 5 --seconds 0.5 --json /tmp/rows.json --only rest --quick");
        for words in
            ["--rounds 5", "--seconds 0.5", "--json /tmp/rows.json", "--only rest", "--quick"]
        {
            assert!(lines[1].contains(words), "{words}: {lines:?}");
        }
        assert!(Program::<Options>::try_parse_from(["bench", "--rounds", "2"]).is_err());
    }
}
