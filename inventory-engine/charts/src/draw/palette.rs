//! Which colour a category has in a drawing: its own, else one of a palette that people tell
//! apart. A colour that is none never gets into the style sheet.

use inventory_core::chart::Category;

use crate::builder::is_color;

/// Tellable apart by most eyes, on white and next to each other.
const PALETTE: [&str; 10] = [
    "#4477aa", "#ee8866", "#228833", "#aa3377", "#ccbb44", "#66ccee", "#994f00", "#5d3fd3",
    "#44bb99", "#ee6677",
];

/// What has no category.
const WITHOUT_CATEGORY: &str = "#9aa3ad";

/// The colours of a chart.
pub(super) struct Palette {
    /// By category; the one of what has none last.
    colors: Vec<String>,
}

impl Palette {
    pub(super) fn of(categories: &[Category]) -> Self {
        let own = categories.iter().enumerate().map(|(index, category)| {
            let color = category.color.as_deref().filter(|color| is_color(color));
            color.unwrap_or(PALETTE[index % PALETTE.len()]).to_owned()
        });
        Self { colors: own.chain([WITHOUT_CATEGORY.to_owned()]).collect() }
    }

    /// All of them, the one of what has no category last.
    pub(super) fn colors(&self) -> &[String] {
        &self.colors
    }

    /// The place of a category's colour in [`Self::colors`].
    pub(super) fn place(&self, category: Option<inventory_core::ids::CategoryIndex>) -> usize {
        category.map_or(self.colors.len() - 1, |category| category.0 as usize)
    }

    /// Whether dark letters are read better than white ones on a colour.
    pub(super) fn is_light(&self, place: usize) -> bool {
        self.colors.get(place).is_some_and(|color| luminance(color).is_some_and(|l| l > 0.36))
    }
}

/// How bright a colour in hexadecimal notation is, from 0 to 1; the others are not looked into.
fn luminance(color: &str) -> Option<f64> {
    let digits = color.strip_prefix('#')?;
    let pair = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let single = |at: usize| Some(u8::from_str_radix(digits.get(at..=at)?, 16).ok()? * 17);
    let channels = match digits.len() {
        6 | 8 => [pair(0)?, pair(2)?, pair(4)?],
        3 | 4 => [single(0)?, single(1)?, single(2)?],
        _ => return None,
    };
    // The relative luminance of WCAG 2, with a plain square for the curve.
    let [red, green, blue] = channels.map(|channel| (f64::from(channel) / 255.0).powi(2));
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_that_is_none_is_replaced() {
        let category = |color: Option<&str>| Category {
            key: "k".to_owned(),
            label: "k".to_owned(),
            color: color.map(str::to_owned),
        };
        let palette = Palette::of(&[
            category(Some("#fff")),
            category(Some("red}</style><script>")),
            category(None),
        ]);
        assert_eq!(palette.colors(), ["#fff", PALETTE[1], PALETTE[2], WITHOUT_CATEGORY]);
        assert!(palette.is_light(0) && !palette.is_light(2));
    }

    #[test]
    fn brightness_is_known_of_hexadecimal_colours() {
        assert_eq!(luminance("#000"), Some(0.0));
        assert_eq!(luminance("#ffffff"), Some(1.0));
        assert_eq!(luminance("white"), None);
        assert_eq!(luminance("#éa"), None);
    }
}
