//! A run in which nothing goes wrong but one thing: at one operation on files, each of them in its
//! turn, the power goes, or the operation fails, finds the disk full, or does half of its work.

use std::fmt;
use std::io::ErrorKind;

use persistence::disk::simulated::{Fault, Kind};

use super::{RUN, World, live};
use crate::tally::Tally;

/// What goes wrong at an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Harm {
    /// The power goes in front of it.
    Cut,
    /// It fails. Of a sync, chance decides what reaches the disk; what does not never will.
    Fail,
    /// There is no space for it.
    Full,
    /// Half of a write is written, and then there is no space.
    Short,
}

impl Harm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cut, Self::Fail, Self::Full, Self::Short];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Fail => "fail",
            Self::Full => "full",
            Self::Short => "short",
        }
    }

    /// What a disk does then; `None` where it cannot happen.
    fn fault(self, kind: Kind) -> Option<Fault> {
        match (self, kind) {
            (Self::Cut, _) => Some(Fault::PowerCut),
            (Self::Fail, _) => Some(Fault::Fail(ErrorKind::Other)),
            (Self::Full, Kind::Write(_) | Kind::Allocate | Kind::SetLength) => {
                Some(Fault::Fail(ErrorKind::StorageFull))
            }
            (Self::Short, Kind::Write(bytes)) => {
                Some(Fault::Short { bytes: bytes / 2, kind: ErrorKind::StorageFull })
            }
            (Self::Full | Self::Short, _) => None,
        }
    }
}

/// A run of so many commands, which is the same each time.
#[derive(Clone, Debug)]
pub struct Sweep {
    seed: u64,
    commands: usize,
    operations: Vec<(String, Kind)>,
}

/// A promise that was broken, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Harmed {
    seed: u64,
    commands: usize,
    number: usize,
    operation: String,
    harm: Harm,
    what: String,
}

impl fmt::Display for Harmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, commands, number, operation, harm, what } = self;
        let harm = harm.name();
        write!(
            f,
            "operation {number} ({operation}), {harm}: {what}\n    see it again: {RUN} sweep \
             --seed {seed} --commands {commands} --harm {harm} --at {number}"
        )
    }
}

impl std::error::Error for Harmed {}

impl Sweep {
    /// A run in which nothing goes wrong, up to its last command; all that it does to files is
    /// known then.
    ///
    /// # Errors
    /// If a promise is broken without any harm.
    pub fn of(seed: u64, commands: usize) -> Result<Self, String> {
        let mut trace = |_: &str| ();
        let mut world = World::new(seed, &mut trace);
        world.calm = Some(commands);
        world.start()?;
        world.sell()?;
        Ok(Self { seed, commands, operations: world.troubles.end_order() })
    }

    /// How many operations on files change something.
    pub fn operations(&self) -> usize {
        self.operations.len()
    }

    /// The same run with harm at one operation, counted from 1, and everything that follows: a
    /// start, answers to all, the end of every hold. `None` where that harm cannot be done.
    ///
    /// # Errors
    /// If a promise is broken.
    pub fn run(&self, number: usize, harm: Harm) -> Option<Result<Tally, Harmed>> {
        let (operation, kind) = self.operations.get(number.checked_sub(1)?)?;
        let fault = harm.fault(*kind)?;
        let mut trace = |_: &str| ();
        let mut world = World::new(self.seed, &mut trace);
        world.calm = Some(self.commands);
        world.troubles.order_at(number, fault);
        let harmed = |what| Harmed {
            seed: self.seed,
            commands: self.commands,
            number,
            operation: operation.clone(),
            harm,
            what,
        };
        let tally = match live(world, None) {
            Ok(tally) => tally,
            Err(violation) => return Some(Err(harmed(violation.what))),
        };
        let seen = tally.operations.get(operation).copied().unwrap_or_default();
        let is_done = seen.cut + seen.failed > 0;
        Some(is_done.then_some(tally).ok_or_else(|| harmed("it was never done".to_owned())))
    }
}
