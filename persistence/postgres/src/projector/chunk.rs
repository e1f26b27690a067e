//! What one transaction writes: some batches of the journal, summed up.

use inventory_core::ids::{Lsn, ShardId};
use persistence::dir::DataDirPaths;
use persistence::file::StoredBatch;
use persistence::file::error::Error as JournalError;
use persistence::file::follower::Follower;

use crate::changes::Changes;
use crate::claim::{Claim, Refusal};
use crate::error::Error;
use crate::limits::CHUNK_BYTES_MAX;
use crate::waiting::waiting;

/// Some batches, and the number of the last one.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) number: u64,
    pub(super) changes: Changes,
}

impl Chunk {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.changes.facts == 0
    }
}

/// Reads the journal from where the projection stands. Files are read on threads of the runtime
/// that may wait.
pub(super) struct Reader {
    follower: Follower,
    /// The last fact of each shard that is projected or in a chunk.
    lsns: Vec<Lsn>,
    /// What did not fit into the last chunk.
    rest: Option<StoredBatch>,
}

impl Reader {
    pub(super) async fn open(paths: DataDirPaths, claim: &Claim) -> Result<Self, Error> {
        let (lsns, next) = (claim.lsns.clone(), claim.number + 1);
        waiting(move || match Follower::open(&paths, next) {
            Ok(follower) => Ok(Self { follower, lsns, rest: None }),
            Err(JournalError::HistoryGone { first_number, .. }) => {
                Err(Box::new(Refusal::Pruned { next, first_number }).into())
            }
            Err(error) => Err(error.into()),
        })
        .await
    }

    /// Whether there is anything to read of what is durable.
    pub(super) fn is_behind(&self, durable: u64) -> bool {
        self.rest.is_some() || self.follower.next_number() <= durable
    }

    /// The next chunk: about so many facts.
    pub(super) async fn read(
        mut self,
        durable: u64,
        facts_max: usize,
    ) -> Result<(Self, Chunk), Error> {
        if !self.is_behind(durable) {
            return Ok((self, Chunk::default()));
        }
        waiting(move || {
            let chunk = self.read_now(durable, facts_max)?;
            Ok((self, chunk))
        })
        .await
    }

    fn read_now(&mut self, durable: u64, facts_max: usize) -> Result<Chunk, Error> {
        let mut chunk = Chunk::default();
        let mut bytes = 0;
        loop {
            let next = match self.rest.take() {
                Some(rest) => Some(rest),
                None => self.follower.next_batch(durable)?,
            };
            let Some(stored) = next else { return Ok(chunk) };
            let batch = &stored.batch;
            let last = &mut self.lsns[usize::from(batch.shard().0)];
            // It is there already: the number is written with facts alone.
            if batch.last_lsn() <= *last {
                continue;
            }
            if batch.first_lsn() != last.next() {
                let (shard, lsn): (ShardId, Lsn) = (batch.shard(), last.next());
                return Err(JournalError::FactMissing { shard, lsn }.into());
            }
            bytes += stored.bytes;
            let facts = chunk.changes.facts + batch.facts().len();
            if !chunk.is_empty() && (facts > facts_max || bytes > CHUNK_BYTES_MAX) {
                self.rest = Some(stored);
                return Ok(chunk);
            }
            *last = batch.last_lsn();
            chunk.changes.take(batch);
            chunk.number = stored.number;
        }
    }
}
