//! The repository as the rules see it: its folders, and its files of text with their paths.
//!
//! Hidden folders, build output and local data are not part of it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What of a file's name says that people write in it.
const EXTENSIONS: [&str; 11] =
    ["css", "html", "js", "lock", "md", "proto", "rs", "sh", "sql", "toml", "yaml"];
/// Folders that building and running leave behind.
const LEFT_BY_RUNS: [&str; 4] = ["target", "holdfast-data", "fuzz/coverage", "fuzz/target"];

/// A file of text.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// From the root, with `/` between the folders.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl TextFile {
    /// A file with this content.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// The part of the name behind the last dot.
    pub fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// All folders and files.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// From the root, with `/` between them.
    pub folders: BTreeSet<String>,
    /// In the order of their paths.
    pub files: Vec<TextFile>,
}

impl Repository {
    /// Reads the repository that this crate is part of.
    ///
    /// # Errors
    /// If a folder or a file cannot be read, or a file of text is not UTF-8.
    pub fn load() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut repository = Self::default();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let name = entry.file_name();
                let path = folder.join(&name);
                let is_left = LEFT_BY_RUNS.iter().any(|left| Path::new(left) == path);
                if is_left || name.as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    repository.folders.insert(path.display().to_string());
                    folders.push(path);
                } else if kind.is_file() && is_text(&path) {
                    let text = fs::read_to_string(entry.path())?;
                    repository.files.push(TextFile::new(path.display().to_string(), text));
                }
            }
        }
        repository.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(repository)
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|found| EXTENSIONS.iter().any(|text| found == *text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_file_is_found_and_nothing_that_was_built() {
        let repository = Repository::load().unwrap();
        let this = repository.file("tests/tidy/src/repository.rs").unwrap();
        assert!(this.text.contains("this_very_file_is_found"));
        assert!(repository.folders.contains("tests/tidy/src"));
        assert!(repository.file("Cargo.lock").is_some());
        let built = ["target/", "fuzz/target/"];
        let is_built = |file: &TextFile| built.iter().any(|folder| file.path.starts_with(folder));
        assert!(!repository.files.iter().any(is_built));
    }
}
