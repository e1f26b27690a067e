//! What a buyer asks for: seats, places in an area, some of both, or a whole table, and as which
//! ticket types.
//!
//! What a buyer is after is drawn in proportion to what the event has on sale; an event that has
//! nothing but seats as nothing in particular draws nothing. Whoever finds none of it left looks
//! for something else. A buyer does not ask again for what was refused once as not theirs to
//! have: a ticket type that is gone or not for these spots, an area that is full.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::layout::Layout;
use crate::request::{Best, Refusal, Selection};
use crate::seat_map::{SeatMap, View};
use crate::spots::{Places, Spots};

/// Of those who are after places, the share who also want a seat.
const BOTH_SHARE: f64 = 0.1;

/// The share of parties who buy two ticket types at once.
const TWO_TYPES_SHARE: f64 = 0.3;

/// What a buyer is after.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Seats,
    Table,
    Places,
    /// A seat, and places for the others.
    Both,
}

/// One buyer's wish, as it stands after what was refused.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) kind: Kind,
    pub(super) party: u32,
    /// Whether seats are picked on the map.
    picks: bool,
    has_two_types: bool,
    refused_types: Vec<u16>,
    full_areas: Vec<u32>,
}

/// Nothing that this buyer may ask for is left on the page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Nothing {
    /// Everything is taken, for now.
    Left,
    /// There is something, and no ticket type to have it as.
    AsAnyType,
}

impl Wish {
    pub(super) fn draw(rng: &mut ChaCha8Rng, layout: &Layout, party: u32, picks: bool) -> Self {
        let mut wish = Self {
            kind: Kind::Seats,
            party,
            picks: picks || !layout.has_rows(),
            has_two_types: false,
            refused_types: Vec::new(),
            full_areas: Vec::new(),
        };
        if layout.is_plain() {
            return wish;
        }
        let seats = u64::from(layout.single_seats());
        let places = u64::from(layout.places_capacity());
        let at_tables = u64::from(layout.capacity()) - seats;
        let at = rng.random_range(0..(seats + at_tables + places).max(1));
        let also_a_seat = rng.random_bool(BOTH_SHARE) && seats > 0 && party > 1;
        wish.kind = match at {
            at if at < seats => Kind::Seats,
            at if at < seats + at_tables => Kind::Table,
            _ if also_a_seat => Kind::Both,
            _ => Kind::Places,
        };
        wish.has_two_types = rng.random_bool(TWO_TYPES_SHARE);
        wish
    }

    /// What to ask for, by what the page shows; something else if there is none of it.
    pub(super) fn selection(
        &mut self,
        map: &SeatMap,
        rng: &mut ChaCha8Rng,
        now_millis: u64,
    ) -> Result<Selection, Nothing> {
        let (layout, view) = (map.layout.as_ref(), map.view());
        let page = Page { layout, view: &view, now_millis };
        if layout.is_plain() {
            let picked = if self.picks { map.pick(self.party, rng) } else { None };
            return Ok(match picked {
                Some(seats) => Selection::Spots(Spots::of_seats(seats)),
                None => Selection::Best(Best::of(self.party)),
            });
        }
        let mut nothing = Nothing::Left;
        for kind in [self.kind, Kind::Seats, Kind::Places, Kind::Table] {
            let found = match kind {
                Kind::Seats => self.seats(map, &page, rng),
                Kind::Table => self.table(&page, rng),
                Kind::Places => self.places(&page, rng, self.party),
                Kind::Both => self.both(map, &page, rng),
            };
            match found {
                Ok(selection) => {
                    self.kind = kind;
                    return Ok(selection);
                }
                Err(Nothing::AsAnyType) => nothing = Nothing::AsAnyType,
                Err(Nothing::Left) => {}
            }
        }
        Err(nothing)
    }

    /// Takes a refusal to heart. False if it does not change what is asked for next.
    pub(super) fn learn(&mut self, asked: &Selection, refusal: &Refusal) -> bool {
        match refusal.reason.as_ref() {
            "area_full" | "buyer_limit_exceeded" => {
                if let Some(fewer) = fewer(self.party, refusal.could_have) {
                    self.party = fewer;
                    // A table is for as many as it is for.
                    if self.kind == Kind::Table {
                        self.kind = Kind::Seats;
                    }
                    return true;
                }
                let Selection::Spots(spots) = asked else { return false };
                self.full_areas.extend(spots.areas.iter().map(|of| of.area));
                refusal.reason == "area_full"
            }
            "quota_exceeded" => match fewer(self.party, refusal.could_have) {
                Some(fewer) if self.kind != Kind::Table => {
                    self.party = fewer;
                    true
                }
                _ => self.refuse_types(asked, refusal.ticket_type),
            },
            "ticket_type_mismatch"
            | "ticket_type_required"
            | "ticket_type_unknown"
            | "ticket_type_not_open"
            | "ticket_type_closed" => self.refuse_types(asked, refusal.ticket_type),
            "table_not_whole" => {
                self.kind = Kind::Table;
                true
            }
            _ => false,
        }
    }

    /// The type that stood in the way or, if it was not named, all that were asked for.
    fn refuse_types(&mut self, asked: &Selection, named: Option<u16>) -> bool {
        let before = self.refused_types.len();
        match (named, asked) {
            (Some(named), _) => self.refused_types.push(named),
            (None, Selection::Spots(spots)) => {
                self.refused_types.extend(&spots.seat_types);
                self.refused_types.extend(spots.areas.iter().filter_map(|of| of.ticket_type));
            }
            (None, Selection::Table { ticket_type, .. }) => self.refused_types.extend(ticket_type),
            (None, Selection::Best(best)) => {
                self.refused_types.extend(best.ticket_types.iter().map(|(of, _)| *of));
            }
        }
        self.refused_types.len() > before
    }

    fn seats(
        &self,
        map: &SeatMap,
        page: &Page<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Selection, Nothing> {
        let picked = if self.picks { map.pick(self.party, rng) } else { None };
        match picked {
            Some(seats) => self.typed(page, rng, &seats).map(Selection::Spots),
            // Without a free seat on the page it makes no sense to ask for the best.
            None if page.view.glance(rng).is_none() || !page.layout.has_rows() => {
                Err(Nothing::Left)
            }
            None => self.best(page, rng),
        }
    }

    /// Seats with a ticket type each.
    fn typed(
        &self,
        page: &Page<'_>,
        rng: &mut ChaCha8Rng,
        seats: &[u32],
    ) -> Result<Spots, Nothing> {
        let mut spots = Spots::of_seats(seats);
        if page.layout.ticket_types().is_empty() {
            return Ok(spots);
        }
        let mut types = Vec::with_capacity(seats.len());
        let (taste, first_of_second) = (rng.random::<u16>(), seats.len().div_ceil(2));
        for (position, seat) in seats.iter().enumerate() {
            let candidates = self.candidates(page, page.layout.category_of_seat(*seat))?;
            let is_second = self.has_two_types && position >= first_of_second;
            types
                .push(candidates[(usize::from(taste) + usize::from(is_second)) % candidates.len()]);
        }
        spots.seat_types = types.into();
        Ok(spots)
    }

    fn best(&self, page: &Page<'_>, rng: &mut ChaCha8Rng) -> Result<Selection, Nothing> {
        if page.layout.ticket_types().is_empty() {
            return Ok(Selection::Best(Best::of(self.party)));
        }
        let Some(seat) = page.view.glance(rng) else { return Err(Nothing::Left) };
        let category = page.layout.category_of_seat(seat);
        let candidates = self.candidates(page, category)?;
        let counts = self.split(&candidates, rng, self.party);
        Ok(Selection::Best(Best {
            quantity: self.party,
            category: (!category.is_empty()).then(|| category.into()),
            ticket_types: counts.into(),
        }))
    }

    fn table(&self, page: &Page<'_>, rng: &mut ChaCha8Rng) -> Result<Selection, Nothing> {
        let open = page.view.open_tables(page.layout);
        if open.is_empty() {
            return Err(Nothing::Left);
        }
        let table = open[rng.random_range(0..open.len())];
        let seats = &page.layout.tables()[table as usize].seats;
        let spots = self.typed(page, rng, seats)?;
        let mut types = spots.seat_types.iter();
        let first = types.next().copied();
        let is_one = types.all(|of| Some(*of) == first);
        // Some name the table, others its seats.
        if is_one && rng.random_bool(0.5) {
            return Ok(Selection::Table { table, ticket_type: first });
        }
        Ok(Selection::Spots(spots))
    }

    fn places(
        &self,
        page: &Page<'_>,
        rng: &mut ChaCha8Rng,
        party: u32,
    ) -> Result<Selection, Nothing> {
        let is_open = |area: &u32| !self.full_areas.contains(area);
        let areas = (0..page.layout.areas().len() as u32).filter(is_open);
        let free: Vec<(u32, u32)> =
            areas.map(|area| (area, page.view.area(area).available)).collect();
        let all: u64 = free.iter().map(|(_, places)| u64::from(*places)).sum();
        if all == 0 {
            return Err(Nothing::Left);
        }
        let mut at = rng.random_range(0..all);
        let found = free.iter().find(|(_, places)| {
            let is_here = at < u64::from(*places);
            at = at.saturating_sub(u64::from(*places));
            is_here
        });
        let Some((area, _)) = found else { return Err(Nothing::Left) };
        let lines = self.lines(page, rng, *area, party)?;
        Ok(Selection::Spots(Spots { areas: lines, ..Spots::default() }))
    }

    /// Places of one area, of one ticket type or two.
    fn lines(
        &self,
        page: &Page<'_>,
        rng: &mut ChaCha8Rng,
        area: u32,
        party: u32,
    ) -> Result<Box<[Places]>, Nothing> {
        if page.layout.ticket_types().is_empty() {
            return Ok(Box::new([Places { area, ticket_type: None, count: party }]));
        }
        let category = &page.layout.areas()[area as usize].category;
        let candidates = self.candidates(page, category)?;
        let counts = self.split(&candidates, rng, party);
        let line = |(of, count): (u16, u32)| Places { area, ticket_type: Some(of), count };
        Ok(counts.into_iter().map(line).collect())
    }

    fn both(
        &self,
        map: &SeatMap,
        page: &Page<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Selection, Nothing> {
        let party = self.party.saturating_sub(1).max(1);
        let Selection::Spots(places) = self.places(page, rng, party)? else {
            return Err(Nothing::Left);
        };
        let seat = map.pick(1, rng).ok_or(Nothing::Left)?;
        let seat = self.typed(page, rng, &seat)?;
        Ok(Selection::Spots(Spots { areas: places.areas, ..seat }))
    }

    /// How many of which type: of one, or of two.
    fn split(&self, candidates: &[u16], rng: &mut ChaCha8Rng, party: u32) -> Vec<(u16, u32)> {
        let first = rng.random_range(0..candidates.len());
        if !self.has_two_types || candidates.len() < 2 || party < 2 {
            return vec![(candidates[first], party)];
        }
        let second = candidates[(first + 1) % candidates.len()];
        vec![(candidates[first], party.div_ceil(2)), (second, party / 2)]
    }

    /// Ticket types for a price level that the page has on sale, never none.
    fn candidates(&self, page: &Page<'_>, category: &str) -> Result<Vec<u16>, Nothing> {
        let is_had = |of: &u16| {
            let ticket_type = &page.layout.ticket_types()[usize::from(*of)];
            !self.refused_types.contains(of)
                && ticket_type.is_on_sale(page.now_millis)
                && page.view.tickets_left(page.layout, *of) > 0
        };
        let types = page.layout.types_of(category).iter().copied();
        let candidates: Vec<u16> = types.filter(is_had).collect();
        if candidates.is_empty() { Err(Nothing::AsAnyType) } else { Ok(candidates) }
    }
}

/// What a buyer sees.
struct Page<'a> {
    layout: &'a Layout,
    view: &'a View,
    now_millis: u64,
}

/// As many as could be had, if that is anybody and fewer than before.
fn fewer(party: u32, could_have: Option<u32>) -> Option<u32> {
    could_have.filter(|could_have| (1..party).contains(could_have))
}
