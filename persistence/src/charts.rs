//! Charts by their content: `charts/<SHA-256 in hex>.json`.
//!
//! Must always hold: a chart is durable before [`ChartStore::put`] returns, so the first fact
//! that names it can follow; and what [`ChartStore::get`] returns has the hash that was asked for.

use std::path::PathBuf;

use inventory_core::ids::ChartHash;
use sha2::{Digest as _, Sha256};

use crate::files::{self, names_in, read_at_most, write_lasting};
use crate::limits::CHART_BYTES_MAX;
use crate::machine::Machine;

/// The charts of a data directory.
#[derive(Clone, Debug)]
pub struct ChartStore {
    machine: Machine,
    path: PathBuf,
}

/// Why a chart cannot be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody put it there.
    #[error("there is no chart {0}; put it before an event uses it")]
    Unknown(ChartHash),
    /// The file does not have the content that its name promises.
    #[error("chart {hash} is damaged: {path} has other content; put the chart again")]
    Damaged {
        /// The chart.
        hash: ChartHash,
        /// Its file.
        path: String,
    },
    /// It is longer than a chart may be.
    #[error("a chart may have {CHART_BYTES_MAX} bytes; this one has {0}")]
    TooLong(usize),
    /// The file system failed.
    #[error(transparent)]
    File(#[from] files::Error),
}

impl ChartStore {
    pub(crate) fn new(machine: Machine, path: PathBuf) -> Self {
        Self { machine, path }
    }

    /// The name of a chart's canonical document.
    pub fn hash_of(document: &[u8]) -> ChartHash {
        ChartHash(Sha256::digest(document).into())
    }

    /// Keeps a document. To put it again changes nothing, and repairs it if it was damaged.
    pub fn put(&self, document: &[u8]) -> Result<ChartHash, Error> {
        if document.len() as u64 > CHART_BYTES_MAX {
            return Err(Error::TooLong(document.len()));
        }
        let hash = Self::hash_of(document);
        // Written even if it is there: that it can be read does not say that it was synced.
        write_lasting(&self.machine, &self.file_of(hash), document)?;
        Ok(hash)
    }

    /// The document of a chart.
    pub fn get(&self, hash: ChartHash) -> Result<Vec<u8>, Error> {
        let path = self.file_of(hash);
        let document = read_at_most(&self.machine, &path, CHART_BYTES_MAX)?;
        let document = document.ok_or(Error::Unknown(hash))?;
        if Self::hash_of(&document) != hash {
            return Err(Error::Damaged { hash, path: path.display().to_string() });
        }
        Ok(document)
    }

    /// All charts, in the order of their hashes.
    pub fn list(&self) -> Result<Vec<ChartHash>, Error> {
        let names = names_in(&self.machine, &self.path)?;
        let mut hashes: Vec<ChartHash> =
            names.iter().filter_map(|name| hash_in(name.strip_suffix(".json")?)).collect();
        hashes.sort_unstable();
        Ok(hashes)
    }

    fn file_of(&self, hash: ChartHash) -> PathBuf {
        self.path.join(format!("{hash}.json"))
    }
}

fn hash_in(hex: &str) -> Option<ChartHash> {
    let is_hex = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut hash = [0; 32];
    for (index, byte) in hash.iter_mut().enumerate().filter(|_| is_hex) {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
    }
    is_hex.then_some(ChartHash(hash))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::dir::DataDir;

    #[test]
    fn charts_are_kept_by_what_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let charts = DataDir::open(dir.path()).unwrap().charts();
        let (one, two) = (charts.put(b"{\"a\":1}").unwrap(), charts.put(b"{\"a\":2}").unwrap());
        assert_eq!(charts.put(b"{\"a\":1}").unwrap(), one);
        assert_eq!(charts.get(two).unwrap(), b"{\"a\":2}");
        let mut both = vec![one, two];
        both.sort_unstable();
        assert_eq!(charts.list().unwrap(), both);
        assert_eq!(
            ChartStore::hash_of(b"").to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn a_changed_chart_is_not_given_out_and_can_be_put_again() {
        let dir = tempfile::tempdir().unwrap();
        let charts = DataDir::open(dir.path()).unwrap().charts();
        let hash = charts.put(b"seats").unwrap();
        fs::write(charts.file_of(hash), b"seatz").unwrap();
        assert!(matches!(charts.get(hash), Err(Error::Damaged { .. })));
        charts.put(b"seats").unwrap();
        assert_eq!(charts.get(hash).unwrap(), b"seats");
        let unknown = ChartHash([7; 32]);
        assert!(matches!(charts.get(unknown), Err(Error::Unknown(hash)) if hash == unknown));
    }
}
