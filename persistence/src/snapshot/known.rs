//! What is known of the snapshots of a directory beyond their names: which cannot be used, and
//! which were read back from the disk, whole.
//!
//! Must always hold: one that is known to be useless counts nowhere; what is thrown away for good
//! because of snapshots rests on those alone that were read back; and each of them is read once,
//! not at each look.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Error, Snapshots};
use crate::files;
use crate::limits::SNAPSHOTS_BEHIND;

/// The snapshots of a data directory, for who looks after them.
#[derive(Debug)]
pub struct Known {
    snapshots: Snapshots,
    useless: BTreeSet<u64>,
    verified: BTreeSet<u64>,
}

impl Known {
    /// Of a directory in which `useless` could not be used. Only for who has the lock.
    pub fn new(snapshots: Snapshots, useless: impl IntoIterator<Item = u64>) -> Self {
        Self { snapshots, useless: useless.into_iter().collect(), verified: BTreeSet::new() }
    }

    /// Those that can be used as far as is known, the newest first.
    pub fn usable(&self) -> Result<Vec<u64>, files::Error> {
        let mut numbers = self.snapshots.newest_first()?;
        numbers.retain(|number| !self.useless.contains(number));
        Ok(numbers)
    }

    /// One of them turned out to be of no use.
    pub fn set_useless(&mut self, number: u64, cause: &dyn Display) {
        tracing::warn!(
            snapshot = number,
            %cause,
            "a snapshot cannot be used any more; the next one is made from an older one, or from \
             the whole journal"
        );
        self.verified.remove(&number);
        self.useless.insert(number);
    }

    /// One has just been made. Removes those that cannot be used, and those that it makes
    /// superfluous.
    pub fn made(&mut self, number: u64) -> Result<(), files::Error> {
        // Whatever was known under this name is of a file that is not there any more.
        self.useless.remove(&number);
        self.verified.remove(&number);
        let useless: Vec<u64> = self.useless.iter().copied().collect();
        self.snapshots.keep_newest(&useless)?;
        self.useless.clear();
        Ok(())
    }

    /// The batch in front of which no start needs anything, as far as is known.
    pub(crate) fn boundary(&self) -> Result<Option<u64>, files::Error> {
        Ok(self.usable()?.into_iter().nth(SNAPSHOTS_BEHIND - 1))
    }

    /// The same by snapshots that were read back: what lies in front of it may be thrown away.
    /// `None` as well if it was told to stop before that was known.
    pub(crate) fn verified_boundary(
        &mut self,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<u64>, files::Error> {
        let mut verified = 0;
        for number in self.usable()? {
            if !self.verified.contains(&number) {
                match self.snapshots.verify(number, is_stopped) {
                    Ok(true) => {
                        self.verified.insert(number);
                    }
                    Ok(false) => return Ok(None),
                    // Nothing is known then, and nothing is thrown away.
                    Err(Error::File(error)) => return Err(error),
                    Err(cause) => {
                        self.set_useless(number, &cause);
                        continue;
                    }
                }
            }
            verified += 1;
            if verified == SNAPSHOTS_BEHIND {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }
}
