//! What may be put away, and when: behind snapshots that can be used.

use std::time::Duration;

use super::archive::Archived;
use super::segments::Segments;
use super::*;
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
    let segments = Segments::list(&journal_path(path)).unwrap();
    segments.all().iter().map(|file| file.number).collect()
}

fn damage_snapshot(path: &Path, number: u64) {
    edit(&snapshot_at(path, number), |bytes| bytes[9_000] ^= 1);
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
