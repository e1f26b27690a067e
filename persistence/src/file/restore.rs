//! A data directory made anew of what was kept elsewhere: charts, the states of a snapshot, and
//! the facts behind it.
//!
//! Must always hold: until it is whole, `unfinished` stands in it, and no engine starts on it; and
//! it is a new directory of a new node, so that whoever still writes as the old one is another.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::fact::Fact;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::ShardImage;

use super::active::Spare;
use super::epoch::{EpochMark, MarkWriter};
use super::error::Error as JournalError;
use super::recovery::Recovery;
use super::{FileJournal, Options};
use crate::batch::{self, Batch};
use crate::chain::{Chain, Position, ShardEnd};
use crate::dir::{self, DataDir};
use crate::disk::{Access, Entry};
use crate::files::{self, Context, names_in, sync_dir};
use crate::journal::{Append, Journal};
use crate::limits::{HEADER_BYTES, RESTORED_BATCHES_A_SYNC};
use crate::machine::Machine;
use crate::segment::header::SegmentHeader;
use crate::snapshot::{self, SnapshotWriter};

/// Batches that the snapshot is said to cover. There has to be one: a journal that begins behind
/// it is served with the snapshot, or not at all.
const COVERED: u64 = 1;

/// Why a data directory was not restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is something that nobody may lose.
    #[error(
        "{} has something in it; recover into a directory that is empty or not there",
        path.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The directory cannot be opened.
    #[error(transparent)]
    DataDir(#[from] dir::Error),
    /// The file system failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A chart could not be kept.
    #[error(transparent)]
    Chart(#[from] crate::charts::Error),
    /// The snapshot could not be written, or a shard is not as it was said to be.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// What was said of the shards contradicts itself.
    #[error("no journal can go on where these shards are said to stand")]
    Position,
    /// Facts that make no batch.
    #[error(transparent)]
    Batch(#[from] batch::Error),
    /// The journal could not be begun.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal took no more.
    #[error("the journal took no more: {0:?}")]
    Append(Append),
}

/// Where a shard stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// Its last fact; zero before the first.
    pub lsn: Lsn,
    /// The digest of its state.
    pub digest: Digest,
}

/// A directory whose snapshot is being restored.
pub struct Restoration {
    dir: DataDir,
    snapshot: SnapshotWriter,
    position: Position,
}

/// A directory whose journal is being restored.
pub struct JournalRestoration {
    journal: FileJournal,
    /// The sequence and the last LSN of each shard.
    ends: Vec<(u64, Lsn)>,
    /// What the next sync makes durable.
    waiting: Vec<Batch>,
}

impl Restoration {
    /// Begins in a directory that is empty, not there, or left over from an attempt. Engines will
    /// write in it under epochs above `epoch`; the snapshot has each shard where it stands.
    pub fn begin(path: &Path, epoch: Epoch, standing: &[Standing]) -> Result<Self, Error> {
        let machine = Machine::real();
        clear(&machine, path)?;
        files::create_dir(&machine, path)?;
        let marker = marker_in(path);
        let mut file = machine.disk().open(&marker, Access::Create).context("create", &marker)?;
        file.write_all(b"recover again: this directory is not whole\n")
            .context("write", &marker)?;
        file.sync_all().context("sync", &marker)?;
        sync_dir(&machine, path)?;
        let dir = DataDir::open_unfinished(path)?;
        let ends = standing.iter().map(|&Standing { lsn, digest }| {
            // Each shard has as many batches as say so; the first one behind is the next.
            ShardEnd { sequence: u64::from(lsn > Lsn(0)), lsn, digest }
        });
        let chain = Chain::restored((COVERED, 0, epoch), ends.collect()).ok_or(Error::Position)?;
        begin_journal(&dir, &chain)?;
        let position = Position(chain);
        let snapshot = dir.paths().snapshots().create(&position)?;
        Ok(Self { dir, snapshot, position })
    }

    /// The node that the directory belongs to.
    pub fn node_id(&self) -> u128 {
        self.dir.identity().node_id
    }

    /// Keeps a chart.
    pub fn put_chart(&self, document: &[u8]) -> Result<(), Error> {
        self.dir.charts().put(document)?;
        Ok(())
    }

    /// Takes the state of the next shard: they come in order, each where it stands.
    pub fn add(&mut self, image: &ShardImage) -> Result<(), Error> {
        Ok(self.snapshot.add(image)?)
    }

    /// Goes on with the facts behind, once all shards are there.
    pub fn into_journal(self) -> Result<JournalRestoration, Error> {
        self.snapshot.finish()?;
        let end = |shard| {
            let shard = ShardId(shard);
            (self.position.next_sequence(shard) - 1, self.position.last_lsn(shard))
        };
        let ends = (0..SHARDS).map(end).collect();
        let recovery = Recovery::open_behind(self.dir, Options::default(), self.position)?;
        let (journal, _) = recovery.finish()?;
        Ok(JournalRestoration { journal, ends, waiting: Vec::new() })
    }
}

impl JournalRestoration {
    /// The last fact that a shard has by now.
    pub fn last_lsn(&self, shard: ShardId) -> Lsn {
        self.ends.get(usize::from(shard.0)).map_or(Lsn(0), |(_, lsn)| *lsn)
    }

    /// Takes facts of a shard, the next ones, that leave its state at `digest`.
    pub fn append(
        &mut self,
        shard: ShardId,
        facts: Vec<Arc<Fact>>,
        digest: Digest,
    ) -> Result<(), Error> {
        let (sequence, last) = self.ends.get(usize::from(shard.0)).copied().unwrap_or_default();
        let sequence = sequence + 1;
        let batch = Batch::new(shard, self.journal.epoch(), sequence, facts, digest)?;
        if batch.first_lsn() != last.next() {
            return Err(batch::Error::Gap { before: last, found: batch.first_lsn() }.into());
        }
        self.ends[usize::from(shard.0)] = (sequence, batch.last_lsn());
        self.waiting.push(batch);
        if self.waiting.len() >= RESTORED_BATCHES_A_SYNC {
            self.flush()?;
        }
        Ok(())
    }

    /// Makes all of it last. Returns the number of the last batch.
    pub fn flush(&mut self) -> Result<u64, Error> {
        match self.journal.append(&self.waiting) {
            Append::Durable => {}
            other => return Err(Error::Append(other)),
        }
        self.waiting.clear();
        Ok(self.journal.written().number)
    }

    /// Makes it a data directory that an engine starts on.
    pub fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        let path = self.journal.data_dir().path().to_owned();
        let machine = self.journal.data_dir().machine().clone();
        drop(self.journal);
        let marker = marker_in(&path);
        machine.disk().remove(&marker).context("remove", &marker)?;
        Ok(sync_dir(&machine, &path)?)
    }
}

/// Makes the segment that comes behind the snapshot. Nothing else says that nothing is missing
/// between the two.
fn begin_journal(dir: &DataDir, chain: &Chain) -> Result<(), Error> {
    let (machine, options) = (dir.machine(), Options::default());
    let header = SegmentHeader {
        first_number: chain.last_number + 1,
        epoch: chain.last_epoch,
        node_id: dir.identity().node_id,
        created_at: machine.wall_clock(),
        state_digest: chain.state_digest,
        previous_checksum: chain.last_checksum,
        capacity: 0,
    };
    let used = HEADER_BYTES as u64;
    Spare::create(machine, &dir.journal(), options.first_bytes(used), used)?
        .into_segment(header, &[])?;
    let mark = EpochMark::new(&header, chain.last_number);
    Ok(MarkWriter::new(machine, dir.path()).write(mark)?)
}

/// What stands in a directory that is not whole.
pub(crate) fn marker_in(data_dir: &Path) -> PathBuf {
    data_dir.join("unfinished")
}

/// Removes what an attempt left; refuses to touch anything else.
fn clear(machine: &Machine, path: &Path) -> Result<(), Error> {
    let names = names_in(machine, path)?;
    if names.is_empty() {
        return Ok(());
    }
    if !names.iter().any(|name| *name == "unfinished") {
        return Err(Error::NotEmpty { path: path.to_owned() });
    }
    for folder in ["journal/history", "journal", "snapshots", "charts", ""] {
        let folder = path.join(folder);
        for name in names_in(machine, &folder)? {
            let file = folder.join(&name);
            let is_file = matches!(machine.disk().look_at(&file), Ok(Entry::File { .. }));
            // The marker goes last of all, when it all is whole.
            if is_file && name != "unfinished" {
                machine.disk().remove(&file).context("remove", &file)?;
            }
        }
    }
    Ok(())
}
