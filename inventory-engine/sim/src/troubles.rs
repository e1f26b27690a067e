//! What is done to the disk of an engine: operations that fail, syncs that fail and take what
//! they should have kept, power cuts at any operation, space that is gone, bits that rot, syncs
//! that take their time. What was meant counts only once it has struck.

mod watch;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use persistence::disk::simulated::{Chance, Fault, Kind, Order, PowerCut, SimulatedDisk};
use persistence::disk::{Access, Disk, Entry};
use persistence::machine::SimulatedClock;

pub use self::watch::Operations;
use self::watch::Watch;
use crate::lasting::durable_batches;
use crate::node::DATA_DIR;
use crate::tally::Tally;

/// The disk when nobody else has taken any of it: never full.
const CAPACITY_BYTES: u64 = 64 << 20;
/// What a short disk has left, at most.
const SHORT_BYTES: usize = 16 << 10;

/// A disk, and what is in store for it.
pub(crate) struct Troubles {
    pub(crate) disk: SimulatedDisk,
    clock: SimulatedClock,
    watch: Arc<Mutex<Watch>>,
    rotten: Vec<Rot>,
    /// Files that were gone and come back with the power.
    to_restore: Vec<(PathBuf, Vec<u8>)>,
    is_short: bool,
}

/// What became of a file for no fault of the engine.
enum Rot {
    /// A bit of it is another one; the file as it has been since.
    Bit { path: PathBuf, bit: usize, content: Vec<u8> },
    /// It is gone; the file as it was.
    Gone { path: PathBuf, content: Vec<u8> },
}

impl Troubles {
    pub(crate) fn new(seed: u64, clock: SimulatedClock) -> Self {
        let disk = SimulatedDisk::new(CAPACITY_BYTES, seed);
        let (watch, rotten, to_restore) = (Arc::default(), Vec::new(), Vec::new());
        let troubles = Self { disk, clock, watch, rotten, to_restore, is_short: false };
        troubles.look_on();
        troubles
    }

    /// Prepares something that will go wrong soon. Says what.
    pub(crate) fn prepare(&self, chance: &mut Chance) -> String {
        self.watch().prepare(chance)
    }

    /// Counts what was prepared if it has struck, and says whether it has. If not, it will not.
    pub(crate) fn settle(&self, tally: &mut Tally) -> bool {
        self.watch().settle(tally)
    }

    /// Lets the power go in front of an operation when it is done next.
    pub(crate) fn order_power_cut(&self, operation: &str) {
        self.watch().ordered = Some(operation.to_owned());
    }

    /// Lets something go wrong at the operation of this number, of those that change something.
    pub(crate) fn order_at(&self, number: usize, fault: Fault) {
        self.watch().at = Some((number, fault));
    }

    /// From now on nothing goes wrong that was ordered by its number. The operations up to now.
    pub(crate) fn end_order(&self) -> Vec<(String, Kind)> {
        let mut watch = self.watch();
        watch.at = None;
        watch.changes.clone()
    }

    /// Whether the power went in the middle of something.
    pub(crate) fn has_lost_power(&self) -> bool {
        self.watch().has_lost_power
    }

    /// Whether something has struck that was not counted yet.
    pub(crate) fn has_struck(&self) -> bool {
        self.watch().has_struck()
    }

    /// Whether something was done to the disk that may keep work beside from succeeding.
    pub(crate) fn are_an_excuse(&self) -> bool {
        self.is_short || self.has_rotten() || self.has_struck()
    }

    /// Whether something is not as it was written.
    pub(crate) fn has_rotten(&self) -> bool {
        !self.rotten.is_empty()
    }

    /// Whether nothing else is wrong than a bit of one snapshot.
    pub(crate) fn is_only_a_snapshot_rotten(&self) -> bool {
        let is_snapshot = |path: &Path| path.extension().is_some_and(|of| of == "snapshot");
        matches!(&self.rotten[..], [Rot::Bit { path, .. }] if is_snapshot(path))
    }

    /// Whether something is prepared that has not struck.
    pub(crate) fn is_prepared(&self) -> bool {
        self.watch().is_prepared()
    }

    /// From now on each sync takes so long.
    pub(crate) fn let_syncs_take(&self, time: Duration) {
        self.watch().sync_takes = time;
    }

    /// Somebody else takes nearly all the space there is.
    pub(crate) fn fill(&mut self, chance: &mut Chance) {
        self.is_short = true;
        let free = self.disk.free_bytes(Path::new("/")).unwrap_or_default();
        self.disk.set_capacity(CAPACITY_BYTES - free + chance.below(SHORT_BYTES) as u64);
    }

    /// There is space again.
    pub(crate) fn free(&mut self) {
        self.is_short = false;
        self.disk.set_capacity(CAPACITY_BYTES);
    }

    pub(crate) fn is_short(&self) -> bool {
        self.is_short
    }

    /// A bit of a file rots, of any but the one that is written now: there its last batch may be
    /// taken for one that was never finished. Says where.
    pub(crate) fn rot(&mut self, chance: &mut Chance) -> Option<String> {
        let mut files = Vec::new();
        self.list(Path::new(DATA_DIR), &mut files);
        let written = files.iter().filter(|path| is_segment(path)).max().cloned();
        files.retain(|path| Some(path) != written.as_ref());
        let path = files.get(chance.below(files.len()))?.clone();
        let bytes = self.disk.content(&path)?;
        let bit = chance.below(bytes.len() * 8);
        self.disk.flip_bit(&path, bit).ok()?;
        let content = self.disk.content(&path)?;
        let said = format!("bit {bit} of {} rots", path.display());
        self.rotten.push(Rot::Bit { path, bit, content });
        Some(said)
    }

    /// Of the segment that was written last, a batch that is durable for sure rots, or all of it is
    /// gone. Says which; `None` if there is no such batch. For when no engine runs.
    pub(crate) fn harm_written(&mut self, chance: &mut Chance) -> Option<String> {
        let (path, batches) = durable_batches(&self.disk)?;
        let mut content = self.disk.content(&path)?;
        if chance.once_in(4) {
            self.disk.unwatch();
            self.disk.remove(&path).ok()?;
            self.look_on();
            let said = format!("{} is gone", path.display());
            self.rotten.push(Rot::Gone { path, content });
            return Some(said);
        }
        let (offset, bytes) = batches.get(chance.below(batches.len()))?;
        let bit = *offset as usize * 8 + chance.below(*bytes as usize * 8);
        self.disk.flip_bit(&path, bit).ok()?;
        content = self.disk.content(&path)?;
        let said = format!("bit {bit} of {} rots", path.display());
        self.rotten.push(Rot::Bit { path, bit, content });
        Some(said)
    }

    /// What rotted is as it was, where nobody has written it anew. False if nothing had.
    pub(crate) fn heal(&mut self) -> bool {
        let had_any = !self.rotten.is_empty();
        for rot in std::mem::take(&mut self.rotten).into_iter().rev() {
            match rot {
                Rot::Bit { path, bit, content } => {
                    if self.disk.content(&path) == Some(content) {
                        // The file is there.
                        let _ = self.disk.flip_bit(&path, bit);
                    }
                }
                Rot::Gone { path, content } => {
                    if self.restore(&path, &content).is_err() {
                        self.to_restore.push((path, content));
                    }
                }
            }
        }
        had_any
    }

    /// A file that was gone is there again, unless it was made anew. Nobody looks on, and nothing
    /// goes wrong meanwhile.
    fn restore(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.disk.unwatch();
        let restored = write_lasting(&self.disk, path, content);
        self.look_on();
        restored
    }

    /// The power goes, and comes back on what is left.
    pub(crate) fn cut_power(&mut self, chance: &mut Chance) -> PowerCut {
        self.disk.cut_power();
        self.disk.unwatch();
        let seed = chance.next();
        let cut = match chance.below(6) {
            0 => PowerCut::HARSH,
            1 => PowerCut::MILD,
            2 => PowerCut::by_chance(Order::Any, seed),
            _ => PowerCut::by_chance(Order::AsDone, seed),
        };
        self.disk = self.disk.after(cut);
        self.look_on();
        for (path, content) in std::mem::take(&mut self.to_restore) {
            // Somebody may have made it anew.
            let _ = self.restore(&path, &content);
        }
        cut
    }

    /// All that was done to files, and how it went.
    pub(crate) fn operations(&self) -> BTreeMap<String, Operations> {
        self.watch().operations.clone()
    }

    fn look_on(&self) {
        let (watch, clock) = (Arc::clone(&self.watch), self.clock.clone());
        self.disk.watch(move |_, operation| {
            let mut watch = watch.lock().unwrap_or_else(PoisonError::into_inner);
            if operation.kind == Kind::Sync {
                clock.pass(watch.sync_takes);
            }
            watch.see(operation)
        });
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn list(&self, folder: &Path, files: &mut Vec<PathBuf>) {
        for name in self.disk.names_in(folder).unwrap_or_default() {
            let path = folder.join(name);
            match self.disk.look_at(&path) {
                Ok(Entry::Directory) => self.list(&path, files),
                Ok(Entry::File { bytes }) if bytes > 0 => files.push(path),
                _ => {}
            }
        }
    }
}

fn write_lasting(disk: &SimulatedDisk, path: &Path, content: &[u8]) -> io::Result<()> {
    let file = disk.open(path, Access::CreateNew)?;
    file.write_all_at(content, 0)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), |folder| disk.sync_dir(folder))
}

/// Whether a file is one of the journal's segments, numbered as they follow one another.
fn is_segment(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_number = stem.chars().all(|letter| letter.is_ascii_digit());
    is_number && path.parent().is_some_and(|folder| folder.ends_with("journal"))
}
