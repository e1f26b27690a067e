//! The power goes at every step of a whole life of a data directory, and of the starts behind it;
//! and every step fails once. Whatever happens, the next start finds what was acknowledged,
//! nothing that was never written, and goes on.

mod failures;
mod full_disk;
mod restart;
mod script;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use self::restart::{check_goes_on, check_start, listing, restart};
use self::script::{DATA_DIR, Record, Told, live, machine};
use crate::disk::simulated::{Kind, Operation, Order, PowerCut, SimulatedDisk};

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
    let (known, points) = (record.clone(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&points);
    disk.watch(move |disk, operation| {
        if operation.kind.changes() {
            counted.fetch_add(1, Ordering::Relaxed);
            look(disk, operation, &known.told());
        }
        None
    });
    live(&disk, &record).unwrap();
    let told = record.told();
    assert!(told.compressed > 1 && told.removed > 2, "{} and {}", told.compressed, told.removed);
    points.load(Ordering::Relaxed)
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
