//! Starts after starts and crashes in the middle of a start: what was acknowledged is there.

use super::active::{ActiveSegment, Spare};
use super::epoch::EpochMark;
use super::*;
use crate::dir;
use crate::limits::HEADER_BYTES;

#[test]
fn what_was_acknowledged_is_there_after_every_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::default();
    let mut acknowledged: Vec<Batch> = Vec::new();
    for number in 1..=25_u64 {
        let Start { batches, mut journal, report } = start(dir.path()).unwrap();
        assert_eq!(batches, acknowledged, "start {number}");
        assert_eq!((report.epoch, report.cut), (Epoch(number), None));
        assert_eq!(report.batches, acknowledged.len() as u64);
        for round in 0..number % 4 {
            let group = writer.group(journal.epoch(), &[1, 200, round as u16]);
            append(&mut journal, &group);
            acknowledged.extend(group);
        }
    }
    assert!(segments(dir.path()).len() > 5, "the journal rolled over on the way");
    assert_eq!(read(dir.path()).0, acknowledged);
}

#[test]
fn a_locked_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let started = start(dir.path()).unwrap();
    let second = DataDir::open(dir.path());
    assert!(matches!(second, Err(dir::Error::Locked { .. })), "{second:?}");
    assert_eq!(read(dir.path()).0, []);
    drop(started);
    assert_eq!(start(dir.path()).unwrap().report.epoch, Epoch(2));
}

/// The state of the directory after each step of a start, if the crash came right behind it.
#[test]
fn a_start_may_crash_behind_any_step() {
    let history = History::of(OPTIONS, &[&[1, 2], &[1, 2], &[3, 4], &[5], &[1]]);
    let expected = history.batches();
    let mark_before = EpochMark::read(&Machine::real(), history.path()).unwrap().unwrap();
    let last_number = expected.len() as u64;
    for step in ["made the copy", "wrote the copy", "renamed the copy", "marked the epoch"] {
        let copy = copy_of(history.path());
        let journal = journal_path(copy.path());
        match step {
            "made the copy" => fs::write(journal.join("next.1-1.tmp"), [0; 2_048]).unwrap(),
            "wrote the copy" => {
                let last = history.segments().pop().unwrap();
                fs::copy(last, journal.join("next.1-1.tmp")).unwrap();
            }
            "renamed the copy" => {
                drop(start(copy.path()).unwrap());
                mark_before.write(&Machine::real(), copy.path()).unwrap();
            }
            _ => drop(start(copy.path()).unwrap()),
        }
        let Start { batches, mut journal, report } = start(copy.path()).unwrap();
        assert_eq!(batches, expected, "{step}");
        let raised = if step.starts_with("made") || step.starts_with("wrote") { 2 } else { 3 };
        assert_eq!(report.epoch, Epoch(raised), "{step}");
        let mark = EpochMark::read(&Machine::real(), copy.path()).unwrap().unwrap();
        assert_eq!((mark.epoch, mark.durable_number), (report.epoch, last_number), "{step}");

        let next = Batch::new(
            expected[0].shard(),
            journal.epoch(),
            4,
            vec![next_fact(&expected)],
            expected[0].digest_after(),
        );
        append(&mut journal, &[next.unwrap()]);
    }
}

/// The fact that follows all of those of shard 1.
fn next_fact(batches: &[Batch]) -> std::sync::Arc<inventory_core::fact::Fact> {
    let mut of_shard = batches.iter().filter(|batch| batch.shard() == batches[0].shard());
    let last = of_shard.next_back().unwrap();
    let mut fact = last.facts()[0].as_ref().clone();
    fact.lsn = last.last_lsn().next();
    std::sync::Arc::new(fact)
}

#[test]
fn the_first_start_may_crash_in_front_of_its_epoch() {
    let dir = tempfile::tempdir().unwrap();
    drop(start(dir.path()).unwrap());
    fs::remove_file(EpochMark::path(dir.path())).unwrap();
    let started = start(dir.path()).unwrap();
    assert_eq!((started.report.epoch, started.batches.len()), (Epoch(2), 0));
}

#[test]
fn a_roll_over_may_crash_behind_its_rename() {
    let history = History::of(OPTIONS, &[&[1, 2], &[1, 2]]);
    let dir = DataDir::open(history.path()).unwrap();
    let mut scanner = scan::Scanner::new(dir.paths(), scan::Begin::First).unwrap();
    while scanner.next_batch().unwrap().is_some() {}
    let header = SegmentHeader {
        first_number: scanner.chain().last_number + 1,
        state_digest: scanner.chain().state_digest,
        previous_checksum: scanner.chain().last_checksum,
        ..scanner.last_segment().unwrap().0
    };
    Spare::create(&Machine::real(), &dir.journal(), 2_048, 0)
        .unwrap()
        .into_segment(header, &[])
        .unwrap();
    drop(dir);
    assert_eq!(history.segments().len(), 2);

    let started = start(history.path()).unwrap();
    assert_eq!(started.batches, history.batches());
    assert_eq!(started.report.segments, 2);
    drop(started);
    assert_eq!(start(history.path()).unwrap().batches, history.batches());
}

#[test]
fn a_start_makes_little_room_and_the_next_segment_has_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 2 * ROOM_AT_START_BYTES };
    let mut journal = start_with(dir.path(), options).unwrap().journal;
    let length = |segment: &Path| fs::metadata(segment).unwrap().len();
    let first_bytes = length(&segments(dir.path())[0]);
    assert!(first_bytes < ROOM_AT_START_BYTES + 4_096, "{first_bytes} bytes");

    let mut writer = Writer::default();
    let shards: Vec<u16> = (0..256).collect();
    let mut written = Vec::new();
    while segments(dir.path()).len() == 1 {
        let group = writer.group(journal.epoch(), &shards);
        append(&mut journal, &group);
        written.extend(group);
    }
    assert_eq!(length(&segments(dir.path())[1]), options.segment_bytes);
    drop(journal);
    assert_eq!(start_with(dir.path(), options).unwrap().batches, written);
}

#[test]
fn leftovers_of_a_crash_are_removed() {
    let history = History::of(OPTIONS, &[&[1, 2]]);
    let leftover = journal_path(history.path()).join("next.77-3.tmp");
    fs::write(&leftover, "half").unwrap();
    let started = start(history.path()).unwrap();
    assert!(!leftover.exists());
    assert_eq!(started.batches, history.batches());
}

/// What a start without space for a copy does, on any segment.
fn take_over(path: &Path) -> Result<(ActiveSegment, Vec<Batch>), crate::files::Error> {
    let dir = DataDir::open(path).unwrap();
    let mut scanner = scan::Scanner::new(dir.paths(), scan::Begin::First).unwrap();
    let mut batches = Vec::new();
    while let Some(stored) = scanner.next_batch().unwrap() {
        batches.push(stored.batch);
    }
    let (header, records) = scanner.last_segment().unwrap();
    let header = SegmentHeader { epoch: Epoch(header.epoch.0 + 1), ..header };
    let active = ActiveSegment::take_over(&Machine::real(), &dir.journal(), header, records)?;
    EpochMark::new(&header, scanner.chain().last_number)
        .write(&Machine::real(), dir.path())
        .unwrap();
    Ok((active, batches))
}

#[test]
fn without_space_for_a_copy_the_segment_that_is_there_goes_on() {
    let history = History::of(Options { segment_bytes: 8_192 }, &[&[1, 2], &[2], &[1, 3]]);
    let (segment, last) = (&history.segments()[0], history.places().pop().unwrap());
    let whole = fs::read(segment).unwrap();
    for torn in [last.end(), last.end() - 40, last.offset + 10] {
        let copy = copy_of(history.path());
        let segment = &segments(copy.path())[0];
        edit(segment, |bytes| bytes[torn..last.end() + 3].fill(0xee));
        let (active, batches) = take_over(copy.path()).unwrap();
        assert!(history.batches().starts_with(&batches), "torn at byte {torn}");
        assert!(batches.len() + 1 >= history.batches().len(), "torn at byte {torn}");
        assert_eq!((active.first_number(), active.is_empty()), (1, false));
        drop(active);
        let started = start(copy.path()).unwrap();
        assert_eq!((started.batches, started.report.cut), (batches, None), "torn at byte {torn}");
        assert_eq!(started.report.epoch, Epoch(3), "torn at byte {torn}");
    }
    // Only the header changes; the records are written again as they are.
    assert_eq!(fs::read(segment).unwrap(), whole);
    take_over(history.path()).unwrap();
    let after = fs::read(segment).unwrap();
    assert_eq!(after[HEADER_BYTES..], whole[HEADER_BYTES..]);
    assert_eq!(start(history.path()).unwrap().batches, history.batches());
}
