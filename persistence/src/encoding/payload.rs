//! Payloads of batches to bytes, and back: a version byte, and then the facts. Their LSNs are not
//! in it: they rise by one from the first, which the batch's header has.

use std::sync::Arc;

use inventory_core::encoding::{DecodeError, FACT_BYTES_MIN, Problem, Reader, Writer};
use inventory_core::fact::Fact;
use inventory_core::ids::Lsn;

use super::check_version;
use crate::limits::BATCH_FACTS_MAX;

/// The version that this release writes, and the only one that it reads.
pub const PAYLOAD_VERSION: u8 = 2;

/// Appends the payload of a batch of `facts`. What [`crate::batch::Batch::new`] accepted always
/// reads back.
pub fn write_facts(facts: &[Arc<Fact>], out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.u8(PAYLOAD_VERSION);
    facts.iter().for_each(|fact| writer.fact(fact));
}

/// The `count` facts of a payload; the first has `first_lsn`.
pub fn read_facts(payload: &[u8], first_lsn: Lsn, count: usize) -> Result<Vec<Fact>, DecodeError> {
    let mut reader = Reader::new(payload);
    check_version(&mut reader, PAYLOAD_VERSION)?;
    reader.at_most("a batch", count, BATCH_FACTS_MAX)?;
    reader.ensure(count.saturating_mul(FACT_BYTES_MIN))?;
    if first_lsn.0.checked_add(count as u64).is_none() {
        return Err(reader.error(Problem::LsnOverflow { first_lsn, count }));
    }
    let facts = (0..count as u64)
        .map(|index| reader.fact(Lsn(first_lsn.0 + index)))
        .collect::<Result<Vec<Fact>, DecodeError>>()?;
    match reader.left() {
        0 => Ok(facts),
        left => Err(reader.error(Problem::Trailing(left))),
    }
}
