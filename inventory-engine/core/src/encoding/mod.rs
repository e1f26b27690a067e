//! Facts as bytes: little endian, no field skipped, no padding. What a shard remembers of its
//! requests, what the journal stores and what a snapshot has are these.
//!
//! Must always hold: numbers of changes are never reused or renumbered; bytes that read back are
//! the only encoding of what they are; and no bytes, whatever they are, make the reader panic or
//! allocate more than they can fill.

mod encoded;
mod read;
mod write;

pub use encoded::{EncodedFact, EncodedFacts};
pub use read::{DecodeError, Problem, Reader};
pub use write::Writer;

/// The fewest bytes of a fact: its frame without a request, and nothing else.
pub const FACT_BYTES_MIN: usize = 8 + 8 + 1 + 1;

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
