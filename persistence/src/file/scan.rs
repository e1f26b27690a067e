//! Reads a journal from its beginning to its end, and tells an end from damage.
//!
//! Must always hold: every batch that comes out verifies, and follows the one before it in every
//! respect. Where the batches stop, what lies behind is searched for a witness: a later batch, a
//! later segment or the last start that says that more was durable. With a witness it is damage.
//! Without one, and only in the last segment, it is the tail of a group that was never synced.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inventory_core::ids::Epoch;

use super::active::number_in;
use super::epoch::EpochMark;
use super::error::{Damage, Error, Lost, Reason};
use super::witness::Witnesses;
use crate::batch::Batch;
use crate::chain::Chain;
use crate::encoding::read_facts;
use crate::files::{Context, names_in};
use crate::limits::HEADER_BYTES;
use crate::segment::header::{HeaderError, SegmentHeader};
use crate::segment::record::{self, Found, RecordHeader};
use crate::segment::seed_of;

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

/// A journal that is being read.
#[derive(Debug)]
pub(crate) struct Scanner {
    data_dir: PathBuf,
    journal: PathBuf,
    node_id: u128,
    mark: Option<EpochMark>,
    /// Number in the name, and file, in order.
    segments: Vec<(u64, PathBuf)>,
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
}

/// What stands at the present offset.
enum Here {
    Batch { stored: StoredBatch, header: RecordHeader, checksum: u128 },
    Nothing,
    Damaged,
}

impl Scanner {
    /// A scanner of `data_dir`, which belongs to `node_id`.
    pub(crate) fn new(data_dir: &Path, journal: &Path, node_id: u128) -> Result<Self, Error> {
        // In this order: what the mark says is durable is in segments that are listed after it.
        let mark = EpochMark::read(data_dir)?;
        let mut segments: Vec<(u64, PathBuf)> = names_in(journal)?
            .iter()
            .filter_map(|name| Some((number_in(name)?, journal.join(name))))
            .collect();
        segments.sort_unstable();
        Ok(Self {
            data_dir: data_dir.to_owned(),
            journal: journal.to_owned(),
            node_id,
            mark,
            segments,
            open: None,
            chain: Chain::new(),
            summaries: Vec::new(),
            tail: None,
            is_finished: false,
        })
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
        let has_next = open.index + 1 < self.segments.len();
        match self.here(open)? {
            Here::Batch { stored, header, checksum } => {
                self.advance(&stored, &header, checksum);
                Ok(Some(stored))
            }
            // Whether this is the end of a full segment is for the next one's header to say.
            Here::Nothing | Here::Damaged if has_next => self.open_next().map(|()| None),
            here @ (Here::Nothing | Here::Damaged) => {
                self.finish(matches!(here, Here::Nothing)).map(|()| None)
            }
        }
    }

    fn here(&self, open: &OpenSegment) -> Result<Here, Error> {
        let offset = open.offset as u64;
        let damage = |reason| self.damage(offset, reason, Witnesses::default());
        let newer = |what| {
            let path = self.path_of(open.index);
            Err(Error::NewerRelease { path, offset, what })
        };
        let record = match record::read(&open.content[open.offset..], seed_of(self.node_id)) {
            Found::Record(record) => record,
            Found::NewerVersion(version) => return newer(format!("a batch of version {version}")),
            Found::Nothing => return Ok(Here::Nothing),
            Found::Damaged => return Ok(Here::Damaged),
        };
        let header = record.header;
        self.chain.check(&header).map_err(|error| damage(error.into()))?;
        if header.epoch > open.header.epoch {
            return Err(damage(Reason::Epoch));
        }
        if self.mark.is_none() {
            return Err(Error::EpochMissing { path: EpochMark::path(&self.data_dir) });
        }
        let facts = match read_facts(record.payload, header.first_lsn, header.fact_count as usize) {
            Ok(facts) => facts.into_iter().map(Arc::new).collect(),
            Err(error) if error.is_of_newer_release() => return newer(error.to_string()),
            Err(error) => return Err(damage(error.into())),
        };
        let batch =
            Batch::new(header.shard, header.epoch, header.sequence, facts, header.digest_after)
                .map_err(|error| damage(error.into()))?;
        let bytes = record.bytes as u64;
        let stored = StoredBatch { number: header.number, offset, bytes, batch };
        Ok(Here::Batch { stored, header, checksum: record.checksum })
    }

    fn advance(&mut self, stored: &StoredBatch, header: &RecordHeader, checksum: u128) {
        self.chain.advance(header, checksum);
        let open = self.open.as_mut().expect("a batch comes from an open segment");
        open.offset += stored.bytes as usize;
        let summary = self.summaries.last_mut().expect("an open segment has a summary");
        summary.batches += 1;
        summary.facts += u64::from(header.fact_count);
        summary.bytes = open.offset as u64;
    }

    /// Goes on with the next segment, whose header says what is durable in front of it. Changes
    /// nothing unless the segment continues what was read.
    fn open_next(&mut self) -> Result<(), Error> {
        let index = self.open.as_ref().map_or(0, |open| open.index + 1);
        let Some((named_number, path)) = self.segments.get(index) else {
            return self.finish(true);
        };
        let content = fs::read(path).context("read", path)?;
        let expected = self.chain.last_number + 1;
        let damage_here = |reason| {
            let lost = Lost { first_number: expected, ..Lost::default() };
            Error::from(Box::new(Damage { path: path.clone(), offset: 0, reason, lost }))
        };
        let header = match SegmentHeader::read(&content, self.node_id) {
            Ok(header) => header,
            Err(HeaderError::Damaged) => return Err(damage_here(Reason::Header)),
            Err(HeaderError::NewerVersion(version)) => {
                let what = format!("a segment of version {version}");
                return Err(Error::NewerRelease { path: path.clone(), offset: 0, what });
            }
            Err(HeaderError::Foreign(found)) => {
                let expected = self.node_id;
                return Err(Error::Foreign { path: path.clone(), found, expected });
            }
        };
        if header.first_number != *named_number {
            return Err(damage_here(Reason::Misnamed(header.first_number)));
        }
        if header.first_number > expected {
            return Err(self.damage_in_front_of(header.first_number)?);
        }
        if header.first_number < expected {
            let found = header.first_number;
            return Err(damage_here(Reason::Overlap { found, expected }));
        }
        if header.previous_checksum != self.chain.last_checksum {
            return Err(damage_here(Reason::OtherHistory));
        }
        if header.state_digest != self.chain.state_digest {
            return Err(damage_here(Reason::StateDigest));
        }
        if self.summaries.last().is_some_and(|before| header.epoch < before.epoch) {
            return Err(damage_here(Reason::Epoch));
        }
        self.summaries.push(SegmentSummary {
            path: path.clone(),
            epoch: header.epoch,
            first_number: header.first_number,
            batches: 0,
            facts: 0,
            bytes: HEADER_BYTES as u64,
        });
        self.open = Some(OpenSegment { index, header, content, offset: HEADER_BYTES });
        Ok(())
    }

    /// Ends here, unless something says that more was durable.
    fn finish(&mut self, is_nothing: bool) -> Result<(), Error> {
        let mut witnesses = self.witnesses()?;
        witnesses.durable_number =
            witnesses.durable_number.max(self.mark.map_or(0, |mark| mark.durable_number));
        let offset = self.open.as_ref().map_or(0, |open| open.offset as u64);
        if let Some(OpenSegment { header, content, .. }) = &self.open
            && (content.len() as u64) < header.capacity
        {
            let (found, expected) = (content.len() as u64, header.capacity);
            return Err(self.damage(offset, Reason::Shortened { found, expected }, witnesses));
        }
        if witnesses.durable_number > self.chain.last_number {
            let reason = if is_nothing { Reason::Missing } else { Reason::Record };
            return Err(self.damage(offset, reason, witnesses));
        }
        let newest = self.open.as_ref().map_or(0, |open| open.header.first_number);
        if let Some(mark) = self.mark.filter(|mark| mark.segment > newest) {
            return Err(self.damage(offset, Reason::SegmentGone(mark.segment), witnesses));
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
        let path = self.open.as_ref().map_or(self.journal.clone(), |open| self.path_of(open.index));
        Box::new(Damage { path, offset, reason, lost: witnesses.lost_behind(&self.chain) }).into()
    }

    /// All that can be read behind the present position, in this segment and later ones.
    fn witnesses(&self) -> Result<Witnesses, Error> {
        let mut witnesses = Witnesses::default();
        let seed = seed_of(self.node_id);
        let mut next_index = 0;
        if let Some(open) = &self.open {
            witnesses.add_all(record::find_all(&open.content, open.offset, seed));
            next_index = open.index + 1;
        }
        for (_, path) in &self.segments[next_index..] {
            let content = fs::read(path).context("read", path)?;
            witnesses.add_all(record::find_all(&content, HEADER_BYTES, seed));
        }
        Ok(witnesses)
    }

    /// Reads the open segment again: a reader without the lock may have seen a write half done.
    /// What was verified stays; the position does not move.
    fn was_written_meanwhile(&mut self) -> Result<bool, Error> {
        let Some(open) = &mut self.open else { return Ok(false) };
        let path = &self.segments[open.index].1;
        let content = fs::read(path).context("read again", path)?;
        let is_longer = content.len() >= open.offset;
        if !is_longer || content[open.offset..] == open.content[open.offset..] {
            return Ok(false);
        }
        open.content = content;
        Ok(true)
    }

    fn path_of(&self, index: usize) -> PathBuf {
        self.segments[index].1.clone()
    }
}

/// Where the last byte is that is not zero. Looked for in pieces: what is preallocated is long.
fn last_used(bytes: &[u8]) -> Option<usize> {
    const ZEROS: [u8; 4_096] = [0; 4_096];
    let unused = bytes.rchunks(ZEROS.len()).take_while(|chunk| **chunk == ZEROS[..chunk.len()]);
    let unused: usize = unused.map(<[u8]>::len).sum();
    bytes[..bytes.len() - unused].iter().rposition(|byte| *byte != 0)
}
