//! Where each seat is drawn. A chart has any unit and any extent; a drawing has a width of at
//! most [`WIDTH`] whole units, so that a seat takes a few bytes of the page.
//!
//! Charts without usable positions (none, all the same, floors on top of each other) are drawn
//! row by row and table by table in the order of the seats, so that no seat hides another.

use std::collections::HashSet;
use std::f64::consts::TAU;

use super::super::limits::MARKS_MAX;
use crate::picture::{Fate, SeatDrawn};

/// The width of a drawing that fills the page.
pub(super) const WIDTH: f64 = 10_000.0;

/// Neighbours of a small venue are no further apart than this: no seat looks like a plate.
const PITCH_MAX: f64 = 330.0;

/// A drawing is no higher than this; what is taller is drawn narrower.
const HEIGHT_MAX: f64 = 9_000.0;

/// A seat's diameter as a share of the way to its neighbour.
const DOT_SHARE: f64 = 0.8;
const DOT_MIN: f64 = 9.0;

/// A venue whose seats would be closer together than this has empty spaces squeezed: stands
/// around a race track are far apart, and each would be a speck.
const PITCH_MIN: f64 = 40.0;

/// What is left of an empty space that is squeezed, as a number of seats.
const SPACE_SEATS: f64 = 8.0;

/// Seats of a row that is drawn by us, if the chart has no rows.
const ROW_SEATS: usize = 50;

/// From seat to seat around a table that is drawn by us, and between two tables.
const RING_PITCH: f64 = 1.1;
const TABLES_APART: f64 = 1.6;

/// Positions that have to be different for a chart's own drawing to be used, as a share.
const DIFFERENT_SHARE: f64 = 0.9;

/// One drawn mark: a seat, or in a very large venue several neighbours.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) fate: Fate,
    /// The first of its seats, by index.
    pub(super) seat: usize,
}

/// A venue, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawing {
    pub(super) width: i32,
    pub(super) height: i32,
    /// The diameter of a mark.
    pub(super) dot: i32,
    pub(super) marks: Vec<Mark>,
    /// Seats that one mark stands for.
    pub(super) seats_a_mark: usize,
    /// Whether the chart's own positions are used.
    pub(super) is_by_chart: bool,
    /// Whether empty spaces are drawn narrower than they are.
    pub(super) is_squeezed: bool,
}

impl Drawing {
    pub(super) fn of(seats: &[SeatDrawn]) -> Self {
        let seats_a_mark = seats.len().div_ceil(MARKS_MAX).max(1);
        let is_by_chart = is_usable(seats);
        let mut points: Vec<(f64, f64)> = if is_by_chart {
            seats.iter().map(|seat| (seat.x, seat.y)).collect()
        } else {
            row_by_row(seats)
        };
        let mut extent = Extent::of(&points);
        let pitch = pitch(seats, &points, &extent);
        let is_sparse = pitch * extent.scale(pitch) < PITCH_MIN;
        let is_squeezed = is_sparse && squeeze(&mut points, pitch * SPACE_SEATS);
        if is_squeezed {
            extent = Extent::of(&points);
        }
        let scale = extent.scale(pitch);
        let dot = (pitch * scale * DOT_SHARE).clamp(DOT_MIN, PITCH_MAX * DOT_SHARE);
        let dot = dot * (seats_a_mark as f64).sqrt();
        // Half a seat and some air on every side.
        let margin = dot.max(WIDTH / 60.0);
        let drawn = |(x, y): &(f64, f64)| {
            let (x, y) = ((x - extent.left) * scale + margin, (y - extent.top) * scale + margin);
            (x.round() as i32, y.round() as i32)
        };
        let chunks = points.chunks(seats_a_mark).zip(seats.chunks(seats_a_mark));
        let mut marks = Vec::with_capacity(seats.len().div_ceil(seats_a_mark));
        for (number, (points, seats)) in chunks.enumerate() {
            let (x, y) = drawn(&points[points.len() / 2]);
            marks.push(Mark { x, y, fate: together(seats), seat: number * seats_a_mark });
        }
        Self {
            width: (extent.width * scale + 2.0 * margin).ceil() as i32,
            height: (extent.height * scale + 2.0 * margin).ceil() as i32,
            dot: dot.round() as i32,
            marks,
            seats_a_mark,
            is_by_chart,
            is_squeezed,
        }
    }
}

/// What one mark shows of its seats: when the middle one of those that were sold was sold.
fn together(seats: &[SeatDrawn]) -> Fate {
    let mut sold: Vec<u64> = seats
        .iter()
        .filter_map(|seat| match seat.fate {
            Fate::Sold { at_millis } => Some(at_millis),
            _ => None,
        })
        .collect();
    sold.sort_unstable();
    match sold.get(sold.len() / 2) {
        Some(at_millis) => Fate::Sold { at_millis: *at_millis },
        None => seats.first().map_or(Fate::Available, |seat| seat.fate),
    }
}

struct Extent {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Extent {
    fn of(points: &[(f64, f64)]) -> Self {
        let side = |of: fn(&(f64, f64)) -> f64| {
            let low = points.iter().map(of).fold(f64::INFINITY, f64::min);
            let high = points.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
            if low.is_finite() { (low, high - low) } else { (0.0, 0.0) }
        };
        let ((left, width), (top, height)) = (side(|point| point.0), side(|point| point.1));
        Self { left, top, width, height }
    }

    /// How much larger the drawing is than the chart.
    fn scale(&self, pitch: f64) -> f64 {
        let scales = [WIDTH / self.width, HEIGHT_MAX / self.height, PITCH_MAX / pitch];
        let usable = scales.into_iter().filter(|scale| scale.is_finite() && *scale > 0.0);
        usable.reduce(f64::min).unwrap_or(1.0)
    }
}

fn across(point: &mut (f64, f64)) -> &mut f64 {
    &mut point.0
}

fn down(point: &mut (f64, f64)) -> &mut f64 {
    &mut point.1
}

/// Narrows what is empty from side to side of the venue to `space`. Returns whether there was any.
fn squeeze(points: &mut [(f64, f64)], space: f64) -> bool {
    let mut is_squeezed = false;
    for axis in [across, down] {
        let mut along: Vec<&mut f64> = points.iter_mut().map(axis).collect();
        along.sort_by(|one, other| one.total_cmp(other));
        let (mut before, mut narrower) = (None, 0.0);
        for place in along {
            let too_wide = before.map_or(0.0, |before| *place - before - space);
            if too_wide > 0.0 {
                narrower += too_wide;
                is_squeezed = true;
            }
            before = Some(*place);
            *place -= narrower;
        }
    }
    is_squeezed
}

/// Whether the chart says where its seats are, each somewhere else.
fn is_usable(seats: &[SeatDrawn]) -> bool {
    // Beyond this, differences and scales would not be numbers any more.
    const FAR: f64 = 1e12;
    if !seats.iter().all(|seat| seat.x.abs() < FAR && seat.y.abs() < FAR) {
        return false;
    }
    let different: HashSet<(u64, u64)> =
        seats.iter().map(|seat| (seat.x.to_bits(), seat.y.to_bits())).collect();
    different.len() as f64 >= seats.len() as f64 * DIFFERENT_SHARE
}

/// A plain drawing: one row below the other, sections apart, tables as rings beside each other.
fn row_by_row(seats: &[SeatDrawn]) -> Vec<(f64, f64)> {
    let mut points = Vec::with_capacity(seats.len());
    // The next place, and how far the line reaches down.
    let (mut x, mut y, mut depth) = (0.0, 0.0, 0.0_f64);
    while let Some(seat) = seats.get(points.len()) {
        let before = points.len().checked_sub(1).and_then(|before| seats.get(before));
        if let Some(space) = before.and_then(|before| space_below(before, seat, x)) {
            (x, y, depth) = (0.0, y + depth + space, 0.0);
        }
        let is_together = |other: &&SeatDrawn| seat.table.is_some() && other.table == seat.table;
        let ring = seats[points.len()..].iter().take_while(is_together).count();
        if ring < 2 {
            points.push((x, y));
            x += 1.0;
            continue;
        }
        let radius = (ring as f64 * RING_PITCH / TAU).max(RING_PITCH);
        points.extend((0..ring).map(|place| {
            let direction = TAU * place as f64 / ring as f64;
            (x + radius * (1.0 + direction.sin()), y + radius * (1.0 - direction.cos()))
        }));
        x += 2.0 * radius + TABLES_APART;
        depth = depth.max(2.0 * radius);
    }
    points
}

/// How much space there is to the next line; `None` if the seat stands on the same one.
fn space_below(before: &SeatDrawn, seat: &SeatDrawn, x: f64) -> Option<f64> {
    let is_full = x >= ROW_SEATS as f64;
    if before.section != seat.section {
        return Some(2.5);
    }
    match (before.table, seat.table) {
        (Some(_), None) | (None, Some(_)) => Some(2.0),
        (Some(one), Some(other)) => (one != other && is_full).then_some(TABLES_APART),
        (None, None) => (before.row != seat.row || is_full).then_some(1.2),
    }
}

/// How far a seat is from its neighbour in the row, in most of the venue.
fn pitch(seats: &[SeatDrawn], points: &[(f64, f64)], extent: &Extent) -> f64 {
    let mut apart: Vec<f64> = seats
        .windows(2)
        .zip(points.windows(2))
        .filter(|(seats, _)| seats[0].row == seats[1].row && seats[0].section == seats[1].section)
        .map(|(_, points)| (points[0].0 - points[1].0).hypot(points[0].1 - points[1].1))
        .filter(|apart| *apart > 0.0)
        .collect();
    apart.sort_by(f64::total_cmp);
    match apart.get(apart.len() / 4) {
        Some(usual) => *usual,
        // Nobody has a neighbour: as far as seats that fill the venue evenly.
        None => {
            let even = (extent.width * extent.height / seats.len().max(1) as f64).sqrt();
            let even = if even > 0.0 { even } else { extent.width.max(extent.height) / 20.0 };
            // A single seat: any unit will do.
            if even > 0.0 { even } else { PITCH_MAX }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(row: &str, x: f64, y: f64) -> SeatDrawn {
        let (row, fate) = (row.to_owned(), Fate::Available);
        SeatDrawn { label: String::new(), section: String::new(), row, table: None, x, y, fate }
    }

    fn is_within(drawing: &Drawing) {
        for mark in &drawing.marks {
            assert!((0..=drawing.width).contains(&mark.x), "{mark:?}");
            assert!((0..=drawing.height).contains(&mark.y), "{mark:?}");
        }
        assert!(drawing.width > 0 && drawing.height > 0 && drawing.dot > 0, "{drawing:?}");
        assert!(f64::from(drawing.width) <= WIDTH * 1.2 + 1e3, "{}", drawing.width);
    }

    #[test]
    fn a_chart_is_drawn_as_it_is() {
        let seats = [seat("A", -300.0, 0.0), seat("A", -250.0, 0.0), seat("B", -300.0, 80.0)];
        let drawing = Drawing::of(&seats);
        assert!(drawing.is_by_chart);
        is_within(&drawing);
        let [a, b, c] = &drawing.marks[..] else { panic!("{drawing:?}") };
        assert_eq!((a.y, a.x), (b.y, c.x));
        assert_eq!(b.x - a.x, 330, "one seat beside the other");
        assert_eq!(c.y - a.y, 528, "to scale");
    }

    #[test]
    fn stands_that_are_far_apart_come_closer() {
        let stand = |left: f64| (0..100).map(move |x| seat("A", left + f64::from(x), 0.0));
        let seats: Vec<_> = stand(0.0).chain(stand(1e6)).collect();
        let drawing = Drawing::of(&seats);
        is_within(&drawing);
        assert!(drawing.is_squeezed);
        let [left, right] = [99, 100].map(|seat| drawing.marks[seat].x);
        let apart = f64::from(right - left) / f64::from(drawing.marks[1].x - drawing.marks[0].x);
        assert!((apart - SPACE_SEATS).abs() < 0.5, "{apart} seats apart");
        let near: Vec<_> = stand(0.0).chain(stand(130.0)).collect();
        assert!(!Drawing::of(&near).is_squeezed, "what can be seen stays as it is");
    }

    #[test]
    fn without_positions_no_seat_hides_another() {
        let on_one_spot = [0.0, f64::NAN, f64::INFINITY, 1e300, -1e300];
        for position in on_one_spot {
            let seats: Vec<_> = (0..120).map(|_| seat("A", position, position)).collect();
            let drawing = Drawing::of(&seats);
            is_within(&drawing);
            let spots: HashSet<_> = drawing.marks.iter().map(|mark| (mark.x, mark.y)).collect();
            assert_eq!(spots.len(), 120);
        }
    }

    #[test]
    fn without_positions_tables_are_rings() {
        let mut seats: Vec<_> = (0..20).map(|_| seat("", 0.0, 0.0)).collect();
        for (number, seat) in seats.iter_mut().enumerate().skip(4) {
            seat.table = Some(number as u32 / 8);
        }
        let drawing = Drawing::of(&seats);
        is_within(&drawing);
        let at = |seat: usize| (f64::from(drawing.marks[seat].x), f64::from(drawing.marks[seat].y));
        let apart =
            |one: usize, other: usize| (at(one).0 - at(other).0).hypot(at(one).1 - at(other).1);
        assert!(apart(8, 15) < apart(8, 12), "the last seat of a ring stands beside the first");
        for (one, other) in (0..20).flat_map(|one| (0..one).map(move |other| (one, other))) {
            assert!(apart(one, other) >= f64::from(drawing.dot), "{one} is on {other}");
        }
    }

    #[test]
    fn no_seat_one_seat_and_very_many_can_be_drawn() {
        is_within(&Drawing::of(&[]));
        let one = Drawing::of(&[seat("A", 7.0, 7.0)]);
        is_within(&one);
        assert_eq!(one.dot, 264, "a single seat is no speck");
        let many: Vec<_> = (0..250_000).map(|x| seat("A", f64::from(x), 0.0)).collect();
        let drawing = Drawing::of(&many);
        is_within(&drawing);
        assert!(drawing.marks.len() <= MARKS_MAX, "{}", drawing.marks.len());
        assert_eq!(drawing.seats_a_mark, 5);
    }
}
