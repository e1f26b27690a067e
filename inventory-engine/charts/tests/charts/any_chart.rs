//! Charts by chance: whatever the core accepts, in orders and under names that no file gives them.

use std::collections::HashSet;

use inventory_core::chart::{Area, Category, ChartParts, Point, Row, Seat, Section, Table, Zone};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex, ZoneIndex};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Texts as people write them, and as nobody should.
fn label() -> impl Strategy<Value = String> {
    let usual = select(vec!["A", "B", "1", "2", "10", "S", "-", "A-1", "é", "\"", "\\", "S-A"]);
    prop_oneof![
        4 => usual.prop_map(str::to_owned),
        1 => "[ -~]{1,12}",
        1 => "\\PC{1,8}",
    ]
    .prop_map(|label| label.trim().to_owned())
    .prop_filter("no label", |label| !label.is_empty() && !label.contains(char::is_control))
}

fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-40..40_i32).prop_map(f64::from),
        1 => (-40_000..40_000_i32).prop_map(|number| f64::from(number) / 100.0),
        1 => -1e7..1e7,
        1 => Just(0.1 + 0.2),
        1 => Just(-1e7),
        1 => Just(1e7),
        1 => Just(-0.0),
    ]
}

fn point() -> impl Strategy<Value = Point> {
    (coordinate(), coordinate()).prop_map(|(x, y)| Point { x, y })
}

/// A seat as it is drawn by chance: where it belongs, and what differs from that.
#[derive(Clone, Debug)]
struct Draw {
    group: Index,
    order: u64,
    label: Option<String>,
    section: Option<Option<Index>>,
    category: Option<Index>,
    position: Option<Point>,
    entrance: Option<String>,
    flags: u8,
}

fn draw() -> impl Strategy<Value = Draw> {
    let rarely = |strategy| option::weighted(0.1, strategy);
    (
        any::<Index>(),
        prop_oneof![3 => Just(0_u64), 1 => any::<u64>()],
        rarely(label()),
        option::weighted(0.1, option::of(any::<Index>())),
        option::weighted(0.8, any::<Index>()),
        option::weighted(0.3, point()),
        rarely(label()),
        prop_oneof![4 => Just(0_u8), 1 => 0..8_u8],
    )
        .prop_map(|(group, order, label, section, category, position, entrance, flags)| Draw {
            group,
            order,
            label,
            section,
            category,
            position,
            entrance,
            flags,
        })
}

/// What may stand in a section, by its own name and where that is.
type Group = (String, Option<Index>);

fn group() -> impl Strategy<Value = Group> {
    (label(), option::of(any::<Index>()))
}

/// A chart as it is drawn by chance, before anything refers to anything.
#[derive(Clone, Debug)]
struct Plan {
    name: String,
    focal_point: Option<Point>,
    categories: Vec<(String, String, Option<&'static str>)>,
    zones: Vec<(String, String, Option<Point>)>,
    sections: Vec<(Group, Option<String>, Option<String>)>,
    rows: Vec<Group>,
    /// Whether it is sold whole, and whether its label is the joined one.
    tables: Vec<(Group, bool, bool)>,
    /// Its category and capacity, and whether its label is the joined one.
    areas: Vec<(Group, Option<Index>, u32, bool)>,
    seats: Vec<Draw>,
    /// Whether rows and seats come in the order of sections and rows.
    are_sorted: bool,
}

/// The parts of a chart, all of whose indexes are right.
pub(crate) fn parts() -> impl Strategy<Value = ChartParts> {
    plan().prop_map(|plan| plan.parts())
}

fn plan() -> impl Strategy<Value = Plan> {
    let color = select(vec![None, Some("#123456"), Some("red")]);
    let venue = (
        label(),
        option::of(point()),
        vec((label(), label(), color), 0..4),
        vec((label(), label(), option::of(point())), 0..3),
        vec((group(), option::of(label()), option::of(label())), 0..5),
    );
    let places = (
        vec(group(), 0..6),
        vec((group(), any::<bool>(), any::<bool>()), 0..3),
        vec((group(), option::of(any::<Index>()), 1..300_000_u32, any::<bool>()), 0..3),
        vec(draw(), 0..24),
        any::<bool>(),
    );
    (venue, places).prop_map(|(venue, (rows, tables, areas, seats, are_sorted))| {
        let (name, focal_point, categories, zones, sections) = venue;
        Plan {
            name,
            focal_point,
            categories,
            zones,
            sections,
            rows,
            tables,
            areas,
            seats,
            are_sorted,
        }
    })
}

/// One of so many things, if there are any.
fn chosen(index: Option<Index>, count: usize) -> Option<u32> {
    index.filter(|_| count > 0).map(|index| index.index(count) as u32)
}

fn section(parts: &ChartParts, index: Option<Index>) -> Option<SectionIndex> {
    chosen(index, parts.sections.len()).map(SectionIndex)
}

fn category(parts: &ChartParts, index: Option<Index>) -> Option<CategoryIndex> {
    chosen(index, parts.categories.len()).map(CategoryIndex)
}

fn joined(parts: &ChartParts, (label, at): &Group) -> String {
    match section(parts, *at) {
        Some(at) => format!("{}-{label}", parts.sections[at.0 as usize].label),
        None => label.clone(),
    }
}

impl Plan {
    fn parts(self) -> ChartParts {
        let mut parts = self.venue();
        let mut rows = self.rows;
        if self.are_sorted {
            rows.sort_by_key(|(_, at)| section(&parts, *at).map_or(u32::MAX, |at| at.0));
        }
        let mut parents: Vec<String> = rows.iter().map(|row| joined(&parts, row)).collect();
        for (label, at) in rows {
            let section = section(&parts, at);
            parts.rows.push(Row { label, section, seats: Vec::new() });
        }
        for (group, book_whole, is_joined) in self.tables {
            let label = if is_joined { joined(&parts, &group) } else { group.0 };
            let section = section(&parts, group.1);
            parents.push(label.clone());
            parts.tables.push(Table { label, section, seats: Vec::new(), book_whole });
        }
        for (group, price, capacity, is_joined) in self.areas {
            let label = if is_joined { joined(&parts, &group) } else { group.0 };
            let (section, category) = (section(&parts, group.1), category(&parts, price));
            parts.areas.push(Area { label, section, category, capacity });
        }
        let mut seats = self.seats;
        if self.are_sorted {
            seats.sort_by_key(|seat| seat.group.index(parents.len() + 1));
        }
        seats.sort_by_key(|seat| seat.order);
        for seat in seats {
            seat.add_to(&mut parts, &parents);
        }
        make_unique(&mut parts);
        parts
    }

    /// Everything but what is sold.
    fn venue(&self) -> ChartParts {
        let (name, focal_point) = (self.name.clone(), self.focal_point);
        let mut parts = ChartParts { name, focal_point, ..ChartParts::default() };
        for (key, label, color) in self.categories.iter().cloned() {
            if parts.categories.iter().all(|known| known.key != key) {
                parts.categories.push(Category { key, label, color: color.map(str::to_owned) });
            }
        }
        for (key, label, focal_point) in self.zones.iter().cloned() {
            if parts.zones.iter().all(|known| known.key != key) {
                parts.zones.push(Zone { key, label, focal_point });
            }
        }
        for ((label, zone), floor, entrance) in self.sections.iter().cloned() {
            let zone = chosen(zone, parts.zones.len()).map(ZoneIndex);
            let section = Section { label, zone, floor, entrance };
            let name = |section: &Section| (section.label.clone(), section.floor.clone());
            if parts.sections.iter().all(|known| name(known) != name(&section)) {
                parts.sections.push(section);
            }
        }
        parts
    }
}

impl Draw {
    /// Puts the seat into its row or table, or into neither; `parents` are their full labels.
    fn add_to(self, parts: &mut ChartParts, parents: &[String]) {
        let group = self.group.index(parents.len() + 1);
        let index = SeatIndex(parts.seats.len() as u32);
        let rows = parts.rows.len();
        let group_of_seats = if group < rows {
            let row = &mut parts.rows[group];
            Some((&mut row.seats, row.section))
        } else {
            parts.tables.get_mut(group - rows).map(|table| (&mut table.seats, table.section))
        };
        let (at, of_group) = group_of_seats.map_or((0, None), |(seats, section)| {
            seats.push(index);
            (seats.len() - 1, section)
        });
        let parent = parents.get(group).map_or("", String::as_str);
        let even = Point { x: 20.0 * at as f64, y: 7.0 };
        let section = self.section.map_or(of_group, |own| section(parts, own));
        let category = category(parts, self.category);
        parts.seats.push(Seat {
            label: self.label.unwrap_or_else(|| format!("{parent}-{}", at + 1)),
            section,
            category,
            position: self.position.unwrap_or(even),
            entrance: self.entrance,
            accessible: self.flags & 1 != 0,
            companion: self.flags & 2 != 0,
            restricted_view: self.flags & 4 != 0,
        });
    }
}

/// Gives another label to what is called like something before it.
fn make_unique(parts: &mut ChartParts) {
    let mut known = HashSet::new();
    let mut rename = |label: &mut String| {
        while !known.insert(label.clone()) {
            label.push('\'');
        }
    };
    parts.seats.iter_mut().for_each(|seat| rename(&mut seat.label));
    parts.areas.iter_mut().for_each(|area| rename(&mut area.label));
    parts.tables.iter_mut().for_each(|table| rename(&mut table.label));
}
