//! A small venue with everything that matters: three rows of different lengths, two sections in
//! zones of their own, two categories within one row, accessible seats in the middle, seats in no
//! row, a table that is sold as a whole, and three areas.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use inventory_core::chart::{
    Area, Category, Chart, ChartParts, Point, Row, Seat, Section, Table, Zone,
};
use inventory_core::ids::{CategoryIndex, ChartHash, SeatIndex, SectionIndex, ZoneIndex};

/// The hash of the chart.
pub(crate) const CHART: ChartHash = ChartHash([1; 32]);

/// The hash of a chart that nobody knows.
pub(crate) const NO_CHART: ChartHash = ChartHash([2; 32]);

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
pub(crate) const SEATS: u32 = 23;

/// The seats around the table.
pub(crate) const TABLE: Range<u32> = 20..23;

/// By area: its category and how many it takes.
pub(crate) const AREAS: [(Option<u32>, u32); 3] = [(Some(0), 6), (Some(1), 4), (None, 3)];

const FOCUS: Point = Point { x: 23.0, y: -7.0 };

/// All of it as a chart, made once.
pub(crate) fn chart() -> Arc<Chart> {
    static VENUE: LazyLock<Arc<Chart>> = LazyLock::new(|| Arc::new(draw()));
    Arc::clone(&VENUE)
}

fn draw() -> Chart {
    let mut parts = ChartParts { name: "walk".to_owned(), ..ChartParts::default() };
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
    assert_eq!(parts.seats.len(), SEATS as usize);
    let seats = TABLE.map(SeatIndex).collect();
    let label = "table".to_owned();
    parts.tables.push(Table { label, section: None, seats, book_whole: true });
    Chart::new(parts).expect("the chart is whole")
}

fn category(kind: char) -> u32 {
    match kind {
        '0' | 'a' => 0,
        _ => 1,
    }
}
