//! How to repeat the run: the command, the options as they were, and what a seed fixes.

use std::fmt::Write as _;

use super::Page;
use super::markup::{clip, esc};
use super::numbers::{date, plain};

/// Letters of one option's value.
const VALUE_LETTERS_MAX: usize = 300;

/// Where a run came from: what the report does not know.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The program's version.
    pub version: String,
    /// Settings by name, as they were in the end, defaults included.
    pub options: Vec<(&'static str, String)>,
}

pub(super) fn section(page: &Page<'_>) -> String {
    let (report, origin) = (page.report, page.origin);
    let mut html = String::from(
        "<section id=\"repeat\"><h2>How to repeat it</h2>\n<p class=\"lead\">The same seed and \
         options bring the same buyers at the same moments with the same intentions. What then \
         happens also depends on the timing of the server and the machine.</p>\n",
    );
    if !origin.command.is_empty() {
        let words: Vec<String> = origin.command.iter().map(|word| quoted(word)).collect();
        let _ = writeln!(html, "<pre><code>{}</code></pre>", esc(&words.join(" ")));
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let known = [
        ("seed", report.seed.to_string()),
        ("scheduled buyers", super::numbers::count(report.buyers)),
        ("over", format!("{} s", plain(report.over_secs, 3))),
        ("curve", report.curve.to_string()),
        ("door", report.transport.to_owned()),
        ("event", report.event_id.to_string()),
    ];
    let about = [
        ("doors opened", date(page.picture.opened_at_millis)),
        ("holdfast", origin.version.clone()),
        ("machine", format!("{} {}, {cores} cores", std::env::consts::OS, std::env::consts::ARCH)),
    ];
    html.push_str("<dl class=\"options\">\n");
    for (name, value) in known.into_iter().chain(origin.options.iter().cloned()).chain(about) {
        if !value.is_empty() {
            let value = clip(&value, VALUE_LETTERS_MAX);
            let _ = writeln!(html, "<div><dt>{}</dt><dd>{}</dd></div>", esc(name), esc(&value));
        }
    }
    html.push_str("</dl>\n</section>\n");
    html
}

/// A word as a shell takes it. What stands between `://` and `@` may be a password, and is left
/// out.
fn quoted(word: &str) -> String {
    let word = match word.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://…@{host}"),
            None => word.to_owned(),
        },
        None => word.to_owned(),
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,+%@…".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted_and_tells_no_password() {
        for (word, text) in [
            ("--seed", "--seed"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
            ("http://ann:secret@host:80", "http://…@host:80"),
            ("--target=grpc://host:7070", "--target=grpc://host:7070"),
        ] {
            assert_eq!(quoted(word), text);
        }
    }
}
