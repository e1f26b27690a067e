//! `cargo xtask mutants`: breaks `decide` and `apply` in one place at a time, and tells which
//! breaks no test of the core notices.
//!
//! What is broken and by which tests it is found out stands in `.cargo/mutants.toml`, and so does
//! what cannot be found out, with the reason. A run that is over its time is stopped, and the next
//! one goes on with what was neither caught nor found to be no program.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::step::{Step, cargo, workspace_root};

/// The package whose code is broken.
const PACKAGE: &str = "inventory-core";

/// What is installed where nothing is.
const TOOL: &str = "cargo-mutants@27.1.0";

/// Where `.cargo/mutants.toml` has the outcomes put.
const FOLDER: &str = "target/mutants";

/// The exit code when some mutants survived: that of the tool itself.
const SURVIVED: u8 = 2;

/// All caught, some missed, some timed out; and that of `timeout` when the time was over.
const ENDS_WITH_OUTCOMES: [i32; 4] = [0, 2, 3, 124];

/// What may be chosen.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Stop after this time; the next run goes on from there
    #[arg(long, value_name = "M", default_value_t = 60)]
    minutes: u32,
}

/// Runs until all mutants are tried or the time is over, then tells what is known of all of them.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if version().run_quietly()?.is_none() && !install().run()?.success() {
        bail!("cargo-mutants could not be installed");
    }
    let folder = workspace_root().join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let outcomes = Outcomes { folder };
    outcomes.keep_unviable()?;
    let status = try_mutants(options.minutes).run()?;
    if !status.code().is_some_and(|code| ENDS_WITH_OUTCOMES.contains(&code)) {
        bail!("cargo-mutants ended without outcomes ({status}); do the tests pass by themselves?");
    }
    outcomes.keep_unviable()?;
    let Some(listed) = list().run_quietly()? else { bail!("`{}` failed", list()) };
    let tally = Tally::new(&listed, &outcomes)?;
    write!(io::stdout(), "{tally}").context("writing to stdout")?;
    Ok(ExitCode::from(if tally.survived.is_empty() { 0 } else { SURVIVED }))
}

fn version() -> Step {
    Step::cargo(["mutants", "--version"])
}

fn install() -> Step {
    Step::cargo(["install", "--locked", TOOL])
}

/// Interrupted as by a person, the tool stops what it runs and keeps what it knows.
fn try_mutants(minutes: u32) -> Step {
    let (cargo, minutes) = (cargo().display().to_string(), format!("{minutes}m"));
    let limit = ["--foreground", "--signal=INT", "--kill-after=60s", &minutes, &cargo];
    Step::program(
        "timeout",
        limit.into_iter().chain(["mutants", "--package", PACKAGE, "--iterate"]),
    )
}

fn list() -> Step {
    Step::cargo(["mutants", "--package", PACKAGE, "--list", "--colors", "never"])
}

/// The files with what came of mutants, each a line.
struct Outcomes {
    folder: PathBuf,
}

impl Outcomes {
    /// The mutants that a file of the last run names.
    fn last(&self, file: &str) -> anyhow::Result<BTreeSet<String>> {
        lines(&self.folder.join("mutants.out").join(file))
    }

    /// What was no program in any run. The tool itself mixes it with what was caught before.
    fn unviable(&self) -> anyhow::Result<BTreeSet<String>> {
        lines(&self.unviable_of_all_runs())
    }

    /// Adds what was no program in the last run.
    fn keep_unviable(&self) -> anyhow::Result<()> {
        let known = self.unviable()?;
        let path = self.unviable_of_all_runs();
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        for name in self.last("unviable.txt")?.difference(&known) {
            writeln!(file, "{name}").with_context(|| format!("write {}", path.display()))?;
        }
        Ok(())
    }

    fn unviable_of_all_runs(&self) -> PathBuf {
        self.folder.join("unviable.txt")
    }
}

/// The lines of a file; none if there is no file.
fn lines(path: &Path) -> anyhow::Result<BTreeSet<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// What is known of all mutants that the code has today.
#[derive(Debug, Eq, PartialEq)]
struct Tally {
    all: usize,
    caught: usize,
    unviable: usize,
    timed_out: Vec<String>,
    survived: Vec<String>,
    left: usize,
}

impl Tally {
    fn new(listed: &str, outcomes: &Outcomes) -> anyhow::Result<Self> {
        // A name has a line and a column: what was found out of code that moved is not counted.
        let all: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
        let of_today = |names: BTreeSet<String>| all.intersection(&names).cloned().collect();
        let survived: Vec<String> = of_today(outcomes.last("missed.txt")?);
        let timed_out: Vec<String> = of_today(outcomes.last("timeout.txt")?);
        let unviable: BTreeSet<String> = of_today(outcomes.unviable()?).into_iter().collect();
        let settled = &outcomes.last("caught.txt")? | &outcomes.last("previously_caught.txt")?;
        let caught = of_today(&settled - &unviable).len();
        let tried = caught + unviable.len() + timed_out.len() + survived.len();
        let (all, unviable) = (all.len(), unviable.len());
        Ok(Self { all, caught, unviable, timed_out, survived, left: all - tried })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, caught, unviable, timed_out, survived, left } = self;
        let (missed, hung) = (survived.len(), timed_out.len());
        writeln!(
            formatter,
            "{all} mutants: {caught} caught, {missed} missed, {hung} timed out, {unviable} \
             unviable, {left} left for the next run"
        )?;
        for (names, what) in [(survived, "missed"), (timed_out, "timed out")] {
            names.iter().try_for_each(|name| writeln!(formatter, "{what}: {name}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_bounded_and_goes_on_from_the_last() {
        let line = try_mutants(5).to_string();
        assert!(line.starts_with("timeout --foreground --signal=INT --kill-after=60s 5m "));
        assert!(line.ends_with("cargo mutants --package inventory-core --iterate"), "{line}");
    }

    #[test]
    fn outcomes_of_all_runs_and_of_todays_code_are_told() {
        let folder = std::env::temp_dir().join(format!("xtask-mutants-{}", std::process::id()));
        let last = folder.join("mutants.out");
        fs::create_dir_all(&last).unwrap();
        let outcomes = Outcomes { folder: folder.clone() };
        fs::write(last.join("unviable.txt"), "a.rs:1:1: b\n").unwrap();
        outcomes.keep_unviable().unwrap();
        // The next run.
        fs::write(last.join("unviable.txt"), "a.rs:3:1: f\n").unwrap();
        fs::write(last.join("previously_caught.txt"), "a.rs:1:1: a\na.rs:1:1: b\n").unwrap();
        fs::write(last.join("caught.txt"), "a.rs:2:1: c\na.rs:99:1: moved\n").unwrap();
        fs::write(last.join("missed.txt"), "a.rs:2:2: d\n").unwrap();
        fs::write(last.join("timeout.txt"), "a.rs:2:3: e\n").unwrap();
        outcomes.keep_unviable().unwrap();
        outcomes.keep_unviable().unwrap();
        let listed = "a.rs:1:1: a\na.rs:1:1: b\na.rs:2:1: c\na.rs:2:2: d\na.rs:2:3: e\n\
                      a.rs:3:1: f\na.rs:4:1: g\n";
        let tally = Tally::new(listed, &outcomes).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            tally.to_string(),
            "7 mutants: 2 caught, 1 missed, 1 timed out, 2 unviable, 1 left for the next run\n\
             missed: a.rs:2:2: d\n\
             timed out: a.rs:2:3: e\n"
        );
    }
}
