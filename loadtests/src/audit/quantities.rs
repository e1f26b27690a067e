//! What has a capacity and no seats of its own: areas with their places, ticket types with
//! their quotas. Counted from the journal's facts alone; more than there is, or less than
//! nothing, is reported.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::fact::JournalRecord;
use super::{Findings, Kind};
use crate::seat_map::{ALLOCATED, AVAILABLE, BLOCKED, HELD};

/// Something with a capacity, in an event.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Pool {
    /// An area, by its index.
    Area(u64, u32),
    /// A ticket type, by its index.
    TicketType(u64, u16),
}

/// How much of each pool a hold or an allocation has.
pub(crate) type Shares = BTreeMap<(u32, Option<u16>), u64>;

/// How many of a pool are held, sold and blocked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Taken {
    pub(crate) held: i64,
    pub(crate) allocated: i64,
    pub(crate) blocked: i64,
}

impl Taken {
    fn of(&mut self, status: u8) -> Option<&mut i64> {
        match status {
            HELD => Some(&mut self.held),
            ALLOCATED => Some(&mut self.allocated),
            BLOCKED => Some(&mut self.blocked),
            _ => None,
        }
    }

    fn sum(self) -> i64 {
        self.held + self.allocated + self.blocked
    }
}

/// Every pool that a fact has touched.
#[derive(Debug, Default)]
pub(crate) struct Quantities {
    taken: HashMap<Pool, Taken>,
    capacities: HashMap<Pool, u32>,
}

impl Quantities {
    /// Says how much of a pool there is.
    pub(crate) fn set_capacity(&mut self, pool: Pool, capacity: u32) {
        self.capacities.insert(pool, capacity);
    }

    /// How much of a pool is taken.
    pub(crate) fn taken(&self, pool: Pool) -> Taken {
        self.taken.get(&pool).copied().unwrap_or_default()
    }

    /// Moves what a fact names from one state to another.
    pub(crate) fn turn(
        &mut self,
        fact: &Arc<JournalRecord>,
        from: u8,
        to: u8,
        findings: &mut Findings,
    ) {
        let event = fact.event_id;
        let mut moved: BTreeMap<Pool, i64> = BTreeMap::new();
        for places in &fact.areas {
            *moved.entry(Pool::Area(event, places.area)).or_default() += i64::from(places.count);
            if let Some(ticket_type) = places.ticket_type {
                let pool = Pool::TicketType(event, ticket_type);
                *moved.entry(pool).or_default() += i64::from(places.count);
            }
        }
        for ticket_type in fact.seat_types.iter().flatten() {
            *moved.entry(Pool::TicketType(event, *ticket_type)).or_default() += 1;
        }
        for (pool, count) in moved {
            self.turn_pool(fact, pool, (from, to), count, findings);
        }
    }

    fn turn_pool(
        &mut self,
        fact: &Arc<JournalRecord>,
        pool: Pool,
        (from, to): (u8, u8),
        count: i64,
        findings: &mut Findings,
    ) {
        let taken = self.taken.entry(pool).or_default();
        if let Some(left) = taken.of(from) {
            *left -= count;
            if *left < 0 {
                *left = 0;
                let message = format!("the fact takes {count} of {pool:?} that are not there");
                findings.add(Kind::FactImpossible, None, message, vec![fact.evidence()]);
            }
        }
        if let Some(more) = taken.of(to) {
            *more += count;
        }
        let Some(&capacity) = self.capacities.get(&pool) else { return };
        if from == AVAILABLE && taken.sum() > i64::from(capacity) {
            let message =
                format!("{} of {pool:?} are taken, and there are {capacity}", taken.sum());
            findings.add(Kind::Oversold, None, message, vec![fact.evidence()]);
        }
    }
}

/// What a fact adds to a hold or an allocation.
pub(crate) fn shares_of(fact: &JournalRecord) -> Shares {
    let mut shares = Shares::new();
    for places in &fact.areas {
        *shares.entry((places.area, places.ticket_type)).or_default() += u64::from(places.count);
    }
    shares
}

/// Takes a fact's places out of what a hold or an allocation has. False if it has less.
pub(crate) fn take(shares: &mut Shares, fact: &JournalRecord) -> bool {
    let mut is_all_there = true;
    for (share, count) in shares_of(fact) {
        let had = shares.get(&share).copied().unwrap_or(0);
        is_all_there &= had >= count;
        if had > count {
            shares.insert(share, had - count);
        } else {
            shares.remove(&share);
        }
    }
    is_all_there
}
