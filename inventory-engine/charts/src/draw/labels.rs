//! What is written on a map: the names of sections and rows. Names stand beside the seats where
//! there is room for all of them, else upon them, readable all the same.

use std::collections::HashSet;
use std::fmt::Write;

use inventory_core::chart::Point;

use super::scene::{Detail, Floor, Scene, distance};
use super::shapes::ground_reach;
use super::svg::{Escaped, Px, clipped, text_width};
use crate::limits::DRAWN_THINGS_MAX;

/// Letters of a section's name, and of a row's.
const SECTION_LETTERS_MAX: usize = 24;
const ROW_LETTERS_MAX: usize = 4;
/// Sizes of a section's name: beside the seats, and upon them.
const BESIDE_FONT_SIZE: f64 = 14.0;
const UPON_FONT_SIZE_MIN: f64 = 8.0;
const UPON_FONT_SIZE_MAX: f64 = 19.0;
/// Rows say their names where seats are at least so far apart, in pixels.
const ROW_PITCH_MIN: f64 = 9.0;

/// Writes the names of a floor's sections and rows.
pub(super) fn write(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>) {
    let mut taken = Taken::of(scene, floor);
    if scene.detail == Detail::Titled && scene.pitch >= ROW_PITCH_MIN {
        write_rows(out, scene, floor, &mut taken);
    }
    write_sections(out, scene, floor, &mut taken);
}

/// Which parts of a map are taken, in squares.
struct Taken {
    size: f64,
    squares: HashSet<(i32, i32)>,
}

/// A text and the place in its middle.
struct Placed {
    text: String,
    center: Point,
    font_size: f64,
}

impl Placed {
    fn width(&self) -> f64 {
        text_width(&self.text, self.font_size)
    }
}

impl Taken {
    fn of(scene: &Scene<'_>, floor: &Floor<'_>) -> Self {
        // Fine enough to see the room between two seats, where seats are few enough.
        let share = if scene.detail == Detail::Titled { 0.6 } else { 2.0 };
        let size = (share * scene.radius).max(4.0);
        let mut taken = Self { size, squares: HashSet::new() };
        let reach = scene.radius * 0.9;
        for seat in &floor.seats {
            let Point { x, y } = scene.place(*seat);
            let squares = |middle: f64| {
                let square = |length: f64| (length / size).floor() as i32;
                square(middle - reach)..=square(middle + reach)
            };
            let around = squares(x).flat_map(|x| squares(y).map(move |y| (x, y)));
            taken.squares.extend(around);
        }
        taken
    }

    fn squares_of(&self, placed: &Placed) -> impl Iterator<Item = (i32, i32)> + use<> {
        let (width, height) = (placed.width(), placed.font_size);
        let square = |length: f64| (length / self.size).floor() as i32;
        let Point { x, y } = placed.center;
        let (left, right) = (square(x - width / 2.0), square(x + width / 2.0));
        let (top, bottom) = (square(y - height / 2.0), square(y + height / 2.0));
        (left..=right).flat_map(move |x| (top..=bottom).map(move |y| (x, y)))
    }

    fn is_free(&self, placed: &Placed) -> bool {
        let mut squares = self.squares_of(placed);
        squares.all(|square| square.1 >= 0 && !self.squares.contains(&square))
    }

    fn take(&mut self, placed: &Placed) {
        let squares: Vec<_> = self.squares_of(placed).collect();
        self.squares.extend(squares);
    }
}

fn write_rows(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>, taken: &mut Taken) {
    let font_size = (scene.radius * 1.15).clamp(7.0, 12.0);
    for row in floor.rows.iter().take(DRAWN_THINGS_MAX) {
        let row = &scene.parts.rows[*row];
        let Some(first) = row.seats.first() else { continue };
        if row.label.chars().count() > ROW_LETTERS_MAX {
            continue;
        }
        let first = scene.place(*first);
        let next = row.seats.get(1).map_or(first, |next| scene.place(*next));
        let step = distance(first, next).max(0.1);
        let beyond = if row.section.is_some() { ground_reach(scene) } else { scene.radius };
        let reach = beyond + font_size * 0.4 + text_width(&row.label, font_size) / 2.0;
        let center = if row.seats.len() > 1 {
            let along = |from: f64, to: f64| from - (to - from) / step * reach;
            Point { x: along(first.x, next.x), y: along(first.y, next.y) }
        } else {
            Point { x: first.x - reach, y: first.y }
        };
        let placed = Placed { text: row.label.clone(), center, font_size };
        if taken.is_free(&placed) {
            taken.take(&placed);
            write_text(out, "rl", "", &placed);
        }
    }
}

/// The rectangle around the seats of each section: its corners.
fn extents(scene: &Scene<'_>, floor: &Floor<'_>) -> Vec<Option<(Point, Point)>> {
    let mut extents: Vec<Option<(Point, Point)>> = vec![None; scene.parts.sections.len()];
    for seat in &floor.seats {
        let Some(section) = scene.parts.seats[seat.0 as usize].section else { continue };
        let point = scene.place(*seat);
        let extent = &mut extents[section.0 as usize];
        let (low, high) = extent.unwrap_or((point, point));
        *extent = Some((
            Point { x: low.x.min(point.x), y: low.y.min(point.y) },
            Point { x: high.x.max(point.x), y: high.y.max(point.y) },
        ));
    }
    extents
}

fn write_sections(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>, taken: &mut Taken) {
    let extents = extents(scene, floor);
    let sections = floor.sections.iter().filter_map(|section| {
        let label = clipped(&scene.parts.sections[*section].label, SECTION_LETTERS_MAX);
        Some((label, extents[*section]?))
    });
    let sections: Vec<(String, (Point, Point))> = sections.take(DRAWN_THINGS_MAX).collect();
    let above = scene.radius + scene.pitch * 0.4 + BESIDE_FONT_SIZE * 0.8;
    let mut beside: Vec<Placed> = Vec::new();
    for (label, (low, high)) in &sections {
        let center = Point { x: (low.x + high.x) / 2.0, y: low.y - above };
        let placed = Placed { text: label.clone(), center, font_size: BESIDE_FONT_SIZE };
        if !taken.is_free(&placed) {
            break;
        }
        taken.take(&placed);
        beside.push(placed);
    }
    if beside.len() == sections.len() {
        return beside.iter().for_each(|placed| write_text(out, "sl", "", placed));
    }
    for (label, (low, high)) in sections {
        let (width, height) = (high.x - low.x, high.y - low.y);
        let per_pixel = text_width(&label, 1.0).max(0.1);
        let font_size = (width.max(scene.pitch) * 0.85 / per_pixel).min(height.max(width) * 0.3);
        let font_size = font_size.clamp(UPON_FONT_SIZE_MIN, UPON_FONT_SIZE_MAX);
        let center = Point { x: (low.x + high.x) / 2.0, y: (low.y + high.y) / 2.0 };
        let placed = Placed { text: label, center, font_size };
        let halo = format!(";stroke-width:{}px", Px(font_size * 0.28));
        write_text(out, "sl halo", &halo, &placed);
    }
}

fn write_text(out: &mut String, class: &str, style: &str, placed: &Placed) {
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{}\" y=\"{}\" style=\"font-size:{}px{style}\">{}</text>",
        Px(placed.center.x),
        Px(placed.center.y + placed.font_size * 0.36),
        Px(placed.font_size),
        Escaped(&placed.text),
    );
}
