//! The load that every side of a comparison gets: holds of two random seats, two in five of them
//! allocated and the rest released, on one hot event or spread over many.
//!
//! The generator remembers which seats are taken as far as it knows and picks among the others,
//! so that hardly anything is refused. An event of which nine tenths are taken is left for the
//! next one, which was created before the measurement.
//!
//! Must always hold: a seat that was picked is not picked again before it was released; one that
//! was refused is somebody else's and stays taken. All of it is a few atomics, since clients share
//! the processors with what they measure.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rand::{Rng, RngExt};

/// Of so many holds...
const HOLDS: u32 = 5;
/// ...so many are allocated; the rest is released.
const HOLDS_ALLOCATED: u32 = 2;

/// An event is left when so many tenths of its seats are taken: a pick then needs ten draws.
const TENTHS_TAKEN_MAX: u32 = 9;

/// An event of which no more than this part can be sold has nobody behind it: chance does not give
/// one of many events twice its share.
const PART_SOLD_ALONE_MAX: f64 = 0.5;

/// Clients that look at the same time may take two seats each beyond the nine tenths.
const SEATS_MIN: u32 = 200;

/// How a side is asked.
#[derive(Clone, Debug)]
pub struct Load {
    /// Events on sale at the same time.
    pub events: u32,
    /// Seats of each event.
    pub seats: u32,
    /// Connections.
    pub clients: usize,
    /// Operations in flight on each connection.
    pub depth: usize,
    /// Time in front of the measurement in which nothing counts.
    pub warm_up: Duration,
    /// The time that counts.
    pub measured: Duration,
    /// Where the picks come from.
    pub seed: u64,
}

impl Load {
    /// Events that have to be there for `rounds` rounds at no more than `per_second` operations
    /// a second: those on sale and those that take their places, a multiple of `events`.
    pub fn events_needed(&self, rounds: u32, per_second: f64) -> u32 {
        let secs = (self.warm_up + self.measured).as_secs_f64() * f64::from(rounds);
        // Two operations a hold of two seats: as many seats are held as operations are made.
        let sold = secs * per_second * f64::from(HOLDS_ALLOCATED) / f64::from(HOLDS);
        let of_an_event = f64::from(taken_max(self.seats));
        let events_sold = sold / of_an_event / f64::from(self.events);
        let refills =
            if events_sold <= PART_SOLD_ALONE_MAX { 0 } else { events_sold.ceil() as u32 };
        self.events * (1 + refills)
    }
}

/// How seats are chosen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Choice {
    /// The buyer names both seats: those of the pick.
    ById,
    /// The other side chooses two of the pick's event. The pick's own seats stand for them in the
    /// count of what is taken, and say nothing of where they are.
    BestAvailable,
}

/// What to place: two different seats of an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pick {
    /// The event's number, from 0.
    pub event: u32,
    /// The seats' indexes within it.
    pub seats: [u32; 2],
}

/// What becomes of a hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It is sold.
    Allocate,
    /// Its seats come back.
    Release,
}

/// What all clients of one side know of the sale. It goes on from round to round.
#[derive(Debug)]
pub struct Sale {
    seats: u32,
    lots: Box<[Lot]>,
    /// The event on sale at each place; the next one there is `places` further.
    on_sale: Box<[AtomicU32]>,
    sold: AtomicU64,
}

/// One event.
#[derive(Debug)]
struct Lot {
    /// A bit a seat: held or sold, or refused as somebody else's.
    taken: Box<[AtomicU64]>,
    taken_count: AtomicU32,
}

impl Sale {
    /// `events` at a time, each of `seats` seats; `events_in_all` of them are there.
    ///
    /// # Panics
    /// If there is not one event, or an event is so small that nine tenths leave no room.
    pub fn new(events: u32, seats: u32, events_in_all: u32) -> Self {
        assert!(events > 0 && events_in_all >= events, "{events_in_all} events for {events}");
        assert!(seats >= SEATS_MIN, "{seats} seats leave no room when nine tenths are taken");
        let lot = |_| Lot {
            taken: (0..seats.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            taken_count: AtomicU32::new(0),
        };
        Self {
            seats,
            lots: (0..events_in_all).map(lot).collect(),
            on_sale: (0..events).map(AtomicU32::new).collect(),
            sold: AtomicU64::new(0),
        }
    }

    /// The sale of a load, with as many events as `rounds` of it need at that rate.
    pub fn of(load: &Load, rounds: u32, per_second: f64) -> Self {
        Self::new(load.events, load.seats, load.events_needed(rounds, per_second))
    }

    /// Two seats to place, taken from now on. `None`: all events there are have been sold.
    pub fn next_place(&self, random: &mut impl Rng) -> Option<Pick> {
        let place = match self.on_sale.len() {
            1 => 0,
            places => random.random_range(0..places),
        };
        let mut event = self.on_sale[place].load(Relaxed);
        loop {
            let lot = self.lots.get(event as usize)?;
            if lot.taken_count.load(Relaxed) < taken_max(self.seats) {
                lot.taken_count.fetch_add(2, Relaxed);
                let seats = [lot.take(self.seats, random), lot.take(self.seats, random)];
                return Some(Pick { event, seats });
            }
            let next = event.saturating_add(self.on_sale.len() as u32);
            // Whoever comes second finds what the first has put.
            event = match self.on_sale[place].compare_exchange(event, next, Relaxed, Relaxed) {
                Ok(_) => next,
                Err(now) => now,
            };
        }
    }

    /// What is to become of a hold.
    pub fn fate(&self, random: &mut impl Rng) -> Fate {
        if random.random_ratio(HOLDS_ALLOCATED, HOLDS) { Fate::Allocate } else { Fate::Release }
    }

    /// The seats of a pick came back.
    pub fn released(&self, pick: &Pick) {
        let lot = &self.lots[pick.event as usize];
        pick.seats.iter().for_each(|seat| lot.give_back(*seat));
        lot.taken_count.fetch_sub(pick.seats.len() as u32, Relaxed);
    }

    /// The seats of a pick were sold: they stay taken, and are counted.
    pub fn sold(&self, pick: &Pick) {
        self.sold.fetch_add(pick.seats.len() as u64, Relaxed);
    }

    /// Seats sold so far.
    pub fn seats_sold(&self) -> u64 {
        self.sold.load(Relaxed)
    }

    /// Events that there are, sold ones and those to come among them.
    pub fn events_in_all(&self) -> u32 {
        self.lots.len() as u32
    }

    /// Events of which anything was taken or that were on sale.
    pub fn events_touched(&self) -> impl Iterator<Item = u32> {
        let places = self.on_sale.len();
        let reached =
            move |event: usize| self.on_sale[event % places].load(Relaxed) as usize >= event;
        (0..self.lots.len()).filter(move |event| reached(*event)).map(|event| event as u32)
    }
}

impl Lot {
    /// Takes a seat that is free, at random. Whoever calls has made sure that there are some.
    fn take(&self, seats: u32, random: &mut impl Rng) -> u32 {
        loop {
            let seat = random.random_range(0..seats);
            let bit = 1 << (seat % 64);
            if self.taken[seat as usize / 64].fetch_or(bit, Relaxed) & bit == 0 {
                return seat;
            }
        }
    }

    fn give_back(&self, seat: u32) {
        let bit = 1_u64 << (seat % 64);
        let before = self.taken[seat as usize / 64].fetch_and(!bit, Relaxed);
        debug_assert_ne!(before & bit, 0, "seat {seat} came back twice");
    }
}

/// Seats of an event that may be taken before it is left. Clients that look at the same time may
/// take some more; the tenth that is left is for them.
fn taken_max(seats: u32) -> u32 {
    seats / 10 * TENTHS_TAKEN_MAX
}

#[cfg(test)]
mod tests;
