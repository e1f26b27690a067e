//! Facts that stay bytes until somebody asks for one: each is its LSN and then what a
//! [`Writer`] writes of it, so that what is most often asked stands at a fixed place.
//!
//! Must always hold: bytes come into these types from a fact, or read back in full, so that
//! reading them again cannot fail.

use super::{DecodeError, FACT_BYTES_MIN, Reader, Writer};
use crate::fact::{Fact, RequestMark};
use crate::ids::{EventId, Lsn, RequestId};
use crate::time::Timestamp;

/// The fewest bytes of a fact with its LSN.
const ENCODED_BYTES_MIN: usize = 8 + FACT_BYTES_MIN;

const AT: usize = 8;
const EVENT_ID: usize = 16;
const HAS_REQUEST: usize = 24;
const REQUEST_ID: usize = 25;
const FINGERPRINT: usize = 41;

/// One fact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EncodedFact<'a>(&'a [u8]);

impl<'a> EncodedFact<'a> {
    /// Writes a fact in the place of what `out` has.
    pub fn write(fact: &Fact, out: &'a mut Vec<u8>) -> Self {
        out.clear();
        append(fact, out);
        Self(out)
    }

    /// What [`EncodedFact::bytes`] gave of another one.
    pub(crate) fn again(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// All of it.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// Its place in its shard's history.
    pub fn lsn(self) -> Lsn {
        Lsn(self.u64(0))
    }

    /// When it was decided.
    pub fn at(self) -> Timestamp {
        Timestamp(self.u64(AT))
    }

    /// The event that it changes.
    pub fn event_id(self) -> EventId {
        EventId(self.u64(EVENT_ID))
    }

    /// The request that asked for it.
    pub fn request(self) -> Option<RequestMark> {
        (self.0[HAS_REQUEST] == 1).then(|| {
            let id = RequestId::new(u128::from_le_bytes(self.array(REQUEST_ID)));
            let id = id.expect("what was written or read back is an id");
            RequestMark { id, fingerprint: self.u64(FINGERPRINT) }
        })
    }

    /// All that it says.
    pub fn decode(self) -> Fact {
        let mut reader = Reader::new(self.0);
        let fact = reader.u64().and_then(|lsn| reader.fact(Lsn(lsn)));
        fact.expect("what was written, or read back, reads back")
    }

    fn u64(self, at: usize) -> u64 {
        u64::from_le_bytes(self.array(at))
    }

    fn array<const N: usize>(self, at: usize) -> [u8; N] {
        *self.0[at..].first_chunk().expect("a fact has as many bytes as its frame")
    }
}

/// Facts, one behind the other.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EncodedFacts {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl EncodedFacts {
    /// How many these are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = EncodedFact<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let bounds = self.ends.iter().zip(starts);
        bounds.map(|(&end, start)| EncodedFact(&self.bytes[start..end]))
    }

    /// Appends a fact.
    pub fn push(&mut self, fact: EncodedFact<'_>) {
        self.bytes.extend_from_slice(fact.bytes());
        self.ends.push(self.bytes.len());
    }

    /// Reads `count` facts back, and goes on behind them.
    ///
    /// # Errors
    /// If any is not a fact.
    pub fn read(reader: &mut Reader<'_>, count: usize) -> Result<Self, DecodeError> {
        reader.ensure(count.saturating_mul(ENCODED_BYTES_MIN))?;
        let unread = reader.unread();
        let mut ends = Vec::with_capacity(count);
        for _ in 0..count {
            let lsn = Lsn(reader.u64()?);
            reader.fact(lsn)?;
            ends.push(unread.len() - reader.left());
        }
        let bytes = unread[..ends.last().copied().unwrap_or(0)].to_vec();
        Ok(Self { bytes, ends })
    }
}

impl<'a> FromIterator<&'a Fact> for EncodedFacts {
    fn from_iter<I: IntoIterator<Item = &'a Fact>>(facts: I) -> Self {
        let mut all = Self::default();
        for fact in facts {
            append(fact, &mut all.bytes);
            all.ends.push(all.bytes.len());
        }
        all
    }
}

fn append(fact: &Fact, out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.u64(fact.lsn.0);
    writer.fact(fact);
}
