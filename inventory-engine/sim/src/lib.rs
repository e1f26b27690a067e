//! A simulator that tries to break the engine: the pipeline, the journal, the snapshots and the
//! recovery as they are in production, on a disk and a clock in memory, with everything that a
//! machine leaves open decided by one seed.
//!
//! Must always hold: a seed is a run, the same each time and on every machine. Whoever sees one
//! go wrong can see it again.

mod audience;
mod auditor;
mod buyers;
mod lasting;
mod network;
mod node;
mod run;
mod tally;
mod troubles;
mod venue;

pub use run::{Flips, Harm, Harmed, Step, Sweep, Violation, flips, run, run_cut_at};
pub use tally::Tally;
pub use troubles::Operations;
