//! What selling asks of each seat, again and again: close together, so that one look into memory
//! answers all of it. [`Seat`](super::Seat)s are long, and most of them is for people.

use super::ChartParts;
use crate::ids::{CategoryIndex, RowIndex, SeatIndex, SectionIndex, TableIndex};

/// Stands for none.
const NONE: u32 = u32::MAX;

/// By seat: where it belongs.
#[derive(Debug)]
pub(super) struct SeatPlaces {
    places: Vec<Packed>,
    /// Whether a seat is only for who asks for it.
    needs_asking: Vec<bool>,
}

/// Sixteen bytes, so that none lies across two lines of the cache.
#[derive(Clone, Copy, Debug)]
struct Packed {
    row: u32,
    section: u32,
    category: u32,
    whole_table: u32,
}

const _: () = assert!(size_of::<Packed>() == 16);

/// Where a seat belongs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SeatPlace {
    /// Its row.
    pub row: Option<RowIndex>,
    /// Its section.
    pub section: Option<SectionIndex>,
    /// Its category.
    pub category: Option<CategoryIndex>,
    /// Its table, if that is sold only as a whole.
    pub whole_table: Option<TableIndex>,
    /// Whether it is accessible or beside such a seat, and so only for who asks for that.
    pub needs_asking: bool,
}

impl SeatPlaces {
    /// Of the seats of parts whose references have been checked.
    pub(super) fn of(parts: &ChartParts) -> Self {
        let packed = |index: Option<u32>| index.unwrap_or(NONE);
        let places = parts.seats.iter().map(|seat| Packed {
            row: NONE,
            section: packed(seat.section.map(|section| section.0)),
            category: packed(seat.category.map(|category| category.0)),
            whole_table: NONE,
        });
        let mut places: Vec<Packed> = places.collect();
        for (row, seat) in (0..)
            .zip(&parts.rows)
            .flat_map(|(row, of)| of.seats.iter().map(move |&seat| (row, seat)))
        {
            places[seat.0 as usize].row = row;
        }
        let whole = (0..).zip(&parts.tables).filter(|(_, table)| table.book_whole);
        for (table, seat) in whole.flat_map(|(table, of)| of.seats.iter().map(move |&s| (table, s)))
        {
            places[seat.0 as usize].whole_table = table;
        }
        let asked_for = parts.seats.iter().map(|seat| seat.accessible || seat.companion);
        Self { places, needs_asking: asked_for.collect() }
    }

    /// Of one seat; `None` if there is no such seat. Inlined: who asks for one thing pays for no
    /// other.
    #[inline]
    pub(super) fn get(&self, seat: SeatIndex) -> Option<SeatPlace> {
        let packed = self.places.get(seat.0 as usize)?;
        let index = |number: u32| (number != NONE).then_some(number);
        Some(SeatPlace {
            row: index(packed.row).map(RowIndex),
            section: index(packed.section).map(SectionIndex),
            category: index(packed.category).map(CategoryIndex),
            whole_table: index(packed.whole_table).map(TableIndex),
            needs_asking: self.needs_asking[seat.0 as usize],
        })
    }
}
