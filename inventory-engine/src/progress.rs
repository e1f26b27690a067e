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
}

impl RecoveryProgress {
    /// Bytes that there are to read; 0 as long as that is not known.
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

    /// All of it is read and applied.
    pub(crate) fn finish(&self, bytes: u64, facts: u64) {
        self.bytes_total.store(bytes, Ordering::Relaxed);
        self.bytes_read.store(bytes, Ordering::Relaxed);
        self.facts.store(facts, Ordering::Relaxed);
    }
}
