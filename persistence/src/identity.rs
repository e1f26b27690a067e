//! Who a data directory belongs to, and in which format: `identity.json`, written once.
//!
//! Must always hold: nothing is read or written in a directory whose format or number of shards
//! this release does not know.

use std::path::Path;

use inventory_core::limits::SHARDS;
use inventory_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files::{self, read_at_most, write_lasting};
use crate::limits::DESCRIPTION_BYTES_MAX;
use crate::machine::Machine;

/// The format that this release writes, and the only one it reads.
pub const FORMAT_VERSION: u32 = 2;

const FILE_NAME: &str = "identity.json";

/// What `identity.json` says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The node that owns the directory; every segment names it.
    pub node_id: u128,
    /// When the directory was created.
    pub created_at: Timestamp,
}

/// Why a directory's identity is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The file is not what was written.
    #[error("{path} is damaged ({reason}); restore it from a backup, nothing was changed")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An older release made the directory.
    #[error(
        "{path} says format version {found}; this release reads version {FORMAT_VERSION} alone: \
         start the release that wrote it, or choose another data directory. Nothing was changed"
    )]
    OlderFormat {
        /// The file.
        path: String,
        /// The version it names.
        found: u64,
    },
    /// A newer release made the directory.
    #[error(
        "{path} says format version {found}; this release knows up to {FORMAT_VERSION}: \
         start the newer release"
    )]
    UnknownFormat {
        /// The file.
        path: String,
        /// The version it names.
        found: u64,
    },
    /// The directory has another number of shards.
    #[error("{path} says {found} shards; this release has {SHARDS}, and shards never change")]
    OtherShards {
        /// The file.
        path: String,
        /// How many it names.
        found: u64,
    },
}

#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format_version: u64,
    node_id: String,
    shards: u64,
    created_at_millis: u64,
}

impl Identity {
    /// A new identity that no other directory has.
    pub(crate) fn generate(machine: &Machine) -> Self {
        Self { node_id: machine.new_node_id(), created_at: machine.wall_clock() }
    }

    /// The identity of a data directory; `None` if it has none.
    pub fn read(machine: &Machine, data_dir: &Path) -> Result<Option<Self>, Error> {
        let file = data_dir.join(FILE_NAME);
        let bytes = read_at_most(machine, &file, DESCRIPTION_BYTES_MAX)?;
        let Some(bytes) = bytes else { return Ok(None) };
        let path = file.display().to_string();
        let damaged = |reason: String| Error::Damaged { path: path.clone(), reason };

        // The version first: what else there is may have changed with it.
        let version: Version =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        match version.format_version {
            found if found < u64::from(FORMAT_VERSION) => {
                return Err(Error::OlderFormat { path, found });
            }
            found if found > u64::from(FORMAT_VERSION) => {
                return Err(Error::UnknownFormat { path, found });
            }
            _ => {}
        }
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if document.shards != u64::from(SHARDS) {
            return Err(Error::OtherShards { path, found: document.shards });
        }
        let node_id = u128::from_str_radix(&document.node_id, 16)
            .map_err(|error| damaged(format!("node_id: {error}")))?;
        Ok(Some(Self { node_id, created_at: Timestamp(document.created_at_millis) }))
    }

    /// Makes this the identity of a data directory, for good.
    pub(crate) fn write(&self, machine: &Machine, data_dir: &Path) -> Result<(), files::Error> {
        let document = Document {
            format_version: u64::from(FORMAT_VERSION),
            node_id: format!("{:032x}", self.node_id),
            shards: u64::from(SHARDS),
            created_at_millis: self.created_at.0,
        };
        let mut text =
            serde_json::to_vec_pretty(&document).expect("texts and numbers are always JSON");
        text.push(b'\n');
        write_lasting(machine, &data_dir.join(FILE_NAME), &text)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    fn read_text(text: &str) -> Result<Option<Identity>, Error> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), text).unwrap();
        Identity::read(&Machine::real(), dir.path())
    }

    #[test]
    fn it_is_written_once_and_read_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Identity::read(&Machine::real(), dir.path()).unwrap(), None);
        let identity = Identity::generate(&Machine::real());
        identity.write(&Machine::real(), dir.path()).unwrap();
        assert_eq!(Identity::read(&Machine::real(), dir.path()).unwrap(), Some(identity));
        assert_ne!(Identity::generate(&Machine::real()).node_id, identity.node_id);
    }

    #[test]
    fn the_stored_form() {
        let read = read_text(
            r#"{"format_version": 2, "node_id": "0190000000007000800000000000002a",
                "shards": 256, "created_at_millis": 12}"#,
        );
        let expected = Identity {
            node_id: 0x0190_0000_0000_7000_8000_0000_0000_002a,
            created_at: Timestamp(12),
        };
        assert_eq!(read.unwrap(), Some(expected));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let newer = read_text(r#"{"format_version": 3, "whatever": 1}"#);
        assert!(matches!(newer, Err(Error::UnknownFormat { found: 3, .. })), "{newer:?}");
        let older = read_text(r#"{"format_version": 1, "whatever": 1}"#);
        assert!(matches!(older, Err(Error::OlderFormat { found: 1, .. })), "{older:?}");
        let shards = read_text(
            r#"{"format_version": 2, "node_id": "1", "shards": 64, "created_at_millis": 1}"#,
        );
        assert!(matches!(shards, Err(Error::OtherShards { found: 64, .. })), "{shards:?}");
        for text in ["", "{}", "{\"format_version\": 2}", "[2]"] {
            let damaged = read_text(text);
            assert!(matches!(damaged, Err(Error::Damaged { .. })), "{text}: {damaged:?}");
        }
    }
    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64,
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_identity_reads_back_and_what_is_cut_short_does_not(
            (node_id, created_at) in any::<(u128, u64)>(),
            at in any::<Index>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let identity = Identity { node_id, created_at: Timestamp(created_at) };
            identity.write(&Machine::real(), dir.path()).unwrap();
            let read = Identity::read(&Machine::real(), dir.path());
            prop_assert_eq!(read.unwrap(), Some(identity));
            let text = fs::read_to_string(dir.path().join(FILE_NAME)).unwrap();
            // All but the end of the line.
            let damaged = read_text(&text[..at.index(text.len() - 1)]);
            prop_assert!(matches!(damaged, Err(Error::Damaged { .. })), "{:?}", damaged);
        }
    }
}
