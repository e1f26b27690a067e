//! Runs seeds: `cargo run -p inventory-sim --release -- --seeds 1000`. Ends with 0 only if nothing
//! happened that must never happen. `--start S --seeds 1 --trace` shows one run step by step.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use inventory_sim::{Tally, run};

/// Tries to break the engine, once for each seed.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// Tell every step.
    #[arg(long)]
    trace: bool,
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
    for seed in arguments.start..arguments.start.saturating_add(arguments.seeds) {
        let mut lines = Vec::new();
        let mut trace = |line: &str| {
            if arguments.trace {
                lines.push(line.to_owned());
            }
        };
        let ended = run(seed, &mut trace);
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        match ended {
            Ok(of_seed) => tally.add(&of_seed),
            Err(violation) => {
                violations += 1;
                let again = format!("--start {seed} --seeds 1 --trace");
                writeln!(out, "{violation}\n    see it again: inventory-sim {again}")?;
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
