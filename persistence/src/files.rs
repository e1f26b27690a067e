//! Files that last: written beside, synced, renamed, and the rename synced with its directory.
//!
//! Must always hold: after a crash at any moment a path has its old content or its new one,
//! whole; what is left over ends in `.tmp` and is removed by the next start.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::disk::{Access, Entry};
use crate::machine::Machine;

const LEFTOVER_EXTENSION: &str = "tmp";

/// What the file system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {cause}", path.display())]
pub struct Error {
    /// What was tried.
    pub action: &'static str,
    /// On which file or directory.
    pub path: PathBuf,
    /// What the system said.
    pub cause: io::Error,
}

impl Error {
    /// Whether it is want of space: other things may still work, and this one later.
    pub fn is_want_of_space(&self) -> bool {
        matches!(self.cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// Whether there is no such file.
    pub(crate) fn is_missing(&self) -> bool {
        self.cause.kind() == io::ErrorKind::NotFound
    }
}

/// Says what was tried where.
pub(crate) trait Context<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|cause| Error { action, path: path.to_owned(), cause: cause.into() })
    }
}

/// Makes creations, renames and removals in a directory last.
pub(crate) fn sync_dir(machine: &Machine, path: &Path) -> Result<(), Error> {
    machine.disk().sync_dir(path).context("sync the directory", path)
}

/// Creates a directory and those above it unless they are there, and makes them last.
pub(crate) fn create_dir(machine: &Machine, path: &Path) -> Result<(), Error> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if matches!(machine.disk().look_at(path), Ok(Entry::Directory)) {
        // A crash may have come between its creation and this. Best effort: a directory that
        // somebody else made may stand in one that this process may not read.
        let _ = sync_dir(machine, parent);
        return Ok(());
    }
    if parent != Path::new(".") {
        create_dir(machine, parent)?;
    }
    machine.disk().create_dir(path).context("create the directory", path)?;
    sync_dir(machine, parent)
}

/// A name beside `path` that nobody else uses.
pub(crate) fn temporary_beside(machine: &Machine, path: &Path) -> PathBuf {
    let (process_id, number) = machine.next_name();
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(format!(".{process_id}-{number}.{LEFTOVER_EXTENSION}"));
    path.with_file_name(name)
}

/// Gives `path` a new content that lasts.
pub(crate) fn write_lasting(machine: &Machine, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let temporary = temporary_beside(machine, path);
    let written = machine.disk().open(&temporary, Access::CreateNew).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let result = written
        .context("write", &temporary)
        .and_then(|()| rename_lasting(machine, &temporary, path));
    if result.is_err() {
        // Best effort: the next start removes it as well.
        let _ = machine.disk().remove(&temporary);
    }
    result
}

/// Renames within a directory, and makes it last.
pub(crate) fn rename_lasting(machine: &Machine, from: &Path, to: &Path) -> Result<(), Error> {
    machine.disk().rename(from, to).context("rename to its lasting name", to)?;
    sync_dir(machine, to.parent().unwrap_or(Path::new(".")))
}

/// The content of a small file, or `None` if there is no such file.
pub(crate) fn read_at_most(
    machine: &Machine,
    path: &Path,
    bytes_max: u64,
) -> Result<Option<Vec<u8>>, Error> {
    let file = match machine.disk().open(path, Access::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result.context("open", path)?,
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).context("read", path)?;
    if bytes.len() as u64 > bytes_max {
        let cause = io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than the {bytes_max} bytes that it may have"),
        );
        return Err(Error { action: "read", path: path.to_owned(), cause });
    }
    Ok(Some(bytes))
}

/// The names of all files of a directory; none if there is no such directory.
pub(crate) fn names_in(machine: &Machine, path: &Path) -> Result<Vec<String>, Error> {
    match machine.disk().names_in(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        result => result.context("list", path),
    }
}

/// Removes what a crash left in the middle of a write. Only for who has the lock.
pub(crate) fn remove_leftovers(machine: &Machine, path: &Path) -> Result<(), Error> {
    for name in names_in(machine, path)? {
        let leftover = path.join(name);
        if leftover.extension().is_some_and(|extension| extension == LEFTOVER_EXTENSION) {
            machine.disk().remove(&leftover).context("remove the leftover", &leftover)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn content_is_replaced_whole_and_leftovers_go() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.json");
        write_lasting(&Machine::real(), &path, b"one").unwrap();
        write_lasting(&Machine::real(), &path, b"two").unwrap();
        assert_eq!(read_at_most(&Machine::real(), &path, 3).unwrap().unwrap(), b"two");
        assert!(
            read_at_most(&Machine::real(), &path, 2)
                .unwrap_err()
                .to_string()
                .contains("more than the 2 bytes")
        );

        fs::write(temporary_beside(&Machine::real(), &path), b"thr").unwrap();
        assert_eq!(names_in(&Machine::real(), dir.path()).unwrap().len(), 2);
        remove_leftovers(&Machine::real(), dir.path()).unwrap();
        assert_eq!(names_in(&Machine::real(), dir.path()).unwrap(), ["identity.json"]);
    }

    #[test]
    fn directories_are_created_from_the_top() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c");
        create_dir(&Machine::real(), &path).unwrap();
        create_dir(&Machine::real(), &path).unwrap();
        assert!(path.is_dir());
        fs::write(dir.path().join("file"), "").unwrap();
        let error = create_dir(&Machine::real(), &dir.path().join("file")).unwrap_err();
        assert!(error.to_string().starts_with("cannot create the directory "), "{error}");
    }

    #[test]
    fn what_is_missing_is_no_failure_to_read() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read_at_most(&Machine::real(), &dir.path().join("none"), 10).unwrap().is_none());
        assert!(names_in(&Machine::real(), &dir.path().join("none")).unwrap().is_empty());
        let error =
            write_lasting(&Machine::real(), &dir.path().join("no/where"), b"x").unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
    }
}
