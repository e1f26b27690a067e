//! The experiments, one file each, and a table of them all.
//!
//! Must always hold: an experiment that could not do to its server what it is there to do fails;
//! it never passes for want of a fault.

mod clocks;
mod failing_files;
mod flipped_bytes;
mod full_disk;
mod network;
mod overload;
mod postgres;
mod power_loss;
mod projection_cost;
mod redis;
mod restart;
mod sigkill;
mod simulator;
mod stage;
mod takeover;

use std::path::PathBuf;

use futures::future::BoxFuture;

/// How much of an experiment is run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Size {
    /// What a test command has time for.
    Bounded,
    /// All of it.
    Full,
}

/// What an experiment works with.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The program `holdfast`.
    pub program: PathBuf,
    /// The program `inventory-sim`, for experiments on a simulated machine.
    pub simulator: Option<PathBuf>,
    /// Decides everything that chance decides.
    pub seed: u64,
    /// How much is done.
    pub size: Size,
    /// Whether figures of time are held against their limits: only where the machine is ours.
    pub judges_time: bool,
}

/// What came of an experiment.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How often the fault was done.
    pub runs: u64,
    /// What was wrong, each with what shows it.
    pub violations: Vec<String>,
    /// What was kept of a run with violations, and the command that shows them again, where they do
    /// not say so themselves.
    pub kept: Option<String>,
    /// What was measured, in words.
    pub figures: Vec<String>,
}

/// An experiment.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What is done.
    pub does: &'static str,
    /// When it passes.
    pub passes_when: &'static str,
    /// How much of it a test command does, and how much there is.
    pub sizes: (&'static str, &'static str),
    /// Does it.
    pub run: for<'a> fn(&'a Setting) -> BoxFuture<'a, anyhow::Result<Outcome>>,
}

/// All of them, in the order in which they are run.
pub const ALL: &[Experiment] = &[
    sigkill::EXPERIMENT,
    restart::EXPERIMENT,
    power_loss::EXPERIMENT,
    failing_files::EXPERIMENT,
    full_disk::EXPERIMENT,
    flipped_bytes::EXPERIMENT,
    clocks::EXPERIMENT,
    network::EXPERIMENT,
    postgres::EXPERIMENT,
    projection_cost::EXPERIMENT,
    takeover::EXPERIMENT,
    redis::EXPERIMENT,
    overload::EXPERIMENT,
];

/// The experiment of a name.
pub fn named(name: &str) -> Option<&'static Experiment> {
    ALL.iter().find(|experiment| experiment.name == name)
}

impl Setting {
    /// The number for a size.
    fn sized<T>(&self, bounded: T, full: T) -> T {
        match self.size {
            Size::Bounded => bounded,
            Size::Full => full,
        }
    }
}
