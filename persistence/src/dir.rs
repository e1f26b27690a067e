//! The data directory of one node: who may write in it, and what is where.
//!
//! ```text
//! lock             locked by the process that writes here
//! identity.json    whose directory this is, and in which format
//! epoch.json       the epoch of the last start, and what was durable then
//! projected.json   how far what is written elsewhere is, as far as is known here
//! unfinished       only while it is being recovered from elsewhere
//! journal/         segments, named after the number of their first batch; a reserve
//! journal/history/ the same compressed, once snapshots cover them
//! snapshots/       the state in front of a segment, named after the segment's first batch
//! charts/          chart documents, named after their hash
//! ```
//!
//! Must always hold: only who has the lock changes anything, and the identity is there before
//! anything else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::charts::ChartStore;
use crate::disk::{Access, File};
use crate::file::restore::marker_in;
use crate::file::segments::history_path;
use crate::files::{self, Context, create_dir, remove_leftovers};
use crate::identity::{self, Identity};
use crate::machine::Machine;
use crate::snapshot::Snapshots;

/// A data directory, locked for this process until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    paths: DataDirPaths,
    lock: Arc<dyn File>,
}

/// Where everything of a data directory is. Whoever has only this reads, and changes nothing.
#[derive(Clone, Debug)]
pub struct DataDirPaths {
    machine: Machine,
    path: PathBuf,
    identity: Identity,
}

/// Keeps a data directory locked for whoever works in it beside its journal.
#[derive(Clone, Debug)]
pub struct LockShare {
    _lock: Arc<dyn File>,
}

/// Why a data directory is not opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else writes there.
    #[error("{path} is in use by another process; stop that one, or choose another data directory")]
    Locked {
        /// The directory.
        path: String,
    },
    /// The identity is damaged or of another release.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// There is a journal, but nobody knows whose.
    #[error(
        "{path} has a journal but no identity.json; restore that file from a backup, \
         nothing was changed"
    )]
    IdentityMissing {
        /// The directory.
        path: String,
    },
    /// It was being recovered from elsewhere.
    #[error(
        "{path} was being recovered and is not whole; run the same `holdfast recover` again, which \
         begins anew"
    )]
    Unfinished {
        /// The directory.
        path: String,
    },
    /// The file system failed.
    #[error(transparent)]
    File(#[from] files::Error),
}

impl DataDir {
    /// Locks a data directory, and makes it one if it is new.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_on(Machine::real(), path)
    }

    /// The same on any machine.
    pub fn open_on(machine: Machine, path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        if machine.disk().look_at(&marker_in(path)).is_ok() {
            return Err(Error::Unfinished { path: path.display().to_string() });
        }
        let has_journal = machine.disk().look_at(&journal_path(path)).is_ok();
        Self::lock_and_make(machine, path.to_owned(), has_journal)
    }

    /// The same of a directory that is being recovered. What an earlier attempt left of a journal
    /// is nobody's.
    pub(crate) fn open_unfinished(path: &Path) -> Result<Self, Error> {
        Self::lock_and_make(Machine::real(), path.to_owned(), false)
    }

    fn lock_and_make(machine: Machine, path: PathBuf, has_journal: bool) -> Result<Self, Error> {
        create_dir(&machine, &path)?;
        let lock = lock(&machine, &path)?;
        remove_leftovers(&machine, &path)?;

        let identity = match Identity::read(&machine, &path)? {
            Some(identity) => identity,
            None if has_journal => {
                return Err(Error::IdentityMissing { path: path.display().to_string() });
            }
            None => {
                let identity = Identity::generate(&machine);
                identity.write(&machine, &path)?;
                identity
            }
        };
        // A crash may have left either of them out.
        let paths = DataDirPaths { machine, path, identity };
        let folders = [paths.journal(), charts_path(paths.path()), paths.snapshots_path()];
        for folder in &folders {
            create_dir(paths.machine(), folder)?;
            remove_leftovers(paths.machine(), folder)?;
        }
        remove_leftovers(paths.machine(), &history_path(&paths.journal()))?;
        Ok(Self { paths, lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.paths.path()
    }

    /// Where everything in it is.
    pub fn paths(&self) -> &DataDirPaths {
        &self.paths
    }

    /// Whose it is.
    pub fn identity(&self) -> Identity {
        self.paths.identity
    }

    /// Its charts.
    pub fn charts(&self) -> ChartStore {
        self.paths.charts()
    }

    /// A share of its lock: it is held until all shares are dropped.
    pub fn lock_share(&self) -> LockShare {
        LockShare { _lock: Arc::clone(&self.lock) }
    }

    pub(crate) fn machine(&self) -> &Machine {
        self.paths.machine()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.paths.journal()
    }
}

impl DataDirPaths {
    /// Those of a directory; `None` if it is no data directory.
    pub fn read(path: impl AsRef<Path>) -> Result<Option<Self>, identity::Error> {
        Self::read_on(Machine::real(), path)
    }

    /// The same on any machine.
    pub fn read_on(
        machine: Machine,
        path: impl AsRef<Path>,
    ) -> Result<Option<Self>, identity::Error> {
        let path = path.as_ref().to_owned();
        let identity = Identity::read(&machine, &path)?;
        Ok(identity.map(|identity| Self { machine, path, identity }))
    }

    /// The machine that it is on.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Its charts.
    pub fn charts(&self) -> ChartStore {
        ChartStore::new(self.machine.clone(), charts_path(&self.path))
    }

    pub(crate) fn node_id(&self) -> u128 {
        self.identity.node_id
    }

    pub(crate) fn journal(&self) -> PathBuf {
        journal_path(&self.path)
    }

    /// Its snapshots.
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::new(self.machine.clone(), self.snapshots_path(), self.node_id())
    }

    pub(crate) fn snapshots_path(&self) -> PathBuf {
        self.path.join("snapshots")
    }
}

pub(crate) fn journal_path(data_dir: &Path) -> PathBuf {
    data_dir.join("journal")
}

pub(crate) fn charts_path(data_dir: &Path) -> PathBuf {
    data_dir.join("charts")
}

fn lock(machine: &Machine, data_dir: &Path) -> Result<Arc<dyn File>, Error> {
    let path = data_dir.join("lock");
    let file = machine.disk().open(&path, Access::Create).context("open", &path)?;
    if !file.try_lock().context("lock", &path)? {
        return Err(Error::Locked { path: data_dir.display().to_string() });
    }
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        let first = DataDir::open(&path).unwrap();
        let second = DataDir::open(&path);
        assert!(matches!(second, Err(Error::Locked { .. })), "{second:?}");
        let identity = first.identity();
        drop(first);
        assert_eq!(DataDir::open(&path).unwrap().identity(), identity);
    }

    #[test]
    fn a_crash_at_any_point_of_the_first_start_leaves_a_directory_that_opens() {
        for crash in 0..4 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path();
            fs::write(path.join("lock"), "").unwrap();
            if crash >= 1 {
                fs::write(path.join("identity.json.12-1.tmp"), "{\"format_ver").unwrap();
            }
            if crash >= 2 {
                Identity::generate(&Machine::real()).write(&Machine::real(), path).unwrap();
            }
            if crash >= 3 {
                fs::create_dir(journal_path(path)).unwrap();
            }
            let opened = DataDir::open(path).unwrap();
            assert_eq!(Identity::read(&Machine::real(), path).unwrap(), Some(opened.identity()));
            let mut names = files::names_in(&Machine::real(), path).unwrap();
            names.sort_unstable();
            assert_eq!(
                names,
                ["charts", "identity.json", "journal", "lock", "snapshots"],
                "crash {crash}"
            );
        }
    }

    #[test]
    fn a_journal_of_nobody_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        drop(DataDir::open(dir.path()).unwrap());
        fs::remove_file(dir.path().join("identity.json")).unwrap();
        let opened = DataDir::open(dir.path());
        assert!(matches!(opened, Err(Error::IdentityMissing { .. })), "{opened:?}");
    }
}
