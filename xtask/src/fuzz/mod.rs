//! `cargo xtask fuzz`: lets libFuzzer make up inputs for each target, from those that are kept and
//! from seeds of real values, keeps what reaches further, and says how far it came.
//!
//! Must always hold: what is kept is small and reaches all that was ever reached, and a target
//! that fails keeps no other from its turn; the input that it failed with stays in
//! `fuzz/artifacts`, where the ordinary tests fail with it too.

mod figures;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, ensure};

use self::figures::{Figures, table};
use crate::step::{Step, workspace_root};

/// Bytes of an input: enough for every seed, and few enough that each run is short.
const INPUT_BYTES_MAX: u32 = 8 << 10;

/// A single input takes no longer, even on a busy machine.
const INPUT_SECS_MAX: u32 = 60;

/// Megabytes of the whole process, the sanitizer's own included.
const PROCESS_MEGABYTES_MAX: u32 = 2_048;

/// Megabytes of one allocation: a short file may stand for the largest chart there is.
const ALLOCATION_MEGABYTES_MAX: u32 = 512;

/// The same for decoders, which allocate no more than their bytes can fill.
const DECODED_MEGABYTES_MAX: u32 = 64;
const DECODERS: [&str; 3] = ["facts", "images", "segments"];

/// What may be chosen.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, value_name = "S", default_value_t = 600)]
    seconds: u32,
    /// Only these; all of `fuzz/fuzz_targets` without any
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

/// Runs the targets one after the other, minimises what they keep, and prints a table.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let folder = workspace_root().join("fuzz");
    let known = names_in(&folder.join("fuzz_targets"))?;
    let known: Vec<&str> = known.iter().filter_map(|name| name.strip_suffix(".rs")).collect();
    let targets = chosen(&options.targets, &known)?;
    install_cargo_fuzz()?;
    let seeds = ["run", "--package", "properties", "--", "fuzz/corpus"];
    must_succeed(&Step::cargo(seeds.into_iter().chain(targets.iter().copied())))?;
    // Apart from the first run, whose time is for fuzzing alone.
    must_succeed(&fuzz("build", []))?;
    let mut rows = Vec::new();
    for target in targets {
        rows.push((target, run_target(&folder, target, options.seconds)?));
    }
    io::stdout().write_all(table(&rows).as_bytes()).context("writing the table")?;
    let has_failed = rows.iter().any(|(_, figures)| figures.has_failed);
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn chosen<'a>(asked: &'a [String], known: &[&'a str]) -> anyhow::Result<Vec<&'a str>> {
    if asked.is_empty() {
        return Ok(known.to_vec());
    }
    for name in asked {
        ensure!(known.contains(&&**name), "no target {name}; there are {}", known.join(", "));
    }
    Ok(asked.iter().map(String::as_str).collect())
}

fn run_target(folder: &Path, target: &str, seconds: u32) -> anyhow::Result<Figures> {
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    let (kept_before, failed_before) = (names_in(&corpus)?, names_in(&artifacts)?);
    let mut figures = Figures::default();
    let begin = Instant::now();
    let status = fuzz("run", run_arguments(target, seconds)).run_and_hear(|line| {
        figures.hear(line);
    })?;
    figures.seconds = begin.elapsed().as_secs();
    figures.has_failed = !status.success();
    let failed = names_in(&artifacts)?;
    figures.crashes = failed.difference(&failed_before).count();
    must_succeed(&fuzz("cmin", minimise_arguments(target)))?;
    let kept = names_in(&corpus)?;
    figures.kept = kept.len();
    figures.new_inputs = kept.difference(&kept_before).count();
    Ok(figures)
}

/// What a target is run with.
fn run_arguments(target: &str, seconds: u32) -> Vec<String> {
    let is_decoder = DECODERS.contains(&target);
    let allocation = if is_decoder { DECODED_MEGABYTES_MAX } else { ALLOCATION_MEGABYTES_MAX };
    vec![
        target.to_owned(),
        "--".to_owned(),
        format!("-max_total_time={seconds}"),
        format!("-max_len={INPUT_BYTES_MAX}"),
        format!("-timeout={INPUT_SECS_MAX}"),
        format!("-rss_limit_mb={PROCESS_MEGABYTES_MAX}"),
        format!("-malloc_limit_mb={allocation}"),
        "-print_final_stats=1".to_owned(),
    ]
}

/// What is kept reaches every edge that was reached, the smaller input first. How often each is
/// passed is left out: that is soon found again, and would take three times the files.
fn minimise_arguments(target: &str) -> [String; 4] {
    let length = format!("-max_len={INPUT_BYTES_MAX}");
    [target.to_owned(), "--".to_owned(), "-use_counters=0".to_owned(), length]
}

/// A command of cargo-fuzz. By name, for the cargo that runs this is hardly the nightly one.
fn fuzz(command: &str, arguments: impl IntoIterator<Item = String>) -> Step {
    let arguments: Vec<String> = arguments.into_iter().collect();
    let arguments = arguments.iter().map(String::as_str);
    Step::program("cargo", ["+nightly", "fuzz", command].into_iter().chain(arguments))
}

fn install_cargo_fuzz() -> anyhow::Result<()> {
    let is_there = fuzz("--version", []).run()?.success();
    if is_there {
        Ok(())
    } else {
        must_succeed(&Step::cargo(["install", "--locked", "cargo-fuzz"]))
    }
}

fn must_succeed(step: &Step) -> anyhow::Result<()> {
    let status = step.run()?;
    ensure!(status.success(), "`{step}` failed ({status})");
    Ok(())
}

/// The names in a folder; none if it is not there.
fn names_in(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.with_context(|| format!("reading {}", folder.display()))?,
    };
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().display().to_string());
    entries.map(name).collect::<io::Result<_>>().context("reading a folder's names")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_targets_that_there_are_can_be_chosen() {
        let known = ["charts", "facts"];
        assert_eq!(chosen(&[], &known).unwrap(), known);
        assert_eq!(chosen(&["facts".to_owned()], &known).unwrap(), ["facts"]);
        let error = chosen(&["fact".to_owned()], &known).unwrap_err();
        assert_eq!(error.to_string(), "no target fact; there are charts, facts");
    }

    #[test]
    fn decoders_have_little_memory() {
        let line = |target| fuzz("run", run_arguments(target, 5)).to_string();
        let facts = line("facts");
        assert!(
            facts.starts_with("cargo +nightly fuzz run facts -- -max_total_time=5 "),
            "{facts}"
        );
        assert!(facts.contains(" -malloc_limit_mb=64 "), "{facts}");
        assert!(line("charts").contains(" -malloc_limit_mb=512 "));
        let names = names_in(&workspace_root().join("fuzz/fuzz_targets")).unwrap();
        assert!(DECODERS.iter().all(|name| names.contains(&format!("{name}.rs"))), "{names:?}");
    }
}
