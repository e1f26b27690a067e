//! How far the facts have come that are written elsewhere behind the journal, as the data
//! directory itself knows it: what to keep, and how much is behind while nobody can be asked.
//!
//! Must always hold: `projected.json` never says more than is there. It may say less, since it is
//! written from time to time; the truth is where the facts were written, together with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use inventory_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dir::DataDirPaths;
use crate::file::segments::Segments;
use crate::files::{self, read_at_most, write_lasting};
use crate::limits::DESCRIPTION_BYTES_MAX;

const FILE_NAME: &str = "projected.json";

/// What `projected.json` says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ProjectedMark {
    /// The last batch of the journal that is projected; zero before the first.
    pub number: u64,
    /// How many facts are projected, those of all shards together.
    pub facts: u64,
    /// When the last of them was decided.
    pub at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    number: u64,
    facts: u64,
    at_millis: u64,
}

impl ProjectedMark {
    /// The mark of a data directory. One that is missing or damaged says that nothing is
    /// projected: then more is kept than has to be, until it is written again.
    pub fn read(paths: &DataDirPaths) -> Result<Self, files::Error> {
        let path = path_in(paths.path());
        let Some(bytes) = read_at_most(paths.machine(), &path, DESCRIPTION_BYTES_MAX)? else {
            return Ok(Self::default());
        };
        let Ok(document) = serde_json::from_slice(&bytes) else {
            let path = path.display();
            tracing::warn!(%path, "it is damaged; the journal is kept as if nothing was projected");
            return Ok(Self::default());
        };
        let Document { number, facts, at_millis } = document;
        Ok(Self { number, facts, at: Timestamp(at_millis) })
    }

    /// Makes this the mark of a data directory.
    pub fn write(self, paths: &DataDirPaths) -> Result<(), files::Error> {
        let Self { number, facts, at } = self;
        let document = Document { number, facts, at_millis: at.0 };
        let mut text = serde_json::to_vec(&document).expect("numbers are always JSON");
        text.push(b'\n');
        write_lasting(paths.machine(), &path_in(paths.path()), &text)
    }

    /// Bytes of the segments that have batches behind it, as they lie on the disk.
    pub fn bytes_behind(self, paths: &DataDirPaths) -> Result<u64, files::Error> {
        let segments = Segments::list(paths.machine(), &paths.journal())?;
        let files = segments.all();
        let first = segments.position_from(self.number + 2).saturating_sub(1);
        Ok(files[first..].iter().map(|file| file.file_bytes(paths.machine())).sum())
    }
}

fn path_in(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

/// The first batch that somebody still has to read: no segment that has it, or a later one, is
/// removed for good. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Floor(Arc<AtomicU64>);

impl Default for Floor {
    /// Nobody reads anything.
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Floor {
    /// Says that batches from `number` on are still needed.
    pub fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }

    /// Whether all batches in front of `number` may go.
    pub(crate) fn lets_go_before(&self, number: u64) -> bool {
        number <= self.0.load(Ordering::Relaxed)
    }
}

/// What a journal has been given since it was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Written {
    /// The last batch that is durable; zero before the first of all.
    pub number: u64,
    /// Bytes of the batches that were written since the journal was opened.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::dir::DataDir;

    #[test]
    fn a_mark_reads_back_and_a_damaged_one_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        assert_eq!(ProjectedMark::read(dir.paths()).unwrap(), ProjectedMark::default());
        let mark = ProjectedMark { number: 7, facts: 19, at: Timestamp(1_700) };
        mark.write(dir.paths()).unwrap();
        assert_eq!(ProjectedMark::read(dir.paths()).unwrap(), mark);
        let text = fs::read_to_string(path_in(folder.path())).unwrap();
        assert_eq!(text, "{\"number\":7,\"facts\":19,\"at_millis\":1700}\n");
        fs::write(path_in(folder.path()), &text[..9]).unwrap();
        assert_eq!(ProjectedMark::read(dir.paths()).unwrap(), ProjectedMark::default());
    }

    #[test]
    fn what_lies_behind_begins_with_the_segment_that_has_the_next_batch() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        for (number, bytes) in [(1, 10), (5, 100), (9, 1_000)] {
            let path = dir.journal().join(format!("{number:020}.journal"));
            fs::write(path, vec![0; bytes]).unwrap();
        }
        let behind = |number| {
            let mark = ProjectedMark { number, ..ProjectedMark::default() };
            mark.bytes_behind(dir.paths()).unwrap()
        };
        assert_eq!(behind(0), 1_110);
        assert_eq!(behind(3), 1_110);
        assert_eq!(behind(4), 1_100, "batch 5 begins the next segment");
        assert_eq!(behind(8), 1_000);
        assert_eq!(behind(100), 1_000);
    }

    #[test]
    fn a_floor_keeps_what_is_behind_it() {
        let floor = Floor::default();
        assert!(floor.lets_go_before(u64::MAX));
        let same = floor.clone();
        same.set(5);
        assert!(floor.lets_go_before(5) && !floor.lets_go_before(6));
    }
}
