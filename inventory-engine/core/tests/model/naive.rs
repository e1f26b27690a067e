//! The same rules once more, in the simplest way that could be right: lists that are searched,
//! nothing kept that could be counted, nothing shared with the state machine but the names of
//! the codes. Every place in an area is a thing of its own, like a seat.

mod checks;

use inventory_core::fact::SeatStatus;
use inventory_core::rejection::RejectionCode::{self, *};
use inventory_core::state::Ending;

use crate::op::{Asked, Kind, Line, Op, Part, Rules, Target, Wish};
use crate::venue::AREAS;

/// A seat and who has it.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) owner: Owner,
    /// What it is held or sold as.
    pub(crate) kind: Kind,
    pub(crate) is_at_table: bool,
    pub(crate) row: Option<usize>,
    pub(crate) section: Option<u32>,
    pub(crate) zone: Option<u32>,
    pub(crate) category: Option<u32>,
    pub(crate) distance: f64,
    pub(crate) needs_asking: bool,
}

/// One place in an area and who has it.
struct Place {
    area: usize,
    owner: Owner,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Owner {
    Nobody,
    Hold(usize),
    Sale(usize),
    Organizer,
}

impl Owner {
    pub(crate) fn status(self) -> SeatStatus {
        match self {
            Self::Nobody => SeatStatus::Available,
            Self::Hold(_) => SeatStatus::Held,
            Self::Sale(_) => SeatStatus::Allocated,
            Self::Organizer => SeatStatus::Blocked,
        }
    }
}

/// Whether trying again could help.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum When {
    Never,
    Later,
    At(u64),
}

/// Why not, and what else is told.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: RejectionCode,
    pub(crate) seats: Vec<usize>,
    /// Areas, each with what could be had.
    pub(crate) areas: Vec<(usize, Option<u32>)>,
    pub(crate) kind: Kind,
    pub(crate) could_have: Option<u32>,
    pub(crate) when: When,
}

/// No, and nothing more to be said.
fn no(code: RejectionCode) -> Refusal {
    let (seats, areas) = (Vec::new(), Vec::new());
    Refusal { code, seats, areas, kind: None, could_have: None, when: When::Never }
}

/// A hold or a sale, alive or over.
struct Booking {
    buyer: usize,
    /// In the order in which they were asked for.
    has: Asked,
    deadline: u64,
    extensions: u16,
    ending: Option<Ending>,
}

pub(crate) struct Naive {
    pub(crate) now: u64,
    pub(crate) spots: Vec<Spot>,
    pub(crate) is_closed: bool,
    places: Vec<Place>,
    rules: Rules,
    holds: Vec<Booking>,
    sales: Vec<Booking>,
}

impl Naive {
    pub(crate) fn new(spots: Vec<Spot>, rules: Rules) -> Self {
        let areas = AREAS.iter().enumerate();
        let places = areas.flat_map(|(area, &(_, capacity))| {
            (0..capacity).map(move |_| Place { area, owner: Owner::Nobody, kind: None })
        });
        let (holds, sales) = (Vec::new(), Vec::new());
        let places = places.collect();
        Self { now: 0, spots, is_closed: false, places, rules, holds, sales }
    }

    /// Does what is asked, or says why not. Returns what changed hands. For best available,
    /// `chosen` has to be among what is best.
    pub(crate) fn act(&mut self, op: &Op, chosen: &[usize]) -> Result<Asked, Refusal> {
        match op {
            Op::Place { buyer, asked, .. } => {
                self.check_named(asked, 64)?;
                self.check_kinds(asked)?;
                self.check_tables(asked)?;
                self.check_may_buy(*buyer, asked)?;
                self.check_owners(asked, Owner::Nobody, (SeatsUnavailable, AreaFull))?;
                Ok(self.hold(*buyer, asked))
            }
            Op::Best { buyer, wish, .. } => {
                let asked = self.check_wish(wish, chosen)?;
                self.check_may_buy(*buyer, &asked)?;
                self.check_best(wish, chosen)?;
                Ok(self.hold(*buyer, &asked))
            }
            Op::Extend(target) => self.extend(target),
            Op::Release(target) => {
                let number = self.usable_hold(target)?;
                let part = self.part(&self.holds[number].has, target, SeatNotInHold)?;
                self.leave_hold(number, &part, Owner::Nobody, Ending::Released);
                Ok(part)
            }
            Op::Allocate(target) => {
                let number = self.usable_hold(target)?;
                let part = self.part(&self.holds[number].has, target, SeatNotInHold)?;
                let sale = Owner::Sale(self.sales.len());
                self.leave_hold(number, &part, sale, Ending::Allocated);
                let (buyer, has) = (self.holds[number].buyer, part.clone());
                let sale = Booking { buyer, has, deadline: 0, extensions: 0, ending: None };
                self.sales.push(sale);
                Ok(part)
            }
            Op::Return(target) => {
                let number = self.usable_sale(target)?;
                let part = self.part(&self.sales[number].has, target, SeatNotInAllocation)?;
                self.give(&part, Owner::Sale(number), Owner::Nobody);
                self.sales[number].has.lose(&part);
                Ok(part)
            }
            Op::Block { asked, .. } => {
                self.check_block(asked)?;
                self.check_owners(asked, Owner::Nobody, (SeatsUnavailable, AreaFull))?;
                Ok(self.give(asked, Owner::Nobody, Owner::Organizer))
            }
            Op::Unblock { asked, .. } => {
                self.check_block(asked)?;
                self.check_owners(asked, Owner::Organizer, (SeatNotBlocked, SeatNotBlocked))?;
                Ok(self.give(asked, Owner::Organizer, Owner::Nobody))
            }
            Op::Close if self.is_closed => Err(no(EventClosed)),
            Op::Close => {
                self.is_closed = true;
                Ok(Asked::default())
            }
            Op::Pass { .. } | Op::Again(_) | Op::OtherUnder(..) => panic!("{op:?} asks nothing"),
        }
    }

    /// Ends every hold whose time has come.
    pub(crate) fn expire(&mut self) {
        for number in 0..self.holds.len() {
            let hold = &self.holds[number];
            if hold.ending.is_none() && hold.deadline <= self.now {
                let has = hold.has.clone();
                self.leave_hold(number, &has, Owner::Nobody, Ending::Expired);
            }
        }
    }

    /// What a hold has, its deadline and its extensions, or how it ended.
    pub(crate) fn hold_story(&self, number: usize) -> Result<(&Asked, u64, u16), Ending> {
        let hold = &self.holds[number];
        match hold.ending {
            Some(ending) => Err(ending),
            None => Ok((&hold.has, hold.deadline, hold.extensions)),
        }
    }

    /// What a hold or a sale of a number has, if there is one.
    pub(crate) fn has(&self, op: &Op, number: usize) -> Option<&Asked> {
        let bookings = if matches!(op, Op::Return(_)) { &self.sales } else { &self.holds };
        bookings.get(number).map(|booking| &booking.has)
    }

    pub(crate) fn buyer_spots(&self, buyer: usize) -> u32 {
        let has = |owner: Owner| match owner {
            Owner::Hold(number) => self.holds[number].buyer == buyer,
            Owner::Sale(number) => self.sales[number].buyer == buyer,
            Owner::Nobody | Owner::Organizer => false,
        };
        self.tags().filter(|&(owner, _)| has(owner)).count() as u32
    }

    /// How many places of an area are in each state.
    pub(crate) fn area_counts(&self, area: usize) -> [u32; 4] {
        let mut counts = [0; 4];
        for place in self.places.iter().filter(|place| place.area == area) {
            counts[place.owner.status() as usize] += 1;
        }
        counts
    }

    /// How many spots of a ticket type are left, held and sold.
    pub(crate) fn kind_counts(&self, kind: usize) -> [u32; 4] {
        let count = |status: SeatStatus| {
            let is_it = |&(owner, of): &(Owner, Kind)| of == Some(kind) && owner.status() == status;
            self.tags().filter(is_it).count() as u32
        };
        let everything = (self.spots.len() + self.places.len()) as u32;
        let quota = self.rules.kinds[kind].quota.unwrap_or(everything);
        let (held, sold) = (count(SeatStatus::Held), count(SeatStatus::Allocated));
        [quota - held - sold, held, sold, 0]
    }

    /// Who asks for something of a hold.
    pub(crate) fn buyer_for_hold(&self, target: &Target) -> usize {
        let hold = self.holds.get(target.number);
        target.stranger.unwrap_or(hold.map_or(0, |hold| hold.buyer))
    }

    /// Who asks for something of a sale.
    pub(crate) fn buyer_for_sale(&self, target: &Target) -> usize {
        let sale = self.sales.get(target.number);
        target.stranger.unwrap_or(sale.map_or(0, |sale| sale.buyer))
    }

    /// Of every seat and every place, who has it and as what.
    fn tags(&self) -> impl Iterator<Item = (Owner, Kind)> {
        let seats = self.spots.iter().map(|spot| (spot.owner, spot.kind));
        seats.chain(self.places.iter().map(|place| (place.owner, place.kind)))
    }

    fn extend(&mut self, target: &Target) -> Result<Asked, Refusal> {
        let number = self.usable_hold(target)?;
        let (ttl_millis, hold) = (self.rules.ttl_millis, &mut self.holds[number]);
        if self.is_closed {
            return Err(no(EventClosed));
        }
        if hold.extensions >= self.rules.extensions_max {
            return Err(no(ExtensionsExhausted));
        }
        hold.extensions += 1;
        hold.deadline = hold.deadline.max(self.now + ttl_millis);
        Ok(Asked::default())
    }

    fn hold(&mut self, buyer: usize, asked: &Asked) -> Asked {
        let deadline = self.now + self.rules.ttl_millis;
        let has = self.give(asked, Owner::Nobody, Owner::Hold(self.holds.len()));
        self.holds.push(Booking { buyer, has, deadline, extensions: 0, ending: None });
        asked.clone()
    }

    fn leave_hold(&mut self, number: usize, part: &Asked, owner: Owner, ending: Ending) {
        self.give(part, Owner::Hold(number), owner);
        let hold = &mut self.holds[number];
        hold.has.lose(part);
        if hold.has == Asked::default() {
            hold.ending = Some(ending);
        }
    }

    fn give(&mut self, asked: &Asked, from: Owner, to: Owner) -> Asked {
        let is_owned = matches!(to, Owner::Hold(_) | Owner::Sale(_));
        for &(seat, kind) in &asked.seats {
            let spot = &mut self.spots[seat];
            assert_eq!(spot.owner, from, "seat {seat} changes hands");
            (spot.owner, spot.kind) = (to, kind.filter(|_| is_owned));
        }
        for &Line { area, kind, count } in &asked.lines {
            // What nobody has is sold as nothing yet.
            let was = if matches!(from, Owner::Hold(_) | Owner::Sale(_)) { kind } else { None };
            let mut left = count;
            for place in &mut self.places {
                let is_it = (place.area, place.owner, place.kind) == (area, from, was);
                if is_it && left > 0 {
                    (place.owner, place.kind) = (to, kind.filter(|_| is_owned));
                    left -= 1;
                }
            }
            assert_eq!(left, 0, "places of area {area} change hands");
        }
        asked.clone()
    }
}

impl Asked {
    fn lose(&mut self, part: &Self) {
        self.seats.retain(|seat| !part.seats.contains(seat));
        for lost in &part.lines {
            let line = |of: &Line| (of.area, of.kind);
            let had = self.lines.iter_mut().find(|had| line(had) == line(lost));
            had.expect("only what is had is lost").count -= lost.count;
        }
        self.lines.retain(|line| line.count > 0);
    }
}
