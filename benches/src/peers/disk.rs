//! The disk by itself: group commit of as many bytes as the journal writes for a group, into a
//! file that was filled with zeros before, with nothing else around it.
//!
//! Two ways: a write through the page cache and `fdatasync`, as the journal does it, and a write
//! past it that returns when it is on the disk (`O_DIRECT` and `O_DSYNC`), which wants whole
//! sectors at whole sectors. One write at a time, each behind the last one.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use inventory_core::fact::Fact;
use persistence::encoding::write_facts;
use persistence::limits::{RECORD_ALIGNMENT, RECORD_HEADER_BYTES};
use rustix::fs::OFlags;

use super::server::disk_folder;
use crate::measured::{Measured, Meter, Window};

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

/// Bytes of the record of one batch with these facts: a header, the facts, zeros to the
/// alignment.
pub fn record_bytes(facts: &[Arc<Fact>]) -> usize {
    let mut payload = Vec::new();
    write_facts(facts, &mut payload);
    (RECORD_HEADER_BYTES + payload.len()).next_multiple_of(RECORD_ALIGNMENT)
}

/// Writes groups of so many bytes, one after the other. Each counts as one operation.
pub fn run(
    way: Way,
    bytes: usize,
    warm_up: Duration,
    measured: Duration,
) -> anyhow::Result<Measured> {
    let bytes = match way {
        Way::WriteAndSync => bytes,
        Way::Direct => bytes.next_multiple_of(SECTOR_BYTES),
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

    // Longer by a sector, so that a whole one begins somewhere in it.
    let buffer: Vec<u8> = (0..bytes + SECTOR_BYTES).map(|at| at as u8 | 1).collect();
    let start = buffer.as_ptr().align_offset(SECTOR_BYTES);
    let group = &buffer[start..start + bytes];

    let mut meter = Meter::new(Window::after(warm_up, measured));
    let mut position = 0;
    loop {
        let asked = Instant::now();
        if meter.window().is_over(asked) {
            return Ok(meter.finish());
        }
        if position + bytes as u64 > FILE_BYTES {
            position = 0;
        }
        file.write_all_at(group, position)?;
        if way == Way::WriteAndSync {
            file.sync_data()?;
        }
        position += bytes as u64;
        meter.confirmed(asked, Instant::now());
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
    use super::*;
    use crate::testing::until_confirmed;

    #[tokio::test]
    async fn groups_are_written_in_both_ways() {
        for way in [Way::WriteAndSync, Way::Direct] {
            let round = async |measured| run(way, 300, Duration::ZERO, measured);
            let measured = until_confirmed(round).await.unwrap();
            assert_eq!(measured.refused, 0, "a disk refuses nothing");
        }
        assert!(run(Way::Direct, 0, Duration::ZERO, Duration::ZERO).is_err());
    }
}
