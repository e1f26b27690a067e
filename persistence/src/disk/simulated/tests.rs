//! What a simulated disk promises, and what it does not.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

use super::*;

const CAPACITY: u64 = 1 << 20;

fn disk() -> SimulatedDisk {
    SimulatedDisk::new(CAPACITY, 7)
}

fn path(name: &str) -> &Path {
    Path::new(name)
}

/// A file with some content, all of it lasting.
fn lasting(disk: &SimulatedDisk, name: &str, content: &[u8]) -> Box<dyn File> {
    let file = disk.open(path(name), Access::CreateNew).unwrap();
    file.write_all_at(content, 0).unwrap();
    file.sync_all().unwrap();
    disk.sync_dir(path("/")).unwrap();
    file
}

/// Power cuts of every kind.
fn cuts() -> impl Iterator<Item = PowerCut> {
    let by_chance = (0..60)
        .flat_map(|seed| [Order::AsDone, Order::Any].map(|order| PowerCut::by_chance(order, seed)));
    [PowerCut::HARSH, PowerCut::MILD].into_iter().chain(by_chance)
}

/// What the power cuts leave of a file.
fn left(disk: &SimulatedDisk, name: &str) -> BTreeSet<Option<Vec<u8>>> {
    cuts().map(|cut| disk.after(cut).content(path(name))).collect()
}

#[track_caller]
fn check_left(disk: &SimulatedDisk, name: &str, expected: &[Option<&[u8]>]) {
    let expected = expected.iter().map(|content| content.map(<[u8]>::to_vec)).collect();
    assert_eq!(left(disk, name), expected, "{name}");
}

/// The names in the root, from the lowest on: they come in any order.
fn names(disk: &SimulatedDisk) -> Vec<String> {
    let mut names = disk.names_in(path("/")).unwrap();
    names.sort_unstable();
    names
}

#[test]
fn what_was_synced_stays_and_what_was_not_may_be_lost() {
    let disk = disk();
    let file = lasting(&disk, "a", b"old");
    check_left(&disk, "a", &[Some(b"old")]);
    file.write_all_at(b"new", 0).unwrap();
    assert_eq!(disk.content(path("a")).unwrap(), b"new", "until then nobody sees the difference");
    check_left(&disk, "a", &[Some(b"old"), Some(b"new")]);
    file.sync_data().unwrap();
    check_left(&disk, "a", &[Some(b"new")]);
}

#[test]
fn a_length_that_was_not_synced_may_be_there_without_its_content() {
    let disk = disk();
    let file = lasting(&disk, "a", b"one");
    file.write_all_at(b"two", 3).unwrap();
    check_left(&disk, "a", &[Some(b"one"), Some(b"one\0\0\0"), Some(b"onetwo")]);
    file.sync_all().unwrap();
    file.set_length(2).unwrap();
    file.set_length(6).unwrap();
    check_left(&disk, "a", &[Some(b"onetwo"), Some(b"on"), Some(b"on\0\0\0\0")]);
    file.forget_cached();
    assert_eq!(disk.content(path("a")).unwrap(), b"on\0\0\0\0", "what was cut off is gone");
}

#[test]
fn a_write_tears_between_sectors_and_never_within_one() {
    let disk = disk();
    let file = lasting(&disk, "a", &[1; 3 * SECTOR_BYTES]);
    file.write_all_at(&[2; 2 * SECTOR_BYTES], SECTOR_BYTES as u64 / 2).unwrap();
    let left = left(&disk, "a");
    assert_eq!(left.len(), 8, "three sectors, each as it was or as it should be");
    let half = SECTOR_BYTES / 2;
    let parts: BTreeSet<Vec<u8>> =
        left.iter().flatten().map(|bytes| bytes[..half].into()).collect();
    assert_eq!(parts, BTreeSet::from([vec![1; half]]), "what was not written is as it was");
    for content in left.into_iter().flatten() {
        let middle = &content[SECTOR_BYTES..2 * SECTOR_BYTES];
        assert!(middle.iter().all(|byte| *byte == middle[0]));
    }
}

#[test]
fn writes_into_one_sector_keep_their_order() {
    let disk = disk();
    let file = lasting(&disk, "a", b"0");
    file.write_all_at(b"1", 0).unwrap();
    file.write_all_at(b"2", 0).unwrap();
    check_left(&disk, "a", &[Some(b"0"), Some(b"1"), Some(b"2")]);
    // The later one brings the earlier with it: a sector is written as memory has it.
    let file = lasting(&disk, "b", b"..");
    file.write_all_at(b"1", 0).unwrap();
    file.write_all_at(b"2", 1).unwrap();
    check_left(&disk, "b", &[Some(b".."), Some(b"1."), Some(b"12")]);
}

#[test]
fn a_name_lasts_with_its_directory_and_not_with_its_file() {
    let disk = disk();
    let file = disk.open(path("/a"), Access::CreateNew).unwrap();
    file.write_all_at(b"content", 0).unwrap();
    file.sync_all().unwrap();
    check_left(&disk, "a", &[None, Some(b"content")]);
    disk.sync_dir(path("/")).unwrap();
    check_left(&disk, "a", &[Some(b"content")]);

    // And a name without its file may be all that is there.
    let file = disk.open(path("b"), Access::CreateNew).unwrap();
    file.write_all_at(b"content", 0).unwrap();
    disk.sync_dir(path("")).unwrap();
    check_left(&disk, "b", &[Some(b""), Some(b"\0\0\0\0\0\0\0"), Some(b"content")]);
}

#[test]
fn a_rename_is_done_whole_or_not_at_all() {
    let disk = disk();
    lasting(&disk, "new", b"new");
    lasting(&disk, "old", b"old");
    disk.rename(path("new"), path("old")).unwrap();
    assert_eq!(names(&disk), ["old"]);
    for cut in cuts() {
        let after = disk.after(cut);
        let both = (after.content(path("old")), after.content(path("new")));
        let [before, done] = [(&b"old"[..], Some(&b"new"[..])), (&b"new"[..], None)]
            .map(|(old, new)| (Some(old.to_vec()), new.map(<[u8]>::to_vec)));
        assert!(both == before || both == done, "{cut:?}: {both:?}");
    }
    disk.sync_dir(path("/")).unwrap();
    check_left(&disk, "old", &[Some(b"new")]);
    check_left(&disk, "new", &[None]);
}

#[test]
fn two_names_are_exchanged_in_one_step() {
    let disk = disk();
    lasting(&disk, "a", b"1");
    lasting(&disk, "b", b"2");
    disk.exchange(path("a"), path("b")).unwrap();
    for cut in cuts() {
        let after = disk.after(cut);
        let both = [after.content(path("a")).unwrap(), after.content(path("b")).unwrap()].concat();
        assert!([&b"12"[..], b"21"].contains(&&both[..]), "{cut:?}");
    }
    disk.sync_dir(path("/")).unwrap();
    check_left(&disk, "a", &[Some(b"2")]);
}

#[test]
fn what_was_removed_may_come_back_until_its_directory_is_synced() {
    let disk = disk();
    let file = lasting(&disk, "a", b"content");
    disk.remove(path("a")).unwrap();
    assert_eq!(file.length().unwrap(), 7, "who has it open keeps it");
    check_left(&disk, "a", &[None, Some(b"content")]);
    disk.sync_dir(path("/")).unwrap();
    check_left(&disk, "a", &[None]);
}

#[test]
fn changes_of_names_reach_the_disk_in_order_unless_any_order_is_allowed() {
    let disk = disk();
    for name in ["a", "b", "c"] {
        disk.open(path(name), Access::CreateNew).unwrap();
    }
    let left = |order| -> BTreeSet<String> {
        let cuts = (0..100).map(|seed| PowerCut::by_chance(order, seed));
        cuts.map(|cut| names(&disk.after(cut)).concat()).collect()
    };
    assert_eq!(left(Order::AsDone), ["", "a", "ab", "abc"].map(String::from).into());
    assert_eq!(left(Order::Any).len(), 8);
}

#[test]
fn a_directory_is_lost_with_all_that_is_in_it_unless_its_own_name_lasts() {
    let disk = disk();
    disk.create_dir(path("/d")).unwrap();
    let file = disk.open(path("/d/a"), Access::CreateNew).unwrap();
    file.sync_all().unwrap();
    disk.sync_dir(path("/d")).unwrap();
    check_left(&disk, "/d/a", &[None, Some(b"")]);
    disk.sync_dir(path("/")).unwrap();
    check_left(&disk, "/d/a", &[Some(b"")]);
}

#[test]
fn after_a_failed_sync_memory_shows_what_the_disk_will_never_have() {
    let disk = disk();
    let content = vec![1; 16 * SECTOR_BYTES];
    let file = lasting(&disk, "a", &vec![0; content.len()]);
    disk.watch(|_, operation| {
        (operation.kind == Kind::Sync).then_some(Fault::Fail(ErrorKind::Other))
    });
    for sector in 0..16 {
        let offset = sector * SECTOR_BYTES;
        file.write_all_at(&content[offset..offset + SECTOR_BYTES], offset as u64).unwrap();
    }
    assert!(file.sync_all().is_err());
    disk.unwatch();
    file.sync_all().unwrap();
    assert_eq!(disk.content(path("a")).unwrap(), content);
    let left = left(&disk, "a");
    assert_eq!(left.len(), 1, "what is lost was decided when the sync failed");
    let left = left.into_iter().next().flatten().unwrap();
    assert!(left != content && left.contains(&1), "some of it was lost, and some was not");
    file.forget_cached();
    assert_eq!(disk.content(path("a")).unwrap(), left);
    file.write_all_at(&content, 0).unwrap();
    file.sync_all().unwrap();
    check_left(&disk, "a", &[Some(&content)]);
}

#[test]
fn a_full_disk_takes_what_fits_and_nothing_into_space_that_is_not_there() {
    let disk = SimulatedDisk::new(3 * BLOCK_BYTES, 0);
    let blocks = |count: u64| vec![1; (count * BLOCK_BYTES) as usize];
    let file = disk.open(path("a"), Access::CreateNew).unwrap();
    file.allocate(0, 2 * BLOCK_BYTES).unwrap();
    assert_eq!((file.length().unwrap(), disk.free_bytes(path("/")).unwrap()), (8_192, BLOCK_BYTES));
    let full =
        |result: io::Result<()>| assert_eq!(result.unwrap_err().kind(), ErrorKind::StorageFull);
    full(file.allocate(0, 4 * BLOCK_BYTES));

    let mut other = disk.open(path("b"), Access::CreateNew).unwrap();
    full(other.write_all_at(&blocks(2), 0));
    assert_eq!(other.length().unwrap(), BLOCK_BYTES, "what fits was written");
    file.write_all_at(&blocks(2), 0).unwrap();
    full(file.write_all_at(&blocks(1), 2 * BLOCK_BYTES));
    assert_eq!(other.seek(SeekFrom::End(0)).unwrap(), BLOCK_BYTES);
    assert_eq!(other.write(b"more").unwrap_err().kind(), ErrorKind::StorageFull);

    disk.remove(path("b")).unwrap();
    full(file.allocate(0, 3 * BLOCK_BYTES));
    drop(other);
    file.allocate(0, 3 * BLOCK_BYTES).unwrap();
    disk.set_capacity(4 * BLOCK_BYTES);
    file.write_all_at(&blocks(1), 3 * BLOCK_BYTES).unwrap();
    disk.set_capacity(CAPACITY);
    disk.fill();
    full(file.allocate(0, 5 * BLOCK_BYTES));
}

#[test]
fn a_fault_does_what_it_says() {
    let disk = disk();
    let mut file = lasting(&disk, "a", b"content");
    let next = |fault: Fault| {
        let mut fault = Some(fault);
        disk.watch(move |_, _| fault.take());
    };
    next(Fault::Fail(ErrorKind::PermissionDenied));
    assert_eq!(file.set_length(1).unwrap_err().kind(), ErrorKind::PermissionDenied);
    next(Fault::Short { bytes: 2, kind: ErrorKind::Interrupted });
    assert_eq!(file.write_all_at(b"CONTENT", 0).unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(disk.content(path("a")).unwrap(), b"COntent");
    next(Fault::Flip { bit: 8 + 5 });
    let mut read = [0; 3];
    file.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"Con", "one bit of what was read");
    assert_eq!(disk.content(path("a")).unwrap(), b"COntent");
    next(Fault::Flip { bit: 5 });
    file.write_all_at(b"C", 0).unwrap();
    assert_eq!(disk.content(path("a")).unwrap(), b"cOntent", "nobody was told");
    disk.unwatch();
    file.sync_all().unwrap();
    disk.flip_bit(path("a"), 8 + 5).unwrap();
    check_left(&disk, "a", &[Some(b"content")]);

    next(Fault::PowerCut);
    assert!(file.write_all_at(b"C", 0).is_err());
    assert!(file.sync_all().is_err() && disk.open(path("a"), Access::Read).is_err());
    check_left(&disk, "a", &[Some(b"content")]);
}

#[test]
fn a_lock_goes_with_who_has_it_and_with_the_power() {
    let disk = disk();
    let open = |disk: &SimulatedDisk| disk.open(path("lock"), Access::Create).unwrap();
    let (first, second) = (open(&disk), open(&disk));
    assert!(first.try_lock().unwrap());
    assert!(!second.try_lock().unwrap());
    drop(second);
    assert!(!open(&disk).try_lock().unwrap(), "it is not theirs to give up");
    disk.sync_dir(path("/")).unwrap();
    assert!(open(&disk.after(PowerCut::HARSH)).try_lock().unwrap());
    drop(first);
    assert!(open(&disk).try_lock().unwrap());
}

#[test]
fn what_cannot_be_is_refused() {
    let disk = disk();
    disk.create_dir(path("d")).unwrap();
    lasting(&disk, "a", b"");
    let kind = |result: io::Result<()>| result.unwrap_err().kind();
    let open = |name, access| disk.open(path(name), access).map(drop);
    for (failure, expected) in [
        (kind(open("none", Access::Read)), ErrorKind::NotFound),
        (kind(open("none/a", Access::Create)), ErrorKind::NotFound),
        (kind(open("a/b", Access::Read)), ErrorKind::NotADirectory),
        (kind(open("a", Access::CreateNew)), ErrorKind::AlreadyExists),
        (kind(open("d", Access::Write)), ErrorKind::IsADirectory),
        (kind(disk.create_dir(path("a"))), ErrorKind::AlreadyExists),
        (kind(disk.remove(path("d"))), ErrorKind::IsADirectory),
        (kind(disk.rename(path("a"), path("d"))), ErrorKind::IsADirectory),
        (kind(disk.rename(path("a"), path("d/a"))), ErrorKind::Unsupported),
        (kind(disk.rename(path("none"), path("a"))), ErrorKind::NotFound),
        (kind(disk.exchange(path("a"), path("none"))), ErrorKind::NotFound),
        (kind(disk.names_in(path("a")).map(drop)), ErrorKind::NotADirectory),
    ] {
        assert_eq!(failure, expected);
    }
    let read_only = disk.open(path("a"), Access::Read).unwrap();
    assert_eq!(kind(read_only.write_all_at(b"x", 0)), ErrorKind::PermissionDenied);
    assert_eq!(names(&disk), ["a", "d"]);
}

/// A step that nobody is asked about is one at which no power cut is ever tried.
#[test]
fn every_method_is_one_step_that_is_shown_first() {
    let disk = disk();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut file = disk.open(path("a"), Access::CreateNew).unwrap();
    let shown = Arc::clone(&seen);
    disk.watch(move |_, operation| {
        shown.lock().unwrap().push(operation.kind);
        None
    });
    let mut buffer = [0; 4];
    file.length().unwrap();
    file.write_all_at(b"12", 0).unwrap();
    file.write_all(b"12").unwrap();
    file.rewind().unwrap();
    file.read_exact(&mut buffer[..2]).unwrap();
    file.allocate(0, 10).unwrap();
    file.set_length(3).unwrap();
    file.sync_all().unwrap();
    file.sync_data().unwrap();
    file.forget_cached();
    file.try_lock().unwrap();
    disk.open(path("b"), Access::Create).unwrap();
    disk.open(path("b"), Access::Write).unwrap();
    disk.exchange(path("a"), path("b")).unwrap();
    disk.rename(path("a"), path("b")).unwrap();
    disk.remove(path("b")).unwrap();
    disk.create_dir(path("d")).unwrap();
    disk.sync_dir(path("d")).unwrap();
    disk.names_in(path("d")).unwrap();
    disk.look_at(path("d")).unwrap();
    disk.free_bytes(path("d")).unwrap();
    let expected = [
        Kind::Length,
        Kind::Write(2),
        Kind::Write(2),
        Kind::Read,
        Kind::Allocate,
        Kind::SetLength,
        Kind::Sync,
        Kind::Sync,
        Kind::ForgetCached,
        Kind::Lock,
        Kind::Open(Access::Create),
        Kind::Open(Access::Write),
        Kind::Exchange,
        Kind::Rename,
        Kind::Remove,
        Kind::CreateDir,
        Kind::SyncDir,
        Kind::Names,
        Kind::LookAt,
        Kind::FreeBytes,
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(disk.operations(), expected.len() as u64 + 1);
}

#[test]
fn the_same_steps_and_seeds_leave_the_same_disk() {
    let run = |seed| {
        let disk = SimulatedDisk::new(CAPACITY, seed);
        let file = lasting(&disk, "a", &[0; 64 * SECTOR_BYTES]);
        disk.watch(|_, operation| {
            (operation.kind == Kind::Sync).then_some(Fault::Fail(ErrorKind::Other))
        });
        file.write_all_at(&[1; 64 * SECTOR_BYTES], 0).unwrap();
        let _ = file.sync_all();
        file.write_all_at(&[2; 64 * SECTOR_BYTES], 0).unwrap();
        disk.after(PowerCut::by_chance(Order::Any, seed)).content(path("a")).unwrap()
    };
    assert_eq!(run(3), run(3));
    let different: BTreeSet<_> = (0..9).map(run).collect();
    assert!(different.len() > 3);
}
