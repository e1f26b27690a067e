//! Snapshots: the state of every shard in front of a segment, so that a start need not read what
//! happened before. `snapshots/<number>.snapshot` stands in front of the segment whose first
//! batch has that number.
//!
//! Must always hold: a file gets a snapshot's name when all of it is synced, and after every
//! batch that it covers was; so even the name of one that cannot be read proves that those
//! batches were durable. Every byte of it is under a checksum, and the digest of the state that
//! comes out is compared with the one that the journal had.
//!
//! A file is a header (128 bytes and 32 for each shard), one section for each shard in order, and
//! a trailer. Numbers are little endian; checksums are XXH3-128, seeded with the node's id.
//!
//! | bytes | header | | bytes | section | | bytes | trailer |
//! |---|---|---|---|---|---|---|---|
//! | 0..16 | checksum of the rest of it | | 0..16 | checksum of the rest of it | | 0..8 | magic |
//! | 16..24 | magic | | 16..18 | shard | | 8..16 | bytes of the file |
//! | 24..28 | version | | 18..24 | zero | | 16..32 | checksum of all in front |
//! | 28..32 | shards | | 24..32 | bytes of the image | | | |
//! | 32..48 | node id | | 32.. | image | | | |
//! | 48..56 | created at, milliseconds | | | | | | |
//! | 56..64 | epoch of the last batch covered | | | | | | |
//! | 64..72 | number of that batch | | | | | | |
//! | 72..88 | its checksum | | | | | | |
//! | 88..104 | state digest of all shards | | | | | | |
//! | 104..128 | zero | | | | | | |
//! | 128.. | by shard: sequence, LSN (8 bytes each), digest (16) | | | | | | |

mod known;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

pub use self::known::Known;
pub use self::read::{Section, SnapshotReader};
pub use self::write::SnapshotWriter;
use crate::chain::Position;
use crate::files::{self, Context, names_in, sync_dir};
use crate::limits::{SNAPSHOT_SHARD_BYTES, SNAPSHOTS_KEPT};
use crate::machine::Machine;
use inventory_core::encoding::DecodeError;

/// The version that this release writes, and the newest it reads.
pub(crate) const SNAPSHOT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"HOLDSNAP";
const TRAILER_MAGIC: [u8; 8] = *b"HOLDSEND";
const EXTENSION: &str = "snapshot";

/// Bytes of a header in front of what it says of each shard.
const HEADER_BYTES: usize = 128;

/// Bytes of a whole header.
const WHOLE_HEADER_BYTES: usize =
    HEADER_BYTES + SNAPSHOT_SHARD_BYTES * inventory_core::limits::SHARDS as usize;

/// Bytes of a section in front of its image.
const SECTION_HEADER_BYTES: usize = 32;

/// Bytes behind the last section.
const TRAILER_BYTES: usize = 32;

/// The snapshots of a data directory.
#[derive(Clone, Debug)]
pub struct Snapshots {
    machine: Machine,
    path: PathBuf,
    node_id: u128,
}

/// Why a snapshot cannot be used, or was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// It is not what was written.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The snapshot.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A section verifies and cannot be read.
    #[error("{} has a section that cannot be read: {cause}", path.display())]
    Undecodable {
        /// The snapshot.
        path: PathBuf,
        /// What is wrong.
        cause: DecodeError,
    },
    /// A newer release made it.
    #[error(
        "{} has version {version}; this release reads up to {SNAPSHOT_VERSION}",
        path.display()
    )]
    NewerVersion {
        /// The snapshot.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// Another node made it.
    #[error("{} belongs to node {node_id:032x}", path.display())]
    Foreign {
        /// The snapshot.
        path: PathBuf,
        /// Whose it is.
        node_id: u128,
    },
    /// What was to be written is not the state that the journal leads to. A mistake of who wrote.
    #[error("shard {0} is not in the state that the journal leads to; the snapshot was not made")]
    OtherState(inventory_core::ids::ShardId),
}

impl Snapshots {
    pub(crate) fn new(machine: Machine, path: PathBuf, node_id: u128) -> Self {
        Self { machine, path, node_id }
    }

    /// The numbers of all that are there, the newest first.
    pub fn newest_first(&self) -> Result<Vec<u64>, files::Error> {
        let mut numbers = numbers_in(&self.machine, &self.path)?;
        numbers.reverse();
        Ok(numbers)
    }

    /// Begins to read one of them.
    pub fn open(&self, number: u64) -> Result<SnapshotReader, Error> {
        let path = self.path.join(file_name(number));
        SnapshotReader::open(&self.machine, path, number, self.node_id)
    }

    /// Reads one of them back from the disk and verifies all of it. False if it was told to stop
    /// before the end.
    fn verify(&self, number: u64, is_stopped: &dyn Fn() -> bool) -> Result<bool, Error> {
        // Its header is read when it is opened, so that it has to be opened anew.
        self.open(number)?.forget_cached();
        self.open(number)?.verify(is_stopped)
    }

    /// Begins to write the one at a position. Only for who has the lock.
    pub fn create(&self, position: &Position) -> Result<SnapshotWriter, Error> {
        let path = self.path.join(file_name(position.next_number()));
        let created_at = self.machine.wall_clock();
        SnapshotWriter::create(&self.machine, path, position.clone(), self.node_id, created_at)
    }

    /// Bytes of one of them; zero if it is not there.
    pub fn bytes_of(&self, number: u64) -> u64 {
        self.machine.bytes_at(&self.path.join(file_name(number))).unwrap_or(0)
    }

    /// Bytes that the file system still has for files like these.
    pub fn free_bytes(&self) -> Result<u64, files::Error> {
        let free = self.machine.disk().free_bytes(&self.path);
        free.context("measure the free space of", &self.path)
    }

    /// Removes those that cannot be used, and all but the newest of the others. Only for who has
    /// the lock.
    pub fn keep_newest(&self, useless: &[u64]) -> Result<(), files::Error> {
        let useful = self.newest_first()?.into_iter().filter(|number| !useless.contains(number));
        let old: Vec<u64> = useful.skip(SNAPSHOTS_KEPT).collect();
        for number in useless.iter().chain(&old) {
            let path = self.path.join(file_name(*number));
            match self.machine.disk().remove(&path).context("remove", &path) {
                Err(error) if !error.is_missing() => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        sync_dir(&self.machine, &self.path)
    }
}

/// The numbers of all snapshots of a directory, in order: that of the first batch behind each.
pub(crate) fn numbers_in(machine: &Machine, snapshots: &Path) -> Result<Vec<u64>, files::Error> {
    let names = names_in(machine, snapshots)?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_in(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The name of the snapshot in front of the segment whose first batch has this number.
fn file_name(next_number: u64) -> String {
    format!("{next_number:020}.{EXTENSION}")
}

fn number_in(name: &str) -> Option<u64> {
    let number = name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}
