//! A disk in memory whose power can be cut, for tests and simulations: it promises what POSIX
//! does and not more, and everything that is left open a seed decides.
//!
//! Must always hold: what was synced is there after every power cut; what was not may be there,
//! or not, or in parts; nobody sees the difference before. Whoever looks on is asked before each
//! step, and none is done without. The same steps with the same seeds leave the same disk.
//!
//! What is not modelled: space for names, so that files can be made and renamed on a full disk,
//! as where directories have room; holes, which take space here; and space that is freed only
//! when a removal lasts.

mod chance;
mod content;
mod handle;
mod names;
mod operation;
mod power_cut;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::chance::Chance;
pub use self::content::{BLOCK_BYTES, SECTOR_BYTES};
use self::handle::Handle;
use self::names::NodeId;
pub use self::operation::{Fault, Kind, Operation, Watcher};
pub use self::power_cut::{Order, PowerCut, Unsynced};
use self::state::State;
use super::{Access, Disk, Entry, File};

/// A disk in memory; a clone is the same one.
#[derive(Clone)]
pub struct SimulatedDisk {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    watcher: Mutex<Option<Watcher>>,
}

impl SimulatedDisk {
    /// An empty disk. The seed decides what a failed sync leaves, and the order of names.
    pub fn new(capacity_bytes: u64, seed: u64) -> Self {
        Self::of(State::new(capacity_bytes, seed))
    }

    fn of(state: State) -> Self {
        let (state, watcher) = (Mutex::new(state), Mutex::default());
        Self { shared: Arc::new(Shared { state, watcher }) }
    }

    /// Lets somebody look at each step from now on, instead of whoever did before.
    pub fn watch(&self, watcher: impl FnMut(&Self, &Operation) -> Option<Fault> + Send + 'static) {
        *self.watcher() = Some(Box::new(watcher));
    }

    /// Lets nobody look any more.
    pub fn unwatch(&self) {
        *self.watcher() = None;
    }

    /// How many steps were taken.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The power goes: every later step fails, and nothing of it is done.
    pub fn cut_power(&self) {
        self.state().is_down = true;
    }

    /// Another disk, as this one would be if the power were cut now and came back. Nobody has a
    /// file open there, and nobody looks on.
    pub fn after(&self, cut: PowerCut) -> Self {
        Self::of(self.state().after(cut))
    }

    /// How much there is space for from now on. What is there stays.
    pub fn set_capacity(&self, capacity_bytes: u64) {
        self.state().capacity_bytes = capacity_bytes;
    }

    /// Somebody else takes all the space that is free.
    pub fn fill(&self) {
        let mut state = self.state();
        state.capacity_bytes -= state.free_bytes();
    }

    /// What reads of a file would show; `None` if there is no such file. This is no step.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let mut state = self.state();
        let id = state.find(path).ok()?;
        state.content(id).ok().map(|content| content.bytes().to_vec())
    }

    /// Lets one bit of a file rot, for good unless it was about to be written. This is no step.
    pub fn flip_bit(&self, path: &Path, bit: usize) -> io::Result<()> {
        let mut state = self.state();
        let id = state.find(path)?;
        state.content(id)?.flip(bit);
        Ok(())
    }

    /// One step: counted, shown, and done unless something is to go wrong.
    fn step<T>(
        &self,
        kind: Kind,
        path: &Path,
        work: impl FnOnce(&mut State, Option<Fault>) -> io::Result<T>,
    ) -> io::Result<T> {
        let number = {
            let mut state = self.up()?;
            state.operations += 1;
            state.operations
        };
        // Who looks may look at the disk too.
        let operation = Operation { number, kind, path: path.to_owned() };
        let fault = self.watcher().as_mut().and_then(|watcher| watcher(self, &operation));
        if fault == Some(Fault::PowerCut) {
            self.cut_power();
        }
        let mut state = self.up()?;
        match fault {
            Some(Fault::Fail(failure)) if kind != Kind::Sync => Err(failure.into()),
            fault => work(&mut state, fault),
        }
    }

    fn up(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.is_down { Err(io::Error::other("the power is gone")) } else { Ok(state) }
    }

    fn close(&self, id: NodeId, has_locked: bool) {
        let mut state = self.state();
        let node = state.node(id);
        node.handles -= 1;
        node.is_locked &= !has_locked;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a step leaves a test that has failed.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watcher(&self) -> MutexGuard<'_, Option<Watcher>> {
        self.shared.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn File>> {
        let id = self.step(Kind::Open(access), path, |state, _| {
            let id = match (state.find(path), access) {
                (Ok(_), Access::CreateNew) => return Err(io::ErrorKind::AlreadyExists.into()),
                (Ok(id), _) => id,
                (Err(error), Access::Create | Access::CreateNew)
                    if error.kind() == io::ErrorKind::NotFound =>
                {
                    state.create_file(path)?
                }
                (Err(error), _) => return Err(error),
            };
            // A directory can be opened to be read, and then every read of it fails.
            if access != Access::Read {
                state.content(id)?;
            }
            state.node(id).handles += 1;
            Ok(id)
        })?;
        Ok(Box::new(Handle::new(self.clone(), id, path.to_owned(), access)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(Kind::Rename, to, |state, _| state.rename(from, to))
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.step(Kind::Exchange, one, |state, _| state.exchange(one, other))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(Kind::Remove, path, |state, _| state.remove(path))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.step(Kind::CreateDir, path, |state, _| state.create_dir(path).map(drop))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step(Kind::SyncDir, path, |state, _| state.sync_dir(path))
    }

    fn names_in(&self, path: &Path) -> io::Result<Vec<String>> {
        self.step(Kind::Names, path, |state, _| {
            let names = state.names(state.find(path)?)?;
            let mut names: Vec<_> = names.all().map(|(name, _)| name.clone()).collect();
            state.chance.shuffle(&mut names);
            Ok(names)
        })
    }

    fn look_at(&self, path: &Path) -> io::Result<Entry> {
        self.step(Kind::LookAt, path, |state, _| {
            let id = state.find(path)?;
            if state.is_directory(id) {
                return Ok(Entry::Directory);
            }
            Ok(Entry::File { bytes: state.content(id)?.bytes().len() as u64 })
        })
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.step(Kind::FreeBytes, path, |state, _| Ok(state.free_bytes()))
    }
}

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedDisk at step {}", self.state().operations)
    }
}
