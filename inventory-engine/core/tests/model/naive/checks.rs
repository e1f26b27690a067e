//! What the naive model refuses, each rule by itself, in the order in which the rules are told.

use super::*;

impl Naive {
    pub(super) fn usable_hold(&self, target: &Target) -> Result<usize, Refusal> {
        let number = target.number;
        let Some(hold) = self.holds.get(number) else { return Err(no(HoldUnknown)) };
        if hold.buyer != self.buyer_for_hold(target) {
            return Err(no(HoldUnknown));
        }
        match hold.ending {
            Some(Ending::Released) => Err(no(HoldReleased)),
            Some(Ending::Allocated) => Err(no(HoldAllocated)),
            Some(Ending::Expired) => Err(no(HoldExpired)),
            None if self.now >= hold.deadline => Err(no(HoldExpired)),
            None => Ok(number),
        }
    }

    pub(super) fn usable_sale(&self, target: &Target) -> Result<usize, Refusal> {
        let number = target.number;
        let Some(sale) = self.sales.get(number) else { return Err(no(AllocationUnknown)) };
        if sale.buyer != self.buyer_for_sale(target) || sale.has == Asked::default() {
            return Err(no(AllocationUnknown));
        }
        Ok(number)
    }

    /// The part of what is owned that is asked for.
    pub(super) fn part(
        &self,
        owned: &Asked,
        target: &Target,
        missing: RejectionCode,
    ) -> Result<Asked, Refusal> {
        let asked = match &target.part {
            Part::Whole => return Ok(owned.clone()),
            Part::Named(asked) => asked,
            Part::Chosen(_) => panic!("what is chosen was named before"),
        };
        self.check_count_and_repeats(asked, 64)?;
        let find = |seat: usize| owned.seats.iter().find(|had| had.0 == seat);
        let seats = asked.seats.iter().map(|&(seat, _)| seat);
        let others: Vec<usize> = seats.clone().filter(|&seat| find(seat).is_none()).collect();
        let mut areas = Vec::new();
        for line in &asked.lines {
            let had = owned.lines.iter().find(|had| (had.area, had.kind) == (line.area, line.kind));
            let had = had.map_or(0, |had| had.count);
            if line.count > had {
                areas.push((line.area, (line.area < AREAS.len()).then_some(had)));
            }
        }
        if !others.is_empty() || !areas.is_empty() {
            return Err(Refusal { seats: others, areas, ..no(missing) });
        }
        self.check_tables(asked)?;
        let seats = seats.filter_map(|seat| find(seat).copied()).collect();
        Ok(Asked { seats, lines: asked.lines.clone() })
    }

    fn check_count_and_repeats(&self, asked: &Asked, seats_max: usize) -> Result<(), Refusal> {
        let Asked { seats, lines } = asked;
        if seats.is_empty() && lines.is_empty() || lines.iter().any(|line| line.count == 0) {
            return Err(no(SelectionEmpty));
        }
        if seats.len() > seats_max {
            let could_have = Some(seats_max as u32);
            return Err(Refusal { could_have, ..no(SelectionTooLarge) });
        }
        if lines.len() > 64 {
            return Err(no(SelectionTooLarge));
        }
        let times = |seat: usize| seats.iter().filter(|&&(other, _)| other == seat).count();
        // Beyond the last seat are a few that do not exist.
        let twice: Vec<usize> = (0..self.spots.len() + 3).filter(|&seat| times(seat) > 1).collect();
        let mut areas = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let is_same = |other: &Line| (other.area, other.kind) == (line.area, line.kind);
            if lines[..number].iter().any(is_same) {
                let free = self.area_counts(line.area)[0];
                areas.push((line.area, (line.area < AREAS.len()).then_some(free)));
            }
        }
        if twice.is_empty() && areas.is_empty() {
            return Ok(());
        }
        Err(Refusal { seats: twice, areas: each_once(areas), ..no(SeatRepeated) })
    }

    pub(super) fn check_named(&self, asked: &Asked, seats_max: usize) -> Result<(), Refusal> {
        self.check_count_and_repeats(asked, seats_max)?;
        let seats = asked.seats.iter().map(|&(seat, _)| seat);
        let seats: Vec<usize> = seats.filter(|&seat| seat >= self.spots.len()).collect();
        if !seats.is_empty() {
            return Err(Refusal { seats, ..no(SeatUnknown) });
        }
        let areas = asked.lines.iter().map(|line| line.area);
        let areas: Vec<_> =
            areas.filter(|&area| area >= AREAS.len()).map(|area| (area, None)).collect();
        if !areas.is_empty() {
            return Err(Refusal { areas: each_once(areas), ..no(AreaUnknown) });
        }
        Ok(())
    }

    /// What is blocked is named, and sold as nothing.
    pub(super) fn check_block(&self, asked: &Asked) -> Result<(), Refusal> {
        self.check_named(asked, 16_384)?;
        if let Some(kind) = asked.kinds().flatten().next() {
            return Err(Refusal { kind: Some(kind), ..no(TicketTypeMismatch) });
        }
        self.check_tables(asked)
    }

    pub(super) fn check_kinds(&self, asked: &Asked) -> Result<(), Refusal> {
        self.check_kinds_known(asked.kinds())?;
        let seats = asked.seats.iter();
        let seats = seats.filter(|&&(seat, kind)| !self.fits(kind, self.spots[seat].category));
        let lines = asked.lines.iter();
        let lines = lines.filter(|line| !self.fits(line.kind, AREAS[line.area].0));
        let seats: Vec<usize> = seats.map(|&(seat, _)| seat).collect();
        let areas = each_once(lines.map(|line| (line.area, Some(0))).collect());
        if seats.is_empty() && areas.is_empty() {
            return Ok(());
        }
        Err(Refusal { seats, areas, ..no(TicketTypeMismatch) })
    }

    fn check_kinds_known(&self, kinds: impl Iterator<Item = Kind> + Clone) -> Result<(), Refusal> {
        let known = self.rules.kinds.len();
        if let Some(kind) = kinds.clone().flatten().find(|&kind| kind >= known) {
            return Err(Refusal { kind: Some(kind), ..no(TicketTypeUnknown) });
        }
        if known > 0 && kinds.clone().any(|kind| kind.is_none()) {
            return Err(no(TicketTypeRequired));
        }
        Ok(())
    }

    /// Whether what is of a category is sold as a ticket type; as none, everything is.
    fn fits(&self, kind: Kind, category: Option<u32>) -> bool {
        let Some(kind) = kind else { return true };
        let categories = &self.rules.kinds[kind].categories;
        categories.is_empty() || category.is_some_and(|category| categories.contains(&category))
    }

    /// There is one table, and it goes as a whole.
    pub(super) fn check_tables(&self, asked: &Asked) -> Result<(), Refusal> {
        let is_asked = |seat: usize| asked.seats.iter().any(|&(other, _)| other == seat);
        let table = (0..self.spots.len()).filter(|&seat| self.spots[seat].is_at_table);
        if !table.clone().any(is_asked) || table.clone().all(is_asked) {
            return Ok(());
        }
        let seats = table.filter(|&seat| !is_asked(seat)).collect();
        Err(Refusal { seats, ..no(TableNotWhole) })
    }

    /// A wish that could be somebody's, as what it would be with the seats chosen.
    pub(super) fn check_wish(&self, wish: &Wish, chosen: &[usize]) -> Result<Asked, Refusal> {
        if wish.quantity == 0 || wish.kinds.iter().any(|&(_, count)| count == 0) {
            return Err(no(SelectionEmpty));
        }
        if wish.quantity > 64 {
            return Err(Refusal { could_have: Some(64), ..no(SelectionTooLarge) });
        }
        self.check_kinds_known(wish.kinds.iter().map(|&(kind, _)| Some(kind)))?;
        let each = wish.kinds.iter().flat_map(|&(kind, count)| vec![kind; count as usize]);
        let mut kinds: Vec<Kind> = each.map(Some).collect();
        if !self.rules.kinds.is_empty() && kinds.len() != wish.quantity {
            return Err(no(TicketTypeRequired));
        }
        let unfit = |&kind: &Kind| wish.category.is_some() && !self.fits(kind, wish.category);
        if let Some(kind) = kinds.iter().copied().find(unfit) {
            return Err(Refusal { kind, ..no(TicketTypeMismatch) });
        }
        kinds.resize(wish.quantity, None);
        // As long as nothing is chosen, any seats do: what is asked next are only numbers.
        let seats = chosen.iter().copied().chain(std::iter::repeat(0));
        Ok(Asked { seats: seats.zip(kinds).collect(), lines: Vec::new() })
    }

    /// The sale, the ticket types' own sales, the buyer's limit, the quotas.
    pub(super) fn check_may_buy(&self, buyer: usize, asked: &Asked) -> Result<(), Refusal> {
        let rules = &self.rules;
        if self.is_closed {
            return Err(no(EventClosed));
        }
        if let Some(opens_at) = rules.opens_at.filter(|&opens_at| self.now < opens_at) {
            return Err(Refusal { when: When::At(opens_at), ..no(SaleNotOpen) });
        }
        if rules.closes_at.is_some_and(|closes_at| self.now >= closes_at) {
            return Err(no(SaleClosed));
        }
        let wanted: Vec<usize> = (0..rules.kinds.len())
            .filter(|&kind| asked.kinds().any(|named| named == Some(kind)))
            .collect();
        self.check_windows(&wanted)?;
        let quantity = asked.count(|_| true);
        let has = u64::from(self.buyer_spots(buyer));
        if let Some(max) = rules.buyer_seats_max.filter(|&max| has + quantity > u64::from(max)) {
            let could_have = Some(max - has as u32);
            return Err(Refusal { could_have, ..no(BuyerLimitExceeded) });
        }
        for kind in wanted {
            let Some(quota) = rules.kinds[kind].quota else { continue };
            let [left, _, sold, _] = self.kind_counts(kind);
            let wanted = asked.count(|named| named == Some(kind));
            if wanted > u64::from(left) {
                let could_be = wanted <= u64::from(quota - sold);
                let when = if could_be { When::Later } else { When::Never };
                let (kind, could_have) = (Some(kind), Some(left));
                return Err(Refusal { kind, could_have, when, ..no(QuotaExceeded) });
            }
        }
        Ok(())
    }

    fn check_windows(&self, wanted: &[usize]) -> Result<(), Refusal> {
        let opens_at = |kind: usize| self.rules.kinds[kind].opens_at.unwrap_or(0);
        let is_over = |kind: usize, at: u64| {
            self.rules.kinds[kind].closes_at.is_some_and(|closes_at| at >= closes_at)
        };
        if let Some(&kind) = wanted.iter().find(|&&kind| self.now < opens_at(kind)) {
            // Whenever something opens may be when all is open.
            let is_good = |&at: &u64| {
                at > self.now
                    && self.rules.closes_at.is_none_or(|closes_at| at < closes_at)
                    && wanted.iter().all(|&kind| at >= opens_at(kind) && !is_over(kind, at))
            };
            let first = wanted.iter().map(|&kind| opens_at(kind)).filter(is_good).min();
            let when = first.map_or(When::Never, When::At);
            return Err(Refusal { kind: Some(kind), when, ..no(TicketTypeNotOpen) });
        }
        match wanted.iter().find(|&&kind| is_over(kind, self.now)) {
            Some(&kind) => Err(Refusal { kind: Some(kind), ..no(TicketTypeClosed) }),
            None => Ok(()),
        }
    }

    /// Whether all that is asked for is in the same hands.
    pub(super) fn check_owners(
        &self,
        asked: &Asked,
        owner: Owner,
        (unfit, scarce): (RejectionCode, RejectionCode),
    ) -> Result<(), Refusal> {
        let seats = asked.seats.iter().map(|&(seat, _)| seat);
        let seats: Vec<usize> = seats.filter(|&seat| self.spots[seat].owner != owner).collect();
        let is_held = |&seat: &usize| matches!(self.spots[seat].owner, Owner::Hold(_));
        let mut could_be = owner == Owner::Nobody && seats.iter().all(is_held);
        let mut areas = Vec::new();
        for line in &asked.lines {
            let of_area = asked.lines.iter().filter(|other| other.area == line.area);
            let wanted: u64 = of_area.map(|line| u64::from(line.count)).sum();
            let counts = self.area_counts(line.area);
            let fitting = counts[owner.status() as usize];
            if wanted > u64::from(fitting) {
                areas.push((line.area, Some(fitting)));
                could_be &= wanted <= u64::from(fitting + counts[SeatStatus::Held as usize]);
            }
        }
        let when = if could_be { When::Later } else { When::Never };
        if !seats.is_empty() {
            return Err(Refusal { seats, when, ..no(unfit) });
        }
        if !areas.is_empty() {
            return Err(Refusal { areas: each_once(areas), when, ..no(scarce) });
        }
        Ok(())
    }

    /// Whether the seats chosen are as near as any that fit; or, if none do, how many would.
    pub(super) fn check_best(&self, wish: &Wish, chosen: &[usize]) -> Result<(), Refusal> {
        let is_free = |owner: Owner| owner == Owner::Nobody;
        let lengths = 1..=self.spots.len();
        let runs = self.runs(wish, wish.quantity, is_free);
        if runs.is_empty() {
            let is_there = |&length: &usize| !self.runs(wish, length, is_free).is_empty();
            let could_have = Some(lengths.rev().find(is_there).unwrap_or(0) as u32);
            let once_freed = |owner| matches!(owner, Owner::Nobody | Owner::Hold(_));
            let could_be = !self.runs(wish, wish.quantity, once_freed).is_empty();
            let when = if could_be { When::Later } else { When::Never };
            return Err(Refusal { could_have, when, ..no(NotEnoughTogether) });
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
    fn runs(&self, wish: &Wish, length: usize, is_fit: fn(Owner) -> bool) -> Vec<Vec<usize>> {
        let fits = |&seat: &usize| {
            let spot = &self.spots[seat];
            is_fit(spot.owner)
                && spot.needs_asking == wish.accessible
                && (wish.section.is_none() || spot.section == wish.section)
                && (wish.zone.is_none() || spot.zone == wish.zone)
                && (wish.category.is_none() || spot.category == wish.category)
                && wish.kinds.iter().all(|&(kind, _)| self.fits(Some(kind), spot.category))
        };
        let last_start = self.spots.len().saturating_sub(length);
        let runs = (0..=last_start).map(|start| (start..start + length).collect::<Vec<usize>>());
        let in_one_row = |run: &Vec<usize>| {
            let row = self.spots[run[0]].row;
            row.is_some() && run.iter().all(|&seat| self.spots[seat].row == row)
        };
        let there = runs.filter(|run| run.iter().all(|&seat| seat < self.spots.len()));
        there.filter(in_one_row).filter(|run| run.iter().all(fits)).collect()
    }
}

impl Asked {
    /// What seats and places are asked for as, one after the other.
    fn kinds(&self) -> impl Iterator<Item = Kind> + Clone {
        let seats = self.seats.iter().map(|&(_, kind)| kind);
        seats.chain(self.lines.iter().map(|line| line.kind))
    }

    /// How many spots are asked for as something.
    fn count(&self, is_it: impl Fn(Kind) -> bool) -> u64 {
        let seats = self.seats.iter().filter(|&&(_, kind)| is_it(kind)).count() as u64;
        let lines = self.lines.iter().filter(|line| is_it(line.kind));
        seats + lines.map(|line| u64::from(line.count)).sum::<u64>()
    }
}

fn each_once(areas: Vec<(usize, Option<u32>)>) -> Vec<(usize, Option<u32>)> {
    let mut once = Vec::new();
    for area in areas {
        if !once.contains(&area) {
            once.push(area);
        }
    }
    once
}
