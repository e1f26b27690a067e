//! Our own chart format, as a person writes it: the structures of the file and how they are
//! read. An unknown field is a mistake, for it is most often a known one misspelled. Every object
//! and every value is read leniently, so that all mistakes are found in one go.
//!
//! Positions are those of the chart, whatever they are written in; what is not written is
//! computed: seats along their row, or around their table.

use inventory_core::chart::{Point, Section};
use inventory_core::ids::{CategoryIndex, SeatIndex};
use inventory_core::limits::CHART_SEATS_MAX;
use serde::de::SeqAccess;

use crate::builder::{Builder, Scope, SeatDraft, whole_number};
use crate::fields::objects;
use crate::lenient::{Label, List, Shape, Value};
use crate::mistake::{Problem, Trail, quoted};
use crate::turn::unit_vector;

/// What `"format"` says in a file of this format.
pub(crate) const FORMAT: &str = "holdfast-chart";

/// From one seat to the next, where a row does not say.
const SPACING_DEFAULT: f64 = 20.0;
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
    }
    /// `x` and `y` are where the first seat is; the next one is `spacing` to the right.
    RowDocument {
        label "label": Label,
        category "category": Label,
        x "x": f64,
        y "y": f64,
        spacing "spacing": f64,
        seats "seats": Seats,
    }
    /// `x` and `y` are the centre; the seats stand around it, clockwise from the top.
    TableDocument {
        label "label": Label,
        category "category": Label,
        x "x": f64,
        y "y": f64,
        radius "radius": f64,
        book_whole "bookWhole": bool,
        seats "seats": Seats,
    }
    /// Places without seats.
    AreaDocument { label "label": Label, category "category": Label, capacity "capacity": f64 }
    /// One seat.
    SeatDocument {
        label "label": Label,
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
        builder.category(&trail, &category.key, &category.label, &category.color);
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
    for (index, section) in sections {
        let trail = root.element("section", text(&section.label), "sections", *index);
        read_section(builder, &trail, section);
    }
    let scope =
        Scope { section: None, prefix: "", floor: None, category: None, origin: Point::default() };
    read_places(builder, &root, &scope, &document.rows, &document.tables, &document.areas);
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

fn read_section(builder: &mut Builder, trail: &Trail<'_>, section: &SectionDocument) {
    section.strange.tell(trail, &mut builder.mistakes);
    let label = builder.parent_label(trail, &section.label);
    let zone = builder.zone_of(trail, &section.zone);
    let floor = builder.optional_label(trail, "floor", &section.floor);
    let entrance = builder.optional_label(trail, "entrance", &section.entrance);
    let category = builder.category_of(trail, "category", &section.category);
    let outside = Scope {
        section: None,
        prefix: "",
        floor: floor.as_deref(),
        category,
        origin: Point::default(),
    };
    let prefix = builder.joined(&outside, &label);
    let section_parts = Section { label, zone, floor: floor.clone(), entrance };
    let index = builder.section(trail, section_parts);
    let scope = Scope { section: Some(index), prefix: &prefix, ..outside };
    read_places(builder, trail, &scope, &section.rows, &section.tables, &section.areas);
}

fn read_places(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    rows: &Value<List<RowDocument>>,
    tables: &Value<List<TableDocument>>,
    areas: &Value<List<AreaDocument>>,
) {
    for (index, row) in rows.items(trail, "rows", &mut builder.mistakes) {
        let trail = trail.element("row", text(&row.label), "rows", *index);
        read_row(builder, &trail, scope, row);
    }
    for (index, table) in tables.items(trail, "tables", &mut builder.mistakes) {
        let trail = trail.element("table", text(&table.label), "tables", *index);
        read_table(builder, &trail, scope, table);
    }
    for (index, area) in areas.items(trail, "areas", &mut builder.mistakes) {
        let trail = trail.element("area", text(&area.label), "areas", *index);
        area.strange.tell(&trail, &mut builder.mistakes);
        let category = builder.category_of(&trail, "category", &area.category);
        let label = builder.label(&trail, "label", &area.label);
        builder.area(&trail, scope, label, category.or(scope.category), &area.capacity);
    }
}

fn read_row(builder: &mut Builder, trail: &Trail<'_>, scope: &Scope<'_>, row: &RowDocument) {
    row.strange.tell(trail, &mut builder.mistakes);
    let label = builder.parent_label(trail, &row.label);
    let category = builder.category_of(trail, "category", &row.category);
    let (x, y) = optional_place(builder, trail, &row.x, &row.y);
    let spacing = optional_coordinate(builder, trail, "spacing", &row.spacing);
    let spacing = spacing.unwrap_or(SPACING_DEFAULT);
    let place = |position: usize, _: usize| (x.map(|x| x + position as f64 * spacing), y);
    let scope = Scope { category: category.or(scope.category), ..*scope };
    let seats = read_seats(builder, trail, &scope, &label, &row.seats, &place);
    builder.row(label, &scope, seats);
}

fn read_table(builder: &mut Builder, trail: &Trail<'_>, scope: &Scope<'_>, table: &TableDocument) {
    table.strange.tell(trail, &mut builder.mistakes);
    let label = builder.parent_label(trail, &table.label);
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
    let seats = read_seats(builder, trail, &scope, &label, &table.seats, &place);
    builder.table(label, &scope, seats, book_whole);
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
    parent: &str,
    seats: &Value<Seats>,
    place: Place<'_>,
) -> Vec<SeatIndex> {
    let parent = builder.joined(scope, parent);
    match seats.require(trail, "seats", &mut builder.mistakes) {
        None => Vec::new(),
        Some(Seats::Count(number)) => {
            let count = whole_number(*number, CHART_SEATS_MAX as u32);
            let Some(count) = count.map(|count| count as usize) else {
                builder.mistakes.add(trail, Problem::SeatCount { found: number.to_string() });
                return Vec::new();
            };
            counted_seats(builder, trail, scope, &parent, count, place)
        }
        Some(Seats::List(list)) => {
            let items = list.items(trail, "seats", &mut builder.mistakes);
            let mut indexes = Vec::with_capacity(items.len());
            for (position, (index, seat)) in items.iter().enumerate() {
                let trail = trail.element("seat", text(&seat.label), "seats", *index);
                let fallback = place(position, items.len());
                indexes.extend(read_seat(builder, &trail, scope, &parent, seat, fallback));
            }
            indexes
        }
    }
}

fn counted_seats(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    parent: &str,
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
        let Some(index) = builder.seat(&trail, scope, parent, draft(&label, position, None)) else {
            // One mistake about them all is enough; the others count as seats even so.
            builder.count_seats((count - indexes.len() - 1) as u64);
            break;
        };
        indexes.push(index);
    }
    indexes
}

fn draft(label: &str, position: Point, category: Option<CategoryIndex>) -> SeatDraft<'_> {
    SeatDraft {
        label,
        position,
        category,
        entrance: None,
        accessible: false,
        companion: false,
        restricted_view: false,
    }
}

fn read_seat(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    parent: &str,
    seat: &SeatDocument,
    (row_x, row_y): (Option<f64>, Option<f64>),
) -> Option<SeatIndex> {
    seat.strange.tell(trail, &mut builder.mistakes);
    let label = builder.label(trail, "label", &seat.label);
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
    let (Some(label), Some(x), Some(y)) = (label, x, y) else {
        builder.count_seats(1);
        return None;
    };
    let draft = draft(label, Point { x, y }, category);
    let draft = SeatDraft { entrance, accessible, companion, restricted_view, ..draft };
    builder.seat(trail, scope, parent, draft)
}
