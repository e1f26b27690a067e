//! Limits counted in this process: what decides where there is no Redis, and while it is away.
//!
//! Keys are chosen by whoever sends requests, so each limit has a fixed number of places. A key
//! may lie in one of a few of them; when others have these, **the one that has spent least is
//! forgotten**, which gives away the least, and never the one that is closest to its limit.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::gcra::{note, spend};
use super::{Charge, Limit, Refusal};
use crate::limits::{LIMIT_KEY_PLACES, LIMIT_KEYS_MAX};

/// What is known of every key, limit by limit.
#[derive(Debug)]
pub(super) struct Local {
    since: Instant,
    tables: Mutex<[Table; Limit::ALL.len()]>,
}

/// The keys of one limit. Empty until the first one.
#[derive(Debug, Default)]
struct Table(Vec<Place>);

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    key: [u8; 16],
    /// When it has nothing spent any more; 0 if the place is free.
    done_at: u64,
}

impl Local {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), tables: Mutex::default() }
    }

    /// Microseconds since it was made, never 0.
    pub(super) fn now(&self) -> u64 {
        self.since.elapsed().as_micros() as u64 + 1
    }

    /// Spends one request of each key, or of none.
    ///
    /// # Errors
    /// The limit that has to wait longest.
    pub(super) fn admit(&self, charges: &[Charge], now: u64) -> Result<(), Refusal> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let mut refusal: Option<Refusal> = None;
        for charge in charges {
            let done_at = tables[charge.limit as usize].done_at(&charge.key);
            if let Err(wait_micros) = spend(done_at, now, charge.pace)
                && refusal.is_none_or(|known| wait_micros > known.wait_micros)
            {
                refusal = Some(Refusal { limit: charge.limit, wait_micros });
            }
        }
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        for charge in charges {
            tables[charge.limit as usize].note(charge, now);
        }
        Ok(())
    }

    /// Counts what Redis has admitted, so that who was close to a limit there is close to it here
    /// if Redis goes away.
    pub(super) fn note(&self, charges: &[Charge], now: u64) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        for charge in charges {
            tables[charge.limit as usize].note(charge, now);
        }
    }
}

impl Table {
    fn places(&self, key: &[u8; 16]) -> std::ops::Range<usize> {
        // A key is a digest: any of its bytes are as good as a hash.
        let number = u64::from_le_bytes(key.first_chunk().copied().unwrap_or_default()) as usize;
        let first = number % (LIMIT_KEYS_MAX / LIMIT_KEY_PLACES) * LIMIT_KEY_PLACES;
        first..first + LIMIT_KEY_PLACES
    }

    fn done_at(&self, key: &[u8; 16]) -> u64 {
        let places = self.0.get(self.places(key)).unwrap_or_default();
        places.iter().find(|place| place.key == *key).map_or(0, |place| place.done_at)
    }

    fn note(&mut self, charge: &Charge, now: u64) {
        if self.0.is_empty() {
            self.0 = vec![Place::default(); LIMIT_KEYS_MAX];
        }
        let range = self.places(&charge.key);
        let places = &mut self.0[range];
        let own = places.iter().position(|place| place.key == charge.key);
        let least = || (0..places.len()).min_by_key(|index| places[*index].done_at);
        let Some(index) = own.or_else(least) else { return };
        let known = if own.is_some() { places[index].done_at } else { 0 };
        places[index] = Place { key: charge.key, done_at: note(known, now, charge.pace) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limits::RateLimit;

    fn charge(limit: Limit, key: u64, rate: &str) -> Charge {
        let mut bytes = [7; 16];
        bytes[..8].copy_from_slice(&key.to_le_bytes());
        Charge { limit, key: bytes, pace: rate.parse::<RateLimit>().unwrap().pace() }
    }

    #[test]
    fn a_refusal_spends_nothing_of_any_key() {
        let local = Local::new();
        let user = charge(Limit::User, 1, "2/s");
        let event = charge(Limit::Event, 1, "1/m");
        assert_eq!(local.admit(&[user, event], 1), Ok(()));
        // The event refuses, however often: the user has one left all the same.
        for now in 2..5 {
            let refusal = local.admit(&[user, event], now).unwrap_err();
            assert_eq!((refusal.limit, refusal.wait_micros), (Limit::Event, 60_000_001 - now));
        }
        assert_eq!(local.admit(&[user], 5), Ok(()));
        let refusal = local.admit(&[user], 5).unwrap_err();
        assert_eq!((refusal.limit, refusal.wait_micros), (Limit::User, 499_996));
    }

    #[test]
    fn keys_and_limits_are_told_apart_and_noted_ones_count() {
        let local = Local::new();
        let ann = charge(Limit::User, 1, "1/s");
        assert_eq!(local.admit(&[ann], 1), Ok(()));
        assert!(local.admit(&[ann], 1).is_err());
        assert_eq!(local.admit(&[charge(Limit::User, 2, "1/s")], 1), Ok(()));
        assert_eq!(local.admit(&[charge(Limit::Address, 1, "1/s")], 1), Ok(()));
        let noted = charge(Limit::User, 3, "1/s");
        local.note(&[noted], 1);
        assert!(local.admit(&[noted], 1).is_err());
    }

    #[test]
    fn who_is_close_to_a_limit_is_not_forgotten_for_others() {
        let local = Local::new();
        let greedy = charge(Limit::Address, 0, "10/s");
        for _ in 0..10 {
            assert_eq!(local.admit(&[greedy], 1), Ok(()));
        }
        // More other keys for the same places than there are, each with one request.
        let sets = (LIMIT_KEYS_MAX / LIMIT_KEY_PLACES) as u64;
        for other in 1..=3 * LIMIT_KEY_PLACES as u64 {
            assert_eq!(local.admit(&[charge(Limit::Address, other * sets, "10/s")], 2), Ok(()));
        }
        assert!(local.admit(&[greedy], 3).is_err(), "it was forgotten");
        let tables = local.tables.lock().unwrap();
        assert_eq!(tables[Limit::Address as usize].0.len(), LIMIT_KEYS_MAX);
    }
}
