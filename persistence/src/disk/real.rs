//! The machine's own file system.

use std::fs::{self, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{
    Advice, CWD, FallocateFlags, RenameFlags, fadvise, fallocate, renameat_with, statvfs,
};
use rustix::io::Errno;

use super::{Access, Disk, Entry, File};

/// What the kernel has to offer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn File>> {
        let mut options = fs::File::options();
        options.read(true).write(access != Access::Read);
        match access {
            Access::Read | Access::Write => {}
            Access::CreateNew => drop(options.create_new(true)),
            Access::Create => drop(options.create(true).truncate(false)),
        }
        Ok(Box::new(options.open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        fs::File::open(path)?.sync_all()
    }

    fn names_in(&self, path: &Path) -> io::Result<Vec<String>> {
        let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        let names = names.collect::<io::Result<Vec<Option<String>>>>()?;
        Ok(names.into_iter().flatten().collect())
    }

    fn look_at(&self, path: &Path) -> io::Result<Entry> {
        let metadata = fs::metadata(path)?;
        let bytes = metadata.len();
        Ok(if metadata.is_dir() { Entry::Directory } else { Entry::File { bytes } })
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let system = statvfs(path)?;
        Ok(system.f_bavail.saturating_mul(system.f_frsize))
    }
}

impl File for fs::File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn allocate(&self, start: u64, bytes: u64) -> io::Result<()> {
        match fallocate(self, FallocateFlags::empty(), start, bytes) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Err(io::ErrorKind::Unsupported.into()),
            result => Ok(result?),
        }
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn sync_all(&self) -> io::Result<()> {
        Self::sync_all(self)
    }

    fn sync_data(&self) -> io::Result<()> {
        Self::sync_data(self)
    }

    fn forget_cached(&self) {
        let _ = fadvise(self, 0, None, Advice::DontNeed);
    }

    fn try_lock(&self) -> io::Result<bool> {
        match Self::try_lock(self) {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
