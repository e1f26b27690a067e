//! Runs seeds: `cargo run -p inventory-sim --release -- --seeds 1000`. Ends with 0 only if nothing
//! happened that must never happen. `--start S --seeds 1 --trace` shows one run step by step;
//! `sweep` harms each operation of one run in its turn; `flips` alters each byte of a journal.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use inventory_sim::{Flips, Harm, Sweep, Tally, flips, run, run_cut_at};

/// Tries to break the engine, once for each seed.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    kind: Option<Kind>,
    /// How many seeds.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// Tell every step.
    #[arg(long)]
    trace: bool,
    /// Cut the power in front of this operation on files when a seed does it first.
    #[arg(long, value_name = "OPERATION")]
    cut_at: Option<String>,
    /// Stop at the first seed that goes wrong.
    #[arg(long)]
    until_violation: bool,
}

/// Other ways to try.
#[derive(Clone, Debug, clap::Subcommand)]
enum Kind {
    /// Harm each operation on files of one run, one at a time
    Sweep {
        /// Which run
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Commands of it
        #[arg(long, default_value_t = 200)]
        commands: usize,
        /// What is done: cut, fail, full or short [default: cut]
        #[arg(long, value_parser = harm_named)]
        harm: Vec<Harm>,
        /// Only at this operation
        #[arg(long)]
        at: Option<usize>,
        /// Only at every so manieth
        #[arg(long, default_value_t = 1, value_parser = at_least_one)]
        stride: usize,
    },
    /// Alter each byte of a journal, one at a time, and start
    Flips {
        /// Which journal
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Bytes of it
        #[arg(long, default_value_t = 1 << 20)]
        bytes: usize,
        /// The first byte that is altered
        #[arg(long, default_value_t = 0)]
        first: usize,
        /// Only every so manieth
        #[arg(long, default_value_t = 1, value_parser = at_least_one)]
        stride: usize,
    },
}

fn harm_named(name: &str) -> Result<Harm, String> {
    let known = Harm::ALL.into_iter().find(|harm| harm.name() == name);
    known.ok_or_else(|| "there are cut, fail, full and short".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|of| *of > 0).ok_or_else(|| "a whole number from 1 on".to_owned())
}

fn main() -> io::Result<ExitCode> {
    let (arguments, out) = (Arguments::parse(), &mut io::stdout().lock());
    let ended = match &arguments.kind {
        None => run_all(&arguments, out),
        Some(Kind::Sweep { seed, commands, harm, at, stride }) => {
            let harms = if harm.is_empty() { &[Harm::Cut][..] } else { harm };
            sweep((*seed, *commands), harms, (*at, *stride), out)
        }
        Some(Kind::Flips { seed, bytes, first, stride }) => {
            flip(*seed, *bytes, (*first, *stride), out)
        }
    };
    match ended {
        // Who has seen enough reads no more.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::FAILURE),
        ended => ended,
    }
}

fn code(violations: usize) -> ExitCode {
    if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_all(arguments: &Arguments, out: &mut impl Write) -> io::Result<ExitCode> {
    let (mut tally, mut violations) = (Tally::default(), 0);
    let started = Instant::now();
    // Behind the last seed comes the first.
    for seed in (0..arguments.seeds).map(|more| arguments.start.wrapping_add(more)) {
        let mut lines = Vec::new();
        let mut trace = |line: &str| {
            if arguments.trace {
                lines.push(line.to_owned());
            }
        };
        let ended = match &arguments.cut_at {
            Some(operation) => run_cut_at(seed, operation, &mut trace),
            None => run(seed, &mut trace),
        };
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        match ended {
            Ok(of_seed) => tally.add(&of_seed),
            Err(violation) => {
                violations += 1;
                writeln!(out, "{violation}")?;
                if arguments.until_violation {
                    break;
                }
            }
        }
    }
    let hours = tally.simulated.as_secs_f64() / 3_600.0;
    let (seeds, faults) = (tally.seeds + violations, tally.faults_in_all());
    write!(out, "{tally}")?;
    writeln!(
        out,
        "{seeds} seeds, {hours:.1} simulated hours, {faults} faults, {violations} violations \
         in {:.1?}",
        started.elapsed()
    )?;
    Ok(code(violations as usize))
}

/// The run `(seed, commands)`, at one operation or at every so manieth.
fn sweep(
    (seed, commands): (u64, usize),
    harms: &[Harm],
    (at, stride): (Option<usize>, usize),
    out: &mut impl Write,
) -> io::Result<ExitCode> {
    let started = Instant::now();
    let sweep = match Sweep::of(seed, commands) {
        Ok(sweep) => sweep,
        Err(what) => {
            writeln!(out, "seed {seed} goes wrong without any harm: {what}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let numbers: Vec<_> = match at {
        Some(at) => vec![at],
        None => (1..=sweep.operations()).step_by(stride).collect(),
    };
    let (mut runs, mut violations) = (0, 0);
    for &harm in harms {
        for harmed in numbers.iter().filter_map(|number| sweep.run(*number, harm)) {
            runs += 1;
            if let Err(violation) = harmed {
                violations += 1;
                writeln!(out, "{violation}")?;
            }
        }
    }
    let (operations, took) = (sweep.operations(), started.elapsed());
    writeln!(
        out,
        "{runs} runs of {commands} commands with {operations} operations on files, {violations} \
         violations in {took:.1?}"
    )?;
    // No runs are not a clean run.
    Ok(code(violations + usize::from(runs == 0)))
}

fn flip(
    seed: u64,
    bytes: usize,
    which: (usize, usize),
    out: &mut impl Write,
) -> io::Result<ExitCode> {
    let started = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let Flips { bytes, facts, starts, refused, cut, whole, looked_at, violations } =
        match flips(seed, bytes, which, threads) {
            Ok(flips) => flips,
            Err(what) => {
                writeln!(out, "there is no journal to alter: {what}")?;
                return Ok(ExitCode::FAILURE);
            }
        };
    violations.iter().try_for_each(|violation| writeln!(out, "{violation}"))?;
    writeln!(
        out,
        "{starts} starts of a journal of {bytes} bytes and {facts} facts: {refused} refused, {cut} \
         cut in the last group, {whole} with an unused byte altered, {looked_at} states compared, \
         {} violations in {:.1?}",
        violations.len(),
        started.elapsed()
    )?;
    Ok(code(violations.len() + usize::from(starts == 0)))
}
