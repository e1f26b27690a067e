//! What a page about a run shows beyond its report: the course in fine steps, and every seat with
//! its place in the venue and the moment at which its sale was acknowledged.

use std::collections::{BTreeMap, HashMap};

use crate::audit::record::{Books, Standing};
use crate::course::{Sighting, Step};
use crate::layout::Layout;
use crate::seat_map::{ALLOCATED, BLOCKED, Counts, HELD, View};

/// What happened to a seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// Its last sale was acknowledged so many milliseconds after the doors opened.
    Sold {
        /// The first acknowledgement of it that reached a buyer.
        at_millis: u64,
    },
    /// The server has it as sold, and nobody of this run was told: sold before or by others.
    SoldToOthers,
    /// It was in a hold when the run was over.
    Held,
    /// Nobody has it.
    Available,
    /// The organizer keeps it.
    Blocked,
}

/// One seat of the venue. A chart has no unit, and its y axis points down.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatDrawn {
    /// Its label, such as `North Stand 101-A-1`.
    pub label: String,
    /// Its section; empty if it is in none.
    pub section: String,
    /// Its row; empty if it is in none.
    pub row: String,
    /// Its table, as a place in the picture's list.
    pub table: Option<u32>,
    /// Where it stands.
    pub x: f64,
    /// Where it stands.
    pub y: f64,
    /// What happened to it.
    pub fate: Fate,
}

/// Seats around a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableDrawn {
    /// Its seats, by index.
    pub seats: Vec<u32>,
    /// Whether they are sold together or not at all.
    pub is_whole: bool,
}

/// One area of the venue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AreaDrawn {
    /// Its label.
    pub label: String,
    /// Its section; empty if it is in none.
    pub section: String,
    /// Places that were sold at one moment, in milliseconds after the doors opened: when, rising,
    /// and how many.
    pub sold: Vec<(u64, u32)>,
    /// The last word of the server on its places.
    pub places: Counts,
}

/// A run to look at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// When the doors opened, in milliseconds since 1970.
    pub opened_at_millis: u64,
    /// The course of the run.
    pub steps: Vec<Step>,
    /// What the server said of its seats meanwhile, in the order of time.
    pub sightings: Vec<Sighting>,
    /// The seats, by index.
    pub seats: Vec<SeatDrawn>,
    /// The tables.
    pub tables: Vec<TableDrawn>,
    /// The areas, by index.
    pub areas: Vec<AreaDrawn>,
}

/// Every seat with its fate, by the record of the buyers and the server's last word.
pub(crate) fn seats(
    layout: &Layout,
    books: &Books<'_>,
    last: &View,
    opened_micros: u64,
) -> Vec<SeatDrawn> {
    let sold = books.sales.iter().filter_map(|(seat, sales)| {
        // Of a seat that was brought back and sold again, the last sale is the one that stands.
        let mut first: BTreeMap<_, u64> = BTreeMap::new();
        for (allocation_id, entry) in sales {
            let at = first.entry(allocation_id).or_insert(entry.received_micros);
            *at = entry.received_micros.min(*at);
        }
        let is_back = books.standing(*seat) == Some(Standing::Back);
        let last = first.into_values().max().filter(|_| !is_back)?;
        Some((*seat, last.saturating_sub(opened_micros) / 1_000))
    });
    let sold: BTreeMap<u32, u64> = sold.collect();
    let fate = |seat: u32| match (sold.get(&seat), last.status(seat)) {
        (Some(at_millis), _) => Fate::Sold { at_millis: *at_millis },
        (None, ALLOCATED) => Fate::SoldToOthers,
        (None, HELD) => Fate::Held,
        (None, BLOCKED) => Fate::Blocked,
        _ => Fate::Available,
    };
    let tables = (0..).zip(layout.tables());
    let of_tables =
        tables.flat_map(|(number, of)| of.seats.iter().map(move |seat| (*seat, number)));
    let table_by_seat: HashMap<u32, u32> = of_tables.collect();
    let drawn = layout.seats().iter().zip(0..).map(|(place, seat)| SeatDrawn {
        label: place.label.clone(),
        section: place.section.clone(),
        row: place.row.clone(),
        table: table_by_seat.get(&seat).copied(),
        x: place.x,
        y: place.y,
        fate: fate(seat),
    });
    drawn.collect()
}

/// The tables, as the chart has them.
pub(crate) fn tables(layout: &Layout) -> Vec<TableDrawn> {
    let tables = layout.tables().iter();
    tables.map(|of| TableDrawn { seats: of.seats.clone(), is_whole: of.is_whole }).collect()
}

/// The areas with the moments at which their places were sold to who did not bring them back.
pub(crate) fn areas(
    layout: &Layout,
    books: &Books<'_>,
    last: &View,
    opened_micros: u64,
) -> Vec<AreaDrawn> {
    let mut sold: BTreeMap<u32, BTreeMap<u64, u32>> = BTreeMap::new();
    for sale in books.allocations.values() {
        let Some(entry) = sale.sold else { continue };
        let at_millis = entry.received_micros.saturating_sub(opened_micros) / 1_000;
        let bought = entry.answer.spots().into_iter().flat_map(|spots| spots.areas.iter());
        let back = sale.returned.iter().flat_map(|spots| spots.areas.iter());
        let mut kept: BTreeMap<u32, u32> = BTreeMap::new();
        bought.for_each(|places| *kept.entry(places.area).or_default() += places.count);
        for places in back {
            let kept = kept.entry(places.area).or_default();
            *kept = kept.saturating_sub(places.count);
        }
        for (area, count) in kept.into_iter().filter(|(_, count)| *count > 0) {
            *sold.entry(area).or_default().entry(at_millis).or_default() += count;
        }
    }
    let drawn = (0..).zip(layout.areas()).map(|(index, area)| AreaDrawn {
        label: area.label.clone(),
        section: area.section.clone(),
        sold: sold.remove(&index).unwrap_or_default().into_iter().collect(),
        places: last.area(index),
    });
    drawn.collect()
}
