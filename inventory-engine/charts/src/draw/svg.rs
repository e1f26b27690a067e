//! Text and numbers as they may stand in an SVG. Labels come from files and from people: whatever
//! they are, they stay text.

use std::fmt;

/// A text as character data or as the value of an attribute. What XML cannot hold at all is
/// replaced.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                control if control.is_control() => f.write_char('\u{fffd}')?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// A length in pixels, to a tenth.
#[derive(Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = tenths(self.0);
        let (whole, rest) = (tenths / 10, (tenths % 10).abs());
        let sign = if tenths < 0 && whole == 0 { "-" } else { "" };
        match rest {
            0 => write!(f, "{whole}"),
            rest => write!(f, "{sign}{whole}.{rest}"),
        }
    }
}

/// A length in tenths of a pixel.
pub(super) fn tenths(px: f64) -> i64 {
    (px * 10.0).round() as i64
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things: "1 seat", "2 seats".
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A text of so many letters at most.
pub(super) fn clipped(text: &str, letters_max: usize) -> String {
    match text.char_indices().nth(letters_max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(letters_max - 1).chain(['…']).collect(),
    }
}

/// About how wide a text is. Nobody knows which font will show it.
pub(super) fn text_width(text: &str, font_size: f64) -> f64 {
    let width = |letter: char| match letter {
        'i' | 'l' | 'j' | 't' | 'f' | 'r' | ' ' | '.' | ',' | '-' | '\'' | '(' | ')' => 0.36,
        'm' | 'w' | 'M' | 'W' => 0.88,
        'A'..='Z' => 0.68,
        ' '..='\u{24f}' => 0.57,
        _ => 1.0,
    };
    text.chars().map(width).sum::<f64>() * font_size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let text = "</text><script>alert('1')</script>&\"\u{0}\u{1b}\u{ffff}é";
        assert_eq!(
            Escaped(text).to_string(),
            "&lt;/text&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\
             \u{fffd}\u{fffd}\u{fffd}é"
        );
    }

    #[test]
    fn lengths_have_a_digit_after_the_point_at_most() {
        let shown: Vec<_> = [0.0, -0.04, -0.3, 7.0, 7.06, -12.34, 1e4]
            .map(|length| Px(length).to_string())
            .to_vec();
        assert_eq!(shown, ["0", "0", "-0.3", "7", "7.1", "-12.3", "10000"]);
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_048_576), "1,048,576");
        assert_eq!(counted(1, "seat", "seats"), "1 seat");
        assert_eq!(clipped("Balcony", 4), "Bal…");
        assert_eq!(clipped("Bar", 4), "Bar");
    }
}
