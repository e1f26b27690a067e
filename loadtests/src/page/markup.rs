//! Text on its way into the page. Everything that did not come from this crate's own sources goes
//! through here: labels of charts, words of servers and arguments of people can hold anything.
//!
//! The page is well-formed XML as well as HTML, so that a small parser can check it.

use std::fmt::{self, Write as _};

use serde::Serialize;

/// Stands for letters that no page can carry, or that would turn the letters around them.
const REPLACEMENT: char = '\u{fffd}';

/// Text for an element or for an attribute in double quotes.
pub(super) struct Escaped<'a>(&'a str);

pub(super) fn esc(text: &str) -> Escaped<'_> {
    Escaped(text)
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                letter => f.write_char(if is_harmful(letter) { REPLACEMENT } else { letter })?,
            }
        }
        Ok(())
    }
}

/// Whether XML forbids the letter, or it would reorder what stands beside it.
pub(super) fn is_harmful(letter: char) -> bool {
    match letter {
        '\t' | '\n' | '\r' => false,
        '\u{fffe}' | '\u{ffff}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        letter => letter.is_control(),
    }
}

/// JSON that can stand within a script element: nothing in it can end the element.
pub(super) fn json(value: &impl Serialize) -> String {
    // Numbers and strings alone are written here, and those cannot fail.
    let plain = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    let mut safe = String::with_capacity(plain.len());
    for letter in plain.chars() {
        if matches!(letter, '<' | '>' | '&') || (letter != '\n' && is_harmful(letter)) {
            let _ = write!(safe, "\\u{:04x}", letter as u32);
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// At most so many letters, with a sign that there were more.
pub(super) fn clip(text: &str, letters_max: usize) -> String {
    if text.chars().count() <= letters_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(letters_max.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_leave_its_element_or_its_attribute() {
        let hostile = "</script><b a='1' b=\"2\">&\u{0}\u{202e}\u{ffff}";
        let text = esc(hostile).to_string();
        assert!(!text.contains(['<', '>', '"', '\'']), "{text}");
        assert_eq!(esc("a & b").to_string(), "a &amp; b");
        assert!(text.ends_with("&amp;\u{fffd}\u{fffd}\u{fffd}"), "{text}");
        let data = json(&hostile);
        assert!(!data.contains(['<', '>', '&']), "{data}");
        assert_eq!(serde_json::from_str::<String>(&data).unwrap(), hostile);
    }

    #[test]
    fn what_is_clipped_says_so() {
        assert_eq!(clip("täglich", 7), "täglich");
        assert_eq!(clip("täglich", 4), "täg…");
    }
}
