//! `cargo xtask faults`: runs the experiments, and prints what came of each. Ends with 1 if any
//! promise was broken, or an experiment could not do what it is there to do.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use faults::experiments::{ALL, Experiment, Outcome, Setting, Size, named};
use faults::limits::PRINTED_OF_A_KIND_MAX;

/// Harms real servers, and tells whether a promise was broken.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The program `holdfast`
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// The program `inventory-sim`
    #[arg(long, value_name = "FILE")]
    simulator: Option<PathBuf>,
    /// What a test command has time for, in the place of all of it
    #[arg(long)]
    quick: bool,
    /// Only this experiment; may be given again
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Decides everything that chance decides [default: another one each time]
    #[arg(long)]
    seed: Option<u64>,
    /// Say which experiments there are
    #[arg(long)]
    list: bool,
}

/// One line of the table.
struct Row {
    experiment: &'static Experiment,
    outcome: anyhow::Result<Outcome>,
    seconds: f64,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    if arguments.list {
        for Experiment { name, does, passes_when, sizes, .. } in ALL {
            writeln!(out, "{name}\n    {does}\n    passes when {passes_when}")?;
            writeln!(out, "    {}; in full {}", sizes.0, sizes.1)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let setting = Setting {
        program: arguments.program,
        simulator: arguments.simulator,
        seed,
        size: if arguments.quick { Size::Bounded } else { Size::Full },
        judges_time: true,
    };
    let mut chosen = Vec::new();
    for name in &arguments.only {
        let known = || anyhow::anyhow!("there is no experiment {name:?}; --list says which are");
        chosen.push(named(name).ok_or_else(known)?);
    }
    if chosen.is_empty() {
        chosen = ALL.iter().collect();
    }
    writeln!(out, "seed {seed}\n")?;
    let mut rows = Vec::new();
    for experiment in chosen {
        writeln!(io::stderr(), "{}: {}", experiment.name, experiment.does)?;
        let started = Instant::now();
        let outcome = block_on(experiment, &setting);
        let row = Row { experiment, outcome, seconds: started.elapsed().as_secs_f64() };
        tell(&row, &mut io::stderr())?;
        rows.push(row);
    }
    table(&rows, &mut out)?;
    let is_clean = |row: &Row| matches!(&row.outcome, Ok(outcome) if outcome.violations.is_empty());
    Ok(if rows.iter().all(is_clean) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn block_on(experiment: &Experiment, setting: &Setting) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on((experiment.run)(setting))
}

/// What was wrong: some of each kind, and how to see it again.
fn tell(row: &Row, out: &mut impl Write) -> io::Result<()> {
    let outcome = match &row.outcome {
        Ok(outcome) => outcome,
        Err(error) => return writeln!(out, "    could not be done: {error:#}"),
    };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for violation in &outcome.violations {
        let kind = violation.split(':').next().unwrap_or_default();
        let told = kinds.entry(kind).or_default();
        *told += 1;
        if *told <= PRINTED_OF_A_KIND_MAX {
            writeln!(out, "    VIOLATION {violation}")?;
        }
    }
    for (kind, count) in kinds.iter().filter(|(_, count)| **count > PRINTED_OF_A_KIND_MAX) {
        writeln!(out, "    {count} in all of {kind}")?;
    }
    if let Some(kept) = outcome.kept.as_ref().filter(|_| !outcome.violations.is_empty()) {
        writeln!(out, "    {kept}")?;
    }
    writeln!(out, "    {} runs, {} violations", outcome.runs, outcome.violations.len())
}

/// The rows as a table that can be pasted into a page.
fn table(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "| experiment | runs | violations | what was measured | seconds |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for Row { experiment, outcome, seconds } in rows {
        let (runs, violations, words) = match outcome {
            Ok(of) => (of.runs.to_string(), of.violations.len().to_string(), of.figures.join("; ")),
            Err(error) => ("-".to_owned(), "-".to_owned(), format!("could not be done: {error}")),
        };
        let name = experiment.name;
        writeln!(out, "| {name} | {runs} | {violations} | {words} | {seconds:.0} |")?;
    }
    Ok(())
}
