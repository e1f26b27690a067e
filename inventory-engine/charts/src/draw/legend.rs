//! What the colours and marks of a drawing mean, and how many there are of each.

use std::fmt::Write;

use super::scene::{Detail, Scene};
use super::seats::{Look, write_symbol};
use super::svg::{Escaped, Px, clipped, grouped};

/// How wide a legend is.
pub(super) const WIDTH: f64 = 270.0;

const LINE_HEIGHT: f64 = 25.0;
const MARGIN: f64 = 18.0;
const GROUP_GAP: f64 = 14.0;
const HEADING_HEIGHT: f64 = 26.0;
/// Categories that are listed; the others are counted.
const CATEGORIES_MAX: usize = 60;
/// Letters of a category's label.
const LABEL_LETTERS_MAX: usize = 24;
/// The radius of a seat in the legend.
const RADIUS: f64 = 7.5;

pub(super) struct Legend {
    lines: Vec<Line>,
}

enum Line {
    Heading(&'static str),
    Entry { sign: Sign, label: String, count: String },
}

/// What stands in front of an entry.
#[derive(Clone, Copy)]
enum Sign {
    Seat { color: usize, look: Look },
    Table { is_whole: bool },
    FocalPoint,
    Break,
    Nothing,
}

impl Legend {
    pub(super) fn of(scene: &Scene<'_>) -> Self {
        let mut legend = Self { lines: Vec::new() };
        legend.add_categories(scene);
        legend.add_marks(scene);
        legend
    }

    fn entry(&mut self, sign: Sign, label: &str, count: impl Into<String>) {
        let (label, count) = (clipped(label, LABEL_LETTERS_MAX), count.into());
        self.lines.push(Line::Entry { sign, label, count });
    }

    fn add_categories(&mut self, scene: &Scene<'_>) {
        let parts = scene.parts;
        let colors = scene.palette.colors().len();
        let (mut seats, mut places) = (vec![0_u64; colors], vec![0_u64; colors]);
        for seat in &parts.seats {
            seats[scene.palette.place(seat.category)] += 1;
        }
        for area in &parts.areas {
            places[scene.palette.place(area.category)] += u64::from(area.capacity);
        }
        self.lines.push(Line::Heading("Categories"));
        let count = |color: usize| match (seats[color], places[color]) {
            (seats, 0) => grouped(seats),
            (0, places) => format!("{} pl.", grouped(places)),
            (seats, places) => format!("{} + {} pl.", grouped(seats), grouped(places)),
        };
        for (color, category) in parts.categories.iter().enumerate().take(CATEGORIES_MAX) {
            let sign = Sign::Seat { color, look: Look::default() };
            self.entry(sign, &category.label, count(color));
        }
        let unlisted = parts.categories.len().saturating_sub(CATEGORIES_MAX);
        if unlisted > 0 {
            self.entry(Sign::Nothing, &format!("and {} more", grouped(unlisted as u64)), "");
        }
        let none = colors - 1;
        if seats[none] + places[none] > 0 {
            let sign = Sign::Seat { color: none, look: Look::default() };
            self.entry(sign, "without a category", count(none));
        }
    }

    fn add_marks(&mut self, scene: &Scene<'_>) {
        let parts = scene.parts;
        let before = self.lines.len();
        self.lines.push(Line::Heading("Marks"));
        let color = scene.palette.colors().len() - 1;
        let look = Look::default();
        let mut mark = |look: Look, label: &str, count: usize| {
            if count > 0 {
                self.entry(Sign::Seat { color, look }, label, grouped(count as u64));
            }
        };
        let count = |is_so: fn(&inventory_core::chart::Seat) -> bool| {
            parts.seats.iter().filter(|seat| is_so(seat)).count()
        };
        mark(Look { accessible: true, ..look }, "accessible", count(|seat| seat.accessible));
        mark(Look { companion: true, ..look }, "companion", count(|seat| seat.companion));
        let restricted = count(|seat| seat.restricted_view);
        mark(Look { restricted_view: true, ..look }, "restricted view", restricted);
        let whole = parts.tables.iter().filter(|table| table.book_whole).count();
        for (is_whole, label, count) in [
            (false, "table, by seat", parts.tables.len() - whole),
            (true, "table, only as a whole", whole),
        ] {
            if count > 0 {
                self.entry(Sign::Table { is_whole }, label, grouped(count as u64));
            }
        }
        if scene.floors.iter().any(|floor| !floor.focal_points.is_empty()) {
            self.entry(Sign::FocalPoint, "where people look", "");
        }
        let breaks = |floor: &super::Floor<'_>| floor.breaks_x.len() + floor.breaks_y.len();
        if scene.floors.iter().any(|floor| breaks(floor) > 0) {
            self.entry(Sign::Break, "empty space left out", "");
        }
        if scene.detail != Detail::Titled {
            let said = match scene.detail {
                Detail::Lined => "each row is a line",
                _ => "each dot is a seat",
            };
            self.entry(Sign::Nothing, said, "");
        }
        if self.lines.len() == before + 1 {
            self.lines.truncate(before);
        }
    }

    /// How high it is.
    pub(super) fn height(&self) -> f64 {
        let lines = self.lines.iter().enumerate().map(|(position, line)| match line {
            Line::Heading(_) if position > 0 => HEADING_HEIGHT + GROUP_GAP,
            Line::Heading(_) => HEADING_HEIGHT,
            Line::Entry { .. } => LINE_HEIGHT,
        });
        lines.sum::<f64>() + 2.0 * MARGIN
    }

    /// Writes it with its upper left corner at a place.
    pub(super) fn write(&self, out: &mut String, x: f64, y: f64) {
        let _ = write!(
            out,
            "<g transform=\"translate({} {})\">\n<rect class=\"p\" rx=\"10\" width=\"{WIDTH}\" \
             height=\"{}\"/>\n",
            Px(x),
            Px(y),
            Px(self.height()),
        );
        let mut y = MARGIN;
        for (position, line) in self.lines.iter().enumerate() {
            match line {
                Line::Heading(text) => {
                    y += HEADING_HEIGHT + if position > 0 { GROUP_GAP } else { 0.0 };
                    let baseline = Px(y - 12.0);
                    let _ = writeln!(
                        out,
                        "<text class=\"h2\" x=\"{MARGIN}\" y=\"{baseline}\">{text}</text>"
                    );
                }
                Line::Entry { sign, label, count } => {
                    write_sign(out, *sign, y + LINE_HEIGHT / 2.0 - 3.0);
                    let _ = writeln!(
                        out,
                        "<text x=\"46\" y=\"{baseline}\">{}</text>\
                         <text class=\"sub e\" x=\"{right}\" y=\"{baseline}\">{count}</text>",
                        Escaped(label),
                        baseline = Px(y + LINE_HEIGHT / 2.0 + 1.5),
                        right = Px(WIDTH - MARGIN),
                    );
                    y += LINE_HEIGHT;
                }
            }
        }
        out.push_str("</g>\n");
    }
}

fn write_sign(out: &mut String, sign: Sign, y: f64) {
    let x = MARGIN + 9.0;
    match sign {
        Sign::Seat { color, look } => {
            write_symbol(out, color, look, x, y, RADIUS);
            out.push('\n');
        }
        Sign::Table { is_whole } => {
            let (width, color) = if is_whole { (2.4, "#20262d") } else { (1.2, "#b6bfc8") };
            let _ = writeln!(
                out,
                "<circle cx=\"{}\" cy=\"{}\" r=\"{RADIUS}\" fill=\"#fbfaf7\" stroke=\"{color}\" \
                 stroke-width=\"{width}\"/>",
                Px(x),
                Px(y)
            );
        }
        Sign::FocalPoint => write_focal_point(out, x, y),
        Sign::Break => {
            let _ = writeln!(
                out,
                "<path class=\"cut\" stroke=\"#8a939d\" d=\"M{} {}v18\"/>",
                Px(x),
                Px(y - 9.0)
            );
        }
        Sign::Nothing => {}
    }
}

/// The mark of a place where people look.
pub(super) fn write_focal_point(out: &mut String, x: f64, y: f64) {
    let _ = writeln!(
        out,
        "<path class=\"f\" d=\"M{} {}m-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0M{} {}h20m-10 -10v20\"/>",
        Px(x),
        Px(y),
        Px(x - 10.0),
        Px(y),
    );
}
