//! The seating plans of pretix: zones of rows of seats, with positions that add up from the zone
//! to its rows to their seats. A zone becomes a section, a `row_number` a row, a `seat_number` a
//! seat; what is drawn only (the zones' areas) is not read.
//!
//! pretix tells seats apart by their `seat_guid` and lets labels repeat; here the labels are what
//! is sold, so they have to be unique. Zones of one name are one section, and rows of one number
//! are legal, as an aisle makes them, as long as no seat's full label is there twice.

use std::collections::HashMap;

use inventory_core::chart::{Point, Section};
use inventory_core::ids::SectionIndex;
use serde::Deserialize;

use crate::builder::{Builder, Scope, SeatDraft, sum};
use crate::lenient::{Count, Label, List, Value, object_shapes};
use crate::mistake::Trail;

macro_rules! plan {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $content:ty),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Default, Deserialize)]
            #[serde(default)]
            pub(crate) struct $name {
                $($field: Value<$content>,)+
            }
        )+
        object_shapes!($($name),+);
    };
}

plan! {
    /// A whole file.
    SeatingPlan { name: Label, categories: List<Category>, zones: List<Zone> }
    Category { name: Label, color: String }
    Place { x: f64, y: f64 }
    Zone { name: Label, zone_id: Label, position: Place, rows: List<Row>, areas: Count }
    Row {
        row_number: Label,
        row_label: String,
        seat_label: String,
        position: Place,
        seats: List<Seat>,
    }
    Seat { seat_number: Label, position: Place, category: Label }
}

/// What is in a plan and does not get into the chart, or not as it is there.
#[derive(Default)]
struct Unread {
    areas: usize,
    row_texts: usize,
    merged_zones: usize,
    nameless_zones: usize,
}

/// Reads a whole file into a builder.
pub(crate) fn read(plan: &SeatingPlan, builder: &mut Builder) {
    let root = Trail::ROOT;
    let mut unread = Unread::default();
    builder.name(&plan.name);
    for (index, category) in plan.categories.items(&root, "categories", &mut builder.mistakes) {
        let trail = root.element("category", text(&category.name), "categories", *index);
        builder.category(&trail, "name", &category.name, &Value::Missing, &category.color);
    }
    let mut sections = HashMap::new();
    if plan.zones.require(&root, "zones", &mut builder.mistakes).is_none() {
        return;
    }
    for (index, zone) in plan.zones.items(&root, "zones", &mut builder.mistakes) {
        let trail = root.element("zone", zone_name(zone), "zones", *index);
        read_zone(builder, &trail, zone, &mut sections, &mut unread);
    }
    unread.warn(&mut builder.warnings);
}

fn text(label: &Value<Label>) -> Option<&str> {
    label.peek().map(|Label(label)| label.as_str()).filter(|label| !label.is_empty())
}

/// What people call the zone, else its id.
fn zone_name(zone: &Zone) -> Option<&str> {
    text(&zone.name).or_else(|| text(&zone.zone_id))
}

/// The sum of where something is and a place of its own.
fn moved(
    builder: &mut Builder,
    trail: &Trail<'_>,
    origin: Point,
    place: &Value<Place>,
) -> Option<Point> {
    let place = place.get(trail, "position", &mut builder.mistakes)?;
    let trail = trail.field("position", "position");
    let x = builder.coordinate(&trail, "x", &place.x);
    let y = builder.coordinate(&trail, "y", &place.y);
    Some(Point { x: sum(origin.x, x?), y: sum(origin.y, y?) })
}

fn read_zone(
    builder: &mut Builder,
    trail: &Trail<'_>,
    zone: &Zone,
    sections: &mut HashMap<String, SectionIndex>,
    unread: &mut Unread,
) {
    unread.areas +=
        zone.areas.get(trail, "areas", &mut builder.mistakes).map_or(0, |areas| areas.0);
    let name = builder.optional_label(trail, "name", &zone.name);
    let name = name.or_else(|| builder.optional_label(trail, "zone_id", &zone.zone_id));
    let section = name.as_ref().map(|name| match sections.get(name) {
        Some(section) => {
            unread.merged_zones += 1;
            *section
        }
        None => {
            let (zone, floor, entrance) = (None, None, None);
            let section = Section { label: name.clone(), zone, floor, entrance };
            let section = builder.section(trail, section);
            sections.insert(name.clone(), section);
            section
        }
    });
    unread.nameless_zones += usize::from(name.is_none());
    let origin = moved(builder, trail, Point::default(), &zone.position).unwrap_or_default();
    let prefix = name.as_deref().unwrap_or_default();
    let scope = Scope { section, prefix, floor: None, category: None, origin };
    if zone.rows.require(trail, "rows", &mut builder.mistakes).is_none() {
        return;
    }
    for (index, row) in zone.rows.items(trail, "rows", &mut builder.mistakes) {
        let trail = trail.element("row", text(&row.row_number), "rows", *index);
        let is_text = |value: &Value<String>| value.peek().is_some_and(|text| !text.is_empty());
        unread.row_texts += usize::from(is_text(&row.row_label) || is_text(&row.seat_label));
        read_row(builder, &trail, &scope, row);
    }
}

fn read_row(builder: &mut Builder, trail: &Trail<'_>, scope: &Scope<'_>, row: &Row) {
    let label = builder.parent_label(trail, "row_number", &row.row_number);
    let origin = moved(builder, trail, scope.origin, &row.position).unwrap_or(scope.origin);
    let scope = Scope { origin, ..*scope };
    let parent = builder.joined(&scope, &label);
    let mut seats = Vec::new();
    for (index, seat) in row.seats.items(trail, "seats", &mut builder.mistakes) {
        let trail = trail.element("seat", text(&seat.seat_number), "seats", *index);
        let label = builder.label(&trail, "seat_number", &seat.seat_number);
        let category = builder.category_of(&trail, "category", &seat.category);
        if seat.position.require(&trail, "position", &mut builder.mistakes).is_none() {
            builder.count_seats(1);
            continue;
        }
        let position = moved(builder, &trail, Point::default(), &seat.position);
        let (Some(label), Some(position)) = (label, position) else {
            builder.count_seats(1);
            continue;
        };
        let draft = SeatDraft { label, position, category, ..SeatDraft::default() };
        seats.extend(builder.seat(&trail, &scope, Some(&parent), draft));
    }
    builder.row(label, &scope, seats);
}

impl Unread {
    fn warn(&self, warnings: &mut Vec<String>) {
        let mut warn = |count: usize, what: &str| {
            if count > 0 {
                warnings.push(format!("{what}: {count}"));
            }
        };
        warn(self.merged_zones, "zones that share the name of another, made one section with it");
        warn(self.nameless_zones, "zones without a name, whose rows are outside of sections");
        warn(self.row_texts, "rows whose row_label and seat_label are not read");
        warn(self.areas, "areas that are drawn shapes and nothing to sell");
    }
}
