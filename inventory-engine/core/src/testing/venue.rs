//! The venue of a story: its chart, and how much the shard remembers. Rows lie ten units behind
//! each other in the order in which they come, seats ten units apart by their numbers, unless the
//! story says another pitch.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::script;
use crate::chart::{Area, Category, Chart, ChartParts, Point, Row, Seat, Section, Table, Zone};
use crate::ids::{CategoryIndex, ChartHash, SeatIndex, SectionIndex, ZoneIndex};
use crate::state::Memory;

/// The hash of every story's chart.
pub(super) const CHART: ChartHash = ChartHash([7; 32]);

pub(super) struct Venue {
    pub(super) chart: Arc<Chart>,
    pub(super) memory: Memory,
}

/// Whether a line says what the venue is like.
pub(super) fn is_about_venue(word: &str) -> bool {
    matches!(word, "seats" | "loose" | "table" | "area" | "zone" | "focus" | "pitch" | "memory")
}

impl Venue {
    /// Reads the lines of a story that say what the venue is like.
    pub(super) fn read(text: &str) -> Self {
        let mut parts = ChartParts { name: "venue".to_owned(), ..ChartParts::default() };
        let mut memory = Memory::default();
        let mut row_numbers = BTreeMap::new();
        for line in script::lines(text) {
            match line.words[..] {
                ["seats", ..] => add_seats(&mut parts, &mut row_numbers, &line.words[1..], true),
                ["loose", ..] => add_seats(&mut parts, &mut row_numbers, &line.words[1..], false),
                ["table", label] => add_table(&mut parts, label),
                ["area", label, capacity, ref rest @ ..] => {
                    let category = rest.get(1).map(|key| category(&mut parts, key));
                    let (label, section) = (label.to_owned(), None);
                    let capacity = script::number(capacity) as u32;
                    parts.areas.push(Area { label, section, category, capacity });
                }
                ["zone", label, key] => {
                    let zone = ZoneIndex(parts.zones.len() as u32);
                    let (key, label_of_zone) = (key.to_owned(), key.to_owned());
                    parts.zones.push(Zone { key, label: label_of_zone, focal_point: None });
                    let section = section(&mut parts, label);
                    parts.sections[section.0 as usize].zone = Some(zone);
                }
                ["focus", label] => {
                    let seat = parts.seats.iter().find(|seat| seat.label == label);
                    parts.focal_point = Some(seat.expect("the focus is a seat").position);
                }
                ["pitch", units] => scale(&mut parts, units),
                ["memory", ref rest @ ..] => read_memory(&mut memory, rest),
                _ => {}
            }
        }
        Self { chart: Arc::new(Chart::new(parts).expect("a story's chart is whole")), memory }
    }
}

/// Puts everything that the story has named before closer together, or farther apart.
fn scale(parts: &mut ChartParts, units: &str) {
    let units: f64 = units.parse().expect("a pitch is a number");
    let seats = parts.seats.iter_mut().map(|seat| &mut seat.position);
    for point in seats.chain(&mut parts.focal_point) {
        (point.x, point.y) = (point.x * units / 10.0, point.y * units / 10.0);
    }
}

/// A table that is sold as a whole: seats in no row.
fn add_table(parts: &mut ChartParts, seats: &str) {
    let first = parts.seats.len() as u32;
    add_seats(parts, &mut BTreeMap::new(), &[seats], false);
    let seats = (first..parts.seats.len() as u32).map(SeatIndex).collect();
    let label = format!("table {}", parts.tables.len());
    parts.tables.push(Table { label, section: None, seats, book_whole: true });
}

fn add_seats(
    parts: &mut ChartParts,
    row_numbers: &mut BTreeMap<String, usize>,
    words: &[&str],
    in_rows: bool,
) {
    let after = |key: &str| words.iter().position(|&word| word == key).map(|at| words[at + 1]);
    let section = after("in").map(|label| section(parts, label));
    let category = after("of").map(|key| category(parts, key));
    let named = words.iter().take_while(|word| !matches!(**word, "in" | "of"));
    for word in named {
        let labels = script::seats(word.trim_end_matches(['*', '+'])).expect("a seat is named");
        for label in labels {
            let (row, number) = script::seat(&label).expect("a label has a row and a number");
            let rows_before = row_numbers.len();
            let depth = *row_numbers.entry(row.to_owned()).or_insert(rows_before);
            let index = SeatIndex(parts.seats.len() as u32);
            if in_rows {
                if depth == parts.rows.len() {
                    parts.rows.push(Row { label: row.to_owned(), section, seats: Vec::new() });
                }
                parts.rows[depth].seats.push(index);
            }
            let position = Point { x: f64::from(number) * 10.0, y: depth as f64 * 10.0 };
            parts.seats.push(Seat {
                label: label.clone(),
                section,
                category,
                position,
                entrance: None,
                accessible: word.ends_with('*'),
                companion: word.ends_with('+'),
                restricted_view: false,
            });
        }
    }
}

fn section(parts: &mut ChartParts, label: &str) -> SectionIndex {
    let known = parts.sections.iter().position(|section| section.label == label);
    let index = known.unwrap_or(parts.sections.len());
    if known.is_none() {
        let label = label.to_owned();
        parts.sections.push(Section { label, zone: None, floor: None, entrance: None });
    }
    SectionIndex(index as u32)
}

fn category(parts: &mut ChartParts, key: &str) -> CategoryIndex {
    let known = parts.categories.iter().position(|category| category.key == key);
    let index = known.unwrap_or(parts.categories.len());
    if known.is_none() {
        let (key, label) = (key.to_owned(), key.to_owned());
        parts.categories.push(Category { key, label, color: None });
    }
    CategoryIndex(index as u32)
}

fn read_memory(memory: &mut Memory, words: &[&str]) {
    for pair in words.chunks(2) {
        match pair {
            ["requests", count] => memory.requests_max = script::number(count) as usize,
            ["kept", seconds] => memory.request_millis = script::millis(seconds),
            ["ended", count] => memory.ended_holds_max = script::number(count) as usize,
            other => panic!("{other:?} is no size of a memory"),
        }
    }
}
