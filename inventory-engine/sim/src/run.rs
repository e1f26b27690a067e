//! One run: a machine, one engine after the other on it, buyers who ask, and everything that may
//! go wrong, moved on one step at a time by chance.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use inventory_core::time::Timestamp;
use inventory_engine::answer::{Answer, Failure};
use inventory_engine::recovery::RecoveryError;
use inventory_engine::snapshots::SnapshotOptions;
use persistence::disk::simulated::{Chance, Fault, Kind, Order, PowerCut, SimulatedDisk};
use persistence::machine::{Machine, SimulatedClock};

use crate::buyers::Buyers;
use crate::node::{Node, Out, Synced, Ticket};
use crate::record::Record;
use crate::tally::Tally;
use crate::venue::Venue;

/// Steps of a run, before it is brought to an end.
const STEPS: usize = 600;
/// Starts that may fail one behind the other, each for a fault of its own.
const STARTS_MAX: usize = 40;
/// The disk, large enough that it is never full.
const CAPACITY_BYTES: u64 = 64 << 20;
const NODE_ID: u128 = 0x0190;
const STARTED_AT: Timestamp = Timestamp(1_700_000_000_000);
/// How far the wall clock may be wrong, either way, when an engine starts.
const CLOCK_OFF_MILLIS: usize = 2 * 60 * 60 * 1_000;
/// Longer than any hold of a run lives.
const LONG_MILLIS: u64 = 60_000;

/// Something that must never happen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// The run.
    pub seed: u64,
    /// The step of it.
    pub step: usize,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, step {}: {}", self.seed, self.step, self.what)
    }
}

impl std::error::Error for Violation {}

/// Runs a seed. `trace` is told of every step.
///
/// # Errors
/// If something happened that must never happen.
pub fn run(seed: u64, trace: &mut dyn FnMut(&str)) -> Result<Tally, Violation> {
    let mut world = World::new(seed, trace);
    match world.live() {
        Ok(()) => Ok(world.tally),
        Err(what) => Err(Violation { seed, step: world.step, what }),
    }
}

struct World<'a> {
    trace: &'a mut dyn FnMut(&str),
    chance: Chance,
    disk: SimulatedDisk,
    clock: SimulatedClock,
    machine: Machine,
    node: Option<Node>,
    venue: Venue,
    buyers: Buyers,
    record: Record,
    tally: Tally,
    step: usize,
    /// What is to go wrong next, and whether it has.
    prepared: Option<(&'static str, Arc<AtomicBool>)>,
    /// Real time since the beginning, which nobody in the engine sees.
    true_millis: u64,
}

impl<'a> World<'a> {
    fn new(seed: u64, trace: &'a mut dyn FnMut(&str)) -> Self {
        let disk = SimulatedDisk::new(CAPACITY_BYTES, seed);
        let clock = SimulatedClock::new(STARTED_AT);
        let venue = Venue::new();
        Self {
            trace,
            chance: Chance::of(seed, 0),
            machine: Machine::simulated(disk.clone(), clock.clone(), NODE_ID),
            disk,
            clock,
            node: None,
            buyers: Buyers::new(venue.clone(), seed),
            venue,
            record: Record::default(),
            tally: Tally { seeds: 1, ..Tally::default() },
            step: 0,
            prepared: None,
            true_millis: 0,
        }
    }

    fn live(&mut self) -> Result<(), String> {
        self.start()?;
        while self.step < STEPS {
            self.step += 1;
            self.act()?;
        }
        self.end()
    }

    fn act(&mut self) -> Result<(), String> {
        match self.chance.below(100) {
            0..=33 => self.ask(),
            34..=36 => self.ask_again(),
            37..=55 => self.turn()?,
            56..=76 => self.sync()?,
            77..=83 => self.pass_time(),
            84..=90 => self.work_beside()?,
            91..=94 => self.look_after()?,
            95..=96 => self.prepare_fault(),
            97 => {
                self.tally.fault("power cut between two steps");
                self.crash()?;
            }
            _ => self.ask_again(),
        }
        Ok(())
    }

    fn node(&mut self) -> Result<&mut Node, String> {
        self.node.as_mut().ok_or_else(|| "no engine runs".to_owned())
    }

    fn ask(&mut self) {
        let Some(node) = &mut self.node else { return };
        let ticket = self.buyers.next(node.now(self.true_millis));
        self.put(ticket);
        if self.chance.once_in(12) {
            self.tally.fault("request duplicated");
            self.put(ticket);
        }
    }

    fn ask_again(&mut self) {
        if let Some(ticket) = self.buyers.again() {
            self.tally.fault("request sent again");
            self.put(ticket);
        }
    }

    fn put(&mut self, ticket: Ticket) {
        let ask = self.buyers.ask(ticket);
        (self.trace)(&format!("{} asks {:?}", ticket, self.buyers.request(ticket).command.verb));
        if let Some(node) = &mut self.node {
            node.put(ask, ticket);
        }
    }

    fn turn(&mut self) -> Result<(), String> {
        let (asks_max, millis) = (1 + self.chance.below(12), self.true_millis);
        let (expired, out) = self.node()?.turn(asks_max, millis);
        (self.trace)(&format!("a turn, {expired} expired"));
        self.tally.worked("holds expired", expired as u64);
        self.deliver(out)
    }

    fn sync(&mut self) -> Result<(), String> {
        let turns_max = 1 + self.chance.below(3);
        match self.node()?.sync(turns_max) {
            Synced::Nothing => Ok(()),
            Synced::Durable(ends, out) => {
                (self.trace)(&format!("durable {ends:?}"));
                self.tally.worked("appends", 1);
                ends.into_iter().for_each(|(shard, lsn)| self.record.durable(shard, lsn));
                self.deliver(out)
            }
            Synced::Failed(cause) => {
                (self.trace)(&format!("the journal failed: {cause}"));
                self.tally.worked("journals that failed", 1);
                self.crash()
            }
        }
    }

    fn deliver(&mut self, out: Vec<Out>) -> Result<(), String> {
        for out in out {
            (self.trace)(&format!("{out:?}"));
            match out {
                Out::Shown(shard, lsn) => self.record.shown(shard, lsn)?,
                Out::Answered(ticket, answer) => self.hear(ticket, &answer)?,
                Out::Failed(failure) => self.tally.refused(word_of(&failure)),
            }
        }
        Ok(())
    }

    fn hear(&mut self, ticket: Ticket, answer: &Answer) -> Result<(), String> {
        match answer {
            Answer::Accepted(accepted) => {
                self.tally.accepted(accepted.fact.change.name());
                let command = self.buyers.request(ticket).command.clone();
                self.record.accepted(&command, &accepted.fact, accepted.is_repeat)?;
                self.buyers.hear(ticket, Some(&accepted.fact));
            }
            Answer::Refused(refusal) => {
                let code = refusal.rejection.code.name();
                self.tally.refused(code);
                self.record.refused(&self.buyers.request(ticket).command, code)?;
                self.buyers.hear(ticket, None);
            }
            Answer::Hold(_) | Answer::Verified(_) => {}
        }
        Ok(())
    }

    fn pass_time(&mut self) {
        let millis = match self.chance.below(8) {
            0 => self.chance.below(5_000),
            _ => self.chance.below(300),
        };
        self.pass(millis as u64);
    }

    fn pass(&mut self, millis: u64) {
        self.true_millis += millis;
        self.clock.pass(Duration::from_millis(millis));
        self.tally.simulated += Duration::from_millis(millis);
    }

    /// One step of what is made ahead of use, and a look at what there is.
    fn work_beside(&mut self) -> Result<(), String> {
        let has_worked = self.machine.steps().is_some_and(|steps| steps.step());
        self.tally.worked("steps beside", u64::from(has_worked));
        self.node()?.room();
        Ok(())
    }

    fn look_after(&mut self) -> Result<(), String> {
        match self.node()?.look_after() {
            Ok((has_made, compressed)) => {
                self.tally.worked("snapshots", u64::from(has_made));
                self.tally.worked("segments compressed", compressed);
            }
            Err(why) => {
                (self.trace)(&format!("no snapshot: {why}"));
                self.tally.worked("snapshots that failed", 1);
            }
        }
        Ok(())
    }

    /// Something will go wrong at one of the next operations that change a file.
    fn prepare_fault(&mut self) {
        let mut left = 1 + self.chance.below(30);
        let (name, fault) = match self.chance.below(3) {
            0 => ("failed sync", Fault::Fail(std::io::ErrorKind::Other)),
            _ => ("power cut within a step", Fault::PowerCut),
        };
        (self.trace)(&format!("{name} in {left} operations"));
        self.settle_fault();
        let has_struck = Arc::new(AtomicBool::new(false));
        self.prepared = Some((name, Arc::clone(&has_struck)));
        self.disk.watch(move |_, operation| {
            let counts = match fault {
                Fault::PowerCut => operation.kind.changes(),
                _ => operation.kind == Kind::Sync,
            };
            left = left.checked_sub(usize::from(counts))?;
            (counts && left == 0).then(|| {
                has_struck.store(true, Ordering::Relaxed);
                fault
            })
        });
    }

    /// Counts what was prepared if it has struck, and says whether it has.
    fn settle_fault(&mut self) -> bool {
        let Some((name, has_struck)) = self.prepared.take() else { return false };
        let has_struck = has_struck.load(Ordering::Relaxed);
        if has_struck {
            self.tally.fault(name);
        }
        has_struck
    }

    /// The engine is gone in the middle of whatever it did, and the next one starts.
    fn crash(&mut self) -> Result<(), String> {
        self.settle_fault();
        self.go_down();
        self.start()
    }

    /// The power goes, and comes back on what is left.
    fn go_down(&mut self) {
        self.disk.unwatch();
        self.disk.cut_power();
        if let Some(node) = self.node.take() {
            let waiting = node.abandon();
            (self.trace)(&format!("nobody knows what became of {waiting:?}"));
        }
        let seed = self.chance.next();
        let cut = match self.chance.below(6) {
            0 => PowerCut::HARSH,
            1 => PowerCut::MILD,
            2 => PowerCut::by_chance(Order::Any, seed),
            _ => PowerCut::by_chance(Order::AsDone, seed),
        };
        (self.trace)(&format!("{cut:?}"));
        self.disk = self.disk.after(cut);
        let clock = self.clock.clone();
        self.machine = Machine::simulated(self.disk.clone(), clock, NODE_ID);
    }

    /// Starts until a start succeeds. Only what was done to it may keep one from succeeding.
    fn start(&mut self) -> Result<(), String> {
        for _ in 0..STARTS_MAX {
            if self.chance.once_in(5) {
                self.prepare_fault();
            }
            match self.try_start()? {
                Ok(()) => return Ok(()),
                Err(error) if self.settle_fault() => {
                    (self.trace)(&format!("a start failed: {error}"));
                    self.tally.worked("starts that failed", 1);
                    self.go_down();
                }
                Err(error) => return Err(format!("a start failed: {error}")),
            }
        }
        Err("no start succeeds any more".to_owned())
    }

    fn try_start(&mut self) -> Result<Result<(), RecoveryError>, String> {
        let off = self.chance.below(2 * CLOCK_OFF_MILLIS) as u64;
        let wall = STARTED_AT.0 + self.true_millis + off - CLOCK_OFF_MILLIS as u64;
        let snapshots = SnapshotOptions { after_segments: 1, ..SnapshotOptions::default() };
        let (mut checked, record, disk) = (Ok(0), &mut self.record, self.disk.clone());
        let started =
            Node::start(&self.machine, (Timestamp(wall), self.true_millis), snapshots, |shards| {
                checked = record.check_start(shards, &disk)
            });
        let node = match started {
            Ok(node) => node,
            Err(error) => return Ok(Err(error)),
        };
        let facts = checked?;
        (self.trace)(&format!("started with {facts} facts, the wall clock at {wall}"));
        self.tally.worked("starts", 1);
        // The chart is on the disk before anything names it; a disk that fails now ends this life.
        let has_chart = node.put_chart(&self.venue.document);
        self.node = Some(node);
        if !has_chart {
            return self.crash().map(Ok);
        }
        Ok(Ok(()))
    }

    /// No more faults: everything is answered, every hold runs out, and all of it is there.
    fn end(&mut self) -> Result<(), String> {
        self.crash()?;
        self.disk.unwatch();
        self.prepared = None;
        for _ in 0..10 * STEPS {
            if self.buyers.are_content() && self.node()?.is_idle() {
                break;
            }
            self.ask_again();
            self.turn()?;
            self.sync()?;
        }
        if !self.buyers.are_content() {
            return Err("somebody is never answered".to_owned());
        }
        self.pass(LONG_MILLIS);
        while self.node()?.earliest_deadline().is_some() {
            let (before, millis) = (self.node()?.earliest_deadline(), self.true_millis);
            self.turn()?;
            while !self.node()?.is_idle() {
                self.sync()?;
            }
            if self.node()?.earliest_deadline() == before {
                return Err(format!("a hold is kept for ever: {before:?} at {millis}"));
            }
        }
        self.crash()
    }
}

fn word_of(failure: &Failure) -> &'static str {
    match failure {
        Failure::Invalid(_) => "invalid",
        Failure::Overloaded { .. } => "overloaded",
        Failure::StorageShort { .. } => "storage_short",
        Failure::DeadlineExceeded => "deadline_exceeded",
        Failure::Unknown => "unknown",
        Failure::ShuttingDown => "shutting_down",
    }
}
