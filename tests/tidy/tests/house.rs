//! The house rules, applied to this repository: one test a rule.

use std::sync::LazyLock;

use tidy::breach::expect_none;
use tidy::exceptions::{OUTSIDERS, SLEEPING_TESTS};
use tidy::manifest::Member;
use tidy::{
    Repository, Source, core_purity, disk_seam, house_map, imports, log_lines, manifest,
    metric_names, shape, wire_types,
};

static REPOSITORY: LazyLock<Repository> =
    LazyLock::new(|| Repository::load().expect("the repository can be read"));
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| Source::all(&REPOSITORY.files));
static MEMBERS: LazyLock<Vec<Member>> =
    LazyLock::new(|| Member::all(&REPOSITORY).expect("every manifest can be read"));

#[test]
fn crates_import_only_what_the_arrows_allow() {
    expect_none(&imports::against_the_arrows(&MEMBERS, imports::ARROWS));
}

#[test]
fn every_arrow_has_a_crate() {
    let known = |name| MEMBERS.iter().any(|member| member.name == name);
    let stale: Vec<_> = imports::ARROWS.iter().filter(|(name, _)| !known(*name)).collect();
    assert!(stale.is_empty(), "take these out of tests/tidy/src/imports.rs: {stale:?}");
}

#[test]
fn the_core_imports_nothing_of_the_world() {
    expect_none(&imports::impure_core(&MEMBERS));
}

#[test]
fn the_core_names_nothing_of_the_world() {
    expect_none(&core_purity::check(&SOURCES));
}

#[test]
fn persistence_reaches_the_machine_through_its_seam() {
    expect_none(&disk_seam::check(&SOURCES));
}

#[test]
fn no_program_that_serves_has_a_simulated_machine() {
    expect_none(&disk_seam::in_programs(&MEMBERS));
}

#[test]
fn protobuf_types_end_in_the_grpc_module() {
    expect_none(&wire_types::check(&SOURCES));
}

#[test]
fn versions_and_lints_stand_in_the_root() {
    expect_none(&manifest::own_ways(&MEMBERS));
}

#[test]
fn packages_outside_of_the_workspace_have_a_reason_and_are_like_its_members() {
    let found = manifest::outside(&REPOSITORY, &MEMBERS, OUTSIDERS);
    expect_none(&found.expect("every manifest can be read"));
}

#[test]
fn a_bare_machine_can_build_it() {
    let lock = REPOSITORY.file("Cargo.lock").expect("the lock file is part of the repository");
    expect_none(&manifest::heavy_packages(lock));
}

#[test]
fn files_can_be_read_in_a_sitting() {
    expect_none(&shape::long_files(&REPOSITORY.files));
}

#[test]
fn lines_can_be_read_side_by_side() {
    expect_none(&shape::wide_lines(&SOURCES));
}

#[test]
fn modules_are_introduced() {
    expect_none(&shape::missing_introductions(&SOURCES));
}

#[test]
fn nothing_is_put_off() {
    expect_none(&shape::markers(&REPOSITORY.files, &SOURCES));
    expect_none(&shape::leftovers(&SOURCES));
}

#[test]
fn every_test_is_run() {
    expect_none(&shape::ignored_tests(&SOURCES));
}

#[test]
fn no_test_sleeps() {
    expect_none(&shape::sleeping_tests(&SOURCES, SLEEPING_TESTS));
}

#[test]
fn errors_are_handled() {
    expect_none(&shape::unwraps(&SOURCES));
}

#[test]
fn every_warning_can_be_looked_up() {
    expect_none(&log_lines::check(&REPOSITORY, &SOURCES));
}

#[test]
fn every_metric_can_be_looked_up() {
    expect_none(&metric_names::check(&REPOSITORY, &SOURCES));
}

#[test]
fn the_map_is_the_house() {
    expect_none(&house_map::check(&REPOSITORY, &MEMBERS));
}
