//! What others would build instead, and the limits below: Redis with Lua scripts, Postgres with row
//! locks, the disk with nothing above it, the core with nothing around it.
//!
//! Must always hold: a peer gets the load that Holdfast gets, keeps the same promises (all or
//! none, owner and deadline checked, a taken seat refused), and is set up as somebody who knows it
//! well would. Its processes and folders are its own, and gone when it is dropped.

pub mod disk;
pub mod floor;
pub mod here;
pub mod postgres;
pub mod redis;
pub mod sides;
mod thread;

/// Milliseconds that a hold lasts unless a test says otherwise.
const HOLD_MILLIS: u64 = 15 * 60 * 1_000;
