//! Runs seeds: `cargo run -p inventory-sim --release -- --seeds 1000`. Ends with 0 only if nothing
//! happened that must never happen. `--start S --seeds 1 --trace` shows one run step by step.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use inventory_sim::{Tally, run, run_cut_at};

/// Tries to break the engine, once for each seed.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
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

fn main() -> io::Result<ExitCode> {
    match run_all(&Arguments::parse(), &mut io::stdout().lock()) {
        // Who has seen enough reads no more.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::FAILURE),
        ended => ended,
    }
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
    Ok(if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
