//! What survives a crash: the journal of facts, the charts that facts name, and the directory
//! that holds both.
//!
//! The engine opens a [`dir::DataDir`], replays the journal through a
//! [`file::recovery::Recovery`], and gets a [`file::FileJournal`] to append to. People and audits
//! read the same files through [`file::reader::JournalReader`], [`verify`] and [`dump`]. All of
//! it stands on a [`machine::Machine`]: the real one, or one of a simulation.
//!
//! Must always hold: an append that answered [`journal::Append::Durable`] is found again by every
//! later start, or that start is refused and says why; and no start ever yields a batch that was
//! not appended.

pub mod batch;
mod chain;
pub mod charts;
pub mod dir;
pub mod disk;
pub mod dump;
pub mod encoding;
pub mod file;
pub mod files;
pub mod history;
pub mod identity;
pub mod journal;
pub mod limits;
pub mod machine;
pub mod memory;
#[cfg(test)]
mod power_cuts;
pub mod projected;
mod segment;
pub mod snapshot;
pub mod superseded;
#[cfg(test)]
mod testing;
pub mod verify;
