//! A fast hash for maps whose keys callers choose. Such a map is never iterated where the order
//! could be seen, so the seed may differ from process to process and from machine to machine.

use std::hash::{BuildHasher, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A hash of a few numbers that everybody computes alike, now and later.
pub(crate) fn hash_u64s(words: &[u64]) -> u64 {
    words.iter().fold(0, |seed, word| xxh3_64_with_seed(&word.to_le_bytes(), seed.wrapping_add(1)))
}

/// Builds XXH3 hashers over one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeededState(pub(crate) u64);

impl Default for SeededState {
    /// A seed that everybody knows: for maps whose keys are no stranger's, and for tests.
    fn default() -> Self {
        // "Holdfast" in ASCII. Any number would do.
        Self(0x486f_6c64_6661_7374)
    }
}

impl BuildHasher for SeededState {
    type Hasher = Chained;

    fn build_hasher(&self) -> Chained {
        Chained(self.0)
    }
}

/// A hasher in which each write is hashed with the result of the ones before as its seed.
pub(crate) struct Chained(u64);

impl Hasher for Chained {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }
}
