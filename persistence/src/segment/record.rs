//! The record of a batch: a header, the encoded facts, zeros up to the alignment.
//!
//! Must always hold: the checksum covers all of it, the checksum of the record in front
//! included, so a record proves the whole history before it; and a record can be verified alone,
//! so that what lies behind damage can be found.

use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::fact::Fact;
use inventory_core::ids::{Epoch, Lsn, ShardId};

use super::{checksum, field, u16_at, u32_at, u64_at, u128_at};
use crate::encoding::write_facts;
use crate::limits::{BATCH_FACTS_MAX, RECORD_ALIGNMENT, RECORD_BYTES_MAX, RECORD_HEADER_BYTES};

/// The version that this release writes, and the newest it reads.
pub(crate) const RECORD_VERSION: u16 = 1;

const MAGIC: [u8; 8] = *b"HOLDBTCH";

/// What a record says of its batch.
///
/// | bytes | field |
/// |---|---|
/// | 0..16 | checksum of all that follows in the record |
/// | 16..24 | magic |
/// | 24..26 | version |
/// | 26..28 | shard |
/// | 28..32 | bytes of the record, padding included |
/// | 32..40 | epoch |
/// | 40..48 | sequence in its shard |
/// | 48..56 | number in the journal |
/// | 56..64 | first LSN |
/// | 64..68 | facts |
/// | 68..72 | bytes of the payload |
/// | 72..80 | durable number |
/// | 80..96 | digest of the shard after it |
/// | 96..112 | checksum of the record in front |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RecordHeader {
    /// Which batch of the whole journal this is; the first is 1.
    pub(crate) number: u64,
    /// The highest number that was durable when this one was written.
    pub(crate) durable_number: u64,
    /// The checksum of the record in front; zero if there is none.
    pub(crate) previous_checksum: u128,
    pub(crate) shard: ShardId,
    pub(crate) epoch: Epoch,
    pub(crate) sequence: u64,
    pub(crate) first_lsn: Lsn,
    pub(crate) fact_count: u32,
    pub(crate) digest_after: Digest,
}

/// A record that verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Record<'a> {
    pub(crate) header: RecordHeader,
    pub(crate) checksum: u128,
    pub(crate) payload: &'a [u8],
    /// Bytes of the whole record.
    pub(crate) bytes: usize,
}

/// What stands where a record may begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Found<'a> {
    Record(Record<'a>),
    /// Space that was never written.
    Nothing,
    /// Something that does not verify.
    Damaged,
    /// Whole, but of a newer release.
    NewerVersion(u16),
}

/// Appends the record of a batch; returns its checksum.
pub(crate) fn write(
    header: &RecordHeader,
    facts: &[Arc<Fact>],
    seed: u64,
    out: &mut Vec<u8>,
) -> u128 {
    let start = out.len();
    out.resize(start + RECORD_HEADER_BYTES, 0);
    write_facts(facts, out);
    let payload_bytes = out.len() - start - RECORD_HEADER_BYTES;
    let record_bytes = (out.len() - start).next_multiple_of(RECORD_ALIGNMENT);
    out.resize(start + record_bytes, 0);

    let record = &mut out[start..];
    let length = |bytes: usize| {
        u32::try_from(bytes).expect("the limits of a batch keep its record below 4 GiB")
    };
    record[16..24].copy_from_slice(&MAGIC);
    record[24..26].copy_from_slice(&RECORD_VERSION.to_le_bytes());
    record[26..28].copy_from_slice(&header.shard.0.to_le_bytes());
    record[28..32].copy_from_slice(&length(record_bytes).to_le_bytes());
    record[32..40].copy_from_slice(&header.epoch.0.to_le_bytes());
    record[40..48].copy_from_slice(&header.sequence.to_le_bytes());
    record[48..56].copy_from_slice(&header.number.to_le_bytes());
    record[56..64].copy_from_slice(&header.first_lsn.0.to_le_bytes());
    record[64..68].copy_from_slice(&header.fact_count.to_le_bytes());
    record[68..72].copy_from_slice(&length(payload_bytes).to_le_bytes());
    record[72..80].copy_from_slice(&header.durable_number.to_le_bytes());
    record[80..96].copy_from_slice(&header.digest_after.0.to_le_bytes());
    record[96..112].copy_from_slice(&header.previous_checksum.to_le_bytes());
    let sum = checksum(record, seed);
    record[..16].copy_from_slice(&sum.to_le_bytes());
    sum
}

/// Reads what begins at the beginning of `bytes`, the rest of a segment.
pub(crate) fn read(bytes: &[u8], seed: u64) -> Found<'_> {
    if bytes.len() < RECORD_HEADER_BYTES || field(bytes, 16) != MAGIC {
        let start = &bytes[..bytes.len().min(RECORD_HEADER_BYTES)];
        let is_unused = start.iter().all(|byte| *byte == 0);
        return if is_unused { Found::Nothing } else { Found::Damaged };
    }
    let record_bytes = u32_at(bytes, 28) as usize;
    let fits = (RECORD_HEADER_BYTES..=RECORD_BYTES_MAX.min(bytes.len())).contains(&record_bytes)
        && record_bytes.is_multiple_of(RECORD_ALIGNMENT);
    if !fits {
        return Found::Damaged;
    }
    let record = &bytes[..record_bytes];
    let found_checksum = u128_at(record, 0);
    if checksum(record, seed) != found_checksum {
        return Found::Damaged;
    }
    let version = u16_at(record, 24);
    if version != RECORD_VERSION {
        return Found::NewerVersion(version);
    }
    let header = RecordHeader {
        number: u64_at(record, 48),
        durable_number: u64_at(record, 72),
        previous_checksum: u128_at(record, 96),
        shard: ShardId(u16_at(record, 26)),
        epoch: Epoch(u64_at(record, 32)),
        sequence: u64_at(record, 40),
        first_lsn: Lsn(u64_at(record, 56)),
        fact_count: u32_at(record, 64),
        digest_after: Digest(u128_at(record, 80)),
    };
    let payload_bytes = u32_at(record, 68) as usize;
    let payload_end = RECORD_HEADER_BYTES.saturating_add(payload_bytes);
    let has_facts = (1..=BATCH_FACTS_MAX).contains(&(header.fact_count as usize));
    match record.get(RECORD_HEADER_BYTES..payload_end) {
        Some(payload) if has_facts => {
            Found::Record(Record { header, checksum: found_checksum, payload, bytes: record_bytes })
        }
        _ => Found::Damaged,
    }
}

/// The records that verify alone from `offset` of a segment on, looked for at every place where
/// one may begin.
pub(crate) fn find_all(
    bytes: &[u8],
    offset: usize,
    seed: u64,
) -> impl Iterator<Item = RecordHeader> {
    let mut at = offset.next_multiple_of(RECORD_ALIGNMENT);
    std::iter::from_fn(move || {
        while at < bytes.len() {
            // Most places are unused, and told from a record by its magic alone.
            if bytes.get(at + 16..at + 24) == Some(MAGIC.as_slice())
                && let Found::Record(record) = read(&bytes[at..], seed)
            {
                at += record.bytes;
                return Some(record.header);
            }
            at += RECORD_ALIGNMENT;
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use inventory_core::fact::Change;
    use inventory_core::ids::{EventId, SeatIndex};
    use inventory_core::spots::Spots;
    use inventory_core::strategies::fact;
    use inventory_core::time::Timestamp;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::encoding::read_facts;

    const HEADER: RecordHeader = RecordHeader {
        number: 12,
        durable_number: 9,
        previous_checksum: 0xccdd,
        shard: ShardId(200),
        epoch: Epoch(3),
        sequence: 5,
        first_lsn: Lsn(40),
        fact_count: 1,
        digest_after: Digest(0xaabb),
    };

    fn facts() -> Vec<Arc<Fact>> {
        let spots = Spots::of_seats([SeatIndex(1), SeatIndex(2)]);
        let change = Change::SpotsBlocked { spots };
        let (lsn, at) = (Lsn(40), Timestamp(1_700_000_000_000));
        vec![Arc::new(Fact { lsn, at, event_id: EventId(1), request: None, change })]
    }

    fn record() -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&HEADER, &facts(), 77, &mut bytes);
        bytes
    }

    #[test]
    fn golden_bytes() {
        let hex: String = record().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            concat!(
                "cb1f0cd8090cdbaa5c486ec7b16ef5f6",
                "484f4c4442544348",
                "0100",
                "c800",
                "c0000000",
                "0300000000000000",
                "0500000000000000",
                "0c00000000000000",
                "2800000000000000",
                "01000000",
                "22000000",
                "0900000000000000",
                "bbaa0000000000000000000000000000",
                "ddcc0000000000000000000000000000",
                "02",
                "0068e5cf8b010000",
                "0100000000000000",
                "00",
                "08",
                "02000000000100000002000000",
                "0000",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0000000000000000000000000000",
            )
        );
    }

    #[test]
    fn it_reads_back_and_no_flipped_bit_does() {
        let bytes = record();
        let Found::Record(found) = read(&bytes, 77) else { panic!("a whole record") };
        assert_eq!((found.header, found.bytes), (HEADER, bytes.len()));
        let read_back = read_facts(found.payload, Lsn(40), 1).unwrap();
        assert_eq!(read_back, [facts()[0].as_ref().clone()]);
        for index in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[index] ^= 0x10;
            assert_eq!(read(&flipped, 77), Found::Damaged, "byte {index}");
        }
        for length in 1..bytes.len() {
            assert_eq!(read(&bytes[..length], 77), Found::Damaged, "cut to {length}");
        }
        assert_eq!(read(&bytes, 78), Found::Damaged, "of another node");
        assert_eq!(read(&[0; 512], 77), Found::Nothing);
        assert_eq!(read(&[], 77), Found::Nothing);
    }

    #[test]
    fn a_newer_version_is_no_damage() {
        let mut bytes = record();
        bytes[24] = 9;
        let sum = checksum(&bytes, 77);
        bytes[..16].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(read(&bytes, 77), Found::NewerVersion(9));
    }

    #[test]
    fn whole_records_are_found_behind_damage() {
        let mut bytes = vec![0xee; 192];
        bytes.extend(record());
        bytes.extend([0; 128]);
        bytes.extend(record());
        assert_eq!(find_all(&bytes, 1, 77).collect::<Vec<_>>(), [HEADER, HEADER]);
        assert_eq!(find_all(&bytes, 193, 77).count(), 1);
    }
    fn any_header() -> impl Strategy<Value = RecordHeader> {
        let numbers = any::<(u64, u64, u128, u16)>();
        (numbers, any::<(u64, u64, u64, u128)>()).prop_map(|(first, second)| {
            let (number, durable_number, previous_checksum, shard) = first;
            let (epoch, sequence, first_lsn, digest) = second;
            RecordHeader {
                number,
                durable_number,
                previous_checksum,
                shard: ShardId(shard),
                epoch: Epoch(epoch),
                sequence,
                first_lsn: Lsn(first_lsn / 2),
                fact_count: 0,
                digest_after: Digest(digest),
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_record_reads_back_and_no_flipped_bit_does(
            mut header in any_header(),
            mut facts in vec(fact(), 1..5),
            seed in any::<u64>(),
            (bit, length) in any::<(Index, Index)>(),
        ) {
            header.fact_count = facts.len() as u32;
            for (lsn, fact) in (header.first_lsn.0..).zip(&mut facts) {
                fact.lsn = Lsn(lsn);
            }
            let shared: Vec<_> = facts.iter().cloned().map(Arc::new).collect();
            // It may stand behind others, and others behind it.
            let mut bytes = vec![1; RECORD_ALIGNMENT];
            let sum = write(&header, &shared, seed, &mut bytes);
            let mut record = bytes.split_off(RECORD_ALIGNMENT);
            let bytes = record.len();
            record.extend([7; 9]);
            let Found::Record(found) = read(&record, seed) else { panic!("a whole record") };
            prop_assert_eq!((found.header, found.checksum, found.bytes), (header, sum, bytes));
            let read_back = read_facts(found.payload, header.first_lsn, facts.len());
            prop_assert_eq!(read_back, Ok(facts));

            let length = length.index(bytes - 1) + 1;
            prop_assert_eq!(read(&record[..length], seed), Found::Damaged, "cut to {}", length);
            let bit = bit.index(bytes * 8);
            record[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(read(&record, seed), Found::Damaged, "bit {} flipped", bit);
        }
    }
}
