//! Snapshots of a whole node: golden bytes, round trips, and every way of being damaged.

use std::cell::RefCell;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;

use inventory_core::digest::Digest;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::{ShardImage, ShardState};
use inventory_core::strategies;
use inventory_core::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::chain::{Chain, ShardEnd};
use crate::disk::Disk as _;
use crate::disk::simulated::{Fault, Kind, SimulatedDisk};
use crate::machine::SimulatedClock;
use crate::testing::full_image;

const NODE_ID: u128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;
/// The shard that has something.
const SHARD: ShardId = ShardId(200);

/// Bytes of the image of a shard that has nothing.
const EMPTY_IMAGE_BYTES: usize = 71;

fn images() -> impl Iterator<Item = ShardImage> {
    (0..SHARDS).map(ShardId).map(|shard| match shard {
        SHARD => full_image(),
        shard => ShardState::new(shard).image(),
    })
}

fn position() -> Position {
    position_at(42)
}

/// The same state in front of another batch.
fn position_at(number: u64) -> Position {
    let ends = images().map(|image| match image.shard {
        SHARD => ShardEnd { sequence: 4, lsn: image.last_lsn, digest: image.digest },
        _ => ShardEnd::default(),
    });
    Position(Chain::restored((number - 1, 0xccdd, Epoch(3)), ends.collect()).unwrap())
}

fn create(dir: &Path) -> SnapshotWriter {
    create_at(dir, 42)
}

fn create_at(dir: &Path, number: u64) -> SnapshotWriter {
    let (path, created_at) = (dir.join(file_name(number)), Timestamp(1_700_000_000_000));
    SnapshotWriter::create(&Machine::real(), path, position_at(number), NODE_ID, created_at)
        .unwrap()
}

/// A snapshot of [`images`] at [`position`].
fn snapshot(dir: &Path) -> Snapshots {
    snapshot_at(dir, 42)
}

fn snapshot_at(dir: &Path, number: u64) -> Snapshots {
    let mut writer = create_at(dir, number);
    images().for_each(|image| writer.add(&image).unwrap());
    let (found, bytes) = writer.finish().unwrap();
    assert_eq!(found, number);
    assert_eq!(fs::metadata(dir.join(file_name(number))).unwrap().len(), bytes);
    Snapshots::new(Machine::real(), dir.to_owned(), NODE_ID)
}

/// Everything in it, or why not.
fn read(snapshots: &Snapshots) -> Result<(Position, Vec<ShardImage>), Error> {
    let mut reader = snapshots.open(42)?;
    let mut images = Vec::new();
    while let Some(section) = reader.next_section()? {
        images.push(section.image()?);
    }
    assert_eq!(reader.bytes_read(), reader.bytes_in_all());
    Ok((reader.position().clone(), images))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_bytes() {
    let dir = tempfile::tempdir().unwrap();
    snapshot(dir.path());
    let bytes = fs::read(dir.path().join(file_name(42))).unwrap();
    let check = |place: Range<usize>, golden: &[&str]| {
        assert_eq!(hex(&bytes[place]), golden.concat());
    };
    check(
        0..HEADER_BYTES,
        &[
            "2cc4fba24dd9e7bd4027f8fe1288def5",
            "484f4c44534e4150",
            "01000000",
            "00010000",
            "100f0e0d0c0b0a090807060504030201",
            "0068e5cf8b010000",
            "0300000000000000",
            "2900000000000000",
            "ddcc0000000000000000000000000000",
            "bbaa0000000000000000000000000000",
            "000000000000000000000000000000000000000000000000",
        ],
    );
    let of_shard = HEADER_BYTES + 200 * SNAPSHOT_SHARD_BYTES;
    check(
        of_shard..of_shard + SNAPSHOT_SHARD_BYTES,
        &["0400000000000000", "0900000000000000", "bbaa0000000000000000000000000000"],
    );
    let section = WHOLE_HEADER_BYTES;
    check(
        section..section + SECTION_HEADER_BYTES + EMPTY_IMAGE_BYTES,
        &[
            "1fc2d1b71cc8eb9736cf441c5086855d",
            "0000000000000000",
            "4700000000000000",
            "02",
            &"00".repeat(EMPTY_IMAGE_BYTES - 1),
        ],
    );
    let trailer = bytes.len() - TRAILER_BYTES..bytes.len();
    check(trailer, &["484f4c4453454e44", "1089000000000000", "932317f7d869f15617ddd0b0a4d350b0"]);
}

#[test]
fn all_of_it_reads_back_and_parts_do() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = snapshot(dir.path());
    let (found, shards) = read(&snapshots).unwrap();
    assert_eq!((found, shards), (position(), images().collect()));
    assert_eq!(position().next_number(), 42);
    assert_eq!(position().next_sequence(SHARD), 5);
    for shards in [0..SHARDS, 0..7, 199..201, 250..SHARDS, 9..9] {
        let mut reader = snapshots.open(42).unwrap();
        let mut found = Vec::new();
        while let Some(section) = reader.next_section_of(&shards).unwrap() {
            found.push(section.image().unwrap());
        }
        let expected = images().filter(|image| shards.contains(&image.shard.0));
        assert_eq!(found, expected.collect::<Vec<_>>(), "{shards:?}");
    }
}

#[test]
fn no_flipped_byte_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = snapshot(dir.path());
    let path = dir.path().join(file_name(42));
    let content = fs::read(&path).unwrap();
    // Sections without anything are all alike.
    let full = WHOLE_HEADER_BYTES + 200 * (SECTION_HEADER_BYTES + EMPTY_IMAGE_BYTES);
    let is_near = |at: usize, place: usize| at.abs_diff(place) < 900;
    let places = (0..content.len()).filter(|&at| {
        is_near(at, 0) || is_near(at, full) || is_near(at, content.len()) || at % 41 == 0
    });
    for at in places {
        let mut flipped = content.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&path, flipped).unwrap();
        let found = read(&snapshots);
        assert!(found.is_err(), "byte {at}: {:?}", found.map(|found| found.0));
        assert!(snapshots.verify(42, &|| false).is_err(), "byte {at}");
    }
    for length in (0..content.len()).step_by(509).chain([content.len() - 1]) {
        fs::write(&path, &content[..length]).unwrap();
        assert!(matches!(read(&snapshots), Err(Error::Damaged { .. })), "cut to {length}");
        let verified = snapshots.verify(42, &|| false);
        assert!(matches!(verified, Err(Error::Damaged { .. })), "cut to {length}");
    }
    fs::write(&path, [&content[..], b"more"].concat()).unwrap();
    assert!(matches!(read(&snapshots), Err(Error::Damaged { .. })));
    assert!(matches!(snapshots.verify(42, &|| false), Err(Error::Damaged { .. })));
    fs::write(&path, content).unwrap();
    read(&snapshots).unwrap();
    assert!(snapshots.verify(42, &|| false).unwrap());
    assert!(!snapshots.verify(42, &|| true).unwrap(), "it was told to stop");
}

#[test]
fn what_belongs_elsewhere_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    snapshot(dir.path());
    // The second has the same seed for its checksums.
    for other in [5, NODE_ID.rotate_left(64)] {
        let other = Snapshots::new(Machine::real(), dir.path().to_owned(), other);
        assert!(matches!(read(&other), Err(Error::Foreign { node_id: NODE_ID, .. })));
    }
    fs::rename(dir.path().join(file_name(42)), dir.path().join(file_name(43))).unwrap();
    let snapshots = Snapshots::new(Machine::real(), dir.path().to_owned(), NODE_ID);
    assert!(matches!(snapshots.open(43), Err(Error::Damaged { .. })));
    assert!(matches!(snapshots.open(42), Err(Error::File(_))));
}

#[test]
fn only_the_state_that_the_journal_leads_to_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = images();
    let (first, second) = (all.next().unwrap(), all.next().unwrap());
    let wrong: [fn(&mut ShardImage); 3] = [
        |image| image.shard = ShardId(7),
        |image| image.last_lsn = Lsn(1),
        |image| image.digest = Digest(1),
    ];
    for spoil in wrong {
        let mut writer = create(dir.path());
        writer.add(&first).unwrap();
        let mut spoiled = second.clone();
        spoil(&mut spoiled);
        assert!(matches!(writer.add(&spoiled), Err(Error::OtherState(_))));
    }
    let mut writer = create(dir.path());
    writer.add(&first).unwrap();
    let unfinished = writer.finish();
    assert!(matches!(unfinished, Err(Error::OtherState(ShardId(1)))), "{unfinished:?}");
    assert!(
        names_in(&Machine::real(), dir.path()).unwrap().is_empty(),
        "what was not finished leaves nothing"
    );
}

/// Or segments might be thrown away for a snapshot that a power cut takes back.
#[test]
fn a_name_that_may_not_last_is_taken_away_again() {
    let disk = SimulatedDisk::new(1 << 24, 1);
    let machine = Machine::simulated(disk.clone(), SimulatedClock::new(Timestamp(1)), 1);
    let dir = Path::new("/snapshots");
    disk.create_dir(dir).unwrap();
    let path = dir.join(file_name(42));
    let mut writer =
        SnapshotWriter::create(&machine, path, position(), NODE_ID, Timestamp(1)).unwrap();
    images().for_each(|image| writer.add(&image).unwrap());
    disk.watch(|_, operation| {
        (operation.kind == Kind::SyncDir).then_some(Fault::Fail(ErrorKind::Other))
    });
    assert!(matches!(writer.finish(), Err(Error::File(_))));
    let snapshots = Snapshots::new(machine, dir.to_owned(), NODE_ID);
    assert_eq!(snapshots.newest_first().unwrap(), Vec::<u64>::new());
}

#[test]
fn the_newest_are_kept_and_what_cannot_be_used_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::new(Machine::real(), dir.path().to_owned(), NODE_ID);
    let left = RefCell::new(Vec::new());
    let check = |useless: &[u64], expected: &[u64]| {
        snapshots.keep_newest(useless).unwrap();
        left.replace(snapshots.newest_first().unwrap());
        assert_eq!(*left.borrow(), expected);
    };
    for number in [1, 5, 9, 12, 100] {
        fs::write(dir.path().join(file_name(number)), "").unwrap();
    }
    fs::write(dir.path().join("7.snapshot"), "of somebody else").unwrap();
    check(&[], &[100, 12]);
    for number in [5, 9] {
        fs::write(dir.path().join(file_name(number)), "").unwrap();
    }
    check(&[12, 77], &[100, 9]);
}

#[test]
fn each_is_read_back_once_until_it_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = snapshot(dir.path());
    snapshot_at(dir.path(), 50);
    snapshot_at(dir.path(), 60);
    let damage = |number| fs::write(dir.path().join(file_name(number)), "damaged").unwrap();
    let mut known = Known::new(snapshots, [60]);
    let asked = RefCell::new(0);
    let count = || {
        *asked.borrow_mut() += 1;
        false
    };
    assert_eq!(known.verified_boundary(&|| true).unwrap(), None, "it was told to stop");
    assert_eq!(known.verified_boundary(&count).unwrap(), Some(42));
    assert!(asked.take() > 0);
    damage(42);
    damage(60);
    assert_eq!(known.verified_boundary(&count).unwrap(), Some(42));
    assert_eq!(asked.take(), 0, "both were read back before");

    // One that is made in the place of a damaged one is neither useless nor verified.
    snapshot_at(dir.path(), 60);
    known.made(60).unwrap();
    assert_eq!(known.usable().unwrap(), [60, 50]);
    damage(60);
    assert_eq!(known.verified_boundary(&count).unwrap(), None);
    assert_eq!((known.usable().unwrap(), known.boundary().unwrap()), (vec![50], None));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_images_read_back(
        drawn in prop::collection::btree_map(0..SHARDS, strategies::image(), 0..4),
        (epoch, checksum, sequence) in any::<(u64, u128, u64)>(),
        number in 2..u64::MAX,
    ) {
        let image_of = |shard: u16| match drawn.get(&shard) {
            Some(image) => ShardImage { shard: ShardId(shard), ..image.clone() },
            None => ShardState::new(ShardId(shard)).image(),
        };
        let images: Vec<ShardImage> = (0..SHARDS).map(image_of).collect();
        let ends = images.iter().map(|image| match drawn.contains_key(&image.shard.0) {
            true => ShardEnd { sequence, lsn: image.last_lsn, digest: image.digest },
            false => ShardEnd::default(),
        });
        let chain = Chain::restored((number - 1, checksum, Epoch(epoch)), ends.collect());
        let position = Position(chain.unwrap());
        let dir = tempfile::tempdir().unwrap();
        let snapshots = Snapshots::new(Machine::real(), dir.path().to_owned(), NODE_ID);
        let mut writer = snapshots.create(&position).unwrap();
        images.iter().for_each(|image| writer.add(image).unwrap());
        prop_assert_eq!(writer.finish().unwrap().0, number);

        let mut reader = snapshots.open(number).unwrap();
        prop_assert_eq!(reader.position(), &position);
        for image in &images {
            let section = reader.next_section().unwrap();
            prop_assert_eq!(&section.unwrap().image().unwrap(), image);
        }
        prop_assert!(reader.next_section().unwrap().is_none());
        prop_assert!(snapshots.verify(number, &|| false).unwrap());
    }
}
