//! The disk by itself: group commit of as many bytes as the journal writes for a group, into a
//! file that was filled with zeros before, with nothing else around it.
//!
//! Two ways: a write through the page cache and `fdatasync`, as the journal does it, and a write
//! past it that returns when it is on the disk (`O_DIRECT` and `O_DSYNC`), which wants whole
//! sectors at whole sectors. One write at a time, each behind the last one.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use inventory_core::fact::Fact;
use inventory_engine::limits::BATCH_COMMANDS_MAX;
use persistence::encoding::write_facts;
use persistence::limits::{RECORD_ALIGNMENT, RECORD_HEADER_BYTES};
use rustix::fs::OFlags;
use servers::disk_folder;
use tempfile::TempDir;

use crate::measured::{Measured, Meter, Window};
use crate::workload::Load;

/// Bytes of the file; writes begin again at its start when it is full.
const FILE_BYTES: u64 = 64 << 20;
/// Zeros that are written at a time.
const PIECE_BYTES: usize = 1 << 20;
/// What direct writes begin and end at.
const SECTOR_BYTES: usize = 4_096;

/// How a group gets onto the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// `pwrite`, then `fdatasync`.
    WriteAndSync,
    /// One `pwrite` with `O_DIRECT` and `O_DSYNC`; lengths are rounded up to 4 KiB.
    Direct,
}

/// What is written under one sync.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Group {
    /// Its bytes.
    pub bytes: usize,
    /// Operations that it makes durable.
    pub operations: u64,
}

impl Group {
    /// The group that the journal makes of these facts of one shard: a record for as many of them
    /// as one turn of a writer decides.
    pub fn of(facts: &[Arc<Fact>]) -> Self {
        let bytes = facts.chunks(BATCH_COMMANDS_MAX).map(record_bytes).sum();
        Self { bytes, operations: facts.len() as u64 }
    }
}

/// Bytes of the record of one batch with these facts: a header, the facts, zeros to the
/// alignment.
pub fn record_bytes(facts: &[Arc<Fact>]) -> usize {
    let mut payload = Vec::new();
    write_facts(facts, &mut payload);
    (RECORD_HEADER_BYTES + payload.len()).next_multiple_of(RECORD_ALIGNMENT)
}

/// A file of zeros, and the group that is written into it.
#[derive(Debug)]
pub struct Disk {
    way: Way,
    file: File,
    /// Longer by a sector, so that a whole one begins somewhere in it.
    buffer: Vec<u8>,
    group: Group,
    _folder: TempDir,
}

impl Disk {
    /// Makes the file. It is gone with this value.
    ///
    /// # Errors
    /// If there is no space, or a group has no bytes or more than the file.
    pub fn start(way: Way, group: Group) -> anyhow::Result<Self> {
        let bytes = match way {
            Way::WriteAndSync => group.bytes,
            Way::Direct => group.bytes.next_multiple_of(SECTOR_BYTES),
        };
        ensure!(bytes > 0 && bytes as u64 <= FILE_BYTES, "a group of {bytes} bytes");
        let folder = disk_folder()?;
        let path = folder.path().join("groups");
        fill(&File::create(&path)?).context("no space for the file of zeros")?;
        let flags = match way {
            Way::WriteAndSync => OFlags::empty(),
            Way::Direct => OFlags::DIRECT | OFlags::DSYNC,
        };
        let mut options = OpenOptions::new();
        let file = options.write(true).custom_flags(flags.bits() as i32).open(&path)?;
        let buffer = (0..bytes + SECTOR_BYTES).map(|at| at as u8 | 1).collect();
        let group = Group { bytes, ..group };
        Ok(Self { way, file, buffer, group, _folder: folder })
    }

    /// Writes groups from the start of the file on, one after the other.
    ///
    /// # Errors
    /// If the disk does not take one.
    pub fn run(&self, load: &Load) -> anyhow::Result<Measured> {
        let bytes = self.group.bytes;
        let start = self.buffer.as_ptr().align_offset(SECTOR_BYTES);
        let group = &self.buffer[start..start + bytes];
        let mut meter = Meter::new(Window::after(load.warm_up, load.measured));
        let mut position = 0;
        loop {
            let asked = Instant::now();
            if meter.window().is_over(asked) {
                return Ok(meter.finish());
            }
            if position + bytes as u64 > FILE_BYTES {
                position = 0;
            }
            self.file.write_all_at(group, position)?;
            if self.way == Way::WriteAndSync {
                self.file.sync_data()?;
            }
            position += bytes as u64;
            meter.confirmed_together(self.group.operations, asked, Instant::now());
        }
    }
}

fn fill(file: &File) -> std::io::Result<()> {
    let zeros = vec![0; PIECE_BYTES];
    for position in (0..FILE_BYTES).step_by(PIECE_BYTES) {
        file.write_all_at(&zeros, position)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::peers::floor;
    use crate::testing::until_confirmed;

    fn load(measured: Duration) -> Load {
        let warm_up = Duration::ZERO;
        Load { events: 1, seats: 10_000, clients: 1, depth: 1, warm_up, measured, seed: 1 }
    }

    #[tokio::test]
    async fn groups_are_written_in_both_ways() {
        for way in [Way::WriteAndSync, Way::Direct] {
            let disk = Disk::start(way, Group { bytes: 300, operations: 7 }).unwrap();
            let round = async |measured| disk.run(&load(measured));
            let measured = until_confirmed(round).await.unwrap();
            assert_eq!(measured.refused, 0, "a disk refuses nothing");
            assert_eq!(measured.confirmed % 7, 0, "a group is seven operations");
            assert_eq!(measured.latency.len(), measured.confirmed);
        }
        assert!(Disk::start(Way::Direct, Group { bytes: 0, operations: 1 }).is_err());
    }

    #[test]
    fn a_group_has_a_record_for_each_turn() {
        let facts = floor::facts(&load(Duration::ZERO), BATCH_COMMANDS_MAX + 1).unwrap();
        let group = Group::of(&facts);
        let (turn, last) = facts.split_at(BATCH_COMMANDS_MAX);
        assert_eq!(group.operations, facts.len() as u64);
        assert_eq!(group.bytes, record_bytes(turn) + record_bytes(last));
        assert!(group.bytes.is_multiple_of(RECORD_ALIGNMENT));
        assert_eq!(Group::of(&[]), Group { bytes: 0, operations: 0 });
    }
}
