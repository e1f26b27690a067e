//! What is drawn where: the seats of each floor in pixels, how large a seat is, and how much detail
//! there is room for. The size of a drawing is bounded whatever the chart: the more seats there
//! are, the less is said of each.

use std::collections::HashMap;

use inventory_core::chart::{ChartParts, Point};
use inventory_core::ids::SeatIndex;

use super::axis::Axis;
use super::palette::Palette;
use crate::limits::{COORDINATE_MAX, DRAWN_SEATS_DOTTED_MAX, DRAWN_SEATS_TITLED_MAX};

/// How wide and how high a map should be at most, in pixels.
const MAP_WIDTH: f64 = 1_180.0;
const MAP_HEIGHT: f64 = 1_500.0;
/// Seats are no further apart than this, and no nearer as long as the map is no larger than that.
const PITCH_MAX: f64 = 32.0;
const PITCH_MIN: f64 = 3.2;
const MAP_SIZE_MAX: f64 = 6_000.0;
/// How many seats are asked for their nearest neighbour.
const SAMPLE: usize = 2_000;
/// Around the seats of a map, for what is written beside them.
pub(super) const MARGIN: f64 = 50.0;

/// How much is said of a seat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Detail {
    /// Each is an object with a title.
    Titled,
    /// Each is a dot.
    Dotted,
    /// Each row is a line.
    Lined,
}

/// A drawing before it is written.
pub(super) struct Scene<'a> {
    pub(super) parts: &'a ChartParts,
    pub(super) palette: Palette,
    pub(super) floors: Vec<Floor<'a>>,
    pub(super) detail: Detail,
    /// By seat: its place on the map of its floor, in pixels.
    pub(super) places: Vec<Point>,
    /// From one seat to the next, in pixels.
    pub(super) pitch: f64,
    pub(super) radius: f64,
}

/// A floor with what is on it. Everything on no floor is on one without a name.
#[derive(Default)]
pub(super) struct Floor<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) seats: Vec<SeatIndex>,
    /// Positions in the chart's lists.
    pub(super) sections: Vec<usize>,
    pub(super) rows: Vec<usize>,
    pub(super) tables: Vec<usize>,
    pub(super) areas: Vec<usize>,
    /// Where people look: in pixels, and whose point it is.
    pub(super) focal_points: Vec<(Point, &'a str)>,
    /// The size of its map in pixels, and where that leaves something out.
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) breaks_x: Vec<f64>,
    pub(super) breaks_y: Vec<f64>,
}

impl<'a> Scene<'a> {
    pub(super) fn of(parts: &'a ChartParts) -> Self {
        let (mut floors, floor_of_seat) = floors(parts);
        let row_pitch = pitch(parts);
        let axes: Vec<(Axis, Axis)> =
            floors.iter().map(|floor| axes(parts, floor, row_pitch)).collect();
        let seats = parts.seats.len();
        let nearest = if seats <= DRAWN_SEATS_TITLED_MAX {
            floors
                .iter()
                .filter_map(|floor| nearest(parts, &floor.seats, row_pitch))
                .reduce(f64::min)
        } else {
            None
        };
        let pitch = nearest.map_or(row_pitch, |nearest| nearest.min(row_pitch));
        let longest = |length: fn(&(Axis, Axis)) -> f64| {
            axes.iter().map(length).fold(0.0, f64::max).max(pitch)
        };
        let (width, height) = (longest(|axes| axes.0.length()), longest(|axes| axes.1.length()));
        let scale = scale(width, height, pitch);
        let place = |floor: usize, point: Point| Point {
            x: MARGIN + axes[floor].0.place(point.x) * scale,
            y: MARGIN + axes[floor].1.place(point.y) * scale,
        };
        let places = floor_of_seat.iter().zip(&parts.seats);
        let places =
            places.map(|(floor, seat)| place(*floor, within_reach(seat.position))).collect();
        for (index, floor) in floors.iter_mut().enumerate() {
            let (x, y) = &axes[index];
            floor.width = x.length() * scale + 2.0 * MARGIN;
            floor.height = y.length() * scale + 2.0 * MARGIN;
            floor.breaks_x = x.breaks().map(|at| MARGIN + at * scale).collect();
            floor.breaks_y = y.breaks().map(|at| MARGIN + at * scale).collect();
            floor.focal_points = focal_points(parts, floor)
                .map(|(point, name)| (place(index, point), name))
                .collect();
        }
        let detail = if seats <= DRAWN_SEATS_TITLED_MAX {
            Detail::Titled
        } else if seats <= DRAWN_SEATS_DOTTED_MAX {
            Detail::Dotted
        } else {
            Detail::Lined
        };
        let pitch = pitch * scale;
        let palette = Palette::of(&parts.categories);
        Self { parts, palette, floors, detail, places, pitch, radius: (pitch * 0.42).max(0.6) }
    }

    pub(super) fn place(&self, seat: SeatIndex) -> Point {
        self.places[seat.0 as usize]
    }
}

/// Pixels for a unit of the chart.
fn scale(width: f64, height: f64, pitch: f64) -> f64 {
    let fitting = (MAP_WIDTH / width).min(MAP_HEIGHT / height).min(PITCH_MAX / pitch);
    if fitting * pitch >= PITCH_MIN {
        return fitting;
    }
    (PITCH_MIN / pitch).min(MAP_SIZE_MAX / width.max(height)).max(fitting)
}

/// The floors in the order of the chart, and the floor of each seat.
fn floors(parts: &ChartParts) -> (Vec<Floor<'_>>, Vec<usize>) {
    let mut floors: Vec<Floor<'_>> = Vec::new();
    let mut by_name: HashMap<Option<&str>, usize> = HashMap::new();
    let floor_of_section: Vec<usize> = parts
        .sections
        .iter()
        .map(|section| find_floor(&mut floors, &mut by_name, section.floor.as_deref()))
        .collect();
    for (section, floor) in floor_of_section.iter().enumerate() {
        floors[*floor].sections.push(section);
    }
    let mut floor_of = |section: Option<inventory_core::ids::SectionIndex>| match section {
        Some(section) => floor_of_section[section.0 as usize],
        None => find_floor(&mut floors, &mut by_name, None),
    };
    let floor_of_seat: Vec<usize> = parts.seats.iter().map(|seat| floor_of(seat.section)).collect();
    let areas: Vec<usize> = parts.areas.iter().map(|area| floor_of(area.section)).collect();
    for (seat, floor) in floor_of_seat.iter().enumerate() {
        floors[*floor].seats.push(SeatIndex(seat as u32));
    }
    for (area, floor) in areas.into_iter().enumerate() {
        floors[floor].areas.push(area);
    }
    for (index, row) in parts.rows.iter().enumerate() {
        if let Some(seat) = row.seats.first() {
            floors[floor_of_seat[seat.0 as usize]].rows.push(index);
        }
    }
    for (index, table) in parts.tables.iter().enumerate() {
        if let Some(seat) = table.seats.first() {
            floors[floor_of_seat[seat.0 as usize]].tables.push(index);
        }
    }
    (floors, floor_of_seat)
}

fn find_floor<'a>(
    floors: &mut Vec<Floor<'a>>,
    by_name: &mut HashMap<Option<&'a str>, usize>,
    name: Option<&'a str>,
) -> usize {
    *by_name.entry(name).or_insert_with(|| {
        floors.push(Floor { name, ..Floor::default() });
        floors.len() - 1
    })
}

/// The chart's own point, and those of the zones that a floor has sections of.
fn focal_points<'a>(
    parts: &'a ChartParts,
    floor: &Floor<'a>,
) -> impl Iterator<Item = (Point, &'a str)> + use<'a> {
    let mut zones: Vec<usize> = floor
        .sections
        .iter()
        .filter_map(|section| parts.sections[*section].zone)
        .map(|zone| zone.0 as usize)
        .collect();
    zones.sort_unstable();
    zones.dedup();
    let own = parts.focal_point.filter(|_| !floor.seats.is_empty()).map(|point| (point, ""));
    let zones = zones.into_iter().map(|zone| &parts.zones[zone]);
    let of_zones = zones.filter_map(|zone| Some((zone.focal_point?, zone.label.as_str())));
    own.into_iter().chain(of_zones).map(|(point, name)| (within_reach(point), name))
}

fn axes(parts: &ChartParts, floor: &Floor<'_>, pitch: f64) -> (Axis, Axis) {
    let seats = floor.seats.iter().map(|seat| position(parts, *seat));
    let points: Vec<Point> =
        seats.chain(focal_points(parts, floor).map(|(point, _)| point)).collect();
    let along = |of: fn(&Point) -> f64| Axis::new(points.iter().map(of).collect(), pitch);
    (along(|point| point.x), along(|point| point.y))
}

/// How far neighbours in a row or at a table are apart, in the middle of all such distances.
fn pitch(parts: &ChartParts) -> f64 {
    let groups = parts.rows.iter().map(|row| &row.seats);
    let groups = groups.chain(parts.tables.iter().map(|table| &table.seats));
    let pairs = groups.flat_map(|seats| seats.windows(2));
    let at = |seat: SeatIndex| position(parts, seat);
    let distances = pairs.map(|pair| distance(at(pair[0]), at(pair[1])));
    let mut distances: Vec<f64> = distances.filter(|distance| *distance > 0.0).collect();
    let middle = distances.len() / 2;
    if distances.is_empty() {
        return 20.0;
    }
    *distances.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// How near seats come to each other, but for the few that come nearest.
fn nearest(parts: &ChartParts, seats: &[SeatIndex], cell: f64) -> Option<f64> {
    let position = |seat: SeatIndex| position(parts, seat);
    let cell_of = |point: Point| ((point.x / cell).floor() as i64, (point.y / cell).floor() as i64);
    let mut cells: HashMap<(i64, i64), Vec<SeatIndex>> = HashMap::new();
    for seat in seats {
        cells.entry(cell_of(position(*seat))).or_default().push(*seat);
    }
    let sample = seats.iter().step_by(seats.len().div_ceil(SAMPLE).max(1));
    let mut found: Vec<f64> = sample
        .filter_map(|seat| {
            let here = position(*seat);
            let (x, y) = cell_of(here);
            let near = |square: i64| [square.saturating_sub(1), square, square.saturating_add(1)];
            let around = near(x).into_iter().flat_map(|x| near(y).map(|y| (x, y)));
            let others = around.filter_map(|cell| cells.get(&cell)).flatten().take(SAMPLE);
            let distances = others.map(|other| distance(here, position(*other)));
            distances.filter(|distance| *distance > cell * 0.05).reduce(f64::min)
        })
        .collect();
    let few = found.len() / 20;
    (!found.is_empty()).then(|| *found.select_nth_unstable_by(few, f64::total_cmp).1)
}

fn position(parts: &ChartParts, seat: SeatIndex) -> Point {
    within_reach(parts.seats[seat.0 as usize].position)
}

/// A point as it is drawn: what no import lets through is drawn where it is let through.
fn within_reach(point: Point) -> Point {
    let reach = f64::from(COORDINATE_MAX);
    Point { x: point.x.clamp(-reach, reach), y: point.y.clamp(-reach, reach) }
}

pub(super) fn distance(one: Point, other: Point) -> f64 {
    (one.x - other.x).hypot(one.y - other.y)
}
