//! `epoch.json`: the epoch that the last start raised, and how far the journal was durable then.
//!
//! Must always hold: an epoch is on the disk before anything is written under it; and what a
//! start found and synced anew is missed by the next one if it is gone.

use std::path::{Path, PathBuf};

use inventory_core::ids::Epoch;
use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::files::{self, read_at_most, write_lasting};
use crate::limits::DESCRIPTION_BYTES_MAX;

/// What `epoch.json` says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EpochMark {
    /// The epoch of the last start.
    pub(crate) epoch: Epoch,
    /// The last batch that was durable when it began.
    pub(crate) durable_number: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    epoch: u64,
    durable_number: u64,
}

impl EpochMark {
    pub(crate) fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("epoch.json")
    }

    /// The mark of a data directory; `None` before its first start was complete.
    pub(crate) fn read(data_dir: &Path) -> Result<Option<Self>, Error> {
        let path = Self::path(data_dir);
        let Some(bytes) = read_at_most(&path, DESCRIPTION_BYTES_MAX)? else { return Ok(None) };
        match serde_json::from_slice::<Document>(&bytes) {
            Ok(Document { epoch, durable_number }) => {
                Ok(Some(Self { epoch: Epoch(epoch), durable_number }))
            }
            Err(error) => Err(Error::EpochDamaged { path, reason: error.to_string() }),
        }
    }

    pub(crate) fn write(self, data_dir: &Path) -> Result<(), files::Error> {
        let document = Document { epoch: self.epoch.0, durable_number: self.durable_number };
        let mut text = serde_json::to_vec(&document).expect("numbers are always JSON");
        text.push(b'\n');
        write_lasting(&Self::path(data_dir), &text)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_reads_back_or_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(EpochMark::read(dir.path()).unwrap(), None);
        let mark = EpochMark { epoch: Epoch(4), durable_number: 17 };
        mark.write(dir.path()).unwrap();
        let text = fs::read_to_string(EpochMark::path(dir.path())).unwrap();
        assert_eq!(text, "{\"epoch\":4,\"durable_number\":17}\n");
        assert_eq!(EpochMark::read(dir.path()).unwrap(), Some(mark));
        fs::write(EpochMark::path(dir.path()), "{\"epoch\":4}").unwrap();
        assert!(matches!(EpochMark::read(dir.path()), Err(Error::EpochDamaged { .. })));
    }
}
