//! The bytes of a segment file: one [`header`], then one [`record`] a batch, then zeros up to
//! what was preallocated.
//!
//! Must always hold, in every version there will ever be: both begin with a checksum over all
//! that follows it, then eight bytes of magic, then the version. So a file of a newer release is
//! recognized as whole and refused, and never taken for damage. Checksums are seeded with the
//! node's id: bytes that another node wrote do not verify here.

pub(crate) mod header;
pub(crate) mod record;

use xxhash_rust::xxh3::xxh3_128_with_seed;

/// Bytes of the checksum in front of headers and records.
const CHECKSUM_BYTES: usize = 16;

/// XXH3-128 over what follows the checksum.
pub(crate) fn checksum(bytes: &[u8], seed: u64) -> u128 {
    xxh3_128_with_seed(&bytes[CHECKSUM_BYTES..], seed)
}

/// The seed of all checksums of a node: both halves of its id.
pub(crate) fn seed_of(node_id: u128) -> u64 {
    (node_id >> 64) as u64 ^ node_id as u64
}

fn field<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    *bytes[offset..].first_chunk().expect("the caller checked that the whole header is there")
}

pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(field(bytes, offset))
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(field(bytes, offset))
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(field(bytes, offset))
}

pub(crate) fn u128_at(bytes: &[u8], offset: usize) -> u128 {
    u128::from_le_bytes(field(bytes, offset))
}
