//! Files that last: written beside, synced, renamed, and the rename synced with its directory.
//!
//! Must always hold: after a crash at any moment a path has its old content or its new one,
//! whole; what is left over ends in `.tmp` and is removed by the next start.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use inventory_core::time::Timestamp;

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
pub(crate) fn sync_dir(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|dir| dir.sync_all()).context("sync the directory", path)
}

/// Creates a directory and those above it unless they are there, and makes them last.
pub(crate) fn create_dir(path: &Path) -> Result<(), Error> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.is_dir() {
        // A crash may have come between its creation and this. Best effort: a directory that
        // somebody else made may stand in one that this process may not read.
        let _ = sync_dir(parent);
        return Ok(());
    }
    if parent != Path::new(".") {
        create_dir(parent)?;
    }
    fs::create_dir(path).context("create the directory", path)?;
    sync_dir(parent)
}

/// A name beside `path` that nobody else uses.
pub(crate) fn temporary_beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(format!(".{}-{number}.{LEFTOVER_EXTENSION}", std::process::id()));
    path.with_file_name(name)
}

/// Gives `path` a new content that lasts.
pub(crate) fn write_lasting(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let temporary = temporary_beside(path);
    let written = File::create_new(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let result =
        written.context("write", &temporary).and_then(|()| rename_lasting(&temporary, path));
    if result.is_err() {
        // Best effort: the next start removes it as well.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Renames within a directory, and makes it last.
pub(crate) fn rename_lasting(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).context("rename to its lasting name", to)?;
    sync_dir(to.parent().unwrap_or(Path::new(".")))
}

/// The content of a small file, or `None` if there is no such file.
pub(crate) fn read_at_most(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, Error> {
    let file = match File::open(path) {
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
pub(crate) fn names_in(path: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        result => result.context("list", path)?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
    let names = names.collect::<io::Result<Vec<Option<String>>>>().context("list", path)?;
    Ok(names.into_iter().flatten().collect())
}

/// Removes what a crash left in the middle of a write. Only for who has the lock.
pub(crate) fn remove_leftovers(path: &Path) -> Result<(), Error> {
    for name in names_in(path)? {
        let leftover = path.join(name);
        if leftover.extension().is_some_and(|extension| extension == LEFTOVER_EXTENSION) {
            fs::remove_file(&leftover).context("remove the leftover", &leftover)?;
        }
    }
    Ok(())
}

/// The wall clock, for the people who read when something was created.
pub(crate) fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_replaced_whole_and_leftovers_go() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.json");
        write_lasting(&path, b"one").unwrap();
        write_lasting(&path, b"two").unwrap();
        assert_eq!(read_at_most(&path, 3).unwrap().unwrap(), b"two");
        assert!(read_at_most(&path, 2).unwrap_err().to_string().contains("more than the 2 bytes"));

        fs::write(temporary_beside(&path), b"thr").unwrap();
        assert_eq!(names_in(dir.path()).unwrap().len(), 2);
        remove_leftovers(dir.path()).unwrap();
        assert_eq!(names_in(dir.path()).unwrap(), ["identity.json"]);
    }

    #[test]
    fn directories_are_created_from_the_top() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c");
        create_dir(&path).unwrap();
        create_dir(&path).unwrap();
        assert!(path.is_dir());
        fs::write(dir.path().join("file"), "").unwrap();
        let error = create_dir(&dir.path().join("file")).unwrap_err();
        assert!(error.to_string().starts_with("cannot create the directory "), "{error}");
    }

    #[test]
    fn what_is_missing_is_no_failure_to_read() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read_at_most(&dir.path().join("none"), 10).unwrap().is_none());
        assert!(names_in(&dir.path().join("none")).unwrap().is_empty());
        let error = write_lasting(&dir.path().join("no/where"), b"x").unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
    }
}
