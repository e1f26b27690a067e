//! One pass over the bytes before anything is read: how deep the nesting goes and how many
//! objects there are, which is what memory and the reader's stack depend on. It does not judge
//! whether the bytes are JSON; on bytes that are not, its counts are merely counts.

use crate::limits::{DEPTH_MAX, FILE_BYTES_MAX};
use crate::mistake::{Mistakes, Problem};

const REASON_CHARS_MAX: usize = 200;

/// The bytes without the mark that some editors put in front of a text, and the number of
/// objects in them.
pub(crate) fn scan(bytes: &[u8]) -> Result<(&[u8], usize), Mistakes> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Mistakes::whole(Problem::FileTooLarge { bytes: bytes.len() }));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut depth, mut objects) = (0_usize, 0_usize);
    let (mut in_text, mut is_escaped) = (false, false);
    for (position, byte) in bytes.iter().enumerate() {
        if in_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
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
    }
    Ok((bytes, objects))
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

    #[test]
    fn brackets_in_texts_do_not_count() {
        let (bytes, objects) = scan(br#"{"a": "{{[[\"{", "b": [{}, {}]}"#).unwrap();
        assert_eq!((bytes.len(), objects), (31, 3));
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
