//! What is on sale: a few events on one small chart that has everything a chart can have, some of
//! them on one shard.

use std::sync::Arc;

use inventory_charts::to_canonical_bytes;
use inventory_core::chart::{
    Area, Category, Chart, ChartParts, Point, Row, Seat, Section, Table, Zone,
};
use inventory_core::ids::{CategoryIndex, ChartHash, EventId, SeatIndex, SectionIndex, ZoneIndex};
use persistence::charts::ChartStore;

/// Each row: its section, and its seats by category, 0 or 1; `a` is accessible, of category 0.
const ROWS: [(u32, &str); 3] = [(0, "0000aa"), (1, "000111"), (1, "11110")];
/// Seats around a table that is sold as a whole; they come last.
const TABLE_SEATS: usize = 3;
/// By area: its category, and how many it takes.
const AREAS: [(Option<u32>, u32); 2] = [(Some(0), 9), (None, 4)];

/// The events and their chart.
#[derive(Clone, Debug)]
pub(crate) struct Venue {
    /// So few that buyers get in each other's way; the first and the last share a shard.
    pub(crate) events: Vec<EventId>,
    pub(crate) chart: Arc<Chart>,
    pub(crate) document: Arc<[u8]>,
    pub(crate) hash: ChartHash,
}

impl Venue {
    pub(crate) fn new() -> Self {
        let chart = chart();
        let document = to_canonical_bytes(&chart);
        let hash = ChartStore::hash_of(&document);
        let mut events: Vec<_> = (1..=3).map(EventId).collect();
        let neighbour = (4..).map(EventId).find(|event| event.shard() == events[0].shard());
        events.extend(neighbour);
        Self { events, chart: Arc::new(chart), document: document.into(), hash }
    }

    pub(crate) fn seats(&self) -> usize {
        self.chart.seat_count() as usize
    }

    /// The seats that are sold only together.
    pub(crate) fn table(&self) -> Vec<SeatIndex> {
        let seats = self.chart.seat_count();
        (seats - TABLE_SEATS as u32..seats).map(SeatIndex).collect()
    }

    pub(crate) fn areas(&self) -> usize {
        AREAS.len()
    }
}

fn chart() -> Chart {
    let mut parts = ChartParts { name: "hall".to_owned(), ..ChartParts::default() };
    parts.focal_point = Some(Point { x: 25.0, y: -10.0 });
    for key in ["gold", "silver"] {
        let (key, label) = (key.to_owned(), key.to_owned());
        parts.categories.push(Category { key, label, color: None });
    }
    for (zone, name) in (0..).zip(["stalls", "circle"]) {
        let (key, label) = (name.to_owned(), name.to_owned());
        parts.zones.push(Zone { key, label: label.clone(), focal_point: None });
        let zone = Some(ZoneIndex(zone));
        parts.sections.push(Section { label, zone, floor: None, entrance: None });
    }
    for (number, (section, kinds)) in ROWS.into_iter().enumerate() {
        let first = parts.seats.len() as u32;
        let section = Some(SectionIndex(section));
        for (place, kind) in kinds.chars().enumerate() {
            let position = Point { x: place as f64 * 10.0, y: number as f64 * 15.0 };
            parts.seats.push(seat(format!("{number}-{place}"), section, kind, position));
        }
        let seats = (first..parts.seats.len() as u32).map(SeatIndex).collect();
        parts.rows.push(Row { label: number.to_string(), section, seats });
    }
    let first = parts.seats.len() as u32;
    for place in 0..TABLE_SEATS {
        let position = Point { x: place as f64 * 10.0, y: 80.0 };
        parts.seats.push(seat(format!("table-{place}"), None, '1', position));
    }
    let seats = (first..parts.seats.len() as u32).map(SeatIndex).collect();
    let label = "table".to_owned();
    parts.tables.push(Table { label, section: None, seats, book_whole: true });
    for (number, (category, capacity)) in AREAS.into_iter().enumerate() {
        let (label, category) = (format!("lawn {number}"), category.map(CategoryIndex));
        parts.areas.push(Area { label, section: None, category, capacity });
    }
    Chart::new(parts).expect("the chart is whole")
}

fn seat(label: String, section: Option<SectionIndex>, kind: char, position: Point) -> Seat {
    Seat {
        label,
        section,
        category: Some(CategoryIndex(u32::from(kind == '1'))),
        position,
        entrance: None,
        accessible: kind == 'a',
        companion: false,
        restricted_view: false,
    }
}
