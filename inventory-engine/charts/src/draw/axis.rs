//! One direction of a drawing. A venue may have its stands kilometres apart: what lies between
//! them and holds nothing is cut out, so that the seats can be seen.

/// In seats side by side: an empty stretch up to this is never cut.
const GAP_SEATS_MAX: f64 = 30.0;
/// An empty stretch that is longer than this share of what is not empty is cut ...
const GAP_SHARE_MAX: f64 = 0.5;
/// ... down to this share of it, or to so many seats.
const KEPT_SHARE: f64 = 0.12;
const KEPT_SEATS: f64 = 8.0;

/// From coordinates of a chart to lengths without the cut stretches.
#[derive(Debug, Default)]
pub(super) struct Axis {
    start: f64,
    length: f64,
    cuts: Vec<Cut>,
}

/// A stretch that was cut.
#[derive(Debug)]
struct Cut {
    /// Where it ends in the chart.
    end: f64,
    /// What is missing up to there, this one included.
    missing: f64,
    /// Where the drawing breaks.
    at: f64,
}

impl Axis {
    /// An axis for these coordinates, whose seats are so far apart.
    pub(super) fn new(mut values: Vec<f64>, pitch: f64) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let (Some(&start), Some(&end)) = (values.first(), values.last()) else {
            return Self::default();
        };
        let gaps = || values.windows(2).map(|pair| (pair[1], pair[1] - pair[0]));
        let is_large = |gap: f64| gap > GAP_SEATS_MAX * pitch;
        let empty: f64 = gaps().map(|(_, gap)| gap).filter(|gap| is_large(*gap)).sum();
        let occupied = end - start - empty;
        let kept = (occupied * KEPT_SHARE).max(KEPT_SEATS * pitch);
        let (mut cuts, mut missing) = (Vec::new(), 0.0);
        for (end, gap) in gaps() {
            if is_large(gap) && gap > occupied * GAP_SHARE_MAX {
                missing += gap - kept;
                cuts.push(Cut { end, missing, at: end - start - missing - kept / 2.0 });
            }
        }
        Self { start, length: end - start - missing, cuts }
    }

    /// How long it is.
    pub(super) fn length(&self) -> f64 {
        self.length
    }

    /// Where the drawing breaks.
    pub(super) fn breaks(&self) -> impl Iterator<Item = f64> {
        self.cuts.iter().map(|cut| cut.at)
    }

    /// Where a coordinate is, from the start of the axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        let before = self.cuts.partition_point(|cut| cut.end <= value);
        let missing = before.checked_sub(1).map_or(0.0, |last| self.cuts[last].missing);
        value - self.start - missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_stays_where_it_is() {
        let axis = Axis::new(vec![20.0, 10.0, 60.0], 5.0);
        assert_eq!((axis.place(10.0), axis.place(60.0), axis.length()), (0.0, 50.0, 50.0));
        assert_eq!(axis.breaks().count(), 0);
    }

    #[test]
    fn an_empty_stretch_is_cut() {
        let stand = |at: f64| (0..100).map(move |seat| at + f64::from(seat));
        let values = stand(0.0).chain(stand(10_000.0)).chain(stand(50_000.0)).collect();
        let axis = Axis::new(values, 1.0);
        // 297 are occupied, so that 35.64 are kept of each stretch.
        let near = |one: f64, other: f64| assert!((one - other).abs() < 0.01, "{one} {other}");
        near(axis.place(99.0), 99.0);
        near(axis.place(10_000.0), 134.64);
        near(axis.place(50_000.0), 269.28);
        near(axis.length(), 368.28);
        assert_eq!(axis.breaks().map(|at| at.round() as u32).collect::<Vec<_>>(), [117, 251]);
    }

    #[test]
    fn one_place_or_none_has_no_length() {
        assert_eq!(Axis::new(vec![7.0, 7.0], 1.0).length(), 0.0);
        assert_eq!(Axis::new(Vec::new(), 1.0).length(), 0.0);
    }
}
