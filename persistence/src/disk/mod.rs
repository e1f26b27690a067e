//! What persistence asks of a file system: the handful of operations that files which last are
//! made of, so that a simulation can stand in for the machine's own.
//!
//! Must always hold: nothing in persistence touches a file but through these traits, and each
//! method that may change something is one step, in front of and behind which the power may go.
//! What lasts is what POSIX promises and no more: content and length of a file once it was
//! synced; a name that was given, changed or taken away once its directory was.

mod real;
#[cfg(any(test, feature = "simulation"))]
pub mod simulated;

use std::fmt::Debug;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

pub(crate) use self::real::RealDisk;

/// A file system. Paths are as the machine knows them.
pub trait Disk: Debug + Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn File>>;

    /// Gives a file another name, in place of a file that may have had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives each of two files the name of the other, in one step.
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;

    /// Takes a file's name away. Whoever has it open keeps its content.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a directory in one that is there.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes what became of the names in a directory last.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in no order. Those that are no text are left out.
    fn names_in(&self, path: &Path) -> io::Result<Vec<String>>;

    /// What stands at a path.
    fn look_at(&self, path: &Path) -> io::Result<Entry>;

    /// Bytes that are free where a path is.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// An open file. Reads and writes without an offset go on where the last one ended.
pub trait File: Read + Write + Seek + Debug + Send + Sync {
    /// How long it is.
    fn length(&self) -> io::Result<u64>;

    /// Writes all of `bytes` at `offset`. After a failure some of them may be written.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Takes the space of `bytes` from `start` on, and makes the file that long if it is shorter.
    /// [`io::ErrorKind::Unsupported`] where the file system has no such thing.
    fn allocate(&self, start: u64, bytes: u64) -> io::Result<()>;

    /// Cuts it, or lengthens it by zeros.
    fn set_length(&self, bytes: u64) -> io::Result<()>;

    /// Makes its content, its length and whatever else is known of it last.
    fn sync_all(&self) -> io::Result<()>;

    /// Makes its content and its length last.
    fn sync_data(&self) -> io::Result<()>;

    /// Lets memory forget what it has of the file, so that it is read from the disk again. Where
    /// that cannot be had nothing happens.
    fn forget_cached(&self);

    /// Locks it for who has it open, until it is closed. False if somebody else has locked it.
    fn try_lock(&self) -> io::Result<bool>;
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// To be read. It has to be there.
    Read,
    /// To be read and written. It has to be there.
    Write,
    /// To be read and written. It must not be there yet.
    CreateNew,
    /// To be read and written, and made if it is not there.
    Create,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Entry {
    /// A file of so many bytes, or whatever is no directory.
    File {
        /// How long it is.
        bytes: u64,
    },
    /// A directory.
    Directory,
}
