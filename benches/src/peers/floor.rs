//! The floor of the core: the same transitions with nothing that makes them worth having, on an
//! array of seats and a hash map of holds; and beside it the core itself, `decide` and `apply`
//! without a journal. One thread each, in this process.
//!
//! Only transitions are timed: picks are drawn and commands are written outside of the clock, some
//! thousand at a time, and take most of a round. Single operations are shorter than a look at the
//! clock, so there are no latencies. When all events are sold, it begins anew.

mod core;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use inventory_core::fact::Fact;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::measured::Measured;
use crate::workload::{Fate, Load, Pick, Sale};

/// Holds that are placed, and then ended, under one clock.
const HOLDS_AT_ONCE: usize = 1_024;
/// Events that take the places of those that are sold.
const EVENTS_BEHIND: u32 = 15;

/// Who sells seats in this process.
trait Seller {
    /// What is asked of it, in its own words.
    type Ask;
    /// A hold as its buyer knows it.
    type Held;

    /// Gets an event ready that will be asked for.
    fn prepare(&mut self, event: u32);
    fn ask_place(&mut self, pick: Pick) -> Self::Ask;
    fn ask_end(&mut self, held: &Self::Held, fate: Fate) -> Self::Ask;
    fn place(&mut self, ask: &Self::Ask) -> Option<Self::Held>;
    fn end(&mut self, ask: &Self::Ask) -> bool;
}

/// An array of seats and a hash map of holds.
pub fn bare(load: &Load) -> Measured {
    sell(load, || Bare::new(load.seats))
}

/// `decide` and `apply`.
pub fn core(load: &Load) -> Measured {
    sell(load, || core::Core::new(load.seats))
}

/// The first `count` facts that the core makes of a load, one buyer behind the other.
///
/// # Errors
/// If the load's first event has not as many seats.
pub fn facts(load: &Load, count: usize) -> anyhow::Result<Vec<Arc<Fact>>> {
    let (sale, mut core) = (Sale::new(1, load.seats, 1), core::Core::new(load.seats));
    let mut random = ChaCha8Rng::seed_from_u64(load.seed);
    core.prepare(0);
    let mut facts = Vec::with_capacity(count + 1);
    while facts.len() < count {
        let pick = sale.next_place(&mut random).context("an event has no seats for so many")?;
        let fate = sale.fate(&mut random);
        facts.extend(core.sell(pick, fate).context("the core refuses what nobody has")?);
        match fate {
            Fate::Allocate => sale.sold(&pick),
            Fate::Release => sale.released(&pick),
        }
    }
    facts.truncate(count);
    Ok(facts)
}

/// Sells for as long as the load says, drawing picks and writing commands included.
fn sell<S: Seller>(load: &Load, new: impl Fn() -> S) -> Measured {
    let mut random = ChaCha8Rng::seed_from_u64(load.seed);
    let mut measured = Measured::nothing(Duration::ZERO);
    let mut spent = Duration::ZERO;
    let until = load.warm_up + load.measured;
    while spent < until {
        let sale = Sale::new(load.events, load.seats, load.events + EVENTS_BEHIND);
        let mut seller = new();
        (0..sale.events_in_all()).for_each(|event| seller.prepare(event));
        while spent < until {
            let begun = Instant::now();
            let picks: Vec<Pick> =
                (0..HOLDS_AT_ONCE).map_while(|_| sale.next_place(&mut random)).collect();
            let round = round(&mut seller, &sale, &mut random, &picks);
            if spent >= load.warm_up {
                measured.confirmed += round.confirmed;
                measured.refused += round.refused;
                measured.took += round.took;
            }
            spent += begun.elapsed();
            if picks.len() < HOLDS_AT_ONCE {
                break;
            }
        }
    }
    measured
}

/// Places all picks, then ends all holds.
fn round<S: Seller>(
    seller: &mut S,
    sale: &Sale,
    random: &mut ChaCha8Rng,
    picks: &[Pick],
) -> Measured {
    let mut measured = Measured::nothing(Duration::ZERO);
    let places: Vec<S::Ask> = picks.iter().map(|&pick| seller.ask_place(pick)).collect();
    let mut held: Vec<Option<S::Held>> = Vec::with_capacity(picks.len());
    let started = Instant::now();
    held.extend(places.iter().map(|ask| seller.place(ask)));
    measured.took += started.elapsed();

    let mut asked = Vec::with_capacity(picks.len());
    for (held, pick) in held.into_iter().zip(picks) {
        match held {
            Some(held) => {
                let fate = sale.fate(random);
                asked.push((seller.ask_end(&held, fate), fate, pick));
                measured.confirmed += 1;
            }
            None => measured.refused += 1,
        }
    }
    let started = Instant::now();
    let ended = asked.iter().filter(|(ask, ..)| seller.end(ask)).count() as u64;
    measured.took += started.elapsed();
    measured.confirmed += ended;
    measured.refused += asked.len() as u64 - ended;
    for (_, fate, pick) in asked {
        match fate {
            Fate::Allocate => sale.sold(pick),
            Fate::Release => sale.released(pick),
        }
    }
    measured
}

/// Nobody has the seat.
const FREE: u32 = 0;
/// It is sold.
const SOLD: u32 = u32::MAX;

/// By event and seat: who has it; holds by their numbers.
struct Bare {
    seats: u32,
    events: Vec<Vec<u32>>,
    holds: HashMap<u32, Pick, BuildHasherDefault<Multiply>>,
    holds_placed: u32,
}

/// Numbers that rise need no better hash.
#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(u32::from(byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
    }
}

/// What is asked of the floor.
enum BareAsk {
    Place(Pick),
    End(u32, Fate),
}

impl Bare {
    fn new(seats: u32) -> Self {
        Self { seats, events: Vec::new(), holds: HashMap::default(), holds_placed: 0 }
    }

    fn seats(&mut self, pick: &Pick) -> Option<[&mut u32; 2]> {
        let seats = self.events.get_mut(pick.event as usize)?;
        seats.get_disjoint_mut(pick.seats.map(|seat| seat as usize)).ok()
    }
}

impl Seller for Bare {
    type Ask = BareAsk;
    type Held = u32;

    fn prepare(&mut self, _: u32) {
        self.events.push(vec![FREE; self.seats as usize]);
    }

    fn ask_place(&mut self, pick: Pick) -> BareAsk {
        BareAsk::Place(pick)
    }

    fn ask_end(&mut self, &held: &u32, fate: Fate) -> BareAsk {
        BareAsk::End(held, fate)
    }

    fn place(&mut self, ask: &BareAsk) -> Option<u32> {
        let BareAsk::Place(pick) = ask else { return None };
        let number = self.holds_placed + 1;
        let seats = self.seats(pick)?;
        if seats.iter().any(|seat| **seat != FREE) {
            return None;
        }
        seats.into_iter().for_each(|seat| *seat = number);
        self.holds.insert(number, *pick);
        self.holds_placed = number;
        Some(number)
    }

    fn end(&mut self, ask: &BareAsk) -> bool {
        let BareAsk::End(number, fate) = ask else { return false };
        let Some(pick) = self.holds.remove(number) else { return false };
        let Some(seats) = self.seats(&pick) else { return false };
        let after = if *fate == Fate::Allocate { SOLD } else { FREE };
        seats.into_iter().for_each(|seat| *seat = after);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::until_confirmed;

    fn load(measured: Duration) -> Load {
        Load {
            events: 2,
            seats: 1_000,
            clients: 1,
            depth: 1,
            warm_up: Duration::ZERO,
            measured,
            seed: 3,
        }
    }

    /// Both refuse a seat that is taken and a hold that is over.
    fn refuses<S: Seller>(mut seller: S) {
        seller.prepare(0);
        let place = |seller: &mut S, seats| {
            let ask = seller.ask_place(Pick { event: 0, seats });
            seller.place(&ask)
        };
        let end = |seller: &mut S, held: &S::Held, fate| {
            let ask = seller.ask_end(held, fate);
            seller.end(&ask)
        };
        let first = place(&mut seller, [1, 2]).unwrap();
        assert!(place(&mut seller, [2, 3]).is_none(), "seat 2 is held");
        assert!(end(&mut seller, &first, Fate::Release));
        assert!(!end(&mut seller, &first, Fate::Allocate), "it was released");
        let second = place(&mut seller, [2, 3]).unwrap();
        assert!(end(&mut seller, &second, Fate::Allocate));
        assert!(place(&mut seller, [3, 4]).is_none(), "seat 3 is sold");
    }

    #[test]
    fn what_is_taken_is_refused() {
        refuses(Bare::new(1_000));
        refuses(core::Core::new(1_000));
    }

    #[tokio::test]
    async fn a_load_is_sold_without_refusals_and_begun_anew() {
        for side in [bare, core] {
            let round = async |measured| Ok(side(&load(measured)));
            let measured = until_confirmed(round).await.unwrap();
            assert_eq!(measured.refused, 0, "no two picks have a seat in common");
        }
    }
}
