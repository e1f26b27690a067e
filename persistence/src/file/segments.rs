//! Which segments there are: raw ones in `journal/`, and compressed ones in `journal/history/`.
//!
//! Must always hold: a segment that is there is found whichever form it has, also while it
//! changes from one to the other under the feet of who reads it. Where there are both, the raw
//! one counts: the other may not have been synced.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::active::{file_name, number_in};
use crate::disk::Access;
use crate::files::{Context, Error, names_in};
use crate::limits::{COMPRESSED_BYTES_MAX, HEADER_BYTES};
use crate::machine::Machine;

/// Behind a segment's own extension.
const COMPRESSED_EXTENSION: &str = "zst";

/// The segments of a journal, in order.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    machine: Machine,
    files: Vec<SegmentFile>,
}

/// One segment, in one of its forms.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct SegmentFile {
    /// The number in its name, that of its first batch.
    pub(crate) number: u64,
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether it is compressed.
    pub(crate) is_compressed: bool,
}

/// Why a segment was not read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// It is there in no form.
    Gone,
    /// It is compressed, and not what was compressed.
    Undecodable(String),
    /// The file system failed.
    File(Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("it is not there any more"),
            Self::Undecodable(cause) => write!(f, "it cannot be decompressed: {cause}"),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::File(error)
    }
}

impl Segments {
    /// All that are there now.
    pub(crate) fn list(machine: &Machine, journal: &Path) -> Result<Self, Error> {
        let raw = names_in(machine, journal)?;
        let raw = raw.iter().filter_map(|name| {
            let path = journal.join(name);
            Some(SegmentFile { number: number_in(name)?, path, is_compressed: false })
        });
        let mut files: Vec<SegmentFile> = raw.collect();
        // In this order: one that is compressed meanwhile is in the first list or in both.
        let history = history_path(journal);
        let compressed = names_in(machine, &history)?;
        files.extend(compressed.iter().filter_map(|name| {
            let path = history.join(name);
            Some(SegmentFile { number: number_in_compressed(name)?, path, is_compressed: true })
        }));
        files.sort_unstable_by_key(|file| (file.number, file.is_compressed));
        files.dedup_by_key(|file| file.number);
        Ok(Self { machine: machine.clone(), files })
    }

    /// All, in order.
    pub(crate) fn all(&self) -> &[SegmentFile] {
        &self.files
    }

    /// One of them.
    pub(crate) fn get(&self, index: usize) -> Option<&SegmentFile> {
        self.files.get(index)
    }

    /// The position of the first that begins with this batch or a later one.
    pub(crate) fn position_from(&self, number: u64) -> usize {
        self.files.partition_point(|file| file.number < number)
    }

    /// Reads a segment in the form that it has now.
    pub(crate) fn read(&mut self, index: usize) -> Result<Vec<u8>, ReadError> {
        match self.files[index].read(&self.machine) {
            Err(ReadError::Gone) => {
                let other = self.files[index].other_form();
                let content = other.read(&self.machine)?;
                self.files[index] = other;
                Ok(content)
            }
            result => result,
        }
    }
}

impl SegmentFile {
    /// Its content: all of a raw one, a compressed one up to its last batch.
    pub(crate) fn read(&self, machine: &Machine) -> Result<Vec<u8>, ReadError> {
        self.read_at_most(machine, u64::MAX)
    }

    /// Its header.
    pub(crate) fn read_header(&self, machine: &Machine) -> Result<Vec<u8>, ReadError> {
        self.read_at_most(machine, HEADER_BYTES as u64)
    }

    fn read_at_most(&self, machine: &Machine, bytes_max: u64) -> Result<Vec<u8>, ReadError> {
        let opened = machine.disk().open(&self.path, Access::Read);
        let file = match opened.context("open", &self.path) {
            Err(error) if error.is_missing() => return Err(ReadError::Gone),
            result => result?,
        };
        let mut content = Vec::new();
        if self.is_compressed {
            let decoded = zstd::Decoder::new(file).and_then(|decoder| {
                let bytes_max = bytes_max.min(COMPRESSED_BYTES_MAX + 1);
                decoder.take(bytes_max).read_to_end(&mut content)
            });
            decoded.map_err(|error| ReadError::Undecodable(error.to_string()))?;
            if content.len() as u64 > COMPRESSED_BYTES_MAX {
                return Err(ReadError::Undecodable("it is longer than any segment".to_owned()));
            }
        } else {
            file.take(bytes_max).read_to_end(&mut content).context("read", &self.path)?;
        }
        Ok(content)
    }

    /// Bytes of the file; zero if it is not there any more.
    pub(crate) fn file_bytes(&self, machine: &Machine) -> u64 {
        machine.bytes_at(&self.path).unwrap_or(0)
    }

    /// The same segment in its other form, there or not.
    pub(crate) fn other_form(&self) -> Self {
        let is_compressed = !self.is_compressed;
        let path = if is_compressed {
            let journal = self.path.parent().unwrap_or(Path::new("."));
            history_path(journal).join(compressed_name(self.number))
        } else {
            let history = self.path.parent().unwrap_or(Path::new("."));
            history.with_file_name(file_name(self.number))
        };
        Self { number: self.number, path, is_compressed }
    }
}

/// Where the compressed ones are.
pub(crate) fn history_path(journal: &Path) -> PathBuf {
    journal.join("history")
}

fn compressed_name(first_number: u64) -> String {
    format!("{}.{COMPRESSED_EXTENSION}", file_name(first_number))
}

fn number_in_compressed(name: &str) -> Option<u64> {
    number_in(name.strip_suffix(COMPRESSED_EXTENSION)?.strip_suffix('.')?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(path: &Path, content: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn both_forms_are_listed_in_order_and_the_raw_one_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, history) = (dir.path(), history_path(dir.path()));
        let packed = |content: &[u8]| zstd::encode_all(content, 1).unwrap();
        write(&history.join("00000000000000000001.journal.zst"), &packed(b"one"));
        write(&history.join("00000000000000000005.journal.zst"), &packed(b"half"));
        write(&journal.join("00000000000000000005.journal"), b"five");
        write(&journal.join("00000000000000000009.journal"), b"nine");
        for other in ["reserve", "history/00000000000000000007.journal", "8.journal.zst"] {
            write(&journal.join(other), b"no segment");
        }
        let mut segments = Segments::list(&Machine::real(), journal).unwrap();
        let numbers: Vec<u64> = segments.all().iter().map(|file| file.number).collect();
        assert_eq!(numbers, [1, 5, 9]);
        assert_eq!(
            [0, 1, 5, 6, 9, 10].map(|number| segments.position_from(number)),
            [0, 0, 1, 2, 2, 3]
        );
        let contents = [0, 1, 2].map(|index| segments.read(index).unwrap());
        assert_eq!(contents, [b"one".to_vec(), b"five".to_vec(), b"nine".to_vec()]);
    }

    #[test]
    fn a_segment_that_changes_its_form_meanwhile_is_read_in_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join("00000000000000000001.journal");
        write(&raw, b"content");
        let mut segments = Segments::list(&Machine::real(), dir.path()).unwrap();
        let compressed = segments.all()[0].other_form();
        assert_eq!(compressed.other_form(), segments.all()[0]);
        write(&compressed.path, &zstd::encode_all(&b"content"[..], 1).unwrap());
        fs::remove_file(&raw).unwrap();
        assert_eq!(segments.read(0).unwrap(), b"content");
        assert_eq!(segments.all()[0], compressed);
        fs::remove_file(&compressed.path).unwrap();
        assert!(matches!(segments.read(0), Err(ReadError::Gone)));
        write(&compressed.path, b"not compressed");
        assert!(matches!(segments.read(0), Err(ReadError::Undecodable(_))));
    }
}
