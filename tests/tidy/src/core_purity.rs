//! The core asks nothing of the world: no clock, no randomness, no files, network or threads, and
//! no hash map whose order differs from run to run.
//!
//! A map with a fixed hasher is allowed: its order cannot change between runs, and the core never
//! shows it. Tests of the core may hash as they like, but they too have no clock.

use crate::breach::Breach;
use crate::lexer::find_words;
use crate::source::Source;

const CORE: &str = "inventory-engine/core/";
const RULE: &str = "The core has no clock, no randomness, no I/O and no order that differs \
                    between runs.";
const WORLD_REMEDY: &str = "let the caller bring it in with the command";
const HASHER_REMEDY: &str = "name a hasher with a fixed seed, or use a BTreeMap";

/// Names of the world.
const WORLD: [&str; 11] = [
    "std::time",
    "SystemTime",
    "Instant",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "std::io",
    "rand",
    "getrandom",
];
/// Names that stand for a hasher with a seed of chance.
const CHANCE: [&str; 5] = [
    "RandomState",
    "HashMap::new",
    "HashMap::with_capacity",
    "HashSet::new",
    "HashSet::with_capacity",
];
/// Maps with the number of their type arguments when the hasher is among them.
const MAPS: [(&str, usize); 2] = [("HashMap", 3), ("HashSet", 2)];

/// What in the core asks the world.
pub fn check(sources: &[Source]) -> Vec<Breach> {
    let core = sources.iter().filter(|source| source.path.starts_with(CORE));
    core.flat_map(|source| {
        let mut breaches = world(source);
        breaches.extend(chance(source));
        breaches
    })
    .collect()
}

fn world(source: &Source) -> Vec<Breach> {
    let written = WORLD
        .iter()
        .flat_map(|name| find_words(&source.code, name).map(move |at| (at, (*name).to_owned())));
    let used = source.used_paths();
    let used = used.into_iter().filter(|(at, path)| {
        let is_world = WORLD.iter().any(|name| is_or_is_within(path, name));
        // What stands there in one piece was found already.
        let statement = source.code[*at..].split(';').next().unwrap_or_default();
        is_world && !WORLD.iter().any(|name| find_words(statement, name).next().is_some())
    });
    let mut found: Vec<_> = written.chain(used).collect();
    found.sort();
    found.into_iter().map(|(at, name)| breach(source, at, name, WORLD_REMEDY)).collect()
}

fn is_or_is_within(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn chance(source: &Source) -> Vec<Breach> {
    let named = CHANCE
        .iter()
        .flat_map(|name| find_words(&source.code, name).map(move |at| (at, (*name).to_owned())));
    let unhashed = MAPS.iter().flat_map(|(map, wanted)| {
        find_words(&source.code, map).filter_map(move |at| {
            let arguments = type_arguments(&source.code[at + map.len()..])?;
            (arguments < *wanted).then(|| (at, format!("{map} without a hasher")))
        })
    });
    let mut found: Vec<_> = named.chain(unhashed).collect();
    found.retain(|(at, _)| !source.is_test_at(*at));
    found.sort();
    found.into_iter().map(|(at, name)| breach(source, at, name, HASHER_REMEDY)).collect()
}

/// How many type arguments follow a name; none if no list of them does.
fn type_arguments(behind: &str) -> Option<usize> {
    let list = behind.strip_prefix("::").unwrap_or(behind).strip_prefix('<')?;
    let (mut angles, mut others, mut commas) = (1_usize, 0_usize, 0_usize);
    let mut before = ' ';
    let mut before_end = ' ';
    for letter in list.chars() {
        match letter {
            '<' => angles += 1,
            '>' if before != '-' => angles -= 1,
            '(' | '[' => others += 1,
            ')' | ']' => others = others.saturating_sub(1),
            ',' if angles == 1 && others == 0 => commas += 1,
            _ => {}
        }
        if angles == 0 {
            break;
        }
        before = letter;
        if !letter.is_whitespace() {
            before_end = letter;
        }
    }
    // A comma behind the last argument begins no other one.
    Some(commas + usize::from(before_end != ','))
}

fn breach(source: &Source, at: usize, found: String, remedy: &'static str) -> Breach {
    Breach { path: source.path.clone(), line: Some(source.line_at(at)), rule: RULE, found, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let source = Source::new("inventory-engine/core/src/x.rs", text);
        check(&[source]).into_iter().map(|breach| breach.found).collect()
    }

    #[test]
    fn the_world_is_found_however_it_is_named() {
        for (text, expected) in [
            ("let now = std::time::Instant::now();", vec!["Instant", "std::time"]),
            ("use std::{\n    collections::BTreeMap,\n    fs::File,\n};", vec!["std::fs::File"]),
            ("use std::{io, net};", vec!["std::io", "std::net"]),
            ("fn f(at: SystemTime) {}", vec!["SystemTime"]),
            ("use rand::Rng;", vec!["rand"]),
            ("std::thread::spawn(f);", vec!["std::thread"]),
        ] {
            let mut found = found(text);
            found.sort();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_map_with_a_seed_of_chance_is_found() {
        assert_eq!(found("let map = HashMap::new();"), ["HashMap::new"]);
        assert_eq!(found("x: HashMap<u8, (u8, u8)>,"), ["HashMap without a hasher"]);
        assert_eq!(found("x.collect::<HashSet<_>>()"), ["HashSet without a hasher"]);
        assert_eq!(found("HashMap::<\n    A,\n    B,\n>::default()"), ["HashMap without a hasher"]);
        assert_eq!(found("use std::hash::RandomState;"), ["RandomState"]);
    }

    #[test]
    fn what_the_core_may_do_is_no_breach() {
        for text in [
            "use std::collections::HashMap;\nstruct S { map: HashMap<A, fn(B) -> C, SeededState> }",
            "type Set = HashSet<u8, SeededState>;",
            "//! Asks no Instant and no SystemTime.\nconst TEXT: &str = \"std::time\";",
            "use core::time::Duration; let operand = strand::new();",
            "#[cfg(test)]\nmod tests { fn f() { let model: HashMap<u8, u8> = HashMap::new(); } }",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
        let elsewhere = Source::new("persistence/src/x.rs", "use std::fs;");
        assert_eq!(check(&[elsewhere]), []);
    }
}
