//! The manifests of the workspace, read: who the members are and what they depend on; and the
//! rules that versions, lints and the package's common fields stand once, in the root.

use toml::{Table, Value};

use crate::breach::Breach;
use crate::repository::Repository;

/// Tables of dependencies, wherever they stand.
const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
/// Fields that every package takes from the root.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];
/// Packages that need more than the Rust toolchain and a C compiler.
const HEAVY: [&str; 5] = ["openssl-sys", "native-tls", "aws-lc-sys", "cmake", "protobuf-src"];

/// A member of the workspace.
#[derive(Clone, Debug)]
pub struct Member {
    /// The path of its manifest.
    pub path: String,
    /// The name of its package.
    pub name: String,
    manifest: Table,
}

/// A dependency as a manifest has it.
#[derive(Clone, Debug)]
pub struct Dependency<'a> {
    /// The name of the package that is depended on.
    pub package: &'a str,
    /// The table that it stands in.
    pub table: &'static str,
    value: &'a Value,
}

impl Member {
    /// Reads a manifest.
    ///
    /// # Errors
    /// If it is not TOML or names no package.
    pub fn parse(path: impl Into<String>, text: &str) -> Result<Self, String> {
        let path = path.into();
        let manifest: Table = text.parse().map_err(|error| format!("{path}: {error}"))?;
        let package = manifest.get("package").and_then(|package| package.get("name"));
        let name = package.and_then(Value::as_str).map(str::to_owned);
        let name = name.ok_or_else(|| format!("{path}: no package.name"))?;
        Ok(Self { path, name, manifest })
    }

    /// All members of a repository, as its root lists them.
    ///
    /// # Errors
    /// If the root or a member is missing or cannot be read.
    pub fn all(repository: &Repository) -> Result<Vec<Self>, String> {
        let root = root(repository)?;
        let list = root.get("workspace").and_then(|workspace| workspace.get("members"));
        let list = list.and_then(Value::as_array).ok_or("Cargo.toml: no workspace.members")?;
        let folders = list.iter().filter_map(Value::as_str);
        let read = |folder: &str| {
            let path = format!("{folder}/Cargo.toml");
            let file = repository.file(&path).ok_or_else(|| format!("{path} is missing"))?;
            Self::parse(path, &file.text)
        };
        folders.map(read).collect()
    }

    /// The folder of the member.
    pub fn folder(&self) -> &str {
        self.path.trim_end_matches("/Cargo.toml")
    }

    /// What it depends on, for whatever purpose and platform.
    pub fn dependencies(&self) -> Vec<Dependency<'_>> {
        let targets = self.manifest.get("target").and_then(Value::as_table);
        let targets = targets.into_iter().flat_map(|targets| targets.values());
        let targets = targets.filter_map(Value::as_table);
        let mut dependencies = Vec::new();
        for place in [&self.manifest].into_iter().chain(targets) {
            for table in DEPENDENCIES {
                let entries = place.get(table).and_then(Value::as_table);
                for (key, value) in entries.into_iter().flatten() {
                    let renamed = value.get("package").and_then(Value::as_str);
                    let package = renamed.unwrap_or(key);
                    dependencies.push(Dependency { package, table, value });
                }
            }
        }
        dependencies
    }
}

impl Dependency<'_> {
    /// Whether it is asked for with a feature.
    pub fn asks_for(&self, feature: &str) -> bool {
        let features = self.value.get("features").and_then(Value::as_array);
        features.into_iter().flatten().any(|asked| asked.as_str() == Some(feature))
    }
}

fn root(repository: &Repository) -> Result<Table, String> {
    let file = repository.file("Cargo.toml").ok_or("Cargo.toml is missing")?;
    file.text.parse().map_err(|error| format!("Cargo.toml: {error}"))
}

/// Versions, lints and common fields that do not come from the root.
pub fn own_ways(members: &[Member]) -> Vec<Breach> {
    members.iter().flat_map(own_ways_of).collect()
}

fn own_ways_of(member: &Member) -> Vec<Breach> {
    let mut found = Vec::new();
    for dependency in member.dependencies() {
        let own = ["version", "path", "git", "registry"]
            .into_iter()
            .any(|field| dependency.value.get(field).is_some());
        if own || !is_inherited(Some(dependency.value)) {
            let Dependency { package, table, .. } = dependency;
            found.push(format!("{package} of [{table}] is not taken from the workspace"));
        }
    }
    let package = member.manifest.get("package");
    for field in INHERITED {
        if !is_inherited(package.and_then(|package| package.get(field))) {
            found.push(format!("package.{field} is not taken from the workspace"));
        }
    }
    if !is_inherited(member.manifest.get("lints")) {
        found.push("the lints are not those of the workspace".to_owned());
    }
    let breach = |found| Breach {
        path: member.path.clone(),
        line: None,
        rule: "Versions, lints and the common fields of packages stand once, in the root.",
        found,
        remedy: "write `NAME.workspace = true`, and the value into the Cargo.toml of the root",
    };
    found.into_iter().map(breach).collect()
}

fn is_inherited(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

/// Packages in the lock file that a bare machine could not build.
pub fn heavy_packages(lock: &str) -> Vec<Breach> {
    let named = lock.lines().filter_map(|line| line.strip_prefix("name = "));
    let heavy = named.map(|name| name.trim_matches('"')).filter(|name| HEAVY.contains(name));
    let breach = |name| Breach {
        path: "Cargo.lock".to_owned(),
        line: None,
        rule: "The Rust toolchain and a C compiler are all that a build needs.",
        found: format!("{name} is in the build"),
        remedy: "find who brings it with `cargo tree --invert NAME`, and turn that feature off",
    };
    heavy.map(breach).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\nversion.workspace = true\n\
        edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
        publish.workspace = true\n[lints]\nworkspace = true\n[dependencies]\n\
        b.workspace = true\nc = { workspace = true, features = [\"d\"] }\n";

    fn found(text: &str) -> Vec<String> {
        let member = Member::parse("a/Cargo.toml", text).unwrap();
        own_ways(&[member]).into_iter().map(|breach| breach.found).collect()
    }

    #[test]
    fn a_version_of_its_own_is_found_in_every_table() {
        assert_eq!(found(GOOD), Vec::<String>::new());
        for (line, package) in [
            ("e = \"1.0\"", "e"),
            ("e = { version = \"1.0\" }", "e"),
            ("e = { path = \"../e\" }", "e"),
            ("[dev-dependencies]\ne = \"1.0\"", "e of [dev-dependencies]"),
            ("[build-dependencies]\ne = { git = \"x\" }", "e of [build-dependencies]"),
            ("[target.'cfg(unix)'.dependencies]\ne = \"1.0\"", "e of [dependencies]"),
        ] {
            let found = found(&format!("{GOOD}{line}\n"));
            assert_eq!(found.len(), 1, "{line}");
            assert!(found[0].starts_with(package), "{found:?}");
        }
    }

    #[test]
    fn fields_and_lints_of_its_own_are_found() {
        let own = GOOD.replace("edition.workspace = true", "edition = \"2021\"");
        assert_eq!(found(&own), ["package.edition is not taken from the workspace"]);
        let own = GOOD.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(found(&own), ["the lints are not those of the workspace"]);
    }

    #[test]
    fn a_renamed_dependency_is_known_by_its_package() {
        let text = format!("{GOOD}e = {{ workspace = true, package = \"tokio\" }}");
        let member = Member::parse("a/Cargo.toml", &text).unwrap();
        let packages: Vec<_> =
            member.dependencies().iter().map(|dependency| dependency.package).collect();
        assert_eq!(packages, ["b", "c", "tokio"]);
    }

    #[test]
    fn a_package_that_needs_more_than_a_compiler_is_found() {
        let lock = "[[package]]\nname = \"openssl-sys\"\nversion = \"0.9\"\n\n\
                    [[package]]\nname = \"ring\"\n";
        let found = heavy_packages(lock);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].found, "openssl-sys is in the build");
    }
}
