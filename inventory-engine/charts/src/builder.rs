//! Where both readers put what they find: parts of a chart on one side, mistakes and warnings on
//! the other. Labels are joined and checked here, so that both formats follow one rule: section,
//! row or table, and seat, joined with `-`; in front of them the floor, where the same name is
//! used on another floor as well.

use std::collections::{HashMap, HashSet};

use inventory_core::chart::{
    Area, Category, Chart, ChartParts, Point, Row, Seat, Section, Table, Zone,
};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex, ZoneIndex};
use inventory_core::limits::{CHART_SEATS_MAX, HOLD_SEATS_MAX, LABEL_BYTES_MAX};

use crate::indexes::Indexes;
use crate::lenient::{Label, Value};
use crate::limits::{AREA_CAPACITY_MAX, COLOR_BYTES_MAX, COORDINATE_MAX};
use crate::mistake::{Mistakes, Problem, Trail, quoted};
use crate::overlap;

/// A chart in the making.
#[derive(Default)]
pub(crate) struct Builder {
    parts: ChartParts,
    pub(crate) mistakes: Mistakes,
    pub(crate) warnings: Vec<String>,
    categories: HashMap<String, CategoryIndex>,
    zones: HashMap<String, ZoneIndex>,
    /// Labels of seats, areas, and tables that are sold as a whole.
    labels: HashSet<String>,
    table_labels: HashSet<String>,
    section_names: HashSet<(Option<String>, String)>,
    floors_by_name: HashMap<String, Option<String>>,
    names_on_two_floors: HashSet<String>,
    stand_ins: usize,
    indexes: Indexes,
    /// Seats found, those beyond the limit included.
    seats_found: u64,
}

/// Where a reader is: what rows, tables, areas and seats inherit.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) section: Option<SectionIndex>,
    /// The section's full label, or nothing outside of sections.
    pub(crate) prefix: &'a str,
    /// The floor, outside of sections.
    pub(crate) floor: Option<&'a str>,
    pub(crate) category: Option<CategoryIndex>,
    /// What the positions are relative to.
    pub(crate) origin: Point,
}

/// A seat as the readers hand it in.
#[derive(Default)]
pub(crate) struct SeatDraft<'a> {
    /// Its own label, to be joined with what it is in.
    pub(crate) label: &'a str,
    /// Its full label, where that is not the joined one.
    pub(crate) full_label: Option<&'a str>,
    /// Its dense index, where that is not its position in the file.
    pub(crate) index: Option<u32>,
    /// Its section, where that is not the scope's.
    pub(crate) section: Option<Option<SectionIndex>>,
    /// Relative to the scope's origin.
    pub(crate) position: Point,
    pub(crate) category: Option<CategoryIndex>,
    pub(crate) entrance: Option<String>,
    pub(crate) accessible: bool,
    pub(crate) companion: bool,
    pub(crate) restricted_view: bool,
}

impl Builder {
    /// The chart's own fields.
    pub(crate) fn name(&mut self, name: &Value<Label>) {
        if let Some(name) = self.label(&Trail::ROOT, "name", name) {
            self.parts.name = name.to_owned();
        }
    }

    pub(crate) fn focal_point(&mut self, point: Option<Point>) {
        self.parts.focal_point = point;
    }

    /// A label that has to be there.
    pub(crate) fn label<'v>(
        &mut self,
        trail: &Trail<'_>,
        field: &'static str,
        value: &'v Value<Label>,
    ) -> Option<&'v str> {
        let Label(label) = value.require(trail, field, &mut self.mistakes)?;
        if label.is_empty() {
            self.mistakes.add(trail, Problem::Missing { field });
            return None;
        }
        self.checked_label(trail, field, label)
    }

    /// A label that has to be there, as it is used within other labels. Where it is missing, its
    /// stand-in is unlike every other, so that one mistake does not look like many.
    pub(crate) fn parent_label(
        &mut self,
        trail: &Trail<'_>,
        field: &'static str,
        value: &Value<Label>,
    ) -> String {
        if let Some(label) = self.label(trail, field, value) {
            return label.to_owned();
        }
        self.stand_ins += 1;
        format!("\0{}", self.stand_ins)
    }

    /// A label that may be left out.
    pub(crate) fn optional_label(
        &mut self,
        trail: &Trail<'_>,
        field: &'static str,
        value: &Value<Label>,
    ) -> Option<String> {
        let Label(label) = value.get(trail, field, &mut self.mistakes)?;
        if label.is_empty() {
            return None;
        }
        self.checked_label(trail, field, label).map(str::to_owned)
    }

    /// The joined label of something, or the full one that it gives itself.
    pub(crate) fn full_label(
        &mut self,
        trail: &Trail<'_>,
        scope: &Scope<'_>,
        own: &Value<Label>,
        full: &Value<Label>,
    ) -> Option<String> {
        if let Some(full) = self.optional_label(trail, "fullLabel", full) {
            return Some(full);
        }
        let own = self.label(trail, "label", own)?;
        Some(self.joined(scope, own))
    }

    fn checked_label<'v>(
        &mut self,
        trail: &Trail<'_>,
        field: &'static str,
        label: &'v str,
    ) -> Option<&'v str> {
        if let Some(problem) = label_problem(field, label) {
            self.mistakes.add(trail, problem);
            return None;
        }
        Some(label)
    }

    /// A coordinate that has to be there.
    pub(crate) fn coordinate(
        &mut self,
        trail: &Trail<'_>,
        field: &'static str,
        value: &Value<f64>,
    ) -> Option<f64> {
        let number = *value.require(trail, field, &mut self.mistakes)?;
        self.within_reach(trail, field, number)
    }

    fn within_reach(&mut self, trail: &Trail<'_>, field: &'static str, number: f64) -> Option<f64> {
        if let Some(problem) = coordinate_problem(field, number) {
            self.mistakes.add(trail, problem);
            return None;
        }
        // There are two zeros, and a chart's content must not depend on which one it is.
        Some(number + 0.0)
    }

    /// A price level; `field` is what the file calls its key.
    pub(crate) fn category(
        &mut self,
        trail: &Trail<'_>,
        field: &'static str,
        key: &Value<Label>,
        label: &Value<Label>,
        color: &Value<String>,
    ) -> Option<CategoryIndex> {
        let key = self.label(trail, field, key);
        let label = self.optional_label(trail, "label", label);
        let color = color.get(trail, "color", &mut self.mistakes).filter(|text| !text.is_empty());
        if let Some(text) = color.filter(|text| !is_color(text)) {
            self.mistakes.add(trail, Problem::Color { found: quoted(text) });
        }
        let key = key?;
        let index = CategoryIndex(self.parts.categories.len() as u32);
        if self.categories.insert(key.to_owned(), index).is_some() {
            let label = quoted(key);
            self.mistakes.add(trail, Problem::Duplicate { what: "the category", label });
        }
        self.parts.categories.push(Category {
            key: key.to_owned(),
            label: label.unwrap_or_else(|| key.to_owned()),
            color: color.cloned(),
        });
        Some(index)
    }

    /// A group of sections.
    pub(crate) fn zone(
        &mut self,
        trail: &Trail<'_>,
        key: &Value<Label>,
        label: &Value<Label>,
        focal_point: Option<Point>,
    ) {
        let label = self.optional_label(trail, "label", label);
        let Some(key) = self.label(trail, "key", key) else { return };
        let index = ZoneIndex(self.parts.zones.len() as u32);
        if self.zones.insert(key.to_owned(), index).is_some() {
            let label = quoted(key);
            self.mistakes.add(trail, Problem::Duplicate { what: "the zone", label });
        }
        self.parts.zones.push(Zone {
            key: key.to_owned(),
            label: label.unwrap_or_else(|| key.to_owned()),
            focal_point,
        });
    }

    /// The category that an object names; nothing where it names none.
    pub(crate) fn category_of(
        &mut self,
        trail: &Trail<'_>,
        field: &'static str,
        key: &Value<Label>,
    ) -> Option<CategoryIndex> {
        let Label(key) = key.get(trail, field, &mut self.mistakes)?;
        if let Some(index) = self.categories.get(key) {
            return Some(*index);
        }
        self.mistakes.add(trail, Problem::Unknown { what: "category", key: quoted(key) });
        None
    }

    /// The zone that a section names; nothing where it names none.
    pub(crate) fn zone_of(&mut self, trail: &Trail<'_>, key: &Value<Label>) -> Option<ZoneIndex> {
        let Label(key) = key.get(trail, "zone", &mut self.mistakes)?;
        if let Some(index) = self.zones.get(key) {
            return Some(*index);
        }
        self.mistakes.add(trail, Problem::Unknown { what: "zone", key: quoted(key) });
        None
    }

    /// Takes note of a name that is used on a floor, outside of sections. All names have to be
    /// noted before the first label is joined.
    pub(crate) fn note_name(&mut self, floor: Option<&str>, name: Option<&Label>) {
        let Some(Label(name)) = name else { return };
        match self.floors_by_name.get(name) {
            None => {
                self.floors_by_name.insert(name.clone(), floor.map(str::to_owned));
            }
            Some(first) if first.as_deref() != floor => {
                self.names_on_two_floors.insert(name.clone());
            }
            Some(_) => {}
        }
    }

    /// What the labels within something start with: the scope and the thing's own name, behind
    /// its floor where another floor uses the name as well.
    pub(crate) fn joined(&self, scope: &Scope<'_>, name: &str) -> String {
        match scope.floor {
            _ if !scope.prefix.is_empty() => format!("{}-{name}", scope.prefix),
            Some(floor) if self.names_on_two_floors.contains(name) => format!("{floor}-{name}"),
            _ => name.to_owned(),
        }
    }

    pub(crate) fn section(&mut self, trail: &Trail<'_>, section: Section) -> SectionIndex {
        let name = (section.floor.clone(), section.label.clone());
        if !self.section_names.insert(name) {
            let label = quoted(&section.label);
            self.mistakes.add(trail, Problem::Duplicate { what: "the section", label });
        }
        let index = SectionIndex(self.parts.sections.len() as u32);
        self.parts.sections.push(section);
        index
    }

    pub(crate) fn row(&mut self, label: String, scope: &Scope<'_>, seats: Vec<SeatIndex>) {
        self.parts.rows.push(Row { label, section: scope.section, seats });
    }

    /// A table; `label` is its full one.
    pub(crate) fn table(
        &mut self,
        trail: &Trail<'_>,
        label: String,
        scope: &Scope<'_>,
        seats: Vec<SeatIndex>,
        book_whole: bool,
    ) {
        if label.len() > LABEL_BYTES_MAX {
            let bytes = label.len();
            self.mistakes.add(trail, Problem::LabelTooLong { field: "label", bytes });
            return;
        }
        if !self.table_labels.insert(label.clone()) {
            let label = quoted(&label);
            self.mistakes.add(trail, Problem::Duplicate { what: "the table", label });
        } else if book_whole {
            // What is sold by its label has to be told from every seat and area.
            self.take_label(trail, &label);
        }
        if book_whole && seats.len() > HOLD_SEATS_MAX {
            self.mistakes.add(trail, Problem::TableTooLarge { seats: seats.len() });
        }
        self.parts.tables.push(Table { label, section: scope.section, seats, book_whole });
    }

    /// An area; `label` is its full one, or nothing after a mistake about it.
    pub(crate) fn area(
        &mut self,
        trail: &Trail<'_>,
        scope: &Scope<'_>,
        label: Option<String>,
        category: Option<CategoryIndex>,
        capacity: &Value<f64>,
    ) {
        let capacity = capacity.require(trail, "capacity", &mut self.mistakes).copied();
        let capacity = capacity.and_then(|number| {
            let whole = whole_number(number, AREA_CAPACITY_MAX);
            if whole.is_none() {
                self.mistakes.add(trail, Problem::Capacity { found: shown(number) });
            }
            whole
        });
        let Some(label) = label else { return };
        if !self.take_label(trail, &label) {
            return;
        }
        // A mistake about the capacity has been written down; the area still counts as one.
        let capacity = capacity.unwrap_or(1);
        self.parts.areas.push(Area { label, section: scope.section, category, capacity });
    }

    /// A seat. `parent` is the full label of its row or table; nothing for a seat in neither.
    pub(crate) fn seat(
        &mut self,
        trail: &Trail<'_>,
        scope: &Scope<'_>,
        parent: Option<&str>,
        draft: SeatDraft<'_>,
    ) -> Option<SeatIndex> {
        if !self.count_seats(1) {
            return None;
        }
        let label = match (draft.full_label, parent) {
            (Some(label), _) => label.to_owned(),
            (None, Some(parent)) => format!("{parent}-{}", draft.label),
            (None, None) => self.joined(scope, draft.label),
        };
        let x = self.within_reach(trail, "x", sum(scope.origin.x, draft.position.x));
        let y = self.within_reach(trail, "y", sum(scope.origin.y, draft.position.y));
        if !self.take_label(trail, &label) {
            return None;
        }
        let position = self.parts.seats.len() as u32;
        if let Some(problem) = self.indexes.note(position, draft.index) {
            self.mistakes.add(trail, problem);
        }
        self.parts.seats.push(Seat {
            label,
            section: draft.section.unwrap_or(scope.section),
            category: draft.category.or(scope.category),
            position: Point { x: x?, y: y? },
            entrance: draft.entrance,
            accessible: draft.accessible,
            companion: draft.companion,
            restricted_view: draft.restricted_view,
        });
        Some(SeatIndex(position))
    }

    /// Counts seats; whether there is room for them all.
    pub(crate) fn count_seats(&mut self, seats: u64) -> bool {
        self.seats_found = self.seats_found.saturating_add(seats);
        self.seats_found <= CHART_SEATS_MAX as u64
    }

    fn take_label(&mut self, trail: &Trail<'_>, label: &str) -> bool {
        if label.len() > LABEL_BYTES_MAX {
            let bytes = label.len();
            self.mistakes.add(trail, Problem::LabelTooLong { field: "label", bytes });
            return false;
        }
        if self.labels.insert(label.to_owned()) {
            return true;
        }
        let label = quoted(label);
        self.mistakes.add(trail, Problem::Duplicate { what: "the label", label });
        false
    }

    /// The chart, if there is no mistake.
    pub(crate) fn finish(mut self) -> Result<(Chart, Vec<String>), Mistakes> {
        if self.seats_found > CHART_SEATS_MAX as u64 {
            let seats = self.seats_found;
            self.mistakes.add(&Trail::ROOT, Problem::TooManySeats { seats });
        }
        let indexes = std::mem::take(&mut self.indexes);
        if let Some(problem) = indexes.apply(&mut self.parts) {
            self.mistakes.add(&Trail::ROOT, problem);
        }
        if self.mistakes.is_empty() && self.parts.seats.is_empty() && self.parts.areas.is_empty() {
            self.mistakes.add(&Trail::ROOT, Problem::NothingToSell);
        }
        if !self.mistakes.is_empty() {
            return Err(self.mistakes);
        }
        self.warn_of_missing_categories();
        self.warnings.extend(overlap::warning(&self.parts));
        // The chart makes an index of labels of its own; there need not be two at once.
        drop(std::mem::take(&mut self.labels));
        let chart =
            Chart::new(self.parts).map_err(|error| Mistakes::whole(Problem::Refused(error)))?;
        Ok((chart, self.warnings))
    }

    fn warn_of_missing_categories(&mut self) {
        let seats = self.parts.seats.iter().filter(|seat| seat.category.is_none()).count();
        let areas = self.parts.areas.iter().filter(|area| area.category.is_none()).count();
        if seats + areas > 0 {
            self.warnings.push(format!("{seats} seats and {areas} areas have no category"));
        }
    }
}

/// A number as a whole one from 1 to a limit.
pub(crate) fn whole_number(number: f64, limit: u32) -> Option<u32> {
    let is_whole = number.fract() == 0.0 && number >= 1.0 && number <= f64::from(limit);
    is_whole.then_some(number as u32)
}

/// A number as it may stand in a message: no longer than a person can read.
pub(crate) fn shown(number: f64) -> String {
    let is_short = number == 0.0 || (1e-6..1e15).contains(&number.abs());
    if is_short { number.to_string() } else { format!("{number:e}") }
}

/// A position from its two parts, to a thousandth: 19.94 + 18.25 is 38.19 and not a trillionth
/// more. A position that is no sum stays exactly as it is.
pub(crate) fn sum(origin: f64, own: f64) -> f64 {
    if origin == 0.0 { own } else { ((origin + own) * 1_000.0).round() / 1_000.0 }
}

/// What labels within each of a chart's sections start with, as our own format joins them: the
/// section's name, behind its floor where another floor uses the name as well.
pub(crate) fn prefixes(sections: &[Section]) -> Vec<String> {
    let mut builder = Builder::default();
    let name = |section: &Section| Label(section.label.clone());
    for section in sections {
        builder.note_name(section.floor.as_deref(), Some(&name(section)));
    }
    let prefix = |section: &Section| {
        let floor = section.floor.as_deref();
        let (origin, category) = (Point::default(), None);
        let scope = Scope { section: None, prefix: "", floor, category, origin };
        builder.joined(&scope, &section.label)
    };
    sections.iter().map(prefix).collect()
}

/// What is wrong with a label that is there.
pub(crate) fn label_problem(field: &'static str, label: &str) -> Option<Problem> {
    if label.len() > LABEL_BYTES_MAX {
        return Some(Problem::LabelTooLong { field, bytes: label.len() });
    }
    if label.chars().any(char::is_control) {
        return Some(Problem::ControlCharacter { field });
    }
    (label.trim().len() < label.len()).then_some(Problem::SpaceAround { field })
}

/// What is wrong with a coordinate.
pub(crate) fn coordinate_problem(field: &'static str, number: f64) -> Option<Problem> {
    let is_possible = number.abs() <= f64::from(COORDINATE_MAX);
    (!is_possible).then(|| Problem::Coordinate { field, found: format!("{number:e}") })
}

/// Whether a text can be a colour in CSS: its characters are those of names, hexadecimal numbers
/// and functions, so that it can do no harm in a page.
pub(crate) fn is_color(text: &str) -> bool {
    let is_fitting = |byte: u8| byte.is_ascii_alphanumeric() || b"#(),.%/ -".contains(&byte);
    (1..=COLOR_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_fitting)
}
