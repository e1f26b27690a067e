//! `epoch.json`: the epoch that the last start raised, which segment is the newest, and how far
//! the journal was durable when that one got its name.
//!
//! Must always hold: an epoch, and a segment, is named here before any batch in it is
//! acknowledged. So what a start found and synced anew, and a whole segment, is missed by the
//! next start if it is gone, even if nothing lies behind it.

use std::path::{Path, PathBuf};

use inventory_core::ids::Epoch;
use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::chain::LAST;
use crate::disk::{Access, Entry};
use crate::files::{self, read_at_most, sync_dir, write_lasting};
use crate::limits::DESCRIPTION_BYTES_MAX;
use crate::machine::Machine;
use crate::segment::header::SegmentHeader;

/// What `epoch.json` says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EpochMark {
    /// The epoch of the last start.
    pub(crate) epoch: Epoch,
    /// The last batch that was durable when this was written.
    pub(crate) durable_number: u64,
    /// The first batch of the newest segment.
    pub(crate) segment: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    epoch: u64,
    durable_number: u64,
    segment: u64,
}

impl EpochMark {
    /// The mark to set when a segment has become the newest.
    pub(crate) fn new(newest: &SegmentHeader, durable_number: u64) -> Self {
        Self { epoch: newest.epoch, durable_number, segment: newest.first_number }
    }

    pub(crate) fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("epoch.json")
    }

    /// The mark of a data directory; `None` before its first start was complete.
    pub(crate) fn read(machine: &Machine, data_dir: &Path) -> Result<Option<Self>, Error> {
        let path = Self::path(data_dir);
        let bytes = read_at_most(machine, &path, DESCRIPTION_BYTES_MAX)?;
        let Some(bytes) = bytes else { return Ok(None) };
        match serde_json::from_slice::<Document>(&bytes) {
            Ok(Document { epoch: LAST, .. }) => {
                let reason = format!("no start could raise epoch {LAST} further");
                Err(Error::EpochDamaged { path, reason })
            }
            Ok(Document { epoch, durable_number, segment }) => {
                Ok(Some(Self { epoch: Epoch(epoch), durable_number, segment }))
            }
            Err(error) => Err(Error::EpochDamaged { path, reason: error.to_string() }),
        }
    }

    pub(crate) fn write(self, machine: &Machine, data_dir: &Path) -> Result<(), files::Error> {
        write_lasting(machine, &Self::path(data_dir), &self.to_text())
    }

    fn to_text(self) -> Vec<u8> {
        let Self { epoch, durable_number, segment } = self;
        let document = Document { epoch: epoch.0, durable_number, segment };
        let mut text = serde_json::to_vec(&document).expect("numbers are always JSON");
        text.push(b'\n');
        text
    }
}

/// Writes marks on a full disk too: into a second file that has its space already, and that
/// then changes its name with the mark in one step.
#[derive(Debug)]
pub(crate) struct MarkWriter {
    machine: Machine,
    data_dir: PathBuf,
    has_space: bool,
}

impl MarkWriter {
    pub(crate) fn new(machine: &Machine, data_dir: &Path) -> Self {
        Self { machine: machine.clone(), data_dir: data_dir.to_owned(), has_space: false }
    }

    /// Takes the space for the marks to come, unless an earlier start did.
    pub(crate) fn prepare(&mut self, mark: EpochMark) {
        let second = self.second();
        self.has_space = matches!(self.machine.disk().look_at(&second), Ok(Entry::File { .. }));
        if let Err(error) = self.take_space(mark) {
            tracing::warn!(
                %error,
                "no space could be taken for the marks of the journal's segments; on a full disk \
                 appends stop at the end of the present one: make space"
            );
        }
    }

    /// Whether marks can be written on a full disk too: no segment is taken into use without one.
    pub(crate) fn has_space(&self) -> bool {
        self.has_space
    }

    /// Takes it if there is none. Whatever fails can be tried again.
    pub(crate) fn take_space(&mut self, mark: EpochMark) -> Result<(), files::Error> {
        if !self.has_space {
            write_lasting(&self.machine, &self.second(), &mark.to_text())?;
            self.has_space = true;
        }
        Ok(())
    }

    /// Writes a mark, without space of its own as it can be.
    pub(crate) fn write(&self, mark: EpochMark) -> Result<(), files::Error> {
        match self.exchange(mark) {
            Ok(()) => sync_dir(&self.machine, &self.data_dir),
            // There is no second file, or the file system cannot exchange names.
            Err(_) => mark.write(&self.machine, &self.data_dir),
        }
    }

    fn exchange(&self, mark: EpochMark) -> std::io::Result<()> {
        let (first, second) = (EpochMark::path(&self.data_dir), self.second());
        let text = mark.to_text();
        let file = self.machine.disk().open(&second, Access::Write)?;
        file.write_all_at(&text, 0)?;
        file.set_length(text.len() as u64)?;
        file.sync_all()?;
        self.machine.disk().exchange(&first, &second)
    }

    fn second(&self) -> PathBuf {
        self.data_dir.join("epoch.second")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    #[test]
    fn it_reads_back_or_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(EpochMark::read(&Machine::real(), dir.path()).unwrap(), None);
        let mark = EpochMark { epoch: Epoch(4), durable_number: 17, segment: 9 };
        mark.write(&Machine::real(), dir.path()).unwrap();
        let text = fs::read_to_string(EpochMark::path(dir.path())).unwrap();
        assert_eq!(text, "{\"epoch\":4,\"durable_number\":17,\"segment\":9}\n");
        assert_eq!(EpochMark::read(&Machine::real(), dir.path()).unwrap(), Some(mark));
        let last = EpochMark { epoch: Epoch(LAST), ..mark };
        last.write(&Machine::real(), dir.path()).unwrap();
        let is_refused = || {
            let read = EpochMark::read(&Machine::real(), dir.path());
            matches!(read, Err(Error::EpochDamaged { .. }))
        };
        assert!(is_refused(), "an epoch that no start can raise");
        fs::write(EpochMark::path(dir.path()), "{\"epoch\":4}").unwrap();
        assert!(is_refused());
    }

    #[test]
    fn marks_take_no_new_space() {
        let dir = tempfile::tempdir().unwrap();
        let mark = |segment| EpochMark { epoch: Epoch(4), durable_number: segment - 1, segment };
        mark(1).write(&Machine::real(), dir.path()).unwrap();
        let mut writer = MarkWriter::new(&Machine::real(), dir.path());
        writer.prepare(mark(1));
        assert!(writer.has_space());
        // Longer ones and shorter ones, each in the place of the last but one.
        for segment in [9, 1_000_000, 10, u64::MAX, 5] {
            writer.write(mark(segment)).unwrap();
            assert_eq!(EpochMark::read(&Machine::real(), dir.path()).unwrap(), Some(mark(segment)));
            assert_eq!(files::names_in(&Machine::real(), dir.path()).unwrap().len(), 2);
        }
        writer.prepare(mark(2));
        assert_eq!(
            EpochMark::read(&Machine::real(), dir.path()).unwrap(),
            Some(mark(5)),
            "it is there already"
        );
        fs::remove_file(writer.second()).unwrap();
        writer.write(mark(7)).unwrap();
        assert_eq!(EpochMark::read(&Machine::real(), dir.path()).unwrap(), Some(mark(7)));
    }
    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_mark_reads_back_and_what_is_cut_short_does_not(
            (epoch, durable_number, segment) in any::<(u64, u64, u64)>(),
            at in any::<Index>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mark = EpochMark { epoch: Epoch(epoch), durable_number, segment };
            let text = mark.to_text();
            fs::write(EpochMark::path(dir.path()), &text).unwrap();
            prop_assert_eq!(EpochMark::read(&Machine::real(), dir.path()).unwrap(), Some(mark));
            // All but the end of the line.
            let length = at.index(text.len() - 1);
            fs::write(EpochMark::path(dir.path()), &text[..length]).unwrap();
            let is_damaged = matches!(
                EpochMark::read(&Machine::real(), dir.path()),
                Err(Error::EpochDamaged { .. })
            );
            prop_assert!(is_damaged, "cut to {}", length);
        }
    }
}
