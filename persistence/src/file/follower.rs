//! Follows a journal that is being written: every batch that is durable, once it is.
//!
//! Must always hold: a batch comes out only if whoever writes has said that it is durable, it
//! verifies, and it follows the one before it in every respect. What is not durable yet is not
//! looked at, so that nothing half written can look like damage.

use std::io::{Read, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use super::error::{Damage, Error, Lost, Reason};
use super::scan::StoredBatch;
use super::segments::{SegmentFile, Segments};
use crate::batch::Batch;
use crate::chain::Chain;
use crate::dir::DataDirPaths;
use crate::disk::{Access, File};
use crate::encoding::read_facts;
use crate::files::Context;
use crate::limits::{COPY_BYTES, HEADER_BYTES, RECORD_BYTES_MAX, RECORD_HEADER_BYTES};
use crate::segment::header::SegmentHeader;
use crate::segment::record::{self, Found, Record};
use crate::segment::{seed_of, u32_at};

/// Reads a journal from one of its batches on, beside the one who writes it.
#[derive(Debug)]
pub struct Follower {
    paths: DataDirPaths,
    chain: Chain,
    /// The first batch that is given out.
    from: u64,
    open: Option<OpenSegment>,
}

/// The segment that is being read, some of it in memory.
#[derive(Debug)]
struct OpenSegment {
    path: PathBuf,
    /// None if all of it is in memory.
    file: Option<Box<dyn File>>,
    /// Bytes of the segment from `begin` on.
    content: Vec<u8>,
    begin: u64,
    /// Where the next record begins in `content`.
    offset: usize,
}

impl Follower {
    /// Begins with batch `from` of a journal that has it, or that will have it next.
    pub fn open(paths: &DataDirPaths, from: u64) -> Result<Self, Error> {
        let segments = Segments::list(paths.machine(), &paths.journal())?;
        let behind = segments.position_from(from.saturating_add(1));
        let Some(file) = behind.checked_sub(1).and_then(|index| segments.get(index)) else {
            let path = paths.snapshots_path();
            let first_number = segments.get(0).map_or(1, |file| file.number);
            return Err(Error::HistoryGone { path, first_number });
        };
        let mut follower = Self { paths: paths.clone(), chain: Chain::new(), from, open: None };
        let (header, open) = follower.open_segment(file)?;
        follower.chain = match header.first_number {
            1 => Chain::new(),
            _ => Chain::in_front_of(&header),
        };
        follower.open = Some(open);
        Ok(follower)
    }

    /// The number of the batch that comes next.
    pub fn next_number(&self) -> u64 {
        self.from.max(self.chain.last_number + 1)
    }

    /// The next batch, if it is among those up to `durable`.
    pub fn next_batch(&mut self, durable: u64) -> Result<Option<StoredBatch>, Error> {
        while self.chain.last_number < durable {
            let stored = self.read_record()?;
            if let Some(stored) = stored.filter(|stored| stored.number >= self.from) {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    /// One record, or one move to the next segment.
    fn read_record(&mut self) -> Result<Option<StoredBatch>, Error> {
        let seed = seed_of(self.paths.node_id());
        let Some(mut open) = self.open.take() else { return Err(self.missing()) };
        // What is in memory may be from before it was written, or end within it.
        if !matches!(record::read(open.rest(), seed), Found::Record(_)) {
            open.read_on()?;
        }
        match record::read(open.rest(), seed) {
            Found::Record(record) => {
                let (read, bytes) = (self.take(&open, &record), record.bytes);
                open.offset += bytes;
                self.open = Some(open);
                read.map(Some)
            }
            Found::NewerVersion(version) => {
                let what = format!("a batch of version {version}");
                Err(Error::NewerRelease { offset: open.position(), path: open.path, what })
            }
            Found::Nothing => self.open_next(&open, Reason::Missing).map(|()| None),
            Found::Damaged => self.open_next(&open, Reason::Record).map(|()| None),
        }
    }

    fn take(&mut self, open: &OpenSegment, record: &Record<'_>) -> Result<StoredBatch, Error> {
        let header = record.header;
        let damaged = |reason| self.damage(open.path.clone(), open.position(), reason);
        self.chain.check(&header).map_err(|error| damaged(error.into()))?;
        let facts = read_facts(record.payload, header.first_lsn, header.fact_count as usize)
            .map_err(|error| damaged(error.into()))?;
        let facts = facts.into_iter().map(Arc::new).collect();
        let batch =
            Batch::new(header.shard, header.epoch, header.sequence, facts, header.digest_after)
                .map_err(|error| damaged(error.into()))?;
        self.chain.advance(&header, record.checksum);
        let (number, offset, bytes) = (header.number, open.position(), record.bytes as u64);
        Ok(StoredBatch { number, offset, bytes, batch })
    }

    /// Goes on with the segment that begins with the next batch, if there is one.
    /// `otherwise` is what is wrong if there is none.
    fn open_next(&mut self, read: &OpenSegment, otherwise: Reason) -> Result<(), Error> {
        let next = self.chain.last_number + 1;
        let segments = Segments::list(self.paths.machine(), &self.paths.journal())?;
        let file = segments.get(segments.position_from(next)).filter(|file| file.number == next);
        let Some(file) = file else {
            return Err(self.damage(read.path.clone(), read.position(), otherwise));
        };
        let (header, open) = self.open_segment(file)?;
        if header.previous_checksum != self.chain.last_checksum {
            return Err(self.damage(open.path, 0, Reason::OtherHistory));
        }
        self.open = Some(open);
        Ok(())
    }

    fn open_segment(&self, file: &SegmentFile) -> Result<(SegmentHeader, OpenSegment), Error> {
        let open = self.open_form(file)?;
        let header = SegmentHeader::read(&open.content, self.paths.node_id());
        let header = header.map_err(|_| self.damage(open.path.clone(), 0, Reason::Header))?;
        if header.first_number != file.number {
            let reason = Reason::Misnamed(header.first_number);
            return Err(self.damage(open.path, 0, reason));
        }
        Ok((header, open))
    }

    /// Opens it in the form that it has now.
    fn open_form(&self, file: &SegmentFile) -> Result<OpenSegment, Error> {
        let raw = if file.is_compressed { file.other_form() } else { file.clone() };
        let opened = self.paths.machine().disk().open(&raw.path, Access::Read);
        match opened.context("open", &raw.path) {
            Ok(file) => {
                let (content, offset) = (Vec::new(), 0);
                let file = Some(file);
                let mut open = OpenSegment { path: raw.path, file, content, begin: 0, offset };
                open.read_on()?;
                open.offset = HEADER_BYTES;
                Ok(open)
            }
            Err(error) if error.is_missing() => {
                let compressed = raw.other_form();
                let content = compressed.read(self.paths.machine()).map_err(|error| {
                    let reason = Reason::Undecodable(error.to_string());
                    self.damage(compressed.path.clone(), 0, reason)
                })?;
                let (path, offset) = (compressed.path, HEADER_BYTES);
                Ok(OpenSegment { path, file: None, content, begin: 0, offset })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn damage(&self, path: PathBuf, offset: u64, reason: Reason) -> Error {
        let first_number = self.chain.last_number + 1;
        let lost = Lost { first_number, ..Lost::default() };
        Box::new(Damage { path, offset, reason, lost }).into()
    }

    /// After an error nothing more is read.
    fn missing(&self) -> Error {
        self.damage(self.paths.journal(), 0, Reason::Missing)
    }
}

impl OpenSegment {
    fn rest(&self) -> &[u8] {
        &self.content[self.offset..]
    }

    /// Where the next record begins in its file.
    fn position(&self) -> u64 {
        self.begin + self.offset as u64
    }

    /// Reads from the next record on: a piece of the file, and all of the record if it says that
    /// it is longer.
    fn read_on(&mut self) -> Result<(), Error> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.begin += self.offset as u64;
        self.offset = 0;
        self.content.clear();
        file.seek(SeekFrom::Start(self.begin)).context("read", &self.path)?;
        let mut read = |bytes: usize| {
            file.take(bytes as u64).read_to_end(&mut self.content).context("read", &self.path)
        };
        read(COPY_BYTES)?;
        let whole = self.content.get(28..32).map_or(0, |_| u32_at(&self.content, 28) as usize);
        if self.content.len() >= RECORD_HEADER_BYTES && whole <= RECORD_BYTES_MAX {
            let more = whole.saturating_sub(self.content.len());
            if more > 0 {
                let mut rest = Vec::new();
                file.take(more as u64).read_to_end(&mut rest).context("read", &self.path)?;
                self.content.extend(rest);
            }
        }
        Ok(())
    }
}
