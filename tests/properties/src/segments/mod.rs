//! Segment files of a data directory, on a disk in memory: as a file system could bring them, and
//! with their checksums made right, so that what lies behind those is reached too.
//!
//! Must hold for each: reading ends with an error or with batches that follow each other, twice
//! the same; what a batch has is written as exactly the bytes that the file has. A start finds
//! what a reader finds, error for error and batch for batch; a start that is refused has changed
//! no segment, and behind one that succeeds every reader finds the same batches again, and the
//! next start does.

mod seal;

use std::path::{Path, PathBuf};

use inventory_core::ids::{Epoch, ShardId};
use inventory_core::time::Timestamp;
use persistence::batch::Batch;
use persistence::dir::{DataDir, DataDirPaths};
use persistence::disk::simulated::SimulatedDisk;
use persistence::disk::{Access, Disk};
use persistence::encoding::write_facts;
use persistence::file::reader::JournalReader;
use persistence::file::recovery::Recovery;
use persistence::file::{FileJournal, Options, StoredBatch};
use persistence::journal::{Append, Journal};
use persistence::limits::RECORD_HEADER_BYTES;
use persistence::machine::{Machine, SimulatedClock};

use crate::input::{Input, put_piece};
use crate::story;

const NODE_ID: u128 = 0x0190_0000_0000_7000_8000_0000_0000_0042;
const DATA_DIR: &str = "/data";
const OPTIONS: Options = Options { segment_bytes: 1_024 };

/// What a node says that has started once and knows of nothing that was durable.
const EPOCH_MARK: &[u8] = br#"{"epoch":1,"durable_number":0,"segment":1}"#;

/// Checksums are made right, each names the one in front, and files have the length they say.
const SEALED: u8 = 1;
/// The first segment is a compressed one.
const COMPRESSED: u8 = 2;
/// ... whose bytes are those of the input.
const COMPRESSED_BEFORE: u8 = 4;
/// The node has never started.
const WITHOUT_MARK: u8 = 8;
/// What was in front has been pruned: there is a snapshot, by its name alone. Readers begin with
/// the first segment and believe its header; a start has nothing to begin with.
const PRUNED: u8 = 16;

/// Segments that one journal has.
const SEGMENTS_MAX: usize = 3;

/// A byte of flags, and segments, each behind how long it is.
pub(crate) fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let flags = input.u8();
    let mut segments = Vec::new();
    while !input.is_empty() && segments.len() < SEGMENTS_MAX {
        segments.push(input.piece().to_vec());
    }
    if flags & SEALED != 0 {
        seal::seal(&mut segments, NODE_ID);
    }
    let place = Place::new(flags & WITHOUT_MARK == 0);
    let paths: Vec<PathBuf> = (0..).zip(&segments).map(|of| place.put(flags, of)).collect();
    let oldest = segments.first().map_or(0, |segment| seal::first_number(segment));
    let is_pruned = flags & PRUNED != 0 && oldest > 1;
    if is_pruned {
        let name = format!("{DATA_DIR}/snapshots/{oldest:020}.snapshot");
        place.write(Path::new(&name), &[]);
    }
    place.check(&paths, is_pruned);
}

/// A data directory on a disk of its own.
struct Place {
    disk: SimulatedDisk,
    machine: Machine,
}

/// What a reader or a start found, and the error at its end.
type Found<B> = (Vec<B>, Option<String>);

impl Place {
    fn new(has_mark: bool) -> Self {
        let disk = SimulatedDisk::new(64 << 20, 1);
        let clock = SimulatedClock::new(Timestamp(1_700_000_000_000));
        let machine = Machine::simulated(disk.clone(), clock, NODE_ID);
        let place = Self { disk, machine };
        drop(place.open());
        if has_mark {
            place.write(&Path::new(DATA_DIR).join("epoch.json"), EPOCH_MARK);
        }
        place
    }

    fn open(&self) -> DataDir {
        DataDir::open_on(self.machine.clone(), DATA_DIR).expect("nobody else has it")
    }

    fn write(&self, path: &Path, bytes: &[u8]) {
        let file = self.disk.open(path, Access::Create).expect("the folder is there");
        file.write_all_at(bytes, 0).expect("the disk has space");
    }

    /// Puts a segment where its own header says that it belongs; the first is the first of all
    /// unless some have been pruned.
    fn put(&self, flags: u8, (index, segment): (usize, &Vec<u8>)) -> PathBuf {
        let is_first = index == 0 && flags & PRUNED == 0;
        let number = if is_first { 1 } else { seal::first_number(segment) };
        let journal = Path::new(DATA_DIR).join("journal");
        let name = format!("{number:020}.journal");
        if index > 0 || flags & COMPRESSED == 0 {
            let path = journal.join(name);
            self.write(&path, segment);
            return path;
        }
        let packed = match flags & COMPRESSED_BEFORE {
            0 => zstd::encode_all(&**segment, 1).expect("memory takes it"),
            _ => segment.clone(),
        };
        let history = journal.join("history");
        self.disk.create_dir(&history).expect("it is not there yet");
        let path = history.join(format!("{name}.zst"));
        self.write(&path, &packed);
        path
    }

    fn check(&self, files: &[PathBuf], is_pruned: bool) {
        let before: Vec<_> = files.iter().map(|path| self.disk.content(path)).collect();
        let (stored, end) = self.read();
        assert_eq!((&stored, &end), (&self.read().0, &self.read().1), "twice the same");
        let batches: Vec<Batch> = stored.into_iter().map(|stored| stored.batch).collect();
        let (found, found_end) = self.start();
        if is_pruned {
            assert!(found.is_empty() && found_end.is_some(), "a start from the middle");
        } else {
            assert_eq!((&found, &found_end), (&batches, &end));
        }
        if found_end.is_some() {
            let after: Vec<_> = files.iter().map(|path| self.disk.content(path)).collect();
            assert!(before == after, "a start that was refused has changed a segment");
            return;
        }
        let (again, end) = self.read();
        let again: Vec<Batch> = again.into_iter().map(|stored| stored.batch).collect();
        assert_eq!((&again, end), (&batches, None), "behind a start");
        assert_eq!(self.start(), (batches, None), "the next start");
    }

    /// Reads as people and audits do, and looks at each batch.
    fn read(&self) -> Found<StoredBatch> {
        let paths = DataDirPaths::read_on(self.machine.clone(), DATA_DIR);
        let paths = paths.expect("the identity is whole").expect("it is a data directory");
        let mut found = Vec::new();
        let mut reader = match JournalReader::of(&paths) {
            Ok(reader) => reader,
            Err(error) => return (found, Some(error.to_string())),
        };
        loop {
            match reader.next_batch() {
                Ok(Some(stored)) => {
                    let segment = reader.segments().last().expect("a batch is in a segment");
                    self.check_bytes(&segment.path, &stored);
                    found.push(stored);
                }
                Ok(None) => return (found, None),
                Err(error) => {
                    let again = reader.next_batch().expect_err("the same one comes again");
                    assert_eq!(again.to_string(), error.to_string());
                    return (found, Some(error.to_string()));
                }
            }
        }
    }

    /// The facts of a batch are the bytes that stand in the file.
    fn check_bytes(&self, path: &Path, stored: &StoredBatch) {
        let mut content = self.disk.content(path).expect("it was just read");
        if path.extension().is_some_and(|extension| extension == "zst") {
            content = zstd::decode_all(&*content).expect("it was just read");
        }
        let begin = stored.offset as usize + RECORD_HEADER_BYTES;
        let mut payload = Vec::new();
        write_facts(stored.batch.facts(), &mut payload);
        assert_eq!(content.get(begin..begin + payload.len()), Some(&*payload));
        assert!(stored.bytes as usize >= RECORD_HEADER_BYTES + payload.len());
    }

    /// A start, as far as it gets.
    fn start(&self) -> Found<Batch> {
        let mut found = Vec::new();
        let mut recovery = match Recovery::open(self.open(), OPTIONS) {
            Ok(recovery) => recovery,
            Err(error) => return (found, Some(error.to_string())),
        };
        loop {
            match recovery.next_batch() {
                Ok(Some(batch)) => found.push(batch),
                Ok(None) => break,
                Err(error) => return (found, Some(error.to_string())),
            }
        }
        let end = recovery.finish().err().map(|error| error.to_string());
        (found, end)
    }
}

/// The journal of the story: one segment, several, compressed, torn, and not sealed.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let (one, several) = (journal_of(4_096), journal_of(1_024));
    let torn = one[0][..one[0].len() / 2].to_vec();
    let packed = zstd::encode_all(&*one[0], 1).expect("memory takes it");
    let seed = |flags: u8, segments: &[Vec<u8>]| {
        let mut seed = vec![flags];
        segments.iter().for_each(|segment| put_piece(segment, &mut seed));
        seed
    };
    vec![
        seed(0, &one),
        seed(SEALED, &one),
        seed(0, &several[..SEGMENTS_MAX]),
        seed(SEALED, &several[..SEGMENTS_MAX]),
        seed(SEALED, &several[..1]),
        seed(SEALED | COMPRESSED, &several[..2]),
        seed(COMPRESSED | COMPRESSED_BEFORE, &[packed]),
        seed(0, &[torn]),
        seed(WITHOUT_MARK, &several[..1]),
        seed(SEALED | PRUNED, &several[1..3]),
    ]
}

/// The segments of a journal that has the story's facts, without the zeros behind them.
fn journal_of(segment_bytes: u64) -> Vec<Vec<u8>> {
    let place = Place::new(false);
    let recovery = Recovery::open(place.open(), Options { segment_bytes });
    let (mut journal, _) = recovery.and_then(Recovery::finish).expect("the disk is whole");
    append_story(&mut journal);
    let folder = Path::new(DATA_DIR).join("journal");
    let mut names = place.disk.names_in(&folder).expect("it is there");
    names.retain(|name| name.ends_with(".journal"));
    names.sort_unstable();
    let contents = names.iter().filter_map(|name| place.disk.content(&folder.join(name)));
    contents.collect()
}

fn append_story(journal: &mut FileJournal) {
    let story::Story { facts, state } = story::whole();
    for (sequence, facts) in (1..).zip(facts.chunks(3)) {
        let (shard, epoch): (ShardId, Epoch) = (state.shard(), journal.epoch());
        let batch = Batch::new(shard, epoch, sequence, facts.to_vec(), state.digest());
        let batch = batch.expect("the story follows the limits");
        assert!(matches!(journal.append(&[batch]), Append::Durable));
    }
}
