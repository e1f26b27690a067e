//! The same on a disk that is full, or that fills up while the power is gone.

use std::io::ErrorKind;

use super::script::OPTIONS;
use super::*;
use crate::disk::simulated::{BLOCK_BYTES, Fault, Kind};
use crate::journal::{Journal, Supply};

#[test]
fn the_power_may_go_on_a_disk_that_is_full() {
    let wrong = Wrong::default();
    // From one that has no space for a directory to one that has enough for nearly all.
    for blocks in (4..60).step_by(3) {
        let disk = SimulatedDisk::new(blocks * BLOCK_BYTES, blocks);
        let record = Record::default();
        let (known, noted) = (record.clone(), wrong.clone());
        disk.watch(move |disk, operation| {
            let told = known.told();
            if operation.kind.changes() && !is_in_snapshot(operation) && told.acknowledged > 0 {
                let cut = PowerCut::by_chance(Order::AsDone, operation.number);
                let result = check_goes_on(&disk.after(cut), &told);
                let list = || listing(&disk.after(cut));
                noted.note(result, || format!("{blocks} blocks, {operation:?}, {cut:?}{}", list()));
            }
            None
        });
        let ended = live(&disk, &record);
        disk.unwatch();
        let told = record.told();
        if told.acknowledged > 0 {
            let result = check_goes_on(&disk, &told);
            wrong.note(result, || format!("{blocks} blocks, {ended:?}, end of the process"));
        }
    }
    wrong.expect_nothing();
}

/// A start takes the reserve then, and the next ones what is left. The power goes in each of them.
#[test]
fn the_disk_may_fill_up_while_the_power_is_gone() {
    let wrong = Wrong::default();
    let noted = wrong.clone();
    live_and_look(move |disk, operation, told| {
        if is_in_snapshot(operation) || told.acknowledged == 0 {
            return;
        }
        let first = PowerCut::by_chance(Order::AsDone, operation.number);
        let disk = disk.after(first);
        let mut told = told.clone();
        for times in 1..=3 {
            disk.fill();
            let place = format!("{operation:?}, {first:?}, start {times}");
            look_at_start(&disk, &told, &noted, &place);
            let result = check_goes_on(&disk, &told).map(|then| told = then);
            noted.note(result, || format!("{place}{}", listing(&disk)));
        }
    });
    wrong.expect_nothing();
}

/// A start on a full disk, on which the power goes at every other step.
fn look_at_start(disk: &SimulatedDisk, told: &Told, wrong: &Wrong, place: &str) {
    let disk = disk.after(PowerCut::MILD);
    let (told, noted, place) = (told.clone(), wrong.clone(), place.to_owned());
    disk.watch(move |disk, operation| {
        if operation.kind.changes() && operation.number.is_multiple_of(2) {
            let second = PowerCut::by_chance(Order::AsDone, operation.number);
            let after = disk.after(second);
            after.fill();
            let result = check_start(&after, &told);
            noted.note(result, || format!("{place}, then {operation:?}, {second:?}"));
        }
        None
    });
    let _ = restart(&machine(&disk).0);
    disk.unwatch();
}

/// Without space for a mark no segment is taken into use, so nothing is promised of it.
#[test]
fn what_has_no_space_for_its_mark_is_not_room() {
    let disk = SimulatedDisk::new(1 << 20, 1);
    let (machine, _) = machine(&disk);
    disk.watch(|_, operation| {
        let is_of_mark = operation.path.to_string_lossy().contains("epoch.second");
        let is_write = matches!(operation.kind, Kind::Write(_));
        (is_of_mark && is_write).then_some(Fault::Fail(ErrorKind::StorageFull))
    });
    let mut journal = restart(&machine).unwrap().journal;
    let settle = || while machine.steps().is_some_and(|steps| steps.step()) {};
    settle();
    let short = journal.room();
    assert_eq!(short.supply, Supply::Short);
    assert!(short.bytes <= OPTIONS.segment_bytes, "only what is left of the first: {short:?}");
    disk.unwatch();
    // The spare is there, so the next look finds that there is space.
    settle();
    let room = journal.room();
    assert_eq!(room.supply, Supply::Sure);
    assert!(room.bytes > short.bytes, "{room:?}");
}
