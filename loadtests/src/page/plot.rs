//! Plots over the time of a run, one below the other on the same axis.
//!
//! The curves are SVG that is stretched to whatever room there is, with strokes that do not
//! stretch; the words around them are HTML at places in percent. So one drawing is sharp on a
//! wide screen, on a phone and on paper, and no letter shrinks with it.

use std::fmt::Write as _;

use super::axis::{Tick, Time};
use super::markup::{esc, json};
use crate::kill::Kill;

/// Both sides of a drawing, in its own unit.
const SIDE: f64 = 1_000.0;

/// Marks of kills are numbered if they are at least this far apart, as a share of the width.
const NUMBERED_APART: f64 = 0.06;

/// Ticks of the time axis at most.
pub(super) const TIME_TICKS: u32 = 8;

/// Ticks beyond which a phone shows every other one.
const PHONE_TICKS: usize = 5;

/// One of the plots of a stack.
pub(super) struct Plot {
    pub(super) title: String,
    /// What the plot shows, for who does not see it.
    pub(super) description: String,
    pub(super) is_tall: bool,
    pub(super) ticks: Vec<Tick>,
    /// Paths, the lowest first.
    pub(super) paths: Vec<Path>,
}

/// A path and the class that says its colour.
pub(super) struct Path {
    pub(super) class: &'static str,
    pub(super) data: String,
}

/// Plots that share the time axis, the marks of kills and the line under the pointer.
pub(super) struct Stack<'a> {
    pub(super) time: Time,
    pub(super) kills: &'a [Kill],
    /// Class of the swatch, and what it stands for.
    pub(super) legend: Vec<(&'static str, &'static str)>,
    pub(super) plots: Vec<Plot>,
    /// From when to when in seconds, and what happened then.
    pub(super) readings: Vec<(f64, f64, String)>,
}

impl Stack<'_> {
    pub(super) fn html(&self) -> String {
        let mut html = String::from("<figure class=\"stack\">\n<ul class=\"legend\">");
        for (class, text) in &self.legend {
            let _ = write!(html, "<li><i class=\"swatch {class}\"></i>{}</li>", esc(text));
        }
        if !self.kills.is_empty() {
            let text = "the server is killed, and until it serves again";
            let _ = write!(html, "<li><i class=\"swatch outage\"></i>{text}</li>");
        }
        html.push_str("</ul>\n");
        for (number, plot) in self.plots.iter().enumerate() {
            html.push_str(&self.plot(plot, number == 0 && !self.kills.is_empty()));
        }
        html.push_str(&self.time_axis());
        let places = |secs| (self.time.place(secs) * SIDE).round() / SIDE;
        let readings: Vec<_> = self
            .readings
            .iter()
            .map(|(from, to, text)| (places(*from), places(*to), text))
            .collect();
        let _ = write!(
            html,
            "<p class=\"reading\" aria-hidden=\"true\"></p>\n\
             <script type=\"application/json\" class=\"readings\">{}</script>\n</figure>\n",
            json(&readings)
        );
        html
    }

    fn kill_marks(&self) -> String {
        let mut html = String::from("<ol class=\"kill-marks\" aria-hidden=\"true\">");
        let mut last = f64::NEG_INFINITY;
        for (number, kill) in (1..).zip(self.kills) {
            let place = self.time.place(kill.at_secs);
            if place - last >= NUMBERED_APART {
                let _ = write!(html, "<li style=\"left:{:.2}%\">{number}</li>", place * 100.0);
                last = place;
            }
        }
        html.push_str("</ol>\n");
        html
    }

    fn plot(&self, plot: &Plot, has_kill_marks: bool) -> String {
        let size = match (plot.is_tall, has_kill_marks) {
            (true, true) => "tall marked",
            (true, false) => "tall",
            (false, _) => "low",
        };
        let mut html = format!(
            "<div class=\"plot {size}\"><h3>{}</h3>\n<svg viewBox=\"0 0 1000 1000\" \
             preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">\n",
            esc(&plot.title),
            esc(&plot.description)
        );
        for kill in self.kills {
            let from = self.time.place(kill.at_secs) * SIDE;
            let until = self.time.place(kill.at_secs + kill.recovery_ms as f64 / 1e3) * SIDE;
            let _ = write!(
                html,
                "<path class=\"outage\" d=\"M{from:.1} 0H{until:.1}V1000H{from:.1}z\"/>"
            );
        }
        for tick in &plot.ticks {
            let _ = write!(html, "<path class=\"rule\" d=\"M0 {:.1}h1000\"/>", y(tick.place));
        }
        for path in &plot.paths {
            let _ = write!(html, "\n<path class=\"{}\" d=\"{}\"/>", path.class, path.data);
        }
        for kill in self.kills {
            let at = self.time.place(kill.at_secs) * SIDE;
            // A light line below makes the dashes stand out from any colour.
            for class in ["kill-ground", "kill"] {
                let _ = write!(html, "<path class=\"{class}\" d=\"M{at:.1} 0V1000\"/>");
            }
        }
        html.push_str("\n</svg>\n<ol class=\"y\" aria-hidden=\"true\">");
        for tick in &plot.ticks {
            let top = (1.0 - tick.place) * 100.0;
            let _ = write!(html, "<li style=\"top:{top:.2}%\">{}</li>", esc(&tick.text));
        }
        html.push_str("</ol>");
        if has_kill_marks {
            html.push_str(&self.kill_marks());
        }
        html.push_str("<b class=\"cursor\"></b></div>\n");
        html
    }

    fn time_axis(&self) -> String {
        let ticks = self.time.ticks(TIME_TICKS);
        let is_crowded = ticks.len() > PHONE_TICKS;
        let mut html = String::from("<ol class=\"x\" aria-hidden=\"true\">");
        for (number, tick) in ticks.iter().enumerate() {
            let class = if is_crowded && number % 2 == 1 { " class=\"wide\"" } else { "" };
            let left = tick.place * 100.0;
            let _ = write!(html, "<li{class} style=\"left:{left:.2}%\">{}</li>", esc(&tick.text));
        }
        html.push_str("</ol>\n");
        html
    }
}

fn y(place: f64) -> f64 {
    (1.0 - place) * SIDE
}

/// A filled band between two heights, through points given as places from 0 to 1.
pub(super) fn band(points: &[(f64, f64, f64)]) -> String {
    let mut data = String::new();
    for (number, (x, _, top)) in points.iter().enumerate() {
        let letter = if number == 0 { 'M' } else { 'L' };
        let _ = write!(data, "{letter}{:.1} {:.1}", x * SIDE, y(*top));
    }
    for (x, bottom, _) in points.iter().rev() {
        let _ = write!(data, "L{:.1} {:.1}", x * SIDE, y(*bottom));
    }
    if !data.is_empty() {
        data.push('z');
    }
    data
}

/// A line through the middles of intervals (from, to, height); it breaks where there is none. One
/// that stands alone is drawn as wide as it is.
pub(super) fn line(intervals: &[Option<(f64, f64, f64)>]) -> String {
    let mut data = String::new();
    for (number, interval) in intervals.iter().enumerate() {
        let Some((from, to, height)) = interval else { continue };
        let is_there =
            |at: Option<usize>| at.and_then(|at| intervals.get(at)).is_some_and(Option::is_some);
        let goes_on = is_there(number.checked_sub(1));
        let (middle, height) = ((from + to) / 2.0 * SIDE, y(*height));
        if goes_on {
            let _ = write!(data, "L{middle:.1} {height:.1}");
        } else if is_there(Some(number + 1)) {
            let _ = write!(data, "M{middle:.1} {height:.1}");
        } else {
            let _ = write!(data, "M{:.1} {height:.1}H{:.1}", from * SIDE, to * SIDE);
        }
    }
    data
}

/// Bars from the ground; what is there is never too low to be seen.
pub(super) fn bars(intervals: impl Iterator<Item = (f64, f64, f64)>) -> String {
    const SEEN: f64 = 0.006;
    let mut data = String::new();
    for (from, to, height) in intervals.filter(|(.., height)| *height > 0.0) {
        let gap = ((to - from) * 0.12).min(0.002);
        let (from, to, top) = ((from + gap) * SIDE, (to - gap) * SIDE, y(height.max(SEEN)));
        let _ = write!(data, "M{from:.1} 1000V{top:.1}H{to:.1}V1000z");
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_nothing_was_measured() {
        let at = |from: f64| Some((from, from + 0.1, 0.5));
        let data = line(&[at(0.0), at(0.1), None, at(0.3), None, at(0.5), at(0.6)]);
        assert_eq!(data, "M50.0 500.0L150.0 500.0M300.0 500.0H400.0M550.0 500.0L650.0 500.0");
        assert_eq!(line(&[]), "");
    }

    #[test]
    fn bands_close_and_small_bars_are_seen() {
        assert_eq!(
            band(&[(0.0, 0.0, 1.0), (1.0, 0.5, 1.0)]),
            "M0.0 0.0L1000.0 0.0L1000.0 500.0L0.0 1000.0z"
        );
        assert_eq!(band(&[]), "");
        let data = bars([(0.0, 0.1, 1e-9), (0.1, 0.2, 0.0)].into_iter());
        assert_eq!(data, "M2.0 1000V994.0H98.0V1000z");
    }
}
