//! `journal/reserve`: the space of one segment, taken while there is some, for the time when
//! there is none: holds that were given have to end, and be sold, on a full disk too.
//!
//! Must always hold: a file of this name is whole, synced, and zeros from its beginning to its
//! end; whoever takes it gives it another name before a byte of it is written.

use std::fs;
use std::path::{Path, PathBuf};

use super::active::Spare;
use crate::files::{Context, Error, sync_dir, temporary_beside};

fn path(journal: &Path) -> PathBuf {
    journal.join("reserve")
}

/// Bytes of the reserve; `None` if there is none.
pub(crate) fn bytes(journal: &Path) -> Option<u64> {
    fs::metadata(path(journal)).ok().map(|metadata| metadata.len())
}

/// Makes the reserve, in place of another one if there is one. Returns its bytes.
pub(crate) fn make(journal: &Path, bytes: u64) -> Result<u64, Error> {
    remove(journal)?;
    Spare::create(journal, bytes, 0)?.keep_as(&path(journal))
}

/// The reserve as a spare; there is none from now on. `None` if there was none.
pub(crate) fn take(journal: &Path) -> Result<Option<Spare>, Error> {
    let temporary = temporary_beside(&journal.join("next"));
    match fs::rename(path(journal), &temporary).context("take", &path(journal)) {
        Err(error) if error.is_missing() => return Ok(None),
        result => result?,
    }
    // A crash from here on leaves a file that the next start removes.
    sync_dir(journal)?;
    Spare::adopt(temporary).map(Some)
}

/// A spare with room for `used` bytes from the reserve, or from the space that it took, after
/// there was none left otherwise, which `failed` told.
pub(crate) fn instead(
    journal: &Path,
    (capacity, used): (u64, u64),
    failed: Error,
) -> Result<Spare, Error> {
    if !failed.is_want_of_space() || bytes(journal).is_none() {
        return Err(failed);
    }
    tracing::warn!(%failed, "no space is left on the disk; the start takes the journal's reserve");
    match take(journal)? {
        Some(spare) if spare.capacity() >= used => Ok(spare),
        too_small => {
            if let Some(spare) = too_small {
                spare.remove();
            }
            Spare::create(journal, capacity, used)
        }
    }
}

fn remove(journal: &Path) -> Result<(), Error> {
    let path = path(journal);
    match fs::remove_file(&path).context("remove", &path) {
        Err(error) if !error.is_missing() => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

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
        assert_eq!(bytes(journal), None);
        assert!(take(journal).unwrap().is_none());
        assert_eq!(make(journal, 4_096).unwrap(), 4_096);
        assert_eq!(make(journal, 8_192).unwrap(), 8_192);
        assert_eq!((bytes(journal), names_in(journal).unwrap().len()), (Some(8_192), 1));
        assert_eq!(fs::read(path(journal)).unwrap(), [0; 8_192]);

        assert_eq!(take(journal).unwrap().unwrap().capacity(), 8_192);
        assert_eq!(bytes(journal), None);
        let left = names_in(journal).unwrap();
        assert!(left.len() == 1 && left[0].ends_with(".tmp"), "{left:?}");
    }

    #[test]
    fn it_stands_in_for_space_that_is_not_there_and_for_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path();
        let error = instead(journal, (4_096, 200), full(journal)).unwrap_err();
        assert!(error.is_want_of_space(), "without a reserve there is no other way");
        make(journal, 4_096).unwrap();
        let broken = Error { cause: io::Error::other("broken"), ..full(journal) };
        assert!(instead(journal, (4_096, 200), broken).is_err());
        assert_eq!(bytes(journal), Some(4_096), "it was not touched");
        assert_eq!(instead(journal, (4_096, 200), full(journal)).unwrap().capacity(), 4_096);

        // What does not fit into it gets the space that it took.
        make(journal, 4_096).unwrap();
        assert_eq!(instead(journal, (8_192, 8_000), full(journal)).unwrap().capacity(), 8_192);
        assert_eq!(bytes(journal), None);
    }
}
