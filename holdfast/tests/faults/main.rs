//! The bounded form of each experiment that harms a real process, one behind the other: what the
//! machine has time for decides nothing here but how long it takes. The simulated ones are tests of
//! `inventory-sim`; `cargo xtask faults` has all of them in full.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use faults::experiments::{Setting, Size, named};
use tokio::sync::Mutex;

/// Held by the experiment that runs: each wants the machine for itself.
static MACHINE: Mutex<()> = Mutex::const_new(());

async fn check(name: &str) {
    let _machine = MACHINE.lock().await;
    let is_long = std::env::var_os("HOLDFAST_TEST_LONG").is_some();
    let setting = Setting {
        program: PathBuf::from(env!("CARGO_BIN_EXE_holdfast")),
        simulator: None,
        seed: rand_seed(),
        size: if is_long { Size::Full } else { Size::Bounded },
        judges_time: false,
    };
    let outcome = (named(name).unwrap().run)(&setting).await.unwrap();
    let seed = setting.seed;
    let (violations, kept) = (outcome.violations.join("\n"), outcome.kept.unwrap_or_default());
    assert!(violations.is_empty(), "seed {seed}: {violations}\n{kept}");
    assert!(outcome.runs > 0, "seed {seed}: nothing was done");
}

/// Another one each time; a failure names it.
fn rand_seed() -> u64 {
    uuid::Uuid::now_v7().as_u128() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_nothing_is_lost_or_sold_twice() {
    check("sigkill").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_network_does_each_request_once() {
    check("network").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wall_clocks_that_jump_end_no_hold_early() {
    check("clocks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_the_load_is_served_or_refused_within_bounds() {
    check("overload").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sold_out_event_is_there_again_behind_a_kill() {
    check("restart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_postgres_sales_go_on_and_come_there_once() {
    check("postgres").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_at_a_fixed_pace_are_all_confirmed_with_postgres_behind() {
    check("projection-cost").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_superseded_stops_and_lists_what_does_not_count() {
    check("takeover").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_under_a_sale_loses_nothing() {
    check("full-disk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_go_on_and_limits_hold_whatever_becomes_of_redis() {
    check("redis").await;
}
