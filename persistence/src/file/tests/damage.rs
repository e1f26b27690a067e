//! Damage: flipped bytes, lost groups, missing or foreign segments. What was durable is refused
//! with its place; nothing is ever read differently in silence.

use inventory_core::ids::{Lsn, ShardId};

use super::epoch::EpochMark;
use super::error::{Lost, LostLsns, Reason};
use super::*;
use crate::limits::SEGMENT_BYTES_MIN;
use crate::segment::{checksum, record};
use crate::verify::{Outcome, verify};

/// Every byte, one at a time: refused, or no more than the last group is cut.
#[test]
fn no_flipped_byte_changes_what_is_read() {
    let options = Options { segment_bytes: SEGMENT_BYTES_MIN };
    let history = History::of(options, &[&[1, 2], &[2], &[1], &[2], &[1, 3]]);
    let segments = history.segments();
    assert_eq!(segments.len(), 3, "full ones and a last one");
    let (all, durable) = (history.batches(), history.acknowledged_before_last().len());
    let mut files = segments;
    files.push(history.path().join("identity.json"));
    files.push(EpochMark::path(history.path()));
    let mut refused = 0;
    for file in &files {
        let content = fs::read(file).unwrap();
        for at in 0..content.len() {
            edit(file, |bytes| bytes[at] ^= 1 << (at % 8));
            let (found, end) = read(history.path());
            let place = format!("byte {at} of {}", file.display());
            match end {
                Ok(_) => assert!(found.len() >= durable, "{place}: {} batches", found.len()),
                Err(_) => refused += 1,
            }
            assert!(all.starts_with(&found), "{place}");
            fs::write(file, &content).unwrap();
        }
    }
    assert!(refused > 1_000, "{refused} flips refused");
    assert_eq!(read(history.path()).0, all);
}

#[test]
fn a_flip_in_front_of_a_durable_batch_stops_the_start() {
    let history = History::of(OPTIONS, &[&[1, 2], &[1, 2], &[3]]);
    let places = history.places();
    for number in 0..4 {
        let copy = copy_of(history.path());
        let segment = &segments(copy.path())[0];
        let before = fs::read(segment).unwrap();
        edit(segment, |bytes| bytes[places[number].offset + 40] ^= 1);
        let error = damage(start(copy.path()));
        assert_eq!((error.reason, error.offset as usize), (Reason::Record, places[number].offset));
        edit(segment, |bytes| bytes[places[number].offset + 40] ^= 1);
        assert_eq!(fs::read(segment).unwrap(), before, "nothing else was changed");
        assert_eq!(start(copy.path()).unwrap().batches, history.batches());
    }
}

#[test]
fn a_group_lost_in_the_middle_is_told_with_what_is_lost() {
    let options = Options { segment_bytes: 8_192 };
    let history = History::of(options, &[&[1, 2], &[1, 7], &[2, 9], &[1]]);
    let (segment, places) = (&history.segments()[0], history.places());
    edit(segment, |bytes| bytes[places[2].offset..places[3].end()].fill(0));
    let error = damage(start(history.path()));
    let batches = history.batches();
    let lost_of_shard_1 = LostLsns {
        shard: ShardId(1),
        first: batches[0].last_lsn().next(),
        last: Lsn(batches[6].first_lsn().0 - 1),
    };
    assert_eq!(
        error,
        Damage {
            path: segment.clone(),
            offset: places[2].offset as u64,
            reason: Reason::Missing,
            lost: Lost { first_number: 3, last_number: Some(4), lsns: vec![lost_of_shard_1] },
        }
    );
    let LostLsns { first, last, .. } = lost_of_shard_1;
    let text = error.to_string();
    let told = format!("Lost: batches 3 to 4, shard 1 LSN {first} to {last}. Nothing was changed.");
    assert!(text.contains(&told), "{text}");
    let report = verify(history.path()).unwrap();
    assert_eq!((report.outcome(), report.batches), (Outcome::Damaged, 2));
    assert_eq!(report.damage, Some(error));
}

#[test]
fn damage_in_a_full_segment_is_seen_through_the_next_ones() {
    let groups: Vec<&[u16]> = vec![&[1, 2]; 9];
    let history = History::of(OPTIONS, &groups);
    let (paths, places) = (history.segments(), history.places());
    assert!(paths.len() >= 3);
    // The last batch of the first segment: only the second segment knows of it.
    let last = places.iter().rposition(|place| place.segment == paths[0]).unwrap();
    edit(&paths[0], |bytes| bytes[places[last].offset..].fill(0));
    let error = damage(start(history.path()));
    assert_eq!((error.reason, &error.path), (Reason::Missing, &paths[0]));
    let number = last as u64 + 1;
    assert_eq!((error.lost.first_number, error.lost.last_number), (number, Some(number)));
}

#[test]
fn a_missing_segment_is_missed() {
    let groups: Vec<&[u16]> = vec![&[1, 2]; 9];
    let history = History::of(OPTIONS, &groups);
    let paths = history.segments();
    // What the last start found is known from then on, the newest segment included.
    drop(start(history.path()).unwrap());
    for path in &paths {
        let copy = copy_of(history.path());
        fs::remove_file(journal_path(copy.path()).join(path.file_name().unwrap())).unwrap();
        let error = damage(start(copy.path()));
        assert_eq!(error.reason, Reason::Missing, "{}", path.display());
    }
    let copy = copy_of(history.path());
    fs::remove_dir_all(journal_path(copy.path())).unwrap();
    let error = damage(start(copy.path()));
    let lost = Lost { first_number: 1, last_number: Some(18), lsns: Vec::new() };
    assert_eq!(error.lost, lost);
}

#[test]
fn the_newest_segment_is_missed_before_any_start_has_seen_it() {
    let groups: Vec<&[u16]> = vec![&[1, 2]; 9];
    let history = History::of(OPTIONS, &groups);
    let newest = history.segments().pop().unwrap();
    let first = history.places().iter().position(|place| place.segment == newest).unwrap();
    fs::remove_file(newest).unwrap();
    let error = damage(start(history.path()));
    let first = first as u64 + 1;
    assert_eq!(error.reason, Reason::SegmentGone(first));
    assert_eq!((error.lost.first_number, error.lost.last_number), (first, None));
    assert!(error.to_string().contains(&format!("Lost: all batches from {first} on")), "{error}");
}

#[test]
fn a_missing_epoch_is_missed() {
    let history = History::of(OPTIONS, &[&[1, 2]]);
    fs::remove_file(EpochMark::path(history.path())).unwrap();
    let started = start(history.path()).map(|_| ());
    assert!(matches!(started, Err(Error::EpochMissing { .. })), "{started:?}");
}

#[test]
fn a_segment_of_another_node_is_told_apart_from_damage() {
    let (history, other) = (History::of(OPTIONS, &[&[1]]), History::of(OPTIONS, &[&[1]]));
    fs::copy(&other.segments()[0], &history.segments()[0]).unwrap();
    let started = start(history.path()).map(|_| ());
    assert!(matches!(started, Err(Error::Foreign { .. })), "{started:?}");
}

#[test]
fn what_a_newer_release_wrote_is_told_apart_from_damage() {
    let history = History::of(OPTIONS, &[&[1], &[2]]);
    let (segment, places) = (&history.segments()[0], history.places());
    let node_id = DataDir::open(history.path()).unwrap().identity().node_id;
    let raise_version = |bytes: &mut [u8]| {
        bytes[24] += 1;
        let sum = checksum(bytes, seed_of(node_id));
        bytes[..16].copy_from_slice(&sum.to_le_bytes());
    };
    let last = places[1].offset..places[1].end();
    for (range, what) in [(last, "a batch of version 2"), (0..128, "a segment of version 2")] {
        let copy = copy_of(history.path());
        let name = segment.file_name().unwrap();
        edit(&journal_path(copy.path()).join(name), |bytes| raise_version(&mut bytes[range]));
        let error = start(copy.path()).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::NewerRelease { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn segments_that_changed_places_are_refused() {
    let groups: Vec<&[u16]> = vec![&[1, 2]; 9];
    let history = History::of(OPTIONS, &groups);
    let paths = history.segments();
    let first = fs::read(&paths[0]).unwrap();
    fs::copy(&paths[1], &paths[0]).unwrap();
    fs::write(&paths[1], first).unwrap();
    assert!(matches!(damage(start(history.path())).reason, Reason::Misnamed(_)));
}

/// A record that verifies but tells of another history is never taken for a torn write.
#[test]
fn a_whole_batch_that_does_not_follow_is_refused() {
    let history = History::of(OPTIONS, &[&[1], &[2], &[1]]);
    let (segment, places) = (&history.segments()[0], history.places());
    let last = history.batches().pop().unwrap();
    let header = record::RecordHeader {
        number: 3,
        durable_number: 2,
        previous_checksum: 1,
        shard: last.shard(),
        epoch: last.epoch(),
        sequence: last.sequence(),
        first_lsn: last.first_lsn(),
        fact_count: last.facts().len() as u32,
        digest_after: last.digest_after(),
    };
    let node_id = DataDir::open(history.path()).unwrap().identity().node_id;
    let mut bytes = Vec::new();
    record::write(&header, last.facts(), seed_of(node_id), &mut bytes);
    edit(segment, |content| content[places[2].offset..places[2].end()].copy_from_slice(&bytes));
    assert!(matches!(damage(start(history.path())).reason, Reason::Break(_)));
}

#[test]
fn verify_tells_people_what_there_is() {
    let history = History::of(OPTIONS, &[&[1, 2], &[9]]);
    let report = verify(history.path()).unwrap();
    assert_eq!((report.outcome(), report.batches, report.shards), (Outcome::Whole, 3, 3));
    assert_eq!(report.facts, history.batches().iter().map(|b| b.facts().len() as u64).sum::<u64>());
    let text = report.to_string();
    assert!(text.contains("00000000000000000001.journal  epoch 1  batches 1 to 3  "), "{text}");
    assert!(text.ends_with("whole: every checksum, number and LSN follows the one before it"));

    let end = history.places()[2].end();
    edit(&history.segments()[0], |bytes| bytes[end + 3] = 1);
    let report = verify(history.path()).unwrap();
    assert_eq!(report.outcome(), Outcome::UnsyncedTail);
    assert!(report.to_string().contains("unsynced tail: 4 bytes at byte"), "{report}");
}
