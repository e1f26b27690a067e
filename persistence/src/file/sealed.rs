//! The segments that are not written any more, read while the journal goes on.
//!
//! Must always hold: what is in front of the segment that is written now never changes but in
//! its form, so it can be read at any pace, by parts of the shards and more than once, and leads
//! to the same place each time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::error::Error;
use super::scan::{Begin, Scanner};
use crate::batch::Batch;
use crate::chain::Position;
use crate::dir::DataDirPaths;

/// Knows the segment that a journal writes now; all in front of it are sealed.
#[derive(Clone, Debug)]
pub struct Rolls {
    active: Arc<AtomicU64>,
    told: Sender<()>,
    rolled: Receiver<()>,
}

impl Rolls {
    pub(crate) fn new(active: u64) -> Self {
        let (told, rolled) = bounded(1);
        Self { active: Arc::new(AtomicU64::new(active)), told, rolled }
    }

    pub(crate) fn tell(&self, active: u64) {
        self.active.store(active, Ordering::Release);
        // Who has not taken the last word yet finds this one with it.
        let _ = self.told.try_send(());
    }

    /// The first batch of the segment that is written now.
    pub fn active_segment(&self) -> u64 {
        self.active.load(Ordering::Acquire)
    }

    /// Gets a word when another segment has been sealed. For one listener.
    pub fn rolled(&self) -> &Receiver<()> {
        &self.rolled
    }
}

/// Reads what is sealed behind a position, for some of the shards.
#[derive(Debug)]
pub struct SealedReader {
    scanner: Scanner,
}

impl SealedReader {
    /// Begins to read at `position`, the end of a segment or of nothing, up to the segment that
    /// begins with batch `until`. Batches of other than `shards` are verified and not decoded.
    pub fn open(
        paths: &DataDirPaths,
        position: &Position,
        until: u64,
        shards: Range<u16>,
    ) -> Result<Self, Error> {
        let begin = match position.next_number() {
            1 => Begin::First,
            _ => Begin::Behind(position.clone()),
        };
        let scanner = Scanner::new(paths, begin)?.until(until).only(shards);
        Ok(Self { scanner })
    }

    /// The next batch of one of the shards; `None` in front of the segment to stop at.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, Error> {
        Ok(self.scanner.next_batch()?.map(|stored| stored.batch))
    }

    /// Where the batches read so far lead, those of other shards included.
    pub fn position(&self) -> Position {
        self.scanner.position()
    }
}

/// How many segments lie between two places.
pub fn segments_between(paths: &DataDirPaths, from: u64, until: u64) -> Result<usize, Error> {
    let segments = super::segments::Segments::list(paths.machine(), &paths.journal())?;
    Ok(segments.all().iter().filter(|file| (from..until).contains(&file.number)).count())
}
