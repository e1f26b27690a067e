//! A batch: what one shard decided at one moment, the unit that the journal keeps whole.
//!
//! Must always hold: a batch has at least one fact, its LSNs rise by one, and nothing in it is
//! longer than the encoding can read back.

use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::{
    AREA_LINES_MAX, EVENT_NAME_BYTES_MAX, SHARDS, TICKET_TYPE_CATEGORIES_MAX,
    TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX,
};
use inventory_core::ticket_type::TicketType;

use crate::limits::{BATCH_FACTS_MAX, FACT_SEATS_MAX};

/// Facts of one shard that become durable together or not at all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch {
    shard: ShardId,
    epoch: Epoch,
    sequence: u64,
    facts: Vec<Arc<Fact>>,
    digest_after: Digest,
}

/// Why facts do not make a batch. Each is a mistake of who made the batch: nothing was written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// There is no such shard.
    #[error("shard {0} does not exist; there are {SHARDS}")]
    UnknownShard(ShardId),
    /// Nothing to write.
    #[error("a batch of shard {0} has no facts")]
    Empty(ShardId),
    /// Too many facts for one batch.
    #[error("a batch may have {BATCH_FACTS_MAX} facts; this one has {0}: split it")]
    TooManyFacts(usize),
    /// The LSNs of the facts do not rise by one.
    #[error("fact {found} follows fact {before} in one batch; LSNs rise by one")]
    Gap {
        /// The LSN in front.
        before: Lsn,
        /// The LSN behind it.
        found: Lsn,
    },
    /// A fact names more seats than can be read back.
    #[error("fact {lsn} names {seats} seats; one fact may name {FACT_SEATS_MAX}")]
    TooManySeats {
        /// The fact.
        lsn: Lsn,
        /// How many seats it names.
        seats: usize,
    },
    /// A fact has lists that are longer than can be read back.
    #[error("fact {lsn} has too many areas or ticket types, or too long a list with one")]
    ListTooLong {
        /// The fact.
        lsn: Lsn,
    },
    /// A fact has a name that is longer than can be read back.
    #[error("the event's name in fact {lsn} has {bytes} bytes; {EVENT_NAME_BYTES_MAX} may be")]
    NameTooLong {
        /// The fact.
        lsn: Lsn,
        /// How long the name is.
        bytes: usize,
    },
}

impl Batch {
    /// A batch of `facts`, the shard's `sequence`-th (the first is 1), that left the shard's
    /// state at `digest_after`.
    pub fn new(
        shard: ShardId,
        epoch: Epoch,
        sequence: u64,
        facts: Vec<Arc<Fact>>,
        digest_after: Digest,
    ) -> Result<Self, Error> {
        if shard.0 >= SHARDS {
            return Err(Error::UnknownShard(shard));
        }
        if facts.is_empty() {
            return Err(Error::Empty(shard));
        }
        if facts.len() > BATCH_FACTS_MAX {
            return Err(Error::TooManyFacts(facts.len()));
        }
        for pair in facts.windows(2) {
            let (before, found) = (pair[0].lsn, pair[1].lsn);
            if before.0.checked_add(1) != Some(found.0) {
                return Err(Error::Gap { before, found });
            }
        }
        facts.iter().try_for_each(|fact| check_lengths(fact))?;
        Ok(Self { shard, epoch, sequence, facts, digest_after })
    }

    /// Whose facts these are.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// The epoch of the writer that decided them.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Which batch of its shard this is: the first is 1, each next one more.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The facts, in order.
    pub fn facts(&self) -> &[Arc<Fact>] {
        &self.facts
    }

    /// The LSN of the first fact.
    pub fn first_lsn(&self) -> Lsn {
        self.facts.first().expect("a batch has at least one fact").lsn
    }

    /// The LSN of the last fact.
    pub fn last_lsn(&self) -> Lsn {
        self.facts.last().expect("a batch has at least one fact").lsn
    }

    /// The digest of the shard's state once the facts are applied.
    pub fn digest_after(&self) -> Digest {
        self.digest_after
    }
}

fn check_lengths(fact: &Fact) -> Result<(), Error> {
    let too_long = Err(Error::ListTooLong { lsn: fact.lsn });
    if let Change::EventCreated { name, ticket_types, .. } = &fact.change {
        if name.len() > EVENT_NAME_BYTES_MAX {
            return Err(Error::NameTooLong { lsn: fact.lsn, bytes: name.len() });
        }
        let fits = |ticket_type: &TicketType| {
            ticket_type.key.len() <= TICKET_TYPE_KEY_BYTES_MAX
                && ticket_type.categories.len() <= TICKET_TYPE_CATEGORIES_MAX
        };
        if ticket_types.len() > TICKET_TYPES_MAX || !ticket_types.iter().all(fits) {
            return too_long;
        }
    }
    let Some((spots, _, _)) = fact.change.spots_moved() else { return Ok(()) };
    if spots.seats.len() > FACT_SEATS_MAX {
        return Err(Error::TooManySeats { lsn: fact.lsn, seats: spots.seats.len() });
    }
    if spots.areas.len() > AREA_LINES_MAX { too_long } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use inventory_core::ids::{EventId, SeatIndex};
    use inventory_core::spots::Spots;
    use inventory_core::time::Timestamp;

    use super::*;

    fn fact(lsn: u64, seats: usize) -> Arc<Fact> {
        Arc::new(Fact {
            lsn: Lsn(lsn),
            at: Timestamp(5),
            event_id: EventId(1),
            request: None,
            change: Change::SpotsBlocked { spots: Spots::of_seats(vec![SeatIndex(7); seats]) },
        })
    }

    fn batch_of(shard: u16, facts: Vec<Arc<Fact>>) -> Result<Batch, Error> {
        Batch::new(ShardId(shard), Epoch(1), 1, facts, Digest(0))
    }

    #[test]
    fn what_could_not_be_read_back_is_no_batch() {
        let batch = batch_of(3, vec![fact(8, 1), fact(9, 1)]).unwrap();
        assert_eq!((batch.first_lsn(), batch.last_lsn()), (Lsn(8), Lsn(9)));
        assert_eq!(batch_of(SHARDS, vec![fact(1, 1)]), Err(Error::UnknownShard(ShardId(SHARDS))));
        assert_eq!(batch_of(3, Vec::new()), Err(Error::Empty(ShardId(3))));
        assert_eq!(
            batch_of(3, vec![fact(8, 1), fact(10, 1)]),
            Err(Error::Gap { before: Lsn(8), found: Lsn(10) })
        );
        assert_eq!(
            batch_of(3, vec![fact(1, FACT_SEATS_MAX + 1)]),
            Err(Error::TooManySeats { lsn: Lsn(1), seats: FACT_SEATS_MAX + 1 })
        );
        let many = (1..=BATCH_FACTS_MAX as u64 + 1).map(|lsn| fact(lsn, 0)).collect();
        assert_eq!(batch_of(3, many), Err(Error::TooManyFacts(BATCH_FACTS_MAX + 1)));
    }
}
