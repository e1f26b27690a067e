//! How batches follow each other: numbers in the whole journal, sequences and LSNs in each
//! shard, epochs that never fall, checksums that name the batch in front.
//!
//! Must always hold: writers and readers ask the same [`Chain`], so nothing is ever written that
//! the next start would refuse. A chain that begins in the middle without a snapshot knows of a
//! shard only what it has seen; all else it asks as strictly.

use inventory_core::digest::Digest;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::SHARDS;

use crate::batch::Batch;
use crate::segment::header::SegmentHeader;
use crate::segment::record::RecordHeader;

/// What no number of anything that was written is: another one has to be able to follow.
pub(crate) const LAST: u64 = u64::MAX;

/// Where a journal stands: its last batch, and the last of each shard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Chain {
    /// The number of the last batch; zero before the first.
    pub(crate) last_number: u64,
    /// Its checksum.
    pub(crate) last_checksum: u128,
    /// Its epoch.
    pub(crate) last_epoch: Epoch,
    /// The sum of the digests of all shards behind it.
    pub(crate) state_digest: Digest,
    /// Where each shard stands; `None` where the history in front is not known.
    shards: Vec<Option<ShardEnd>>,
}

/// The last batch of a shard.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ShardEnd {
    /// Its sequence; zero before the first.
    pub(crate) sequence: u64,
    /// The LSN of its last fact; zero before the first.
    pub(crate) lsn: Lsn,
    /// The shard's digest behind it.
    pub(crate) digest: Digest,
}

/// How a batch does not follow the one in front of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Break {
    /// Another number.
    #[error("batch number {found} where {expected} belongs")]
    Number {
        /// What it has.
        found: u64,
        /// What follows.
        expected: u64,
    },
    /// Another history.
    #[error("batch {number} does not name the checksum of the batch in front of it")]
    Checksum {
        /// The batch.
        number: u64,
    },
    /// No such shard.
    #[error("shard {0} of {SHARDS}")]
    Shard(ShardId),
    /// A lower epoch.
    #[error("epoch {found} behind epoch {last}")]
    Epoch {
        /// What it has.
        found: Epoch,
        /// What was in front.
        last: Epoch,
    },
    /// Another sequence.
    #[error("sequence {found} of shard {shard} where {expected} belongs")]
    Sequence {
        /// The shard.
        shard: ShardId,
        /// What it has.
        found: u64,
        /// What follows.
        expected: u64,
    },
    /// The last number there is. Nobody has counted that far, and nothing could follow it.
    #[error(
        "batch {number} has a number, a sequence, an epoch or an LSN behind which there is none"
    )]
    Last {
        /// The batch.
        number: u64,
    },
    /// Another LSN.
    #[error("LSN {found} of shard {shard} where {expected} belongs")]
    Lsn {
        /// The shard.
        shard: ShardId,
        /// What it has.
        found: Lsn,
        /// What follows.
        expected: Lsn,
    },
}

impl Chain {
    /// The beginning of every journal.
    pub(crate) fn new() -> Self {
        Self {
            last_number: 0,
            last_checksum: 0,
            last_epoch: Epoch(0),
            state_digest: Digest(0),
            shards: vec![Some(ShardEnd::default()); usize::from(SHARDS)],
        }
    }

    /// In front of a segment, as far as its header tells.
    pub(crate) fn in_front_of(header: &SegmentHeader) -> Self {
        Self {
            last_number: header.first_number.saturating_sub(1),
            last_checksum: header.previous_checksum,
            // Epochs rise; which one was in front is not known.
            last_epoch: Epoch(0),
            state_digest: header.state_digest,
            shards: vec![None; usize::from(SHARDS)],
        }
    }

    /// As a snapshot says. `None` unless it is all of [`SHARDS`] shards, and something can follow.
    pub(crate) fn restored(
        (last_number, last_checksum, last_epoch): (u64, u128, Epoch),
        shards: Vec<ShardEnd>,
    ) -> Option<Self> {
        let digest = shards.iter().fold(Digest(0), |sum, end| sum.plus(end.digest));
        let mut numbers = shards.iter().flat_map(|end| [end.sequence, end.lsn.0]);
        let is_last = [last_number, last_epoch.0].contains(&LAST) || numbers.any(|of| of == LAST);
        (shards.len() == usize::from(SHARDS) && !is_last).then(|| Self {
            last_number,
            last_checksum,
            last_epoch,
            state_digest: digest,
            shards: shards.into_iter().map(Some).collect(),
        })
    }

    /// The header that makes `batch` the next of the journal.
    pub(crate) fn header_of(&self, batch: &Batch, durable_number: u64) -> RecordHeader {
        let fact_count = u32::try_from(batch.facts().len()).expect("a batch's facts are bounded");
        RecordHeader {
            number: self.last_number + 1,
            durable_number,
            previous_checksum: self.last_checksum,
            shard: batch.shard(),
            epoch: batch.epoch(),
            sequence: batch.sequence(),
            first_lsn: batch.first_lsn(),
            fact_count,
            digest_after: batch.digest_after(),
        }
    }

    /// Whether a record follows.
    pub(crate) fn check(&self, header: &RecordHeader) -> Result<(), Break> {
        let expected = self.last_number + 1;
        if header.number != expected {
            return Err(Break::Number { found: header.number, expected });
        }
        if header.previous_checksum != self.last_checksum {
            return Err(Break::Checksum { number: header.number });
        }
        if header.epoch < self.last_epoch {
            return Err(Break::Epoch { found: header.epoch, last: self.last_epoch });
        }
        let behind = header.first_lsn.0.checked_add(u64::from(header.fact_count));
        if [header.number, header.epoch.0, header.sequence].contains(&LAST) || behind.is_none() {
            return Err(Break::Last { number: header.number });
        }
        let shard = header.shard;
        let end = self.shards.get(usize::from(shard.0)).ok_or(Break::Shard(shard))?;
        let Some(end) = end else { return Ok(()) };
        let expected = end.sequence + 1;
        if header.sequence != expected {
            return Err(Break::Sequence { shard, found: header.sequence, expected });
        }
        let expected = end.lsn.next();
        if header.first_lsn != expected {
            return Err(Break::Lsn { shard, found: header.first_lsn, expected });
        }
        Ok(())
    }

    /// Moves behind a record that [`Chain::check`] let through.
    pub(crate) fn advance(&mut self, header: &RecordHeader, checksum: u128) {
        let end = &mut self.shards[usize::from(header.shard.0)];
        let before = end.map_or(Digest(0), |end| end.digest);
        self.state_digest = self.state_digest.minus(before).plus(header.digest_after);
        *end = Some(ShardEnd {
            sequence: header.sequence,
            lsn: Lsn(header.first_lsn.0.saturating_add(u64::from(header.fact_count) - 1)),
            digest: header.digest_after,
        });
        self.last_number = header.number;
        self.last_checksum = checksum;
        self.last_epoch = header.epoch;
    }

    /// Where a shard stands; `None` if that is not known, or if there is no such shard.
    pub(crate) fn end_of(&self, shard: ShardId) -> Option<ShardEnd> {
        self.shards.get(usize::from(shard.0)).copied().flatten()
    }

    /// How many shards have facts, as far as it is known.
    pub(crate) fn shards_in_use(&self) -> usize {
        self.shards.iter().flatten().filter(|end| end.sequence > 0).count()
    }

    /// Whether it knows where every shard stands, and so the digest of them all.
    pub(crate) fn is_complete(&self) -> bool {
        self.shards.iter().all(Option::is_some)
    }
}

/// A place between two batches from which a journal can be read on: in front of its first, or
/// where a snapshot was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Position(pub(crate) Chain);

impl Position {
    /// In front of the first batch.
    pub fn first() -> Self {
        Self(Chain::new())
    }

    /// The number of the batch behind it.
    pub fn next_number(&self) -> u64 {
        self.0.last_number + 1
    }

    /// The sequence that the next batch of a shard has.
    pub fn next_sequence(&self, shard: ShardId) -> u64 {
        self.0.end_of(shard).map_or(1, |end| end.sequence + 1)
    }

    /// The last LSN of a shard; zero before its first fact.
    pub fn last_lsn(&self, shard: ShardId) -> Lsn {
        self.0.end_of(shard).map_or(Lsn(0), |end| end.lsn)
    }

    /// The digest of a shard's state.
    pub fn digest(&self, shard: ShardId) -> Digest {
        self.0.end_of(shard).map_or(Digest(0), |end| end.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: RecordHeader = RecordHeader {
        number: 1,
        durable_number: 0,
        previous_checksum: 0,
        shard: ShardId(0),
        epoch: Epoch(1),
        sequence: 1,
        first_lsn: Lsn(1),
        fact_count: 2,
        digest_after: Digest(0),
    };

    #[test]
    fn what_nothing_could_follow_does_not_follow() {
        // As far as a segment in the middle tells, so that any sequence and LSN may be next.
        let chain = Chain { shards: vec![None; usize::from(SHARDS)], ..Chain::new() };
        assert_eq!(chain.check(&HEADER), Ok(()));
        let last = Err(Break::Last { number: 1 });
        assert_eq!(chain.check(&RecordHeader { epoch: Epoch(LAST), ..HEADER }), last);
        assert_eq!(chain.check(&RecordHeader { sequence: LAST, ..HEADER }), last);
        assert_eq!(chain.check(&RecordHeader { first_lsn: Lsn(LAST - 1), ..HEADER }), last);
        let fits = RecordHeader { first_lsn: Lsn(LAST - 2), ..HEADER };
        assert_eq!(chain.check(&fits), Ok(()));
        let at_the_end = Chain { last_number: LAST - 1, ..chain };
        let number = RecordHeader { number: LAST, ..HEADER };
        assert_eq!(at_the_end.check(&number), Err(Break::Last { number: LAST }));
    }

    #[test]
    fn a_snapshot_that_nothing_could_follow_is_none() {
        let restored = |number, epoch, end: ShardEnd| {
            Chain::restored((number, 0, Epoch(epoch)), vec![end; usize::from(SHARDS)]).is_some()
        };
        let end = ShardEnd::default();
        assert!(restored(LAST - 1, LAST - 1, end));
        assert!(!restored(LAST, 1, end));
        assert!(!restored(1, LAST, end));
        assert!(!restored(1, 1, ShardEnd { sequence: LAST, ..end }));
        assert!(!restored(1, 1, ShardEnd { lsn: Lsn(LAST), ..end }));
    }
}
