//! Every metric stands in docs/operations.md, and the page names none that there is not.
//!
//! A metric's name is a constant of text in a file that is called after metrics.

use crate::breach::Breach;
use crate::repository::Repository;
use crate::source::Source;

const PAGE: &str = "docs/operations.md";
const RULE: &str = "An operator can look up every metric.";
const FILES: [&str; 2] = ["/metrics.rs", "/metric_names.rs"];
const HEADING: &str = "## Metrics";
const ROW: &str = "| `";

/// Where the constants and the page differ.
pub fn check(repository: &Repository, sources: &[Source]) -> Vec<Breach> {
    let text = repository.file(PAGE).map_or("", |page| page.text.as_str());
    let rows = rows_of(text);
    let mut breaches = Vec::new();
    let mut names = Vec::new();
    for source in sources.iter().filter(|s| FILES.iter().any(|file| s.path.ends_with(file))) {
        for (line, name) in names_of(source) {
            if !rows.contains(&name) {
                breaches.push(Breach {
                    path: source.path.clone(),
                    line: Some(line),
                    rule: RULE,
                    found: format!("{name} is not in {PAGE}"),
                    remedy: "add a row: name, kind and labels, what it means",
                });
            }
            names.push(name);
        }
    }
    let stale = rows.iter().filter(|row| !names.contains(row));
    breaches.extend(stale.map(|name| Breach {
        path: PAGE.to_owned(),
        line: None,
        rule: RULE,
        found: format!("there is no metric {name}"),
        remedy: "take the row out",
    }));
    breaches
}

/// The names of the table under the heading.
fn rows_of(page: &str) -> Vec<&str> {
    let rest = page.split_once(HEADING).map_or("", |(_, rest)| rest);
    let section = rest.split("\n## ").next().unwrap_or("");
    let rows = section.lines().filter_map(|line| line.strip_prefix(ROW));
    rows.filter_map(|row| row.split_once('`').map(|(name, _)| name)).collect()
}

/// The constants of a file that are names of metrics, with their lines.
fn names_of(source: &Source) -> Vec<(usize, &str)> {
    let lines = (1..).zip(source.text.lines());
    let names = lines.filter_map(|(number, line)| {
        let line = line.trim_start();
        let line = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub "));
        let (_, value) = line?.strip_prefix("const ")?.split_once(": &str = \"")?;
        Some((number, value.strip_suffix("\";")?))
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::TextFile;

    #[test]
    fn names_and_rows_are_held_against_each_other() {
        let page = "## Metrics\n\n| `a_total` | counter | x |\n| `gone` | gauge | y |\n";
        let repository =
            Repository { files: vec![TextFile::new(PAGE, page)], ..Repository::default() };
        let code = "pub const A: &str = \"a_total\";\n/// B.\npub(crate) const B: &str = \"b\";\n\
                    const OWN: &str = \"c\";\npub const N: usize = 1;\n";
        let sources = [Source::new("x/src/metrics.rs", code), Source::new("x/src/y.rs", code)];
        let found: Vec<_> =
            check(&repository, &sources).into_iter().map(|breach| breach.found).collect();
        assert_eq!(found, ["b is not in docs/operations.md", "there is no metric gone"]);
    }
}
