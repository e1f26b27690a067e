//! A journal that is followed while it is written, and what became of it meanwhile.

use super::*;
use crate::file::follower::Follower;

/// All batches up to `durable`.
fn read_up_to(follower: &mut Follower, durable: u64) -> Vec<Batch> {
    let next = || follower.next_batch(durable).unwrap().map(|stored| stored.batch);
    std::iter::from_fn(next).collect()
}

#[test]
fn each_batch_comes_once_and_not_before_it_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = start(dir.path()).unwrap().journal;
    let mut follower = Follower::open(journal.data_dir().paths(), 1).unwrap();
    assert_eq!(follower.next_batch(0).unwrap(), None);
    let mut writer = Writer::default();
    let mut written = 0;
    for turn in 1..=40 {
        let group = writer.group(journal.epoch(), &[1, 2, turn]);
        append(&mut journal, &group);
        // The last of the group is not said to be durable yet.
        assert_eq!(read_up_to(&mut follower, written + 2), group[..2], "turn {turn}");
        assert_eq!(follower.next_number(), written + 3);
        written += 3;
        assert_eq!(read_up_to(&mut follower, written), group[2..], "turn {turn}");
    }
    assert_eq!(journal.written().number, written);
    assert!(segments(dir.path()).len() > 3, "it went on over several segments");
}

#[test]
fn it_begins_anywhere_and_reads_what_was_compressed() {
    let groups: Vec<&[u16]> = vec![&[1, 2, 7]; 16];
    let history = History::of(OPTIONS, &groups);
    let numbers = first_numbers(history.path());
    make_snapshots(history.path(), &numbers[numbers.len() - 2..]);
    let mut keeper = Keeper::of(history.path(), Duration::MAX, &[]);
    assert!(keeper.look_after(0).unwrap().compressed > 2);
    let paths = DataDirPaths::read(history.path()).unwrap().unwrap();
    let all = history.batches();
    for from in 1..=all.len() as u64 {
        let mut follower = Follower::open(&paths, from).unwrap();
        assert_eq!(read_up_to(&mut follower, all.len() as u64), all[from as usize - 1..]);
    }
}

#[test]
fn a_segment_that_is_compressed_meanwhile_is_read_on() {
    let groups: Vec<&[u16]> = vec![&[1, 2, 7]; 16];
    let history = History::of(OPTIONS, &groups);
    let numbers = first_numbers(history.path());
    let paths = DataDirPaths::read(history.path()).unwrap().unwrap();
    let mut follower = Follower::open(&paths, 1).unwrap();
    assert_eq!(read_up_to(&mut follower, 2), history.batches()[..2]);
    make_snapshots(history.path(), &numbers[numbers.len() - 2..]);
    Keeper::of(history.path(), Duration::MAX, &[]).look_after(0).unwrap();
    let all = history.batches();
    assert_eq!(read_up_to(&mut follower, all.len() as u64), all[2..]);
}

#[test]
fn a_record_of_any_length_is_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 64 << 20 };
    let mut journal = start_with(dir.path(), options).unwrap().journal;
    let mut writer = Writer::default();
    let mut facts = Vec::new();
    for _ in 0..9_000 {
        facts.extend(writer.group(journal.epoch(), &[1])[0].facts().iter().cloned());
    }
    let batch = |sequence, facts: &[_], digest| {
        Batch::new(ShardId(1), journal.epoch(), sequence, facts.to_vec(), digest).unwrap()
    };
    let digest = inventory_core::digest::Digest(5);
    let small = batch(1, &facts[..1], digest);
    // More than a piece of a file, and cut by its end.
    let long = batch(2, &facts[1..16_000], digest);
    let group = [small, long];
    append(&mut journal, &group);
    let bytes = journal.written().bytes;
    assert!(bytes > crate::limits::COPY_BYTES as u64, "{bytes}");
    let mut follower = Follower::open(journal.data_dir().paths(), 1).unwrap();
    assert_eq!(read_up_to(&mut follower, 2), group);
}

#[test]
fn what_is_damaged_or_gone_is_an_error() {
    let groups: Vec<&[u16]> = vec![&[1, 2, 7]; 16];
    let history = History::of(OPTIONS, &groups);
    let all = history.batches().len() as u64;
    let read = |path: &Path| {
        let paths = DataDirPaths::read(path).unwrap().unwrap();
        let mut follower = Follower::open(&paths, 1)?;
        while follower.next_batch(all)?.is_some() {}
        Ok(follower.next_number())
    };
    assert_eq!(read(history.path()).unwrap(), all + 1);
    let places = history.places();
    let place = &places[4];
    edit(&place.segment, |bytes| bytes[place.offset + 50] ^= 1);
    let found = damage(read(history.path()));
    assert_eq!((found.lost.first_number, found.offset), (5, place.offset as u64));
    edit(&place.segment, |bytes| bytes[place.offset + 50] ^= 1);
    let segments = history.segments();
    fs::remove_file(&segments[2]).unwrap();
    damage(read(history.path()));
    fs::remove_file(&segments[0]).unwrap();
    assert!(matches!(read(history.path()), Err(Error::HistoryGone { .. })));
}
