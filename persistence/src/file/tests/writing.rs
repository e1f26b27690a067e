//! Writing: segments that roll over, groups that do not follow, failures, and readers meanwhile.

use std::fs::File;

use inventory_core::ids::{Lsn, ShardId};

use super::*;
use crate::journal::{AppendError, Break, Supply};
use crate::limits::HEADER_BYTES;

#[test]
fn a_segment_rolls_over_only_between_groups() {
    let groups: Vec<&[u16]> = vec![&[1, 2, 3]; 12];
    let history = History::of(OPTIONS, &groups);
    let mut reader = JournalReader::open(history.path()).unwrap();
    let mut found = Vec::new();
    while let Some(stored) = reader.next_batch().unwrap() {
        found.push(stored.batch);
    }
    assert_eq!(found, history.batches());
    let segments = reader.segments();
    assert!(segments.len() > 2, "{} segments", segments.len());
    for segment in segments {
        assert_eq!((segment.first_number - 1) % 3, 0, "a group is in one segment");
        assert_eq!(fs::metadata(&segment.path).unwrap().len(), OPTIONS.segment_bytes);
    }
}

#[test]
fn a_group_longer_than_a_segment_gets_a_longer_one() {
    let long: Vec<u16> = (0..40).collect();
    let history = History::of(OPTIONS, &[&long, &[1], &long, &long, &[2]]);
    assert_eq!(read(history.path()).0, history.batches());
    let started = start(history.path()).unwrap();
    assert_eq!(started.batches, history.batches());
}

#[test]
fn after_a_failed_write_nothing_is_written_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = start(dir.path()).unwrap().journal;
    let mut writer = Writer::default();
    let first = writer.group(journal.epoch(), &[1, 2]);
    append(&mut journal, &first);

    let second = writer.group(journal.epoch(), &[1, 2]);
    let read_only = File::open(journal.active.path()).unwrap();
    let writable = journal.active.replace_file(Box::new(read_only));
    let answer = journal.append(&second);
    assert!(matches!(answer, Append::Unknown(AppendError::File(_))), "{answer:?}");

    journal.active.replace_file(writable);
    for group in [&second[..], &[]] {
        let answer = journal.append(group);
        assert!(matches!(answer, Append::Unknown(AppendError::File(_))), "{answer:?}");
    }
    drop(journal);
    assert_eq!(start(dir.path()).unwrap().batches, first);
}

#[test]
fn a_batch_of_an_older_epoch_is_fenced() {
    let dir = tempfile::tempdir().unwrap();
    drop(start(dir.path()).unwrap());
    let mut journal = start(dir.path()).unwrap().journal;
    assert_eq!(journal.epoch(), Epoch(2));
    let mut writer = Writer::default();
    let stale = writer.group(Epoch(1), &[1]);
    for _ in 0..2 {
        assert!(matches!(journal.append(&stale), Append::Fenced { by: Epoch(2) }));
    }
    drop(journal);
    assert!(start(dir.path()).unwrap().batches.is_empty());
}

#[test]
fn a_gap_is_never_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = start(dir.path()).unwrap().journal;
    let mut writer = Writer::default();
    let group = writer.group(journal.epoch(), &[5, 5, 5]);
    let (first, third) = (&group[..1], &group[2..]);
    append(&mut journal, first);
    let answer = journal.append(third);
    let expected = Break::Sequence { shard: ShardId(5), found: 3, expected: 2 };
    assert!(
        matches!(&answer, Append::Unknown(AppendError::OutOfOrder(found)) if *found == expected),
        "{answer:?}"
    );
    drop(journal);
    assert_eq!(start(dir.path()).unwrap().batches, first);
}

#[test]
fn a_wrong_lsn_is_never_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = start(dir.path()).unwrap().journal;
    let epoch = journal.epoch();
    let first = Writer::default().group(epoch, &[5]);
    let again =
        Batch::new(ShardId(5), epoch, 2, first[0].facts().to_vec(), first[0].digest_after());
    append(&mut journal, &first);
    let answer = journal.append(&[again.unwrap()]);
    let expected =
        Break::Lsn { shard: ShardId(5), found: Lsn(1), expected: first[0].last_lsn().next() };
    assert!(
        matches!(&answer, Append::Unknown(AppendError::OutOfOrder(found)) if *found == expected),
        "{answer:?}"
    );
}

#[test]
fn it_can_be_read_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = start(dir.path()).unwrap().journal;
    let mut writer = Writer::default();
    let mut written = Vec::new();
    for round in 0..30 {
        let group = writer.group(journal.epoch(), &[1, 9]);
        append(&mut journal, &group);
        written.extend(group);
        let (found, end) = read(dir.path());
        assert_eq!((found, end.unwrap()), (written.clone(), None), "round {round}");
    }
}

#[test]
fn a_reader_that_saw_half_a_write_looks_again() {
    let history = History::of(Options { segment_bytes: 8_192 }, &[&[1], &[2, 3], &[1, 2]]);
    let segment = &history.segments()[0];
    let whole = fs::read(segment).unwrap();
    let half = history.places()[2].offset + 70;

    // The reader's content has a later batch that names the half one as durable.
    edit(segment, |bytes| bytes[half..half + 60].fill(0));
    let mut reader = JournalReader::open(history.path()).unwrap();
    let mut found = vec![reader.next_batch().unwrap().unwrap().batch];
    fs::write(segment, whole).unwrap();
    while let Some(stored) = reader.next_batch().unwrap() {
        found.push(stored.batch);
    }
    assert_eq!(found, history.batches());
    assert_eq!(reader.tail(), None);
}

#[test]
fn the_room_is_what_is_preallocated_and_free() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = start(dir.path()).unwrap().journal;
    let behind_header = OPTIONS.segment_bytes - HEADER_BYTES as u64;
    // The rest of the segment, the next one, and the reserve: so little that the start waited.
    assert_eq!(journal.room(), Room { bytes: 3 * behind_header, supply: Supply::Sure });
    let group = Writer::default().group(journal.epoch(), &[1]);
    append(&mut journal, &group);
    let written = fs::read(journal.active.path()).unwrap();
    let written = written.iter().rposition(|byte| *byte != 0).unwrap() + 1 - HEADER_BYTES;
    let used = written.next_multiple_of(crate::limits::RECORD_ALIGNMENT) as u64;
    assert_eq!(journal.room(), Room { bytes: 3 * behind_header - used, supply: Supply::Sure });
}
