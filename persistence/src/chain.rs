//! How batches follow each other: numbers in the whole journal, sequences and LSNs in each
//! shard, epochs that never fall, checksums that name the batch in front.
//!
//! Must always hold: writers and readers ask the same [`Chain`], so nothing is ever written that
//! the next start would refuse.

use inventory_core::digest::Digest;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::SHARDS;

use crate::batch::Batch;
use crate::segment::record::RecordHeader;

/// Where a journal stands: its last batch, and the last of each shard.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The number of the last batch; zero before the first.
    pub(crate) last_number: u64,
    /// Its checksum.
    pub(crate) last_checksum: u128,
    /// Its epoch.
    pub(crate) last_epoch: Epoch,
    /// The sum of the digests of all shards behind it.
    pub(crate) state_digest: Digest,
    shards: Vec<ShardEnd>,
}

#[derive(Clone, Copy, Debug, Default)]
struct ShardEnd {
    sequence: u64,
    lsn: Lsn,
    digest: Digest,
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
            shards: vec![ShardEnd::default(); usize::from(SHARDS)],
        }
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
        let shard = header.shard;
        let end = self.shards.get(usize::from(shard.0)).ok_or(Break::Shard(shard))?;
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
        self.state_digest = self.state_digest.minus(end.digest).plus(header.digest_after);
        *end = ShardEnd {
            sequence: header.sequence,
            lsn: Lsn(header.first_lsn.0 + u64::from(header.fact_count) - 1),
            digest: header.digest_after,
        };
        self.last_number = header.number;
        self.last_checksum = checksum;
        self.last_epoch = header.epoch;
    }

    /// The last LSN of a shard; zero before its first fact.
    pub(crate) fn last_lsn(&self, shard: ShardId) -> Lsn {
        self.shards.get(usize::from(shard.0)).map_or(Lsn(0), |end| end.lsn)
    }

    /// How many shards have facts.
    pub(crate) fn shards_in_use(&self) -> usize {
        self.shards.iter().filter(|end| end.sequence > 0).count()
    }
}
