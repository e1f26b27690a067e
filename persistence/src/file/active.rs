//! The segment that is written now.
//!
//! Must always hold: a file gets a segment's name only when all that is in it has been synced;
//! and its space was preallocated, so that neither a full disk nor a file's new length can come
//! between a write and its sync.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk::{Access, File};
use crate::files::{Context, Error, rename_lasting, sync_dir, temporary_beside};
use crate::limits::HEADER_BYTES;
use crate::machine::Machine;
use crate::segment::header::SegmentHeader;

const EXTENSION: &str = "journal";

/// Zeros that are written and synced at a time.
const ZEROS_BYTES_MAX: u64 = 1 << 20;

/// A segment with space behind its last batch.
#[derive(Debug)]
pub(crate) struct ActiveSegment {
    first_number: u64,
    file: Box<dyn File>,
    path: PathBuf,
    position: u64,
    capacity: u64,
}

/// An empty preallocated file that has no segment's name yet.
#[derive(Debug)]
pub(crate) struct Spare {
    machine: Machine,
    file: Box<dyn File>,
    path: PathBuf,
    capacity: u64,
}

impl Spare {
    /// Takes `capacity` bytes of the disk. The first `written_at_once` of them are about to be
    /// written by [`Spare::into_segment`] and get no zeros before.
    pub(crate) fn create(
        machine: &Machine,
        journal: &Path,
        capacity: u64,
        written_at_once: u64,
    ) -> Result<Self, Error> {
        let path = temporary_beside(machine, &journal.join("next"));
        let file = machine.disk().open(&path, Access::CreateNew).context("create", &path)?;
        let spare = Self { machine: machine.clone(), file, path, capacity };
        preallocate(&*spare.file, 0, capacity, written_at_once)
            .and_then(|()| spare.file.sync_all())
            .context("preallocate", &spare.path)
            .inspect_err(|_| spare.remove())?;
        Ok(spare)
    }

    /// Makes it the segment of `header` that has `records`, durable and under its name. The
    /// header's capacity is the spare's.
    pub(crate) fn into_segment(
        self,
        header: SegmentHeader,
        records: &[u8],
    ) -> Result<ActiveSegment, Error> {
        let path = self.path.with_file_name(file_name(header.first_number));
        let position = (HEADER_BYTES + records.len()) as u64;
        let capacity = self.capacity.max(position);
        let header = SegmentHeader { capacity, ..header };
        let written = self
            .file
            .write_all_at(&header.to_bytes(), 0)
            .and_then(|()| self.file.write_all_at(records, HEADER_BYTES as u64))
            .and_then(|()| self.file.sync_all());
        written
            .context("write", &self.path)
            .inspect_err(|_| self.remove())
            .and_then(|()| rename_lasting(&self.machine, &self.path, &path))?;
        let first_number = header.first_number;
        Ok(ActiveSegment { first_number, file: self.file, path, position, capacity })
    }

    /// A file that was made before, whole, and zeros from its beginning to its end.
    pub(crate) fn adopt(machine: &Machine, path: PathBuf) -> Result<Self, Error> {
        let file = machine.disk().open(&path, Access::Write).context("open", &path)?;
        let capacity = file.length().context("measure", &path)?;
        Ok(Self { machine: machine.clone(), file, path, capacity })
    }

    /// Keeps it under a name of its own instead of making it a segment. Returns its bytes.
    pub(crate) fn keep_as(self, path: &Path) -> Result<u64, Error> {
        rename_lasting(&self.machine, &self.path, path).inspect_err(|_| self.remove())?;
        Ok(self.capacity)
    }

    /// Bytes that it took of the disk.
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Best effort: the next start removes it as well.
    pub(crate) fn remove(&self) {
        let _ = self.machine.disk().remove(&self.path);
    }
}

impl ActiveSegment {
    /// The segment that is there, under the epoch of `header`: for a start that has no space for
    /// a copy. `records` are what was read of it.
    ///
    /// They are written again, the same bytes in the same place, and synced with everything
    /// behind them zero: after a failed sync memory may show what the disk does not have, and a
    /// sync alone would do nothing for pages that count as clean. A crash in between leaves old
    /// or new sectors, which are the same where they were ever proven; the header, of which only
    /// the epoch changes, lies within one sector.
    pub(crate) fn take_over(
        machine: &Machine,
        journal: &Path,
        header: SegmentHeader,
        records: &[u8],
    ) -> Result<Self, Error> {
        let path = journal.join(file_name(header.first_number));
        let file = machine.disk().open(&path, Access::Write).context("open", &path)?;
        let position = (HEADER_BYTES + records.len()) as u64;
        let capacity = file.length().context("measure", &path)?;
        file.write_all_at(records, HEADER_BYTES as u64)
            .and_then(|()| write_zeros(&*file, position, capacity))
            .and_then(|()| file.write_all_at(&header.to_bytes(), 0))
            .and_then(|()| file.sync_all())
            .context("write", &path)?;
        // The name may be from a rename that nobody synced.
        sync_dir(machine, journal)?;
        Ok(Self { first_number: header.first_number, file, path, position, capacity })
    }

    /// The number of its first batch.
    pub(crate) fn first_number(&self) -> u64 {
        self.first_number
    }

    /// Whether `bytes` more fit into what is preallocated.
    pub(crate) fn has_room_for(&self, bytes: u64) -> bool {
        self.position.saturating_add(bytes) <= self.capacity
    }

    /// Bytes behind the last batch that are preallocated.
    pub(crate) fn room_bytes(&self) -> u64 {
        self.capacity.saturating_sub(self.position)
    }

    /// Whether there is no batch in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.position == HEADER_BYTES as u64
    }

    /// Preallocates space for `bytes` more.
    pub(crate) fn grow_for(&mut self, bytes: u64) -> Result<(), Error> {
        let capacity = self.position.saturating_add(bytes);
        preallocate(&*self.file, self.capacity, capacity, self.capacity)
            .and_then(|()| self.file.sync_all())
            .context("preallocate", &self.path)?;
        self.capacity = capacity.max(self.capacity);
        Ok(())
    }

    /// Writes behind the last batch, and syncs.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all_at(bytes, self.position).context("write", &self.path)?;
        self.file.sync_data().context("sync", &self.path)?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn replace_file(&mut self, file: Box<dyn File>) -> Box<dyn File> {
        std::mem::replace(&mut self.file, file)
    }

    #[cfg(test)]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The name of the segment whose first batch has this number.
pub(crate) fn file_name(first_number: u64) -> String {
    format!("{first_number:020}.{EXTENSION}")
}

/// The number in a segment's name; `None` if it is not one.
pub(crate) fn number_in(name: &str) -> Option<u64> {
    let number = name.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

/// Takes the space from `start` to `end`, so that a full disk is known now, and fills it from
/// `zeros_from` on with zeros, so that later writes change nothing but content: a group of 4 KiB
/// then syncs in about 0.1 ms, against 0.2 ms where the sync has to note as well that the space
/// is in use now (ext4 on an SSD).
fn preallocate(file: &dyn File, start: u64, end: u64, zeros_from: u64) -> io::Result<()> {
    if start >= end {
        return Ok(());
    }
    match file.allocate(start, end - start) {
        // Not every file system can; the zeros take the space as well.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        Ok(()) | Err(_) => write_zeros(file, zeros_from, end),
    }
}

/// In pieces that are synced one by one, so that whoever syncs groups meanwhile never waits for
/// a whole segment.
fn write_zeros(file: &dyn File, start: u64, end: u64) -> io::Result<()> {
    let zeros = vec![0; end.saturating_sub(start).min(ZEROS_BYTES_MAX) as usize];
    let mut at = start;
    while at < end {
        let count = (end - at).min(ZEROS_BYTES_MAX);
        file.write_all_at(&zeros[..count as usize], at)?;
        file.sync_data()?;
        at += count;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn a_segment_is_named_after_its_first_batch() {
        assert_eq!(file_name(42), "00000000000000000042.journal");
        assert_eq!(number_in("00000000000000000042.journal"), Some(42));
        for name in ["42.journal", "00000000000000000042.tmp", "+0000000000000000042.journal"] {
            assert_eq!(number_in(name), None, "{name}");
        }
    }

    #[test]
    fn zeros_fill_exactly_what_is_asked_for() {
        let file = tempfile::tempfile().unwrap();
        File::write_all_at(&file, b"kept", 0).unwrap();
        let length = 2 * ZEROS_BYTES_MAX + 77;
        preallocate(&file, 4, 4 + length, 4).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 4 + length);
        let mut start = [1; 8];
        file.read_exact_at(&mut start, 0).unwrap();
        assert_eq!(&start, b"kept\0\0\0\0");
        preallocate(&file, 0, 8 + length, 2).unwrap();
        file.read_exact_at(&mut start, 0).unwrap();
        assert_eq!(&start, b"ke\0\0\0\0\0\0");
        assert_eq!(file.metadata().unwrap().len(), 8 + length);
    }
}
