//! The steps of whoever works on a simulated disk, and what may go wrong at each.

use std::io;
use std::path::PathBuf;

use super::SimulatedDisk;
use crate::disk::Access;

/// One step. Whoever looks sees it before anything of it is done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Operation {
    /// Counted from 1, since the disk is in use.
    pub number: u64,
    /// What is done.
    pub kind: Kind,
    /// On what; of a rename the name to be, of an open file the name that it was opened by.
    pub path: PathBuf,
}

/// What is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// [`crate::disk::Disk::open`].
    Open(Access),
    /// [`crate::disk::Disk::rename`].
    Rename,
    /// [`crate::disk::Disk::exchange`].
    Exchange,
    /// [`crate::disk::Disk::remove`].
    Remove,
    /// [`crate::disk::Disk::create_dir`].
    CreateDir,
    /// [`crate::disk::Disk::sync_dir`].
    SyncDir,
    /// [`crate::disk::Disk::names_in`].
    Names,
    /// [`crate::disk::Disk::look_at`].
    LookAt,
    /// [`crate::disk::Disk::free_bytes`].
    FreeBytes,
    /// A read of an open file.
    Read,
    /// A write of so many bytes.
    Write(usize),
    /// [`crate::disk::File::allocate`].
    Allocate,
    /// [`crate::disk::File::length`].
    Length,
    /// [`crate::disk::File::set_length`].
    SetLength,
    /// [`crate::disk::File::sync_all`] and [`crate::disk::File::sync_data`].
    Sync,
    /// [`crate::disk::File::forget_cached`].
    ForgetCached,
    /// [`crate::disk::File::try_lock`].
    Lock,
}

impl Kind {
    /// Whether it may change what a power cut leaves. In front of any other one a power cut is
    /// the same as in front of the next that does.
    pub fn changes(self) -> bool {
        match self {
            Self::Open(Access::Create | Access::CreateNew)
            | Self::Rename
            | Self::Exchange
            | Self::Remove
            | Self::CreateDir
            | Self::SyncDir
            | Self::Write(_)
            | Self::Allocate
            | Self::SetLength
            | Self::Sync => true,
            Self::Open(Access::Read | Access::Write)
            | Self::Names
            | Self::LookAt
            | Self::FreeBytes
            | Self::Read
            | Self::Length
            | Self::ForgetCached
            | Self::Lock => false,
        }
    }
}

/// What goes wrong at a step. One that does not fit the step changes nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// It fails, and nothing of it is done. Of a sync, chance decides how much reaches the disk;
    /// what does not never will, though reads show it: memory takes it for written.
    Fail(io::ErrorKind),
    /// A write fails behind so many bytes.
    Short {
        /// How many are written.
        bytes: usize,
        /// How it fails then.
        kind: io::ErrorKind,
    },
    /// One bit of what is read or written is another one, and nobody is told.
    Flip {
        /// Which, counted from the first of this step and around.
        bit: usize,
    },
    /// The power goes: this step and all later ones fail, and nothing of them is done.
    PowerCut,
}

/// Looks at each step before it is done, and says what goes wrong. It may look at the disk, take
/// [`SimulatedDisk::after`] of it and cut its power; it may not use its files.
pub type Watcher = Box<dyn FnMut(&SimulatedDisk, &Operation) -> Option<Fault> + Send>;
