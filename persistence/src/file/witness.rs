//! What lies behind the place where the batches stop, and what it says of what stood there.

use std::collections::BTreeMap;

use inventory_core::ids::{Lsn, ShardId};

use super::error::{Lost, LostLsns};
use crate::chain::Chain;
use crate::segment::record::RecordHeader;

/// Batches that verify alone behind a place where one does not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witnesses {
    /// The highest number that any of them says was durable.
    pub(crate) durable_number: u64,
    first_number: Option<u64>,
    first_lsns: BTreeMap<ShardId, Lsn>,
}

impl Witnesses {
    pub(crate) fn add_all(&mut self, headers: impl Iterator<Item = RecordHeader>) {
        for header in headers {
            self.durable_number = self.durable_number.max(header.durable_number);
            let first = self.first_number.get_or_insert(header.number);
            *first = (*first).min(header.number);
            let lsn = self.first_lsns.entry(header.shard).or_insert(header.first_lsn);
            *lsn = (*lsn).min(header.first_lsn);
        }
    }

    /// What is missing between a chain and these.
    pub(crate) fn lost_behind(&self, chain: &Chain) -> Lost {
        let first_number = chain.last_number + 1;
        let before_readable = self.first_number.and_then(|number| number.checked_sub(1));
        let durable = (self.durable_number > 0).then_some(self.durable_number);
        let last_number = before_readable.or(durable).filter(|last| *last >= first_number);
        let lsns = self.first_lsns.iter().filter_map(|(&shard, &readable)| {
            let first = chain.end_of(shard)?.lsn.next();
            let last = Lsn(readable.0.saturating_sub(1));
            (first <= last).then_some(LostLsns { shard, first, last })
        });
        Lost { first_number, last_number, lsns: lsns.collect() }
    }
}
