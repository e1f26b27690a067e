//! Random commands against the state machine and against the model at once. After each one: the
//! same answer, refusals with all that they say and facts bit for bit; the same state of
//! everything; nothing that contradicts itself; the same hold that ends next; and a replica that
//! only ever sees the facts is in the same state. At the end the same of a replay from nothing and
//! of the state's own image.

mod both;
mod create;
mod op;
mod settle;
mod venue;

use std::cell::RefCell;
use std::collections::BTreeSet;

use inventory_core::rejection::RejectionCode;
use inventory_core::state::Memory;
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestRunner};

use both::Both;

#[test]
fn the_state_machine_does_what_the_model_does() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 1_500,
        source_file: Some(file!()),
        // What once failed is kept beside this file and tried first.
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    });
    let codes = RefCell::new(BTreeSet::new());
    let walk = (memory(), create::first(), prop::collection::vec(op::op(), 1..120));
    let outcome = runner.run(&walk, |(memory, first, ops)| {
        let mut both = Both::new(memory, &first);
        for (number, op) in ops.iter().enumerate() {
            both.step(op);
            both.compare();
            if number % 8 == 7 {
                both.restore();
            }
        }
        both.replay();
        codes.borrow_mut().extend(both.codes);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(codes.take(), BTreeSet::from(RejectionCode::ALL), "a walk that is too tame");
}

/// Mostly one that forgets nothing within a walk.
fn memory() -> impl Strategy<Value = Memory> {
    let Memory { requests_max, request_millis, ended_holds_max } = Memory::default();
    (
        prop_oneof![4 => Just(requests_max), 1 => 0_usize..12],
        prop_oneof![4 => Just(request_millis), 1 => op::millis(0, 60_000)],
        prop_oneof![4 => Just(ended_holds_max), 1 => 0_usize..3],
    )
        .prop_map(|(requests_max, request_millis, ended_holds_max)| Memory {
            requests_max,
            request_millis,
            ended_holds_max,
        })
}
