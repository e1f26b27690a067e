//! What becomes of segments that nobody needs to start: compressed into `journal/history/`, and
//! removed for good when they are old enough.
//!
//! Must always hold: a segment is compressed only if two snapshots stand behind it that can be
//! used as far as is known, and removed only if two do that were read back from the disk; it is
//! there in one form or the other at every moment, whole and synced, until it is too old; and the
//! oldest go first, so that what is left has no gaps.
//!
//! One that is damaged keeps no other from any of this. It is left as it is, for whoever can make
//! something of it, until it is the oldest and too old: then it is removed like any other, since
//! behind two snapshots nothing but histories would miss it, and those end there then.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use super::segments::{SegmentFile, Segments, history_path};
use crate::dir::{DataDirPaths, LockShare};
use crate::disk::Access;
use crate::files::{self, Context, create_dir, rename_lasting, sync_dir, temporary_beside};
use crate::limits::{COMPRESSED_BYTES_MAX, COMPRESSION_LEVEL, COPY_BYTES, HEADER_BYTES};
use crate::machine::Machine;
use crate::projected::Floor;
use crate::segment::header::SegmentHeader;
use crate::segment::record::{self, Found};
use crate::segment::seed_of;
use crate::snapshot::Known;

/// Looks after the segments of a data directory that snapshots stand behind.
#[derive(Debug)]
pub struct Archive {
    paths: DataDirPaths,
    retention: Duration,
    floor: Floor,
    /// Segments that the log says are damaged.
    told: BTreeSet<u64>,
    _lock: LockShare,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Archived {
    /// Segments that were compressed.
    pub compressed: u64,
    /// Segments that were removed for good.
    pub removed: u64,
    /// Segments that cannot be read as they were written, and were left alone.
    pub damaged: u64,
}

/// Something could not be done. Everything else was.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Failed {
    /// What was done nevertheless.
    pub done: Archived,
    /// What failed first.
    pub cause: files::Error,
}

/// One look at all segments.
struct Look<'a> {
    now_millis: u64,
    is_stopped: &'a dyn Fn() -> bool,
    done: Archived,
    damaged: BTreeSet<u64>,
    failed: Option<files::Error>,
}

impl Look<'_> {
    /// Goes on, whatever has failed.
    fn note(&mut self, result: Result<(), files::Error>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }
}

impl Archive {
    /// For a directory that this process has locked. Segments are kept for `retention` after
    /// their last batch, none if it is zero; and as long as somebody has to read them.
    pub fn new(paths: &DataDirPaths, lock: LockShare, retention: Duration, floor: Floor) -> Self {
        Self { paths: paths.clone(), retention, floor, told: BTreeSet::new(), _lock: lock }
    }

    /// Compresses and removes what is due at `now_millis`, until it is told to stop.
    pub fn look_after(
        &mut self,
        snapshots: &mut Known,
        now_millis: u64,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Archived, Failed> {
        let (done, damaged) = (Archived::default(), BTreeSet::new());
        let mut look = Look { now_millis, is_stopped, done, damaged, failed: None };
        // In this order: what is removed makes space, and need not be compressed.
        let removed = self.remove_old(snapshots, &mut look);
        look.note(removed);
        let compressed = self.compress_sealed(snapshots, &mut look);
        look.note(compressed);
        let done = Archived { damaged: look.damaged.len() as u64, ..look.done };
        look.failed.map_or(Ok(done), |cause| Err(Failed { done, cause }))
    }

    /// Removes what is too old, from the oldest on.
    fn remove_old(
        &mut self,
        snapshots: &mut Known,
        look: &mut Look<'_>,
    ) -> Result<(), files::Error> {
        let Some(boundary) = snapshots.boundary()? else { return Ok(()) };
        let segments = Segments::list(self.machine(), &self.paths.journal())?;
        let is_in_front_of = |boundary| move |file: &&SegmentFile| file.number < boundary;
        let old = self.count_old(segments.all(), boundary, look);
        let old = &segments.all()[..old.min(self.count_unneeded(segments.all()))];
        if !old.iter().any(|file| is_in_front_of(boundary)(&file)) {
            return Ok(());
        }
        // Only now: reading snapshots takes a while, and most looks remove nothing.
        let Some(boundary) = snapshots.verified_boundary(look.is_stopped)? else {
            return Ok(());
        };
        for file in old.iter().take_while(is_in_front_of(boundary)) {
            if (look.is_stopped)() {
                break;
            }
            // None is removed behind one that stays.
            self.remove(file)?;
            look.damaged.remove(&file.number);
            look.done.removed += 1;
        }
        Ok(())
    }

    /// How many segments, from the oldest on, nobody has to read any more.
    fn count_unneeded(&self, files: &[SegmentFile]) -> usize {
        files.iter().skip(1).take_while(|next| self.floor.lets_go_before(next.number)).count()
    }

    /// How many segments, from the oldest on, were sealed too long ago. The header behind a
    /// segment says when that was; where it cannot be read a later one does, which is no older:
    /// then some go later than they might, and none too early.
    fn count_old(&mut self, files: &[SegmentFile], boundary: u64, look: &mut Look<'_>) -> usize {
        if self.retention.is_zero() {
            return files.len().saturating_sub(1);
        }
        let retention_millis = u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX);
        let mut old = 0;
        for (index, next) in files.iter().enumerate().skip(1) {
            match self.created_at_millis(next) {
                Ok(millis) if look.now_millis.saturating_sub(millis) > retention_millis => {
                    old = index;
                }
                Ok(_) => break,
                Err(cause) if next.number < boundary => self.note_damaged(next, &cause, look),
                // A start may need it and says what is wrong, as the next snapshot does.
                Err(_) => {}
            }
        }
        old
    }

    /// When a segment was begun, and so the one in front of it sealed.
    fn created_at_millis(&self, file: &SegmentFile) -> Result<u64, String> {
        let content = file.read_header(self.machine()).map_err(|error| error.to_string())?;
        let header = SegmentHeader::read(&content, self.paths.node_id());
        header
            .map(|header| header.created_at.0)
            .map_err(|_| "its header does not verify".to_owned())
    }

    /// Compresses what is not compressed yet.
    fn compress_sealed(
        &mut self,
        snapshots: &Known,
        look: &mut Look<'_>,
    ) -> Result<(), files::Error> {
        let Some(boundary) = snapshots.boundary()? else { return Ok(()) };
        let segments = Segments::list(self.machine(), &self.paths.journal())?;
        for pair in segments.all().windows(2) {
            let [file, next] = pair else { continue };
            if file.number >= boundary || (look.is_stopped)() {
                break;
            }
            if file.is_compressed {
                continue;
            }
            match self.compress(file, next.number, look.is_stopped) {
                Ok(Compressed::Done) => {
                    look.done.compressed += 1;
                    // It was replaced by a whole one.
                    self.told.remove(&file.number);
                }
                Ok(Compressed::TooLong | Compressed::Stopped) => {}
                Ok(Compressed::Damaged(cause)) => self.note_damaged(file, &cause, look),
                // The others would not fit either.
                Err(error) if error.is_want_of_space() => return Err(error),
                Err(error) => look.note(Err(error)),
            }
        }
        Ok(())
    }

    /// Tells of a damaged segment once, not at each look.
    fn note_damaged(&mut self, file: &SegmentFile, cause: &dyn Display, look: &mut Look<'_>) {
        look.damaged.insert(file.number);
        if self.told.insert(file.number) {
            let path = file.path.display();
            tracing::warn!(
                %path,
                %cause,
                "a sealed segment cannot be read as it was written; snapshots stand behind it, so \
                 nothing that counts is lost, and it is left as it is"
            );
        }
    }

    fn remove(&mut self, file: &SegmentFile) -> Result<(), files::Error> {
        // The compressed form may be there as well, after a crash.
        for file in [file, &file.other_form()] {
            remove_lasting(self.machine(), &file.path)?;
        }
        self.told.remove(&file.number);
        Ok(())
    }

    fn compress(
        &self,
        file: &SegmentFile,
        next_number: u64,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Compressed, files::Error> {
        if file.file_bytes(self.machine()) > COMPRESSED_BYTES_MAX {
            return Ok(Compressed::TooLong);
        }
        let content = match file.read(self.machine()) {
            Ok(content) => content,
            Err(error) => return Ok(Compressed::Damaged(error.to_string())),
        };
        let Some(used) = self.used_bytes(&content, next_number) else {
            let cause = format!("its batches do not lead to batch {next_number}, one by one");
            return Ok(Compressed::Damaged(cause));
        };
        create_dir(self.machine(), &history_path(&self.paths.journal()))?;
        let compressed = file.other_form().path;
        let temporary = temporary_beside(self.machine(), &compressed);
        let written = write_compressed(self.machine(), &temporary, &content[..used], is_stopped);
        let named = written.context("write", &temporary).and_then(|is_whole| {
            if is_whole {
                rename_lasting(self.machine(), &temporary, &compressed)?;
            }
            Ok(is_whole)
        });
        match named {
            Ok(true) => {}
            Ok(false) => {
                remove_lasting(self.machine(), &temporary)?;
                return Ok(Compressed::Stopped);
            }
            Err(error) => {
                // Best effort: the next start removes it as well.
                let _ = self.machine().disk().remove(&temporary);
                return Err(error);
            }
        }
        remove_lasting(self.machine(), &file.path)?;
        Ok(Compressed::Done)
    }

    fn machine(&self) -> &Machine {
        self.paths.machine()
    }

    /// Bytes up to the end of the last batch; `None` unless the batches reach to `next_number`,
    /// each naming the one in front.
    fn used_bytes(&self, content: &[u8], next_number: u64) -> Option<usize> {
        let node_id = self.paths.node_id();
        let header = SegmentHeader::read(content, node_id).ok()?;
        let (mut number, mut checksum) = (header.first_number, header.previous_checksum);
        let mut offset = HEADER_BYTES;
        while let Found::Record(found) = record::read(&content[offset..], seed_of(node_id)) {
            if (found.header.number, found.header.previous_checksum) != (number, checksum) {
                return None;
            }
            number += 1;
            checksum = found.checksum;
            offset += found.bytes;
        }
        (number == next_number).then_some(offset)
    }
}

enum Compressed {
    Done,
    TooLong,
    /// Why it cannot be read.
    Damaged(String),
    Stopped,
}

/// Writes and syncs a compressed file, and reads it back. False if it was told to stop.
fn write_compressed(
    machine: &Machine,
    path: &Path,
    content: &[u8],
    is_stopped: &dyn Fn() -> bool,
) -> io::Result<bool> {
    let file = machine.disk().open(path, Access::CreateNew)?;
    let mut encoder = zstd::Encoder::new(file, COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    for piece in content.chunks(COPY_BYTES) {
        if is_stopped() {
            return Ok(false);
        }
        encoder.write_all(piece)?;
    }
    encoder.finish()?.sync_all()?;
    let mut decoder = zstd::Decoder::new(machine.disk().open(path, Access::Read)?)?;
    let mut piece = vec![0; COPY_BYTES];
    for expected in content.chunks(COPY_BYTES) {
        let found = &mut piece[..expected.len()];
        decoder.read_exact(found)?;
        if found != expected {
            return Err(io::Error::other("it does not read back as it was written"));
        }
    }
    Ok(true)
}

/// Removes a file for good, if it is there.
fn remove_lasting(machine: &Machine, path: &Path) -> Result<(), files::Error> {
    match machine.disk().remove(path).context("remove", path) {
        Err(error) if error.is_missing() => return Ok(()),
        result => result?,
    }
    sync_dir(machine, path.parent().unwrap_or(Path::new(".")))
}
