//! How batches of facts, and images of shards, become bytes: with what the core keeps facts as,
//! behind a version. Must always hold: what reads back is the only encoding of what it is.

mod image;
mod payload;

pub use image::{IMAGE_VERSION, read_image, write_image};
pub use payload::{PAYLOAD_VERSION, read_facts, write_facts};

use inventory_core::encoding::{DecodeError, Problem, Reader};
use inventory_core::limits::{AREA_LINES_MAX, BUYER_ID_BYTES_MAX, HOLD_SEATS_MAX};

use crate::limits::{RECORD_ALIGNMENT, RECORD_HEADER_BYTES};

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

/// Reads the version in front of everything.
fn check_version(reader: &mut Reader<'_>, known: u8) -> Result<(), DecodeError> {
    let found = reader.u8()?;
    if found != known {
        return Err(DecodeError { offset: 0, problem: Problem::UnknownVersion { found, known } });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
