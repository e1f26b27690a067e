//! Every warning and every error of the log stands in docs/operations.md, with what it means and
//! what to do; and the page has no line that is never written.
//!
//! A message is the last literal among the arguments of `warn!` or `error!`. It is always the
//! same text, so that it can be looked up: numbers and names go into fields.

use crate::breach::Breach;
use crate::lexer::find_words;
use crate::repository::Repository;
use crate::source::Source;

const PAGE: &str = "docs/operations.md";
const RULE: &str = "An operator can look up every warning and error.";
/// The load tester is a tool for who sits in front of it, not for operators.
const TOOLS: &str = "loadtests/";
/// Where the rows of the table begin; the first cell is the message.
const ROW: &str = "| `";
const HEADING: &str = "## Warnings and errors";

/// A message and where it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Line {
    path: String,
    number: usize,
    level: &'static str,
    message: String,
}

/// Where the log and its page differ. A house without the page is told so.
pub fn check(repository: &Repository, sources: &[Source]) -> Vec<Breach> {
    let text = repository.file(PAGE).map_or("", |page| page.text.as_str());
    let rows = rows_of(text);
    let lines: Vec<Line> = sources.iter().flat_map(lines_of).collect();
    let mut breaches = Vec::new();
    for line in &lines {
        let (found, remedy) = if line.message.is_empty() || line.message.contains('{') {
            let found = format!("{:?} differs from time to time", line.message);
            (found, "say the same words each time, and put what differs into fields")
        } else if !rows.contains(&(line.message.as_str(), line.level)) {
            let found = format!("{} {:?} is not in {PAGE}", line.level, line.message);
            (found, "add a row: message, level, what it means, what to do")
        } else {
            continue;
        };
        let (path, number) = (line.path.clone(), Some(line.number));
        breaches.push(Breach { path, line: number, rule: RULE, found, remedy });
    }
    let is_written =
        |row: &(&str, &str)| lines.iter().any(|line| (line.message.as_str(), line.level) == *row);
    let stale = rows.iter().filter(|row| !is_written(row));
    breaches.extend(stale.map(|(message, level)| Breach {
        path: PAGE.to_owned(),
        line: None,
        rule: RULE,
        found: format!("no {level} says {message:?}"),
        remedy: "take the row out",
    }));
    breaches
}

/// The messages and levels of the table under the heading.
fn rows_of(page: &str) -> Vec<(&str, &str)> {
    let rest = page.split_once(HEADING).map_or("", |(_, rest)| rest);
    let section = rest.split("\n## ").next().unwrap_or("");
    let rows = section.lines().filter_map(|line| line.strip_prefix(ROW));
    rows.filter_map(|row| {
        let (message, rest) = row.split_once("` | ")?;
        let (level, _) = rest.split_once(" | ")?;
        Some((message, level))
    })
    .collect()
}

/// What the code of a file writes, tests aside.
fn lines_of(source: &Source) -> Vec<Line> {
    if source.path.starts_with(TOOLS) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for (call, level) in [("warn!(", "warning"), ("error!(", "error")] {
        for start in find_words(&source.code, call) {
            if source.is_test_at(start) {
                continue;
            }
            let arguments = start + call.len();
            let end = end_of_call(&source.code, arguments);
            lines.push(Line {
                path: source.path.clone(),
                number: source.line_at(start),
                level,
                message: last_literal(source, arguments, end),
            });
        }
    }
    lines
}

/// Where the parenthesis closes that was opened in front of `start`.
fn end_of_call(code: &str, start: usize) -> usize {
    let mut depth = 1_usize;
    for (index, letter) in code[start..].char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return start + index;
        }
    }
    code.len()
}

/// The last text in quotes, as the program prints it.
///
/// Offsets are those of characters where the views replace letters by spaces, so the text is
/// found by line and column rather than by byte.
fn last_literal(source: &Source, start: usize, end: usize) -> String {
    let letters_before = source.code[..start].chars().count();
    let letters = source.code[start..end].chars().count();
    let text: String = source.text.chars().skip(letters_before).take(letters).collect();
    let Some(close) = text.rfind('"') else { return String::new() };
    let Some(open) = text[..close].rfind('"') else { return String::new() };
    let mut message = String::new();
    let mut pieces = text[open + 1..close].split("\\\n");
    message.push_str(pieces.next().unwrap_or_default());
    pieces.for_each(|piece| message.push_str(piece.trim_start()));
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::TextFile;

    fn found(page: &str, code: &str) -> Vec<String> {
        let repository =
            Repository { files: vec![TextFile::new(PAGE, page)], ..Repository::default() };
        let sources = [Source::new("a/src/b.rs", code)];
        check(&repository, &sources).into_iter().map(|breach| breach.found).collect()
    }

    const TABLE: &str = "## Warnings and errors

| message | level | means | do |
|---|---|---|---|
| `the disk is slow` | warning | x | y |

## Else

| `z` | error |
";

    #[test]
    fn what_is_written_is_looked_up_by_message_and_level() {
        let code = "fn f() { warn!(ms, \"é\", \"the disk \\\n       is slow\"); }";
        assert_eq!(found(TABLE, code), [""; 0]);
        let other = code.replace("warn!", "tracing::error!");
        assert_eq!(
            found(TABLE, &other),
            [
                "error \"the disk is slow\" is not in docs/operations.md",
                "no warning says \"the disk is slow\"",
            ]
        );
    }

    #[test]
    fn a_message_that_differs_cannot_be_looked_up() {
        let code = "fn f() { warn!(\"the disk is slow\"); warn!(\"{x} ms\"); error!(?y); }";
        let told = found(TABLE, code);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("{x} ms"));
    }

    #[test]
    fn tests_and_comments_write_no_log() {
        let code = "// warn!(\"a\")\n#[cfg(test)]\nmod tests { fn f() { error!(\"b\"); } }\nfn g() \
                    { warn!(\"the disk is slow\") }";
        assert_eq!(found(TABLE, code), [""; 0]);
    }
}
