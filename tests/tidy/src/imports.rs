//! Who may import whom among the crates of this repository, and what the core may not import at
//! all. Dependencies of tests and of build scripts count as well: a cycle of habits begins there.

use crate::breach::Breach;
use crate::manifest::Member;

/// Which crates of ours a crate may import.
#[derive(Clone, Copy, Debug)]
pub enum Imports {
    /// These.
    Only(&'static [&'static str]),
    /// Every one.
    Everything,
}

/// The arrows of the house. A crate that is not here imports nothing of ours until somebody
/// decides what it may.
pub const ARROWS: &[(&str, Imports)] = &[
    ("inventory-core", Imports::Only(&[])),
    ("inventory-charts", Imports::Only(&["inventory-core"])),
    ("inventory-model", Imports::Only(&["inventory-core"])),
    ("persistence", Imports::Only(&["inventory-core"])),
    (
        "inventory-engine",
        Imports::Only(&["inventory-core", "inventory-charts", "persistence", "proto"]),
    ),
    (
        "persistence-postgres",
        Imports::Only(&[
            "inventory-core",
            "inventory-charts",
            "persistence",
            "inventory-engine",
            "servers",
        ]),
    ),
    (
        "inventory-sim",
        Imports::Only(&[
            "inventory-core",
            "inventory-charts",
            "inventory-model",
            "persistence",
            "inventory-engine",
        ]),
    ),
    ("proto", Imports::Only(&[])),
    ("edge-api", Imports::Only(&["proto", "servers"])),
    ("loadtests", Imports::Only(&["proto"])),
    // The auditor shares no code with what it audits.
    ("faults", Imports::Only(&["proto", "servers"])),
    ("holdfast", Imports::Everything),
    ("benches", Imports::Everything),
    ("interleavings", Imports::Only(&["inventory-core", "persistence"])),
    ("properties", Imports::Everything),
    ("servers", Imports::Only(&[])),
    ("tidy", Imports::Only(&[])),
    ("xtask", Imports::Only(&[])),
];

/// The crate that is pure.
const CORE: &str = "inventory-core";
/// Families of packages that bring a runtime, a wire or database type, a clock or chance.
const NOT_IN_CORE: [&str; 16] = [
    "async-std",
    "axum",
    "chrono",
    "fastrand",
    "getrandom",
    "metrics",
    "prost",
    "rand",
    "redis",
    "rustix",
    "serde",
    "sqlx",
    "time",
    "tokio",
    "tonic",
    "tracing",
];

/// Imports against the arrows.
pub fn against_the_arrows(members: &[Member], arrows: &[(&str, Imports)]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for member in members {
        let allowed = arrows.iter().find(|(name, _)| *name == member.name);
        let Some((_, allowed)) = allowed else {
            breaches.push(unknown(member));
            continue;
        };
        let ours = member
            .dependencies()
            .into_iter()
            .filter(|dependency| members.iter().any(|other| other.name == dependency.package));
        let forbidden = ours.filter(|dependency| match allowed {
            Imports::Everything => false,
            Imports::Only(names) => !names.contains(&dependency.package),
        });
        breaches.extend(forbidden.map(|dependency| Breach {
            path: member.path.clone(),
            line: None,
            rule: "A crate imports only what the arrows of the house allow.",
            found: format!("{} imports {}", member.name, dependency.package),
            remedy: "move what is needed to where both may reach it, or pass it in; the arrows \
                     are in tests/tidy/src/imports.rs",
        }));
    }
    breaches
}

fn unknown(member: &Member) -> Breach {
    Breach {
        path: member.path.clone(),
        line: None,
        rule: "Every crate has its arrows.",
        found: format!("{} has none", member.name),
        remedy: "decide what it may import, and say so in tests/tidy/src/imports.rs",
    }
}

/// What the core imports of the world.
pub fn impure_core(members: &[Member]) -> Vec<Breach> {
    let core = members.iter().filter(|member| member.name == CORE);
    core.flat_map(|core| {
        let dependencies = core.dependencies().into_iter();
        let impure = dependencies.filter(|dependency| {
            NOT_IN_CORE.iter().any(|family| is_of_family(dependency.package, family))
        });
        impure.map(|dependency| Breach {
            path: core.path.clone(),
            line: None,
            rule: "The core imports no runtime, wire or database type, clock or chance.",
            found: format!("it imports {}", dependency.package),
            remedy: "do it in the engine or in persistence, and pass the result in",
        })
    })
    .collect()
}

/// Whether a package is one of a family, such as `tokio-util` of `tokio`.
fn is_of_family(package: &str, family: &str) -> bool {
    package.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, dependencies: &str) -> Member {
        let text = format!("[package]\nname = \"{name}\"\n{dependencies}");
        Member::parse(format!("{name}/Cargo.toml"), &text).unwrap()
    }

    fn house(dependencies_of_edge: &str) -> [Member; 4] {
        [
            member("inventory-core", ""),
            member("proto", ""),
            member("edge-api", dependencies_of_edge),
            member("holdfast", "[dependencies]\nedge-api.workspace = true"),
        ]
    }

    #[test]
    fn an_import_against_the_arrows_is_found_in_every_table() {
        let allowed = house("[dependencies]\nproto.workspace = true\nserde.workspace = true");
        assert_eq!(against_the_arrows(&allowed, ARROWS), []);
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let planted = house(&format!("[{table}]\ninventory-core.workspace = true"));
            let found = against_the_arrows(&planted, ARROWS);
            assert_eq!(found.len(), 1, "{table}");
            assert_eq!(found[0].found, "edge-api imports inventory-core");
        }
    }

    #[test]
    fn a_crate_without_arrows_is_found() {
        let found = against_the_arrows(&[member("newcomer", "")], ARROWS);
        assert_eq!(found[0].found, "newcomer has none");
    }

    #[test]
    fn the_world_in_the_core_is_found_by_family() {
        for package in ["tokio", "tokio-util", "rand_chacha", "serde_json", "tracing", "time"] {
            let core = member(CORE, &format!("[dev-dependencies]\n{package}.workspace = true"));
            assert_eq!(impure_core(&[core]).len(), 1, "{package}");
        }
        let pure = "[dependencies]\ntimeless.workspace = true\nthiserror.workspace = true";
        assert_eq!(impure_core(&[member(CORE, pure)]), []);
        assert_eq!(impure_core(&[member("proto", "[dependencies]\ntokio.workspace = true")]), []);
    }
}
