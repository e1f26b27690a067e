//! The colours of time: from the first seat that was sold to the last.
//!
//! The scale is matplotlib's 'plasma', which rises evenly in lightness and can be read with any
//! kind of colour vision. Each theme uses the part of it that stands out from its background.
//!
//! A seat's colour says its rank among the sold ones and not its second: in a rush most seats go
//! in a small part of the time, and would all look the same. The legend says the seconds.

use std::fmt::Write as _;

/// Colours between the first and the last.
pub(super) const CLASSES: usize = 48;

/// Red, green and blue of 'plasma' in eleven equal steps.
const PLASMA: [[u8; 3]; 11] = [
    [0x0d, 0x08, 0x87],
    [0x41, 0x04, 0x9d],
    [0x6a, 0x00, 0xa8],
    [0x8f, 0x0d, 0xa4],
    [0xb1, 0x2a, 0x90],
    [0xcc, 0x47, 0x78],
    [0xe1, 0x64, 0x62],
    [0xf2, 0x84, 0x4b],
    [0xfc, 0xa6, 0x36],
    [0xfc, 0xce, 0x25],
    [0xf0, 0xf9, 0x21],
];

/// The parts of the scale that a light and a dark page use.
const LIGHT: (f64, f64) = (0.0, 0.8);
const DARK: (f64, f64) = (0.25, 1.0);

fn plasma(place: f64) -> [u8; 3] {
    let position = place.clamp(0.0, 1.0) * (PLASMA.len() - 1) as f64;
    let step = (position as usize).min(PLASMA.len() - 2);
    let share = position - step as f64;
    let (from, to) = (PLASMA[step], PLASMA[step + 1]);
    std::array::from_fn(|channel| {
        let (from, to) = (f64::from(from[channel]), f64::from(to[channel]));
        (from + (to - from) * share).round() as u8
    })
}

fn rules((first, last): (f64, f64)) -> String {
    let mut css = String::new();
    for class in 0..CLASSES {
        let share = class as f64 / (CLASSES - 1) as f64;
        let [red, green, blue] = plasma(first + (last - first) * share);
        let _ = write!(css, ".c{class}{{--c:#{red:02x}{green:02x}{blue:02x}}}");
    }
    css
}

/// Style rules: class `c0` was sold first.
pub(in super::super) fn css() -> String {
    format!("{}\n@media screen and (prefers-color-scheme:dark){{{}}}\n", rules(LIGHT), rules(DARK))
}

/// When seats were sold, sorted, and which colour that makes.
#[derive(Debug)]
pub(super) struct Scale {
    sold_millis: Vec<u64>,
}

impl Scale {
    pub(super) fn of(sold_millis: impl Iterator<Item = u64>) -> Self {
        let mut sold_millis: Vec<u64> = sold_millis.collect();
        sold_millis.sort_unstable();
        Self { sold_millis }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sold_millis.is_empty()
    }

    /// When everything was sold, if that was one moment.
    pub(super) fn only_moment(&self) -> Option<u64> {
        let (first, last) = (self.sold_millis.first()?, self.sold_millis.last()?);
        (first == last).then_some(*first)
    }

    /// The same moment always has the same class, and a later one no lower class.
    pub(super) fn class(&self, at_millis: u64) -> usize {
        let before = self.sold_millis.partition_point(|sold| *sold < at_millis);
        let until = self.sold_millis.partition_point(|sold| *sold <= at_millis);
        if self.only_moment().is_some() {
            return 0;
        }
        let middle = (before + until).saturating_sub(1) as f64 / 2.0;
        let last = (self.sold_millis.len().max(2) - 1) as f64;
        ((middle / last * CLASSES as f64) as usize).min(CLASSES - 1)
    }

    /// When this share of the sold seats was sold.
    pub(super) fn at_share(&self, share: f64) -> Option<u64> {
        let last = self.sold_millis.len().checked_sub(1)?;
        self.sold_millis.get((last as f64 * share).round() as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_order_of_the_sales() {
        let scale = Scale::of((0..1_000).rev().map(|number| number * number));
        assert_eq!((scale.class(0), scale.class(999 * 999)), (0, CLASSES - 1));
        let classes: Vec<usize> = (0..1_000).map(|number| scale.class(number * number)).collect();
        assert!(classes.is_sorted());
        assert_eq!(scale.at_share(0.0), Some(0));
        assert_eq!(scale.at_share(1.0), Some(998_001));
    }

    #[test]
    fn one_sale_or_none_has_a_colour_too() {
        assert_eq!(Scale::of([7].into_iter()).class(7), 0);
        assert_eq!(Scale::of([7, 7].into_iter()).class(7), 0);
        assert_eq!(Scale::of([7, 7].into_iter()).only_moment(), Some(7));
        let none = Scale::of(std::iter::empty());
        assert!(none.is_empty());
        assert_eq!((none.class(3), none.at_share(0.5)), (0, None));
    }

    #[test]
    fn the_scale_gets_lighter_all_the_way() {
        let lightness = |place: f64| {
            let [red, green, blue] = plasma(place).map(f64::from);
            0.2126 * red.powf(2.2) + 0.7152 * green.powf(2.2) + 0.0722 * blue.powf(2.2)
        };
        let along: Vec<f64> = (0..=100).map(|step| lightness(f64::from(step) / 100.0)).collect();
        assert!(along.windows(2).all(|pair| pair[0] <= pair[1] * 1.02), "{along:?}");
    }
}
