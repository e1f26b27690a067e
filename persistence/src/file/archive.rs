//! What becomes of segments that nobody needs to start: compressed into `journal/history/`, and
//! removed for good when they are old enough.
//!
//! Must always hold: a segment is compressed only if two snapshots stand behind it that can be
//! used as far as is known, and removed only if two do that were read back from the disk; it is
//! there in one form or the other at every moment, whole and synced, until it is too old; and the
//! oldest go first, so that what is left has no gaps.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use super::error::Error;
use super::segments::{ReadError, SegmentFile, Segments, history_path};
use crate::dir::{DataDirPaths, LockShare};
use crate::files::{self, Context, create_dir, rename_lasting, sync_dir, temporary_beside};
use crate::limits::{COMPRESSED_BYTES_MAX, COMPRESSION_LEVEL, COPY_BYTES, HEADER_BYTES};
use crate::segment::header::SegmentHeader;
use crate::segment::record::{self, Found};
use crate::segment::seed_of;
use crate::snapshot::Known;

/// Looks after the segments of a data directory that snapshots stand behind.
#[derive(Debug)]
pub struct Archive {
    paths: DataDirPaths,
    retention: Duration,
    _lock: LockShare,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Archived {
    /// Segments that were compressed.
    pub compressed: u64,
    /// Segments that were removed for good.
    pub removed: u64,
    /// Segments that do not read as they were written, and were left alone.
    pub damaged: u64,
}

impl Archive {
    /// For a directory that this process has locked. Segments are kept for `retention` after
    /// their last batch; none if it is zero.
    pub fn new(paths: &DataDirPaths, lock: LockShare, retention: Duration) -> Self {
        Self { paths: paths.clone(), retention, _lock: lock }
    }

    /// Compresses and removes what is due at `now_millis`, until it is told to stop.
    pub fn look_after(
        &self,
        snapshots: &mut Known,
        now_millis: u64,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Archived, Error> {
        let mut done = Archived::default();
        let Some(boundary) = snapshots.boundary()? else { return Ok(done) };
        let segments = Segments::list(&self.paths.journal())?;
        let mut is_oldest = true;
        for pair in segments.all().windows(2) {
            let [file, next] = pair else { continue };
            if file.number >= boundary || is_stopped() {
                break;
            }
            // None is removed behind one that stays.
            is_oldest = is_oldest
                && self.is_too_old(next, now_millis)?
                && Some(file.number) < snapshots.verified_boundary(is_stopped)?;
            if is_oldest {
                self.remove(file)?;
                done.removed += 1;
            } else if !file.is_compressed {
                match self.compress(file, next.number, is_stopped)? {
                    Compressed::Done => done.compressed += 1,
                    Compressed::TooLong | Compressed::Stopped => {}
                    Compressed::Damaged => done.damaged += 1,
                }
            }
        }
        Ok(done)
    }

    /// Whether what lies in front of `next` was written too long ago.
    fn is_too_old(&self, next: &SegmentFile, now_millis: u64) -> Result<bool, Error> {
        if self.retention.is_zero() {
            return Ok(true);
        }
        let content = match next.read_header() {
            Ok(content) => content,
            Err(ReadError::File(error)) => return Err(error.into()),
            Err(ReadError::Gone | ReadError::Undecodable(_)) => return Ok(false),
        };
        let header = SegmentHeader::read(&content, self.paths.node_id());
        let retention_millis = u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX);
        Ok(header
            .is_ok_and(|header| now_millis.saturating_sub(header.created_at.0) > retention_millis))
    }

    fn remove(&self, file: &SegmentFile) -> Result<(), files::Error> {
        // The compressed form may be there as well, after a crash.
        for file in [file, &file.other_form()] {
            remove_lasting(&file.path)?;
        }
        Ok(())
    }

    fn compress(
        &self,
        file: &SegmentFile,
        next_number: u64,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Compressed, Error> {
        if file.file_bytes() > COMPRESSED_BYTES_MAX {
            return Ok(Compressed::TooLong);
        }
        let content = match file.read() {
            Ok(content) => content,
            Err(ReadError::File(error)) => return Err(error.into()),
            Err(ReadError::Gone | ReadError::Undecodable(_)) => return Ok(Compressed::Damaged),
        };
        let Some(used) = self.used_bytes(&content, next_number) else {
            let path = file.path.display();
            tracing::warn!(
                %path,
                "a sealed segment does not read as it was written; snapshots stand behind it, so \
                 nothing that counts is lost, and it is left as it is"
            );
            return Ok(Compressed::Damaged);
        };
        create_dir(&history_path(&self.paths.journal()))?;
        let compressed = file.other_form().path;
        let temporary = temporary_beside(&compressed);
        let written = write_compressed(&temporary, &content[..used], is_stopped);
        match written.context("write", &temporary) {
            Ok(true) => rename_lasting(&temporary, &compressed)?,
            Ok(false) => {
                remove_lasting(&temporary)?;
                return Ok(Compressed::Stopped);
            }
            Err(error) => {
                // Best effort: the next start removes it as well.
                let _ = fs::remove_file(&temporary);
                return Err(error.into());
            }
        }
        remove_lasting(&file.path)?;
        Ok(Compressed::Done)
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
    Damaged,
    Stopped,
}

/// Writes and syncs a compressed file, and reads it back. False if it was told to stop.
fn write_compressed(
    path: &Path,
    content: &[u8],
    is_stopped: &dyn Fn() -> bool,
) -> io::Result<bool> {
    let mut encoder = zstd::Encoder::new(File::create_new(path)?, COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    for piece in content.chunks(COPY_BYTES) {
        if is_stopped() {
            return Ok(false);
        }
        encoder.write_all(piece)?;
    }
    encoder.finish()?.sync_all()?;
    let mut decoder = zstd::Decoder::new(File::open(path)?)?;
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
fn remove_lasting(path: &Path) -> Result<(), files::Error> {
    match fs::remove_file(path).context("remove", path) {
        Err(error) if error.is_missing() => return Ok(()),
        result => result?,
    }
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}
