//! Segments behind two snapshots: compressed, read as before, removed when they are old; and a
//! crash at any step leaves a directory that starts.

use std::time::Duration;

use super::archive::Archived;
use super::segments::Segments;
use super::*;
use crate::dir::DataDirPaths;
use crate::verify::{Outcome, verify};

const FOR_EVER: Duration = Duration::MAX;
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// Nine groups, and snapshots in front of the last two segments.
fn history() -> History {
    let groups: Vec<&[u16]> = vec![&[1, 2, 7]; 9];
    let history = History::of(OPTIONS, &groups);
    let numbers = first_numbers(history.path());
    assert!(numbers.len() >= 4, "{numbers:?}");
    make_snapshots(history.path(), &numbers[numbers.len() - 2..]);
    history
}

fn look_after(path: &Path, retention: Duration, now_millis: u64) -> Archived {
    Keeper::of(path, retention, &[]).look_after(now_millis).unwrap()
}

fn compressed(path: &Path) -> Vec<String> {
    let mut names = names_in(&Machine::real(), &journal_path(path).join("history")).unwrap();
    names.sort_unstable();
    names
}

#[test]
fn what_is_compressed_reads_as_before_and_takes_less() {
    let history = history();
    let raw = segments(history.path());
    let done = look_after(history.path(), FOR_EVER, Machine::real().wall_clock().0);
    assert_eq!(done, Archived { compressed: raw.len() as u64 - 2, removed: 0, damaged: 0 });
    assert_eq!(segments(history.path()), raw[raw.len() - 2..]);
    assert_eq!(compressed(history.path()).len(), raw.len() - 2);
    for name in compressed(history.path()) {
        let length = fs::metadata(journal_path(history.path()).join("history").join(name)).unwrap();
        assert!(length.len() < OPTIONS.segment_bytes);
    }
    assert_eq!(read(history.path()).0, history.batches());
    let report = verify(history.path()).unwrap();
    assert_eq!((report.outcome(), report.begins_with), (Outcome::Whole, 1));
    assert!(report.to_string().contains("1.journal.zst  epoch 1  batches 1 to"), "{report}");
    // A start that has to read everything can.
    assert_eq!(start(history.path()).unwrap().batches, history.batches());

    let again = look_after(history.path(), FOR_EVER, Machine::real().wall_clock().0);
    assert_eq!(again, Archived::default());
}

#[test]
fn without_two_snapshots_nothing_is_touched() {
    let history = history();
    let snapshots = fs::read_dir(history.path().join("snapshots")).unwrap();
    fs::remove_file(snapshots.map(|entry| entry.unwrap().path()).min().unwrap()).unwrap();
    assert_eq!(look_after(history.path(), Duration::ZERO, u64::MAX), Archived::default());
    assert_eq!(read(history.path()).0, history.batches());
}

#[test]
fn a_crash_behind_any_step_leaves_a_directory_that_starts() {
    let history = history();
    let done = copy_of(history.path());
    look_after(done.path(), FOR_EVER, Machine::real().wall_clock().0);
    let from = journal_path(done.path()).join("history");
    let name = compressed(done.path()).remove(0);
    for step in ["wrote half", "renamed", "removed the raw one", "removed for good"] {
        let copy = copy_of(history.path());
        let (journal, to) = (journal_path(copy.path()), journal_path(copy.path()).join("history"));
        fs::create_dir_all(&to).unwrap();
        let raw = journal.join(name.strip_suffix(".zst").unwrap());
        match step {
            "wrote half" => fs::write(to.join("x.1-1.tmp"), "half").unwrap(),
            "renamed" => drop(fs::copy(from.join(&name), to.join(&name)).unwrap()),
            "removed the raw one" => {
                fs::copy(from.join(&name), to.join(&name)).unwrap();
                fs::remove_file(raw).unwrap();
            }
            _ => fs::remove_file(raw).unwrap(),
        }
        let (found, end) = read(copy.path());
        assert_eq!(end.unwrap(), None, "{step}");
        let all = history.batches();
        assert!(all.ends_with(&found) && found.len() + 6 >= all.len(), "{step}");
        if step != "removed for good" {
            assert_eq!(found, all, "{step}");
            assert_eq!(start(copy.path()).unwrap().batches, all, "{step}");
        }
        look_after(copy.path(), FOR_EVER, Machine::real().wall_clock().0);
        let left = names_in(&Machine::real(), &to).unwrap();
        assert!(left.iter().all(|name| name.ends_with(".zst")), "{step}: {left:?}");
        assert_eq!(read(copy.path()).0, found, "{step}");
    }
}

#[test]
fn what_is_too_old_is_removed_for_good_and_the_tools_say_so() {
    let history = history();
    let before = segments(history.path()).len();
    let retention = Duration::from_millis(90 * DAY_MILLIS);
    let now = Machine::real().wall_clock().0;
    let done = look_after(history.path(), retention, now + 89 * DAY_MILLIS);
    assert_eq!(done.removed, 0);
    let done = look_after(history.path(), retention, now + 91 * DAY_MILLIS);
    let numbers = first_numbers(history.path());
    assert_eq!((done.removed as usize, numbers.len()), (before - 2, 2));
    assert!(compressed(history.path()).is_empty());

    let (found, end) = read(history.path());
    assert_eq!((end.unwrap(), &found[..]), (None, &history.batches()[numbers[0] as usize - 1..]));
    let report = verify(history.path()).unwrap();
    assert_eq!((report.outcome(), report.begins_with), (Outcome::Whole, numbers[0]));
    let told = format!("history begins with batch {}; what was in front", numbers[0]);
    assert!(report.to_string().contains(&told), "{report}");
    // Without the snapshots there is no way to start.
    let error = start(history.path()).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::HistoryGone { .. }), "{error}");
    let told = format!("begins with batch {}: what was sold before", numbers[0]);
    assert!(error.to_string().contains(&told), "{error}");
}

#[test]
fn no_history_is_kept_if_none_is_wanted() {
    let history = history();
    let raw = segments(history.path()).len() as u64;
    let done = look_after(history.path(), Duration::ZERO, 0);
    assert_eq!(done, Archived { compressed: 0, removed: raw - 2, damaged: 0 });
    assert!(compressed(history.path()).is_empty());
}

#[test]
fn a_sealed_segment_that_is_damaged_is_left_as_it_is() {
    let history = history();
    let damaged = history.segments().remove(1);
    let places = history.places();
    let place = places.iter().find(|place| place.segment == damaged).unwrap();
    edit(&damaged, |bytes| bytes[place.offset + 30] ^= 1);
    let before = fs::read(&damaged).unwrap();
    let done = look_after(history.path(), FOR_EVER, Machine::real().wall_clock().0);
    assert_eq!(done.damaged, 1);
    assert_eq!(fs::read(&damaged).unwrap(), before);
}

#[test]
fn a_flipped_byte_of_a_compressed_segment_is_damage_and_nothing_else() {
    let history = history();
    look_after(history.path(), FOR_EVER, Machine::real().wall_clock().0);
    let name = compressed(history.path()).remove(0);
    let file = journal_path(history.path()).join("history").join(name);
    let content = fs::read(&file).unwrap();
    for at in (0..content.len()).filter(|at| *at < 64 || at % 7 == 0 || at + 64 > content.len()) {
        edit(&file, |bytes| bytes[at] ^= 1 << (at % 8));
        let (found, end) = read(history.path());
        assert!(history.batches().starts_with(&found), "byte {at}");
        match end {
            // What the frame does not need.
            Ok(_) => assert_eq!(found, history.batches(), "byte {at}"),
            Err(Error::Damage(_)) => {}
            Err(other) => panic!("byte {at}: {other}"),
        }
        fs::write(&file, &content).unwrap();
    }
    assert_eq!(read(history.path()).0, history.batches());
}

#[test]
fn a_compression_that_is_stopped_leaves_everything_as_it_was() {
    let history = history();
    let Keeper { mut archive, mut known, .. } = Keeper::of(history.path(), FOR_EVER, &[]);
    let raw = segments(history.path());
    let asked = std::cell::Cell::new(0);
    let is_stopped = || asked.replace(asked.get() + 1) > 0;
    assert_eq!(archive.look_after(&mut known, 0, &is_stopped).unwrap(), Archived::default());
    assert_eq!(segments(history.path()), raw);
    assert!(compressed(history.path()).is_empty(), "not even a leftover");
}

#[test]
fn a_reader_goes_on_when_its_segments_change_their_form() {
    let history = history();
    let mut reader = JournalReader::open(history.path()).unwrap();
    let mut found = vec![reader.next_batch().unwrap().unwrap().batch];
    look_after(history.path(), FOR_EVER, Machine::real().wall_clock().0);
    while let Some(stored) = reader.next_batch().unwrap() {
        found.push(stored.batch);
    }
    assert_eq!(found, history.batches());

    // One that has begun does not jump over what is removed meanwhile.
    let mut reader = JournalReader::open(history.path()).unwrap();
    reader.next_batch().unwrap();
    look_after(history.path(), Duration::ZERO, 0);
    let end = std::iter::from_fn(|| reader.next_batch().transpose()).find_map(Result::err);
    assert!(matches!(end, Some(Error::Pruned { .. })), "{end:?}");
    let paths = DataDirPaths::read(history.path()).unwrap().unwrap();
    assert_eq!(Segments::list(&Machine::real(), &paths.journal()).unwrap().all().len(), 2);
}
