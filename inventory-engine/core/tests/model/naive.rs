//! The same rules once more, in the simplest way that could be right: lists that are searched,
//! nothing kept that could be counted, nothing shared with the state machine but the names of
//! the codes.

use inventory_core::fact::SeatStatus;
use inventory_core::rejection::RejectionCode::{self, *};
use inventory_core::state::Ending;

use crate::op::{Op, Rules, Target, Wish};

/// A seat and who has it.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) owner: Owner,
    pub(crate) row: Option<usize>,
    pub(crate) section: Option<u32>,
    pub(crate) category: Option<u32>,
    pub(crate) distance: f64,
    pub(crate) needs_asking: bool,
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

/// Why not, and what else is told.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: RejectionCode,
    pub(crate) seats: Vec<usize>,
    pub(crate) could_have: Option<u32>,
}

fn no<T>(code: RejectionCode) -> Result<T, Refusal> {
    Err(Refusal { code, seats: Vec::new(), could_have: None })
}

fn no_because_of<T>(code: RejectionCode, seats: Vec<usize>) -> Result<T, Refusal> {
    Err(Refusal { code, seats, could_have: None })
}

fn no_but<T>(code: RejectionCode, could_have: usize) -> Result<T, Refusal> {
    Err(Refusal { code, seats: Vec::new(), could_have: Some(could_have as u32) })
}

/// A hold or a sale, alive or over.
struct Booking {
    buyer: usize,
    /// In the order in which they were asked for.
    seats: Vec<usize>,
    deadline: u64,
    extensions: u16,
    ending: Option<Ending>,
}

pub(crate) struct Naive {
    pub(crate) now: u64,
    pub(crate) spots: Vec<Spot>,
    rules: Rules,
    holds: Vec<Booking>,
    sales: Vec<Booking>,
}

impl Naive {
    pub(crate) fn new(spots: Vec<Spot>, rules: Rules) -> Self {
        Self { now: 0, spots, rules, holds: Vec::new(), sales: Vec::new() }
    }

    /// Does what is asked, or says why not. Returns the seats that changed hands. For best
    /// available, `chosen` has to be among what is best.
    pub(crate) fn act(&mut self, op: &Op, chosen: &[usize]) -> Result<Vec<usize>, Refusal> {
        match op {
            Op::Place { buyer, seats } => {
                self.check_named(seats, 64)?;
                self.check_buyer(*buyer, seats.len())?;
                self.check_all(seats, Owner::Nobody, SeatsUnavailable)?;
                Ok(self.hold(*buyer, seats))
            }
            Op::Best { buyer, wish } => {
                match wish.quantity {
                    0 => return no(SelectionEmpty),
                    65.. => return no_but(SelectionTooLarge, 64),
                    quantity => self.check_buyer(*buyer, quantity)?,
                }
                self.check_best(wish, chosen)?;
                Ok(self.hold(*buyer, chosen))
            }
            Op::Extend(target) => {
                let number = self.usable_hold(target)?;
                let (ttl_millis, hold) = (self.rules.ttl_millis, &mut self.holds[number]);
                if hold.extensions >= self.rules.extensions_max {
                    return no(ExtensionsExhausted);
                }
                hold.extensions += 1;
                hold.deadline = hold.deadline.max(self.now + ttl_millis);
                Ok(Vec::new())
            }
            Op::Release(target) => {
                let number = self.usable_hold(target)?;
                let seats = self.part(&self.holds[number].seats, target, SeatNotInHold)?;
                self.leave_hold(number, &seats, Owner::Nobody, Ending::Released);
                Ok(seats)
            }
            Op::Allocate(target) => {
                let number = self.usable_hold(target)?;
                let seats = self.part(&self.holds[number].seats, target, SeatNotInHold)?;
                let sale = Owner::Sale(self.sales.len());
                self.leave_hold(number, &seats, sale, Ending::Allocated);
                let (buyer, seats) = (self.holds[number].buyer, seats.clone());
                let sale = Booking { buyer, seats, deadline: 0, extensions: 0, ending: None };
                self.sales.push(sale);
                Ok(self.sales[self.sales.len() - 1].seats.clone())
            }
            Op::Return(target) => {
                let number = self.usable_sale(target)?;
                let seats = self.part(&self.sales[number].seats, target, SeatNotInAllocation)?;
                self.give(&seats, Owner::Nobody);
                self.sales[number].seats.retain(|seat| !seats.contains(seat));
                Ok(seats)
            }
            Op::Block(seats) => {
                self.check_named(seats, 16_384)?;
                self.check_all(seats, Owner::Nobody, SeatsUnavailable)?;
                Ok(self.give(seats, Owner::Organizer))
            }
            Op::Unblock(seats) => {
                self.check_named(seats, 16_384)?;
                self.check_all(seats, Owner::Organizer, SeatNotBlocked)?;
                Ok(self.give(seats, Owner::Nobody))
            }
            Op::Pass { .. } | Op::Again(_) | Op::OtherUnder(..) => panic!("{op:?} asks nothing"),
        }
    }

    /// Ends every hold whose time has come.
    pub(crate) fn expire(&mut self) {
        for number in 0..self.holds.len() {
            let hold = &self.holds[number];
            if hold.ending.is_none() && hold.deadline <= self.now {
                let seats = hold.seats.clone();
                self.leave_hold(number, &seats, Owner::Nobody, Ending::Expired);
            }
        }
    }

    /// A hold's seats, deadline and extensions, or how it ended.
    pub(crate) fn hold_story(&self, number: usize) -> Result<(Vec<usize>, u64, u16), Ending> {
        let hold = &self.holds[number];
        match hold.ending {
            Some(ending) => Err(ending),
            None => Ok((hold.seats.clone(), hold.deadline, hold.extensions)),
        }
    }

    pub(crate) fn buyer_seats(&self, buyer: usize) -> u32 {
        let has = |spot: &&Spot| match spot.owner {
            Owner::Hold(number) => self.holds[number].buyer == buyer,
            Owner::Sale(number) => self.sales[number].buyer == buyer,
            Owner::Nobody | Owner::Organizer => false,
        };
        self.spots.iter().filter(has).count() as u32
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

    fn usable_hold(&self, target: &Target) -> Result<usize, Refusal> {
        let number = target.number;
        let Some(hold) = self.holds.get(number) else { return no(HoldUnknown) };
        if hold.buyer != self.buyer_for_hold(target) {
            return no(HoldUnknown);
        }
        match hold.ending {
            Some(Ending::Released) => no(HoldReleased),
            Some(Ending::Allocated) => no(HoldAllocated),
            Some(Ending::Expired) => no(HoldExpired),
            None if self.now >= hold.deadline => no(HoldExpired),
            None => Ok(number),
        }
    }

    fn usable_sale(&self, target: &Target) -> Result<usize, Refusal> {
        let number = target.number;
        let Some(sale) = self.sales.get(number) else { return no(AllocationUnknown) };
        if sale.buyer != self.buyer_for_sale(target) || sale.seats.is_empty() {
            return no(AllocationUnknown);
        }
        Ok(number)
    }

    fn check_count_and_repeats(&self, seats: &[usize], seats_max: usize) -> Result<(), Refusal> {
        if seats.is_empty() {
            return no(SelectionEmpty);
        }
        if seats.len() > seats_max {
            return no_but(SelectionTooLarge, seats_max);
        }
        let times = |seat: usize| seats.iter().filter(|&&other| other == seat).count();
        // Beyond the last seat are a few that do not exist.
        let twice: Vec<usize> = (0..self.spots.len() + 3).filter(|&seat| times(seat) > 1).collect();
        if twice.is_empty() { Ok(()) } else { no_because_of(SeatRepeated, twice) }
    }

    fn check_named(&self, seats: &[usize], seats_max: usize) -> Result<(), Refusal> {
        self.check_count_and_repeats(seats, seats_max)?;
        let unknown: Vec<usize> =
            seats.iter().copied().filter(|&seat| seat >= self.spots.len()).collect();
        if unknown.is_empty() { Ok(()) } else { no_because_of(SeatUnknown, unknown) }
    }

    fn check_all(&self, seats: &[usize], owner: Owner, code: RejectionCode) -> Result<(), Refusal> {
        let others: Vec<usize> =
            seats.iter().copied().filter(|&seat| self.spots[seat].owner != owner).collect();
        if others.is_empty() { Ok(()) } else { no_because_of(code, others) }
    }

    fn check_buyer(&self, buyer: usize, quantity: usize) -> Result<(), Refusal> {
        if self.rules.opens_at.is_some_and(|opens_at| self.now < opens_at) {
            return no(SaleNotOpen);
        }
        if self.rules.closes_at.is_some_and(|closes_at| self.now >= closes_at) {
            return no(SaleClosed);
        }
        let Some(max) = self.rules.buyer_seats_max else { return Ok(()) };
        let has = self.buyer_seats(buyer);
        if has + quantity as u32 > max {
            return no_but(BuyerLimitExceeded, (max - has) as usize);
        }
        Ok(())
    }

    /// Whether the seats chosen are as near as any that fit; or, if none do, how many would.
    fn check_best(&self, wish: &Wish, chosen: &[usize]) -> Result<(), Refusal> {
        let longest =
            (1..=self.spots.len()).rev().find(|&length| !self.runs(wish, length).is_empty());
        let runs = self.runs(wish, wish.quantity);
        if runs.is_empty() {
            return no_but(NotEnoughTogether, longest.unwrap_or(0));
        }
        let distance = |run: &[usize]| run.iter().map(|&seat| self.spots[seat].distance).sum();
        let shortest = runs.iter().map(|run| distance(run)).fold(f64::MAX, f64::min);
        assert!(runs.iter().any(|run| run == chosen), "{chosen:?} does not fit {wish:?}");
        // Distances are rounded to hundredths.
        let tolerance = 0.01 * wish.quantity as f64;
        assert!(distance(chosen) <= shortest + tolerance, "{chosen:?} is not nearest: {runs:?}");
        Ok(())
    }

    /// Every way to sit together in one row.
    fn runs(&self, wish: &Wish, length: usize) -> Vec<Vec<usize>> {
        let fits = |&seat: &usize| {
            let spot = &self.spots[seat];
            spot.owner == Owner::Nobody
                && spot.needs_asking == wish.accessible
                && (wish.section.is_none() || spot.section == wish.section)
                && (wish.category.is_none() || spot.category == wish.category)
        };
        let last_start = self.spots.len().saturating_sub(length);
        let runs = (0..=last_start).map(|start| (start..start + length).collect::<Vec<usize>>());
        let in_one_row = |run: &Vec<usize>| {
            let row = self.spots[run[0]].row;
            row.is_some() && run.iter().all(|&seat| self.spots[seat].row == row)
        };
        runs.filter(in_one_row).filter(|run| run.iter().all(fits)).collect()
    }

    fn part(
        &self,
        owned: &[usize],
        target: &Target,
        missing: RejectionCode,
    ) -> Result<Vec<usize>, Refusal> {
        let Some(seats) = &target.part else { return Ok(owned.to_vec()) };
        self.check_count_and_repeats(seats, 64)?;
        let others: Vec<usize> =
            seats.iter().copied().filter(|seat| !owned.contains(seat)).collect();
        if others.is_empty() { Ok(seats.clone()) } else { no_because_of(missing, others) }
    }

    fn hold(&mut self, buyer: usize, seats: &[usize]) -> Vec<usize> {
        let deadline = self.now + self.rules.ttl_millis;
        let owner = Owner::Hold(self.holds.len());
        let seats = self.give(seats, owner);
        self.holds.push(Booking {
            buyer,
            seats: seats.clone(),
            deadline,
            extensions: 0,
            ending: None,
        });
        seats
    }

    fn leave_hold(&mut self, number: usize, seats: &[usize], owner: Owner, ending: Ending) {
        self.give(seats, owner);
        let hold = &mut self.holds[number];
        hold.seats.retain(|seat| !seats.contains(seat));
        if hold.seats.is_empty() {
            hold.ending = Some(ending);
        }
    }

    fn give(&mut self, seats: &[usize], owner: Owner) -> Vec<usize> {
        for &seat in seats {
            self.spots[seat].owner = owner;
        }
        seats.to_vec()
    }
}
