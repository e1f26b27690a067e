//! The journal in files, told as stories: what is written, what is found again, what is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use inventory_core::ids::{Epoch, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::ShardState;

use super::active::number_in;
use super::archive::{Archive, Archived, Failed};
use super::error::{Damage, Error};
use super::reader::JournalReader;
use super::recovery::{Recovery, RecoveryReport};
use super::sealed::SealedReader;
use super::*;
use crate::dir::{DataDirPaths, journal_path};
use crate::files::names_in;
use crate::machine::Machine;
use crate::snapshot::Known;
use crate::testing::Writer;

mod archiving;
mod damage;
mod following;
mod middle;
mod pruning;
mod restart;
mod torn;
mod writing;

const OPTIONS: Options = Options { segment_bytes: 2_048 };

/// One start: what was found, and the journal behind it.
struct Start {
    batches: Vec<Batch>,
    journal: FileJournal,
    report: RecoveryReport,
}

fn start(path: &Path) -> Result<Start, Error> {
    start_with(path, OPTIONS)
}

fn start_with(path: &Path, options: Options) -> Result<Start, Error> {
    let mut recovery = Recovery::open(DataDir::open(path).unwrap(), options)?;
    let mut batches = Vec::new();
    while let Some(batch) = recovery.next_batch()? {
        batches.push(batch);
    }
    let (journal, report) = recovery.finish()?;
    Ok(Start { batches, journal, report })
}

/// All that a reader without the lock finds, and what is behind it.
fn read(path: &Path) -> (Vec<Batch>, Result<Option<UnsyncedTail>, Error>) {
    let mut reader = match JournalReader::open(path) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut batches = Vec::new();
    loop {
        match reader.next_batch() {
            Ok(Some(stored)) => batches.push(stored.batch),
            Ok(None) => return (batches, Ok(reader.tail().cloned())),
            Err(error) => return (batches, Err(error)),
        }
    }
}

fn damage(result: Result<impl Sized, Error>) -> Damage {
    match result {
        Err(Error::Damage(damage)) => *damage,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("no damage found"),
    }
}

#[track_caller]
fn append(journal: &mut FileJournal, group: &[Batch]) {
    let answer = journal.append(group);
    assert!(matches!(answer, Append::Durable), "{answer:?}");
}

/// A directory with a journal of known groups, closed.
struct History {
    dir: tempfile::TempDir,
    groups: Vec<Vec<Batch>>,
}

impl History {
    /// One group for each list of shards.
    fn of(options: Options, groups: &[&[u16]]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = start_with(dir.path(), options).unwrap().journal;
        let mut writer = Writer::default();
        let groups = groups
            .iter()
            .map(|shards| {
                let group = writer.group(journal.epoch(), shards);
                append(&mut journal, &group);
                group
            })
            .collect();
        Self { dir, groups }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn batches(&self) -> Vec<Batch> {
        self.groups.concat()
    }

    /// All batches but those of the last group.
    fn acknowledged_before_last(&self) -> Vec<Batch> {
        self.groups[..self.groups.len() - 1].concat()
    }

    fn segments(&self) -> Vec<PathBuf> {
        segments(self.path())
    }

    /// Segment, offset and bytes of every batch.
    fn places(&self) -> Vec<Place> {
        let mut reader = JournalReader::open(self.path()).unwrap();
        let mut places = Vec::new();
        while let Some(stored) = reader.next_batch().unwrap() {
            let segment = reader.segments().last().unwrap().path.clone();
            let (offset, bytes) = (stored.offset as usize, stored.bytes as usize);
            places.push(Place { segment, offset, bytes });
        }
        places
    }
}

/// Where a batch is kept.
struct Place {
    segment: PathBuf,
    offset: usize,
    bytes: usize,
}

impl Place {
    fn end(&self) -> usize {
        self.offset + self.bytes
    }
}

/// The segments of a data directory, in order.
fn segments(path: &Path) -> Vec<PathBuf> {
    let journal = journal_path(path);
    let names = names_in(&Machine::real(), &journal).unwrap();
    let mut paths: Vec<PathBuf> = names
        .iter()
        .filter(|name| number_in(name).is_some())
        .map(|name| journal.join(name))
        .collect();
    paths.sort_unstable();
    paths
}

/// A copy that may be damaged and started.
fn copy_of(path: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let files = ["identity.json", "epoch.json"].map(|name| path.join(name));
    let mut files = Vec::from(files);
    files.extend(segments(path));
    for folder in ["journal/history", "snapshots"] {
        let names = names_in(&Machine::real(), &path.join(folder)).unwrap();
        files.extend(names.iter().map(|name| path.join(folder).join(name)));
    }
    for file in files {
        let beside = copy.path().join(file.strip_prefix(path).unwrap());
        fs::create_dir_all(beside.parent().unwrap()).unwrap();
        fs::copy(&file, beside).unwrap();
    }
    copy
}

/// Says that there are snapshots in front of these batches. Nobody reads them here.
fn claim_snapshots(path: &Path, numbers: &[u64]) {
    fs::create_dir_all(path.join("snapshots")).unwrap();
    for number in numbers {
        fs::write(snapshot_at(path, *number), "").unwrap();
    }
}

/// Makes snapshots in front of these batches that verify, of states that nobody lived.
fn make_snapshots(path: &Path, numbers: &[u64]) {
    let paths = DataDirPaths::read(path).unwrap().unwrap();
    fs::create_dir_all(paths.snapshots_path()).unwrap();
    for &number in numbers {
        let mut sealed = SealedReader::open(&paths, &Position::first(), number, 0..0).unwrap();
        assert_eq!(sealed.next_batch().unwrap(), None);
        let position = sealed.position();
        let mut writer = paths.snapshots().create(&position).unwrap();
        for shard in (0..SHARDS).map(ShardId) {
            let mut image = ShardState::new(shard).image();
            (image.last_lsn, image.digest) = (position.last_lsn(shard), position.digest(shard));
            writer.add(&image).unwrap();
        }
        assert_eq!(writer.finish().unwrap().0, number);
    }
}

/// The file of a snapshot.
fn snapshot_at(path: &Path, number: u64) -> PathBuf {
    path.join(format!("snapshots/{number:020}.snapshot"))
}

/// The number of the first batch of each segment in `journal/`.
fn first_numbers(path: &Path) -> Vec<u64> {
    let number = |path: &PathBuf| number_in(path.file_name().unwrap().to_str().unwrap()).unwrap();
    segments(path).iter().map(number).collect()
}

/// Who looks after a directory for a while, and knows what it knows.
struct Keeper {
    archive: Archive,
    known: Known,
    floor: Floor,
    _dir: DataDir,
}

impl Keeper {
    /// Of a directory with some snapshots that could not be used.
    fn of(path: &Path, retention: Duration, useless: &[u64]) -> Self {
        let dir = DataDir::open(path).unwrap();
        let floor = Floor::default();
        let archive = Archive::new(dir.paths(), dir.lock_share(), retention, floor.clone());
        let known = Known::new(dir.paths().snapshots(), useless.iter().copied());
        Self { archive, known, floor, _dir: dir }
    }

    fn look_after(&mut self, now_millis: u64) -> Result<Archived, Failed> {
        self.archive.look_after(&mut self.known, now_millis, &|| false)
    }
}

/// Changes the content of a file in place.
fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}
