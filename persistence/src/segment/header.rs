//! The header of a segment: where in the journal it stands, and what stood before it.
//!
//! Must always hold: it is synced before the file gets its segment's name, so a header that does
//! not verify is damage and never a torn write; and when it is written, all batches in front of
//! it are durable.

use inventory_core::digest::Digest;
use inventory_core::ids::Epoch;
use inventory_core::time::Timestamp;

use super::{checksum, field, seed_of, u32_at, u64_at, u128_at};
use crate::limits::HEADER_BYTES;

/// The version that this release writes, and the newest it reads.
pub(crate) const SEGMENT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"HOLDSEGM";

/// What a segment says of itself.
///
/// | bytes | field |
/// |---|---|
/// | 0..16 | checksum of bytes 16..128 |
/// | 16..24 | magic |
/// | 24..28 | version |
/// | 28..32 | zero |
/// | 32..40 | first batch number |
/// | 40..48 | epoch |
/// | 48..64 | node id |
/// | 64..72 | created at, milliseconds |
/// | 72..88 | state digest |
/// | 88..104 | checksum of the batch in front |
/// | 104..112 | capacity |
/// | 112..128 | zero |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SegmentHeader {
    /// The number of its first batch.
    pub(crate) first_number: u64,
    /// The epoch that its file was written under; no batch in it has a higher one.
    pub(crate) epoch: Epoch,
    /// Who wrote it.
    pub(crate) node_id: u128,
    /// When its first batch was about to be written.
    pub(crate) created_at: Timestamp,
    /// The sum of the digests of all shards in front of its first batch.
    pub(crate) state_digest: Digest,
    /// The checksum of the batch in front of its first one; zero if there is none.
    pub(crate) previous_checksum: u128,
    /// Bytes that the file had when it got its name. It never has fewer.
    pub(crate) capacity: u64,
}

/// Why bytes are not a header.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum HeaderError {
    Damaged,
    NewerVersion(u32),
    /// Whole, but of another node.
    Foreign(u128),
}

impl SegmentHeader {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[16..24].copy_from_slice(&MAGIC);
        bytes[24..28].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first_number.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.epoch.0.to_le_bytes());
        bytes[48..64].copy_from_slice(&self.node_id.to_le_bytes());
        bytes[64..72].copy_from_slice(&self.created_at.0.to_le_bytes());
        bytes[72..88].copy_from_slice(&self.state_digest.0.to_le_bytes());
        bytes[88..104].copy_from_slice(&self.previous_checksum.to_le_bytes());
        bytes[104..112].copy_from_slice(&self.capacity.to_le_bytes());
        let sum = checksum(&bytes, seed_of(self.node_id));
        bytes[..16].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads the header of a file that `node_id` should have written.
    pub(crate) fn read(bytes: &[u8], node_id: u128) -> Result<Self, HeaderError> {
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(HeaderError::Damaged);
        };
        let found_node_id = u128_at(bytes, 48);
        let is_whole =
            |seed| field(bytes, 16) == MAGIC && checksum(bytes, seed) == u128_at(bytes, 0);
        let version = u32_at(bytes, 24);
        if !is_whole(seed_of(node_id)) {
            let is_foreign = version == SEGMENT_VERSION && is_whole(seed_of(found_node_id));
            let foreign = HeaderError::Foreign(found_node_id);
            return Err(if is_foreign { foreign } else { HeaderError::Damaged });
        }
        if version != SEGMENT_VERSION {
            return Err(HeaderError::NewerVersion(version));
        }
        // The seed is less than the whole id: another node's may be the same.
        if found_node_id != node_id {
            return Err(HeaderError::Foreign(found_node_id));
        }
        Ok(Self {
            first_number: u64_at(bytes, 32),
            epoch: Epoch(u64_at(bytes, 40)),
            node_id: found_node_id,
            created_at: Timestamp(u64_at(bytes, 64)),
            state_digest: Digest(u128_at(bytes, 72)),
            previous_checksum: u128_at(bytes, 88),
            capacity: u64_at(bytes, 104),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: SegmentHeader = SegmentHeader {
        first_number: 7,
        epoch: Epoch(3),
        node_id: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10,
        created_at: Timestamp(1_700_000_000_000),
        state_digest: Digest(0xaabb),
        previous_checksum: 0xccdd,
        capacity: 4_096,
    };

    #[test]
    fn golden_bytes() {
        let hex: String = HEADER.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            concat!(
                "5c980517bc6fa236f390c20490f9209d",
                "484f4c445345474d",
                "01000000",
                "00000000",
                "0700000000000000",
                "0300000000000000",
                "100f0e0d0c0b0a090807060504030201",
                "0068e5cf8b010000",
                "bbaa0000000000000000000000000000",
                "ddcc0000000000000000000000000000",
                "0010000000000000",
                "00000000000000000000000000000000",
            )
        );
    }

    #[test]
    fn what_is_not_its_own_is_told_apart() {
        let bytes = HEADER.to_bytes();
        assert_eq!(SegmentHeader::read(&bytes, HEADER.node_id), Ok(HEADER));
        assert_eq!(
            SegmentHeader::read(&bytes, 5),
            Err(HeaderError::Foreign(HEADER.node_id)),
            "another node's segment is no damage"
        );
        let other_halves = HEADER.node_id.rotate_left(64);
        assert_eq!(
            SegmentHeader::read(&bytes, other_halves),
            Err(HeaderError::Foreign(HEADER.node_id)),
            "nor is it where the checksums of both have one seed"
        );
        assert_eq!(SegmentHeader::read(&bytes[..127], HEADER.node_id), Err(HeaderError::Damaged));
        for index in 0..HEADER_BYTES {
            let mut flipped = bytes;
            flipped[index] ^= 1;
            assert_eq!(SegmentHeader::read(&flipped, HEADER.node_id), Err(HeaderError::Damaged));
        }
    }

    #[test]
    fn a_newer_version_is_no_damage() {
        let mut bytes = HEADER.to_bytes();
        bytes[24] = 2;
        let sum = checksum(&bytes, seed_of(HEADER.node_id));
        bytes[..16].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(SegmentHeader::read(&bytes, HEADER.node_id), Err(HeaderError::NewerVersion(2)));
    }
    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_header_reads_back_and_no_flipped_bit_does(
            (first_number, epoch, node_id) in any::<(u64, u64, u128)>(),
            (created_at, state_digest) in any::<(u64, u128)>(),
            (previous_checksum, capacity) in any::<(u128, u64)>(),
            bit in 0..HEADER_BYTES * 8,
        ) {
            let header = SegmentHeader {
                first_number,
                epoch: Epoch(epoch),
                node_id,
                created_at: Timestamp(created_at),
                state_digest: Digest(state_digest),
                previous_checksum,
                capacity,
            };
            let mut bytes = header.to_bytes();
            prop_assert_eq!(SegmentHeader::read(&bytes, node_id), Ok(header));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(SegmentHeader::read(&bytes, node_id), Err(HeaderError::Damaged));
        }
    }
}
