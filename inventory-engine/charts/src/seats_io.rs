//! The chart format of the seats.io designer, as far as selling seats needs it: sections with
//! their own sub-charts, rows, tables, seats, general-admission areas, zones, categories and
//! floors. Drawing (shapes, texts, images, icons) is not read; what could be sold but is not
//! read (booths) is warned of.
//!
//! Positions add up by translation: a section's `topLeft` and a seat's own. Rows and tables carry
//! a rotation, too, but it has gone into their seats' positions already.

use inventory_core::chart::{Point, Section};
use inventory_core::ids::SeatIndex;
use serde::Deserialize;

use crate::builder::{Builder, Scope, SeatDraft};
use crate::lenient::{Count, Label, List, Value, object_shapes};
use crate::mistake::{Problem, Trail};

macro_rules! designer {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $content:ty),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Default, Deserialize)]
            #[serde(default, rename_all = "camelCase")]
            pub(crate) struct $name {
                $($field: Value<$content>,)+
            }
        )+
        object_shapes!($($name),+);
    };
}

designer! {
    /// A whole file.
    DesignerChart {
        name: Label,
        categories: Categories,
        zones: Zones,
        section_scale_factor: f64,
        sub_chart: SubChart,
        sub_chart_floors: List<SubChart>,
    }
    Categories { list: List<Category> }
    Category { key: Label, label: Label, color: String }
    Zones { list: List<Zone> }
    Zone { key: Label, label: Label, focal_point: Place }
    Place { x: f64, y: f64 }
    /// The whole venue, or one floor of it.
    SubChart {
        floor_name: Label,
        floor_display_name: Label,
        focal_point: Place,
        sections: List<DesignerSection>,
        rows: List<Row>,
        tables: List<Table>,
        general_admission_areas: List<Area>,
        booths: Count,
        shapes: Count,
        texts: Count,
        icons: Count,
        image_objects: Count,
    }
    DesignerSection {
        label: Label,
        zone: Label,
        entrance: Label,
        category_key: Label,
        top_left: Place,
        sub_chart: SectionChart,
    }
    /// What is in a section.
    SectionChart {
        sections: Count,
        rows: List<Row>,
        tables: List<Table>,
        general_admission_areas: List<Area>,
        booths: Count,
        shapes: Count,
        texts: Count,
        icons: Count,
        image_objects: Count,
    }
    Row { label: Label, seats: List<Seat> }
    Table { label: Label, category_key: Label, book_as_a_whole: bool, seats: List<Seat> }
    Area { label: Label, category_key: Label, capacity: f64, book_as_a_whole: bool }
    Seat {
        label: Label,
        x: f64,
        y: f64,
        category_key: Label,
        entrance: Label,
        accessible: bool,
        companion_seat: bool,
        restricted_view: bool,
    }
}

/// What is in a file and does not get into the chart.
#[derive(Default)]
struct Unread {
    booths: usize,
    drawings: usize,
    areas_sold_whole: usize,
    sections_without_place: usize,
    focal_points: usize,
}

/// Reads a whole file into a builder.
pub(crate) fn read(chart: &DesignerChart, builder: &mut Builder) {
    let root = Trail::ROOT;
    let mut unread = Unread::default();
    builder.name(&chart.name);
    read_categories(chart, builder);
    read_zones(chart, builder);
    let whole = chart.sub_chart.get(&root, "subChart", &mut builder.mistakes);
    let floors = chart.sub_chart_floors.items(&root, "subChartFloors", &mut builder.mistakes);
    for (_, floor) in floors {
        note_names(builder, floor, floor_name(floor));
    }
    if let Some(whole) = whole {
        note_names(builder, whole, None);
        let trail = root.field("", "subChart");
        read_floor(builder, &trail, whole, None, &mut unread);
    }
    for (index, floor) in floors {
        let name = floor_name(floor);
        let trail = root.element("floor", name, "subChartFloors", *index);
        if name.is_none() {
            let field = "floorName";
            builder.mistakes.add(&trail, Problem::Missing { field });
        }
        read_floor(builder, &trail, floor, name, &mut unread);
    }
    read_focal_point(chart, builder, &mut unread);
    let scale = chart.section_scale_factor.get(&root, "sectionScaleFactor", &mut builder.mistakes);
    if scale.is_some_and(|scale| *scale != 100.0) {
        builder.warnings.push(
            "the sections are drawn at a scale of their own (sectionScaleFactor is not 100); \
             positions within them are taken as they are"
                .to_owned(),
        );
    }
    unread.warn(&mut builder.warnings);
}

fn text(label: &Value<Label>) -> Option<&str> {
    label.peek().map(|Label(label)| label.as_str()).filter(|label| !label.is_empty())
}

/// What people call the floor, else its key.
fn floor_name(floor: &SubChart) -> Option<&str> {
    text(&floor.floor_display_name).or_else(|| text(&floor.floor_name))
}

fn read_categories(chart: &DesignerChart, builder: &mut Builder) {
    let root = Trail::ROOT;
    let Some(categories) = chart.categories.get(&root, "categories", &mut builder.mistakes) else {
        return;
    };
    for (index, category) in categories.list.items(&root, "categories", &mut builder.mistakes) {
        let trail = root.element("category", text(&category.key), "categories/list", *index);
        builder.category(&trail, &category.key, &category.label, &category.color);
    }
}

fn read_zones(chart: &DesignerChart, builder: &mut Builder) {
    let root = Trail::ROOT;
    let Some(zones) = chart.zones.get(&root, "zones", &mut builder.mistakes) else { return };
    for (index, zone) in zones.list.items(&root, "zones", &mut builder.mistakes) {
        let trail = root.element("zone", text(&zone.key), "zones/list", *index);
        let place = zone.focal_point.get(&trail, "focalPoint", &mut builder.mistakes);
        let focal_point = place.and_then(|place| {
            let trail = trail.field("focal point", "focalPoint");
            read_place(builder, &trail, place)
        });
        builder.zone(&trail, &zone.key, &zone.label, focal_point);
    }
}

fn read_place(builder: &mut Builder, trail: &Trail<'_>, place: &Place) -> Option<Point> {
    let x = builder.coordinate(trail, "x", &place.x);
    let y = builder.coordinate(trail, "y", &place.y);
    Some(Point { x: x?, y: y? })
}

/// A chart has one focal point; where floors have several, the first one counts.
fn read_focal_point(chart: &DesignerChart, builder: &mut Builder, unread: &mut Unread) {
    let root = Trail::ROOT;
    let whole = chart.sub_chart.peek().map(|whole| (root.field("", "subChart"), whole));
    let floors = chart.sub_chart_floors.peek();
    let floors = floors.into_iter().flat_map(|list| list.good());
    let floors = floors.map(|(index, floor)| {
        (root.element("floor", floor_name(floor), "subChartFloors", *index), floor)
    });
    let mut chosen = None;
    for (trail, floor) in whole.into_iter().chain(floors) {
        let place = floor.focal_point.get(&trail, "focalPoint", &mut builder.mistakes);
        let Some(place) = place else { continue };
        let trail = trail.field("focal point", "focalPoint");
        let point = read_place(builder, &trail, place);
        match chosen {
            None => chosen = point,
            Some(first) if point.is_some_and(|point| point != first) => unread.focal_points += 1,
            Some(_) => {}
        }
    }
    builder.focal_point(chosen);
}

fn note_names(builder: &mut Builder, floor: &SubChart, name: Option<&str>) {
    let sections = floor.sections.peek().into_iter().flat_map(|list| list.good());
    let labels = sections.map(|(_, section)| &section.label);
    let rows = floor.rows.peek().into_iter().flat_map(|list| list.good());
    let labels = labels.chain(rows.map(|(_, row)| &row.label));
    let tables = floor.tables.peek().into_iter().flat_map(|list| list.good());
    let labels = labels.chain(tables.map(|(_, table)| &table.label));
    let areas = floor.general_admission_areas.peek().into_iter().flat_map(|list| list.good());
    for label in labels.chain(areas.map(|(_, area)| &area.label)) {
        builder.note_name(name, label.peek());
    }
}

fn read_floor(
    builder: &mut Builder,
    trail: &Trail<'_>,
    floor: &SubChart,
    name: Option<&str>,
    unread: &mut Unread,
) {
    unread.count(&floor.booths, [&floor.shapes, &floor.texts, &floor.icons, &floor.image_objects]);
    for (index, section) in floor.sections.items(trail, "sections", &mut builder.mistakes) {
        let trail = trail.element("section", text(&section.label), "sections", *index);
        read_section(builder, &trail, section, name, unread);
    }
    let scope =
        Scope { section: None, prefix: "", floor: name, category: None, origin: Point::default() };
    let places =
        Places { rows: &floor.rows, tables: &floor.tables, areas: &floor.general_admission_areas };
    read_places(builder, trail, &scope, &places, unread);
}

fn read_section(
    builder: &mut Builder,
    trail: &Trail<'_>,
    section: &DesignerSection,
    floor: Option<&str>,
    unread: &mut Unread,
) {
    let label = builder.parent_label(trail, &section.label);
    let zone = builder.zone_of(trail, &section.zone);
    let entrance = builder.optional_label(trail, "entrance", &section.entrance);
    let category = builder.category_of(trail, "categoryKey", &section.category_key);
    let top_left = section.top_left.get(trail, "topLeft", &mut builder.mistakes);
    let origin = match top_left {
        Some(place) => {
            let trail = trail.field("top left", "topLeft");
            read_place(builder, &trail, place).unwrap_or_default()
        }
        None => {
            unread.sections_without_place += 1;
            Point::default()
        }
    };
    let outside = Scope { section: None, prefix: "", floor, category, origin };
    let prefix = builder.joined(&outside, &label);
    let floor = floor.map(str::to_owned);
    let index = builder.section(trail, Section { label, zone, floor, entrance });
    let Some(inner) = section.sub_chart.get(trail, "subChart", &mut builder.mistakes) else {
        return;
    };
    let trail = trail.field("", "subChart");
    unread.count(&inner.booths, [&inner.shapes, &inner.texts, &inner.icons, &inner.image_objects]);
    let nested = inner.sections.get(&trail, "sections", &mut builder.mistakes);
    if let Some(Count(count @ 1..)) = nested.copied() {
        builder.mistakes.add(&trail, Problem::NestedSections { count });
    }
    let scope = Scope { section: Some(index), prefix: &prefix, ..outside };
    let places =
        Places { rows: &inner.rows, tables: &inner.tables, areas: &inner.general_admission_areas };
    read_places(builder, &trail, &scope, &places, unread);
}

/// What can be sold in a section or outside of sections.
struct Places<'a> {
    rows: &'a Value<List<Row>>,
    tables: &'a Value<List<Table>>,
    areas: &'a Value<List<Area>>,
}

fn read_places(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    places: &Places<'_>,
    unread: &mut Unread,
) {
    for (index, row) in places.rows.items(trail, "rows", &mut builder.mistakes) {
        let trail = trail.element("row", text(&row.label), "rows", *index);
        let label = builder.parent_label(&trail, &row.label);
        let seats = read_seats(builder, &trail, scope, &label, &row.seats);
        builder.row(label, scope, seats);
    }
    for (index, table) in places.tables.items(trail, "tables", &mut builder.mistakes) {
        let trail = trail.element("table", text(&table.label), "tables", *index);
        let label = builder.parent_label(&trail, &table.label);
        let category = builder.category_of(&trail, "categoryKey", &table.category_key);
        let scope = Scope { category: category.or(scope.category), ..*scope };
        let seats = read_seats(builder, &trail, &scope, &label, &table.seats);
        let whole = table.book_as_a_whole.get(&trail, "bookAsAWhole", &mut builder.mistakes);
        builder.table(label, &scope, seats, whole.copied().unwrap_or(false));
    }
    let areas = places.areas.items(trail, "generalAdmissionAreas", &mut builder.mistakes);
    for (index, area) in areas {
        let field = "generalAdmissionAreas";
        let trail = trail.element("area", text(&area.label), field, *index);
        let label = builder.label(&trail, "label", &area.label);
        let category = builder.category_of(&trail, "categoryKey", &area.category_key);
        builder.area(&trail, scope, label, category.or(scope.category), &area.capacity);
        unread.areas_sold_whole += usize::from(matches!(area.book_as_a_whole, Value::Good(true)));
    }
}

fn read_seats(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    parent: &str,
    seats: &Value<List<Seat>>,
) -> Vec<SeatIndex> {
    let parent = builder.joined(scope, parent);
    let items = seats.items(trail, "seats", &mut builder.mistakes);
    let mut indexes = Vec::with_capacity(items.len());
    for (index, seat) in items {
        let trail = trail.element("seat", text(&seat.label), "seats", *index);
        indexes.extend(read_seat(builder, &trail, scope, &parent, seat));
    }
    indexes
}

fn read_seat(
    builder: &mut Builder,
    trail: &Trail<'_>,
    scope: &Scope<'_>,
    parent: &str,
    seat: &Seat,
) -> Option<SeatIndex> {
    let label = builder.label(trail, "label", &seat.label);
    let x = builder.coordinate(trail, "x", &seat.x);
    let y = builder.coordinate(trail, "y", &seat.y);
    let category = builder.category_of(trail, "categoryKey", &seat.category_key);
    let entrance = builder.optional_label(trail, "entrance", &seat.entrance);
    let mut flag = |field, value: &Value<bool>| {
        value.get(trail, field, &mut builder.mistakes).copied().unwrap_or(false)
    };
    let accessible = flag("accessible", &seat.accessible);
    let companion = flag("companionSeat", &seat.companion_seat);
    let restricted_view = flag("restrictedView", &seat.restricted_view);
    let (Some(label), Some(x), Some(y)) = (label, x, y) else {
        builder.count_seats(1);
        return None;
    };
    let position = Point { x, y };
    let draft =
        SeatDraft { label, position, category, entrance, accessible, companion, restricted_view };
    builder.seat(trail, scope, parent, draft)
}

impl Unread {
    fn count(&mut self, booths: &Value<Count>, drawings: [&Value<Count>; 4]) {
        let count = |value: &Value<Count>| value.peek().map_or(0, |count| count.0);
        self.booths += count(booths);
        self.drawings += drawings.into_iter().map(count).sum::<usize>();
    }

    fn warn(&self, warnings: &mut Vec<String>) {
        let mut warn = |count: usize, what: &str| {
            if count > 0 {
                warnings.push(format!("{what}: {count}"));
            }
        };
        warn(self.booths, "booths that are left out, for they are not for sale here");
        warn(self.areas_sold_whole, "areas that are sold place by place, not as a whole");
        warn(self.sections_without_place, "sections without topLeft, taken to start at 0, 0");
        warn(self.focal_points, "floors whose own focal point is not used; the first one is");
        warn(self.drawings, "shapes, texts, icons and images that are not read");
    }
}
