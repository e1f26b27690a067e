//! A life of a data directory in which everything happens that ever does: it is made, filled over
//! several segments, snapshots are taken, segments are compressed and removed for good, and it is
//! closed and opened again.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inventory_core::ids::ShardId;
use inventory_core::limits::SHARDS;
use inventory_core::state::ShardState;
use inventory_core::time::Timestamp;

use super::restart::restart;
use crate::batch::Batch;
use crate::disk::simulated::SimulatedDisk;
use crate::file::archive::Archive;
use crate::file::sealed::SealedReader;
use crate::file::{FileJournal, JournalShare, Options, Position};
use crate::journal::{Append, Journal};
use crate::machine::{Machine, SimulatedClock};
use crate::snapshot::Known;
use crate::testing::Writer;

pub(super) const OPTIONS: Options = Options { segment_bytes: 2_048 };
pub(super) const DATA_DIR: &str = "/srv/data";
pub(super) const CHART: &[u8] = b"{\"seats\":\"many\"}";
const DAY: Duration = Duration::from_hours(24);
const RETENTION: Duration = Duration::from_hours(24 * 90);

/// What somebody outside knows of a life.
#[derive(Clone, Default)]
pub(super) struct Record(Arc<Mutex<Told>>);

/// What was handed to the journal, and what it answered.
#[derive(Clone, Default)]
pub(super) struct Told {
    /// All batches, in order.
    pub(super) submitted: Vec<Batch>,
    /// How many of them were acknowledged.
    pub(super) acknowledged: usize,
    pub(super) has_chart: bool,
    /// Whether history may have been removed for good.
    pub(super) may_be_pruned: bool,
    /// Segments that were put away.
    pub(super) compressed: u64,
    pub(super) removed: u64,
}

impl Record {
    pub(super) fn told(&self) -> Told {
        self.0.lock().unwrap().clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Told) -> T) -> T {
        work(&mut self.0.lock().unwrap())
    }
}

/// A machine on a disk. Its clock can be moved.
pub(super) fn machine(disk: &SimulatedDisk) -> (Machine, SimulatedClock) {
    let clock = SimulatedClock::new(Timestamp(1_700_000_000_000));
    (Machine::simulated(disk.clone(), clock.clone(), 0x0190), clock)
}

/// Lives on a disk until something fails.
pub(super) fn live(disk: &SimulatedDisk, record: &Record) -> Result<(), Box<dyn Error>> {
    let (machine, clock) = machine(disk);
    let mut life = Life::begin(&machine, record)?;
    life.share.paths.charts().put(CHART)?;
    record.with(|told| told.has_chart = true);
    life.append(&[&[1, 2, 7], &[1], &[2, 7], &[1, 2, 7], &[1, 2, 7], &[3, 4], &[1, 2, 7]])?;
    life.snapshot()?;
    life.append(&[&[1, 2, 7], &[9], &[1, 2, 7], &[2]])?;
    life.snapshot()?;
    life.put_away(&clock)?;
    // A group that is longer than a segment.
    let long: Vec<u16> = (0..12).collect();
    life.append(&[&long, &[1, 2, 7]])?;
    drop(life);

    let mut life = Life::begin(&machine, record)?;
    life.append(&[&[1], &[1, 2, 7], &[2, 7]])?;
    life.snapshot()?;
    clock.pass(100 * DAY);
    record.with(|told| told.may_be_pruned = true);
    life.put_away(&clock)?;
    life.append(&[&[1, 2, 7], &[1, 2, 7]])?;
    Ok(())
}

/// A journal, and what is done beside it.
struct Life {
    machine: Machine,
    record: Record,
    writer: Writer,
    share: JournalShare,
    archive: Archive,
    known: Known,
    journal: FileJournal,
}

impl Life {
    fn begin(machine: &Machine, record: &Record) -> Result<Self, Box<dyn Error>> {
        let journal = restart(machine)?.journal;
        let share = journal.share();
        let archive =
            Archive::new(&share.paths, share.lock.clone(), RETENTION, share.floor.clone());
        let known = Known::new(share.paths.snapshots(), []);
        let writer = record.with(|told| Writer::behind(&told.submitted));
        let (machine, record) = (machine.clone(), record.clone());
        Ok(Self { machine, record, writer, share, archive, known, journal })
    }

    fn append(&mut self, groups: &[&[u16]]) -> Result<(), Box<dyn Error>> {
        for (shards, number) in groups.iter().zip(1..) {
            let group = self.writer.group(self.journal.epoch(), shards);
            self.record.with(|told| told.submitted.extend(group.iter().cloned()));
            match self.journal.append(&group) {
                Append::Durable => {}
                answer => return Err(format!("{answer:?}").into()),
            }
            self.record.with(|told| told.acknowledged = told.submitted.len());
            self.journal.room();
            // Sometimes the next segment is ready early, sometimes it is waited for.
            if number % 2 == 0 {
                self.machine.steps().map(|steps| steps.step());
            }
        }
        Ok(())
    }

    /// A snapshot in front of the segment that is written, of states that nobody lived.
    fn snapshot(&mut self) -> Result<(), Box<dyn Error>> {
        let snapshots = self.share.paths.snapshots();
        let base = match self.known.usable()?.first() {
            Some(number) => snapshots.open(*number)?.position().clone(),
            None => Position::first(),
        };
        let until = self.share.rolls.active_segment();
        let mut sealed = SealedReader::open(&self.share.paths, &base, until, 0..0)?;
        while sealed.next_batch()?.is_some() {}
        let position = sealed.position();
        let mut writer = snapshots.create(&position)?;
        for shard in (0..SHARDS).map(ShardId) {
            let mut image = ShardState::new(shard).image();
            (image.last_lsn, image.digest) = (position.last_lsn(shard), position.digest(shard));
            writer.add(&image)?;
        }
        let (number, _) = writer.finish()?;
        self.known.made(number)?;
        Ok(())
    }

    fn put_away(&mut self, clock: &SimulatedClock) -> Result<(), Box<dyn Error>> {
        let now = crate::machine::Clock::wall(clock);
        let done = self.archive.look_after(&mut self.known, now.0, &|| false)?;
        self.record.with(|told| {
            told.compressed += done.compressed;
            told.removed += done.removed;
        });
        Ok(())
    }
}
