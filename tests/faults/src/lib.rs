//! Experiments that harm a real server, and a checker of what its clients were told.
//!
//! Must always hold: no code is shared with what is tried. A server is a process of the program,
//! known by its contract; the journal is what `holdfast journal dump` prints.

pub mod checker;
pub mod client;
pub mod database;
pub mod experiments;
pub mod history;
pub mod limits;
pub mod load;
pub mod pace;
mod pause;
pub mod process;
pub mod proxy;
pub mod small_disk;
