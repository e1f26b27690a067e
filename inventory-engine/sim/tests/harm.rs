//! One run with harm at each of its operations on files, and a journal with each of its bytes
//! altered: as many of both as a test command has time for, and all of them in the long form.

use inventory_sim::{Harm, Sweep, flips};

const COMMANDS: usize = 200;
const JOURNAL_BYTES: usize = 64 << 10;

fn is_long() -> bool {
    std::env::var_os("HOLDFAST_TEST_LONG").is_some()
}

#[test]
fn harm_at_any_operation_of_a_run_breaks_no_promise() {
    let sweep = Sweep::of(3, COMMANDS).unwrap();
    assert!(sweep.operations() > 500, "{} operations", sweep.operations());
    let stride = if is_long() { 1 } else { 41 };
    for harm in Harm::ALL {
        let mut runs = 0;
        for number in (1..=sweep.operations()).step_by(stride) {
            let Some(harmed) = sweep.run(number, harm) else { continue };
            harmed.unwrap_or_else(|violation| panic!("{violation}"));
            runs += 1;
        }
        assert!(runs > 0, "{} is never done", harm.name());
    }
}

#[test]
fn an_altered_byte_is_refused_or_cut_and_never_served() {
    let stride = if is_long() { 1 } else { 509 };
    let all = flips(3, JOURNAL_BYTES, (0, stride), 2).unwrap();
    assert_eq!(all.violations, Vec::<String>::new());
    assert_eq!(all.starts, all.bytes.div_ceil(stride));
    assert_eq!(all.refused + all.cut + all.whole, all.starts);
    assert!(all.refused > all.starts / 2 && all.whole > 0, "{all:?}");
    // The end of it, where a group may be cut.
    let end = flips(3, JOURNAL_BYTES, (JOURNAL_BYTES - (6 << 10), 7), 2).unwrap();
    assert_eq!(end.violations, Vec::<String>::new());
    assert!(end.cut > 0 && end.looked_at >= end.cut, "{end:?}");
}
