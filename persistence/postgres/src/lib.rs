//! Postgres behind the journal: tables for people and reports, written fact by fact as the
//! journal becomes durable, and an archive from which shards are made again when a disk is gone.
//!
//! Must always hold: a transaction writes facts to all tables and to the archive, moves how far
//! they are, and is refused unless the shards are still the writer's; so each fact is there
//! exactly once, and who was superseded writes nothing. Nobody who sells waits for any of it,
//! unless a caller asks for that.

mod archive;
mod changes;
pub mod claim;
pub mod compare;
mod copy;
pub mod database;
pub mod error;
pub mod limits;
pub mod metrics;
pub mod past;
mod projector;
pub mod recover;
mod waiting;
mod write;

pub use self::archive::ArchiveOptions;
pub use self::database::Database;
pub use self::error::Error;
pub use self::projector::{Projecting, Projector, check_new_directory};
