//! What was sold when, and how long people waited: two stacks of plots over the time of the run.

use std::fmt::Write as _;

use super::Page;
use super::axis::{Decades, Linear, Time};
use super::numbers::{count, duration, latency, plain, rate, short};
use super::plot::{Path, Plot, Stack, band, bars, line};
use super::table::{Column, Table};
use crate::course::{Sighting, Step};
use crate::kill::Kill;
use crate::picture::Fate;

/// Moments of the sale are known to the millisecond: it is drawn in so many parts, unless they
/// were too short to speak of seats a second.
const SALE_PARTS: f64 = 160.0;
const SALE_PART_SECS_MIN: f64 = 0.05;

/// So few sales are drawn one by one.
const SINGLE_SALES_MAX: usize = 100;

/// Ticks of a tall plot and of a low one.
const TALL_TICKS: u32 = 4;
const LOW_TICKS: u32 = 2;

/// Seats and places by state at one moment, one on the other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct States {
    at_secs: f64,
    sold: f64,
    held: f64,
    available: f64,
}

/// The run's numbers over time, as both stacks need them.
pub(super) struct Course<'a> {
    time: Time,
    kills: &'a [Kill],
    steps: &'a [Step],
    sightings: &'a [Sighting],
    /// When the sale of each seat and each place was acknowledged, rising.
    sold_secs: Vec<f64>,
    capacity: f64,
    for_sale: f64,
    sold_before: f64,
    /// What is sold, for people.
    what: &'static str,
}

impl<'a> Course<'a> {
    pub(super) fn of(page: &Page<'a>) -> Self {
        let (report, picture) = (page.report, page.picture);
        let sold = picture.seats.iter().filter_map(|seat| match seat.fate {
            Fate::Sold { at_millis } => Some(at_millis as f64 / 1e3),
            _ => None,
        });
        let places = picture
            .areas
            .iter()
            .flat_map(|area| &area.sold)
            .flat_map(|(at, places)| std::iter::repeat_n(*at as f64 / 1e3, *places as usize));
        let mut sold_secs: Vec<f64> = sold.chain(places).collect();
        sold_secs.sort_by(f64::total_cmp);
        let capacity = f64::from(report.capacity) + f64::from(report.places_capacity);
        let served = report.kills.iter().map(|kill| kill.at_secs + kill.recovery_ms as f64 / 1e3);
        let last_sale = sold_secs.last().copied();
        let ends = served.chain(last_sale).chain([report.duration_secs]);
        Self {
            time: Time::of(ends.fold(0.0, f64::max)),
            kills: &report.kills,
            steps: &picture.steps,
            sightings: &picture.sightings,
            sold_secs,
            capacity,
            for_sale: (capacity - f64::from(report.all().blocked)).max(0.0),
            sold_before: f64::from(report.sold_before) + f64::from(report.places_sold_before),
            what: super::what_is_sold(report),
        }
    }

    fn acknowledged(&self, at_secs: f64) -> f64 {
        self.sold_secs.partition_point(|sold| *sold <= at_secs) as f64
    }

    /// Equal parts of the run, from their begin to their end.
    fn sale_parts(&self) -> Vec<(f64, f64)> {
        let width = (self.time.span_secs / SALE_PARTS).max(SALE_PART_SECS_MIN);
        let parts = (self.time.span_secs / width).ceil() as u32;
        (0..parts).map(|part| (f64::from(part) * width, f64::from(part + 1) * width)).collect()
    }

    /// Sales a second between two moments; the first one is the end of what was before.
    fn sales_a_second(&self, from_secs: f64, until_secs: f64) -> f64 {
        let before = if from_secs > 0.0 { self.acknowledged(from_secs) } else { 0.0 };
        (self.acknowledged(until_secs) - before) / (until_secs - from_secs)
    }

    /// A number that is known where the server was asked, on a straight line between.
    fn between_sightings(&self, at_secs: f64, number: impl Fn(&Sighting) -> f64) -> f64 {
        let next = self.sightings.partition_point(|seen| seen.at_secs <= at_secs);
        let Some(before) = next.checked_sub(1).and_then(|last| self.sightings.get(last)) else {
            return self.sightings.first().map_or(0.0, number);
        };
        let Some(after) = self.sightings.get(next) else { return number(before) };
        let share = (at_secs - before.at_secs) / (after.at_secs - before.at_secs);
        number(before) + (number(after) - number(before)) * share
    }

    /// Sales are known to the millisecond from the answers; the server is asked now and then and
    /// tells what is held, and what others bought.
    fn states(&self, at_secs: f64) -> States {
        let sold_by_us = |at_secs: f64| self.sold_before + self.acknowledged(at_secs);
        let unknown_to_us =
            |seen: &Sighting| (f64::from(seen.seats.allocated) - sold_by_us(seen.at_secs)).max(0.0);
        let others = self.between_sightings(at_secs, unknown_to_us);
        let sold = (sold_by_us(at_secs) + others).min(self.capacity);
        let held = self.between_sightings(at_secs, |seen| f64::from(seen.seats.held));
        let held = held.min((self.for_sale - sold).max(0.0));
        States { at_secs, sold, held, available: (self.for_sale - sold - held).max(0.0) }
    }

    /// The moments at which the states are drawn.
    fn moments(&self) -> Vec<f64> {
        let ends = self.sale_parts().into_iter().map(|(_, end)| end);
        let mut moments: Vec<f64> = [0.0, self.time.span_secs].into_iter().chain(ends).collect();
        if self.sold_secs.len() <= SINGLE_SALES_MAX {
            let around = |sold: &f64| [(sold - 1e-6).max(0.0), *sold];
            moments.extend(self.sold_secs.iter().flat_map(around));
        }
        moments.retain(|moment| *moment <= self.time.span_secs);
        moments.sort_by(f64::total_cmp);
        moments
    }

    fn places(&self, step: &Step) -> (f64, f64) {
        (self.time.place(step.from_secs), self.time.place(step.until_secs))
    }

    /// What was sold when.
    pub(super) fn sales(&self) -> String {
        let mut html = String::from("<section id=\"sales\"><h2>What was sold when</h2>\n");
        let _ = writeln!(html, "<p class=\"lead\">{}</p>", self.in_words());
        let (states, selling) = (self.state_plot(), self.selling_plot());
        let stack = Stack {
            time: self.time,
            kills: self.kills,
            legend: vec![("sold", "sold"), ("held", "held"), ("available", "still free")],
            plots: vec![states, selling],
            readings: self.sale_parts().into_iter().map(|part| self.sales_reading(part)).collect(),
        };
        html.push_str(&stack.html());
        html.push_str("</section>\n");
        html
    }

    fn in_words(&self) -> String {
        let at = |share: f64| {
            let place = (self.sold_secs.len() as f64 * share).ceil() as usize;
            self.sold_secs.get(place.saturating_sub(1)).copied()
        };
        match (self.sold_secs.len(), at(0.5), at(0.9), at(1.0)) {
            (1, _, _, Some(last)) => format!("The only sale was after {}.", duration(last)),
            (_, Some(half), Some(most), Some(last)) => format!(
                "Half of what was sold was gone after {}, nine of ten parts of it after {}, the \
                 last one after {}.",
                duration(half),
                duration(most),
                duration(last)
            ),
            _ => "Nothing was sold in this run.".to_owned(),
        }
    }

    fn state_plot(&self) -> Plot {
        let axis = Linear::of_things(self.for_sale, TALL_TICKS).ending_at(self.for_sale);
        let states: Vec<States> = self.moments().into_iter().map(|at| self.states(at)).collect();
        let layer = |bottom: fn(&States) -> f64, top: fn(&States) -> f64| {
            let point = |state: &States| {
                let x = self.time.place(state.at_secs);
                (x, axis.place(bottom(state)), axis.place(top(state)))
            };
            band(&states.iter().map(point).collect::<Vec<_>>())
        };
        let (first, last) = (self.states(0.0), self.states(self.time.span_secs));
        let description = format!(
            "{} over {}: from {} sold and {} free to {} sold, {} held and {} free.",
            self.titled("by state"),
            duration(self.time.span_secs),
            short(first.sold),
            short(first.available),
            short(last.sold),
            short(last.held),
            short(last.available)
        );
        let paths = vec![
            Path { class: "sold", data: layer(|_| 0.0, |at| at.sold) },
            Path { class: "held", data: layer(|at| at.sold, |at| at.sold + at.held) },
            Path {
                class: "available",
                data: layer(|at| at.sold + at.held, |at| at.sold + at.held + at.available),
            },
        ];
        let title = self.titled("by state");
        Plot { title, description, is_tall: true, ticks: axis.ticks(short), paths }
    }

    fn selling_plot(&self) -> Plot {
        let bar = |(from, until): (f64, f64)| {
            let places = (self.time.place(from), self.time.place(until));
            (places, self.sales_a_second(from, until))
        };
        let bars = self.sale_parts().into_iter().map(bar).collect();
        self.bar_plot(&self.titled("sold a second"), "sold", bars)
    }

    /// A title about what is sold.
    fn titled(&self, about: &str) -> String {
        let (first, rest) = self.what.split_at(1);
        format!("{}{rest} {about}", first.to_uppercase())
    }

    /// A low plot of rates.
    fn bar_plot(&self, title: &str, class: &'static str, rates: Vec<((f64, f64), f64)>) -> Plot {
        let highest = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        let axis = Linear::up_to(highest, LOW_TICKS);
        let placed = rates.into_iter().map(|((from, to), rate)| (from, to, axis.place(rate)));
        let paths = vec![Path { class, data: bars(placed) }];
        let description = format!("{title}: {} at the most.", rate(highest));
        Plot {
            title: title.to_owned(),
            description,
            is_tall: false,
            ticks: axis.ticks(short),
            paths,
        }
    }

    fn sales_reading(&self, (from, until): (f64, f64)) -> (f64, f64, String) {
        let states = self.states(until);
        let text = format!(
            "{} s: {} sold ({} a second), {} held, {} free",
            plain(until, 2),
            count(states.sold as u64),
            rate(self.sales_a_second(from, until)),
            count(states.held as u64),
            count(states.available as u64)
        );
        (from, until, text)
    }

    /// How long people waited.
    pub(super) fn latencies(&self) -> String {
        let stack = Stack {
            time: self.time,
            kills: self.kills,
            legend: vec![
                ("p50", "p50: half were no slower"),
                ("p90", "p90: nine of ten"),
                ("p99", "p99: 99 of 100"),
            ],
            plots: vec![self.latency_plot(), self.arrivals_plot()],
            readings: self.steps.iter().map(latency_reading).collect(),
        };
        let mut html = String::from(
            "<section id=\"latency\"><h2>How long people waited</h2>\n<p class=\"lead\">A latency \
             runs from the moment at which a buyer meant to ask to the answer that settled the \
             request, over every retry and every outage in between. Nobody who had to wait is \
             left out. Each gridline is ten times the one below.</p>\n",
        );
        html.push_str(&stack.html());
        html.push_str(&self.table());
        html.push_str("</section>\n");
        html
    }

    fn latency_plot(&self) -> Plot {
        let measured = self.steps.iter().filter(|step| step.settled > 0);
        let axis = Decades::around(measured.flat_map(|step| [step.p50_ms, step.p99_ms]));
        let curve = |percentile: fn(&Step) -> f64| {
            let intervals: Vec<_> = self
                .steps
                .iter()
                .map(|step| {
                    let (from, to) = self.places(step);
                    (step.settled > 0).then(|| (from, to, axis.place(percentile(step))))
                })
                .collect();
            line(&intervals)
        };
        let highest = self.steps.iter().map(|step| step.p99_ms).fold(0.0, f64::max);
        let description = format!(
            "Latency percentiles over time on a logarithmic scale; p99 is {} at the most.",
            latency(highest)
        );
        Plot {
            title: "Latency".to_owned(),
            description,
            is_tall: true,
            ticks: axis.ticks(latency),
            paths: vec![
                Path { class: "p99", data: curve(|step| step.p99_ms) },
                Path { class: "p90", data: curve(|step| step.p90_ms) },
                Path { class: "p50", data: curve(|step| step.p50_ms) },
            ],
        }
    }

    fn arrivals_plot(&self) -> Plot {
        let bar = |step: &Step| (self.places(step), a_second(step.arrivals as f64, step));
        self.bar_plot("Buyers coming a second", "arrivals", self.steps.iter().map(bar).collect())
    }

    /// The numbers behind both stacks.
    fn table(&self) -> String {
        let names = ["Until", "Came", "Settled", "Sold", "Held", "Free", "p50", "p90", "p99"];
        let columns = names.map(Column::number).to_vec();
        let mut table = Table::new("The course of the run, step by step", columns);
        for step in self.steps {
            let states = self.states(step.until_secs);
            let percentile =
                |millis| if step.settled == 0 { String::new() } else { latency(millis) };
            table.row([
                until(step),
                count(step.arrivals),
                count(step.settled),
                count(states.sold as u64),
                count(states.held as u64),
                count(states.available as u64),
                percentile(step.p50_ms),
                percentile(step.p90_ms),
                percentile(step.p99_ms),
            ]);
        }
        table.folded("The numbers behind these charts")
    }
}

fn a_second(number: f64, step: &Step) -> f64 {
    let secs = step.until_secs - step.from_secs;
    if secs > 0.0 { number / secs } else { 0.0 }
}

fn until(step: &Step) -> String {
    format!("{} s", plain(step.until_secs, 2))
}

fn latency_reading(step: &Step) -> (f64, f64, String) {
    let mut text = format!(
        "{}: {} came, {} requests settled",
        until(step),
        count(step.arrivals),
        count(step.settled)
    );
    if step.settled > 0 {
        let _ = write!(
            text,
            "; p50 {}, p90 {}, p99 {}",
            latency(step.p50_ms),
            latency(step.p90_ms),
            latency(step.p99_ms)
        );
    }
    (step.from_secs, step.until_secs, text)
}
