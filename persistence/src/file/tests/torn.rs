//! A last group that a crash tore anywhere: whole batches survive, the rest is cut, and what
//! was acknowledged before is untouched.

use super::*;

/// Three acknowledged groups, then a last one of three batches, all in one segment.
fn history() -> History {
    let options = Options { segment_bytes: 8_192 };
    History::of(options, &[&[1, 2], &[2], &[1, 3], &[1, 2, 3]])
}

/// How many batches of the last group are on the disk as they were written.
fn whole_in(places: &[Place], written: &[u8], on_disk: &[u8]) -> usize {
    let is_whole =
        |place: &&Place| written[place.offset..place.end()] == on_disk[place.offset..place.end()];
    places[5..].iter().take_while(is_whole).count()
}

#[test]
fn of_a_torn_group_only_whole_batches_survive() {
    let history = history();
    let (segment, places) = (&history.segments()[0], history.places());
    let written = fs::read(segment).unwrap();
    for torn in places[5].offset..places[7].end() {
        let mut on_disk = written.clone();
        on_disk[torn..].fill(0);
        fs::write(segment, &on_disk).unwrap();
        let (found, tail) = read(history.path());

        let whole = whole_in(&places, &written, &on_disk);
        assert_eq!(found, history.batches()[..5 + whole], "torn at byte {torn}");
        let end = places[4 + whole].end();
        let left = on_disk[end..].iter().rposition(|byte| *byte != 0);
        let expected = left.map(|last| (end as u64, last as u64 + 1));
        let tail = tail.unwrap().map(|tail| (tail.offset, tail.bytes));
        assert_eq!(tail, expected, "torn at byte {torn}");
    }
}

#[test]
fn a_torn_group_is_cut_and_the_journal_goes_on() {
    let history = history();
    let places = history.places();
    let written = fs::read(&history.segments()[0]).unwrap();
    for torn in (places[5].offset..places[7].end()).step_by(29) {
        let copy = copy_of(history.path());
        let segment = &segments(copy.path())[0];
        edit(segment, |bytes| bytes[torn..].fill(0));
        let whole = whole_in(&places, &written, &fs::read(segment).unwrap());
        let Start { batches, mut journal, report } = start(copy.path()).unwrap();
        assert_eq!(batches, history.batches()[..5 + whole], "torn at byte {torn}");

        let mut writer = Writer::default();
        writer.group(Epoch(1), &[1, 2, 2, 1, 3]);
        writer.group(Epoch(1), &[1, 2, 3][..whole]);
        let next = writer.group(journal.epoch(), &[3, 1, 2]);
        append(&mut journal, &next);
        drop(journal);
        let again = start(copy.path()).unwrap();
        assert_eq!(again.batches, [batches, next].concat(), "torn at byte {torn}");
        assert_eq!((report.epoch, again.report.epoch), (Epoch(2), Epoch(3)));
        assert_eq!(again.report.cut, None);
    }
}

#[test]
fn blocks_of_the_last_group_may_be_missing_in_any_order() {
    let history = history();
    let (segment, places) = (&history.segments()[0], history.places());
    let content = fs::read(segment).unwrap();
    let blocks = (places[5].offset..places[7].end()).step_by(64);
    // Padding that is lost is still there: both are zeros.
    let is_written = |&lost: &usize| content[lost..lost + 64].iter().any(|&byte| byte != 0);
    for lost in blocks.filter(is_written) {
        edit(segment, |bytes| bytes[lost..lost + 64].fill(0));
        let (found, tail) = read(history.path());
        fs::write(segment, &content).unwrap();
        let whole = places[5..].iter().take_while(|place| place.end() <= lost).count();
        assert_eq!(found, history.batches()[..5 + whole], "block at byte {lost}");
        assert_eq!(tail.unwrap().unwrap().offset as usize, places[5 + whole].offset);
    }
}

#[test]
fn a_file_that_was_cut_is_refused_at_every_length() {
    let history = history();
    let segment = &history.segments()[0];
    let content = fs::read(segment).unwrap();
    for length in 0..content.len() {
        fs::write(segment, &content[..length]).unwrap();
        let (found, end) = read(history.path());
        assert!(history.batches().starts_with(&found), "cut to {length} bytes");
        let Damage { path, .. } = damage(end);
        assert_eq!(&path, segment, "cut to {length} bytes");
    }
}

#[test]
fn garbage_behind_the_last_batch_is_cut() {
    let history = history();
    let end = history.places()[7].end();
    for garbage in [end, end + 1, end + 64, end + 1_000] {
        let copy = copy_of(history.path());
        edit(&segments(copy.path())[0], |bytes| bytes[garbage..garbage + 5].fill(0xee));
        let started = start(copy.path()).unwrap();
        assert_eq!(started.batches, history.batches());
        let cut = started.report.cut.as_ref().unwrap();
        assert_eq!((cut.offset as usize, cut.bytes as usize), (end, garbage + 5 - end));
        drop(started);
        assert_eq!(start(copy.path()).unwrap().report.cut, None);
    }
}
