//! A start as the engine makes it, and what has to be true behind it.

use std::error::Error;
use std::path::Path;

use inventory_core::ids::{Lsn, ShardId};
use inventory_core::limits::SHARDS;

use super::script::{CHART, DATA_DIR, OPTIONS, Told, machine};
use crate::batch::Batch;
use crate::charts::ChartStore;
use crate::dir::DataDir;
use crate::disk::Disk as _;
use crate::disk::simulated::{BLOCK_BYTES, PowerCut, SimulatedDisk};
use crate::file::reader::JournalReader;
use crate::file::recovery::Recovery;
use crate::file::{FileJournal, Position};
use crate::journal::{Append, Journal};
use crate::snapshot::{self, SnapshotReader};
use crate::testing::Writer;

/// What a start found.
pub(super) struct Restarted {
    /// What the snapshot covers.
    pub(super) behind: Position,
    /// The batches behind it.
    pub(super) batches: Vec<Batch>,
    pub(super) journal: FileJournal,
}

/// Takes the newest snapshot, which has to be whole, and replays what is behind it.
pub(super) fn restart(machine: &crate::machine::Machine) -> Result<Restarted, Box<dyn Error>> {
    let dir = DataDir::open_on(machine.clone(), DATA_DIR)?;
    let snapshots = dir.paths().snapshots();
    let newest = snapshots.newest_first()?.first().copied();
    let behind = match newest {
        Some(number) => read_all(snapshots.open(number)?)?,
        None => Position::first(),
    };
    let mut recovery = match newest {
        Some(_) => Recovery::open_behind(dir, OPTIONS, behind.clone())?,
        None => Recovery::open(dir, OPTIONS)?,
    };
    let mut batches = Vec::new();
    while let Some(batch) = recovery.next_batch()? {
        batches.push(batch);
    }
    let (journal, _) = recovery.finish()?;
    Ok(Restarted { behind, batches, journal })
}

fn read_all(mut reader: SnapshotReader) -> Result<Position, snapshot::Error> {
    while let Some(section) = reader.next_section()? {
        section.image()?;
    }
    Ok(reader.position().clone())
}

/// Starts on a disk, and says what is wrong with what it finds. Gives the number of batches.
pub(super) fn check_start(disk: &SimulatedDisk, told: &Told) -> Result<usize, String> {
    let (machine, _) = machine(disk);
    let restarted = restart(&machine).map_err(|error| format!("the start failed: {error}"))?;
    check_found(&restarted, told)
}

fn check_found(restarted: &Restarted, told: &Told) -> Result<usize, String> {
    let Restarted { behind, batches, journal } = restarted;
    let covered = behind.next_number() as usize - 1;
    let found = covered + batches.len();
    if covered > told.acknowledged {
        return Err(format!("a snapshot covers {covered} of {} batches", told.acknowledged));
    }
    for shard in (0..SHARDS).map(ShardId) {
        let of_shard = |batch: &&Batch| batch.shard() == shard;
        let last = told.submitted[..covered].iter().rfind(of_shard).map(Batch::last_lsn);
        if behind.last_lsn(shard) != last.unwrap_or(Lsn(0)) {
            return Err(format!("the snapshot has another history of shard {shard}"));
        }
    }
    if found < told.acknowledged {
        return Err(format!("{found} of {} acknowledged batches are there", told.acknowledged));
    }
    if told.submitted.get(covered..found) != Some(&batches[..]) {
        return Err(format!("{found} batches were found, and not as they were written"));
    }
    check_history(journal, &told.submitted[..found], told.may_be_pruned)?;
    let hash = ChartStore::hash_of(CHART);
    if told.has_chart && journal.data_dir().charts().get(hash).is_err() {
        return Err("the chart is gone".to_owned());
    }
    Ok(found)
}

/// All that people and audits can still read.
fn check_history(
    journal: &FileJournal,
    written: &[Batch],
    may_be_pruned: bool,
) -> Result<(), String> {
    let unreadable = |error| format!("history cannot be read: {error}");
    let mut reader = JournalReader::of(journal.data_dir().paths()).map_err(unreadable)?;
    let first = reader.begins_with() as usize;
    if first > 1 && !may_be_pruned {
        return Err(format!("history begins with batch {first}"));
    }
    let mut batches = Vec::new();
    while let Some(stored) = reader.next_batch().map_err(unreadable)? {
        batches.push(stored.batch);
    }
    if written.get(first - 1..) != Some(&batches[..]) {
        return Err("history is not as it was written".to_owned());
    }
    Ok(())
}

/// Starts on a disk, and sees that what the start served and what is appended then is there after
/// the worst that may follow. Gives what is known then.
pub(super) fn check_goes_on(disk: &SimulatedDisk, told: &Told) -> Result<Told, String> {
    let (machine, _) = machine(disk);
    let mut restarted = restart(&machine).map_err(|error| format!("the start failed: {error}"))?;
    let found = check_found(&restarted, told)?;

    // What was served is durable, whatever it was before.
    let mut told = told.clone();
    told.submitted.truncate(found);
    told.acknowledged = found;
    check_start(&disk.after(PowerCut::HARSH), &told)
        .map_err(|error| format!("behind a start: {error}"))?;

    let group = Writer::behind(&told.submitted).group(restarted.journal.epoch(), &[1, 5]);
    let answer = restarted.journal.append(&group);
    told.submitted.extend(group);
    match answer {
        Append::Durable => told.acknowledged = told.submitted.len(),
        // The one that is written is full, and there is no space for another.
        Append::Unknown(_) if is_full(disk) => {}
        answer => return Err(format!("nothing can be appended behind a start: {answer:?}")),
    }
    for cut in [PowerCut::HARSH, PowerCut::MILD] {
        check_start(&disk.after(cut), &told)
            .map_err(|error| format!("behind another append: {error}"))?;
    }
    Ok(told)
}

fn is_full(disk: &SimulatedDisk) -> bool {
    let free_bytes = disk.free_bytes(Path::new(DATA_DIR)).unwrap_or_default();
    free_bytes < OPTIONS.segment_bytes.next_multiple_of(BLOCK_BYTES)
}

/// The names on a disk, for who has to find out what went wrong.
pub(super) fn listing(disk: &SimulatedDisk) -> String {
    let folder = |folder: &str| {
        let path = Path::new(DATA_DIR).join(folder);
        let names = disk.names_in(&path).unwrap_or_default();
        let bytes = |name: &String| disk.content(&path.join(name)).map_or(0, |bytes| bytes.len());
        let line = |name: &String| format!("\n    {}/{name} {}", path.display(), bytes(name));
        names.iter().map(line).collect::<String>()
    };
    ["", "journal", "journal/history", "snapshots", "charts"].map(folder).concat()
}
