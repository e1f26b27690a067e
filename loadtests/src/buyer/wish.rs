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

/// Price levels at which a buyer looks for one with a ticket type to have it as.
const PRICE_LEVELS_TRIED: u32 = 8;

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

/// There is nothing that this buyer may ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Nothing {
    /// Nothing was found.
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

    /// What to ask for, by what the page shows; something else if there is none of it. If there
    /// is nothing at all, the buyer asks all the same: the page is always a little out of date.
    pub(super) fn selection(
        &mut self,
        map: &SeatMap,
        rng: &mut ChaCha8Rng,
        now_millis: u64,
    ) -> Result<Selection, Nothing> {
        let (layout, view) = (map.layout.as_ref(), map.view());
        let page = Page { layout, view: &view, now_millis, is_believed: true };
        if layout.is_plain() {
            let picked = if self.picks { map.pick(self.party, rng) } else { None };
            return Ok(match picked {
                Some(seats) => Selection::Spots(Spots::of_seats(seats)),
                None => Selection::Best(Best::of(self.party)),
            });
        }
        let mut nothing = Nothing::Left;
        let kinds = [self.kind, Kind::Seats, Kind::Places, Kind::Table];
        let believed = kinds.into_iter().map(|kind| (kind, true));
        for (kind, is_believed) in believed.chain(kinds.into_iter().map(|kind| (kind, false))) {
            let page = Page { is_believed, ..page };
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
        let Some(mut seat) = page.seat(rng) else { return Err(Nothing::Left) };
        for _ in 0..PRICE_LEVELS_TRIED {
            let category = page.layout.category_of_seat(seat);
            if page.layout.ticket_types().is_empty() || self.candidates(page, category).is_ok() {
                break;
            }
            seat = page.seat(rng).unwrap_or(seat);
        }
        match picked {
            Some(seats) => self.typed(page, rng, &seats).map(Selection::Spots),
            None if page.layout.has_rows() => self.best(page, rng, seat),
            None if page.is_believed => Err(Nothing::Left),
            None => self.typed(page, rng, &[seat]).map(Selection::Spots),
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

    /// The best seats of the price level that this seat has.
    fn best(&self, page: &Page<'_>, rng: &mut ChaCha8Rng, seat: u32) -> Result<Selection, Nothing> {
        if page.layout.ticket_types().is_empty() {
            return Ok(Selection::Best(Best::of(self.party)));
        }
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
        let open = page.tables();
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
        let is_open = |area: &u32| !self.full_areas.contains(area) && page.places(*area) > 0;
        let areas: Vec<u32> = (0..page.layout.areas().len() as u32).filter(is_open).collect();
        let has_type = |area: &u32| {
            let category = &page.layout.areas()[*area as usize].category;
            page.layout.ticket_types().is_empty() || self.candidates(page, category).is_ok()
        };
        let is_any_open = !areas.is_empty();
        let areas = areas.into_iter().filter(has_type);
        let free: Vec<(u32, u32)> = areas.map(|area| (area, page.places(area))).collect();
        if is_any_open && free.is_empty() {
            return Err(Nothing::AsAnyType);
        }
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

    /// Ticket types for a price level that can be had, never none.
    fn candidates(&self, page: &Page<'_>, category: &str) -> Result<Vec<u16>, Nothing> {
        let is_had = |of: &u16| {
            let ticket_type = &page.layout.ticket_types()[usize::from(*of)];
            let is_left = !page.is_believed || page.view.tickets_left(page.layout, *of) > 0;
            !self.refused_types.contains(of) && ticket_type.is_on_sale(page.now_millis) && is_left
        };
        let types = page.layout.types_of(category).iter().copied();
        let candidates: Vec<u16> = types.filter(is_had).collect();
        if candidates.is_empty() { Err(Nothing::AsAnyType) } else { Ok(candidates) }
    }
}

/// What a buyer sees.
#[derive(Clone, Copy)]
struct Page<'a> {
    layout: &'a Layout,
    view: &'a View,
    now_millis: u64,
    /// Whether what it shows as taken is taken for granted.
    is_believed: bool,
}

impl Page<'_> {
    /// A seat that is sold by itself.
    fn seat(&self, rng: &mut ChaCha8Rng) -> Option<u32> {
        if self.is_believed {
            return self.view.glance(rng);
        }
        let seats = self.layout.capacity();
        let any = (seats > 0).then(|| rng.random_range(0..seats))?;
        self.layout.is_for_anyone(any).then_some(any)
    }

    /// Tables that are sold as a whole.
    fn tables(&self) -> Vec<u32> {
        if self.is_believed {
            return self.view.open_tables(self.layout);
        }
        let tables = (0..).zip(self.layout.tables()).filter(|(_, table)| table.is_whole);
        tables.map(|(number, _)| number).collect()
    }

    fn places(&self, area: u32) -> u32 {
        if self.is_believed {
            return self.view.area(area).available;
        }
        self.layout.areas().get(area as usize).map_or(0, |area| area.capacity)
    }
}

/// As many as could be had, if that is anybody and fewer than before.
fn fewer(party: u32, could_have: Option<u32>) -> Option<u32> {
    could_have.filter(|could_have| (1..party).contains(could_have))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use rand::SeedableRng;

    use super::*;
    use crate::layout::{Area, SeatPlace, Terms, TicketType};
    use crate::seat_map::{Counts, Stock};

    /// Six seats in a row, two tables of two, a lawn and a pit; two ticket types, children on the
    /// lawn alone.
    fn map(statuses: [u8; 10], places: [u32; 2], children: u32) -> SeatMap {
        let seat = |index: usize| SeatPlace {
            row: if index < 6 { "A".to_owned() } else { String::new() },
            table: if index < 6 { String::new() } else { format!("T{}", index / 2) },
            table_is_whole: true,
            ..SeatPlace::default()
        };
        let area = |label: &str| Area {
            label: label.to_owned(),
            category: label.to_owned(),
            capacity: 100,
            ..Area::default()
        };
        let adult = TicketType { key: "adult".to_owned(), ..TicketType::default() };
        let child = TicketType {
            key: "child".to_owned(),
            quota: Some(9),
            categories: vec!["Lawn".to_owned()],
            ..TicketType::default()
        };
        let terms = Terms { ticket_types: vec![adult, child], buyer_spots_max: None };
        let areas = vec![area("Lawn"), area("Pit")];
        let layout = Arc::new(Layout::with((0..10).map(seat).collect(), areas, terms));
        let counts = |available: u32| Counts { available, ..Counts::default() };
        let stock = Stock {
            statuses: Bytes::copy_from_slice(&statuses),
            areas: places.map(counts).to_vec(),
            ticket_types: vec![counts(1), counts(children)],
        };
        let view = View::new(stock, &layout);
        SeatMap::new(layout, view)
    }

    fn wish(kind: Kind, party: u32) -> Wish {
        Wish {
            kind,
            party,
            picks: true,
            has_two_types: true,
            refused_types: Vec::new(),
            full_areas: Vec::new(),
        }
    }

    fn spots(map: &SeatMap, wish: &mut Wish, rng: &mut ChaCha8Rng) -> Spots {
        match wish.selection(map, rng, 0) {
            Ok(Selection::Spots(spots)) => spots,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn buyers_are_after_what_there_is_in_proportion() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let map = map([1; 10], [100; 2], 9);
        let kinds: Vec<Kind> =
            (0..4_000).map(|_| Wish::draw(&mut rng, &map.layout, 4, false).kind).collect();
        let share = |kind| kinds.iter().filter(|one| **one == kind).count() as f64 / 4_000.0;
        for (kind, expected) in
            [(Kind::Seats, 0.029), (Kind::Table, 0.019), (Kind::Places, 0.857), (Kind::Both, 0.095)]
        {
            assert!((share(kind) - expected).abs() < 0.02, "{kind:?}: {}", share(kind));
        }
        let plain = Layout::new(vec![SeatPlace { row: "A".to_owned(), ..SeatPlace::default() }]);
        let before = rng.clone();
        assert_eq!(Wish::draw(&mut rng, &plain, 4, false).kind, Kind::Seats);
        assert_eq!(rng, before, "an event with seats alone is as it always was");
    }

    #[test]
    fn everything_has_a_ticket_type_that_it_may_be_sold_as() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let map = map([1; 10], [100, 0], 9);
        for _ in 0..50 {
            let seats = spots(&map, &mut wish(Kind::Seats, 3), &mut rng);
            assert_eq!((seats.seats.len(), &*seats.seat_types), (3, &[0, 0, 0][..]));
            let lawn = spots(&map, &mut wish(Kind::Places, 5), &mut rng);
            let lines: Vec<(u32, u32)> = lawn.areas.iter().map(|of| (of.area, of.count)).collect();
            assert_eq!(lines, [(0, 3), (0, 2)], "two types of one area");
            let both = spots(&map, &mut wish(Kind::Both, 5), &mut rng);
            assert_eq!((both.seats.len(), both.places()), (1, 4));
            match wish(Kind::Table, 2).selection(&map, &mut rng, 0) {
                Ok(Selection::Spots(table)) => {
                    assert!([[6, 7], [8, 9]].contains(&[table.seats[0], table.seats[1]]));
                }
                Ok(Selection::Table { table, ticket_type }) => {
                    assert!(table < 2 && ticket_type == Some(0));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn who_finds_none_of_it_looks_for_something_else_and_asks_at_last_all_the_same() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let lawn_alone = map([3; 10], [100, 0], 9);
        let mut table = wish(Kind::Table, 2);
        assert_eq!(spots(&lawn_alone, &mut table, &mut rng).places(), 2);
        assert_eq!(table.kind, Kind::Places);
        let nothing = map([3; 10], [0, 0], 0);
        assert!(wish(Kind::Places, 2).selection(&nothing, &mut rng, 0).is_ok());
        assert!(wish(Kind::Table, 2).selection(&nothing, &mut rng, 0).is_ok());
    }

    #[test]
    fn what_was_refused_is_not_asked_for_again() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let map = map([3; 10], [100, 100], 9);
        let mut buyer = wish(Kind::Places, 6);
        let asked = |spots: Spots| Selection::Spots(spots);
        let first = spots(&map, &mut buyer, &mut rng);
        let full = Refusal { could_have: Some(0), ..Refusal::of("area_full") };
        let area = first.areas[0].area;
        assert!(buyer.learn(&asked(first), &full));
        let second = spots(&map, &mut buyer, &mut rng);
        assert_ne!(second.areas[0].area, area, "another area");
        let few = Refusal { could_have: Some(2), ..Refusal::of("area_full") };
        assert!(buyer.learn(&asked(second.clone()), &few));
        assert_eq!(buyer.party, 2, "fewer");
        let gone =
            Refusal { could_have: Some(0), ticket_type: Some(0), ..Refusal::of("quota_exceeded") };
        assert!(buyer.learn(&asked(second.clone()), &gone));
        buyer.full_areas.clear();
        for _ in 0..20 {
            let third = spots(&map, &mut buyer, &mut rng);
            assert!(third.areas.iter().all(|of| of.ticket_type == Some(1) && of.area == 0));
        }
        assert!(buyer.learn(&asked(second.clone()), &Refusal::of("ticket_type_mismatch")));
        assert!(!buyer.learn(&asked(second), &Refusal::of("sale_closed")));
        buyer.refused_types = vec![0, 1];
        assert_eq!(buyer.selection(&map, &mut rng, 0), Err(Nothing::AsAnyType));
    }
}
