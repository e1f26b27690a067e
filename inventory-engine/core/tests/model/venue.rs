//! A small venue with everything that matters: three rows of different lengths, two sections,
//! two categories within one row, accessible seats in the middle, and seats in no row.

use std::sync::Arc;

use inventory_core::chart::{Category, Chart, ChartParts, Point, Row, Seat, Section};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex};

use crate::naive::{Owner, Spot};

/// By row: its section, how far back it is, and its seats: where, what category, what kind.
const ROWS: [(Option<u32>, f64, &str); 4] = [
    (Some(0), 0.0, "000aa0"),
    (Some(1), 13.0, "0000111c"),
    (Some(1), 29.0, "1111"),
    // These are in no row.
    (None, 50.0, "00"),
];

/// How many seats there are.
pub(crate) const SPOTS: usize = 20;

const FOCUS: Point = Point { x: 23.0, y: -7.0 };

/// The seats as the model sees them.
pub(crate) fn spots() -> Vec<Spot> {
    let mut spots = Vec::new();
    for (row, (section, depth, kinds)) in ROWS.into_iter().enumerate() {
        for (number, kind) in kinds.chars().enumerate() {
            let (across, along) = (number as f64 * 9.0 - FOCUS.x, depth - FOCUS.y);
            spots.push(Spot {
                owner: Owner::Nobody,
                row: section.is_some().then_some(row),
                section,
                category: category(kind),
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
    for label in ["stalls", "circle"] {
        let label = label.to_owned();
        parts.sections.push(Section { label, zone: None, floor: None, entrance: None });
    }
    for (row, (section, depth, kinds)) in ROWS.into_iter().enumerate() {
        let first = parts.seats.len() as u32;
        for (number, kind) in kinds.chars().enumerate() {
            parts.seats.push(Seat {
                label: format!("{row}-{number}"),
                section: section.map(SectionIndex),
                category: category(kind).map(CategoryIndex),
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
    Arc::new(Chart::new(parts).expect("the chart is whole"))
}

fn category(kind: char) -> Option<u32> {
    match kind {
        '0' | 'a' => Some(0),
        _ => Some(1),
    }
}
