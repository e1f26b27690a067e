//! How far a recovery is, for other threads to look at while it runs.
//!
//! Must always hold: the numbers only rise, and looking at them costs the recovery nothing.

use std::sync::atomic::{AtomicU64, Ordering};

/// How far a recovery is.
#[derive(Debug, Default)]
pub struct RecoveryProgress {
    bytes_total: AtomicU64,
    bytes_read: AtomicU64,
    facts: AtomicU64,
    snapshot_number: AtomicU64,
}

impl RecoveryProgress {
    /// Bytes that there are to read; 0 as long as that is not known. Rises when a snapshot turns
    /// out to be of no use.
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total.load(Ordering::Relaxed)
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Facts applied so far.
    pub fn facts(&self) -> u64 {
        self.facts.load(Ordering::Relaxed)
    }

    /// The first batch behind the snapshot that the state was restored from; 0 without one.
    pub fn snapshot_number(&self) -> u64 {
        self.snapshot_number.load(Ordering::Relaxed)
    }

    pub(crate) fn add_total(&self, bytes: u64) {
        self.bytes_total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set_read(&self, bytes: u64) {
        self.bytes_read.fetch_max(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_facts(&self, facts: u64) {
        self.facts.fetch_add(facts, Ordering::Relaxed);
    }

    pub(crate) fn set_snapshot(&self, number: u64) {
        self.snapshot_number.store(number, Ordering::Relaxed);
    }

    /// All of it is read.
    pub(crate) fn finish(&self) {
        self.set_read(self.bytes_total());
    }
}
