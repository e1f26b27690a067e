//! The seats of a floor at each level of detail: as objects with a title, as dots, or as rows that
//! are lines. What is special about a seat shows at every level: an accessible one is square, a
//! companion's has a dot, one with a restricted view is hollow.

use std::fmt::Write;

use inventory_core::chart::{Point, Seat};
use inventory_core::ids::SeatIndex;

use super::scene::{Detail, Floor, Scene};
use super::shapes::simplified;
use super::svg::{Escaped, Px, clipped, tenths};
use crate::limits::DRAWN_LETTERS_MAX;

/// Seats say their number from this radius on, if it has few letters.
const NUMBERED_RADIUS_MIN: f64 = 6.8;
const NUMBER_LETTERS_MAX: usize = 3;
/// From this radius on an accessible seat shows a wheelchair.
const WHEELCHAIR_RADIUS_MIN: f64 = 5.0;

/// What is special about a seat.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Look {
    pub(super) accessible: bool,
    pub(super) companion: bool,
    pub(super) restricted_view: bool,
}

impl Look {
    fn of(seat: &Seat) -> Self {
        let Seat { accessible, companion, restricted_view, .. } = *seat;
        Self { accessible, companion, restricted_view }
    }

    /// Whether it is special in each way that the other is.
    fn has(self, other: Self) -> bool {
        self.accessible >= other.accessible
            && self.companion >= other.companion
            && self.restricted_view >= other.restricted_view
    }
}

/// Writes all seats of a floor.
pub(super) fn write(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>) {
    match scene.detail {
        Detail::Titled => {
            out.push_str("<g stroke=\"#000\" stroke-opacity=\".22\" stroke-width=\".7\">\n");
            for seat in &floor.seats {
                write_titled(out, scene, *seat);
            }
            out.push_str("</g>\n");
        }
        Detail::Dotted => {
            let width = 2.0 * scene.radius;
            write_dots(out, scene, width, &by_color(scene, floor.seats.iter().copied()));
            write_marks(out, scene, floor);
        }
        Detail::Lined => {
            write_lines(out, scene, floor);
            write_marks(out, scene, floor);
        }
    }
}

fn write_titled(out: &mut String, scene: &Scene<'_>, index: SeatIndex) {
    let seat = &scene.parts.seats[index.0 as usize];
    let Point { x, y } = scene.place(index);
    let (color, look) = (scene.palette.place(seat.category), Look::of(seat));
    out.push_str("<g>");
    let _ = write!(out, "<title>{}", Escaped(&clipped(&seat.label, DRAWN_LETTERS_MAX)));
    if let Some(category) = seat.category {
        let label = &scene.parts.categories[category.0 as usize].label;
        let _ = write!(out, ", {}", Escaped(&clipped(label, DRAWN_LETTERS_MAX / 2)));
    }
    for (is_so, said) in [
        (look.accessible, ", accessible"),
        (look.companion, ", companion"),
        (look.restricted_view, ", restricted view"),
    ] {
        out.push_str(if is_so { said } else { "" });
    }
    out.push_str("</title>");
    write_symbol(out, color, look, x, y, scene.radius);
    let number = seat.label.rsplit('-').next().unwrap_or_default();
    let is_short = (1..=NUMBER_LETTERS_MAX).contains(&number.chars().count());
    if scene.radius >= NUMBERED_RADIUS_MIN && is_short && !look.accessible && !look.companion {
        let is_dark = look.restricted_view || scene.palette.is_light(color);
        let _ = write!(
            out,
            "<text class=\"n {}\" x=\"{}\" y=\"{}\" style=\"font-size:{}px\">{}</text>",
            if is_dark { "dk" } else { "lt" },
            Px(x),
            Px(y + scene.radius * 0.34),
            Px(scene.radius * if number.chars().count() > 2 { 0.8 } else { 0.98 }),
            Escaped(number),
        );
    }
    out.push_str("</g>\n");
}

/// A seat as it looks.
pub(super) fn write_symbol(
    out: &mut String,
    color: usize,
    look: Look,
    x: f64,
    y: f64,
    radius: f64,
) {
    let hollow = radius * 0.42;
    let r = if look.restricted_view { radius - hollow / 2.0 } else { radius };
    let paint = if look.restricted_view {
        format!(
            "class=\"k{color}\" fill=\"#fff\" stroke-opacity=\"1\" stroke-width=\"{}\"",
            Px(hollow)
        )
    } else if look.accessible {
        format!("class=\"c{color}\" stroke=\"#111\" stroke-opacity=\"1\" stroke-width=\"1.3\"")
    } else {
        format!("class=\"c{color}\"")
    };
    if look.accessible {
        let _ = write!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{size}\" height=\"{size}\" rx=\"{}\" {paint}/>",
            Px(x - r),
            Px(y - r),
            Px(r * 0.4),
            size = Px(r * 2.0),
        );
    } else {
        let _ = write!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {paint}/>", Px(x), Px(y), Px(r));
    }
    let ink = if look.restricted_view { "dk" } else { "lt" };
    if look.accessible && radius >= WHEELCHAIR_RADIUS_MIN {
        let _ = write!(
            out,
            "<path class=\"i {ink}s\" stroke-opacity=\"1\" stroke-width=\"1.7\" \
             transform=\"translate({} {}) scale({:.2})\" d=\"M-1.6 -6.6v.2M-1.6 -4v5h4.4l2.2 5\
             M-1.6 -1.6h3.8M-3.6 -.6a4.6 4.6 0 1 0 6.4 5.6\"/>",
            Px(x),
            Px(y),
            radius / 10.0,
        );
    } else if look.companion {
        let dot = Px(radius * 0.36);
        let _ = write!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{dot}\" class=\"{ink}\" stroke=\"none\"/>",
            Px(x),
            Px(y)
        );
    }
}

/// Seats by the place of their colour.
fn by_color(scene: &Scene<'_>, seats: impl Iterator<Item = SeatIndex>) -> Vec<Vec<SeatIndex>> {
    let mut by_color = vec![Vec::new(); scene.palette.colors().len()];
    for seat in seats {
        let category = scene.parts.seats[seat.0 as usize].category;
        by_color[scene.palette.place(category)].push(seat);
    }
    by_color
}

fn write_dots(out: &mut String, scene: &Scene<'_>, width: f64, by_color: &[Vec<SeatIndex>]) {
    for (color, seats) in by_color.iter().enumerate().filter(|(_, seats)| !seats.is_empty()) {
        let width = tenths(width).max(1);
        let _ = write!(
            out,
            "<path class=\"i k{color}\" transform=\"scale(.1)\" stroke-width=\"{width}\" d=\""
        );
        let mut pen = Pen::default();
        for seat in seats {
            pen.dot(out, scene.place(*seat));
        }
        out.push_str("\"/>\n");
    }
}

/// Small dots on the seats that have something special about them.
fn write_marks(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>) {
    let marks = [
        (Look { restricted_view: true, ..Look::default() }, "#fff", 1.1),
        (Look { companion: true, ..Look::default() }, "#fff", 0.6),
        (Look { accessible: true, ..Look::default() }, "#111", 1.1),
    ];
    for (mark, color, share) in marks {
        let look = |seat: &SeatIndex| Look::of(&scene.parts.seats[seat.0 as usize]);
        let mut seats = floor.seats.iter().filter(|seat| look(seat).has(mark)).peekable();
        if seats.peek().is_none() {
            continue;
        }
        let width = tenths(scene.radius * share).max(1);
        let _ = write!(
            out,
            "<path class=\"i\" transform=\"scale(.1)\" stroke=\"{color}\" \
             stroke-width=\"{width}\" d=\""
        );
        let mut pen = Pen::default();
        for seat in seats {
            pen.dot(out, scene.place(*seat));
        }
        out.push_str("\"/>\n");
    }
}

/// Rows as lines, cut where the category changes; seats in no row as dots.
fn write_lines(out: &mut String, scene: &Scene<'_>, floor: &Floor<'_>) {
    let parts = scene.parts;
    let mut is_in_row = vec![false; parts.seats.len()];
    let colors = scene.palette.colors().len();
    let mut paths: Vec<(String, Pen)> = vec![Default::default(); colors];
    for row in &floor.rows {
        let seats = &parts.rows[*row].seats;
        seats.iter().for_each(|seat| is_in_row[seat.0 as usize] = true);
        let category = |seat: &SeatIndex| parts.seats[seat.0 as usize].category;
        for run in seats.chunk_by(|one, other| category(one) == category(other)) {
            let Some(first) = run.first() else { continue };
            let (path, pen) = &mut paths[scene.palette.place(category(first))];
            let line = simplified(run.iter().map(|seat| scene.place(*seat)));
            pen.line(path, &line);
        }
    }
    for (color, (path, _)) in paths.iter().enumerate().filter(|(_, (path, _))| !path.is_empty()) {
        let width = tenths(2.0 * scene.radius).max(1);
        let _ = writeln!(
            out,
            "<path class=\"i k{color}\" transform=\"scale(.1)\" stroke-width=\"{width}\" \
             d=\"{path}\"/>"
        );
    }
    let loose = floor.seats.iter().copied().filter(|seat| !is_in_row[seat.0 as usize]);
    write_dots(out, scene, 2.0 * scene.radius, &by_color(scene, loose));
}

/// Writes a path in whole tenths of a pixel, each step from where the last one ended.
#[derive(Clone, Default)]
struct Pen {
    x: i64,
    y: i64,
}

impl Pen {
    fn step(&mut self, to: Point) -> (i64, i64) {
        let (x, y) = (tenths(to.x), tenths(to.y));
        let step = (x - self.x, y - self.y);
        (self.x, self.y) = (x, y);
        step
    }

    fn dot(&mut self, out: &mut String, at: Point) {
        let (x, y) = self.step(at);
        let _ = write!(out, "m{x} {y}h0");
    }

    fn line(&mut self, out: &mut String, points: &[Point]) {
        let [first, rest @ ..] = points else { return };
        if rest.is_empty() {
            return self.dot(out, *first);
        }
        let (x, y) = self.step(*first);
        let _ = write!(out, "m{x} {y}");
        for point in rest {
            let (x, y) = self.step(*point);
            let _ = write!(out, "l{x} {y}");
        }
    }
}
