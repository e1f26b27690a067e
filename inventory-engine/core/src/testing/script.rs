//! A story's text taken apart: lines, words, seats and times. Knows no state.

use crate::time::Timestamp;

/// Second 0 of every story, so that request ids have a plausible time.
pub(super) const START: Timestamp = Timestamp(1_700_000_000_000);

/// One step of a story.
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
    pub(super) words: Vec<&'a str>,
    pub(super) expected: Option<&'a str>,
}

/// The lines of a story that are not empty, with their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let text = line.trim();
        let (asked, expected) = match text.split_once("=>") {
            Some((asked, expected)) => (asked, Some(expected.trim())),
            None => (text, None),
        };
        let words: Vec<&str> = asked.split_whitespace().collect();
        (!words.is_empty()).then_some(Line { number, text, words, expected })
    })
}

/// `900` or `899.999`, in seconds after the start.
pub(super) fn time(word: &str) -> Timestamp {
    START.plus_millis(millis(word))
}

/// `900` or `0.1` seconds, in milliseconds.
pub(super) fn millis(word: &str) -> u64 {
    let (seconds, fraction) = word.split_once('.').unwrap_or((word, ""));
    let fraction = format!("{fraction:0<3}");
    assert_eq!(fraction.len(), 3, "{word:?} is a time of at most three decimals");
    number(seconds) * 1_000 + number(&fraction)
}

pub(super) fn number(word: &str) -> u64 {
    word.parse().unwrap_or_else(|_| panic!("{word:?} is a number"))
}

/// Row and number of `A12`; `None` if the word is no seat.
pub(super) fn seat(word: &str) -> Option<(&str, u32)> {
    let digits = word.find(|letter: char| letter.is_ascii_digit())?;
    let (row, number) = word.split_at(digits);
    let is_row = !row.is_empty() && row.chars().all(|letter| letter.is_ascii_uppercase());
    Some((row, number.parse().ok()?)).filter(|_| is_row)
}

/// The labels that `A1` or `A1..8` means; `None` if the word is no seat.
pub(super) fn seats(word: &str) -> Option<Vec<String>> {
    let (first, last) = match word.split_once("..") {
        Some((first, last)) => (seat(first)?, Some(last.parse().ok()?)),
        None => (seat(word)?, None),
    };
    let (row, from) = first;
    Some((from..=last.unwrap_or(from)).map(|number| format!("{row}{number}")).collect())
}

/// The area, the number of places and the ticket type of `LAWN:3` or `LAWN:3/child`; `None` if
/// the word is no area.
pub(super) fn places(word: &str) -> Option<(&str, u32, Option<&str>)> {
    let (word, ticket_type) = typed(word);
    let (area, count) = word.split_once(':')?;
    Some((area, number(count) as u32, ticket_type))
}

/// A word and the ticket type behind its `/`.
pub(super) fn typed(word: &str) -> (&str, Option<&str>) {
    match word.split_once('/') {
        Some((word, ticket_type)) => (word, Some(ticket_type)),
        None => (word, None),
    }
}
