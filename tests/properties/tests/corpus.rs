//! Every input that was kept, and every one that once failed, through the property of its target:
//! what fuzzing has reached is reached by each run of the tests, without a nightly toolchain.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use properties::{TARGETS, Target};

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The files of a folder, in the order of their names; none if it is not there.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    files
}

/// Whether a target's property holds for an input. Where it does not, the panic has said why.
fn holds(target: Target, input: &[u8]) -> bool {
    catch_unwind(|| (target.check)(input)).is_ok()
}

fn check(target: Target) {
    let kept = files_in(&fuzz_folder().join("corpus").join(target.name));
    assert!(!kept.is_empty(), "{} has inputs that are kept", target.name);
    let once_failed = files_in(&fuzz_folder().join("artifacts").join(target.name));
    for path in kept.iter().chain(&once_failed) {
        let input = fs::read(path).unwrap();
        assert!(holds(target, &input), "{} fails {}", path.display(), target.name);
    }
    for (number, seed) in (target.seeds)().iter().enumerate() {
        assert!(holds(target, seed), "seed {number} fails {}", target.name);
    }
}

#[test]
fn chart_files() {
    check(properties::CHARTS);
}

#[test]
fn payloads_of_batches() {
    check(properties::FACTS);
}

#[test]
fn images_of_shards() {
    check(properties::IMAGES);
}

#[test]
fn segments_of_a_journal() {
    check(properties::SEGMENTS);
}

#[test]
fn messages_to_the_services() {
    check(properties::GRPC);
}

#[test]
fn requests_to_the_edge() {
    check(properties::REST);
}

#[test]
fn every_target_is_fuzzed_and_every_folder_is_of_a_target() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let stems = |folder: &str| -> BTreeSet<String> {
        let files = files_in(&fuzz_folder().join(folder));
        files.iter().map(|path| path.file_stem().unwrap().display().to_string()).collect()
    };
    assert_eq!(stems("fuzz_targets"), names);
    assert_eq!(stems("corpus"), names);
    assert!(stems("artifacts").is_subset(&names));
}
