//! The areas of a floor. A chart does not say where they are, so they stand in a strip below the
//! map, the larger ones wider, each with its label and its capacity.

use std::fmt::Write;

use super::scene::{Floor, Scene};
use super::svg::{Escaped, Px, clipped, counted, text_width};
use crate::limits::{DRAWN_LETTERS_MAX, DRAWN_THINGS_MAX};

const BOX_HEIGHT: f64 = 54.0;
const BOX_WIDTH_MIN: f64 = 110.0;
const BOX_WIDTH_MAX: f64 = 180.0;
const GAP: f64 = 10.0;
const MARGIN: f64 = 18.0;
/// Letters of an area's label.
const LABEL_LETTERS_MAX: usize = 28;
const FONT_SIZE: f64 = 13.0;
/// How much wider bold letters are.
const BOLD: f64 = 1.12;

/// The boxes of a floor's areas.
pub(super) struct Strip {
    boxes: Vec<AreaBox>,
    width: f64,
    height: f64,
    /// How many are not drawn.
    more: usize,
}

struct AreaBox {
    area: usize,
    x: f64,
    y: f64,
    width: f64,
}

impl Strip {
    /// Lays out boxes so that they are not much wider than the map above them.
    pub(super) fn of(scene: &Scene<'_>, floor: &Floor<'_>, width: f64) -> Self {
        let areas = &scene.parts.areas;
        let shown = &floor.areas[..floor.areas.len().min(DRAWN_THINGS_MAX)];
        let capacities = shown.iter().map(|area| areas[*area].capacity);
        let largest = f64::from(capacities.max().unwrap_or(1)).sqrt();
        let room = width.max(2.0 * MARGIN + BOX_WIDTH_MAX) - 2.0 * MARGIN;
        let (mut x, mut y, mut widest) = (0.0, 0.0, 0.0_f64);
        let mut boxes = Vec::with_capacity(shown.len());
        for area in shown {
            let label = clipped(&areas[*area].label, LABEL_LETTERS_MAX);
            let share = f64::from(areas[*area].capacity).sqrt() / largest;
            let by_capacity = BOX_WIDTH_MIN + (BOX_WIDTH_MAX - BOX_WIDTH_MIN) * share;
            let width = by_capacity.max(text_width(&label, FONT_SIZE) * BOLD + 36.0).min(room);
            if x > 0.0 && x + width > room {
                (x, y) = (0.0, y + BOX_HEIGHT + GAP);
            }
            boxes.push(AreaBox { area: *area, x: MARGIN + x, y, width });
            x += width + GAP;
            widest = widest.max(x - GAP);
        }
        let more = floor.areas.len() - shown.len();
        let below = if more > 0 { 24.0 } else { 0.0 };
        let height = if boxes.is_empty() { 0.0 } else { y + BOX_HEIGHT + 2.0 * MARGIN + below };
        let width = if boxes.is_empty() { 0.0 } else { widest + 2.0 * MARGIN };
        Self { boxes, width, height, more }
    }

    pub(super) fn width(&self) -> f64 {
        self.width
    }

    pub(super) fn height(&self) -> f64 {
        self.height
    }

    /// Writes the boxes, the first ones this far down.
    pub(super) fn write(&self, out: &mut String, scene: &Scene<'_>, top: f64) {
        for drawn in &self.boxes {
            let area = &scene.parts.areas[drawn.area];
            let color = scene.palette.place(area.category);
            let places = counted(u64::from(area.capacity), "place", "places");
            let y = top + MARGIN + drawn.y;
            let _ = writeln!(
                out,
                "<g><title>{title}, {places}</title><rect class=\"c{color}\" fill-opacity=\".16\" \
                 x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"8\"/>\
                 <rect class=\"c{color}\" x=\"{x}\" y=\"{y}\" width=\"6\" height=\"{BOX_HEIGHT}\" \
                 rx=\"3\"/><text class=\"b\" x=\"{left}\" y=\"{first}\">{label}</text>\
                 <text class=\"q\" x=\"{left}\" y=\"{second}\">{places}</text></g>",
                title = Escaped(&clipped(&area.label, DRAWN_LETTERS_MAX)),
                label = Escaped(&clipped(&area.label, LABEL_LETTERS_MAX)),
                x = Px(drawn.x),
                y = Px(y),
                width = Px(drawn.width),
                left = Px(drawn.x + 18.0),
                first = Px(y + 23.0),
                second = Px(y + 41.0),
            );
        }
        if self.more > 0 {
            let _ = writeln!(
                out,
                "<text class=\"q\" x=\"{}\" y=\"{}\">and {}</text>",
                Px(MARGIN),
                Px(top + self.height - MARGIN),
                counted(self.more as u64, "more area", "more areas"),
            );
        }
    }
}
