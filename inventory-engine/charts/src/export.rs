//! A chart in our own format, as a person would have written it: what can be inherited, computed
//! or joined is not written, and what cannot is. Reading it again gives the same chart, seat by
//! seat and index by index, so that its content keeps its name.
//!
//! Rows, tables and areas stand in their sections where the file's order is the chart's; where it
//! is not, they stand beside the sections and name theirs.

mod object;
mod seats;

use inventory_core::chart::{Area, Chart, ChartParts, Point, Row, Section, Table};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex};

use crate::builder::prefixes;
use crate::document::FORMAT;
use object::{Object, list};

/// The text of a chart in our own format.
pub fn to_document(chart: &Chart) -> String {
    let export = Export::of(chart.parts());
    let mut out = String::with_capacity(chart.parts().seats.len() * BYTES_A_SEAT + 1_024);
    export.write(&mut out);
    out
}

/// What a seat takes in the text, more or less.
const BYTES_A_SEAT: usize = 48;

/// Who stands where, found out before anything is written.
struct Export<'a> {
    parts: &'a ChartParts,
    /// By section: what full labels within it start with.
    prefixes: Vec<String>,
    /// By section: the category of everything that is written within it, if it is one.
    categories: Vec<Option<CategoryIndex>>,
    /// Whether rows, tables and areas stand within their sections.
    rows_nest: bool,
    tables_nest: bool,
    areas_nest: bool,
    /// The seats in neither row nor table, by section; those outside of sections last.
    loose: Vec<Vec<SeatIndex>>,
    /// Whether each seat says its index, since the order of the file is another.
    with_indexes: bool,
}

impl<'a> Export<'a> {
    fn of(parts: &'a ChartParts) -> Self {
        let sections = parts.sections.len();
        let mut export = Self {
            parts,
            prefixes: prefixes(&parts.sections),
            categories: vec![None; sections],
            rows_nest: is_in_order(parts.rows.iter().map(|row| row.section)),
            tables_nest: is_in_order(parts.tables.iter().map(|table| table.section)),
            areas_nest: is_in_order(parts.areas.iter().map(|area| area.section)),
            loose: loose_seats(parts),
            with_indexes: false,
        };
        export.categories = export.section_categories();
        export.with_indexes = !export.is_in_file_order();
        export
    }

    /// The one category of all seats and areas of a section, by section.
    fn section_categories(&self) -> Vec<Option<CategoryIndex>> {
        let parts = self.parts;
        let mut found: Vec<Option<Option<CategoryIndex>>> = vec![None; parts.sections.len()];
        let mut take = |section: Option<SectionIndex>, category: Option<CategoryIndex>| {
            let Some(section) = section else { return };
            let known = &mut found[section.0 as usize];
            *known = match *known {
                Some(other) if other != category => Some(None),
                _ => Some(category),
            };
        };
        let groups = parts.rows.iter().map(|row| (row.section, &row.seats));
        let groups = groups.chain(parts.tables.iter().map(|table| (table.section, &table.seats)));
        for (section, seats) in groups {
            for seat in seats {
                take(section, parts.seats[seat.0 as usize].category);
            }
        }
        for seat in self.loose.iter().flatten() {
            let seat = &parts.seats[seat.0 as usize];
            take(seat.section, seat.category);
        }
        for area in &parts.areas {
            take(area.section, area.category);
        }
        found.into_iter().map(Option::flatten).collect()
    }

    /// Whether reading the file would count the seats as the chart does.
    fn is_in_file_order(&self) -> bool {
        let places = self.section_numbers().map(Some).chain([None]);
        let order = places.flat_map(|section| {
            let rows = self.rows_at(section).flat_map(|(_, row)| &row.seats);
            let tables = self.tables_at(section).flat_map(|(_, table)| &table.seats);
            rows.chain(tables).chain(self.loose_at(section))
        });
        order.copied().eq((0..self.parts.seats.len() as u32).map(SeatIndex))
    }

    fn section_numbers(&self) -> impl Iterator<Item = SectionIndex> + use<> {
        (0..self.parts.sections.len() as u32).map(SectionIndex)
    }

    /// The rows that are written in a section, or beside them all.
    fn rows_at(&self, at: Option<SectionIndex>) -> impl Iterator<Item = (usize, &'a Row)> {
        let range = written_at(&self.parts.rows, self.rows_nest, at, |row| row.section);
        range.clone().zip(&self.parts.rows[range])
    }

    fn tables_at(&self, at: Option<SectionIndex>) -> impl Iterator<Item = (usize, &'a Table)> {
        let range = written_at(&self.parts.tables, self.tables_nest, at, |table| table.section);
        range.clone().zip(&self.parts.tables[range])
    }

    fn areas_at(&self, at: Option<SectionIndex>) -> impl Iterator<Item = (usize, &'a Area)> {
        let range = written_at(&self.parts.areas, self.areas_nest, at, |area| area.section);
        range.clone().zip(&self.parts.areas[range])
    }

    fn loose_at(&self, at: Option<SectionIndex>) -> &[SeatIndex] {
        let last = self.parts.sections.len();
        &self.loose[at.map_or(last, |section| section.0 as usize)]
    }

    fn key(&self, category: CategoryIndex) -> &'a str {
        &self.parts.categories[category.0 as usize].key
    }

    fn prefix(&self, section: Option<SectionIndex>) -> &str {
        section.map_or("", |section| &self.prefixes[section.0 as usize])
    }

    fn category(&self, section: Option<SectionIndex>) -> Option<CategoryIndex> {
        section.and_then(|section| self.categories[section.0 as usize])
    }

    fn write(&self, out: &mut String) {
        let parts = self.parts;
        let mut chart = Object::new(out, 0);
        chart.text("format", FORMAT);
        chart.number("version", 1.0);
        chart.text("name", &parts.name);
        chart.value("focalPoint", parts.focal_point.map(point));
        list(&mut chart, "categories", &parts.categories, |out, category| {
            let mut object = Object::inline(out);
            object.text("key", &category.key);
            object.text_unless(&category.key, "label", &category.label);
            object.optional("color", category.color.as_deref());
            object.end();
        });
        list(&mut chart, "zones", &parts.zones, |out, zone| {
            let mut object = Object::inline(out);
            object.text("key", &zone.key);
            object.text_unless(&zone.key, "label", &zone.label);
            object.value("focalPoint", zone.focal_point.map(point));
            object.end();
        });
        let sections: Vec<_> = self.section_numbers().zip(&parts.sections).collect();
        list(&mut chart, "sections", &sections, |out, (index, section)| {
            self.write_section(out, *index, section);
        });
        self.write_places(&mut chart, None);
        chart.end();
        out.push('\n');
    }

    fn write_section(&self, out: &mut String, index: SectionIndex, section: &Section) {
        let mut object = Object::new(out, 4);
        object.text("label", &section.label);
        let zone = section.zone.map(|zone| self.parts.zones[zone.0 as usize].key.as_str());
        object.optional("zone", zone);
        object.optional("floor", section.floor.as_deref());
        object.optional("entrance", section.entrance.as_deref());
        object.optional("category", self.category(Some(index)).map(|category| self.key(category)));
        self.write_places(&mut object, Some(index));
        object.end();
    }

    fn write_places(&self, object: &mut Object<'_>, at: Option<SectionIndex>) {
        let rows: Vec<_> = self.rows_at(at).collect();
        list(object, "rows", &rows, |out, (_, row)| self.write_row(out, at, row));
        let tables: Vec<_> = self.tables_at(at).collect();
        list(object, "tables", &tables, |out, (_, table)| self.write_table(out, at, table));
        let areas: Vec<_> = self.areas_at(at).collect();
        list(object, "areas", &areas, |out, (_, area)| self.write_area(out, at, area));
        let scope =
            Scope { parent: None, section: at, category: self.category(at), x: None, y: None };
        list(object, "seats", self.loose_at(at), |out, seat| self.write_seat(out, &scope, *seat));
    }

    fn write_area(&self, out: &mut String, at: Option<SectionIndex>, area: &Area) {
        let mut object = Object::inline(out);
        self.write_label(&mut object, area.section, &area.label);
        write_section_number(&mut object, at, area.section);
        let category = area.category.filter(|_| area.category != self.category(area.section));
        object.optional("category", category.map(|category| self.key(category)));
        object.number("capacity", f64::from(area.capacity));
        object.end();
    }

    /// A full label, by its own part where that is enough.
    fn write_label(&self, object: &mut Object<'_>, section: Option<SectionIndex>, full: &str) {
        match own_label(self.prefix(section), full) {
            Some(own) => object.text("label", own),
            None => object.text("fullLabel", full),
        }
    }
}

/// What a group of seats gives to them, as the file says it.
struct Scope<'s> {
    /// The full label of the row or table; nothing for seats in neither.
    parent: Option<&'s str>,
    section: Option<SectionIndex>,
    category: Option<CategoryIndex>,
    x: Option<f64>,
    y: Option<f64>,
}

/// Says the section of something that does not stand in it.
fn write_section_number(
    object: &mut Object<'_>,
    at: Option<SectionIndex>,
    section: Option<SectionIndex>,
) {
    if at != section {
        object.number("section", section.map_or(-1.0, |section| f64::from(section.0)));
    }
}

/// The part of a full label that is joined to what it is in; nothing where joining would not
/// give the full label again.
fn own_label<'l>(prefix: &str, full: &'l str) -> Option<&'l str> {
    let own =
        if prefix.is_empty() { full } else { full.strip_prefix(prefix)?.strip_prefix('-')? };
    (!own.is_empty() && own.trim() == own).then_some(own)
}

/// Whether things come section by section, those outside of sections last.
fn is_in_order(sections: impl Iterator<Item = Option<SectionIndex>>) -> bool {
    let number = |section: Option<SectionIndex>| section.map_or(u32::MAX, |section| section.0);
    sections.map(number).is_sorted()
}

/// Which things are written in a section, or beside them all.
fn written_at<T>(
    things: &[T],
    do_nest: bool,
    at: Option<SectionIndex>,
    section: impl Fn(&T) -> Option<SectionIndex>,
) -> std::ops::Range<usize> {
    let number = |section: Option<SectionIndex>| section.map_or(u32::MAX, |section| section.0);
    match (do_nest, at) {
        (false, None) => 0..things.len(),
        (false, Some(_)) => 0..0,
        (true, at) => {
            let start = things.partition_point(|thing| number(section(thing)) < number(at));
            let end = things.partition_point(|thing| number(section(thing)) <= number(at));
            start..end
        }
    }
}

fn loose_seats(parts: &ChartParts) -> Vec<Vec<SeatIndex>> {
    let mut is_grouped = vec![false; parts.seats.len()];
    let groups = parts.rows.iter().map(|row| &row.seats);
    for seat in groups.chain(parts.tables.iter().map(|table| &table.seats)).flatten() {
        is_grouped[seat.0 as usize] = true;
    }
    let mut loose = vec![Vec::new(); parts.sections.len() + 1];
    for (index, seat) in (0..).map(SeatIndex).zip(&parts.seats) {
        if !is_grouped[index.0 as usize] {
            let at = seat.section.map_or(parts.sections.len(), |section| section.0 as usize);
            loose[at].push(index);
        }
    }
    loose
}

fn point(point: Point) -> String {
    let mut out = String::new();
    let mut object = Object::inline(&mut out);
    object.number("x", point.x);
    object.number("y", point.y);
    object.end();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_cut_only_where_it_can_be_joined_again() {
        assert_eq!(own_label("S", "S-A"), Some("A"));
        assert_eq!(own_label("", "S-A"), Some("S-A"));
        for full in ["S", "S-", "SA", "S- A", "T-A", "s-A"] {
            assert_eq!(own_label("S", full), None, "{full}");
        }
    }
}
