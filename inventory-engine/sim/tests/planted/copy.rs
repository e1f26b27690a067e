//! A copy of the workspace with all mistakes in it, below cargo's folder for tests, and the
//! simulator built of it.
//!
//! Must always hold: the product's own source is read and never written. What has not changed in
//! the copy is not written either, so that cargo builds only what has.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::mistakes::Mistake;
use crate::plant::plant;

/// Folders of the root that building and running leave there.
const LEFT_BY_RUNS: [&str; 2] = ["target", "holdfast-data"];
const MANIFEST: &str = "inventory-engine/sim/Cargo.toml";
/// A name of its own, so that no build of the product is ever overwritten.
const PROGRAM: &str = "inventory-sim-planted";

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The paths of all files of the workspace, from its root.
pub(crate) fn files(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder of the workspace is read") {
            let entry = entry.expect("a folder of the workspace is read");
            let name = entry.file_name().into_string().expect("names are texts");
            let is_left = folder.is_empty() && LEFT_BY_RUNS.contains(&&*name);
            if name.starts_with('.') || is_left {
                continue;
            }
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if entry.path().is_dir() {
                folders.push(path);
            } else {
                found.insert(path);
            }
        }
    }
    found
}

/// Makes the copy, and builds its simulator. Returns the program.
pub(crate) fn build(mistakes: &[Mistake]) -> PathBuf {
    let (root, temporary) = (root(), Path::new(env!("CARGO_TARGET_TMPDIR")));
    let copy = temporary.join("planted");
    let files = files(&root);
    fs::create_dir_all(&copy).expect("the copy has a folder");
    for gone in self::files(&copy).difference(&files) {
        fs::remove_file(copy.join(gone)).expect("what is gone leaves the copy");
    }
    for path in &files {
        let content = fs::read(root.join(path)).expect("a file of the workspace is read");
        put(&copy.join(path), &changed(path, content, mistakes)).expect("the copy is written");
    }
    let target = temporary.parent().expect("the folder for tests lies in that of all builds");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // As a test of the whole workspace: what the test command has built of other houses is used
    // again. Only what is ours is optimised, for it runs many thousand seeds.
    let built = Command::new(cargo)
        .args(["test", "--quiet", "--offline", "--no-run", "--workspace", "--test", "seeds"])
        .current_dir(&copy)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .output()
        .expect("cargo is there, for it has built this");
    let told = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "the copy with the mistakes cannot be built:\n{told}");
    target.join("debug").join(PROGRAM)
}

fn changed(path: &str, content: Vec<u8>, mistakes: &[Mistake]) -> Vec<u8> {
    let Ok(text) = str::from_utf8(&content) else { return content };
    if path == MANIFEST {
        let text = text.replacen("[package]", "[package]\nautobins = false", 1);
        return format!("{text}\n[[bin]]\nname = {PROGRAM:?}\npath = \"src/main.rs\"\n").into();
    }
    let planted = plant(path, text, mistakes).unwrap_or_else(|why| panic!("{why}"));
    planted.map_or(content, String::into_bytes)
}

fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, content)
}
