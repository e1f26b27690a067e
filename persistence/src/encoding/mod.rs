//! How facts, and images of shards, become bytes: little endian, no field skipped, no padding.
//!
//! A batch's payload is a version byte and then its facts. Their LSNs are not in it: they rise
//! by one from the first, which the batch's header has. Must always hold: numbers of changes are
//! never reused or renumbered; a payload that reads back is the only encoding of its facts; and
//! no bytes, whatever they are, make the reader panic or allocate more than they can fill.

mod image;
mod read;
mod write;

use inventory_core::limits::{AREA_LINES_MAX, BUYER_ID_BYTES_MAX, HOLD_SEATS_MAX};

pub use image::{read_image, write_image};
pub use read::{DecodeError, Problem, read_facts};
pub use write::write_facts;

use crate::limits::{RECORD_ALIGNMENT, RECORD_HEADER_BYTES};

/// The version that this release writes, and the newest it reads.
pub const PAYLOAD_VERSION: u8 = 2;

/// The version of images of shards. Raised with [`PAYLOAD_VERSION`] too: an image has facts.
pub const IMAGE_VERSION: u8 = 2;

/// The most bytes that the end of a hold with so many spots takes in a journal, in a batch of its
/// own: that of a sale, which names the most.
pub const fn ending_bytes_max(spots: usize) -> usize {
    // Time, event, flag, request, number of the change, hold, allocation, buyer.
    const FRAME: usize = 8 + 8 + 1 + 24 + 1 + 16 + 16 + 2 + BUYER_ID_BYTES_MAX;
    // How many seats, whether they have types, how many lines of areas.
    const LISTS: usize = 4 + 1 + 2;
    // A line of an area is longer than a seat, and is one spot at least.
    let lines = if spots < AREA_LINES_MAX { spots } else { AREA_LINES_MAX };
    let seats = if spots - lines < HOLD_SEATS_MAX { spots - lines } else { HOLD_SEATS_MAX };
    let payload_bytes = 1 + FRAME + LISTS + lines * (4 + 2 + 4) + seats * (4 + 2);
    (RECORD_HEADER_BYTES + payload_bytes).next_multiple_of(RECORD_ALIGNMENT)
}

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
