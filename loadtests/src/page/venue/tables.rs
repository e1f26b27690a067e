//! Tables, drawn beneath their seats: a shape within the ring of the seats, whatever form the table
//! has. Only where every seat has a mark of its own.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use super::super::limits::TABLES_DRAWN_MAX;
use super::places::Drawing;
use crate::picture::TableDrawn;

/// How far a table's edge stays away from the middle of a seat, in seats' diameters; and, where
/// seats are close to the middle, the share of the way that is left.
const GAP_SEATS: f64 = 0.75;
const SHARE_MIN: f64 = 0.25;

/// The shapes of all tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tables {
    /// Of those that are sold as a whole, and of the others: the paths, and how many.
    whole: (String, u64),
    by_seat: (String, u64),
}

impl Tables {
    pub(super) fn of(tables: &[TableDrawn], drawing: &Drawing) -> Self {
        let mut shapes = Self::default();
        if drawing.seats_a_mark > 1 {
            return shapes;
        }
        for table in tables.iter().take(TABLES_DRAWN_MAX) {
            let marks = table.seats.iter().filter_map(|seat| drawing.marks.get(*seat as usize));
            let seats: Vec<(f64, f64)> =
                marks.map(|mark| (f64::from(mark.x), f64::from(mark.y))).collect();
            let (path, count) =
                if table.is_whole { &mut shapes.whole } else { &mut shapes.by_seat };
            path.push_str(&shape(&seats, f64::from(drawing.dot)));
            *count += 1;
        }
        shapes
    }

    pub(super) fn html(&self) -> String {
        let mut html = String::new();
        for (class, (path, _)) in [("table whole", &self.whole), ("table", &self.by_seat)] {
            if !path.is_empty() {
                let _ = writeln!(html, "<path class=\"{class}\" d=\"{path}\"/>");
            }
        }
        html
    }

    /// What the legend says: a class, a name, and how many there are.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let counts = [
            ("table-sign whole", "table sold as a whole", self.whole.1),
            ("table-sign", "table sold by seat", self.by_seat.1),
        ];
        counts.into_iter().filter(|(_, _, tables)| *tables > 0)
    }
}

/// Corners towards the seats, in the order of their directions from the middle.
fn shape(seats: &[(f64, f64)], dot: f64) -> String {
    let count = seats.len().max(1) as f64;
    let middle_x = seats.iter().map(|seat| seat.0).sum::<f64>() / count;
    let middle_y = seats.iter().map(|seat| seat.1).sum::<f64>() / count;
    let mut corners: Vec<(f64, f64, f64)> = seats
        .iter()
        .map(|(x, y)| {
            let (aside, below) = (x - middle_x, y - middle_y);
            let way = aside.hypot(below);
            let share = ((way - GAP_SEATS * dot) / way.max(1.0)).max(SHARE_MIN);
            let direction = below.atan2(aside).rem_euclid(TAU);
            (direction, middle_x + aside * share, middle_y + below * share)
        })
        .collect();
    corners.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut path = String::new();
    for (number, (_, x, y)) in corners.iter().enumerate() {
        let step = if number == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{step}{x:.0} {y:.0}");
    }
    if !path.is_empty() {
        path.push('z');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Fate, SeatDrawn};

    fn seat(x: f64, y: f64) -> SeatDrawn {
        SeatDrawn {
            label: String::new(),
            section: String::new(),
            row: String::new(),
            table: None,
            x,
            y,
            fate: Fate::Available,
        }
    }

    #[test]
    fn a_table_lies_within_its_seats() {
        let path = shape(&[(100.0, 0.0), (0.0, 100.0), (-100.0, 0.0), (0.0, -100.0)], 40.0);
        assert_eq!(path, "M70 0L0 70L-70 0L0 -70z");
        assert_eq!(shape(&[], 40.0), "");
        assert_eq!(shape(&[(5.0, 5.0)], 40.0), "M5 5z");
    }

    #[test]
    fn tables_are_counted_by_how_they_are_sold() {
        let seats: Vec<SeatDrawn> = (0..6).map(|at| seat(f64::from(at), 0.0)).collect();
        let table = |is_whole| TableDrawn { seats: vec![0, 1, 2], is_whole };
        let tables = Tables::of(&[table(true), table(false)], &Drawing::of(&seats));
        assert_eq!(tables.counts().map(|(_, _, count)| count).collect::<Vec<_>>(), [1, 1]);
        let stadium = Drawing { seats_a_mark: 2, ..Drawing::of(&seats) };
        assert_eq!(Tables::of(&[table(true)], &stadium), Tables::default());
    }
}
