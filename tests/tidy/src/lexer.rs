//! Tells code, comments and literals of a Rust file apart, line by line.
//!
//! Must always hold: what is taken out is replaced by spaces, so that lines and columns stay what
//! they were. A word in a string is nobody's import, and a word in a comment is nobody's call.

/// A Rust file in two views of the same shape.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Views {
    /// Without comments and without what is between quotes.
    pub code: String,
    /// Without what is between quotes.
    pub prose: String,
}

/// What a character belongs to.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// Splits a file.
pub fn split(text: &str) -> Views {
    let letters: Vec<char> = text.chars().collect();
    let mut parts = Vec::with_capacity(letters.len());
    while parts.len() < letters.len() {
        let (part, end) = next_part(&letters, parts.len());
        parts.resize(end.min(letters.len()), part);
    }
    let view = |keeps: fn(Part) -> bool| {
        let kept = letters
            .iter()
            .zip(&parts)
            .map(|(letter, part)| if keeps(*part) || *letter == '\n' { *letter } else { ' ' });
        kept.collect()
    };
    Views { code: view(|part| part == Part::Code), prose: view(|part| part != Part::Literal) }
}

/// What begins at `start`, and where it ends.
fn next_part(letters: &[char], start: usize) -> (Part, usize) {
    let at = |index: usize| letters.get(index).copied();
    match at(start) {
        Some('/') if at(start + 1) == Some('/') => {
            (Part::Comment, find(letters, start, |index| at(index) == Some('\n')))
        }
        Some('/') if at(start + 1) == Some('*') => (Part::Comment, end_of_block(letters, start)),
        Some('"') => (Part::Literal, end_of_string(letters, start)),
        Some('\'') => match end_of_character(letters, start) {
            Some(end) => (Part::Literal, end),
            None => (Part::Code, start + 1),
        },
        Some('r') => match end_of_raw_string(letters, start) {
            Some(end) => (Part::Literal, end),
            None => (Part::Code, start + 1),
        },
        _ => (Part::Code, start + 1),
    }
}

/// The first index from `start` on that fits, or the end.
fn find(letters: &[char], start: usize, fits: impl Fn(usize) -> bool) -> usize {
    (start..letters.len()).find(|index| fits(*index)).unwrap_or(letters.len())
}

fn end_of_block(letters: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut index = start;
    while index < letters.len() {
        match (letters[index], letters.get(index + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                index += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                index += 2;
                if depth == 0 {
                    return index;
                }
            }
            _ => index += 1,
        }
    }
    index
}

fn end_of_string(letters: &[char], start: usize) -> usize {
    let mut index = start + 1;
    while index < letters.len() {
        match letters[index] {
            '\\' => index += 2,
            '"' => return index + 1,
            _ => index += 1,
        }
    }
    index
}

/// The end of a character in quotes; none if the quote begins a lifetime.
fn end_of_character(letters: &[char], start: usize) -> Option<usize> {
    match (letters.get(start + 1)?, letters.get(start + 2)?) {
        ('\\', _) => Some(find(letters, start + 3, |index| letters[index] == '\'') + 1),
        (_, '\'') => Some(start + 3),
        _ => None,
    }
}

/// The end of a raw string; none if the `r` begins something else.
fn end_of_raw_string(letters: &[char], start: usize) -> Option<usize> {
    let before = |distance: usize| start.checked_sub(distance).map(|index| letters[index]);
    let is_name = |letter: Option<char>| letter.is_some_and(is_name_letter);
    let has_prefix = matches!(before(1), Some('b' | 'c')) && !is_name(before(2));
    if is_name(before(1)) && !has_prefix {
        return None;
    }
    let quote = find(letters, start + 1, |index| letters[index] != '#');
    if letters.get(quote) != Some(&'"') {
        return None;
    }
    let hashes = quote - start - 1;
    let closes = |index: usize| {
        letters[index] == '"'
            && letters[index + 1..].iter().take_while(|letter| **letter == '#').count() >= hashes
    };
    Some(find(letters, quote + 1, closes) + 1 + hashes)
}

/// Whether a letter can be part of a name.
pub(crate) fn is_name_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Where `wanted` stands in `text` as whole words: not as a part of a longer name.
pub fn find_words<'a>(text: &'a str, wanted: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(wanted).map(|(start, _)| start).filter(move |start| {
        let before = text[..*start].chars().next_back();
        let behind = text[start + wanted.len()..].chars().next();
        let goes_on_before =
            wanted.starts_with(is_name_letter) && before.is_some_and(is_name_letter);
        let goes_on_behind = wanted.ends_with(is_name_letter) && behind.is_some_and(is_name_letter);
        !goes_on_before && !goes_on_behind
    })
}

/// Whether `wanted` stands in `text` as whole words.
pub fn has_words(text: &str, wanted: &str) -> bool {
    find_words(text, wanted).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, code: &str, prose: &str) {
        let views = split(text);
        assert_eq!(views, Views { code: code.to_owned(), prose: prose.to_owned() });
    }

    #[test]
    fn comments_and_literals_are_told_from_code() {
        check("a // b\nc", "a     \nc", "a // b\nc");
        check("a /* b /* c */\n d */ e", "a             \n      e", "a /* b /* c */\n d */ e");
        check("f(\"a\\\"b\")g", "f(      )g", "f(      )g");
        check("f(\"//\") // \"", "f(    )     ", "f(    ) // \"");
        check("x(r#\"a\"b\"#)y", "x(        )y", "x(        )y");
        check("br\"a\\\"b", "b     b", "b     b");
        check(
            "'a' 'static '\\'' '\\u{7f}'",
            "    'static              ",
            "    'static              ",
        );
        check("for\"a\"", "for   ", "for   ");
        check("\"open", "     ", "     ");
    }

    #[test]
    fn words_are_whole() {
        assert!(has_words("use rand::Rng;", "rand"));
        assert!(!has_words("let operand = brand;", "rand"));
        assert!(has_words("a.unwrap()", ".unwrap()"));
        assert!(!has_words("std::timer::x", "std::time"));
        assert_eq!(find_words("x xx x", "x").collect::<Vec<_>>(), [0, 5]);
    }
}
