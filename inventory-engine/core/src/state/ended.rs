//! Holds that are over, remembered for a while so that who comes late is told what happened.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use crate::digest::{Digest, Kind};
use crate::hashing::SeededState;
use crate::ids::{BuyerId, EventId, HoldId};
use crate::state::hold::Canonical;
use crate::time::Timestamp;

/// How a hold ended: by what took its last seat.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// Its deadline passed.
    Expired = 1,
    /// Its buyer gave it back.
    Released = 2,
    /// It was sold.
    Allocated = 3,
}

/// A hold that is over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndedHold {
    /// Its id.
    pub id: HoldId,
    /// Its event.
    pub event_id: EventId,
    /// Whose it was.
    pub buyer_id: BuyerId,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at: Timestamp,
}

impl EndedHold {
    pub(crate) fn canonical(&self) -> Canonical {
        Canonical::new()
            .put(&self.id.0.to_le_bytes())
            .put(&self.event_id.0.to_le_bytes())
            .put(&[self.ending as u8])
            .put(&self.at.0.to_le_bytes())
            .put(self.buyer_id.as_str().as_bytes())
    }
}

/// The newest of them, up to a number: a row that grows at one end and goes at the other, and an
/// index of places in it, so small that it stays at hand.
#[derive(Debug)]
pub(crate) struct EndedHolds {
    kept_max: usize,
    hashing: SeededState,
    oldest_first: VecDeque<EndedHold>,
    /// How many were forgotten: the first of the row has this number. Numbers begin anew after
    /// 2^32, of which far fewer are kept at a time.
    forgotten: u32,
    by_id: HashTable<Slot>,
}

/// The number of an ended hold, with its hash, so that an index that grows looks at no hold.
#[derive(Debug)]
struct Slot {
    hash: u32,
    number: u32,
}

impl EndedHolds {
    pub(crate) fn new(kept_max: usize, hashing: SeededState) -> Self {
        let (oldest_first, by_id) = (VecDeque::new(), HashTable::new());
        Self { kept_max, hashing, oldest_first, forgotten: 0, by_id }
    }

    pub(crate) fn get(&self, hold_id: HoldId) -> Option<&EndedHold> {
        let hash = self.hash(hold_id);
        let is_it = |slot: &Slot| slot.hash == hash && self.at(slot.number).id == hold_id;
        self.by_id.find(spread(hash), is_it).map(|slot| self.at(slot.number))
    }

    /// Makes room for so many more, so that nothing grows more than once.
    pub(crate) fn reserve(&mut self, count: usize) {
        self.by_id.reserve(count, |slot| spread(slot.hash));
        self.oldest_first.reserve(count);
    }

    pub(crate) fn oldest_first(&self) -> impl Iterator<Item = &EndedHold> {
        self.oldest_first.iter()
    }

    /// Remembers a hold that is not remembered yet, and forgets the oldest if these are too many.
    pub(crate) fn remember(&mut self, ended: EndedHold, digest: &mut Digest) {
        digest.add(Kind::EndedHold, ended.canonical().as_slice());
        let number = self.forgotten.wrapping_add(self.oldest_first.len() as u32);
        let hash = self.hash(ended.id);
        self.by_id.insert_unique(spread(hash), Slot { hash, number }, |slot| spread(slot.hash));
        self.oldest_first.push_back(ended);
        if self.oldest_first.len() > self.kept_max
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            let (hash, number) = (self.hash(oldest.id), self.forgotten);
            let found = self.by_id.find_entry(spread(hash), |slot| slot.number == number);
            found.expect("what is remembered is in the index").remove();
            self.forgotten = number.wrapping_add(1);
            digest.remove(Kind::EndedHold, oldest.canonical().as_slice());
        }
    }

    fn at(&self, number: u32) -> &EndedHold {
        &self.oldest_first[number.wrapping_sub(self.forgotten) as usize]
    }

    fn hash(&self, hold_id: HoldId) -> u32 {
        self.hashing.hash_one(hold_id) as u32
    }
}

/// A table looks at the highest and at the lowest bits of a hash.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(number: u64) -> EndedHold {
        EndedHold {
            id: HoldId(u128::from(number) << 64),
            event_id: EventId(1),
            buyer_id: BuyerId::new("ann").unwrap(),
            ending: Ending::Released,
            at: Timestamp(number),
        }
    }

    #[test]
    fn the_newest_are_found_and_the_digest_is_theirs() {
        let (mut holds, mut digest) = (EndedHolds::new(50, SeededState(7)), Digest::default());
        // Shortly before numbers begin anew.
        holds.forgotten = u32::MAX - 120;
        for number in 1..=500_u64 {
            holds.remember(ended(number), &mut digest);
            let kept = number.saturating_sub(49).max(1)..=number;
            for known in 1..=number {
                let found = holds.get(HoldId(u128::from(known) << 64));
                assert_eq!(found.cloned(), kept.contains(&known).then(|| ended(known)));
            }
            assert_eq!(holds.by_id.len(), holds.oldest_first.len());
        }
        let mut of_what_is_left = Digest::default();
        for ended in holds.oldest_first() {
            of_what_is_left.add(Kind::EndedHold, ended.canonical().as_slice());
        }
        assert_eq!(digest, of_what_is_left);
        assert_eq!(
            holds.oldest_first().map(|ended| ended.at.0).collect::<Vec<_>>()[..2],
            [451, 452]
        );
    }

    /// Among so many ids two have the same 32 bits of hash; the index is not to mix them up.
    #[test]
    fn holds_of_one_hash_are_told_apart() {
        let mut holds = EndedHolds::new(50, SeededState(7));
        let mut by_hash = std::collections::BTreeMap::new();
        let alike = (1..1_000_000).find_map(|number| {
            let before = by_hash.insert(holds.hash(ended(number).id), number)?;
            Some((before, number))
        });
        let (remembered, stranger) = alike.expect("a million ids, four billion hashes");
        holds.remember(ended(remembered), &mut Digest::default());
        assert_eq!(holds.get(ended(remembered).id), Some(&ended(remembered)));
        assert_eq!(holds.get(ended(stranger).id), None);
        holds.remember(ended(stranger), &mut Digest::default());
        assert_eq!(holds.get(ended(remembered).id), Some(&ended(remembered)));
        assert_eq!(holds.get(ended(stranger).id), Some(&ended(stranger)));
    }
}
