//! One run: a machine, one engine after the other on it, buyers who ask, listeners who look on,
//! and everything that may go wrong, moved on one step at a time by chance.

mod flips;
mod steps;
mod sweep;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use inventory_core::ids::Epoch;
use inventory_core::limits::{ENDED_HOLDS_KEPT_MAX, REQUEST_KEPT_MILLIS, REQUESTS_KEPT_MAX};
use inventory_core::state::Memory;
use inventory_core::time::Timestamp;
use inventory_engine::limits::BATCH_EXPIRIES_MAX;
use inventory_engine::recovery::RecoveryError;
use inventory_engine::snapshots::SnapshotOptions;
use persistence::disk::simulated::Chance;
use persistence::machine::{Clock, Machine, SimulatedClock};

use crate::audience::Audience;
use crate::auditor::{Auditor, Gallery};
use crate::buyers::{Buyers, Ticket};
use crate::lasting::read_all;
use crate::network::Network;
use crate::node::{JOURNAL, Node, Parcel, Setting};
use crate::tally::Tally;
use crate::troubles::Troubles;
use crate::venue::Venue;

pub use self::flips::{Flips, flips};
pub use self::steps::Step;
pub use self::sweep::{Harm, Harmed, Sweep};

/// Steps of a run, before it is brought to an end.
const STEPS: usize = 1_500;
/// Starts that may fail one behind the other, each for a fault of its own.
const STARTS_MAX: usize = 40;
const NODE_ID: u128 = 0x0190;
const STARTED_AT: Timestamp = Timestamp(1_700_000_000_000);
/// How far the wall clock may be wrong, either way.
const CLOCK_OFF_MILLIS: usize = 2 * 60 * 60 * 1_000;
/// Longer than any hold of a run lives.
const LONG: Duration = Duration::from_secs(60);

/// How seeds are run from a checkout.
const RUN: &str = "cargo run -p inventory-sim --release --";

/// Something that must never happen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// The run.
    pub seed: u64,
    /// The step of it.
    pub step: usize,
    /// What was found.
    pub what: String,
    /// In front of which operation the power was made to go.
    pub cut_at: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, step, what, cut_at } = self;
        write!(f, "seed {seed}, step {step}: {what}\n    see it again: {RUN} --start {seed}")?;
        cut_at.iter().try_for_each(|operation| write!(f, " --cut-at {operation:?}"))?;
        f.write_str(" --seeds 1 --trace")
    }
}

impl std::error::Error for Violation {}

/// Runs a seed. `trace` is told of every step.
///
/// # Errors
/// If something happened that must never happen; a panic is such a thing.
pub fn run(seed: u64, trace: &mut dyn FnMut(&str)) -> Result<Tally, Violation> {
    live(World::new(seed, trace), None)
}

/// The same, and the power goes in front of an operation on files when it is done first; its name
/// is one of [`Tally::operations`].
///
/// # Errors
/// The same.
pub fn run_cut_at(
    seed: u64,
    operation: &str,
    trace: &mut dyn FnMut(&str),
) -> Result<Tally, Violation> {
    let world = World::new(seed, trace);
    world.troubles.order_power_cut(operation);
    live(world, Some(operation))
}

fn live(mut world: World<'_>, cut_at: Option<&str>) -> Result<Tally, Violation> {
    let lived = catch_unwind(AssertUnwindSafe(|| world.live()));
    let lived = lived.unwrap_or_else(|panic| Err(format!("a panic: {}", words_of(&*panic))));
    match lived {
        Ok(()) => Ok(world.counted()),
        Err(what) => {
            let (seed, step, cut_at) = (world.seed, world.step, cut_at.map(str::to_owned));
            Err(Violation { seed, step, what, cut_at })
        }
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

struct World<'a> {
    seed: u64,
    trace: &'a mut dyn FnMut(&str),
    chance: Chance,
    troubles: Troubles,
    clock: SimulatedClock,
    machine: Machine,
    setting: Setting,
    venue: Venue,
    node: Option<Node>,
    /// The engine's time when it started, and how long the machine had been up.
    anchor: (Timestamp, Duration),
    buyers: Buyers,
    network: Network,
    /// What is in each parcel that came in.
    parcels: Vec<Ticket>,
    audience: Audience,
    auditor: Auditor,
    /// Of the last engine that started.
    epoch: Epoch,
    gallery: Gallery,
    tally: Tally,
    step: usize,
    /// Until which step the disk takes nothing.
    slow_until: usize,
    /// What is asked for, counted.
    asked: usize,
    /// Nothing goes wrong but what is ordered, and so much is asked for.
    calm: Option<usize>,
}

impl<'a> World<'a> {
    fn new(seed: u64, trace: &'a mut dyn FnMut(&str)) -> Self {
        let mut chance = Chance::of(seed, 0);
        let clock = SimulatedClock::new(STARTED_AT);
        let troubles = Troubles::new(seed, clock.clone());
        let setting = setting(&mut chance);
        let venue = Venue::new();
        Self {
            seed,
            trace,
            chance,
            machine: Machine::simulated(troubles.disk.clone(), clock.clone(), NODE_ID),
            troubles,
            clock,
            setting,
            node: None,
            anchor: (STARTED_AT, Duration::ZERO),
            buyers: Buyers::new(venue.clone(), seed),
            network: Network::new(seed),
            parcels: Vec::new(),
            audience: Audience::new(seed),
            auditor: Auditor::new(venue.clone(), setting),
            epoch: Epoch(0),
            gallery: Gallery::default(),
            venue,
            tally: Tally { seeds: 1, ..Tally::default() },
            step: 0,
            slow_until: 0,
            asked: 0,
            calm: None,
        }
    }

    fn live(&mut self) -> Result<(), String> {
        self.start()?;
        self.sell()?;
        self.end()
    }

    fn sell(&mut self) -> Result<(), String> {
        let is_over = |world: &Self| match world.calm {
            Some(commands) => world.asked >= commands,
            None => world.step >= STEPS,
        };
        while !is_over(self) {
            self.step += 1;
            self.act()?;
        }
        Ok(())
    }

    fn counted(mut self) -> Tally {
        self.tally.simulated = self.clock.since_boot();
        self.tally.operations = self.troubles.operations();
        self.tally
    }

    fn say(&mut self, words: impl AsRef<str>) {
        (self.trace)(words.as_ref());
    }

    fn node(&mut self) -> Result<&mut Node, String> {
        self.node.as_mut().ok_or_else(|| "no engine runs".to_owned())
    }

    fn ticket(&self, parcel: Parcel) -> Ticket {
        self.parcels[parcel as usize]
    }

    /// The engine is gone in the middle of whatever it did, and the next one starts.
    fn crash(&mut self) -> Result<(), String> {
        self.troubles.settle(&mut self.tally);
        self.go_down();
        self.start()
    }

    /// The power goes, and comes back on what is left.
    fn go_down(&mut self) {
        let cut = self.troubles.cut_power(&mut self.chance);
        self.node = None;
        self.audience.fall_silent();
        self.network.break_off(&mut self.tally);
        self.say(format!("{cut:?}"));
        if self.calm.is_none() && self.chance.once_in(8) {
            self.harm_what_is_written();
        }
        let disk = self.troubles.disk.clone();
        self.machine = Machine::simulated(disk, self.clock.clone(), NODE_ID);
        self.set_clock();
        self.tally.fault("wrong clock at a start");
    }

    /// What was written last and is durable for sure is damaged while no engine runs.
    fn harm_what_is_written(&mut self) {
        if let Some(said) = self.troubles.harm_written(&mut self.chance) {
            self.tally.fault("durable end of the journal damaged");
            self.say(said);
        }
    }

    /// Somebody sets the wall clock, right or wrong.
    fn set_clock(&mut self) {
        let off = self.chance.below(2 * CLOCK_OFF_MILLIS) as u64;
        let right = STARTED_AT.0 + self.clock.since_boot().as_millis() as u64;
        self.clock.set_wall(Timestamp(right + off - CLOCK_OFF_MILLIS as u64));
    }

    /// Starts until a start succeeds. Only what was done to it may keep one from succeeding.
    fn start(&mut self) -> Result<(), String> {
        for _ in 0..STARTS_MAX {
            let is_first = self.auditor.is_new();
            if self.calm.is_none() && self.chance.once_in(if is_first { 2 } else { 5 }) {
                let prepared = self.troubles.prepare(&mut self.chance);
                self.say(prepared);
            }
            match self.try_start()? {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    self.troubles.settle(&mut self.tally);
                    self.troubles.free();
                }
                Err(error) => {
                    let has_struck = self.troubles.settle(&mut self.tally);
                    // Of two snapshots that stand for what is gone, one may be lost.
                    let only_a_snapshot = self.troubles.is_only_a_snapshot_rotten();
                    let was_rotten = self.troubles.heal();
                    self.say(format!("a start failed: {error}"));
                    if !has_struck && (!was_rotten || only_a_snapshot) {
                        return Err(format!("a start failed: {error}"));
                    }
                    let because = if was_rotten { "rotten bits" } else { "faults" };
                    self.tally.worked(&format!("starts that failed for {because}"), 1);
                }
            }
            self.go_down();
        }
        Err("no start succeeds any more".to_owned())
    }

    /// False if the disk failed when the chart was stored.
    fn try_start(&mut self) -> Result<Result<bool, RecoveryError>, String> {
        let was_rotten = self.troubles.has_rotten();
        let (mut checked, auditor, gallery) = (Ok(0), &mut self.auditor, &mut self.gallery);
        let (troubles, memory) = (&mut self.troubles, self.setting.memory);
        let started = Node::start(&self.machine, self.setting, |shards| {
            checked = auditor.started(shards, gallery).and_then(|facts| {
                troubles.heal();
                read_all(&troubles.disk, memory, shards, auditor)?;
                Ok(facts)
            });
        });
        let node = match started {
            Ok(node) => node,
            Err(error) => return Ok(Err(error)),
        };
        let facts = checked?;
        self.say(format!("started with {facts} facts at {}", node.now()));
        self.tally.worked("starts", 1);
        self.anchor = (node.now(), self.clock.since_boot());
        if node.now() < self.auditor.last_at() {
            return Err(format!("time goes on from {}, before the last fact", node.now()));
        }
        if node.epoch() <= self.epoch {
            return Err(format!("epoch {} follows {}", node.epoch(), self.epoch));
        }
        self.epoch = node.epoch();
        if let Some(useless) = node.useless_snapshots.first().filter(|_| !was_rotten) {
            return Err(format!("snapshot {useless} is of no use, and nothing was done to it"));
        }
        // The chart is on the disk before anything names it.
        let has_chart = node.put_chart(&self.venue);
        self.node = Some(node);
        Ok(Ok(has_chart))
    }

    /// No more faults: everything is answered, every hold runs out, and all of it is there.
    fn end(&mut self) -> Result<(), String> {
        self.troubles.free();
        self.troubles.let_syncs_take(Duration::ZERO);
        self.crash()?;
        self.troubles.settle(&mut self.tally);
        self.troubles.free();
        for _ in 0..10 * STEPS {
            if self.buyers.are_content() && self.node()?.is_idle() && self.network.is_empty() {
                break;
            }
            self.ask_again();
            self.receive();
            self.settle_down()?;
            // What could not be had is tried again after a while.
            self.clock.pass(Duration::from_millis(100));
        }
        if !self.buyers.are_content() {
            return Err("somebody is never answered".to_owned());
        }
        self.clock.pass(LONG);
        while self.auditor.earliest_deadline().is_some() {
            let before = self.auditor.earliest_deadline();
            self.settle_down()?;
            if self.auditor.earliest_deadline() == before {
                return Err(format!("a hold is kept for ever: {before:?}"));
            }
        }
        let owed_bytes = self.node()?.owed_bytes();
        if owed_bytes > 0 {
            return Err(format!("{owed_bytes} bytes are kept for holds, and there are none"));
        }
        if !self.auditor.is_content() {
            return Err("something is never answered".to_owned());
        }
        self.listen()?;
        self.crash()
    }

    /// All that the engine does by itself, until it rests.
    fn settle_down(&mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            if !self.machine.steps().is_some_and(|steps| steps.step()) {
                break;
            }
        }
        self.node()?.report_room(0);
        self.turn()?;
        for _ in 0..STEPS {
            if self.node()?.is_idle() {
                return Ok(());
            }
            self.turn()?;
            self.append()?;
            self.hear_of_durable()?;
        }
        Err("the engine never comes to rest".to_owned())
    }
}

/// How the engines of a run are set: some remember little, some keep no history.
fn setting(chance: &mut Chance) -> Setting {
    let memory = match chance.below(3) {
        0 => Memory::default(),
        _ => Memory {
            requests_max: some(chance, 60, REQUESTS_KEPT_MAX),
            request_millis: some(chance, 30_000, REQUEST_KEPT_MILLIS as usize) as u64,
            ended_holds_max: some(chance, 40, ENDED_HOLDS_KEPT_MAX),
        },
    };
    let mut snapshots = SnapshotOptions { after_segments: 1, ..SnapshotOptions::default() };
    if chance.once_in(2) {
        snapshots.history_retention = Duration::ZERO;
    }
    let expiries_max = some(chance, 3, BATCH_EXPIRIES_MAX);
    Setting { memory, snapshots, expiries_max, journal: JOURNAL }
}

/// Few, or as many as everywhere.
fn some(chance: &mut Chance, few: usize, all: usize) -> usize {
    if chance.once_in(4) { all } else { 1 + chance.below(few) }
}
