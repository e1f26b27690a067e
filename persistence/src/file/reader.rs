//! The journal for people and audits: without the lock, without changing anything, also while
//! an engine writes.

use std::path::Path;

use super::error::Error;
use super::scan::{Begin, Scanner, SegmentSummary, StoredBatch, UnsyncedTail};
use crate::dir::DataDirPaths;
use crate::identity::Identity;

/// Reads a data directory's journal from the beginning, or from where its history begins if what
/// was in front was pruned. What an engine appends meanwhile may or may not be seen.
#[derive(Debug)]
pub struct JournalReader {
    identity: Identity,
    scanner: Scanner,
}

impl JournalReader {
    /// Begins to read.
    pub fn open(data_dir: impl AsRef<Path>) -> Result<Self, Error> {
        let path = data_dir.as_ref();
        let paths = DataDirPaths::read(path)?
            .ok_or_else(|| Error::NotADataDir { path: path.to_owned() })?;
        Self::of(&paths)
    }

    /// Begins to read the journal of a data directory that is known, on any machine.
    pub fn of(paths: &DataDirPaths) -> Result<Self, Error> {
        let scanner = Scanner::new(paths, Begin::Oldest)?;
        Ok(Self { identity: paths.identity(), scanner })
    }

    /// The first batch of what is read: 1, unless what was in front of it has been pruned.
    pub fn begins_with(&self) -> u64 {
        self.scanner.begins_with()
    }

    /// The next batch; `None` at the end, which [`JournalReader::tail`] tells more about. After
    /// an error the same one comes again.
    pub fn next_batch(&mut self) -> Result<Option<StoredBatch>, Error> {
        self.scanner.next_batch()
    }

    /// What lies unsynced behind the last batch: what a crash left, or what is being written at
    /// this moment. `None` before the end, and at a clean one.
    pub fn tail(&self) -> Option<&UnsyncedTail> {
        self.scanner.tail()
    }

    /// What was read so far of each segment.
    pub fn segments(&self) -> &[SegmentSummary] {
        self.scanner.summaries()
    }

    /// Shards that have facts in what was read so far.
    pub fn shards_in_use(&self) -> usize {
        self.scanner.chain().shards_in_use()
    }

    /// Whose journal it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }
}
