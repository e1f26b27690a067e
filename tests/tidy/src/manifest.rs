//! The manifests of the workspace, read: who the members are and what they depend on; and the
//! rules that versions, lints and the package's common fields stand once, in the root, and are
//! the same where a package has to stand outside of the workspace.

use toml::{Table, Value};

use crate::breach::Breach;
use crate::exceptions::{Exception, excuse};
use crate::repository::{Repository, TextFile};

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

/// Manifests that are neither the root's nor a member's and have no excuse; and those that have
/// one and differ from the root in what they cannot take from it.
///
/// # Errors
/// If a manifest is not TOML.
pub fn outside(
    repository: &Repository,
    members: &[Member],
    excuses: &[Exception],
) -> Result<Vec<Breach>, String> {
    let is_known = |path: &str| members.iter().any(|member| member.path == path);
    let manifests = repository.files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    let outsiders: Vec<&TextFile> = manifests.filter(|file| !is_known(&file.path)).collect();
    let breach = |file: &TextFile, found, remedy| Breach {
        path: file.path.clone(),
        line: None,
        rule: "Every package is a member of the workspace, or like one in all but that.",
        found,
        remedy,
    };
    let strangers = outsiders.iter().map(|file| {
        let remedy = "add it to workspace.members of the root, or to OUTSIDERS with the reason";
        breach(file, "it is no member".to_owned(), remedy)
    });
    let mut breaches = excuse(strangers.collect(), excuses);
    let root = root(repository)?;
    let workspace = root.get("workspace").ok_or("Cargo.toml: no workspace")?;
    for file in outsiders {
        let own: Table = file.text.parse().map_err(|error| format!("{}: {error}", file.path))?;
        let of_package = INHERITED.iter().map(|field| ("package", Some(*field)));
        for (table, field) in of_package.chain([("lints", None)]) {
            let value_in = |of: Option<&Value>| match field {
                Some(field) => of.and_then(|of| of.get(field)).cloned(),
                None => of.cloned(),
            };
            if value_in(own.get(table)) != value_in(workspace.get(table)) {
                let name = field.map_or(table.to_owned(), |field| format!("{table}.{field}"));
                let found = format!("{name} is not that of the workspace");
                breaches.push(breach(file, found, "write what the Cargo.toml of the root has"));
            }
        }
    }
    Ok(breaches)
}

/// Packages in a lock file that a bare machine could not build.
pub fn heavy_packages(lock: &TextFile) -> Vec<Breach> {
    let named = lock.text.lines().filter_map(|line| line.strip_prefix("name = "));
    let heavy = named.map(|name| name.trim_matches('"')).filter(|name| HEAVY.contains(name));
    let breach = |name| Breach {
        path: lock.path.clone(),
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
    fn an_outsider_has_an_excuse_and_is_like_a_member() {
        let root = "[workspace.package]\nversion = \"1\"\n[workspace.lints.rust]\na = \"warn\"\n";
        let like = "[package]\nname = \"o\"\nversion = \"1\"\n[lints.rust]\na = \"warn\"\n";
        let excuses = [Exception { path: "o/Cargo.toml", reason: "it needs to be" }];
        let found = |text: &str, excuses: &[Exception]| -> Vec<String> {
            let files =
                vec![TextFile::new("Cargo.toml", root), TextFile::new("o/Cargo.toml", text)];
            let repository = Repository { files, ..Repository::default() };
            let found = outside(&repository, &[], excuses).unwrap();
            found.into_iter().map(|breach| breach.found).collect()
        };
        assert_eq!(found(like, &excuses), [""; 0]);
        assert_eq!(found(like, &[]), ["it is no member"]);
        let other = like.replace("\"1\"", "\"2\"");
        assert_eq!(found(&other, &excuses), ["package.version is not that of the workspace"]);
        let other = like.replace("warn", "allow");
        assert_eq!(found(&other, &excuses), ["lints is not that of the workspace"]);
    }

    #[test]
    fn a_package_that_needs_more_than_a_compiler_is_found() {
        let lock = "[[package]]\nname = \"openssl-sys\"\nversion = \"0.9\"\n\n\
                    [[package]]\nname = \"ring\"\n";
        let found = heavy_packages(&TextFile::new("Cargo.lock", lock));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].found, "openssl-sys is in the build");
    }
}
