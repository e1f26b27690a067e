//! What the readers of the other formats see to, and a canonical chart from somebody else may have
//! wrong: nothing in a chart may do harm in a page or in a terminal, or be absurdly large. What
//! the core requires of a chart has been checked before.

use std::collections::HashSet;

use inventory_core::chart::{ChartParts, Point};

use crate::builder::{coordinate_problem, is_color, label_problem};
use crate::mistake::{Mistakes, Problem, Trail, quoted};

/// Lists every mistake of a canonical chart.
pub(crate) fn check(parts: &ChartParts) -> Result<(), Mistakes> {
    let mut mistakes = Mistakes::default();
    check_labels(parts, &mut mistakes);
    check_names(parts, &mut mistakes);
    for (index, category) in parts.categories.iter().enumerate() {
        if let Some(color) = category.color.as_ref().filter(|color| !is_color(color)) {
            let trail = Trail::ROOT.element("category", None, "categories", index);
            mistakes.add(&trail, Problem::Color { found: quoted(color) });
        }
    }
    check_point(&Trail::ROOT, parts.focal_point, &mut mistakes);
    for (index, zone) in parts.zones.iter().enumerate() {
        let trail = Trail::ROOT.element("zone", None, "zones", index);
        check_point(&trail, zone.focal_point, &mut mistakes);
    }
    for (index, seat) in parts.seats.iter().enumerate() {
        let trail = Trail::ROOT.element("seat", None, "seats", index);
        check_point(&trail, Some(seat.position), &mut mistakes);
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

/// What people and hand-written charts refer to by name has to be one thing only.
fn check_names(parts: &ChartParts, mistakes: &mut Mistakes) {
    let mut zones = HashSet::new();
    for (index, zone) in parts.zones.iter().enumerate() {
        if !zones.insert(zone.key.as_str()) {
            let trail = Trail::ROOT.element("zone", None, "zones", index);
            let label = quoted(&zone.key);
            mistakes.add(&trail, Problem::Duplicate { what: "the zone", label });
        }
    }
    let mut sections = HashSet::new();
    for (index, section) in parts.sections.iter().enumerate() {
        if !sections.insert((section.floor.as_deref(), section.label.as_str())) {
            let trail = Trail::ROOT.element("section", None, "sections", index);
            let label = quoted(&section.label);
            mistakes.add(&trail, Problem::Duplicate { what: "the section", label });
        }
    }
    let whole = || parts.tables.iter().filter(|table| table.book_whole);
    let mut sold: HashSet<&str> = HashSet::new();
    if whole().next().is_some() {
        sold.extend(parts.seats.iter().map(|seat| seat.label.as_str()));
        sold.extend(parts.areas.iter().map(|area| area.label.as_str()));
    }
    let mut tables = HashSet::new();
    for (index, table) in parts.tables.iter().enumerate() {
        let is_new = tables.insert(table.label.as_str());
        if !is_new || table.book_whole && sold.contains(table.label.as_str()) {
            let trail = Trail::ROOT.element("table", None, "tables", index);
            let what = if is_new { "the label" } else { "the table" };
            let label = quoted(&table.label);
            mistakes.add(&trail, Problem::Duplicate { what, label });
        }
    }
}

fn check_point(trail: &Trail<'_>, point: Option<Point>, mistakes: &mut Mistakes) {
    let Some(point) = point else { return };
    for (field, value) in [("x", point.x), ("y", point.y)] {
        if let Some(problem) = coordinate_problem(field, value) {
            mistakes.add(trail, problem);
        }
    }
}

/// The texts of an object: what must be there, and what may be.
type Texts<'a> = ([&'a str; 2], [Option<&'a String>; 2]);

fn check_labels(parts: &ChartParts, mistakes: &mut Mistakes) {
    let categories = parts.categories.iter().map(|c| ([c.key.as_str(), &c.label], [None, None]));
    let zones = parts.zones.iter().map(|z| ([z.key.as_str(), &z.label], [None, None]));
    let sections = parts.sections.iter();
    let sections = sections.map(|s| ([&*s.label; 2], [s.floor.as_ref(), s.entrance.as_ref()]));
    let rows = parts.rows.iter().map(|row| ([&*row.label; 2], [None, None]));
    let tables = parts.tables.iter().map(|table| ([&*table.label; 2], [None, None]));
    let areas = parts.areas.iter().map(|area| ([&*area.label; 2], [None, None]));
    let seats = parts.seats.iter().map(|s| ([&*s.label; 2], [s.entrance.as_ref(), None]));
    let chart = std::iter::once(([&*parts.name; 2], [None, None]));
    check_texts("name", "name", chart, mistakes);
    check_texts("category", "categories", categories, mistakes);
    check_texts("zone", "zones", zones, mistakes);
    check_texts("section", "sections", sections, mistakes);
    check_texts("row", "rows", rows, mistakes);
    check_texts("table", "tables", tables, mistakes);
    check_texts("area", "areas", areas, mistakes);
    check_texts("seat", "seats", seats, mistakes);
}

fn check_texts<'a>(
    kind: &'static str,
    list: &'static str,
    objects: impl Iterator<Item = Texts<'a>>,
    mistakes: &mut Mistakes,
) {
    for (index, (required, optional)) in objects.enumerate() {
        let optional = optional.into_iter().flatten().map(String::as_str);
        let problem = required.into_iter().chain(optional).find_map(|text| {
            let is_missing = text.is_empty().then_some(Problem::Missing { field: "label" });
            is_missing.or_else(|| label_problem("label", text))
        });
        if let Some(problem) = problem {
            mistakes.add(&Trail::ROOT.element(kind, None, list, index), problem);
        }
    }
}
