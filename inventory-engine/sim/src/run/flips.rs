//! A journal of one segment, written by real commands, of which every byte is altered, one at a
//! time, before a start.
//!
//! Must always hold: altered in the header, or in a batch that a later one proves to have been
//! durable, the journal is refused. Altered in the last group, it may be cut there and nowhere
//! else. Altered behind the last batch, where nothing was written yet, it may be called an unsynced
//! tail, and everything is there. No start ever finds a batch that was not written.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use inventory_core::digest::Digest;
use inventory_core::state::Memory;
use inventory_core::time::Timestamp;
use inventory_engine::recovery::recover_in;
use persistence::batch::Batch;
use persistence::dir::{DataDir, DataDirPaths};
use persistence::disk::simulated::{PowerCut, SimulatedDisk};
use persistence::file::Options;
use persistence::file::error::Error;
use persistence::file::reader::JournalReader;
use persistence::file::recovery::Recovery;
use persistence::machine::{Machine, SimulatedClock};

use super::{NODE_ID, RUN, World};
use crate::node::DATA_DIR;

/// Bytes of a segment's header, by the format.
const HEADER_BYTES: usize = 128;
/// Where a batch's record says up to which batch everything was durable, by the format.
const DURABLE_NUMBER_AT: usize = 72;
/// What is left of a segment when it is taken for full.
const LEFT_BYTES: usize = 4 << 10;
/// Commands that are asked for between two looks at how full it is.
const COMMANDS_AT_A_TIME: usize = 50;
/// Of starts that are refused one in so many is a whole one, with all states; of those that find
/// an unused byte altered as well.
const WHOLE_ONCE_IN: usize = 1_024;

/// What came of all starts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Flips {
    /// Bytes of the journal's file.
    pub bytes: usize,
    /// Facts in it.
    pub facts: usize,
    /// Starts, one a byte that was altered.
    pub starts: usize,
    /// Starts that were refused.
    pub refused: usize,
    /// Starts that cut the last group, or a part of it.
    pub cut: usize,
    /// Starts that found everything: the byte was not in use.
    pub whole: usize,
    /// Starts after which the states were looked at as well.
    pub looked_at: usize,
    /// What must never happen, with the command that shows it again.
    pub violations: Vec<String>,
}

/// What a byte belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Region {
    Proven,
    LastGroup,
    Unused,
}

/// Why a start is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Directory(#[from] persistence::dir::Error),
    #[error(transparent)]
    Journal(#[from] Error),
}

/// A journal, and all that is known of it.
struct Journal {
    disk: SimulatedDisk,
    options: Options,
    memory: Memory,
    path: PathBuf,
    bytes: usize,
    batches: Vec<Batch>,
    /// Batches in front of the last group, and where that begins and ends.
    proven: usize,
    last_group: std::ops::Range<usize>,
}

/// Writes a journal of one segment of so many bytes and alters every `stride`-th byte of it, from
/// `first` on, on so many threads.
///
/// # Errors
/// If the journal cannot be written as it should be.
pub fn flips(
    seed: u64,
    bytes: usize,
    (first, stride): (usize, usize),
    threads: usize,
) -> Result<Flips, String> {
    let journal = Journal::write(seed, bytes)?;
    let next = AtomicUsize::new(0);
    let parts: Vec<Flips> = std::thread::scope(|scope| {
        let work = || {
            let disk = journal.disk.after(PowerCut::MILD);
            let mut part = Flips::default();
            loop {
                let at = first + next.fetch_add(1, Ordering::Relaxed) * stride.max(1);
                if at >= journal.bytes {
                    return part;
                }
                if let Err(what) = journal.alter(&disk, at, &mut part) {
                    part.violations.push(format!(
                        "byte {at} of {bytes}: {what}\n    see it again: {RUN} flips --seed {seed} \
                         --bytes {bytes} --first {at} --stride {bytes}"
                    ));
                }
            }
        };
        let running: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let lost =
            || Flips { violations: vec!["a thread panicked".to_owned()], ..Flips::default() };
        running.into_iter().map(|of| of.join().unwrap_or_else(|_| lost())).collect()
    });
    let facts = journal.batches.iter().map(|batch| batch.facts().len()).sum();
    let mut all = Flips { bytes: journal.bytes, facts, ..Flips::default() };
    for part in parts {
        all.starts += part.starts;
        all.refused += part.refused;
        all.cut += part.cut;
        all.whole += part.whole;
        all.looked_at += part.looked_at;
        all.violations.extend(part.violations);
    }
    Ok(all)
}

impl Journal {
    /// Sells until the segment is full, and ends without a word.
    fn write(seed: u64, bytes: usize) -> Result<Self, String> {
        let mut trace = |_: &str| ();
        let mut world = World::new(seed, &mut trace);
        let options = Options { segment_bytes: bytes as u64 };
        world.setting.journal = options;
        world.calm = Some(0);
        world.start()?;
        let journal = Path::new(DATA_DIR).join("journal");
        let path = journal.join(format!("{:020}.journal", 1));
        loop {
            world.calm = world.calm.map(|commands| commands + COMMANDS_AT_A_TIME);
            world.sell()?;
            let content = world.troubles.disk.content(&path).ok_or("there is no segment")?;
            let used = content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            if used + LEFT_BYTES >= content.len() {
                break;
            }
        }
        let (disk, memory) = (world.troubles.disk.after(PowerCut::HARSH), world.setting.memory);
        Self::read(disk, options, memory, path)
    }

    fn read(
        disk: SimulatedDisk,
        options: Options,
        memory: Memory,
        path: PathBuf,
    ) -> Result<Self, String> {
        let unreadable = |error: Error| format!("the journal cannot be read: {error}");
        let paths = DataDirPaths::read_on(machine(&disk), DATA_DIR);
        let paths = paths.ok().flatten().ok_or("there is no data directory")?;
        let mut reader = JournalReader::of(&paths).map_err(unreadable)?;
        let content = disk.content(&path).ok_or("there is no segment")?;
        let (mut batches, mut places) = (Vec::new(), Vec::new());
        while let Some(stored) = reader.next_batch().map_err(unreadable)? {
            let at = stored.offset as usize + DURABLE_NUMBER_AT;
            let number = content[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
            places.push((number as usize, stored.offset as usize, stored.bytes as usize));
            batches.push(stored.batch);
        }
        let segments = reader.segments().len();
        let &(proven, last_offset, last_bytes) = places.last().ok_or("nothing was sold")?;
        if segments != 1 || proven + 1 > places.len() {
            return Err(format!("{segments} segments, and {proven} batches are durable"));
        }
        let last_group = places[proven].1..last_offset + last_bytes;
        let bytes = content.len();
        Ok(Self { disk, options, memory, path, bytes, batches, proven, last_group })
    }

    fn region(&self, at: usize) -> Region {
        match at {
            at if at < self.last_group.start.max(HEADER_BYTES) => Region::Proven,
            at if at < self.last_group.end => Region::LastGroup,
            _ => Region::Unused,
        }
    }

    /// Alters one bit of a byte, starts, and alters it back.
    fn alter(&self, disk: &SimulatedDisk, at: usize, part: &mut Flips) -> Result<(), String> {
        let bit = at * 8 + at % 8;
        let failed = |error: std::io::Error| error.to_string();
        disk.flip_bit(&self.path, bit).map_err(failed)?;
        part.starts += 1;
        let found = self.start(disk);
        let judged = self.judge(at, found, disk, part);
        disk.flip_bit(&self.path, bit).map_err(failed)?;
        judged
    }

    /// Reads what a start reads, and in the same way. How many batches there are, or whether they
    /// are refused as damaged.
    fn start(&self, disk: &SimulatedDisk) -> Result<usize, Refused> {
        let dir = DataDir::open_on(machine(disk), DATA_DIR)?;
        let mut recovery = Recovery::open(dir, self.options)?;
        let mut found = 0;
        while let Some(batch) = recovery.next_batch()? {
            // More, or another one: what was never written.
            if self.batches.get(found) != Some(&batch) {
                return Ok(usize::MAX);
            }
            found += 1;
        }
        Ok(found)
    }

    fn judge(
        &self,
        at: usize,
        found: Result<usize, Refused>,
        disk: &SimulatedDisk,
        part: &mut Flips,
    ) -> Result<(), String> {
        let (region, all) = (self.region(at), self.batches.len());
        let has_to_be_whole = at.is_multiple_of(WHOLE_ONCE_IN) || region == Region::LastGroup;
        if has_to_be_whole {
            part.looked_at += 1;
            self.check_states(disk, found.as_ref().ok().copied())?;
        }
        match (region, found) {
            (Region::Proven | Region::LastGroup, Err(Refused::Journal(Error::Damage(_)))) => {
                part.refused += 1
            }
            (Region::LastGroup, Ok(found)) if (self.proven..all).contains(&found) => part.cut += 1,
            (Region::Unused, Ok(found)) if found == all => part.whole += 1,
            (region, found) => {
                return Err(format!("{region:?}, and a start finds {found:?} of {all} batches"));
            }
        }
        Ok(())
    }

    /// A whole start, on a disk of its own: what is served is what the batches lead to.
    fn check_states(&self, disk: &SimulatedDisk, found: Option<usize>) -> Result<(), String> {
        let disk = disk.after(PowerCut::MILD);
        let dir = DataDir::open_on(machine(&disk), DATA_DIR).map_err(|error| error.to_string());
        let recovered = recover_in(dir?, self.options, self.memory, &Arc::default());
        let (found, recovered) = match (found, recovered) {
            (None, Err(_)) => return Ok(()),
            (Some(found), Ok(recovered)) => (found, recovered),
            (found, recovered) => {
                let recovered = recovered.map(|of| of.report);
                return Err(format!("a reader finds {found:?}, a start {recovered:?}"));
            }
        };
        let batches = self.batches.get(..found).unwrap_or_default();
        for (state, _) in &recovered.shards {
            let of_shard = |batch: &&Batch| batch.shard() == state.shard();
            let last = batches.iter().rfind(of_shard);
            let digest = last.map_or(Digest::default(), Batch::digest_after);
            if state.digest() != digest {
                return Err(format!("shard {} is served in another state", state.shard()));
            }
        }
        Ok(())
    }
}

fn machine(disk: &SimulatedDisk) -> Machine {
    Machine::simulated(disk.clone(), SimulatedClock::new(Timestamp(0)), NODE_ID)
}
