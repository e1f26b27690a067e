//! A small venue with everything that matters: three rows of different lengths, two sections in
//! zones of their own, two categories within one row, accessible seats in the middle, seats in no
//! row, a table that is sold as a whole, and three areas.

use std::ops::Range;
use std::sync::Arc;

use inventory_core::chart::{
    Area, Category, Chart, ChartParts, Point, Row, Seat, Section, Table, Zone,
};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex, ZoneIndex};

use crate::naive::{Owner, Spot};

/// By row: its section, how far back it is, and its seats: where, what category, what kind.
const ROWS: [(Option<u32>, f64, &str); 5] = [
    (Some(0), 0.0, "000aa0"),
    (Some(1), 13.0, "0000111c"),
    (Some(1), 29.0, "1111"),
    // These are in no row.
    (None, 50.0, "00"),
    // And these around a table.
    (None, 60.0, "010"),
];

/// How many seats there are.
pub(crate) const SPOTS: usize = 23;

/// The seats around the table.
pub(crate) const TABLE: Range<usize> = 20..23;

/// By area: its category and how many it takes.
pub(crate) const AREAS: [(Option<u32>, u32); 3] = [(Some(0), 6), (Some(1), 4), (None, 3)];

const FOCUS: Point = Point { x: 23.0, y: -7.0 };

/// The seats as the model sees them.
pub(crate) fn spots() -> Vec<Spot> {
    let mut spots = Vec::new();
    for (row, (section, depth, kinds)) in ROWS.into_iter().enumerate() {
        for (number, kind) in kinds.chars().enumerate() {
            let (across, along) = (number as f64 * 9.0 - FOCUS.x, depth - FOCUS.y);
            spots.push(Spot {
                owner: Owner::Nobody,
                kind: None,
                is_at_table: TABLE.contains(&spots.len()),
                row: section.is_some().then_some(row),
                section,
                // Each section is a zone.
                zone: section,
                category: Some(category(kind)),
                distance: across.hypot(along),
                needs_asking: matches!(kind, 'a' | 'c'),
            });
        }
    }
    assert_eq!(spots.len(), SPOTS);
    spots
}

/// The seats as a chart.
pub(crate) fn chart() -> Arc<Chart> {
    let mut parts = ChartParts { name: "model".to_owned(), ..ChartParts::default() };
    parts.focal_point = Some(FOCUS);
    for key in ["gold", "silver"] {
        let (key, label) = (key.to_owned(), key.to_owned());
        parts.categories.push(Category { key, label, color: None });
    }
    for (zone, label) in (0..).zip(["stalls", "circle"]) {
        let (key, label) = (label.to_owned(), label.to_owned());
        parts.zones.push(Zone { key, label: label.clone(), focal_point: None });
        let zone = Some(ZoneIndex(zone));
        parts.sections.push(Section { label, zone, floor: None, entrance: None });
    }
    for (number, (category, capacity)) in AREAS.into_iter().enumerate() {
        let (label, category) = (format!("area {number}"), category.map(CategoryIndex));
        parts.areas.push(Area { label, section: None, category, capacity });
    }
    for (row, (section, depth, kinds)) in ROWS.into_iter().enumerate() {
        let first = parts.seats.len() as u32;
        for (number, kind) in kinds.chars().enumerate() {
            parts.seats.push(Seat {
                label: format!("{row}-{number}"),
                section: section.map(SectionIndex),
                category: Some(CategoryIndex(category(kind))),
                position: Point { x: number as f64 * 9.0, y: depth },
                entrance: None,
                accessible: kind == 'a',
                companion: kind == 'c',
                restricted_view: false,
            });
        }
        if section.is_some() {
            let seats = (first..parts.seats.len() as u32).map(SeatIndex).collect();
            let section = section.map(SectionIndex);
            parts.rows.push(Row { label: row.to_string(), section, seats });
        }
    }
    let seats = TABLE.map(|seat| SeatIndex(seat as u32)).collect();
    let label = "table".to_owned();
    parts.tables.push(Table { label, section: None, seats, book_whole: true });
    Arc::new(Chart::new(parts).expect("the chart is whole"))
}

fn category(kind: char) -> u32 {
    match kind {
        '0' | 'a' => 0,
        _ => 1,
    }
}
