//! The digest of a shard's state. It is stored with every batch, so it may never change its
//! meaning.

use xxhash_rust::xxh3::xxh3_128_with_seed;

/// The digest of a state: the wrapping sum of a keyed hash of each of its entities, so that an
/// entity is added and taken away in any order, and digests of shards add up to a node's.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Digest(pub u128);

/// What kind of entity a hash is of; the key of the hash.
#[repr(u64)]
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Event = 1,
    Seat = 2,
    Hold = 3,
    Allocation = 4,
    Request = 5,
    EndedHold = 6,
    History = 7,
    Area = 8,
}

impl Digest {
    /// Adds an entity by its canonical bytes.
    pub(crate) fn add(&mut self, kind: Kind, bytes: &[u8]) {
        self.0 = self.0.wrapping_add(xxh3_128_with_seed(bytes, kind as u64));
    }

    /// Takes away what [`Digest::add`] added.
    pub(crate) fn remove(&mut self, kind: Kind, bytes: &[u8]) {
        self.0 = self.0.wrapping_sub(xxh3_128_with_seed(bytes, kind as u64));
    }

    /// The digest of two states together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// The digest of a state without a part of it.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}
