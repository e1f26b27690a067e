//! Reading from a segment on: behind a snapshot, in front of the segment that is written now, or
//! where history begins. Damage is damage there too.

use inventory_core::ids::{EventId, Lsn, ShardId};
use inventory_core::limits::SHARDS;

use super::error::Reason;
use super::sealed::{SealedReader, segments_between};
use super::*;
use crate::dir::DataDirPaths;
use crate::history::EventHistory;

fn history() -> History {
    let groups: Vec<&[u16]> = vec![&[1, 2, 7]; 9];
    History::of(OPTIONS, &groups)
}

fn paths(path: &Path) -> DataDirPaths {
    DataDirPaths::read(path).unwrap().unwrap()
}

/// Where the batches in front of one lead.
fn position_in_front_of(history: &History, number: u64) -> Position {
    let mut reader =
        SealedReader::open(&paths(history.path()), &Position::first(), number, 0..SHARDS).unwrap();
    while reader.next_batch().unwrap().is_some() {}
    reader.position()
}

fn start_behind(path: &Path, position: &Position) -> Result<Start, Error> {
    let dir = DataDir::open(path).unwrap();
    let mut recovery = Recovery::open_behind(dir, OPTIONS, position.clone())?;
    let mut batches = Vec::new();
    while let Some(batch) = recovery.next_batch()? {
        batches.push(batch);
    }
    assert_eq!(recovery.bytes_read() > 0, !batches.is_empty());
    let (journal, report) = recovery.finish()?;
    Ok(Start { batches, journal, report })
}

#[test]
fn a_start_behind_any_segment_finds_what_follows() {
    let history = history();
    let all = history.batches();
    for number in first_numbers(history.path()) {
        let position = position_in_front_of(&history, number);
        assert_eq!(position.next_number(), number);
        for shard in [1, 2, 7, 9].map(ShardId) {
            let mut in_front = all[..number as usize - 1].iter();
            let last = in_front.rfind(|batch| batch.shard() == shard);
            assert_eq!(position.last_lsn(shard), last.map_or(Lsn(0), Batch::last_lsn));
            assert_eq!(position.next_sequence(shard), last.map_or(1, |last| last.sequence() + 1));
        }
        let copy = copy_of(history.path());
        let started = start_behind(copy.path(), &position).unwrap();
        assert_eq!(started.batches, all[number as usize - 1..], "from batch {number}");
        drop(started);
        assert_eq!(start(copy.path()).unwrap().batches, all);

        // What is in front of it is not missed.
        for older in segments(copy.path()).into_iter().zip(first_numbers(copy.path())) {
            if older.1 < number {
                fs::remove_file(older.0).unwrap();
            }
        }
        let started = start_behind(copy.path(), &position).unwrap();
        assert_eq!(started.batches, all[number as usize - 1..], "from batch {number}");
    }
}

#[test]
fn a_start_that_is_not_where_it_believes_is_refused() {
    let history = history();
    let numbers = first_numbers(history.path());
    let check = |position: &Position, expected: fn(&Reason) -> bool| {
        let copy = copy_of(history.path());
        let damage = damage(start_behind(copy.path(), position));
        assert!(expected(&damage.reason), "{damage}");
    };
    let mut other = position_in_front_of(&history, numbers[2]);
    other.0.last_checksum ^= 1;
    check(&other, |reason| matches!(reason, Reason::OtherHistory));
    let mut other = position_in_front_of(&history, numbers[2]);
    other.0.state_digest.0 ^= 1;
    check(&other, |reason| matches!(reason, Reason::StateDigest));
    let mut between = position_in_front_of(&history, numbers[2]);
    between.0.last_number -= 1;
    check(&between, |reason| matches!(reason, Reason::Missing));
    let mut beyond = position_in_front_of(&history, *numbers.last().unwrap());
    beyond.0.last_number += 100;
    check(&beyond, |reason| matches!(reason, Reason::SegmentGone(_)));
}

#[test]
fn a_segment_behind_a_snapshot_is_missed() {
    let history = history();
    let numbers = first_numbers(history.path());
    let position = position_in_front_of(&history, numbers[1]);
    for (segment, number) in history.segments().iter().zip(&numbers).skip(1) {
        let copy = copy_of(history.path());
        fs::remove_file(journal_path(copy.path()).join(segment.file_name().unwrap())).unwrap();
        let damage = damage(start_behind(copy.path(), &position));
        assert_eq!(damage.lost.first_number, *number, "{damage}");
    }
    let copy = copy_of(history.path());
    fs::remove_dir_all(journal_path(copy.path())).unwrap();
    assert_eq!(damage(start_behind(copy.path(), &position)).lost.first_number, numbers[1]);
}

#[test]
fn what_a_snapshot_covers_was_durable() {
    let history = history();
    let (segment, number) = (history.segments().pop().unwrap(), history.batches().len() as u64);
    let last = history.places().pop().unwrap();
    // A last group that is torn is cut, unless a snapshot stands behind it.
    edit(&segment, |bytes| bytes[last.offset + 40] ^= 1);
    assert_eq!(start(copy_of(history.path()).path()).unwrap().batches.len() as u64, number - 1);
    claim_snapshots(history.path(), &[number + 1]);
    let found = damage(start(history.path()));
    assert_eq!((found.reason, found.lost.last_number), (Reason::Record, Some(number)));
}

#[test]
fn sealed_segments_are_read_by_parts_and_up_to_the_active_one() {
    let history = history();
    let numbers = first_numbers(history.path());
    let paths = paths(history.path());
    let (from, until) = (numbers[1], *numbers.last().unwrap());
    let position = position_in_front_of(&history, from);
    let expected = &history.batches()[from as usize - 1..until as usize - 1];
    let mut ends = Vec::new();
    for shards in [0..SHARDS, 0..2, 2..SHARDS, 9..9] {
        let mut reader = SealedReader::open(&paths, &position, until, shards.clone()).unwrap();
        let found: Vec<Batch> = std::iter::from_fn(|| reader.next_batch().unwrap()).collect();
        let expected = expected.iter().filter(|batch| shards.contains(&batch.shard().0));
        assert!(found.iter().eq(expected), "{shards:?}");
        ends.push(reader.position());
    }
    assert!(ends.iter().all(|end| *end == ends[0] && end.next_number() == until));
    assert_eq!(segments_between(&paths, from, until).unwrap(), numbers.len() - 2);
    assert_eq!(segments_between(&paths, until, until).unwrap(), 0);
}

#[test]
fn the_journal_tells_when_a_segment_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = start(dir.path()).unwrap().journal;
    let rolls = journal.share().rolls;
    assert_eq!(rolls.active_segment(), 1);
    let mut writer = Writer::default();
    while rolls.rolled().try_recv().is_err() {
        let group = writer.group(journal.epoch(), &[1, 2, 7]);
        append(&mut journal, &group);
    }
    assert_eq!(rolls.active_segment(), first_numbers(dir.path())[1]);
}

/// Facts of an event, all of its shard in the stories of this file.
fn event_history(path: &Path, shard: u16, through: u64) -> (Vec<u64>, bool) {
    let event_id = (1..).map(EventId).find(|event_id| event_id.shard() == ShardId(shard)).unwrap();
    let history = EventHistory::open(&paths(path), event_id, Lsn(through)).unwrap();
    let is_whole = history.is_whole();
    (history.map(|fact| fact.unwrap().lsn.0).collect(), is_whole)
}

/// A journal in which every second fact of shard 7 is about the shard's first event.
fn history_of_events(groups: usize) -> (tempfile::TempDir, FileJournal, Vec<u64>) {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = start(dir.path()).unwrap().journal;
    let mut events = (1..).map(EventId).filter(|event_id| event_id.shard() == ShardId(7));
    let events = [events.next().unwrap(), events.next().unwrap()];
    let mut writer = Writer::default();
    let mut expected = Vec::new();
    for _ in 0..groups {
        let group = writer.group(journal.epoch(), &[1, 7]);
        let group: Vec<Batch> = group.iter().map(|batch| with_events(batch, events)).collect();
        append(&mut journal, &group);
        let facts = group[1].facts().iter().filter(|fact| fact.event_id == events[0]);
        expected.extend(facts.map(|fact| fact.lsn.0));
    }
    (dir, journal, expected)
}

fn with_events(batch: &Batch, events: [EventId; 2]) -> Batch {
    let facts = batch.facts().iter().map(|fact| {
        let event_id = events[fact.lsn.0 as usize % 2];
        std::sync::Arc::new(inventory_core::fact::Fact { event_id, ..fact.as_ref().clone() })
    });
    let (shard, epoch, sequence) = (batch.shard(), batch.epoch(), batch.sequence());
    Batch::new(shard, epoch, sequence, facts.collect(), batch.digest_after()).unwrap()
}

#[test]
fn an_events_history_is_read_up_to_any_fact_while_the_journal_is_written() {
    let (dir, journal, expected) = history_of_events(9);
    let last = *expected.last().unwrap();
    for through in 0..=last {
        let wanted: Vec<u64> = expected.iter().copied().filter(|lsn| *lsn <= through).collect();
        assert_eq!(event_history(dir.path(), 7, through), (wanted, true), "through {through}");
    }
    let event_id = (1..).map(EventId).find(|event_id| event_id.shard() == ShardId(7)).unwrap();
    let paths = paths(dir.path());
    let beyond = EventHistory::open(&paths, event_id, Lsn(last + 100)).unwrap();
    let error = beyond.last().unwrap().unwrap_err();
    assert!(matches!(error, Error::FactMissing { .. }), "{error}");
    drop(journal);
}

#[test]
fn an_events_history_survives_that_segments_are_compressed_and_pruned() {
    let (dir, journal, expected) = history_of_events(9);
    let last = *expected.last().unwrap();
    let numbers = first_numbers(dir.path());
    make_snapshots(dir.path(), &numbers[numbers.len() - 2..]);
    let event_id = (1..).map(EventId).find(|event_id| event_id.shard() == ShardId(7)).unwrap();
    let paths = paths(dir.path());
    let lock = journal.share().lock;
    let archive =
        |retention| archive::Archive::new(&paths, lock.clone(), retention, Floor::default());

    let mut reading = EventHistory::open(&paths, event_id, Lsn(last)).unwrap();
    let mut found = vec![reading.next().unwrap().unwrap().lsn.0];
    let mut known = Known::new(paths.snapshots(), []);
    archive(std::time::Duration::MAX).look_after(&mut known, 0, &|| false).unwrap();
    found.extend(reading.map(|fact| fact.unwrap().lsn.0));
    assert_eq!(found, expected);

    // Pruned before the first fact was read: history begins later.
    let mut reading = EventHistory::open(&paths, event_id, Lsn(last)).unwrap();
    archive(std::time::Duration::ZERO).look_after(&mut known, 0, &|| false).unwrap();
    let error = reading.next().unwrap().unwrap_err();
    assert!(matches!(error, Error::Pruned { .. }), "{error}");
    let (found, is_whole) = event_history(dir.path(), 7, last);
    assert!(!is_whole && expected.ends_with(&found) && found.len() < expected.len());
}
