//! What is left to sell, and what can never be sold.
//!
//! A spot can be sold if one of the ticket types that it may be sold as is on sale and has any
//! left; a whole table if that is so for all of its seats at once. The sale is over when nothing
//! is held, nothing can be sold, and nobody will bring anything back.

use std::collections::BTreeMap;

use crate::layout::Layout;
use crate::request::Selection;
use crate::seat_map::{AVAILABLE, View};
use crate::spots::{Places, Spots};

/// Places that one late buyer takes at most.
const LATE_PLACES_MAX: u32 = 50;

/// Late buyers that an area's places are shared among, if there are enough.
const LATE_BUYERS_AN_AREA: u32 = 20;

/// How many of each ticket type are left while spots are given away one after the other.
struct Tickets<'a> {
    layout: &'a Layout,
    /// By index; none of what is not on sale.
    left: Vec<u32>,
}

impl<'a> Tickets<'a> {
    fn new(view: &View, layout: &'a Layout, now_millis: u64) -> Self {
        let left = (0..).zip(layout.ticket_types()).map(|(index, of)| match of {
            of if of.is_on_sale(now_millis) => view.tickets_left(layout, index),
            _ => 0,
        });
        Self { layout, left: left.collect() }
    }

    /// Of the types for a price level, the one of which most are left, and how many.
    fn most(&self, category: &str) -> Option<(u16, u32)> {
        let types = self.layout.types_of(category).iter();
        let left = types.map(|of| (*of, self.left[usize::from(*of)]));
        // The first of several: `max_by_key` would take the last.
        left.rev().max_by_key(|(_, left)| *left).filter(|(_, left)| *left > 0)
    }

    fn take(&mut self, ticket_type: u16, count: u32) {
        let left = &mut self.left[usize::from(ticket_type)];
        if *left != u32::MAX {
            *left -= count;
        }
    }

    /// A type for each of these seats, taken; `None`, and nothing is taken, if there are too few.
    fn for_seats(&mut self, seats: &[u32]) -> Option<Spots> {
        let mut spots = Spots::of_seats(seats);
        if self.layout.ticket_types().is_empty() {
            return Some(spots);
        }
        let before = self.left.clone();
        let mut types = Vec::with_capacity(seats.len());
        for seat in seats {
            let Some((ticket_type, _)) = self.most(self.layout.category_of_seat(*seat)) else {
                self.left = before;
                return None;
            };
            self.take(ticket_type, 1);
            types.push(ticket_type);
        }
        spots.seat_types = types.into();
        Some(spots)
    }

    /// At most so many places of an area, taken.
    fn for_places(&mut self, area: u32, places_max: u32) -> Option<Spots> {
        let category = &self.layout.areas().get(area as usize)?.category;
        let (ticket_type, count) = if self.layout.ticket_types().is_empty() {
            (None, places_max)
        } else {
            let (ticket_type, left) = self.most(category)?;
            let count = places_max.min(left);
            self.take(ticket_type, count);
            (Some(ticket_type), count)
        };
        let areas = Box::new([Places { area, ticket_type, count }]);
        (count > 0).then(|| Spots { areas, ..Spots::default() })
    }
}

/// Of everything that can be sold, at most `count_max` selections that do not stand in each
/// other's way: single seats, the accessible ones among them, whole tables, and places.
pub(crate) fn selections(
    view: &View,
    layout: &Layout,
    now_millis: u64,
    count_max: usize,
) -> Vec<Selection> {
    let mut tickets = Tickets::new(view, layout, now_millis);
    let mut selections = Vec::new();
    for seat in 0..view.statuses.len() as u32 {
        if selections.len() >= count_max {
            return selections;
        }
        if view.status(seat) == AVAILABLE && layout.whole_table(seat).is_none() {
            selections.extend(tickets.for_seats(&[seat]).map(Selection::Spots));
        }
    }
    for table in view.open_tables(layout) {
        let seats = &layout.tables()[table as usize].seats;
        if selections.len() < count_max && seats.len() <= layout.buyer_spots_max() as usize {
            selections.extend(tickets.for_seats(seats).map(Selection::Spots));
        }
    }
    for area in 0..view.areas.len() as u32 {
        let mut left = view.area(area).available;
        let share = (left / LATE_BUYERS_AN_AREA).clamp(1, LATE_PLACES_MAX);
        let share = share.min(layout.buyer_spots_max());
        while left > 0 && selections.len() < count_max {
            let Some(spots) = tickets.for_places(area, share.min(left)) else { break };
            left -= spots.places() as u32;
            selections.push(Selection::Spots(spots));
        }
    }
    selections
}

/// Whether nothing is held and nothing can be sold.
pub(crate) fn is_over(view: &View, layout: &Layout, now_millis: u64) -> bool {
    let held = view.all().held + view.ticket_types.iter().map(|of| of.held).max().unwrap_or(0);
    held == 0 && selections(view, layout, now_millis, 1).is_empty()
}

/// Free spots that cannot be sold as things are, by the reason: `no_ticket_type` if none is for
/// them, `not_on_sale` if those that are have not opened or have closed, `quota_exhausted` if
/// none of them is left, `table_incomplete` if a part of their table is taken or the table is for
/// more than one buyer may have.
pub(crate) fn cannot_be_sold(
    view: &View,
    layout: &Layout,
    now_millis: u64,
) -> BTreeMap<&'static str, u64> {
    let mut reasons = BTreeMap::new();
    let mut note = |reason, spots: u64| *reasons.entry(reason).or_default() += spots;
    let tickets = Tickets::new(view, layout, now_millis);
    let types_reason = |category: &str| {
        let types = layout.types_of(category);
        let is_on_sale = |of: &u16| layout.ticket_types()[usize::from(*of)].is_on_sale(now_millis);
        match types {
            _ if layout.ticket_types().is_empty() => None,
            [] => Some("no_ticket_type"),
            types if !types.iter().any(is_on_sale) => Some("not_on_sale"),
            _ => tickets.most(category).is_none().then_some("quota_exhausted"),
        }
    };
    let open_tables = view.open_tables(layout);
    for seat in (0..view.statuses.len() as u32).filter(|seat| view.status(*seat) == AVAILABLE) {
        let by_types = types_reason(layout.category_of_seat(seat));
        let reason = match layout.whole_table(seat) {
            Some(table) if open_tables.binary_search(&table).is_err() => Some("table_incomplete"),
            Some(table) => {
                let seats = &layout.tables()[table as usize].seats;
                if seats.len() > layout.buyer_spots_max() as usize {
                    Some("table_incomplete")
                } else {
                    let mut fresh = Tickets::new(view, layout, now_millis);
                    let too_few = fresh.for_seats(seats).is_none();
                    by_types.or_else(|| too_few.then_some("quota_exhausted"))
                }
            }
            None => by_types,
        };
        if let Some(reason) = reason {
            note(reason, 1);
        }
    }
    for (area, counts) in layout.areas().iter().zip(&view.areas) {
        if let Some(reason) = types_reason(&area.category).filter(|_| counts.available > 0) {
            note(reason, u64::from(counts.available));
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::layout::{Area, SeatPlace, Terms, TicketType};
    use crate::seat_map::{ALLOCATED, Counts, HELD, Stock};

    const NOW: u64 = 1_000;

    /// Two single seats and a table of three; a lawn of 50; `terms` say the ticket types.
    fn layout(terms: Terms) -> Layout {
        let seat = |table: &str| SeatPlace {
            table: table.to_owned(),
            table_is_whole: true,
            ..SeatPlace::default()
        };
        let seats = ["", "", "T", "T", "T"].map(seat).to_vec();
        let lawn = Area { label: "Lawn".to_owned(), capacity: 50, ..Area::default() };
        Layout::with(seats, vec![lawn], terms)
    }

    fn quotas(quotas: &[Option<u32>]) -> Terms {
        let of = |quota: &Option<u32>| TicketType { quota: *quota, ..TicketType::default() };
        Terms { ticket_types: quotas.iter().map(of).collect(), buyer_spots_max: None }
    }

    fn view(layout: &Layout, statuses: [u8; 5], places: u32, tickets: &[u32]) -> View {
        let counts = |available: &u32| Counts { available: *available, ..Counts::default() };
        let stock = Stock {
            statuses: Bytes::copy_from_slice(&statuses),
            areas: vec![counts(&places)],
            ticket_types: tickets.iter().map(counts).collect(),
        };
        View::new(stock, layout)
    }

    fn spots_of(selections: &[Selection]) -> u64 {
        let count = |selection: &Selection| match selection {
            Selection::Spots(spots) => spots.count(),
            other => panic!("{other:?}"),
        };
        selections.iter().map(count).sum()
    }

    #[test]
    fn everything_that_is_free_is_offered_once() {
        let layout = layout(Terms::default());
        let all = view(&layout, [1; 5], 50, &[]);
        let offered = selections(&all, &layout, NOW, 1_000);
        assert_eq!(spots_of(&offered), 55);
        assert_eq!(selections(&all, &layout, NOW, 3).len(), 3);
        assert!(cannot_be_sold(&all, &layout, NOW).is_empty());
        assert!(!is_over(&all, &layout, NOW));
        assert!(is_over(&view(&layout, [3; 5], 0, &[]), &layout, NOW));
        let held = view(&layout, [3, 3, 3, 3, HELD], 0, &[]);
        assert!(!is_over(&held, &layout, NOW));
    }

    #[test]
    fn quotas_bound_what_can_be_sold() {
        let layout = layout(quotas(&[Some(9), Some(9)]));
        let two_left = view(&layout, [ALLOCATED, ALLOCATED, 1, 1, 1], 5, &[1, 1]);
        // Two are too few for the table, and enough for two of the lawn.
        let offered = selections(&two_left, &layout, NOW, 1_000);
        assert_eq!((offered.len(), spots_of(&offered)), (2, 2));
        assert_eq!(cannot_be_sold(&two_left, &layout, NOW), [("quota_exhausted", 3)].into());
        let none_left = view(&layout, [ALLOCATED, 1, 1, 1, 1], 5, &[0, 0]);
        assert!(is_over(&none_left, &layout, NOW));
        assert_eq!(cannot_be_sold(&none_left, &layout, NOW), [("quota_exhausted", 9)].into());
    }

    #[test]
    fn what_has_no_ticket_type_or_no_whole_table_stays() {
        let mut terms = quotas(&[None]);
        terms.ticket_types[0].opens_at_millis = Some(NOW + 1);
        let late = layout(terms);
        let free = view(&late, [1; 5], 50, &[99]);
        assert_eq!(cannot_be_sold(&free, &late, NOW), [("not_on_sale", 55)].into());
        assert!(is_over(&free, &late, NOW) && !is_over(&free, &late, NOW + 1));
        let mut terms = quotas(&[None]);
        terms.ticket_types[0].categories = vec!["other".to_owned()];
        let unfit = layout(terms);
        let free = view(&unfit, [1, 1, 4, 1, 1], 50, &[99]);
        let expected = [("no_ticket_type", 52), ("table_incomplete", 2)].into();
        assert_eq!(cannot_be_sold(&free, &unfit, NOW), expected);
        let few = layout(Terms { ticket_types: Vec::new(), buyer_spots_max: Some(2) });
        let free = view(&few, [1; 5], 5, &[]);
        let offered = selections(&free, &few, NOW, 1_000);
        assert_eq!(spots_of(&offered), 7, "the table is for three");
        assert_eq!(cannot_be_sold(&free, &few, NOW), [("table_incomplete", 3)].into());
    }
}
