//! The journal in files: preallocated segments, one write and one sync a group.
//!
//! Must always hold: a segment rolls over only between groups, so all of it is durable before the
//! next one begins; and what is synced once is never written again.

mod active;
pub mod archive;
pub(crate) mod epoch;
pub mod error;
pub mod follower;
pub mod reader;
pub mod recovery;
mod reserve;
pub mod restore;
pub(crate) mod scan;
pub mod sealed;
pub(crate) mod segments;
mod spares;
mod witness;

use inventory_core::ids::Epoch;

use self::active::ActiveSegment;
use self::epoch::{EpochMark, MarkWriter};
pub use self::scan::{SegmentSummary, StoredBatch, UnsyncedTail};
use self::sealed::Rolls;
use self::spares::Spares;
use crate::batch::Batch;
use crate::chain::Chain;
pub use crate::chain::Position;
use crate::dir::{DataDir, DataDirPaths, LockShare};
use crate::files;
use crate::journal::{Append, AppendError, Journal, Room, Supply, check_epoch};
use crate::limits::{ROOM_AT_START_BYTES, SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MIN};
use crate::projected::{Floor, Written};
use crate::segment::header::SegmentHeader;
use crate::segment::record;
use crate::segment::seed_of;

/// How a journal is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// Bytes that a segment takes of the disk when it is made; never below
    /// [`SEGMENT_BYTES_MIN`]. A group that does not fit into an empty one gets a longer one.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: SEGMENT_BYTES_DEFAULT }
    }
}

impl Options {
    /// Bytes of a segment that is prepared while another one is written.
    fn spare_bytes(self) -> u64 {
        self.segment_bytes.max(SEGMENT_BYTES_MIN)
    }

    /// Bytes of the segment that a start makes, where `used` of them are written at once.
    fn first_bytes(self, used: u64) -> u64 {
        used.saturating_add(ROOM_AT_START_BYTES).min(self.spare_bytes()).max(used)
    }
}

/// What may be done beside a journal while it is written, on other threads.
#[derive(Clone, Debug)]
pub struct JournalShare {
    /// Where everything is.
    pub paths: DataDirPaths,
    /// A share of the directory's lock.
    pub lock: LockShare,
    /// Tells which segments are sealed.
    pub rolls: Rolls,
    /// Bytes that the journal takes of the disk for each segment.
    pub segment_bytes: u64,
    /// Which batches somebody still has to read.
    pub floor: Floor,
}

/// A journal in `journal/` of a data directory, which stays locked as long as this lives.
#[derive(Debug)]
pub struct FileJournal {
    options: Options,
    epoch: Epoch,
    chain: Chain,
    /// The last batch that is known to be durable.
    durable_number: u64,
    /// Bytes of batches that were written since it was opened.
    written_bytes: u64,
    active: ActiveSegment,
    /// What is about to be written; kept for its memory.
    buffer: Vec<u8>,
    stopped: Option<Append>,
    spares: Spares,
    marks: MarkWriter,
    rolls: Rolls,
    floor: Floor,
    // Last, so that the lock goes when nothing touches the directory any more.
    dir: DataDir,
}

impl FileJournal {
    /// A journal behind the last batch of `active`, all of which is durable.
    fn new(
        dir: DataDir,
        options: Options,
        epoch: Epoch,
        chain: Chain,
        active: ActiveSegment,
    ) -> Result<Self, files::Error> {
        let mut spares = Spares::start(dir.machine(), &dir.journal(), options.spare_bytes())?;
        // Most starts have this much and wait for nothing. One that has less would turn new holds
        // away at once, on a healthy disk too; on a full one it is soon known that it is.
        spares.wait_for(ROOM_AT_START_BYTES.saturating_sub(active.room_bytes()));
        let durable_number = chain.last_number;
        let mark = EpochMark { epoch, durable_number, segment: active.first_number() };
        let mut marks = MarkWriter::new(dir.machine(), dir.path());
        marks.prepare(mark);
        let rolls = Rolls::new(active.first_number());
        let buffer = Vec::new();
        let stopped = None;
        Ok(Self {
            options,
            epoch,
            chain,
            durable_number,
            written_bytes: 0,
            active,
            buffer,
            stopped,
            spares,
            marks,
            rolls,
            floor: Floor::default(),
            dir,
        })
    }

    /// The directory that it keeps locked.
    pub fn data_dir(&self) -> &DataDir {
        &self.dir
    }

    /// What may be done beside it.
    pub fn share(&self) -> JournalShare {
        let (paths, lock) = (self.dir.paths().clone(), self.dir.lock_share());
        let segment_bytes = self.options.spare_bytes();
        let (rolls, floor) = (self.rolls.clone(), self.floor.clone());
        JournalShare { paths, lock, rolls, segment_bytes, floor }
    }

    fn write_group(&mut self, group: &[Batch]) -> Result<(), Append> {
        let segment_if_rolled = self.next_segment_header();
        self.encode(group)?;
        self.make_room(segment_if_rolled)
            .and_then(|()| self.active.append(&self.buffer))
            .map_err(|error| Append::Unknown(error.into()))?;
        self.durable_number = self.chain.last_number;
        self.written_bytes += self.buffer.len() as u64;
        Ok(())
    }

    fn encode(&mut self, group: &[Batch]) -> Result<(), Append> {
        let seed = seed_of(self.dir.identity().node_id);
        self.buffer.clear();
        for batch in group {
            check_epoch(batch, self.epoch)?;
            let header = self.chain.header_of(batch, self.durable_number);
            self.chain.check(&header).map_err(AppendError::from).map_err(Append::Unknown)?;
            let checksum = record::write(&header, batch.facts(), seed, &mut self.buffer);
            self.chain.advance(&header, checksum);
        }
        Ok(())
    }

    /// Sees that the whole group fits into one segment.
    fn make_room(&mut self, next: SegmentHeader) -> Result<(), files::Error> {
        let bytes = self.buffer.len() as u64;
        if self.active.has_room_for(bytes) {
            return Ok(());
        }
        // An empty segment is not followed by one that would have the same name.
        if !self.active.is_empty() {
            self.active = self.spares.take()?.into_segment(next, &[])?;
            self.marks.write(EpochMark::new(&next, next.first_number - 1))?;
            self.rolls.tell(next.first_number);
        }
        if !self.active.has_room_for(bytes) {
            self.active.grow_for(bytes)?;
        }
        Ok(())
    }

    /// What `epoch.json` says now.
    fn mark(&self) -> EpochMark {
        let (epoch, durable_number) = (self.epoch, self.durable_number);
        EpochMark { epoch, durable_number, segment: self.active.first_number() }
    }

    /// The header of a segment that would begin here.
    fn next_segment_header(&self) -> SegmentHeader {
        SegmentHeader {
            first_number: self.chain.last_number + 1,
            epoch: self.epoch,
            node_id: self.dir.identity().node_id,
            created_at: self.dir.machine().wall_clock(),
            state_digest: self.chain.state_digest,
            previous_checksum: self.chain.last_checksum,
            capacity: 0,
        }
    }
}

impl Journal for FileJournal {
    fn append(&mut self, group: &[Batch]) -> Append {
        if let Some(stopped) = &self.stopped {
            return stopped.clone();
        }
        if group.is_empty() {
            return Append::Durable;
        }
        match self.write_group(group) {
            Ok(()) => Append::Durable,
            Err(answer) => {
                self.stopped = Some(answer.clone());
                answer
            }
        }
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn room(&mut self) -> Room {
        let (left, ahead) = (self.active.room_bytes(), self.spares.room_bytes());
        let supply = self.spares.supply();
        if !self.marks.has_space() && supply == Supply::Sure {
            // There is space again. If not for this, it is tried the next time.
            let _ = self.marks.take_space(self.mark());
        }
        // What lies behind the present segment can be used only with a mark.
        if !self.marks.has_space() {
            return Room { bytes: left, supply: Supply::Short };
        }
        Room { bytes: left + ahead, supply }
    }

    fn written(&self) -> Written {
        Written { number: self.durable_number, bytes: self.written_bytes }
    }
}

#[cfg(test)]
mod tests;
