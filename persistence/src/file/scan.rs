//! Reads a journal from its beginning, or from a segment on, to its end, and tells an end from
//! damage.
//!
//! Must always hold: every batch that comes out verifies, and follows the one before it in every
//! respect. Where the batches stop, what lies behind is searched for a witness: a later batch, a
//! later segment, a snapshot or the last start that says that more was durable. With a witness it
//! is damage. Without one, and only in the last segment, it is the tail of a group that was never
//! synced.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use inventory_core::ids::Epoch;
use inventory_core::limits::SHARDS;

use super::epoch::EpochMark;
use super::error::{Damage, Error, Lost, Reason};
use super::segments::{ReadError, SegmentFile, Segments};
use super::witness::Witnesses;
use crate::batch::Batch;
use crate::chain::{Chain, LAST, Position};
use crate::dir::DataDirPaths;
use crate::encoding::read_facts;
use crate::limits::HEADER_BYTES;
use crate::segment::header::{HeaderError, SegmentHeader};
use crate::segment::record::{self, Found, Record, RecordHeader};
use crate::segment::seed_of;
use crate::snapshot;

/// A batch and where it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredBatch {
    /// Its number in the whole journal; the first is 1.
    pub number: u64,
    /// Where its record begins in its segment.
    pub offset: u64,
    /// Bytes of its record.
    pub bytes: u64,
    /// The batch.
    pub batch: Batch,
}

/// What was read of one segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SegmentSummary {
    /// Its file.
    pub path: PathBuf,
    /// The epoch in its header.
    pub epoch: Epoch,
    /// The number that its first batch has or will have.
    pub first_number: u64,
    /// Batches read from it.
    pub batches: u64,
    /// Facts in them.
    pub facts: u64,
    /// Bytes up to the end of the last one, the header included.
    pub bytes: u64,
}

/// What a crash left of a group that was never synced, and so never acknowledged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnsyncedTail {
    /// The segment, always the last one.
    pub path: PathBuf,
    /// Where it begins.
    pub offset: u64,
    /// Bytes up to the last that is not zero.
    pub bytes: u64,
}

/// Where to begin to read.
#[derive(Clone, Debug)]
pub(crate) enum Begin {
    /// With the first batch.
    First,
    /// Behind what a snapshot covers.
    Behind(Position),
    /// With the oldest segment that there is, if a snapshot explains what is missing in front.
    Oldest,
}

/// A journal that is being read.
#[derive(Debug)]
pub(crate) struct Scanner {
    paths: DataDirPaths,
    mark: Option<EpochMark>,
    /// The last batch that a snapshot says was durable; zero without one.
    snapshot_number: u64,
    segments: Segments,
    /// The position of the first segment to read.
    first: usize,
    /// The segment in front of which to stop.
    until: Option<u64>,
    /// The shards whose batches are given out.
    shards: Range<u16>,
    /// Whether the first segment is believed about what was in front of it.
    is_in_the_middle: bool,
    open: Option<OpenSegment>,
    chain: Chain,
    summaries: Vec<SegmentSummary>,
    tail: Option<UnsyncedTail>,
    is_finished: bool,
}

/// The segment that is being read, whole in memory.
#[derive(Debug)]
struct OpenSegment {
    index: usize,
    header: SegmentHeader,
    content: Vec<u8>,
    offset: usize,
    /// Bytes of its file.
    file_bytes: u64,
    /// Bytes of the files that were read before it.
    bytes_before: u64,
}

/// What stands at the present offset.
enum Here {
    Record { header: RecordHeader, checksum: u128, bytes: usize, batch: Option<Batch> },
    Nothing,
    Damaged,
}

impl Scanner {
    /// A scanner of the journal of a data directory.
    pub(crate) fn new(paths: &DataDirPaths, begin: Begin) -> Result<Self, Error> {
        // In this order: what these say is durable is in segments that are listed after them.
        let mark = EpochMark::read(paths.machine(), paths.path())?;
        let newest_snapshot =
            snapshot::numbers_in(paths.machine(), &paths.snapshots_path())?.into_iter().next_back();
        let segments = Segments::list(paths.machine(), &paths.journal())?;
        let oldest = segments.get(0).map_or(1, |file| file.number);
        let is_pruned = oldest > 1 && newest_snapshot.is_some_and(|number| number >= oldest);
        let (chain, is_in_the_middle) = match begin {
            Begin::First if is_pruned => {
                let path = paths.snapshots_path();
                return Err(Error::HistoryGone { path, first_number: oldest });
            }
            Begin::First => (Chain::new(), false),
            Begin::Behind(Position(chain)) => (chain, false),
            Begin::Oldest => (Chain::new(), is_pruned),
        };
        let first =
            if is_in_the_middle { 0 } else { segments.position_from(chain.last_number + 1) };
        Ok(Self {
            paths: paths.clone(),
            mark,
            snapshot_number: newest_snapshot.map_or(0, |number| number.saturating_sub(1)),
            segments,
            first,
            until: None,
            shards: 0..SHARDS,
            is_in_the_middle,
            open: None,
            chain,
            summaries: Vec::new(),
            tail: None,
            is_finished: false,
        })
    }

    /// Gives out only the batches of these shards. The others are verified and not decoded.
    pub(crate) fn only(self, shards: Range<u16>) -> Self {
        Self { shards, ..self }
    }

    /// Stops in front of the segment that begins with this batch.
    pub(crate) fn until(self, number: u64) -> Self {
        Self { until: Some(number), ..self }
    }

    /// The number of the first batch to be read.
    pub(crate) fn begins_with(&self) -> u64 {
        let oldest = || self.segments.get(0).map_or(1, |file| file.number);
        match self.summaries.first() {
            Some(summary) => summary.first_number,
            None if self.is_in_the_middle => oldest(),
            None => self.chain.last_number + 1,
        }
    }

    /// Bytes of all files that are read.
    pub(crate) fn bytes_in_all(&self) -> u64 {
        let files = self.segments.all()[self.first..].iter();
        files.map(|file| file.file_bytes(self.paths.machine())).sum()
    }

    /// How many of them have been read.
    pub(crate) fn bytes_read(&self) -> u64 {
        let Some(open) = &self.open else { return 0 };
        let length = open.content.len().max(1) as u128;
        open.bytes_before + (u128::from(open.file_bytes) * open.offset as u128 / length) as u64
    }

    /// The next batch; `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Result<Option<StoredBatch>, Error> {
        while !self.is_finished {
            match self.step() {
                Ok(Some(batch)) => return Ok(Some(batch)),
                Ok(None) => {}
                Err(Error::Damage(damage)) => {
                    if !self.was_written_meanwhile()? {
                        return Err(Error::Damage(damage));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Where the batches read so far lead.
    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What was read of each segment.
    pub(crate) fn summaries(&self) -> &[SegmentSummary] {
        &self.summaries
    }

    /// What is left behind the last batch; known at the end.
    pub(crate) fn tail(&self) -> Option<&UnsyncedTail> {
        self.tail.as_ref()
    }

    /// The highest epoch that anything names.
    pub(crate) fn highest_epoch(&self) -> Epoch {
        let of_segments = self.summaries.iter().map(|summary| summary.epoch).max();
        let of_mark = self.mark.map(|mark| mark.epoch);
        of_segments.max(of_mark).unwrap_or_default().max(self.chain.last_epoch)
    }

    /// Where the batches read so far lead.
    pub(crate) fn position(&self) -> Position {
        Position(self.chain.clone())
    }

    /// The header and the verified records of the segment that is read now.
    pub(crate) fn last_segment(&self) -> Option<(SegmentHeader, &[u8])> {
        let open = self.open.as_ref()?;
        Some((open.header, &open.content[HEADER_BYTES..open.offset]))
    }

    /// One batch, or one move of the position, or the end.
    fn step(&mut self) -> Result<Option<StoredBatch>, Error> {
        let Some(open) = &self.open else {
            self.open_next()?;
            return Ok(None);
        };
        let has_next = open.index + 1 < self.segments.all().len();
        match self.here(open)? {
            Here::Record { header, checksum, bytes, batch } => {
                let offset = self.advance(&header, checksum, bytes);
                let bytes = bytes as u64;
                Ok(batch.map(|batch| StoredBatch { number: header.number, offset, bytes, batch }))
            }
            // Whether this is the end of a full segment is for the next one's header to say.
            Here::Nothing | Here::Damaged if has_next => self.open_next().map(|()| None),
            here @ (Here::Nothing | Here::Damaged) => {
                self.finish(matches!(here, Here::Nothing)).map(|()| None)
            }
        }
    }

    fn here(&self, open: &OpenSegment) -> Result<Here, Error> {
        let rest = &open.content[open.offset..];
        let record = match record::read(rest, seed_of(self.paths.node_id())) {
            Found::Record(record) => record,
            Found::NewerVersion(version) => {
                return Err(self.newer(open, format!("a batch of version {version}")));
            }
            Found::Nothing => return Ok(Here::Nothing),
            Found::Damaged => return Ok(Here::Damaged),
        };
        let Record { header, checksum, bytes, .. } = record;
        let damage = |reason| self.damage(open.offset as u64, reason, Witnesses::default());
        self.chain.check(&header).map_err(|error| damage(error.into()))?;
        if header.epoch > open.header.epoch {
            return Err(damage(Reason::Epoch));
        }
        if self.mark.is_none() {
            return Err(Error::EpochMissing { path: EpochMark::path(self.paths.path()) });
        }
        let batch = match self.shards.contains(&header.shard.0) {
            true => Some(self.decode(open, &record)?),
            false => None,
        };
        Ok(Here::Record { header, checksum, bytes, batch })
    }

    fn decode(&self, open: &OpenSegment, record: &Record<'_>) -> Result<Batch, Error> {
        let header = record.header;
        let damage = |reason| self.damage(open.offset as u64, reason, Witnesses::default());
        let facts = match read_facts(record.payload, header.first_lsn, header.fact_count as usize) {
            Ok(facts) => facts.into_iter().map(Arc::new).collect(),
            Err(error) if error.is_of_newer_release() => {
                return Err(self.newer(open, error.to_string()));
            }
            Err(error) => return Err(damage(error.into())),
        };
        Batch::new(header.shard, header.epoch, header.sequence, facts, header.digest_after)
            .map_err(|error| damage(error.into()))
    }

    fn newer(&self, open: &OpenSegment, what: String) -> Error {
        let (path, offset) = (self.path_of(open.index), open.offset as u64);
        Error::NewerRelease { path, offset, what }
    }

    /// Moves behind a record. Returns where it begins.
    fn advance(&mut self, header: &RecordHeader, checksum: u128, bytes: usize) -> u64 {
        self.chain.advance(header, checksum);
        let open = self.open.as_mut().expect("a batch comes from an open segment");
        let offset = open.offset as u64;
        open.offset += bytes;
        let summary = self.summaries.last_mut().expect("an open segment has a summary");
        summary.batches += 1;
        summary.facts += u64::from(header.fact_count);
        summary.bytes = open.offset as u64;
        offset
    }

    /// Goes on with the next segment, whose header says what is durable in front of it. Changes
    /// nothing unless the segment continues what was read.
    fn open_next(&mut self) -> Result<(), Error> {
        let index = self.open.as_ref().map_or(self.first, |open| open.index + 1);
        let Some(file) = self.segments.get(index).cloned() else {
            return self.finish(true);
        };
        let is_end = self.until == Some(file.number);
        let content =
            if is_end { file.read_header(self.paths.machine()) } else { self.segments.read(index) };
        let content = match content {
            Ok(content) => content,
            Err(ReadError::Gone) => return self.look_for_the_oldest(file),
            Err(error) => return Err(self.unreadable(&file, error)),
        };
        // It may have changed its form meanwhile.
        let file = self.segments.get(index).cloned().unwrap_or(file);
        let header = self.read_header(&file, &content)?;
        if self.is_in_the_middle && self.open.is_none() {
            self.chain = Chain::in_front_of(&header);
        }
        self.check_header(&file, &header)?;
        if is_end {
            self.is_finished = true;
            return Ok(());
        }
        let file_bytes = file.file_bytes(self.paths.machine());
        let bytes_before = self.open.as_ref().map_or(0, |open| open.bytes_before + open.file_bytes);
        self.summaries.push(SegmentSummary {
            path: file.path,
            epoch: header.epoch,
            first_number: header.first_number,
            batches: 0,
            facts: 0,
            bytes: HEADER_BYTES as u64,
        });
        let offset = HEADER_BYTES;
        self.open = Some(OpenSegment { index, header, content, offset, file_bytes, bytes_before });
        Ok(())
    }

    /// A segment was listed, and is not there any more.
    fn look_for_the_oldest(&mut self, gone: SegmentFile) -> Result<(), Error> {
        let again = Segments::list(self.paths.machine(), &self.paths.journal())?;
        let oldest = again.get(0).map_or(0, |file| file.number);
        if self.is_in_the_middle && self.open.is_none() && oldest > gone.number {
            self.segments = again;
            return Ok(());
        }
        Err(Error::Pruned { path: gone.path })
    }

    fn unreadable(&self, file: &SegmentFile, error: ReadError) -> Error {
        match error {
            ReadError::Gone => Error::Pruned { path: file.path.clone() },
            ReadError::File(error) => error.into(),
            ReadError::Undecodable(reason) => {
                self.damage_at_beginning(file, Reason::Undecodable(reason))
            }
        }
    }

    fn read_header(&self, file: &SegmentFile, content: &[u8]) -> Result<SegmentHeader, Error> {
        let path = || file.path.clone();
        match SegmentHeader::read(content, self.paths.node_id()) {
            Ok(header) => Ok(header),
            Err(HeaderError::Damaged) => Err(self.damage_at_beginning(file, Reason::Header)),
            Err(HeaderError::NewerVersion(version)) => {
                let what = format!("a segment of version {version}");
                Err(Error::NewerRelease { path: path(), offset: 0, what })
            }
            Err(HeaderError::Foreign(found)) => {
                let expected = self.paths.node_id();
                Err(Error::Foreign { path: path(), found, expected })
            }
        }
    }

    /// Whether a segment continues what was read.
    fn check_header(&self, file: &SegmentFile, header: &SegmentHeader) -> Result<(), Error> {
        let damage_here = |reason| Err(self.damage_at_beginning(file, reason));
        let (found, expected) = (header.first_number, self.chain.last_number + 1);
        if found != file.number {
            return damage_here(Reason::Misnamed(found));
        }
        if found > expected {
            return Err(self.damage_in_front_of(found)?);
        }
        if found < expected {
            return damage_here(Reason::Overlap { found, expected });
        }
        if header.previous_checksum != self.chain.last_checksum {
            return damage_here(Reason::OtherHistory);
        }
        if self.chain.is_complete() && header.state_digest != self.chain.state_digest {
            return damage_here(Reason::StateDigest);
        }
        if header.epoch.0 == LAST {
            return damage_here(Reason::LastEpoch);
        }
        if self.summaries.last().is_some_and(|before| header.epoch < before.epoch) {
            return damage_here(Reason::Epoch);
        }
        Ok(())
    }

    fn damage_at_beginning(&self, file: &SegmentFile, reason: Reason) -> Error {
        let lost = Lost { first_number: self.chain.last_number + 1, ..Lost::default() };
        Box::new(Damage { path: file.path.clone(), offset: 0, reason, lost }).into()
    }

    /// Ends here, unless something says that more was durable.
    fn finish(&mut self, is_nothing: bool) -> Result<(), Error> {
        let mut witnesses = self.witnesses()?;
        let marked = self.mark.map_or(0, |mark| mark.durable_number);
        let others = marked.max(self.snapshot_number);
        witnesses.durable_number = witnesses.durable_number.max(others);
        let offset = self.open.as_ref().map_or(0, |open| open.offset as u64);
        if let Some(OpenSegment { index, header, content, .. }) = &self.open
            && !self.segments.all()[*index].is_compressed
            && (content.len() as u64) < header.capacity
        {
            let (found, expected) = (content.len() as u64, header.capacity);
            return Err(self.damage(offset, Reason::Shortened { found, expected }, witnesses));
        }
        if witnesses.durable_number > self.chain.last_number {
            let reason = if is_nothing { Reason::Missing } else { Reason::Record };
            return Err(self.damage(offset, reason, witnesses));
        }
        if self.mark.is_none() && self.snapshot_number > 0 {
            return Err(Error::EpochMissing { path: EpochMark::path(self.paths.path()) });
        }
        let newest = self.open.as_ref().map_or(0, |open| open.header.first_number);
        // A snapshot is taken in front of a segment.
        let behind_snapshot = self.open.is_none().then_some(self.chain.last_number + 1);
        let named = self.mark.map(|mark| mark.segment.max(behind_snapshot.unwrap_or(0)));
        if let Some(segment) = named.filter(|segment| *segment > newest) {
            return Err(self.damage(offset, Reason::SegmentGone(segment), witnesses));
        }
        if let Some(tail) = self.tail_here() {
            if self.was_written_meanwhile()? {
                return Ok(());
            }
            self.tail = Some(tail);
        }
        self.is_finished = true;
        Ok(())
    }

    fn tail_here(&self) -> Option<UnsyncedTail> {
        let open = self.open.as_ref()?;
        let last = last_used(&open.content[open.offset..])?;
        let (offset, bytes) = (open.offset as u64, last as u64 + 1);
        Some(UnsyncedTail { path: self.path_of(open.index), offset, bytes })
    }

    /// The damage between what was read and a segment that begins too late.
    fn damage_in_front_of(&self, first_number: u64) -> Result<Error, Error> {
        let mut witnesses = self.witnesses()?;
        witnesses.durable_number = witnesses.durable_number.max(first_number - 1);
        let open = self.open.as_ref();
        let offset = open.map_or(0, |open| open.offset);
        let rest = open.map_or(&[][..], |open| &open.content[offset..]);
        let is_nothing = last_used(rest).is_none();
        let reason = if is_nothing { Reason::Missing } else { Reason::Record };
        Ok(self.damage(offset as u64, reason, witnesses))
    }

    fn damage(&self, offset: u64, reason: Reason, witnesses: Witnesses) -> Error {
        let path = match &self.open {
            Some(open) => self.path_of(open.index),
            None => self.paths.journal(),
        };
        Box::new(Damage { path, offset, reason, lost: witnesses.lost_behind(&self.chain) }).into()
    }

    /// All that can be read behind the present position, in this segment and later ones.
    fn witnesses(&self) -> Result<Witnesses, Error> {
        let mut witnesses = Witnesses::default();
        let seed = seed_of(self.paths.node_id());
        let mut next_index = self.first;
        if let Some(open) = &self.open {
            witnesses.add_all(record::find_all(&open.content, open.offset, seed));
            next_index = open.index + 1;
        }
        for file in &self.segments.all()[next_index..] {
            match file.read(self.paths.machine()) {
                Ok(content) => {
                    witnesses.add_all(record::find_all(&content, HEADER_BYTES, seed));
                }
                // It says nothing then.
                Err(ReadError::Gone | ReadError::Undecodable(_)) => {}
                Err(ReadError::File(error)) => return Err(error.into()),
            }
        }
        Ok(witnesses)
    }

    /// Reads the open segment again: a reader without the lock may have seen a write half done.
    /// What was verified stays; the position does not move.
    fn was_written_meanwhile(&mut self) -> Result<bool, Error> {
        let Some(open) = &mut self.open else { return Ok(false) };
        let content = match self.segments.read(open.index) {
            Ok(content) => content,
            // What was read of it is all that there is to know.
            Err(ReadError::Gone | ReadError::Undecodable(_)) => return Ok(false),
            Err(ReadError::File(error)) => return Err(error.into()),
        };
        let is_longer = content.len() >= open.offset;
        if !is_longer || content[open.offset..] == open.content[open.offset..] {
            return Ok(false);
        }
        open.content = content;
        Ok(true)
    }

    fn path_of(&self, index: usize) -> PathBuf {
        self.segments.all()[index].path.clone()
    }
}

/// Where the last byte is that is not zero. Looked for in pieces: what is preallocated is long.
fn last_used(bytes: &[u8]) -> Option<usize> {
    const ZEROS: [u8; 4_096] = [0; 4_096];
    let unused = bytes.rchunks(ZEROS.len()).take_while(|chunk| **chunk == ZEROS[..chunk.len()]);
    let unused: usize = unused.map(<[u8]>::len).sum();
    bytes[..bytes.len() - unused].iter().rposition(|byte| *byte != 0)
}
