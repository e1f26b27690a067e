//! Holds and allocations: who has which spots, and until when.

use crate::digest::{Digest, Kind};
use crate::ids::{AllocationId, BuyerId, EventId, HoldId};
use crate::limits::BUYER_ID_BYTES_MAX;
use crate::spots::Spots;
use crate::time::Timestamp;

/// Spots kept for one buyer until a deadline. It lives as long as it has any.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Its event.
    pub event_id: EventId,
    /// The only one who may extend, release and allocate it.
    pub buyer_id: BuyerId,
    /// What it has.
    pub spots: Spots,
    /// From this point in time on it is over, whether its expiry was written or not.
    pub deadline: Timestamp,
    /// How often it was extended.
    pub extensions: u16,
}

/// Sold spots. It lives as long as it has any.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Allocation {
    /// Its id.
    pub id: AllocationId,
    /// The hold that it was.
    pub hold_id: HoldId,
    /// Its event.
    pub event_id: EventId,
    /// Whose they are.
    pub buyer_id: BuyerId,
    /// What it has.
    pub spots: Spots,
    /// When they were sold.
    pub allocated_at: Timestamp,
}

/// Room for the longest canonical form: numbers and a buyer id.
const CANONICAL_BYTES_MAX: usize = 64 + BUYER_ID_BYTES_MAX;

/// A few numbers and a text, one after the other, without an allocation.
pub(crate) struct Canonical {
    bytes: [u8; CANONICAL_BYTES_MAX],
    len: usize,
}

impl Canonical {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; CANONICAL_BYTES_MAX], len: 0 }
    }

    pub(crate) fn put(mut self, bytes: &[u8]) -> Self {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
        self
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Hold {
    /// Which seats it has stands in the seats themselves; here how many, and the rest.
    fn canonical(&self) -> Canonical {
        Canonical::new()
            .put(&self.id.0.to_le_bytes())
            .put(&self.event_id.0.to_le_bytes())
            .put(&self.deadline.0.to_le_bytes())
            .put(&self.extensions.to_le_bytes())
            .put(&(self.spots.seats.len() as u32).to_le_bytes())
            .put(&self.spots.canonical().to_le_bytes())
            .put(self.buyer_id.as_str().as_bytes())
    }

    pub(crate) fn add_to(&self, digest: &mut Digest) {
        digest.add(Kind::Hold, self.canonical().as_slice());
    }

    pub(crate) fn remove_from(&self, digest: &mut Digest) {
        digest.remove(Kind::Hold, self.canonical().as_slice());
    }
}

impl Allocation {
    fn canonical(&self) -> Canonical {
        Canonical::new()
            .put(&self.id.0.to_le_bytes())
            .put(&self.hold_id.0.to_le_bytes())
            .put(&self.event_id.0.to_le_bytes())
            .put(&self.allocated_at.0.to_le_bytes())
            .put(&(self.spots.seats.len() as u32).to_le_bytes())
            .put(&self.spots.canonical().to_le_bytes())
            .put(self.buyer_id.as_str().as_bytes())
    }

    pub(crate) fn add_to(&self, digest: &mut Digest) {
        digest.add(Kind::Allocation, self.canonical().as_slice());
    }

    pub(crate) fn remove_from(&self, digest: &mut Digest) {
        digest.remove(Kind::Allocation, self.canonical().as_slice());
    }
}
