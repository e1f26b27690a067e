//! A file's content: what memory shows, what the disk has, and what lies between them.
//!
//! Must always hold: what was synced is on the disk; what was not is there by chance, in sectors,
//! each as some write left it; and what a failed sync dropped comes back with nothing but another
//! write into the same sector.

use super::chance::Chance;
use super::power_cut::{Order, Unsynced};

/// What a disk writes whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// What space is given out in.
pub const BLOCK_BYTES: u64 = 4_096;

/// One file's content.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// What reads show.
    cache: Vec<u8>,
    /// What the disk has, also behind the length that lasts.
    platter: Vec<u8>,
    /// How long the file is on the disk.
    lasting_length: usize,
    /// What was not synced, in order.
    unsynced: Vec<Change>,
    allocated_bytes: u64,
}

#[derive(Clone, Debug)]
enum Change {
    /// Whole sectors, as memory had them behind a write.
    Sectors {
        first: usize,
        images: Vec<u8>,
    },
    Length(usize),
}

impl Content {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.cache
    }

    /// Space that it takes.
    pub(super) fn allocated_bytes(&self) -> u64 {
        self.allocated_bytes
    }

    /// Space that it would take beyond that if it reached to `end`.
    pub(super) fn missing_bytes(&self, end: u64) -> u64 {
        end.next_multiple_of(BLOCK_BYTES).saturating_sub(self.allocated_bytes)
    }

    /// Takes the space up to `end`.
    pub(super) fn allocate(&mut self, end: u64) {
        self.allocated_bytes += self.missing_bytes(end);
    }

    pub(super) fn set_length(&mut self, length: usize) {
        if length == self.cache.len() {
            return;
        }
        self.cache.resize(length, 0);
        self.unsynced.push(Change::Length(length));
        let blocks = (length as u64).next_multiple_of(BLOCK_BYTES);
        self.allocated_bytes = self.allocated_bytes.min(blocks);
    }

    /// Makes it at least so long.
    pub(super) fn reach(&mut self, length: usize) {
        self.set_length(length.max(self.cache.len()));
    }

    /// Writes something into space that was allocated.
    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        self.reach(end);
        self.cache[offset..end].copy_from_slice(bytes);
        let first = offset / SECTOR_BYTES;
        let sectors = first * SECTOR_BYTES..end.next_multiple_of(SECTOR_BYTES);
        let mut images = self.cache[sectors.start..sectors.end.min(self.cache.len())].to_vec();
        images.resize(sectors.len(), 0);
        self.unsynced.push(Change::Sectors { first, images });
    }

    /// All of it lasts from now on, but for what an earlier failure dropped.
    pub(super) fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            self.apply(&change, |_| true);
        }
    }

    /// Some of it reaches the disk, and the rest never will; the length may still.
    pub(super) fn fail_to_sync(&mut self, chance: &mut Chance) {
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                Change::Sectors { .. } => self.apply_some(&change, chance),
                Change::Length(_) => self.unsynced.push(change),
            }
        }
    }

    /// Memory forgets what it takes for written.
    pub(super) fn forget_cached(&mut self) {
        let length = self.cache.len();
        let mut written = self.clone();
        written.sync();
        self.cache = written.platter;
        self.cache.resize(length, 0);
    }

    /// One bit is another one, in memory and on the disk.
    pub(super) fn flip(&mut self, bit: usize) {
        for bytes in [&mut self.cache, &mut self.platter] {
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    /// What is there when the power is back.
    pub(super) fn after(&self, unsynced: Unsynced, order: Order, mut chance: Chance) -> Self {
        let mut after = self.clone();
        let changes = std::mem::take(&mut after.unsynced);
        let is_length = |change: &&Change| matches!(change, Change::Length(_));
        let lengths = changes.iter().filter(is_length).count();
        let mut lengths_kept = chance.below(lengths + 1);
        for change in &changes {
            match (unsynced, change) {
                (Unsynced::Lost, _) => {}
                (Unsynced::Kept, _) => after.apply(change, |_| true),
                (Unsynced::ByChance, Change::Sectors { .. }) => {
                    after.apply_some(change, &mut chance);
                }
                (Unsynced::ByChance, Change::Length(_)) => {
                    let is_kept = match order {
                        Order::AsDone => lengths_kept > 0,
                        Order::Any => chance.once_in(2),
                    };
                    lengths_kept = lengths_kept.saturating_sub(1);
                    if is_kept {
                        after.apply(change, |_| true);
                    }
                }
            }
        }
        after.platter.resize(after.lasting_length, 0);
        after.cache.clone_from(&after.platter);
        after.allocated_bytes = (after.lasting_length as u64).next_multiple_of(BLOCK_BYTES);
        after
    }

    /// A write is kept, lost or torn.
    fn apply_some(&mut self, change: &Change, chance: &mut Chance) {
        match chance.below(3) {
            0 => {}
            1 => self.apply(change, |_| true),
            _ => self.apply(change, |_| chance.once_in(2)),
        }
    }

    /// Brings a change to the disk; of a write the sectors that are kept.
    fn apply(&mut self, change: &Change, mut is_kept: impl FnMut(usize) -> bool) {
        match change {
            Change::Length(length) => {
                // What is cut off does not come back when it grows again.
                self.platter.truncate(*length);
                self.lasting_length = *length;
            }
            Change::Sectors { first, images } => {
                for (image, sector) in images.chunks_exact(SECTOR_BYTES).zip(*first..) {
                    if !is_kept(sector) {
                        continue;
                    }
                    let start = sector * SECTOR_BYTES;
                    let length = self.platter.len().max(start + SECTOR_BYTES);
                    self.platter.resize(length, 0);
                    self.platter[start..start + SECTOR_BYTES].copy_from_slice(image);
                }
            }
        }
    }
}
