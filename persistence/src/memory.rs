//! A journal in memory, for tests and for simulations: what a disk keeps, when it fails, and
//! what is left when it is opened again.
//!
//! Must always hold: it keeps the same bytes and asks the same questions as the journal in
//! files, and what a failed append kept is decided by who ordered the failure.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inventory_core::ids::Epoch;

use crate::batch::Batch;
use crate::chain::Chain;
use crate::encoding::read_facts;
use crate::journal::{Append, AppendError, Journal, Room, check_epoch};
use crate::projected::Written;
use crate::segment::record::{self, Found};

/// The seed of all checksums in memory.
const SEED: u64 = 0;

/// What survives when a [`MemoryJournal`] is dropped. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    epoch: Epoch,
    records: Vec<u8>,
    appends: u64,
    failures: BTreeMap<u64, Kept>,
    room: Option<Room>,
}

/// What a failed append leaves on the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kept {
    /// None of its batches.
    Nothing,
    /// This many of its batches, from the first on.
    First(usize),
    /// All of them: it was durable, and only the answer was lost.
    All,
}

/// A journal on a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryJournal {
    disk: MemoryDisk,
    epoch: Epoch,
    chain: Chain,
    durable_number: u64,
    written_bytes: u64,
    stopped: Option<Append>,
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Orders the `nth` append of the disk's life (the first is 1) to fail.
    pub fn fail_append(&self, nth: u64, kept: Kept) {
        self.lock().failures.insert(nth, kept);
    }

    /// Says from now on that a journal on this disk has this room. It is not used up.
    pub fn set_room(&self, room: Room) {
        self.lock().room = Some(room);
    }

    /// How many appends were tried so far.
    pub fn appends(&self) -> u64 {
        self.lock().appends
    }

    /// Starts again: all batches that survived, and a journal behind them under a raised epoch.
    /// Journals opened before are fenced.
    pub fn open(&self) -> (MemoryJournal, Vec<Batch>) {
        let mut disk = self.lock();
        disk.epoch = Epoch(disk.epoch.0 + 1);
        let mut chain = Chain::new();
        let mut batches = Vec::new();
        let mut rest = disk.records.as_slice();
        while let Found::Record(found) = record::read(rest, SEED) {
            let header = found.header;
            let facts = read_facts(found.payload, header.first_lsn, header.fact_count as usize)
                .expect("memory keeps what was encoded");
            let facts = facts.into_iter().map(Arc::new).collect();
            let batch =
                Batch::new(header.shard, header.epoch, header.sequence, facts, header.digest_after)
                    .expect("memory keeps what was a batch");
            chain.check(&header).expect("memory keeps what followed");
            chain.advance(&header, found.checksum);
            batches.push(batch);
            rest = &rest[found.bytes..];
        }
        assert!(rest.is_empty(), "memory keeps whole records");
        let (epoch, durable_number) = (disk.epoch, chain.last_number);
        let disk = self.clone();
        let (written_bytes, stopped) = (0, None);
        (MemoryJournal { disk, epoch, chain, durable_number, written_bytes, stopped }, batches)
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        // Nothing is left half done in it by a panic.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryJournal {
    /// A journal on a disk of its own.
    pub fn new() -> Self {
        MemoryDisk::new().open().0
    }

    /// The disk that it writes to.
    pub fn disk(&self) -> &MemoryDisk {
        &self.disk
    }

    fn write_group(&mut self, group: &[Batch]) -> Result<(), Append> {
        let mut disk = self.disk.lock();
        disk.appends += 1;
        if disk.epoch > self.epoch {
            return Err(Append::Fenced { by: disk.epoch });
        }
        let mut buffer = Vec::new();
        let mut ends = vec![0];
        for batch in group {
            check_epoch(batch, self.epoch)?;
            let header = self.chain.header_of(batch, self.durable_number);
            self.chain.check(&header).map_err(AppendError::from).map_err(Append::Unknown)?;
            let checksum = record::write(&header, batch.facts(), SEED, &mut buffer);
            self.chain.advance(&header, checksum);
            ends.push(buffer.len());
        }
        let nth = disk.appends;
        let failure = disk.failures.remove(&nth);
        let kept_batches = match failure {
            Some(Kept::Nothing) => 0,
            Some(Kept::First(count)) => count.min(group.len()),
            Some(Kept::All) | None => group.len(),
        };
        disk.records.extend_from_slice(&buffer[..ends[kept_batches]]);
        if failure.is_some() {
            return Err(Append::Unknown(AppendError::Ordered));
        }
        self.durable_number = self.chain.last_number;
        self.written_bytes += buffer.len() as u64;
        Ok(())
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal for MemoryJournal {
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
        self.disk.lock().room.unwrap_or(Room::UNLIMITED)
    }

    fn written(&self) -> Written {
        Written { number: self.durable_number, bytes: self.written_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Supply;
    use crate::testing::Writer;

    #[test]
    fn what_was_acknowledged_is_there_after_every_start() {
        let disk = MemoryDisk::new();
        let mut writer = Writer::default();
        let mut acknowledged = Vec::new();
        for start in 1..=5 {
            let (mut journal, batches) = disk.open();
            assert_eq!(batches, acknowledged);
            assert_eq!(journal.epoch(), Epoch(start));
            let group = writer.group(journal.epoch(), &[1, 7, 1]);
            assert!(matches!(journal.append(&group), Append::Durable));
            acknowledged.extend(group);
        }
    }

    #[test]
    fn a_failed_append_is_never_retried_and_keeps_what_was_ordered() {
        for (kept, left) in [(Kept::Nothing, 0), (Kept::First(2), 2), (Kept::All, 3)] {
            let disk = MemoryDisk::new();
            disk.fail_append(2, kept);
            let (mut journal, _) = disk.open();
            let mut writer = Writer::default();
            let first = writer.group(journal.epoch(), &[1, 2]);
            let second = writer.group(journal.epoch(), &[1, 2, 3]);
            assert!(matches!(journal.append(&first), Append::Durable));
            for _ in 0..3 {
                let answer = journal.append(&second);
                assert!(matches!(answer, Append::Unknown(AppendError::Ordered)), "{answer:?}");
            }
            assert!(matches!(journal.append(&[]), Append::Unknown(_)));
            assert_eq!(disk.appends(), 2);
            let expected: Vec<Batch> =
                first.into_iter().chain(second.into_iter().take(left)).collect();
            assert_eq!(disk.open().1, expected);
        }
    }

    #[test]
    fn who_was_superseded_is_fenced() {
        let disk = MemoryDisk::new();
        let (mut old, _) = disk.open();
        let mut writer = Writer::default();
        let group = writer.group(old.epoch(), &[4]);
        let (mut new, _) = disk.open();
        assert!(matches!(old.append(&group), Append::Fenced { by: Epoch(2) }));
        assert!(matches!(new.append(&group), Append::Fenced { by: Epoch(2) }));
        assert!(disk.open().1.is_empty());
    }

    #[test]
    fn its_room_is_what_was_said() {
        let mut journal = MemoryJournal::new();
        assert_eq!(journal.room(), Room::UNLIMITED);
        let room = Room { bytes: 1_000, supply: Supply::Short };
        journal.disk().set_room(room);
        assert_eq!(journal.room(), room);
    }

    #[test]
    fn a_gap_is_never_written() {
        let mut writer = Writer::default();
        let mut journal = MemoryJournal::new();
        let first = writer.group(Epoch(1), &[4]);
        let second = writer.group(Epoch(1), &[4]);
        let answer = journal.append(&second);
        assert!(matches!(answer, Append::Unknown(AppendError::OutOfOrder(_))), "{answer:?}");
        assert!(matches!(journal.append(&first), Append::Unknown(_)));
        assert!(journal.disk().open().1.is_empty());
        let mut journal = MemoryJournal::new();
        let above = Writer::default().group(Epoch(9), &[4]);
        let answer = journal.append(&above);
        assert!(matches!(answer, Append::Unknown(AppendError::EpochUnknown { .. })), "{answer:?}");
    }
}
