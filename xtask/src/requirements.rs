//! What tests, benchmarks and fuzzing need of the machine besides the Rust toolchain, as tables.
//!
//! What is missing is installed where that is possible without asking (root, on a machine with
//! apt); elsewhere the command fails and names the line to run. Nothing is touched when nothing
//! is missing.

use std::env;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{bail, ensure};

use crate::step::Step;

/// A program that has to be on the path or at one, and the Debian package that brings it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Requirement {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

// Links every crate. A target folder that was built elsewhere can bring this program along
// without it.
const CC: Requirement = Requirement { program: "cc", package: "build-essential" };
const REDIS: Requirement = Requirement { program: "redis-server", package: "redis-server" };
const POSTGRES: Requirement = Requirement { program: "postgres", package: "postgresql" };
// Moves the wall clock of one process.
const FAKETIME: Requirement = Requirement { program: "faketime", package: "faketime" };
// Gives a process a core, and a file system of its own.
const TASKSET: Requirement = Requirement { program: "taskset", package: "util-linux" };
const UNSHARE: Requirement = Requirement { program: "unshare", package: "util-linux" };

/// Everything that `cargo xtask test` needs.
pub(crate) const OF_TESTS: &[Requirement] = &[CC, REDIS, POSTGRES, FAKETIME, TASKSET, UNSHARE];

/// Everything that `cargo xtask faults` needs.
pub(crate) const OF_FAULTS: &[Requirement] = &[CC, FAKETIME, TASKSET, UNSHARE];

/// Everything that `cargo xtask mutants` needs besides its tool.
pub(crate) const OF_MUTANTS: &[Requirement] =
    &[CC, Requirement { program: "timeout", package: "coreutils" }];

/// Everything that `cargo xtask bench` needs: the peers, and another house's client.
pub(crate) const OF_BENCHMARKS: &[Requirement] =
    &[CC, REDIS, POSTGRES, Requirement { program: "h2load", package: "nghttp2-client" }];

/// What `cargo xtask fuzz` needs beside rustup and its nightly toolchain: libFuzzer is compiled.
pub(crate) const OF_FUZZING: &[Requirement] =
    &[CC, Requirement { program: "c++", package: "build-essential" }];

/// Where Debian puts the servers of Postgres, a folder a version: no path leads there.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// What is to be done about the requirements.
#[derive(Debug, Eq, PartialEq)]
enum Plan {
    Nothing,
    Install(Vec<&'static str>),
    Refuse(String),
}

/// Installs what is missing of `requirements`, or fails with the command that would.
pub(crate) fn install_missing(requirements: &[Requirement]) -> anyhow::Result<()> {
    match plan(requirements, is_installed, is_root()) {
        Plan::Nothing => return Ok(()),
        Plan::Refuse(message) => bail!(message),
        Plan::Install(packages) => install(&packages)?,
    }
    match plan(requirements, is_installed, false) {
        Plan::Nothing => Ok(()),
        Plan::Install(_) => bail!("the packages were installed, yet a program is still missing"),
        Plan::Refuse(message) => bail!("after installing: {message}"),
    }
}

fn plan(requirements: &[Requirement], has: impl Fn(&str) -> bool, is_root: bool) -> Plan {
    let missing: Vec<_> = requirements.iter().filter(|wanted| !has(wanted.program)).collect();
    if missing.is_empty() {
        return Plan::Nothing;
    }
    let mut packages: Vec<_> = missing.iter().map(|wanted| wanted.package).collect();
    packages.sort_unstable();
    packages.dedup();
    if is_root && has("apt-get") {
        return Plan::Install(packages);
    }
    let programs: Vec<_> = missing.iter().map(|wanted| wanted.program).collect();
    Plan::Refuse(format!(
        "this needs {}; as root, run: apt-get install {}",
        programs.join(", "),
        packages.join(" ")
    ))
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    let install = ["install", "--yes", "--no-install-recommends"];
    let steps = [
        Step::program("apt-get", ["update"]),
        Step::program("apt-get", install.iter().chain(packages).copied())
            .with_variable("DEBIAN_FRONTEND", "noninteractive"),
    ];
    for step in steps {
        let status = step.run()?;
        ensure!(status.success(), "`{step}` failed ({status})");
    }
    Ok(())
}

/// Whether a program is on the path, or is a server of Postgres of any version.
fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten().flatten();
    let folders = env::split_paths(&path).chain(versions.map(|of| of.path().join("bin")));
    folders.into_iter().any(|folder| is_executable(&folder.join(program)))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Whether this process may install packages: its entry in /proc belongs to its effective user.
fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|data| data.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: &[Requirement] = &[
        Requirement { program: "cc", package: "build-essential" },
        Requirement { program: "c++", package: "build-essential" },
        Requirement { program: "redis-server", package: "redis-server" },
    ];

    fn planned(present: &[&str], is_root: bool) -> Plan {
        plan(THREE, |program| present.contains(&program), is_root)
    }

    #[test]
    fn nothing_is_done_when_all_is_there() {
        assert_eq!(planned(&["cc", "c++", "redis-server", "apt-get"], true), Plan::Nothing);
    }

    #[test]
    fn root_installs_each_missing_package_once() {
        assert_eq!(
            planned(&["apt-get"], true),
            Plan::Install(vec!["build-essential", "redis-server"])
        );
    }

    #[test]
    fn anyone_else_is_told_the_command() {
        let told = Plan::Refuse(
            "this needs cc, c++; as root, run: apt-get install build-essential".to_owned(),
        );
        assert_eq!(planned(&["apt-get", "redis-server"], false), told);
        assert_eq!(planned(&["redis-server"], true), told, "root without apt");
    }

    #[test]
    fn a_program_is_found_on_the_path_and_a_folder_is_none() {
        assert!(is_installed("sh"));
        assert!(!is_installed("no-such-program-here"));
        assert!(!is_executable(Path::new("/usr/bin")));
    }
}
