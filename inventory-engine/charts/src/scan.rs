//! One pass over the bytes before anything is read: how deep the nesting goes and how many
//! objects there are, which is what memory and the reader's stack depend on. It does not judge
//! whether the bytes are JSON; on bytes that are not, its counts are merely counts.

use std::borrow::Cow;

use crate::limits::{DEPTH_MAX, FILE_BYTES_MAX};
use crate::mistake::{Mistakes, Problem};

const REASON_CHARS_MAX: usize = 200;

/// Digits in a row that a number may have before it could be too large for a float.
const DIGITS_SAFE: usize = 300;

/// As many bytes as the shortest number that is too large.
const STAND_IN: &[u8] = b"9e307";

/// The bytes without the mark that some editors put in front of a text, and the number of
/// objects in them. Numbers that no float can be are replaced by one that is merely far too
/// large, so that whoever reads it can say which object it belongs to.
pub(crate) fn scan(bytes: &[u8]) -> Result<(Cow<'_, [u8]>, usize), Mistakes> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Mistakes::whole(Problem::FileTooLarge { bytes: bytes.len() }));
    }
    if let Some(found) = encoding(bytes) {
        return Err(Mistakes::whole(Problem::Encoding { found }));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut depth, mut objects) = (0_usize, 0_usize);
    let mut has_too_large = false;
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'"' => position = text_end(bytes, position),
            b'-' | b'0'..=b'9' => {
                let end = number_end(bytes, position);
                has_too_large = has_too_large || is_too_large(&bytes[position..end]);
                position = end;
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                objects += usize::from(*byte == b'{');
                if depth > DEPTH_MAX {
                    let (line, column) = line_and_column(bytes, position);
                    return Err(Mistakes::whole(Problem::TooDeep { line, column }));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        position += 1;
    }
    let bytes = if has_too_large { Cow::Owned(tamed(bytes)) } else { Cow::Borrowed(bytes) };
    Ok((bytes, objects))
}

/// The encoding of a text that is not in UTF-8, where its first bytes say so.
fn encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] | [_, 0, 0, 0, ..] | [0, 0, 0, _, ..] => {
            Some("UTF-32")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => Some("UTF-16"),
        [0x1f, 0x8b, ..] => Some("gzip"),
        [b'P', b'K', 3, 4, ..] => Some("zip"),
        _ => None,
    }
}

/// The position of the quote that ends the text which starts at a position.
fn text_end(bytes: &[u8], start: usize) -> usize {
    let mut position = start + 1;
    loop {
        match bytes.get(position) {
            Some(b'\\') => position += 2,
            Some(b'"') | None => return position,
            Some(_) => position += 1,
        }
    }
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let rest = bytes[start..].iter();
    start + rest.take_while(|byte| is_part(byte)).count()
}

/// Whether a number is one, and infinite as a float.
fn is_too_large(number: &[u8]) -> bool {
    let may_be = number.len() >= STAND_IN.len()
        && (number.len() > DIGITS_SAFE || number.iter().any(|byte| byte | 32 == b'e'));
    let value = may_be.then(|| str::from_utf8(number).ok()?.parse::<f64>().ok()).flatten();
    value.is_some_and(f64::is_infinite)
}

fn tamed(bytes: &[u8]) -> Vec<u8> {
    let mut tamed = bytes.to_vec();
    let mut position = 0;
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'"' => position = text_end(bytes, position) + 1,
            b'-' | b'0'..=b'9' => {
                let end = number_end(bytes, position);
                if is_too_large(&bytes[position..end]) {
                    tamed[position..end].fill(b' ');
                    tamed[position..position + STAND_IN.len()].copy_from_slice(STAND_IN);
                }
                position = end;
            }
            _ => position += 1,
        }
    }
    tamed
}

/// What the JSON reader says, as a mistake of the whole file.
pub(crate) fn unreadable(error: &serde_json::Error) -> Mistakes {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let reason = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    // It may quote from the file, at any length.
    let reason = reason.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
    Mistakes::whole(Problem::Unreadable { line, column, reason })
}

fn line_and_column(bytes: &[u8], position: usize) -> (usize, usize) {
    let before = &bytes[..position];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mistake::Mistake;

    #[test]
    fn brackets_in_texts_do_not_count() {
        let (bytes, objects) = scan(br#"{"a": "{{[[\"{", "b": [{}, {}]}"#).unwrap();
        assert_eq!((bytes.len(), objects), (31, 3));
    }

    #[test]
    fn a_number_too_large_keeps_its_place_and_its_sign_does_not_matter() {
        let read = |text: &str| {
            let (bytes, _) = scan(text.as_bytes()).unwrap();
            String::from_utf8(bytes.into_owned()).unwrap()
        };
        assert_eq!(read("[1e999, -1E+400,2]"), "[9e307, 9e307  ,2]");
        let digits = "9".repeat(400);
        assert_eq!(read(&format!("[{digits}]")), format!("[9e307{}]", " ".repeat(395)));
        for untouched in ["[1e-999]", "[1e308]", "[\"1e999\"]", "[1e999e999]", "[-]", "1-e9999"] {
            assert_eq!(read(untouched), untouched);
        }
    }

    #[test]
    fn other_encodings_are_named() {
        let found = |bytes: &[u8]| match scan(bytes).map_err(|mut found| found.list.remove(0)) {
            Err(Mistake { problem: Problem::Encoding { found }, .. }) => Some(found),
            _ => None,
        };
        let wide: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(&wide), Some("UTF-16"));
        assert_eq!(found(&[[0xfe_u8, 0xff].as_slice(), b"\0{\0}"].concat()), Some("UTF-16"));
        assert_eq!(found(b"{\0\0\0}\0\0\0"), Some("UTF-32"));
        assert_eq!(found(b"PK\x03\x04"), Some("zip"));
        assert_eq!(found("{\"é\": 1}".as_bytes()), None);
        assert_eq!(found(b"{}"), None);
    }

    #[test]
    fn too_deep_is_refused_with_its_place() {
        let text = format!("\n{}", "[".repeat(DEPTH_MAX + 1));
        let mistakes = scan(text.as_bytes()).unwrap_err();
        let problem = &mistakes.list[0].problem;
        assert_eq!(*problem, Problem::TooDeep { line: 2, column: DEPTH_MAX + 1 });
        assert!(scan("[".repeat(DEPTH_MAX).as_bytes()).is_ok());
    }
}
