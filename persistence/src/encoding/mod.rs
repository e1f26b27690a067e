//! How facts become bytes: little endian, no field skipped, no padding.
//!
//! A batch's payload is a version byte and then its facts. Their LSNs are not in it: they rise
//! by one from the first, which the batch's header has. Must always hold: numbers of changes are
//! never reused or renumbered; a payload that reads back is the only encoding of its facts; and
//! no bytes, whatever they are, make the reader panic or allocate more than they can fill.

mod read;
mod write;

pub use read::{DecodeError, Problem, read_facts};
pub use write::write_facts;

/// The version that this release writes, and the newest it reads.
pub const PAYLOAD_VERSION: u8 = 2;

/// The number of each change. Append only.
mod kind {
    pub(super) const EVENT_CREATED: u8 = 1;
    pub(super) const HOLD_PLACED: u8 = 2;
    pub(super) const HOLD_EXTENDED: u8 = 3;
    pub(super) const HOLD_RELEASED: u8 = 4;
    pub(super) const HOLD_ALLOCATED: u8 = 5;
    pub(super) const HOLD_EXPIRED: u8 = 6;
    pub(super) const SPOTS_RETURNED: u8 = 7;
    pub(super) const SPOTS_BLOCKED: u8 = 8;
    pub(super) const SPOTS_UNBLOCKED: u8 = 9;
    pub(super) const EVENT_CLOSED: u8 = 10;
}

#[cfg(test)]
mod tests;
