//! One side of a comparison: something that takes a load for a round at a time and is looked at
//! once it is over.
//!
//! Must always hold: whatever a side starts is gone when it is finished or dropped, and a side
//! that is paused takes no processor time from the other.

use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::future::BoxFuture;
use tempfile::TempDir;

use crate::measured::Measured;
use crate::workload::Load;

/// What one side is, once it has been started.
pub trait Side: Send {
    /// Lets clients ask for the load's time, and says what was confirmed.
    fn round<'a>(&'a mut self, load: &'a Load) -> BoxFuture<'a, anyhow::Result<Measured>>;

    /// While the other side is measured. What runs by itself in between stands still.
    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// The opposite of `pause`.
    fn resume(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// Looks at what the load has left behind, outside of any measured time, and ends it.
    fn finish(self: Box<Self>) -> BoxFuture<'static, anyhow::Result<()>>;
}

/// What all sides are told.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The program `holdfast`.
    pub holdfast: PathBuf,
    /// This program, which serves the limits of the transports.
    pub bench: PathBuf,
    /// Where data directories and logs are made: on the real disk.
    pub folder: PathBuf,
    /// Rounds of each side.
    pub rounds: u32,
}

impl Setting {
    /// A folder of one side's own, which ends with it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn folder_of(&self, name: &str) -> anyhow::Result<TempDir> {
        make(&self.folder, name)
    }
}

fn make(folder: &Path, name: &str) -> anyhow::Result<TempDir> {
    std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let made = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(folder);
    made.with_context(|| format!("make a folder in {}", folder.display()))
}

/// A side that is being started with a load.
pub type Starting<'a> = BoxFuture<'a, anyhow::Result<Box<dyn Side>>>;

/// How a side is started.
pub type Start = fn(&Setting, &Load) -> Starting<'static>;
