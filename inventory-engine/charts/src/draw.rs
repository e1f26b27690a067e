//! A chart as an SVG to look at: every seat in its category's colour, tables, areas with their
//! capacity, floors beside each other, and a legend that counts. A pure function of the chart; the
//! picture needs nothing but itself.
//!
//! Its size is bounded for any chart: up to [`DRAWN_SEATS_TITLED_MAX`](crate::limits) seats each
//! has a title, beyond that each is a dot, and in the end a row is a line. Whatever a label holds,
//! it stays text.

mod areas;
mod axis;
mod floor;
mod labels;
mod legend;
mod palette;
mod scene;
mod seats;
mod shapes;
mod svg;

use std::fmt::Write;

use inventory_core::chart::Chart;

use areas::Strip;
use scene::{Floor, Scene};
use svg::{Escaped, Px, clipped, counted};

/// Around everything, and between one thing and the next.
const PAGE_MARGIN: f64 = 28.0;
const GUTTER: f64 = 18.0;
const HEADER_HEIGHT: f64 = 66.0;
/// The right end of the maps at the least: the title stands above them.
const MAPS_WIDTH_MIN: f64 = 460.0;
const PANEL_WIDTH_MIN: f64 = 220.0;
const PANEL_HEADING_HEIGHT: f64 = 40.0;
/// Beyond this width the next floor comes below.
const MAPS_WIDTH: f64 = 1_280.0;
/// Letters of the chart's name in the heading.
const NAME_LETTERS_MAX: usize = 60;

/// The drawing of a chart, as the text of an SVG file.
pub fn to_svg(chart: &Chart) -> String {
    let scene = Scene::of(chart.parts());
    let panels = panels(&scene);
    let right = panels.iter().map(|panel| panel.x + panel.width).fold(MAPS_WIDTH_MIN, f64::max);
    let bottom = panels.iter().map(|panel| panel.y + panel.height).fold(0.0, f64::max);
    let legend = legend::Legend::of(&scene);
    let legend_x = right + GUTTER;
    let width = legend_x + legend::WIDTH + PAGE_MARGIN;
    let height = bottom.max(PAGE_MARGIN + legend.height()) + PAGE_MARGIN;
    let mut out = String::new();
    let name = &scene.parts.name;
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" \
         height=\"{h}\" role=\"img\">\n<title>{}</title>\n",
        Escaped(name),
        w = Px(width.ceil()),
        h = Px(height.ceil()),
    );
    style(&mut out, &scene);
    let _ = write!(
        out,
        "<rect width=\"100%\" height=\"100%\" fill=\"#f4f6f8\"/>\n\
         <text class=\"h1\" x=\"{x}\" y=\"{y}\">{}</text>\n\
         <text class=\"sub\" x=\"{x}\" y=\"{z}\">{}</text>\n",
        Escaped(&clipped(name, NAME_LETTERS_MAX)),
        Escaped(&summary(&scene)),
        x = Px(PAGE_MARGIN),
        y = Px(PAGE_MARGIN + 20.0),
        z = Px(PAGE_MARGIN + 43.0),
    );
    for panel in &panels {
        panel.write(&mut out, &scene);
    }
    legend.write(&mut out, legend_x, PAGE_MARGIN);
    out.push_str("</svg>\n");
    out
}

fn style(out: &mut String, scene: &Scene<'_>) {
    out.push_str(
        "<style>\n\
         text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,\
         \"Noto Sans\",sans-serif;fill:#20262d;font-size:13px}\n\
         .h1{font-size:24px;font-weight:700}.h2{font-size:15px;font-weight:600}\n\
         .sub,.q{fill:#66707b}.q{font-size:12px}.e{text-anchor:end}.m{text-anchor:middle}\n\
         .p{fill:#fff;stroke:#dde2e7}.b{font-weight:600}\n\
         .n{text-anchor:middle;pointer-events:none;stroke:none}.lt{fill:#fff}.dk{fill:#20262d}\n\
         .rl{fill:#8a939d;text-anchor:middle}\n\
         .sl{text-anchor:middle;font-weight:700;pointer-events:none}\n\
         .halo{paint-order:stroke;stroke:#fff;stroke-opacity:.88;stroke-linejoin:round}\n\
         .i{fill:none;stroke-linecap:round;stroke-linejoin:round}\n\
         .lts{stroke:#fff}.dks{stroke:#20262d}\n\
         .cut{stroke:#aab3bc;stroke-dasharray:5 5;fill:none}\n\
         .f{fill:none;stroke:#d6336c;stroke-width:1.6}.ft{fill:#b02a5b;font-size:12px}\n",
    );
    for (place, color) in scene.palette.colors().iter().enumerate() {
        let _ = writeln!(out, ".c{place}{{fill:{color}}}.k{place}{{stroke:{color}}}");
    }
    out.push_str("</style>\n");
}

/// What there is, in one line.
fn summary(scene: &Scene<'_>) -> String {
    let parts = scene.parts;
    let mut said = Vec::new();
    let mut say = |count: usize, one: &str, many: &str| {
        if count > 0 {
            said.push(counted(count as u64, one, many));
        }
    };
    say(parts.seats.len(), "seat", "seats");
    say(parts.sections.len(), "section", "sections");
    say(parts.rows.len(), "row", "rows");
    say(parts.tables.len(), "table", "tables");
    say(parts.areas.len(), "area", "areas");
    let places: u64 = parts.areas.iter().map(|area| u64::from(area.capacity)).sum();
    if places > 0 {
        said.push(format!("{} in areas", counted(places, "place", "places")));
    }
    said.join("  ·  ")
}

/// A floor on the page.
struct Panel<'s> {
    floor: &'s Floor<'s>,
    strip: Strip,
    heading: Option<String>,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// The floors that have something on them, side by side as long as there is room.
fn panels<'s>(scene: &'s Scene<'_>) -> Vec<Panel<'s>> {
    let shown = |floor: &&Floor<'_>| !floor.seats.is_empty() || !floor.areas.is_empty();
    let floors: Vec<&Floor<'_>> = scene.floors.iter().filter(shown).collect();
    let width_min = if floors.len() == 1 { MAPS_WIDTH_MIN - PAGE_MARGIN } else { PANEL_WIDTH_MIN };
    let mut panels: Vec<Panel<'s>> = Vec::new();
    let (mut x, mut y, mut line_height) = (PAGE_MARGIN, PAGE_MARGIN + HEADER_HEIGHT, 0.0_f64);
    for floor in &floors {
        let heading = match floor.name {
            Some(name) => Some(name.to_owned()),
            None => (floors.len() > 1).then(|| "On no floor".to_owned()),
        };
        let map_width = if floor.seats.is_empty() { 0.0 } else { floor.width };
        let map_height = if floor.seats.is_empty() { 0.0 } else { floor.height };
        let strip = Strip::of(scene, floor, map_width.max(width_min));
        let width = map_width.max(strip.width()).max(width_min);
        let heading_height = if heading.is_some() { PANEL_HEADING_HEIGHT } else { 0.0 };
        let height = heading_height + map_height + strip.height();
        if x > PAGE_MARGIN && x + width > PAGE_MARGIN + MAPS_WIDTH {
            (x, y, line_height) = (PAGE_MARGIN, y + line_height + GUTTER, 0.0);
        }
        panels.push(Panel { floor, strip, heading, x, y, width, height });
        x += width + GUTTER;
        line_height = line_height.max(height);
    }
    align(&mut panels);
    panels
}

/// Lets the last panel of each line reach as far as the widest line does.
fn align(panels: &mut [Panel<'_>]) {
    let right = panels.iter().map(|panel| panel.x + panel.width).fold(0.0, f64::max);
    let next_lines: Vec<f64> =
        panels.iter().skip(1).map(|panel| panel.y).chain([f64::MAX]).collect();
    for (panel, next_line) in panels.iter_mut().zip(next_lines) {
        if next_line > panel.y {
            panel.width = right - panel.x;
        }
    }
}

impl Panel<'_> {
    fn write(&self, out: &mut String, scene: &Scene<'_>) {
        let _ = write!(
            out,
            "<g transform=\"translate({} {})\">\n<rect class=\"p\" rx=\"10\" width=\"{}\" \
             height=\"{}\"/>\n",
            Px(self.x),
            Px(self.y),
            Px(self.width),
            Px(self.height),
        );
        let mut y = 0.0;
        if let Some(heading) = &self.heading {
            let seats = counted(self.floor.seats.len() as u64, "seat", "seats");
            let _ = writeln!(
                out,
                "<text class=\"h2\" x=\"18\" y=\"27\">{} <tspan class=\"q\" dx=\"6\">{seats}\
                 </tspan></text>",
                Escaped(&clipped(heading, NAME_LETTERS_MAX)),
            );
            y += PANEL_HEADING_HEIGHT;
        }
        if !self.floor.seats.is_empty() {
            // A map that is narrower than its panel stands in the middle of it.
            let x = (self.width - self.floor.width) / 2.0;
            let _ = writeln!(out, "<g transform=\"translate({} {})\">", Px(x), Px(y));
            floor::write(out, scene, self.floor);
            out.push_str("</g>\n");
            y += self.floor.height;
        }
        self.strip.write(out, scene, y);
        out.push_str("</g>\n");
    }
}
