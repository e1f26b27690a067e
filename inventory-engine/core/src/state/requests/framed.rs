//! Facts in a row of bytes, each behind its length: how both kinds of remembered requests keep
//! theirs.

use crate::encoding::EncodedFact;
use crate::fact::RequestMark;

/// Bytes of a length.
const LENGTH_BYTES: usize = 4;

/// Bytes that a fact takes.
pub(super) fn framed_bytes(fact: EncodedFact<'_>) -> usize {
    LENGTH_BYTES + fact.bytes().len()
}

/// Appends a fact, and says where it begins.
pub(super) fn append(bytes: &mut Vec<u8>, fact: EncodedFact<'_>) -> usize {
    let start = bytes.len();
    bytes.extend_from_slice(&(fact.bytes().len() as u32).to_le_bytes());
    bytes.extend_from_slice(fact.bytes());
    start
}

/// The fact that begins at `start`.
pub(super) fn fact_at(bytes: &[u8], start: usize) -> EncodedFact<'_> {
    let length = bytes[start..].first_chunk::<LENGTH_BYTES>().expect("a fact begins here");
    let start = start + LENGTH_BYTES;
    EncodedFact::again(&bytes[start..start + u32::from_le_bytes(*length) as usize])
}

/// Its request; what is remembered has one.
pub(super) fn request_at(bytes: &[u8], start: usize) -> RequestMark {
    fact_at(bytes, start).request().expect("what is remembered is remembered by its request")
}
