//! What every file looks like: short enough to read in a sitting, introduced by a few words, with
//! nothing left over from writing it; and what tests and the rest of the code must not do.

use crate::breach::Breach;
use crate::exceptions::{Exception, excuse};
use crate::lexer::has_words;
use crate::repository::TextFile;
use crate::source::Source;

const FILE_LINES_MAX: usize = 600;
const LINE_COLUMNS_MAX: usize = 100;
/// Words that mean 'later'.
const MARKERS: [&str; 3] = ["TODO", "FIXME", "XXX"];
/// Macros that stand where code is missing or was watched.
const LEFTOVERS: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];
/// Calls that wait for time to pass.
const SLEEPS: [&str; 3] = ["sleep(", "sleep_until(", "sleep_ms("];

/// Files that are too long to be read in a sitting.
pub fn long_files(files: &[TextFile]) -> Vec<Breach> {
    let long = files.iter().filter(|file| {
        file.extension() != "lock" && !is_generated(&file.text) && lines(file) > FILE_LINES_MAX
    });
    let breach = |file: &TextFile| Breach {
        path: file.path.clone(),
        line: None,
        rule: "No file is longer than 600 lines, unless it is generated.",
        found: format!("{} lines", lines(file)),
        remedy: "split it where its parts have names of their own; generated files say @generated",
    };
    long.map(breach).collect()
}

fn lines(file: &TextFile) -> usize {
    file.text.lines().count()
}

fn is_generated(text: &str) -> bool {
    text.lines().take(3).any(|line| line.contains("@generated"))
}

/// Lines that are too wide to be read side by side.
pub fn wide_lines(sources: &[Source]) -> Vec<Breach> {
    let rule = "No line of Rust is wider than 100 columns, unless a URL makes it so.";
    let remedy = "break the line; cargo fmt does it for code";
    breaches_by_line(sources, rule, remedy, |source| {
        let columns = |line: &str| line.chars().count();
        let wide = source
            .text
            .lines()
            .zip(1..)
            .filter(|(line, _)| columns(line) > LINE_COLUMNS_MAX && !line.contains("://"));
        wide.map(|(line, number)| (number, format!("{} columns", columns(line)))).collect()
    })
}

/// Modules without a word of what they are for.
pub fn missing_introductions(sources: &[Source]) -> Vec<Breach> {
    let rule = "Every module begins with //!: what it is for and what must always hold.";
    let remedy = "write three to ten lines at the top";
    breaches_by_line(sources, rule, remedy, |source| {
        let first = source.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let is_introduced = first.strip_prefix("//!").is_some_and(|words| words.trim().len() > 1);
        let found = || vec![(1, "no introduction".to_owned())];
        if is_introduced { Vec::new() } else { found() }
    })
}

/// Words in code, comments and contracts that put something off.
pub fn markers(files: &[TextFile], sources: &[Source]) -> Vec<Breach> {
    let rule = "Nothing is put off in the code.";
    let remedy = "do it now, or leave it out together with the remark";
    let in_text = |text: &str| {
        let marked = text.lines().zip(1..).filter_map(|(line, number)| {
            let marker = MARKERS.iter().find(|marker| has_words(line, marker))?;
            Some((number, (*marker).to_owned()))
        });
        marked.collect::<Vec<_>>()
    };
    let mut breaches = breaches_by_line(sources, rule, remedy, |source| in_text(&source.prose));
    let others = files.iter().filter(|file| {
        matches!(file.extension(), "css" | "html" | "js" | "proto" | "sh" | "sql" | "toml" | "yaml")
    });
    for file in others {
        let found = in_text(&file.text).into_iter();
        breaches.extend(found.map(|(line, found)| Breach {
            path: file.path.clone(),
            line: Some(line),
            rule,
            found,
            remedy,
        }));
    }
    breaches
}

/// Macros that stand where code is missing.
pub fn leftovers(sources: &[Source]) -> Vec<Breach> {
    let rule = "No todo!, unimplemented! or dbg! is left over.";
    let remedy = "write the code, or return a typed error";
    breaches_by_line(sources, rule, remedy, |source| lines_with(source, &LEFTOVERS, |_| true))
}

/// Tests that are not run.
pub fn ignored_tests(sources: &[Source]) -> Vec<Breach> {
    let rule = "No test is ignored.";
    let remedy = "mend the test or take it out; a long form belongs behind HOLDFAST_TEST_LONG";
    breaches_by_line(sources, rule, remedy, |source| lines_with(source, &["#[ignore"], |_| true))
}

/// Tests that wait for time to pass.
pub fn sleeping_tests(sources: &[Source], exceptions: &[Exception]) -> Vec<Breach> {
    let rule = "No test sleeps to wait for something.";
    let remedy = "wait for the thing itself: a channel, a line of output, an answer; if there is \
                  none, name the file and the reason in tests/tidy/src/exceptions.rs";
    let breaches = breaches_by_line(sources, rule, remedy, |source| {
        lines_with(source, &SLEEPS, |is_test| is_test)
    });
    excuse(breaches, exceptions)
}

/// Errors that are not handled outside of tests.
pub fn unwraps(sources: &[Source]) -> Vec<Breach> {
    let rule = "No unwrap outside of tests.";
    let remedy = "pass the error on; where it cannot happen, expect with the invariant in words";
    breaches_by_line(sources, rule, remedy, |source| {
        lines_with(source, &[".unwrap()"], |is_test| !is_test)
    })
}

/// The lines of the code that have one of the words, among those that are tests or not.
fn lines_with(
    source: &Source,
    words: &[&str],
    concerns: impl Fn(bool) -> bool,
) -> Vec<(usize, String)> {
    let lines = source.code_lines().filter(|(_, _, is_test)| concerns(*is_test));
    let found = lines.filter_map(|(number, line, _)| {
        let word = words.iter().find(|word| has_words(line, word))?;
        Some((number, (*word).to_owned()))
    });
    found.collect()
}

fn breaches_by_line(
    sources: &[Source],
    rule: &'static str,
    remedy: &'static str,
    find: impl Fn(&Source) -> Vec<(usize, String)>,
) -> Vec<Breach> {
    let breaches = sources.iter().flat_map(|source| {
        let path = source.path.clone();
        find(source).into_iter().map(move |(line, found)| Breach {
            path: path.clone(),
            line: Some(line),
            rule,
            found,
            remedy,
        })
    });
    breaches.collect()
}

#[cfg(test)]
mod tests;
