//! The power goes at every step of a whole life of a data directory, and of the starts behind it;
//! and every step fails once. Whatever happens, the next start finds what was acknowledged,
//! nothing that was never written, and goes on.

mod restart;
mod script;

use std::io;
use std::sync::{Arc, Mutex};

use self::restart::{check_goes_on, check_start, listing, restart};
use self::script::{DATA_DIR, Record, Told, live, machine};
use crate::disk::simulated::{BLOCK_BYTES, Fault, Kind, Operation, Order, PowerCut, SimulatedDisk};

const CAPACITY_BYTES: u64 = 4 << 20;

/// The power cuts that are tried in front of a step.
fn cuts(operation: &Operation) -> Vec<PowerCut> {
    let seed = operation.number << 8;
    // Many writes into one file that has no name yet: all alike.
    if is_in_snapshot(operation) {
        return vec![PowerCut::by_chance(Order::Any, seed)];
    }
    let by_chance = (0..3)
        .flat_map(|more| [Order::AsDone, Order::Any].map(|o| PowerCut::by_chance(o, seed | more)));
    [PowerCut::HARSH, PowerCut::MILD].into_iter().chain(by_chance).collect()
}

fn is_in_snapshot(operation: &Operation) -> bool {
    let is_write = matches!(operation.kind, Kind::Write(_));
    is_write && operation.path.starts_with(format!("{DATA_DIR}/snapshots"))
}

/// What went wrong, told at the end with how often it did.
#[derive(Clone, Default)]
struct Wrong(Arc<Mutex<Vec<String>>>);

impl Wrong {
    fn note<T>(&self, result: Result<T, String>, place: impl Fn() -> String) {
        if let Err(what) = result {
            self.0.lock().unwrap().push(format!("{}: {what}", place()));
        }
    }

    #[track_caller]
    fn expect_nothing(&self) {
        let wrong = self.0.lock().unwrap();
        let first: Vec<&str> = wrong.iter().take(5).map(|what| &**what).collect();
        assert!(wrong.is_empty(), "{} times, such as\n{}", wrong.len(), first.join("\n"));
    }
}

/// Lives on a disk, and looks at what is there in front of every step that may change something.
fn live_and_look(look: impl Fn(&SimulatedDisk, &Operation, &Told) + Send + 'static) -> u64 {
    let disk = SimulatedDisk::new(CAPACITY_BYTES, 1);
    let record = Record::default();
    let (known, points) = (record.clone(), Arc::new(Mutex::new(0)));
    let counted = Arc::clone(&points);
    disk.watch(move |disk, operation| {
        if operation.kind.changes() {
            *counted.lock().unwrap() += 1;
            look(disk, operation, &known.told());
        }
        None
    });
    live(&disk, &record).unwrap();
    let told = record.told();
    assert!(told.compressed > 1 && told.removed > 2, "{} and {}", told.compressed, told.removed);
    let points = *points.lock().unwrap();
    points
}

#[test]
fn the_power_may_go_at_any_step() {
    let wrong = Wrong::default();
    let noted = wrong.clone();
    let points = live_and_look(move |disk, operation, told| {
        for cut in cuts(operation) {
            let result = check_goes_on(&disk.after(cut), told);
            noted.note(result, || format!("{operation:?}, {cut:?}{}", listing(&disk.after(cut))));
        }
    });
    wrong.expect_nothing();
    assert!(points > 1_000, "{points} points");
}

#[test]
fn the_power_may_go_again_at_any_step_of_the_start_behind() {
    let wrong = Wrong::default();
    let noted = wrong.clone();
    live_and_look(move |disk, operation, told| {
        if is_in_snapshot(operation) {
            return;
        }
        let first = PowerCut::by_chance(Order::AsDone, operation.number);
        let disk = disk.after(first);
        let (told, noted, place) =
            (told.clone(), noted.clone(), format!("{operation:?}, {first:?}"));
        disk.watch(move |disk, operation| {
            if operation.kind.changes() {
                let order =
                    if operation.number.is_multiple_of(2) { Order::AsDone } else { Order::Any };
                let second = PowerCut::by_chance(order, operation.number);
                let result = check_start(&disk.after(second), &told);
                noted.note(result, || {
                    format!(
                        "{place}, then {operation:?}, {second:?}{}",
                        listing(&disk.after(second))
                    )
                });
            }
            None
        });
        // The first test tells if this one fails by itself.
        let _ = restart(&machine(&disk).0);
        disk.unwatch();
    });
    wrong.expect_nothing();
}

/// How every step may fail.
fn faults(operation: &Operation) -> Vec<Fault> {
    let mut faults = vec![Fault::Fail(io::ErrorKind::Other)];
    match operation.kind {
        Kind::Write(_) if is_in_snapshot(operation) => faults.clear(),
        Kind::Write(bytes) => {
            faults.extend(
                [0, bytes / 2]
                    .map(|bytes| Fault::Short { bytes, kind: io::ErrorKind::StorageFull }),
            );
        }
        Kind::Allocate => faults.push(Fault::Fail(io::ErrorKind::StorageFull)),
        _ => {}
    }
    faults
}

#[test]
fn every_step_may_fail_once() {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let disk = SimulatedDisk::new(CAPACITY_BYTES, 1);
    let seen = Arc::clone(&steps);
    disk.watch(move |_, operation| {
        seen.lock().unwrap().push(operation.clone());
        None
    });
    live(&disk, &Record::default()).unwrap();
    let wrong = Wrong::default();
    for step in std::mem::take(&mut *steps.lock().unwrap()) {
        for fault in faults(&step) {
            let (disk, record) =
                (SimulatedDisk::new(CAPACITY_BYTES, step.number), Record::default());
            let (at, told) = (step.number, record.clone());
            disk.watch(move |_, operation| (operation.number == at).then_some(fault));
            let ended = live(&disk, &record);
            disk.unwatch();
            let place = |how: &str| format!("{step:?}, {fault:?}, {ended:?}, {how}");
            let told = told.told();
            // The power goes then, or only the process ends and memory may lie.
            let order = PowerCut::by_chance(Order::AsDone, step.number);
            for cut in [PowerCut::HARSH, order] {
                let result = check_goes_on(&disk.after(cut), &told);
                wrong.note(result, || place("power cut"));
            }
            wrong.note(check_goes_on(&disk, &told), || place("end of the process"));
        }
    }
    wrong.expect_nothing();
}

#[test]
fn the_power_may_go_on_a_disk_that_is_full() {
    let wrong = Wrong::default();
    // From one that has no space for a directory to one that has enough for nearly all.
    for blocks in 4..60 {
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
        disk.fill();
        // A second start finds what the first has left, and no more space than that.
        let mut told = told.clone();
        for times in 1..=3 {
            let result = check_goes_on(&disk, &told).map(|then| told = then);
            let place = format!("start {times}, {operation:?}, {first:?}");
            noted.note(result, || format!("{place}{}", listing(&disk)));
            disk.fill();
        }
    });
    wrong.expect_nothing();
}
