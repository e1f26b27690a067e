//! What is said about a broken rule. Whoever reads it has not read the rules.

use std::fmt;

/// A broken rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Breach {
    /// Where: a path from the root of the repository.
    pub path: String,
    /// In which line, if it is in one.
    pub line: Option<usize>,
    /// Which rule, as a sentence.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
    /// What to do.
    pub remedy: &'static str,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, found, remedy } = self;
        match line {
            Some(line) => write!(f, "{path}:{line}: {found}\n    rule: {rule}\n    do:   {remedy}"),
            None => write!(f, "{path}: {found}\n    rule: {rule}\n    do:   {remedy}"),
        }
    }
}

/// Fails the test that calls it with every breach there is.
///
/// # Panics
/// If there is any.
#[track_caller]
pub fn expect_none(breaches: &[Breach]) {
    let list: String = breaches.iter().map(|breach| format!("\n  {breach}")).collect();
    assert!(breaches.is_empty(), "{} breaches of a house rule:{list}", breaches.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted() -> Breach {
        Breach {
            path: "a/b.rs".to_owned(),
            line: Some(3),
            rule: "Nothing is green.",
            found: "something green".to_owned(),
            remedy: "paint it",
        }
    }

    #[test]
    fn a_breach_says_where_what_why_and_what_to_do() {
        let text = planted().to_string();
        for part in ["a/b.rs:3: something green", "rule: Nothing is green.", "do:   paint it"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    #[should_panic(expected = "2 breaches of a house rule")]
    fn any_breach_fails() {
        expect_none(&[planted(), planted()]);
    }
}
