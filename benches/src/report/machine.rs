//! The machine and the versions that the figures belong to.

use std::process::Command;

use servers::postgres::program;

/// Crates whose versions are told: those that carry the operations.
const CRATES: [&str; 9] =
    ["tonic", "prost", "h2", "hyper", "axum", "tokio", "mimalloc", "redis", "sqlx"];

/// The lock file that this program was built with.
const LOCK_FILE: &str = include_str!("../../../Cargo.lock");

/// Programs whose versions are told.
const PROGRAMS: [&str; 4] = ["rustc", "redis-server", POSTGRES, "h2load"];

/// Which is asked where the peer finds it, and not where the shell does.
const POSTGRES: &str = "postgres";

/// What it runs on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many there are.
    pub cores: usize,
    /// Of memory, in words.
    pub memory: String,
    /// The kernel's version.
    pub kernel: String,
    /// Of programs and crates.
    pub versions: Vec<(String, String)>,
}

impl Machine {
    /// This one. What cannot be found out is said to be unknown.
    pub fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let memory_kib = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|value| value.split(' ').next().and_then(|number| number.parse().ok()));
        let memory = memory_kib.map(|kib: f64| format!("{:.1} GiB", kib / f64::from(1 << 20)));
        let kernel = read("/proc/sys/kernel/osrelease");
        Self {
            processor: known(field(&read("/proc/cpuinfo"), "model name")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: known(memory),
            kernel: known(Some(kernel.trim().to_owned()).filter(|kernel| !kernel.is_empty())),
            versions: versions(),
        }
    }
}

/// The mean of the processes that ran or waited during the last minute, as the kernel tells it.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    known(text.split(' ').next().filter(|mean| !mean.is_empty()).map(str::to_owned))
}

fn known(value: Option<String>) -> String {
    value.unwrap_or_else(|| "unknown".to_owned())
}

/// The first value of a name in a file of `name: value` lines.
fn field(text: &str, name: &str) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(of, _)| of.trim() == name).map(|(_, value)| value.trim().to_owned())
}

fn versions() -> Vec<(String, String)> {
    let programs = PROGRAMS.iter().filter_map(|&name| {
        let program = if name == POSTGRES { program().ok()? } else { name.into() };
        let output = Command::new(program).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Some((name.to_owned(), version_in(&text)?.to_owned()))
    });
    let crates =
        CRATES.iter().filter_map(|name| Some(((*name).to_owned(), locked(LOCK_FILE, name)?)));
    programs.chain(crates).collect()
}

/// The first word that is a version: it begins with a digit and has a point in it.
fn version_in(text: &str) -> Option<&str> {
    text.split([' ', '\n', '=', '/', 'v'])
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.'))
}

/// The newest version of a crate in a lock file.
fn locked(lock_file: &str, name: &str) -> Option<String> {
    let head = format!("name = \"{name}\"");
    let lines = lock_file.lines().zip(lock_file.lines().skip(1));
    let of_crate = lines.filter(|(line, _)| *line == head);
    let versions = of_crate.filter_map(|(_, next)| next.strip_prefix("version = "));
    versions.last().map(|version| version.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (text, expected) in [
            ("rustc 1.95.0 (abc 2026-01-01)", Some("1.95.0")),
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc", Some("7.0.15")),
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0)", Some("15.14")),
            ("h2load nghttp2/1.52.0", Some("1.52.0")),
            ("no version", None),
        ] {
            assert_eq!(version_in(text), expected, "{text}");
        }
    }

    #[test]
    fn the_lock_file_tells_the_newest() {
        let file = "[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"a\"\n\
                    version = \"0.2.0\"\n";
        assert_eq!(locked(file, "a"), Some("0.2.0".to_owned()));
        assert_eq!(locked(file, "b"), None);
    }

    #[test]
    fn fields_are_found_by_their_names() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: another\n";
        assert_eq!(field(text, "model name"), Some("Some CPU @ 2 GHz".to_owned()));
        assert_eq!(field(text, "model"), None);
    }
}
