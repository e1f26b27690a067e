//! Our own chart format, as a person writes it: the structures of the file and how they are
//! read. An unknown field is a mistake, for it is most often a known one misspelled. Every object
//! and every value is read leniently, so that all mistakes are found in one go.
//!
//! Positions are those of the chart, whatever they are written in; what is not written is
//! computed: seats along their row, or around their table. Everything that a chart can be can be
//! written: what is not as it would be computed or joined is given by `fullLabel`, `section` and
//! `index`.

use inventory_core::chart::{Point, Section};
use inventory_core::ids::{CategoryIndex, SeatIndex, SectionIndex};
use inventory_core::limits::CHART_SEATS_MAX;
use serde::de::SeqAccess;

use crate::builder::{Builder, Scope, SeatDraft, shown, whole_number};
use crate::fields::objects;
use crate::lenient::{Label, List, Shape, Value};
use crate::mistake::{Problem, Trail, quoted};
use crate::turn::unit_vector;

/// What `"format"` says in a file of this format.
pub(crate) const FORMAT: &str = "holdfast-chart";

/// From one seat to the next, where a row does not say.
pub(crate) const SPACING_DEFAULT: f64 = 20.0;
/// From a table's centre to its seats, where the table does not say.
const RADIUS_DEFAULT: f64 = 30.0;

objects! {
    /// A whole file.
    ChartDocument {
        format "format": String,
        version "version": f64,
        name "name": Label,
        focal_point "focalPoint": PointDocument,
        categories "categories": List<CategoryDocument>,
        zones "zones": List<ZoneDocument>,
        sections "sections": List<SectionDocument>,
        rows "rows": List<RowDocument>,
        tables "tables": List<TableDocument>,
        areas "areas": List<AreaDocument>,
        seats "seats": List<SeatDocument>,
    }
    /// Where people look.
    PointDocument { x "x": f64, y "y": f64 }
    /// A price level.
    CategoryDocument { key "key": Label, label "label": Label, color "color": String }
    /// Sections that look to one point.
    ZoneDocument { key "key": Label, label "label": Label, focal_point "focalPoint": PointDocument }
    /// A part of a venue.
    SectionDocument {
        label "label": Label,
        zone "zone": Label,
        floor "floor": Label,
        entrance "entrance": Label,
        category "category": Label,
        rows "rows": List<RowDocument>,
        tables "tables": List<TableDocument>,
        areas "areas": List<AreaDocument>,
        seats "seats": List<SeatDocument>,
    }
    /// `x` and `y` are where the first seat is; the next one is `spacing` to the right.
    RowDocument {
        label "label": Label,
        section "section": f64,
        category "category": Label,
        x "x": f64,
        y "y": f64,
        spacing "spacing": f64,
        seats "seats": Seats,
    }
    /// `x` and `y` are the centre; the seats stand around it, clockwise from the top.
    TableDocument {
        label "label": Label,
        full_label "fullLabel": Label,
        section "section": f64,
        category "category": Label,
        x "x": f64,
        y "y": f64,
        radius "radius": f64,
        book_whole "bookWhole": bool,
        seats "seats": Seats,
    }
    /// Places without seats.
    AreaDocument {
        label "label": Label,
        full_label "fullLabel": Label,
        section "section": f64,
        category "category": Label,
        capacity "capacity": f64,
    }
    /// One seat.
    SeatDocument {
        label "label": Label,
        full_label "fullLabel": Label,
        index "index": f64,
        section "section": f64,
        x "x": f64,
        y "y": f64,
        category "category": Label,
        entrance "entrance": Label,
        accessible "accessible": bool,
        companion "companion": bool,
        restricted_view "restrictedView": bool,
    }
}

/// Seats one by one, or only how many there are: these are called 1, 2, 3 and so on.
#[derive(Debug)]
pub(crate) enum Seats {
    Count(f64),
    List(List<SeatDocument>),
}

impl Shape for Seats {
    const EXPECTED: &'static str = "a list of seats or their number";

    fn from_number(number: f64) -> Option<Self> {
        Some(Self::Count(number))
    }

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Ok(List::from_list(list)?.map(Self::List))
    }
}

/// Reads a whole file into a builder.
pub(crate) fn read(document: &ChartDocument, builder: &mut Builder) {
    let root = Trail::ROOT;
    document.strange.tell(&root, &mut builder.mistakes);
    let format = document.format.require(&root, "format", &mut builder.mistakes);
    if let Some(found) = format.filter(|found| *found != FORMAT) {
        let found = quoted(found);
        builder.mistakes.add(&root, Problem::WrongFormat { expected: FORMAT, found });
    }
    let version = document.version.require(&root, "version", &mut builder.mistakes);
    if let Some(found) = version.filter(|version| **version != 1.0) {
        builder.mistakes.add(&root, Problem::WrongVersion { found: found.to_string() });
    }
    builder.name(&document.name);
    let focal_point = read_point(builder, &root, &document.focal_point);
    builder.focal_point(focal_point);
    let categories = document.categories.items(&root, "categories", &mut builder.mistakes);
    for (index, category) in categories {
        let key = text(&category.key);
        let trail = root.element("category", key, "categories", *index);
        category.strange.tell(&trail, &mut builder.mistakes);
        builder.category(&trail, "key", &category.key, &category.label, &category.color);
    }
    for (index, zone) in document.zones.items(&root, "zones", &mut builder.mistakes) {
        let trail = root.element("zone", text(&zone.key), "zones", *index);
        zone.strange.tell(&trail, &mut builder.mistakes);
        let focal_point = read_point(builder, &trail, &zone.focal_point);
        builder.zone(&trail, &zone.key, &zone.label, focal_point);
    }
    let sections = document.sections.items(&root, "sections", &mut builder.mistakes);
    for (_, section) in sections {
        builder.note_name(text(&section.floor), section.label.peek());
    }
    let mut known = Sections { count: sections.len(), scopes: Vec::new() };
    for (index, section) in sections {
        let trail = root.element("section", text(&section.label), "sections", *index);
        read_section(builder, &trail, section, &mut known);
    }
    let places = Places {
        rows: &document.rows,
        tables: &document.tables,
        areas: &document.areas,
        seats: &document.seats,
        sections: &known,
    };
    read_places(builder, &root, &OUTSIDE, &places);
}

/// Outside of sections.
const OUTSIDE: Scope<'static> = Scope {
    section: None,
    prefix: "",
    floor: None,
    category: None,
    origin: Point { x: 0.0, y: 0.0 },
};

/// The sections as far as they were read, for what names one by its position.
struct Sections {
    /// How many there are in the file.
    count: usize,
    scopes: Vec<SectionScope>,
}

struct SectionScope {
    prefix: String,
    floor: Option<String>,
    category: Option<CategoryIndex>,
}

impl SectionScope {
    fn scope(&self, index: SectionIndex) -> Scope<'_> {
        let (section, floor) = (Some(index), self.floor.as_deref());
        Scope { section, prefix: &self.prefix, floor, category: self.category, ..OUTSIDE }
    }
}

impl Sections {
    /// The section that a number stands for: its position, or -1 for none.
    fn find(&self, number: f64) -> Result<Option<SectionIndex>, Problem> {
        let is_position = number.fract() == 0.0 && (-1.0..self.count as f64).contains(&number);
        if !is_position {
            let (found, sections) = (shown(number), self.count);
            return Err(Problem::SectionNumber { found, sections });
        }
        Ok((number >= 0.0).then_some(SectionIndex(number as u32)))
    }

    /// What holds for something that names its section, though it is not written within it.
    fn scope<'a>(
        &'a self,
        builder: &mut Builder,
        trail: &Trail<'_>,
        outer: Scope<'a>,
        section: &Value<f64>,
    ) -> Scope<'a> {
        let Some(number) = section.get(trail, "section", &mut builder.mistakes) else {
            return outer;
        };
        if outer.section.is_some() {
            builder.mistakes.add(trail, Problem::SectionWithin);
            return outer;
        }
        match self.find(*number) {
            Ok(None) => outer,
            Ok(Some(index)) => match self.scopes.get(index.0 as usize) {
                Some(section) => section.scope(index),
                None => outer,
            },
            Err(problem) => {
                builder.mistakes.add(trail, problem);
                outer
            }
        }
    }
}

fn text(label: &Value<Label>) -> Option<&str> {
    label.peek().map(|Label(label)| label.as_str()).filter(|label| !label.is_empty())
}

fn read_point(
    builder: &mut Builder,
    trail: &Trail<'_>,
    value: &Value<PointDocument>,
) -> Option<Point> {
    let point = value.get(trail, "focalPoint", &mut builder.mistakes)?;
    let trail = trail.field("focal point", "focalPoint");
    point.strange.tell(&trail, &mut builder.mistakes);
    let x = builder.coordinate(&trail, "x", &point.x);
    let y = builder.coordinate(&trail, "y", &point.y);
    Some(Point { x: x?, y: y? })
}

fn read_section(
    builder: &mut Builder,
    trail: &Trail<'_>,
    section: &SectionDocument,
    known: &mut Sections,
) {
    section.strange.tell(trail, &mut builder.mistakes);
    let label = builder.parent_label(trail, "label", &section.label);
    let zone = builder.zone_of(trail, &section.zone);
    let floor = builder.optional_label(trail, "floor", &section.floor);
    let entrance = builder.optional_label(trail, "entrance", &section.entrance);
    let category = builder.category_of(trail, "category", &section.category);
    let outside = Scope { floor: floor.as_deref(), ..OUTSIDE };
    let prefix = builder.joined(&outside, &label);
    let section_parts = Section { label, zone, floor: floor.clone(), entrance };
    let index = builder.section(trail, section_parts);
    let own = SectionScope { prefix, floor, category };
    let places = Places {
        rows: &section.rows,
        tables: &section.tables,
        areas: &section.areas,
        seats: &section.seats,
        sections: known,
    };
    read_places(builder, trail, &own.scope(index), &places);
    known.scopes.push(own);
}

/// What can be sold in a section or outside of sections.
struct Places<'a> {
    rows: &'a Value<List<RowDocument>>,
    tables: &'a Value<List<TableDocument>>,
    areas: &'a Value<List<AreaDocument>>,
    seats: &'a Value<List<SeatDocument>>,
    sections: &'a Sections,
}

fn read_places(builder: &mut Builder, trail: &Trail<'_>, scope: &Scope<'_>, places: &Places<'_>) {
    for (index, row) in places.rows.items(trail, "rows", &mut builder.mistakes) {
        let trail = trail.element("row", text(&row.label), "rows", *index);
        row.strange.tell(&trail, &mut builder.mistakes);
        let scope = places.sections.scope(builder, &trail, *scope, &row.section);
        read_row(builder, &trail, &scope, row, places.sections);
    }
    for (index, table) in places.tables.items(trail, "tables", &mut builder.mistakes) {
        let trail = trail.element("table", text(&table.label), "tables", *index);
        table.strange.tell(&trail, &mut builder.mistakes);
        let scope = places.sections.scope(builder, &trail, *scope, &table.section);
        read_table(builder, &trail, &scope, table, places.sections);
    }
    for (index, area) in places.areas.items(trail, "areas", &mut builder.mistakes) {
        let trail = trail.element("area", text(&area.label), "areas", *index);
        area.strange.tell(&trail, &mut builder.mistakes);
        let scope = places.sections.scope(builder, &trail, *scope, &area.section);
        let category = builder.category_of(&trail, "category", &area.category);
        let label = builder.full_label(&trail, &scope, &area.label, &area.full_label);
        builder.area(&trail, &scope, label, category.or(scope.category), &area.capacity);
    }
    let loose = Group { parent: None, sections: places.sections };
    for (index, seat) in places.seats.items(trail, "seats", &mut builder.mistakes) {
        let trail = trail.element("seat", text(&seat.label), "seats", *index);
        read_seat(builder, &trail, scope, &loose, seat, (None, None));
    }
}

fn read_row(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    row: &RowDocument,
    sections: &Sections,
) {
    let label = builder.parent_label(trail, "label", &row.label);
    let category = builder.category_of(trail, "category", &row.category);
    let (x, y) = optional_place(builder, trail, &row.x, &row.y);
    let spacing = optional_coordinate(builder, trail, "spacing", &row.spacing);
    let spacing = spacing.unwrap_or(SPACING_DEFAULT);
    let place = |position: usize, _: usize| (x.map(|x| along_row(x, spacing, position)), y);
    let scope = Scope { category: category.or(scope.category), ..*scope };
    let parent = builder.joined(&scope, &label);
    let group = Group { parent: Some(&parent), sections };
    let seats = read_seats(builder, trail, &scope, &group, &row.seats, &place);
    builder.row(label, &scope, seats);
}

/// Where the seat at a position is along its row.
pub(crate) fn along_row(x: f64, spacing: f64, position: usize) -> f64 {
    x + position as f64 * spacing
}

fn read_table(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    table: &TableDocument,
    sections: &Sections,
) {
    let full = builder.optional_label(trail, "fullLabel", &table.full_label);
    let label = match full {
        Some(full) => full,
        None => {
            let own = builder.parent_label(trail, "label", &table.label);
            builder.joined(scope, &own)
        }
    };
    let category = builder.category_of(trail, "category", &table.category);
    let (x, y) = optional_place(builder, trail, &table.x, &table.y);
    let radius = optional_coordinate(builder, trail, "radius", &table.radius);
    let radius = radius.unwrap_or(RADIUS_DEFAULT);
    let book_whole = table.book_whole.get(trail, "bookWhole", &mut builder.mistakes);
    let book_whole = book_whole.copied().unwrap_or(false);
    let place = |position: usize, count: usize| {
        // A quarter of a turn back from the x axis is the top, for y grows downwards.
        let around = unit_vector(position as f64 / count as f64 - 0.25);
        let hundredths = |value: f64| (value * 100.0).round() / 100.0;
        (x.map(|x| hundredths(x + radius * around.x)), y.map(|y| hundredths(y + radius * around.y)))
    };
    let scope = Scope { category: category.or(scope.category), ..*scope };
    let group = Group { parent: Some(&label), sections };
    let seats = read_seats(builder, trail, &scope, &group, &table.seats, &place);
    builder.table(trail, label, &scope, seats, book_whole);
}

/// What seats belong to.
struct Group<'a> {
    /// The full label of their row or table; nothing for seats in neither.
    parent: Option<&'a str>,
    sections: &'a Sections,
}

fn optional_coordinate(
    builder: &mut Builder,
    trail: &Trail<'_>,
    field: &'static str,
    value: &Value<f64>,
) -> Option<f64> {
    match value {
        Value::Missing => None,
        value => builder.coordinate(trail, field, value),
    }
}

fn optional_place(
    builder: &mut Builder,
    trail: &Trail<'_>,
    x: &Value<f64>,
    y: &Value<f64>,
) -> (Option<f64>, Option<f64>) {
    let x = optional_coordinate(builder, trail, "x", x);
    (x, optional_coordinate(builder, trail, "y", y))
}

/// Where a seat is that does not say so itself, by its position and the number of seats.
type Place<'a> = &'a dyn Fn(usize, usize) -> (Option<f64>, Option<f64>);

fn read_seats(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    group: &Group<'_>,
    seats: &Value<Seats>,
    place: Place<'_>,
) -> Vec<SeatIndex> {
    match seats.require(trail, "seats", &mut builder.mistakes) {
        None => Vec::new(),
        Some(Seats::Count(number)) => {
            let count = whole_number(*number, CHART_SEATS_MAX as u32);
            let Some(count) = count.map(|count| count as usize) else {
                builder.mistakes.add(trail, Problem::SeatCount { found: shown(*number) });
                return Vec::new();
            };
            counted_seats(builder, trail, scope, group, count, place)
        }
        Some(Seats::List(list)) => {
            let items = list.items(trail, "seats", &mut builder.mistakes);
            let mut indexes = Vec::with_capacity(items.len());
            for (position, (index, seat)) in items.iter().enumerate() {
                let trail = trail.element("seat", text(&seat.label), "seats", *index);
                let fallback = place(position, items.len());
                indexes.extend(read_seat(builder, &trail, scope, group, seat, fallback));
            }
            indexes
        }
    }
}

fn counted_seats(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    group: &Group<'_>,
    count: usize,
    place: Place<'_>,
) -> Vec<SeatIndex> {
    let (x, y) = place(0, count);
    for (field, value) in [("x", x), ("y", y)] {
        if value.is_none() {
            builder.mistakes.add(trail, Problem::Missing { field });
        }
    }
    if x.is_none() || y.is_none() {
        return Vec::new();
    }
    let mut indexes = Vec::new();
    for position in 0..count {
        let (x, y) = place(position, count);
        let label = (position + 1).to_string();
        let position = Point { x: x.unwrap_or_default(), y: y.unwrap_or_default() };
        let trail = trail.field("", "seats");
        let draft = SeatDraft { label: &label, position, ..SeatDraft::default() };
        let Some(index) = builder.seat(&trail, scope, group.parent, draft) else {
            // One mistake about them all is enough; the others count as seats even so.
            builder.count_seats((count - indexes.len() - 1) as u64);
            break;
        };
        indexes.push(index);
    }
    indexes
}

fn read_seat(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    group: &Group<'_>,
    seat: &SeatDocument,
    (row_x, row_y): (Option<f64>, Option<f64>),
) -> Option<SeatIndex> {
    seat.strange.tell(trail, &mut builder.mistakes);
    let full_label = builder.optional_label(trail, "fullLabel", &seat.full_label);
    let label = match &full_label {
        Some(_) => Some(""),
        None => builder.label(trail, "label", &seat.label),
    };
    let own_or = |builder: &mut Builder, field, own: &Value<f64>, fallback: Option<f64>| match (
        own, fallback,
    ) {
        (Value::Missing, Some(fallback)) => Some(fallback),
        (own, _) => builder.coordinate(trail, field, own),
    };
    let x = own_or(builder, "x", &seat.x, row_x);
    let y = own_or(builder, "y", &seat.y, row_y);
    let category = builder.category_of(trail, "category", &seat.category);
    let entrance = builder.optional_label(trail, "entrance", &seat.entrance);
    let mut flag = |field, value: &Value<bool>| {
        value.get(trail, field, &mut builder.mistakes).copied().unwrap_or(false)
    };
    let accessible = flag("accessible", &seat.accessible);
    let companion = flag("companion", &seat.companion);
    let restricted_view = flag("restrictedView", &seat.restricted_view);
    let section = read_section_number(builder, trail, group.sections, &seat.section);
    let index = read_index(builder, trail, &seat.index);
    let (Some(label), Some(x), Some(y)) = (label, x, y) else {
        builder.count_seats(1);
        return None;
    };
    let full_label = full_label.as_deref();
    let position = Point { x, y };
    let flags = SeatDraft { accessible, companion, restricted_view, ..SeatDraft::default() };
    let draft =
        SeatDraft { label, full_label, index, section, position, category, entrance, ..flags };
    builder.seat(trail, scope, group.parent, draft)
}

fn read_section_number(
    builder: &mut Builder,
    trail: &Trail<'_>,
    sections: &Sections,
    value: &Value<f64>,
) -> Option<Option<SectionIndex>> {
    let number = value.get(trail, "section", &mut builder.mistakes)?;
    let found = sections.find(*number);
    found.map_err(|problem| builder.mistakes.add(trail, problem)).ok()
}

fn read_index(builder: &mut Builder, trail: &Trail<'_>, value: &Value<f64>) -> Option<u32> {
    let number = *value.get(trail, "index", &mut builder.mistakes)?;
    let index = whole_number(number + 1.0, CHART_SEATS_MAX as u32);
    if index.is_none() {
        builder.mistakes.add(trail, Problem::Index { found: shown(number) });
    }
    index.map(|index| index - 1)
}
