//! Makes the checksums of segments right, after what `persistence/src/segment` says of them:
//! without that, hardly a mutation would be looked at behind the first of them.
//!
//! Must always hold: nothing else changes but what is computed from the rest, so that all that a
//! mutation did is still there to be found.

use xxhash_rust::xxh3::xxh3_128_with_seed;

const CHECKSUM_BYTES: usize = 16;
const HEADER_BYTES: usize = 128;
const RECORD_HEADER_BYTES: usize = 112;

/// Seals segments that follow each other.
pub(super) fn seal(segments: &mut [Vec<u8>], node_id: u128) {
    let seed = (node_id >> 64) as u64 ^ node_id as u64;
    let mut previous = None;
    for segment in segments {
        let length = segment.len() as u64;
        let Some((header, mut rest)) = segment.split_at_mut_checked(HEADER_BYTES) else { return };
        if let Some(previous) = previous {
            header[88..104].copy_from_slice(&u128::to_le_bytes(previous));
        }
        // It never has fewer bytes than it says.
        header[104..112].copy_from_slice(&length.to_le_bytes());
        put_checksum(header, seed);
        let mut checksum = u128_at(header, 88);
        while let Some(record) = split_record(&mut rest) {
            record[96..112].copy_from_slice(&checksum.to_le_bytes());
            checksum = put_checksum(record, seed);
        }
        previous = Some(checksum);
    }
}

/// The number that a segment's header says its first batch has.
pub(super) fn first_number(segment: &[u8]) -> u64 {
    let bytes = segment.get(32..40).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn put_checksum(bytes: &mut [u8], seed: u64) -> u128 {
    let sum = xxh3_128_with_seed(&bytes[CHECKSUM_BYTES..], seed);
    bytes[..CHECKSUM_BYTES].copy_from_slice(&sum.to_le_bytes());
    sum
}

/// The record in front, by the length that it says it has; `None` where there is none.
fn split_record<'a>(rest: &mut &'a mut [u8]) -> Option<&'a mut [u8]> {
    let length = u32::from_le_bytes(*rest.get(28..32)?.first_chunk()?) as usize;
    if length < RECORD_HEADER_BYTES {
        return None;
    }
    let (record, behind) = std::mem::take(rest).split_at_mut_checked(length)?;
    *rest = behind;
    Some(record)
}

fn u128_at(bytes: &[u8], offset: usize) -> u128 {
    u128::from_le_bytes(*bytes[offset..].first_chunk().expect("a header has more bytes"))
}
