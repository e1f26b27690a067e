//! What a page about a run shows beyond its report: the course in fine steps, and every seat with
//! its place in the venue and the moment at which its sale was acknowledged.

use std::collections::BTreeMap;

use crate::audit::record::Books;
use crate::course::{Sighting, Step};
use crate::seat_map::{ALLOCATED, BLOCKED, HELD, Layout, View};

/// What happened to a seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// Its sale was acknowledged so many milliseconds after the doors opened.
    Sold {
        /// The first acknowledgement that reached a buyer.
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
    /// Where it stands.
    pub x: f64,
    /// Where it stands.
    pub y: f64,
    /// What happened to it.
    pub fate: Fate,
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
}

/// Every seat with its fate, by the record of the buyers and the server's last word.
pub(crate) fn seats(
    layout: &Layout,
    books: &Books<'_>,
    last: &View,
    opened_micros: u64,
) -> Vec<SeatDrawn> {
    let sold = books.sales.iter().filter_map(|(seat, sales)| {
        let first = sales.iter().map(|(_, entry)| entry.received_micros).min()?;
        Some((*seat, first.saturating_sub(opened_micros) / 1_000))
    });
    let sold: BTreeMap<u32, u64> = sold.collect();
    let fate = |seat: u32| match (sold.get(&seat), last.status(seat)) {
        (Some(at_millis), _) => Fate::Sold { at_millis: *at_millis },
        (None, ALLOCATED) => Fate::SoldToOthers,
        (None, HELD) => Fate::Held,
        (None, BLOCKED) => Fate::Blocked,
        _ => Fate::Available,
    };
    let drawn = layout.places().iter().zip(0..).map(|(place, seat)| SeatDrawn {
        label: place.label.clone(),
        section: place.section.clone(),
        row: place.row.clone(),
        x: place.x,
        y: place.y,
        fate: fate(seat),
    });
    drawn.collect()
}
