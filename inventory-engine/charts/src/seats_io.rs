//! The chart format of the seats.io designer, as far as selling seats needs it: sections with
//! their own sub-charts, rows, tables, seats, booths, general-admission areas, zones, categories
//! and floors. Drawing (shapes, texts, images, icons) is not read.
//!
//! Positions add up by translation: a section's `topLeft` and a seat's own, times the section's
//! scale. Rows, tables and sections carry a rotation, too, but it has gone into the positions
//! already. A booth is a seat in neither row nor table: it has a name, a place and one state, and
//! nobody is given one who did not ask for it.

use inventory_core::chart::{Point, Section};
use inventory_core::ids::SeatIndex;
use serde::Deserialize;

use crate::builder::{Builder, Scope, SeatDraft, coordinate_problem, label_problem, shown};
use crate::lenient::{Count, Label, List, Value, object_shapes};
use crate::mistake::{Problem, Trail, quoted};

/// How large sections may be drawn, in percent of their size.
const PERCENT_MIN: f64 = 1.0;
const PERCENT_MAX: f64 = 10_000.0;

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
    Category { key: Label, label: Label, color: String, accessible: bool }
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
        booths: List<Booth>,
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
        points: List<Place>,
        sub_chart: SectionChart,
    }
    /// What is in a section.
    SectionChart {
        width: f64,
        height: f64,
        sections: Count,
        rows: List<Row>,
        tables: List<Table>,
        general_admission_areas: List<Area>,
        booths: List<Booth>,
        shapes: Count,
        texts: Count,
        icons: Count,
        image_objects: Count,
    }
    Row { label: Label, seats: List<Seat> }
    Table {
        label: Label,
        category_key: Label,
        book_as_a_whole: bool,
        booking_mode: String,
        seats: List<Seat>,
    }
    /// Sold as one thing, whoever stands in it.
    Booth {
        label: Label,
        category_key: Label,
        entrance: Label,
        center: Place,
        top_left: Place,
        points: List<Place>,
    }
    Area { label: Label, category_key: Label, capacity: f64, book_as_a_whole: bool }
    Seat {
        label: Label,
        x: f64,
        y: f64,
        category_key: Label,
        category_accessible: bool,
        entrance: Label,
        accessible: bool,
        companion_seat: bool,
        restricted_view: bool,
        semi_ambulatory_seat: bool,
        disabled_by_social_distancing_rules: bool,
    }
}

/// What holds for the whole file while its parts are read.
#[derive(Default)]
struct Reader {
    unread: Unread,
    /// By category: whether it is for seats made for a wheelchair.
    accessible: Vec<bool>,
    /// How large the sections are drawn, where that is not as large as they are.
    scale: Option<f64>,
}

/// Reads a whole file into a builder.
pub(crate) fn read(chart: &DesignerChart, builder: &mut Builder) {
    let root = Trail::ROOT;
    let mut reader = Reader::default();
    builder.name(&chart.name);
    reader.read_categories(chart, builder);
    read_zones(chart, builder);
    reader.read_scale(chart, builder);
    let whole = chart.sub_chart.get(&root, "subChart", &mut builder.mistakes);
    let floors = chart.sub_chart_floors.items(&root, "subChartFloors", &mut builder.mistakes);
    for (_, floor) in floors {
        note_names(builder, floor, floor_name(floor));
    }
    if let Some(whole) = whole {
        note_names(builder, whole, None);
        let trail = root.field("", "subChart");
        reader.read_floor(builder, &trail, whole, None);
    }
    for (index, floor) in floors {
        let name = floor_name(floor);
        let trail = root.element("floor", name, "subChartFloors", *index);
        let field = "floorName";
        let problem = name.map_or(Some(Problem::Missing { field }), |n| label_problem(field, n));
        if let Some(problem) = problem {
            builder.mistakes.add(&trail, problem);
        }
        reader.read_floor(builder, &trail, floor, name);
    }
    read_focal_point(chart, builder, &mut reader.unread);
    reader.unread.warn(&mut builder.warnings);
}

fn text(label: &Value<Label>) -> Option<&str> {
    label.peek().map(|Label(label)| label.as_str()).filter(|label| !label.is_empty())
}

/// What people call the floor, else its key.
fn floor_name(floor: &SubChart) -> Option<&str> {
    text(&floor.floor_display_name).or_else(|| text(&floor.floor_name))
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
    let labels = labels.chain(areas.map(|(_, area)| &area.label));
    let booths = floor.booths.peek().into_iter().flat_map(|list| list.good());
    for label in labels.chain(booths.map(|(_, booth)| &booth.label)) {
        builder.note_name(name, label.peek());
    }
}

impl Reader {
    fn read_categories(&mut self, chart: &DesignerChart, builder: &mut Builder) {
        let root = Trail::ROOT;
        let Some(categories) = chart.categories.get(&root, "categories", &mut builder.mistakes)
        else {
            return;
        };
        for (index, category) in categories.list.items(&root, "categories", &mut builder.mistakes) {
            let trail = root.element("category", text(&category.key), "categories/list", *index);
            let accessible = category.accessible.get(&trail, "accessible", &mut builder.mistakes);
            let accessible = accessible.copied().unwrap_or(false);
            let index =
                builder.category(&trail, "key", &category.key, &category.label, &category.color);
            if index.is_some() {
                self.accessible.push(accessible);
            }
        }
    }

    fn read_scale(&mut self, chart: &DesignerChart, builder: &mut Builder) {
        let field = "sectionScaleFactor";
        let root = Trail::ROOT;
        let percent = chart.section_scale_factor.get(&root, field, &mut builder.mistakes);
        let Some(percent) = percent.copied().filter(|percent| *percent != 100.0) else { return };
        if (PERCENT_MIN..=PERCENT_MAX).contains(&percent) {
            self.scale = Some(percent / 100.0);
        } else {
            let found = shown(percent);
            builder.mistakes.add(&root, Problem::Scale { field, found });
        }
    }

    fn read_floor(
        &mut self,
        builder: &mut Builder,
        trail: &Trail<'_>,
        floor: &SubChart,
        name: Option<&str>,
    ) {
        self.unread.count([&floor.shapes, &floor.texts, &floor.icons, &floor.image_objects]);
        for (index, section) in floor.sections.items(trail, "sections", &mut builder.mistakes) {
            let trail = trail.element("section", text(&section.label), "sections", *index);
            self.read_section(builder, &trail, section, name);
        }
        let origin = Point::default();
        let scope = Scope { section: None, prefix: "", floor: name, category: None, origin };
        let places = Places {
            rows: &floor.rows,
            tables: &floor.tables,
            areas: &floor.general_admission_areas,
            booths: &floor.booths,
            scale: 1.0,
        };
        self.read_places(builder, trail, &scope, &places);
    }

    fn read_section(
        &mut self,
        builder: &mut Builder,
        trail: &Trail<'_>,
        section: &DesignerSection,
        floor: Option<&str>,
    ) {
        let label = builder.parent_label(trail, "label", &section.label);
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
                self.unread.sections_without_place += 1;
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
        self.unread.count([&inner.shapes, &inner.texts, &inner.icons, &inner.image_objects]);
        let nested = inner.sections.get(&trail, "sections", &mut builder.mistakes);
        if let Some(Count(count @ 1..)) = nested.copied() {
            builder.mistakes.add(&trail, Problem::NestedSections { count });
        }
        let scope = Scope { section: Some(index), prefix: &prefix, ..outside };
        let places = Places {
            rows: &inner.rows,
            tables: &inner.tables,
            areas: &inner.general_admission_areas,
            booths: &inner.booths,
            scale: self.scale.map_or(1.0, |scale| scale_of(section, inner, scale)),
        };
        self.read_places(builder, &trail, &scope, &places);
    }

    fn read_places(
        &mut self,
        builder: &mut Builder,
        trail: &Trail<'_>,
        scope: &Scope<'_>,
        places: &Places<'_>,
    ) {
        let scale = places.scale;
        for (index, row) in places.rows.items(trail, "rows", &mut builder.mistakes) {
            let trail = trail.element("row", text(&row.label), "rows", *index);
            let label = builder.parent_label(&trail, "label", &row.label);
            let parent = builder.joined(scope, &label);
            let seats = self.read_seats(builder, &trail, scope, &parent, &row.seats, scale);
            builder.row(label, scope, seats);
        }
        for (index, table) in places.tables.items(trail, "tables", &mut builder.mistakes) {
            let trail = trail.element("table", text(&table.label), "tables", *index);
            self.read_table(builder, &trail, scope, table, scale);
        }
        let field = "generalAdmissionAreas";
        for (index, area) in places.areas.items(trail, field, &mut builder.mistakes) {
            let trail = trail.element("area", text(&area.label), field, *index);
            let label = builder.label(&trail, "label", &area.label).map(str::to_owned);
            let label = label.map(|label| builder.joined(scope, &label));
            let category = builder.category_of(&trail, "categoryKey", &area.category_key);
            builder.area(&trail, scope, label, category.or(scope.category), &area.capacity);
            let is_whole = matches!(area.book_as_a_whole, Value::Good(true));
            self.unread.areas_sold_whole += usize::from(is_whole);
        }
        for (index, booth) in places.booths.items(trail, "booths", &mut builder.mistakes) {
            let trail = trail.element("booth", text(&booth.label), "booths", *index);
            self.read_booth(builder, &trail, scope, booth, scale);
        }
    }

    fn read_table(
        &mut self,
        builder: &mut Builder,
        trail: &Trail<'_>,
        scope: &Scope<'_>,
        table: &Table,
        scale: f64,
    ) {
        let own = builder.parent_label(trail, "label", &table.label);
        let label = builder.joined(scope, &own);
        let category = builder.category_of(trail, "categoryKey", &table.category_key);
        let scope = Scope { category: category.or(scope.category), ..*scope };
        let seats = self.read_seats(builder, trail, &scope, &label, &table.seats, scale);
        let whole = table.book_as_a_whole.get(trail, "bookAsAWhole", &mut builder.mistakes);
        let whole = whole.copied().unwrap_or(false);
        let mode = table.booking_mode.get(trail, "bookingMode", &mut builder.mistakes);
        let by_table = match mode.map(String::as_str) {
            None | Some("BY_SEAT") => false,
            Some("BY_TABLE") => true,
            Some(other) => {
                let (what, key) = ("booking mode", quoted(other));
                builder.mistakes.add(trail, Problem::Unknown { what, key });
                false
            }
        };
        self.unread.tables_without_seats += usize::from(seats.is_empty());
        builder.table(trail, label, &scope, seats, whole || by_table);
    }

    fn read_booth(
        &mut self,
        builder: &mut Builder,
        trail: &Trail<'_>,
        scope: &Scope<'_>,
        booth: &Booth,
        scale: f64,
    ) {
        let label = builder.label(trail, "label", &booth.label);
        let category = builder.category_of(trail, "categoryKey", &booth.category_key);
        let entrance = builder.optional_label(trail, "entrance", &booth.entrance);
        let center = booth.center.get(trail, "center", &mut builder.mistakes);
        let corner = booth.top_left.get(trail, "topLeft", &mut builder.mistakes);
        let position = match center.or(corner) {
            Some(place) => read_place(builder, trail, place),
            None => {
                let points = booth.points.items(trail, "points", &mut builder.mistakes);
                let middle = extent(points).map(|(low, high)| Point {
                    x: low.x / 2.0 + high.x / 2.0,
                    y: low.y / 2.0 + high.y / 2.0,
                });
                self.unread.booths_without_place += usize::from(middle.is_none());
                Some(middle.unwrap_or_default())
            }
        };
        let (Some(label), Some(position)) = (label, position) else {
            builder.count_seats(1);
            return;
        };
        let position = scaled(position, scale);
        let draft = SeatDraft { label, position, category, entrance, ..SeatDraft::default() };
        builder.seat(trail, scope, None, draft);
    }

    fn read_seats(
        &mut self,
        builder: &mut Builder,
        trail: &Trail<'_>,
        scope: &Scope<'_>,
        parent: &str,
        seats: &Value<List<Seat>>,
        scale: f64,
    ) -> Vec<SeatIndex> {
        let items = seats.items(trail, "seats", &mut builder.mistakes);
        let mut indexes = Vec::with_capacity(items.len());
        for (index, seat) in items {
            let trail = trail.element("seat", text(&seat.label), "seats", *index);
            indexes.extend(self.read_seat(builder, &trail, scope, parent, seat, scale));
        }
        indexes
    }

    fn read_seat(
        &mut self,
        builder: &mut Builder,
        trail: &Trail<'_>,
        scope: &Scope<'_>,
        parent: &str,
        seat: &Seat,
        scale: f64,
    ) -> Option<SeatIndex> {
        let label = builder.label(trail, "label", &seat.label);
        let x = builder.coordinate(trail, "x", &seat.x);
        let y = builder.coordinate(trail, "y", &seat.y);
        let category = builder.category_of(trail, "categoryKey", &seat.category_key);
        let entrance = builder.optional_label(trail, "entrance", &seat.entrance);
        let mut flag = |field, value: &Value<bool>| {
            value.get(trail, field, &mut builder.mistakes).copied().unwrap_or(false)
        };
        let of_category =
            category.or(scope.category).and_then(|c| self.accessible.get(c.0 as usize));
        let accessible = flag("accessible", &seat.accessible)
            | flag("categoryAccessible", &seat.category_accessible)
            | of_category.copied().unwrap_or(false);
        let companion = flag("companionSeat", &seat.companion_seat);
        let restricted_view = flag("restrictedView", &seat.restricted_view);
        self.unread.semi_ambulatory +=
            usize::from(matches!(seat.semi_ambulatory_seat, Value::Good(true)));
        let is_kept_free = matches!(seat.disabled_by_social_distancing_rules, Value::Good(true));
        self.unread.kept_free += usize::from(is_kept_free);
        let (Some(label), Some(x), Some(y)) = (label, x, y) else {
            builder.count_seats(1);
            return None;
        };
        let position = scaled(Point { x, y }, scale);
        let flags = SeatDraft { accessible, companion, restricted_view, ..SeatDraft::default() };
        let draft = SeatDraft { label, position, category, entrance, ..flags };
        builder.seat(trail, scope, Some(parent), draft)
    }
}

/// What can be sold in a section or outside of sections.
struct Places<'a> {
    rows: &'a Value<List<Row>>,
    tables: &'a Value<List<Table>>,
    areas: &'a Value<List<Area>>,
    booths: &'a Value<List<Booth>>,
    /// What positions are multiplied with.
    scale: f64,
}

/// The factor of a section's own positions. Whether a chart's percentage makes its sections
/// larger or smaller shows where the section's outline, which is the venue's, can be compared
/// with the size of its content.
fn scale_of(section: &DesignerSection, inner: &SectionChart, scale: f64) -> f64 {
    let outline = section.points.peek().and_then(|points| extent(points.good()));
    let size = inner.width.peek().zip(inner.height.peek()).map(|(width, height)| width + height);
    let (Some((low, high)), Some(size)) = (outline, size) else { return scale };
    let measured = (high.x - low.x + high.y - low.y) / size;
    if !measured.is_finite() || measured <= 0.0 {
        return scale;
    }
    let unlike = |factor: f64| (measured / factor).max(factor / measured);
    let nearest = [scale, 1.0 / scale, 1.0]
        .into_iter()
        .min_by(|one, other| unlike(*one).total_cmp(&unlike(*other)));
    nearest.unwrap_or(scale)
}

fn scaled(point: Point, scale: f64) -> Point {
    if scale == 1.0 {
        return point;
    }
    let thousandths = |value: f64| (value * scale * 1_000.0).round() / 1_000.0;
    Point { x: thousandths(point.x), y: thousandths(point.y) }
}

/// The corners of the rectangle around some places that are right.
fn extent(places: &[(usize, Place)]) -> Option<(Point, Point)> {
    let possible = |value: &Value<f64>| {
        value.peek().copied().filter(|number| coordinate_problem("", *number).is_none())
    };
    let points = places
        .iter()
        .filter_map(|(_, place)| Some(Point { x: possible(&place.x)?, y: possible(&place.y)? }));
    points.fold(None, |corners, point| {
        let (low, high) = corners.unwrap_or((point, point));
        Some((
            Point { x: low.x.min(point.x), y: low.y.min(point.y) },
            Point { x: high.x.max(point.x), y: high.y.max(point.y) },
        ))
    })
}

/// What is in a file and does not get into the chart.
#[derive(Default)]
struct Unread {
    drawings: usize,
    areas_sold_whole: usize,
    sections_without_place: usize,
    tables_without_seats: usize,
    booths_without_place: usize,
    focal_points: usize,
    semi_ambulatory: usize,
    kept_free: usize,
}

impl Unread {
    fn count(&mut self, drawings: [&Value<Count>; 4]) {
        let count = |value: &Value<Count>| value.peek().map_or(0, |count| count.0);
        self.drawings += drawings.into_iter().map(count).sum::<usize>();
    }

    fn warn(&self, warnings: &mut Vec<String>) {
        let mut warn = |count: usize, what: &str| {
            if count > 0 {
                warnings.push(format!("{what}: {count}"));
            }
        };
        warn(self.areas_sold_whole, "areas that are sold place by place, not as a whole");
        warn(self.tables_without_seats, "tables without a seat, of which nothing can be sold");
        warn(self.sections_without_place, "sections without topLeft, taken to start at 0, 0");
        warn(self.booths_without_place, "booths without a place, taken to be at 0, 0");
        warn(self.focal_points, "floors whose own focal point is not used; the first one is");
        warn(self.semi_ambulatory, "seats for people who walk with difficulty, taken as any seat");
        warn(self.kept_free, "seats that distancing rules keep free, taken as any seat");
        warn(self.drawings, "shapes, texts, icons and images that are not read");
    }
}
