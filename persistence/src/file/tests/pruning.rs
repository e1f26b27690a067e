//! What may be put away, and when: behind snapshots that can be used, whatever became of other
//! segments.

use std::time::Duration;

use inventory_core::time::Timestamp;

use super::archive::{Archived, Failed};
use super::segments::Segments;
use super::*;
use crate::limits::HEADER_BYTES;
use crate::segment::header::SegmentHeader;
use crate::testing::warnings_of;

const FOR_EVER: Duration = Duration::MAX;
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;
const DAYS_90: Duration = Duration::from_millis(90 * DAY_MILLIS);

/// Some segments, and snapshots in front of the last of them. The numbers of all segments.
fn history_with_snapshots(snapshots: usize) -> (History, Vec<u64>) {
    let groups: Vec<&[u16]> = vec![&[1, 2, 7]; 16];
    let history = History::of(OPTIONS, &groups);
    let numbers = first_numbers(history.path());
    assert!(numbers.len() >= 7, "{numbers:?}");
    make_snapshots(history.path(), &numbers[numbers.len() - snapshots..]);
    (history, numbers)
}

/// The numbers of all segments that are left, in any form.
fn left(path: &Path) -> Vec<u64> {
    let segments = Segments::list(&Machine::real(), &journal_path(path)).unwrap();
    segments.all().iter().map(|file| file.number).collect()
}

fn damage_snapshot(path: &Path, number: u64) {
    edit(&snapshot_at(path, number), |bytes| bytes[9_000] ^= 1);
}

/// Damages the header of a segment in `journal/`.
fn damage_header(segment: &Path) {
    edit(segment, |bytes| bytes[40] ^= 1);
}

#[test]
fn a_snapshot_that_is_known_to_be_useless_counts_nowhere() {
    for retention in [FOR_EVER, Duration::ZERO] {
        let (history, numbers) = history_with_snapshots(3);
        let [older, old, new] = numbers[numbers.len() - 3..] else { panic!("{numbers:?}") };
        // One good snapshot is not enough.
        let mut keeper = Keeper::of(history.path(), retention, &[old, new]);
        assert_eq!(keeper.look_after(u64::MAX).unwrap(), Archived::default());
        assert_eq!(read(history.path()).0, history.batches());
        drop(keeper);
        // With one of three useless, the others are the two that count.
        let mut keeper = Keeper::of(history.path(), retention, &[new]);
        let done = keeper.look_after(0).unwrap();
        assert_eq!(done.compressed + done.removed, numbers.len() as u64 - 3);
        assert_eq!(first_numbers(history.path()), [older, old, new]);
    }
}

#[test]
fn what_somebody_has_to_read_stays_whatever_its_age() {
    let (history, numbers) = history_with_snapshots(3);
    let mut keeper = Keeper::of(history.path(), Duration::ZERO, &[]);
    // The third segment begins with the first batch that is needed, then one behind it is.
    for (floor, first) in [(numbers[2], 2), (numbers[3] + 1, 3)] {
        keeper.floor.set(floor);
        keeper.look_after(u64::MAX).unwrap();
        assert_eq!(left(history.path()), numbers[first..], "from batch {floor} on");
    }
    keeper.floor.set(u64::MAX);
    keeper.look_after(u64::MAX).unwrap();
    assert_eq!(left(history.path()), numbers[numbers.len() - 2..]);
}

#[test]
fn nothing_is_removed_before_two_snapshots_were_read_back() {
    let (history, numbers) = history_with_snapshots(3);
    let [older, old, new] = numbers[numbers.len() - 3..] else { panic!("{numbers:?}") };
    damage_snapshot(history.path(), new);
    let mut keeper = Keeper::of(history.path(), Duration::ZERO, &[]);
    let told = warnings_of(|| {
        let done = keeper.look_after(0).unwrap();
        assert_eq!(done, Archived { removed: numbers.len() as u64 - 3, ..Archived::default() });
        assert_eq!(keeper.look_after(0).unwrap(), Archived::default());
    });
    assert_eq!(left(history.path()), [older, old, new]);
    assert_eq!(told.matches("a snapshot cannot be used any more").count(), 1, "{told}");
    assert_eq!(keeper.known.usable().unwrap(), [old, older]);

    // With one snapshot that can be read, all of the journal stays.
    let (history, numbers) = history_with_snapshots(2);
    damage_snapshot(history.path(), numbers[numbers.len() - 2]);
    let mut keeper = Keeper::of(history.path(), DAYS_90, &[]);
    assert_eq!(keeper.look_after(u64::MAX).unwrap(), Archived::default());
    assert_eq!(left(history.path()), numbers);
}

#[test]
fn a_damaged_segment_is_told_once_and_keeps_no_other_from_being_compressed() {
    let (history, numbers) = history_with_snapshots(2);
    let all = history.segments();
    // A header, a batch, and one that cannot be read at all.
    damage_header(&all[1]);
    edit(&all[2], |bytes| bytes[HEADER_BYTES + 30] ^= 1);
    let aside = history.path().join("aside");
    fs::rename(&all[3], &aside).unwrap();
    fs::create_dir(&all[3]).unwrap();
    let mut keeper = Keeper::of(history.path(), DAYS_90, &[]);
    let now = Machine::real().wall_clock().0;
    let told = warnings_of(|| {
        let others = numbers.len() as u64 - 2 - 3;
        let done = keeper.look_after(now).unwrap();
        assert_eq!(done, Archived { compressed: others, removed: 0, damaged: 3 });
        let again = keeper.look_after(now).unwrap();
        assert_eq!(again, Archived { damaged: 3, ..Archived::default() });
    });
    let lines = told.matches("a sealed segment cannot be read as it was written");
    assert_eq!(lines.count(), 3, "{told}");

    // One that was restored is like any other, and told anew if it is damaged again.
    fs::remove_dir(&all[3]).unwrap();
    fs::rename(&aside, &all[3]).unwrap();
    let told = warnings_of(|| {
        let done = keeper.look_after(now).unwrap();
        assert_eq!(done, Archived { compressed: 1, removed: 0, damaged: 2 });
        fs::write(&all[3], "not a segment").unwrap();
        assert_eq!(keeper.look_after(now).unwrap().damaged, 3);
    });
    assert_eq!(told.matches("a sealed segment").count(), 1, "{told}");
}

#[test]
fn damaged_segments_are_removed_when_they_are_the_oldest_and_too_old() {
    let (history, numbers) = history_with_snapshots(2);
    let all = history.segments();
    // The oldest, the one behind it, and one in the middle, compressed.
    let mut keeper = Keeper::of(history.path(), DAYS_90, &[]);
    damage_header(&all[0]);
    damage_header(&all[1]);
    let now = Machine::real().wall_clock().0;
    assert_eq!(keeper.look_after(now).unwrap().damaged, 2);
    let middle =
        &Segments::list(&Machine::real(), &journal_path(history.path())).unwrap().all()[3].clone();
    assert!(middle.is_compressed);
    edit(&middle.path, |bytes| bytes.fill(7));

    let done = keeper.look_after(now + 91 * DAY_MILLIS).unwrap();
    assert_eq!(done, Archived { removed: numbers.len() as u64 - 2, ..Archived::default() });
    assert_eq!(left(history.path()), numbers[numbers.len() - 2..]);
}

/// Says of each segment in `journal/` that it was begun on a day of its own, the first on day 0.
fn begin_one_a_day(history: &History) {
    let paths = DataDirPaths::read(history.path()).unwrap().unwrap();
    for (segment, day) in history.segments().iter().zip(0..) {
        edit(segment, |bytes| {
            let header = SegmentHeader::read(bytes, paths.node_id()).unwrap();
            let header = SegmentHeader { created_at: Timestamp(day * DAY_MILLIS), ..header };
            bytes[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
        });
    }
}

#[test]
fn a_segment_whose_end_nobody_knows_stays_until_the_next_was_too_long_ago() {
    let (history, numbers) = history_with_snapshots(2);
    begin_one_a_day(&history);
    damage_header(&history.segments()[2]);
    let mut keeper = Keeper::of(history.path(), DAYS_90, &[]);
    // The first was sealed on day 1. That the second was on day 2 is not known any more, only
    // that neither it nor the third was sealed after day 3.
    for (day, oldest) in [(0, 0), (1, 1), (2, 1), (3, 3), (4, 4)] {
        keeper.look_after((90 + day) * DAY_MILLIS + 1).unwrap();
        assert_eq!(left(history.path()), numbers[oldest..], "day {day}");
    }
}

#[test]
fn what_cannot_be_written_is_an_error_and_the_others_are_put_away() {
    let (history, numbers) = history_with_snapshots(2);
    let segments = Segments::list(&Machine::real(), &journal_path(history.path())).unwrap();
    // Something else has the name of a compressed segment.
    let taken = segments.all()[1].other_form().path;
    fs::create_dir_all(taken.join("of somebody else")).unwrap();
    let mut keeper = Keeper::of(history.path(), FOR_EVER, &[]);
    let Failed { done, cause } = keeper.look_after(0).unwrap_err();
    let others = numbers.len() as u64 - 2 - 1;
    assert_eq!(done, Archived { compressed: others, ..Archived::default() });
    assert!(cause.to_string().contains("cannot rename"), "{cause}");
    let names = names_in(&Machine::real(), taken.parent().unwrap()).unwrap();
    assert!(names.iter().all(|name| name.ends_with(".zst")), "nothing is left over: {names:?}");
}
