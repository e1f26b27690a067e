//! What happened in runs, counted: a simulation in which something never happens proves nothing
//! of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::run::Step;
use crate::troubles::Operations;

/// Counts of one run, or of many.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Runs.
    pub seeds: u64,
    /// Time that passed in them.
    pub simulated: Duration,
    /// What was done, now or when it was asked for first, by the words of changes.
    pub accepted: BTreeMap<&'static str, u64>,
    /// What was not done, by the words of rejections and failures.
    pub refused: BTreeMap<&'static str, u64>,
    /// What was done to the engine, by its name.
    pub faults: BTreeMap<&'static str, u64>,
    /// What the engine did by itself, by its name.
    pub work: BTreeMap<String, u64>,
    /// Power cuts behind each step of the engine, by its name.
    pub cuts_behind: BTreeMap<&'static str, u64>,
    /// What was done to files, by operation and kind of file.
    pub operations: BTreeMap<String, Operations>,
}

impl Tally {
    pub(crate) fn accepted(&mut self, what: &'static str) {
        *self.accepted.entry(what).or_default() += 1;
    }

    pub(crate) fn refused(&mut self, what: &'static str) {
        *self.refused.entry(what).or_default() += 1;
    }

    pub(crate) fn fault(&mut self, what: &'static str) {
        *self.faults.entry(what).or_default() += 1;
    }

    pub(crate) fn worked(&mut self, what: &str, times: u64) {
        *self.work.entry(what.to_owned()).or_default() += times;
    }

    pub(crate) fn crashed(&mut self, behind: Step) {
        *self.cuts_behind.entry(behind.name()).or_default() += 1;
    }

    /// Adds the counts of other runs.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.simulated += other.simulated;
        for (to, from) in [
            (&mut self.accepted, &other.accepted),
            (&mut self.refused, &other.refused),
            (&mut self.faults, &other.faults),
            (&mut self.cuts_behind, &other.cuts_behind),
        ] {
            for (what, count) in from {
                *to.entry(what).or_default() += count;
            }
        }
        for (what, count) in &other.work {
            self.worked(what, *count);
        }
        for (what, seen) in &other.operations {
            let operations = self.operations.entry(what.clone()).or_default();
            operations.done += seen.done;
            operations.cut += seen.cut;
            operations.failed += seen.failed;
        }
    }

    /// Everything that was done to the engine.
    pub fn faults_in_all(&self) -> u64 {
        self.faults.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, counts) in [
            ("accepted", &self.accepted),
            ("refused", &self.refused),
            ("faults", &self.faults),
            ("power cuts behind", &self.cuts_behind),
        ] {
            writeln!(f, "{title}:")?;
            counts.iter().try_for_each(|(what, count)| writeln!(f, "  {count:>10}  {what}"))?;
        }
        writeln!(f, "work:")?;
        self.work.iter().try_for_each(|(what, count)| writeln!(f, "  {count:>10}  {what}"))?;
        writeln!(f, "operations:  done, cut, failed")?;
        for (what, Operations { done, cut, failed }) in &self.operations {
            writeln!(f, "  {done:>10} {cut:>8} {failed:>8}  {what}")?;
        }
        Ok(())
    }
}
