//! Persistence reaches the machine through one seam: files through the disk, time through the
//! clock, threads through the errands, ids through the machine. What goes around it is done on a
//! real machine while a simulation believes that it was done on its own, and no fault is ever
//! tried there. And the disk of a simulation is in no program that people run.

use crate::breach::Breach;
use crate::lexer::find_words;
use crate::manifest::Member;
use crate::source::Source;

const PERSISTENCE: &str = "persistence/src/";
const RULE: &str = "Nothing in persistence touches a file, a clock, a thread or chance but \
                    through its machine.";

/// A name, the one file that may say it, and what everybody else does instead.
const HOMES: [(&str, &str, &str); 13] = [
    ("std::fs", REAL_DISK, DISK_REMEDY),
    ("rustix::fs", REAL_DISK, DISK_REMEDY),
    ("rustix::time", CLOCK, CLOCK_REMEDY),
    ("std::os", REAL_DISK, DISK_REMEDY),
    ("exists()", "", PATH_REMEDY),
    ("is_dir()", REAL_DISK, PATH_REMEDY),
    ("is_file()", "", PATH_REMEDY),
    ("canonicalize()", "", PATH_REMEDY),
    ("SystemTime", CLOCK, CLOCK_REMEDY),
    ("Instant", "", CLOCK_REMEDY),
    ("std::thread", "persistence/src/machine/errands.rs", "order it of `machine::Errands`"),
    ("std::process", "persistence/src/machine/mod.rs", CHANCE_REMEDY),
    ("uuid", "persistence/src/machine/mod.rs", CHANCE_REMEDY),
];
const REAL_DISK: &str = "persistence/src/disk/real.rs";
const CLOCK: &str = "persistence/src/machine/clock.rs";
const DISK_REMEDY: &str = "ask `machine.disk()`; what it cannot do yet becomes a method of it";
const PATH_REMEDY: &str = "ask `machine.disk().look_at(path)`";
const CLOCK_REMEDY: &str = "ask `machine.wall_clock()` or `machine.since_boot()`";
const CHANCE_REMEDY: &str = "ask the machine, which a simulation can answer for";

/// Crates that may have a simulated machine outside of their tests: the simulator, and what fuzz
/// targets and tests share. Nobody serves anything with either.
const SIMULATING: [&str; 2] = ["inventory-sim", "properties"];
const FEATURE: &str = "simulation";

/// Crates whose programs would have the simulated machine in them.
pub fn in_programs(members: &[Member]) -> Vec<Breach> {
    let others = members.iter().filter(|member| !SIMULATING.contains(&&*member.name));
    let asks = |member: &&Member| {
        let dependencies = member.dependencies().into_iter();
        let mut in_programs = dependencies.filter(|asked| asked.table != "dev-dependencies");
        in_programs.any(|asked| asked.package == "persistence" && asked.asks_for(FEATURE))
    };
    let breach = |member: &Member| Breach {
        path: member.path.clone(),
        line: None,
        rule: "No program that serves has a simulated machine in it.",
        found: format!("{} asks for persistence with {FEATURE:?}", member.name),
        remedy: "ask for the feature in [dev-dependencies]",
    };
    others.filter(asks).map(breach).collect()
}

/// Where persistence goes around its machine.
pub fn check(sources: &[Source]) -> Vec<Breach> {
    let ours = sources.iter().filter(|source| source.path.starts_with(PERSISTENCE));
    ours.flat_map(around).collect()
}

fn around(source: &Source) -> Vec<Breach> {
    let used = source.used_paths();
    let mut found = Vec::new();
    for (name, home, remedy) in HOMES.into_iter().filter(|(_, home, _)| *home != source.path) {
        let written = find_words(&source.code, name);
        let brought_in = used.iter().filter(|(_, path)| {
            path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        });
        let places = written.chain(brought_in.map(|(at, _)| *at));
        let lines = places.filter(|at| !source.is_test_at(*at)).map(|at| source.line_at(at));
        found.extend(lines.map(|line| (line, name, home, remedy)));
    }
    found.sort_unstable();
    found.dedup();
    let breach = |(line, name, home, remedy): (usize, &str, &str, _)| Breach {
        path: source.path.clone(),
        line: Some(line),
        rule: RULE,
        found: match home {
            "" => format!("{name} outside of tests"),
            home => format!("{name} outside of {home}"),
        },
        remedy,
    };
    found.into_iter().map(breach).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&[Source::new(path, text)]).into_iter().map(|breach| breach.found).collect()
    }

    #[test]
    fn a_way_around_the_machine_is_found_however_it_is_named() {
        let path = "persistence/src/file/active.rs";
        for (text, name) in [
            ("use std::fs::File;", "std::fs"),
            ("use std::{\n    io,\n    fs,\n};", "std::fs"),
            ("std::fs::remove_file(path)", "std::fs"),
            ("use rustix::fs::fallocate;", "rustix::fs"),
            ("use std::os::unix::fs::FileExt;", "std::os"),
            ("if path.exists() {}", "exists()"),
            ("path.is_dir()", "is_dir()"),
            ("let at = Instant::now();", "Instant"),
            ("std::thread::spawn(f)", "std::thread"),
            ("format!(\"{}\", std::process::id())", "std::process"),
            ("uuid::Uuid::now_v7()", "uuid"),
        ] {
            let found = found(path, text);
            assert!(found.len() == 1 && found[0].starts_with(name), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_program_with_a_simulated_machine_is_found() {
        let found = |name: &str, table: &str| {
            let asked = "persistence = { workspace = true, features = [\"simulation\"] }";
            let text = format!("[package]\nname = \"{name}\"\n[{table}]\n{asked}");
            in_programs(&[Member::parse("x/Cargo.toml", &text).unwrap()]).len()
        };
        assert_eq!(found("holdfast", "dependencies"), 1);
        assert_eq!(found("holdfast", "dev-dependencies"), 0);
        assert_eq!(SIMULATING.map(|name| found(name, "dependencies")), [0, 0]);
    }

    #[test]
    fn the_homes_tests_and_other_crates_are_free() {
        for (path, text) in [
            ("persistence/src/disk/real.rs", "use std::fs; use rustix::fs::fadvise;"),
            (
                "persistence/src/machine/clock.rs",
                "use std::time::SystemTime; use rustix::time::ClockId;",
            ),
            ("persistence/src/file/tests/mod.rs", "use std::fs;"),
            ("persistence/src/dir.rs", "#[cfg(test)]\nmod tests { use std::fs; }"),
            ("persistence/src/dir.rs", "//! Not std::fs.\nuse crate::disk::File; use std::io;"),
            ("inventory-engine/src/clock.rs", "use std::time::SystemTime;"),
        ] {
            assert_eq!(found(path, text), Vec::<String>::new(), "{path}: {text}");
        }
        let elsewhere = found("persistence/src/machine/clock.rs", "use std::fs;");
        assert_eq!(elsewhere, ["std::fs outside of persistence/src/disk/real.rs"]);
    }
}
