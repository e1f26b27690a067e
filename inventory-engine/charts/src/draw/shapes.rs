//! Shapes behind the seats: the ground that a section covers, and the tops of tables. A chart does
//! not say either; both follow from where the seats are.

use std::fmt::Write;

use inventory_core::chart::Point;
use inventory_core::ids::SeatIndex;

use super::scene::{Detail, Floor, Scene, distance};
use super::svg::{Escaped, Px, clipped, text_width};
use crate::builder::prefixes;
use crate::limits::DRAWN_THINGS_MAX;

/// How far a line may pass by a seat, in pixels.
const TOLERANCE: f64 = 0.5;
/// A line keeps at least one of so many points.
const STEPS_MAX: usize = 16;
/// Rows that are further apart than so many seats have no ground in common.
const ROW_DISTANCE_MAX: f64 = 4.0;

/// The points of a line without those that it passes anyway.
pub(super) fn simplified(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let points: Vec<Point> = points.collect();
    let Some(first) = points.first() else { return Vec::new() };
    let mut kept = vec![*first];
    let mut last = 0;
    for (position, window) in points.windows(3).enumerate() {
        let [_, here, next] = window else { continue };
        let from = points[last];
        let middle = points[last.midpoint(position + 1)];
        let passes = off(from, *next, *here).max(off(from, *next, middle)) <= TOLERANCE;
        if !passes || position + 1 - last >= STEPS_MAX {
            kept.push(*here);
            last = position + 1;
        }
    }
    if points.len() > 1 {
        kept.extend(points.last());
    }
    kept
}

/// How far a point is from the line between two others.
fn off(from: Point, to: Point, point: Point) -> f64 {
    let length = distance(from, to);
    if length == 0.0 {
        return distance(from, point);
    }
    let cross = (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x);
    cross.abs() / length
}

/// What a section's ground is made of.
#[derive(Clone, Default)]
struct Ground {
    /// Rows, which have the ground between them in common with their neighbours.
    lines: Vec<Vec<Point>>,
    /// Tables, and seats in neither row nor table, each on its own.
    islands: Vec<Vec<Point>>,
}

/// Writes the ground of each section: bands from row to row, as wide as the seats and a little
/// more.
pub(super) fn write_grounds(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>) {
    let mut grounds: Vec<Ground> = vec![Ground::default(); scene.parts.sections.len()];
    let mut is_alone = vec![true; scene.parts.seats.len()];
    let places = |seats: &[SeatIndex]| seats.iter().map(|s| scene.place(*s)).collect::<Vec<_>>();
    for row in floor.rows.iter().map(|row| &scene.parts.rows[*row]) {
        row.seats.iter().for_each(|seat| is_alone[seat.0 as usize] = false);
        if let Some(section) = row.section {
            let line = simplified(places(&row.seats).into_iter());
            grounds[section.0 as usize].lines.push(line);
        }
    }
    for table in floor.tables.iter().map(|table| &scene.parts.tables[*table]) {
        table.seats.iter().for_each(|seat| is_alone[seat.0 as usize] = false);
        if let Some(section) = table.section {
            grounds[section.0 as usize].islands.push(hull(&places(&table.seats)));
        }
    }
    for seat in floor.seats.iter().filter(|seat| is_alone[seat.0 as usize]) {
        if let Some(section) = scene.parts.seats[seat.0 as usize].section {
            grounds[section.0 as usize].islands.push(vec![scene.place(*seat)]);
        }
    }
    for section in &floor.sections {
        let ground = &grounds[*section];
        if !(ground.lines.is_empty() && ground.islands.is_empty()) {
            write_ground(out, scene, *section, ground);
        }
    }
}

/// How far the ground reaches beyond the middle of a seat.
pub(super) fn ground_reach(scene: &Scene<'_>) -> f64 {
    (scene.radius + scene.pitch * 0.34).max(2.0)
}

fn write_ground(out: &mut String, scene: &Scene<'_>, section: usize, ground: &Ground) {
    let mut bands = String::new();
    // What a band reaches needs no line of its own.
    let mut is_reached = vec![false; ground.lines.len()];
    for (position, pair) in ground.lines.windows(2).enumerate() {
        let [one, other] = pair else { continue };
        if band(&mut bands, one, other, ROW_DISTANCE_MAX * scene.pitch) {
            is_reached[position..=position + 1].fill(true);
        }
    }
    for island in &ground.islands {
        path(&mut bands, island.iter());
        bands.push('z');
    }
    let mut ridges = String::new();
    for (line, _) in ground.lines.iter().zip(is_reached).filter(|(_, is_reached)| !is_reached) {
        path(&mut ridges, line.iter());
        ridges.push_str(if line.len() == 1 { "h0" } else { "" });
    }
    let width = 2.0 * ground_reach(scene);
    let _ = write!(
        out,
        "<defs><g id=\"s{section}\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\
         <path d=\"{bands}\"/><path fill=\"none\" d=\"{ridges}\"/></g></defs>\n\
         <use href=\"#s{section}\" fill=\"#d5dbe1\" stroke=\"#d5dbe1\" stroke-width=\"{}\"/>\n\
         <use href=\"#s{section}\" fill=\"#eef1f4\" stroke=\"#eef1f4\" stroke-width=\"{}\"/>\n",
        Px(width + 2.0),
        Px(width),
    );
}

/// What lies between two rows; false if they are too far apart for that. People may count one of
/// them from the left and the other from the right.
fn band(out: &mut String, one: &[Point], other: &[Point], distance_max: f64) -> bool {
    let ([a, ..], [.., b]) = (one, one) else { return false };
    let ([c, ..], [.., d]) = (other, other) else { return false };
    let straight = distance(*a, *c).max(distance(*b, *d));
    let crossed = distance(*a, *d).max(distance(*b, *c));
    if straight.min(crossed) > distance_max {
        return false;
    }
    if straight <= crossed {
        path(out, one.iter().chain(other.iter().rev()));
    } else {
        path(out, one.iter().chain(other));
    }
    out.push('z');
    true
}

fn path<'p>(out: &mut String, points: impl Iterator<Item = &'p Point>) {
    for (position, point) in points.enumerate() {
        let letter = if position == 0 { 'M' } else { 'L' };
        let _ = write!(out, "{letter}{} {}", Px(point.x), Px(point.y));
    }
}

/// Writes the tops of tables with their labels.
pub(super) fn write_tables(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>) {
    if scene.detail == Detail::Lined {
        return;
    }
    let prefixes = prefixes(&scene.parts.sections);
    for table in floor.tables.iter().take(DRAWN_THINGS_MAX) {
        let table = &scene.parts.tables[*table];
        let seats: Vec<Point> = table.seats.iter().map(|seat| scene.place(*seat)).collect();
        let prefix = table.section.map_or("", |section| prefixes[section.0 as usize].as_str());
        let own = table.label.strip_prefix(prefix).map(|own| own.trim_start_matches('-'));
        write_table(out, scene, &seats, own.unwrap_or(&table.label), table.book_whole);
    }
}

fn write_table(out: &mut String, scene: &Scene<'_>, seats: &[Point], label: &str, is_whole: bool) {
    let count = seats.len() as f64;
    let center = Point {
        x: seats.iter().map(|seat| seat.x).sum::<f64>() / count,
        y: seats.iter().map(|seat| seat.y).sum::<f64>() / count,
    };
    let distances = || seats.iter().map(|seat| distance(*seat, center));
    let (nearest, farthest) =
        (distances().fold(f64::MAX, f64::min), distances().fold(0.0, f64::max));
    let top = nearest - scene.radius * 1.35;
    if is_whole {
        let _ = writeln!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"none\" stroke=\"#20262d\" \
             stroke-width=\"1.2\" stroke-dasharray=\"4 3\"/>",
            Px(center.x),
            Px(center.y),
            Px(farthest + scene.radius * 1.5),
        );
    }
    let (width, color) = if is_whole { (2.4, "#20262d") } else { (1.2, "#b6bfc8") };
    let paint = format!("fill=\"#fbfaf7\" stroke=\"{color}\" stroke-width=\"{width}\"");
    let is_round = seats.len() > 2 && farthest < nearest * 1.3 && top > scene.radius * 0.5;
    if is_round {
        let (x, y, top) = (Px(center.x), Px(center.y), Px(top));
        let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{top}\" {paint}/>");
    } else {
        let mut outline = String::new();
        path(&mut outline, hull(seats).iter());
        let _ = writeln!(out, "<path d=\"{outline}z\" stroke-linejoin=\"round\" {paint}/>");
    }
    let font_size = (if is_round { top } else { nearest } * 0.7).clamp(5.0, 14.0);
    let room = if is_round { top * 1.8 } else { farthest * 1.4 };
    let label = clipped(label, 12);
    if text_width(&label, font_size) <= room {
        let _ = writeln!(
            out,
            "<text class=\"m b\" x=\"{}\" y=\"{}\" style=\"font-size:{}px\">{}</text>",
            Px(center.x),
            Px(center.y + font_size * 0.35),
            Px(font_size),
            Escaped(&label),
        );
    }
}

/// The points around all others, by Andrew's monotone chain.
fn hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by(|one, other| one.x.total_cmp(&other.x).then(one.y.total_cmp(&other.y)));
    let chain = |points: &mut dyn Iterator<Item = Point>| {
        let mut kept: Vec<Point> = Vec::new();
        for point in points {
            while let [.., one, other] = kept.as_slice()
                && turn(*one, *other, point) <= 0.0
            {
                kept.pop();
            }
            kept.push(point);
        }
        kept.pop();
        kept
    };
    let mut around = chain(&mut sorted.iter().copied());
    around.extend(chain(&mut sorted.iter().rev().copied()));
    if around.is_empty() { sorted } else { around }
}

fn turn(one: Point, other: Point, next: Point) -> f64 {
    (other.x - one.x) * (next.y - one.y) - (other.y - one.y) * (next.x - one.x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(points: &[(f64, f64)]) -> Vec<Point> {
        points.iter().map(|(x, y)| Point { x: *x, y: *y }).collect()
    }

    #[test]
    fn a_straight_line_needs_few_points_and_a_corner_one() {
        let straight = (0..6).map(|x| Point { x: f64::from(x), y: 0.0 });
        assert_eq!(simplified(straight), points(&[(0.0, 0.0), (5.0, 0.0)]));
        let corner = points(&[(0.0, 0.0), (5.0, 0.0), (9.0, 0.0), (9.0, 9.0)]);
        assert_eq!(simplified(corner.into_iter()), points(&[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]));
        assert_eq!(simplified([].into_iter()), []);
        assert_eq!(simplified(points(&[(1.0, 2.0)]).into_iter()), points(&[(1.0, 2.0)]));
    }

    #[test]
    fn a_hull_goes_around() {
        let square = points(&[(0.0, 0.0), (2.0, 0.0), (1.0, 1.0), (2.0, 2.0), (0.0, 2.0)]);
        assert_eq!(hull(&square), points(&[(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]));
        assert_eq!(hull(&points(&[(3.0, 3.0)])), points(&[(3.0, 3.0)]));
    }
}
