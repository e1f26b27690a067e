//! Hashes that are part of what is stored: the fingerprint of a command and the digest of a
//! shard's state. Neither may ever change its meaning.

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use crate::command::Part;
use crate::ids::SeatIndex;

/// A hash over what a command asks for, built field by field.
pub struct Fingerprint(u64);

impl Fingerprint {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "an empty fingerprint is not a default value")]
    pub fn new() -> Self {
        Self(0)
    }

    /// Adds bytes; their length is part of the hash.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0 = xxh3_64_with_seed(bytes, self.0.wrapping_add(bytes.len() as u64));
        self
    }

    /// Adds a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a discriminant.
    pub fn tag(&mut self, tag: u8) -> &mut Self {
        self.bytes(&[tag])
    }

    /// Adds a number.
    pub fn u64(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    /// Adds a number.
    pub fn u128(&mut self, number: u128) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    /// Adds a number or its absence.
    pub fn option(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            None => self.tag(0),
            Some(number) => self.tag(1).u64(number),
        }
    }

    /// Adds seats in the order given.
    pub fn seats(&mut self, seats: &[SeatIndex]) -> &mut Self {
        self.u64(seats.len() as u64);
        for seat in seats {
            self.u64(u64::from(seat.0));
        }
        self
    }

    /// Adds a part of a hold or an allocation.
    pub fn part(&mut self, part: &Part) -> &mut Self {
        match part {
            Part::Whole => self.tag(0),
            Part::Seats(seats) => self.tag(1).seats(seats),
        }
    }

    /// The hash.
    pub fn finish(&self) -> u64 {
        self.0
    }
}

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
