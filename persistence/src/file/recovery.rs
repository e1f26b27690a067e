//! The start: every batch that survived, once, and then a journal to append to.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use persistence::dir::DataDir;
//! use persistence::file::Options;
//! use persistence::file::recovery::Recovery;
//!
//! let mut recovery = Recovery::open(DataDir::open("data")?, Options::default())?;
//! while let Some(batch) = recovery.next_batch()? {
//!     println!("shard {} is at {}", batch.shard(), batch.last_lsn());
//! }
//! let (journal, report) = recovery.finish()?;
//! # Ok(())
//! # }
//! ```
//!
//! Must always hold: nothing in the directory is changed before the whole journal was read and
//! found whole; what survived of the last segment is written and synced anew before anything is
//! served, since after a failed sync the page cache may show what the disk does not have; and
//! each step of that can be the last one before a crash.

use std::fmt;

use inventory_core::ids::Epoch;

use super::active::{ActiveSegment, Spare};
use super::epoch::{EpochMark, MarkWriter};
use super::error::Error;
use super::scan::{Begin, Scanner, UnsyncedTail};
use super::{FileJournal, Options, reserve};
use crate::batch::Batch;
use crate::chain::Position;
use crate::dir::DataDir;
use crate::files;
use crate::limits::HEADER_BYTES;
use crate::segment::header::SegmentHeader;

/// A journal that is being replayed.
#[derive(Debug)]
pub struct Recovery {
    dir: DataDir,
    options: Options,
    scanner: Scanner,
}

/// What a start found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecoveryReport {
    /// The epoch from now on.
    pub epoch: Epoch,
    /// Segments read.
    pub segments: u64,
    /// Batches in them.
    pub batches: u64,
    /// Facts in those.
    pub facts: u64,
    /// Bytes of the segments up to their last batches.
    pub bytes: u64,
    /// What a crash left unsynced, and the start cut.
    pub cut: Option<UnsyncedTail>,
}

impl fmt::Display for RecoveryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, segments, batches, facts, bytes, cut } = self;
        write!(
            f,
            "epoch {epoch}: replayed {facts} facts of {batches} batches from {segments} \
             segments, {bytes} bytes"
        )?;
        if let Some(UnsyncedTail { path, offset, bytes }) = cut {
            write!(f, "; cut {bytes} unsynced bytes at byte {offset} of {}", path.display())?;
        }
        Ok(())
    }
}

impl Recovery {
    /// Begins to read the journal of a data directory with its first batch.
    pub fn open(dir: DataDir, options: Options) -> Result<Self, Error> {
        let scanner = Scanner::new(dir.paths(), Begin::First)?;
        Ok(Self { dir, options, scanner })
    }

    /// Begins to read behind what a snapshot covers.
    pub fn open_behind(dir: DataDir, options: Options, position: Position) -> Result<Self, Error> {
        let scanner = Scanner::new(dir.paths(), Begin::Behind(position))?;
        Ok(Self { dir, options, scanner })
    }

    /// Bytes of all files that are read.
    pub fn bytes_in_all(&self) -> u64 {
        self.scanner.bytes_in_all()
    }

    /// How many of them have been read.
    pub fn bytes_read(&self) -> u64 {
        self.scanner.bytes_read()
    }

    /// The next batch; `None` when all are read. Within a shard in the order of their LSNs.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, Error> {
        Ok(self.scanner.next_batch()?.map(|stored| stored.batch))
    }

    /// Raises the epoch and opens the journal behind its last batch. Reads to the end first if
    /// that has not been done.
    pub fn finish(mut self) -> Result<(FileJournal, RecoveryReport), Error> {
        while self.scanner.next_batch()?.is_some() {}
        let chain = self.scanner.chain().clone();
        let epoch = Epoch(self.scanner.highest_epoch().0 + 1);
        let first_header = SegmentHeader {
            first_number: chain.last_number + 1,
            epoch,
            node_id: self.dir.identity().node_id,
            created_at: self.dir.machine().wall_clock(),
            state_digest: chain.state_digest,
            previous_checksum: chain.last_checksum,
            capacity: 0,
        };
        let (header, records) = match self.scanner.last_segment() {
            Some((header, records)) => (SegmentHeader { epoch, ..header }, records),
            None => (first_header, &[][..]),
        };
        let active = match self.copy(header, records) {
            Err(error) if error.is_want_of_space() && self.scanner.last_segment().is_some() => {
                self.take_over(header, records, &error)?
            }
            result => result?,
        };
        // Only now: what it says is durable has been synced anew.
        MarkWriter::new(self.dir.machine(), self.dir.path())
            .write(EpochMark::new(&header, chain.last_number))?;

        let summaries = self.scanner.summaries();
        let report = RecoveryReport {
            epoch,
            segments: summaries.len() as u64,
            batches: summaries.iter().map(|summary| summary.batches).sum(),
            facts: summaries.iter().map(|summary| summary.facts).sum(),
            bytes: summaries.iter().map(|summary| summary.bytes).sum(),
            cut: self.scanner.tail().cloned(),
        };
        let journal = FileJournal::new(self.dir, self.options, epoch, chain, active)?;
        Ok((journal, report))
    }

    /// What survived of the last segment, in a new file.
    fn copy(&self, header: SegmentHeader, records: &[u8]) -> Result<ActiveSegment, files::Error> {
        let used = (HEADER_BYTES + records.len()) as u64;
        let (path, capacity) = (self.dir.journal(), self.options.first_bytes(used));
        let machine = self.dir.machine();
        Spare::create(machine, &path, capacity, used)
            .or_else(|failed| reserve::instead(machine, &path, (capacity, used), failed))?
            .into_segment(header, records)
    }

    /// The last segment where it is, for want of space for a new one.
    fn take_over(
        &self,
        header: SegmentHeader,
        records: &[u8],
        failed: &files::Error,
    ) -> Result<ActiveSegment, files::Error> {
        tracing::warn!(
            %failed,
            "no space is left on the disk, and no reserve; the start goes on in the segment that \
             is there: make space"
        );
        ActiveSegment::take_over(self.dir.machine(), &self.dir.journal(), header, records)
    }
}
