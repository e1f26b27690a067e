//! An open file of a simulated disk.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::SimulatedDisk;
use super::content::BLOCK_BYTES;
use super::names::NodeId;
use super::operation::{Fault, Kind};
use super::state::State;
use crate::disk::{Access, File};

/// An open file.
#[derive(Debug)]
pub(super) struct Handle {
    disk: SimulatedDisk,
    id: NodeId,
    path: PathBuf,
    access: Access,
    position: usize,
    has_locked: AtomicBool,
}

impl Handle {
    pub(super) fn new(disk: SimulatedDisk, id: NodeId, path: PathBuf, access: Access) -> Self {
        Self { disk, id, path, access, position: 0, has_locked: AtomicBool::new(false) }
    }

    /// One step on this file.
    fn step<T>(
        &self,
        kind: Kind,
        work: impl FnOnce(&mut State, Option<Fault>) -> io::Result<T>,
    ) -> io::Result<T> {
        if kind.changes() && kind != Kind::Sync && self.access == Access::Read {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.disk.step(kind, &self.path, work)
    }

    /// Writes what there is space for, and says how much that was and why not more.
    fn write_some(
        &self,
        bytes: &[u8],
        offset: usize,
    ) -> io::Result<(usize, Option<io::ErrorKind>)> {
        self.step(Kind::Write(bytes.len()), |state, fault| {
            let free_bytes = state.free_bytes();
            let content = state.content(self.id)?;
            let (mut count, mut failure) = (bytes.len(), None);
            if content.missing_bytes((offset + count) as u64) > free_bytes {
                let end = content.allocated_bytes() + free_bytes / BLOCK_BYTES * BLOCK_BYTES;
                count = usize::try_from(end).unwrap_or(usize::MAX).saturating_sub(offset);
                failure = Some(io::ErrorKind::StorageFull);
            }
            let mut bytes = bytes[..count.min(bytes.len())].to_vec();
            match fault {
                Some(Fault::Short { bytes: written, kind }) if written < bytes.len() => {
                    bytes.truncate(written);
                    failure = Some(kind);
                }
                Some(Fault::Flip { bit }) => flip(&mut bytes, bit),
                Some(Fault::Short { .. } | Fault::Fail(_) | Fault::PowerCut) | None => {}
            }
            if !bytes.is_empty() {
                content.allocate((offset + bytes.len()) as u64);
                content.write(&bytes, offset);
            }
            Ok((bytes.len(), failure))
        })
    }
}

impl File for Handle {
    fn length(&self) -> io::Result<u64> {
        self.step(Kind::Length, |state, _| Ok(state.content(self.id)?.bytes().len() as u64))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.write_some(bytes, as_index(offset)?)? {
            (_, Some(failure)) => Err(failure.into()),
            (_, None) => Ok(()),
        }
    }

    fn allocate(&self, start: u64, bytes: u64) -> io::Result<()> {
        let end = start.checked_add(bytes).ok_or(io::ErrorKind::FileTooLarge)?;
        self.step(Kind::Allocate, |state, _| {
            let free_bytes = state.free_bytes();
            let content = state.content(self.id)?;
            if content.missing_bytes(end) > free_bytes {
                return Err(io::ErrorKind::StorageFull.into());
            }
            content.allocate(end);
            content.reach(as_index(end)?);
            Ok(())
        })
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.step(Kind::SetLength, |state, _| {
            state.content(self.id)?.set_length(as_index(length)?);
            Ok(())
        })
    }

    fn sync_all(&self) -> io::Result<()> {
        self.step(Kind::Sync, |state, fault| {
            let Some(Fault::Fail(failure)) = fault else {
                state.content(self.id)?.sync();
                return Ok(());
            };
            let mut chance = state.chance.clone();
            state.content(self.id)?.fail_to_sync(&mut chance);
            state.chance = chance;
            Err(failure.into())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync_all()
    }

    fn forget_cached(&self) {
        // Best effort, as on a real one.
        let _ = self.step(Kind::ForgetCached, |state, _| {
            state.content(self.id)?.forget_cached();
            Ok(())
        });
    }

    fn try_lock(&self) -> io::Result<bool> {
        // One that locks twice here is somebody else on a real disk as well.
        self.step(Kind::Lock, |state, _| {
            let was_locked = std::mem::replace(&mut state.node(self.id).is_locked, true);
            self.has_locked.fetch_or(!was_locked, Ordering::Relaxed);
            Ok(!was_locked)
        })
    }
}

impl Read for Handle {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let position = self.position;
        let count = self.step(Kind::Read, |state, fault| {
            let bytes = state.content(self.id)?.bytes();
            let rest = bytes.get(position..).unwrap_or_default();
            let count = rest.len().min(into.len());
            into[..count].copy_from_slice(&rest[..count]);
            if let Some(Fault::Flip { bit }) = fault {
                flip(&mut into[..count], bit);
            }
            Ok(count)
        })?;
        self.position += count;
        Ok(count)
    }
}

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (written, failure) = self.write_some(bytes, self.position)?;
        self.position += written;
        match failure {
            Some(failure) if written == 0 => Err(failure.into()),
            Some(_) | None => Ok(written),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Handle {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(start) => Some(start),
            SeekFrom::Current(by) => (self.position as u64).checked_add_signed(by),
            SeekFrom::End(by) => self.length()?.checked_add_signed(by),
        };
        let position = position.ok_or(io::ErrorKind::InvalidInput)?;
        self.position = as_index(position)?;
        Ok(position)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.disk.close(self.id, *self.has_locked.get_mut());
    }
}

/// Changes a bit, counted around.
fn flip(bytes: &mut [u8], bit: usize) {
    let bits = bytes.len() * 8;
    if bits > 0 {
        bytes[bit % bits / 8] ^= 1 << (bit % 8);
    }
}

fn as_index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}
