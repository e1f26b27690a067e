//! Every step fails once, and then the power goes, or the process ends and memory may lie about
//! what the disk has.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use super::*;
use crate::dir::journal_path;
use crate::disk::Disk as _;
use crate::disk::simulated::Fault;

/// How a step may fail.
fn faults(operation: &Operation) -> Vec<Fault> {
    let fail = |kind| Fault::Fail(kind);
    let (broken, full) = (io::ErrorKind::Other, io::ErrorKind::StorageFull);
    match operation.kind {
        // Many writes into one file that has no name yet: all alike.
        Kind::Write(_) if is_in_snapshot(operation) => Vec::new(),
        Kind::Write(bytes) => {
            let short = |bytes| Fault::Short { bytes, kind: full };
            vec![fail(broken), short(0), short(bytes / 2)]
        }
        Kind::Allocate => vec![fail(broken), fail(full)],
        _ => vec![fail(broken)],
    }
}

/// All steps of a life in which nothing fails.
fn all_steps() -> Vec<Operation> {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let disk = SimulatedDisk::new(CAPACITY_BYTES, 1);
    let seen = Arc::clone(&steps);
    disk.watch(move |_, operation| {
        seen.lock().unwrap().push(operation.clone());
        None
    });
    live(&disk, &Record::default()).unwrap();
    disk.unwatch();
    std::mem::take(&mut *steps.lock().unwrap())
}

/// A life in which one step fails. Gives the disk behind it, what is known, and how it ended.
fn live_with(step: &Operation, fault: Fault) -> (SimulatedDisk, Told, String) {
    let (disk, record) = (SimulatedDisk::new(CAPACITY_BYTES, step.number), Record::default());
    let at = step.number;
    disk.watch(move |_, operation| (operation.number == at).then_some(fault));
    let ended = live(&disk, &record);
    disk.unwatch();
    (disk, record.told(), format!("{step:?}, {fault:?}, {ended:?}"))
}

/// So a seed that failed once fails again.
#[test]
fn the_same_life_takes_the_same_steps() {
    let steps = all_steps();
    assert_eq!(all_steps(), steps);
    let kinds: HashSet<_> = steps.iter().map(|step| std::mem::discriminant(&step.kind)).collect();
    assert!(kinds.len() >= 15, "{} kinds of steps are tried", kinds.len());
}

#[test]
fn every_step_may_fail_once() {
    let wrong = Wrong::default();
    for step in all_steps() {
        for fault in faults(&step) {
            let (disk, told, place) = live_with(&step, fault);
            for cut in [PowerCut::HARSH, PowerCut::by_chance(Order::AsDone, step.number)] {
                let result = check_start(&disk.after(cut), &told);
                wrong.note(result, || format!("{place}, {cut:?}"));
            }
            let result = check_goes_on(&disk, &told);
            wrong.note(result, || format!("{place}, end of the process"));
        }
    }
    wrong.expect_nothing();
}

/// The start behind takes the reserve, or goes on in the segment that is there.
#[test]
fn a_disk_may_be_full_behind_a_failed_sync() {
    let wrong = Wrong::default();
    let syncs = |step: &Operation| matches!(step.kind, Kind::Sync | Kind::SyncDir);
    for step in all_steps().into_iter().filter(syncs) {
        for has_reserve in [true, false] {
            let (disk, told, place) = live_with(&step, Fault::Fail(io::ErrorKind::Other));
            if told.acknowledged == 0 {
                continue;
            }
            if !has_reserve {
                take_what_is_ready(&disk);
            }
            disk.fill();
            let result = check_goes_on(&disk, &told);
            wrong.note(result, || format!("{place}, then a full disk, reserve {has_reserve}"));
        }
    }
    wrong.expect_nothing();
}

/// Whatever a start could make a segment of is gone.
fn take_what_is_ready(disk: &SimulatedDisk) {
    let journal = journal_path(Path::new(DATA_DIR));
    for name in disk.names_in(&journal).unwrap() {
        if name == "reserve" || name.ends_with(".tmp") {
            disk.remove(&journal.join(name)).unwrap();
        }
    }
}
