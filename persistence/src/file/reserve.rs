//! `journal/reserve`: the space of one segment, taken while there is some, for the time when
//! there is none: holds that were given have to end, and be sold, on a full disk too.
//!
//! Must always hold: a file of this name is whole, synced, and zeros from its beginning to its
//! end; whoever takes it gives it another name before a byte of it is written.

use std::path::{Path, PathBuf};

use super::active::Spare;
use crate::files::{Context, Error, sync_dir, temporary_beside};
use crate::machine::Machine;

fn path(journal: &Path) -> PathBuf {
    journal.join("reserve")
}

/// Bytes of the reserve; `None` if there is none.
pub(crate) fn bytes(machine: &Machine, journal: &Path) -> Option<u64> {
    machine.bytes_at(&path(journal))
}

/// Makes the reserve, in place of another one if there is one. Returns its bytes.
pub(crate) fn make(machine: &Machine, journal: &Path, bytes: u64) -> Result<u64, Error> {
    remove(machine, journal)?;
    Spare::create(machine, journal, bytes, 0)?.keep_as(&path(journal))
}

/// The reserve as a spare; there is none from now on. `None` if there was none.
pub(crate) fn take(machine: &Machine, journal: &Path) -> Result<Option<Spare>, Error> {
    let temporary = temporary_beside(machine, &journal.join("next"));
    match machine.disk().rename(&path(journal), &temporary).context("take", &path(journal)) {
        Err(error) if error.is_missing() => return Ok(None),
        result => result?,
    }
    // A crash from here on leaves a file that the next start removes.
    sync_dir(machine, journal)?;
    Spare::adopt(machine, temporary).map(Some)
}

/// A spare with room for `used` bytes from the reserve, or from the space that it took, after
/// there was none left otherwise, which `failed` told.
pub(crate) fn instead(
    machine: &Machine,
    journal: &Path,
    (capacity, used): (u64, u64),
    failed: Error,
) -> Result<Spare, Error> {
    if !failed.is_want_of_space() || bytes(machine, journal).is_none() {
        return Err(failed);
    }
    tracing::warn!(%failed, "no space is left on the disk; the start takes the journal's reserve");
    match take(machine, journal)? {
        Some(spare) if spare.capacity() >= used => Ok(spare),
        too_small => {
            if let Some(spare) = too_small {
                spare.remove();
            }
            Spare::create(machine, journal, capacity, used)
        }
    }
}

fn remove(machine: &Machine, journal: &Path) -> Result<(), Error> {
    let path = path(journal);
    match machine.disk().remove(&path).context("remove", &path) {
        Err(error) if !error.is_missing() => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use super::*;
    use crate::files::names_in;

    fn full(journal: &Path) -> Error {
        let (path, cause) = (journal.join("next"), io::ErrorKind::StorageFull.into());
        Error { action: "preallocate", path, cause }
    }

    #[test]
    fn it_is_made_whole_and_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path();
        assert_eq!(bytes(&Machine::real(), journal), None);
        assert!(take(&Machine::real(), journal).unwrap().is_none());
        assert_eq!(make(&Machine::real(), journal, 4_096).unwrap(), 4_096);
        assert_eq!(make(&Machine::real(), journal, 8_192).unwrap(), 8_192);
        assert_eq!(
            (bytes(&Machine::real(), journal), names_in(&Machine::real(), journal).unwrap().len()),
            (Some(8_192), 1)
        );
        assert_eq!(fs::read(path(journal)).unwrap(), [0; 8_192]);

        assert_eq!(take(&Machine::real(), journal).unwrap().unwrap().capacity(), 8_192);
        assert_eq!(bytes(&Machine::real(), journal), None);
        let left = names_in(&Machine::real(), journal).unwrap();
        assert!(left.len() == 1 && left[0].ends_with(".tmp"), "{left:?}");
    }

    #[test]
    fn it_stands_in_for_space_that_is_not_there_and_for_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path();
        let error = instead(&Machine::real(), journal, (4_096, 200), full(journal)).unwrap_err();
        assert!(error.is_want_of_space(), "without a reserve there is no other way");
        make(&Machine::real(), journal, 4_096).unwrap();
        let broken = Error { cause: io::Error::other("broken"), ..full(journal) };
        assert!(instead(&Machine::real(), journal, (4_096, 200), broken).is_err());
        assert_eq!(bytes(&Machine::real(), journal), Some(4_096), "it was not touched");
        assert_eq!(
            instead(&Machine::real(), journal, (4_096, 200), full(journal)).unwrap().capacity(),
            4_096
        );

        // What does not fit into it gets the space that it took.
        make(&Machine::real(), journal, 4_096).unwrap();
        assert_eq!(
            instead(&Machine::real(), journal, (8_192, 8_000), full(journal)).unwrap().capacity(),
            8_192
        );
        assert_eq!(bytes(&Machine::real(), journal), None);
    }
}
