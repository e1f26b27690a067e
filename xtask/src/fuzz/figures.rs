//! What libFuzzer says of a run, and the table of all runs.
//!
//! Must always hold: a figure that was not said is told as none, never as zero.

use std::fmt::Write;

/// The figures of one target.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Figures {
    /// Inputs that were tried.
    executions: Option<u64>,
    /// Edges of the code that were passed.
    edges: Option<u64>,
    /// Edges, with how often, and comparisons.
    features: Option<u64>,
    /// How long it ran.
    pub(super) seconds: u64,
    /// Inputs that are kept now and were not before.
    pub(super) new_inputs: usize,
    /// Inputs that are kept.
    pub(super) kept: usize,
    /// Inputs that failed and had not before.
    pub(super) crashes: usize,
    /// Whether it ended before its time.
    pub(super) has_failed: bool,
}

impl Figures {
    /// Hears a line, such as `#9 DONE cov: 21 ft: 30 corp: 4/9b exec/s: 3 rss: 38Mb` or
    /// `stat::number_of_executed_units: 9`.
    pub(super) fn hear(&mut self, line: &str) {
        if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
            self.executions = number.trim().parse().ok();
        }
        let Some(rest) = line.strip_prefix('#') else { return };
        let words: Vec<&str> = rest.split_whitespace().collect();
        let Some(executions) = words.first().and_then(|word| word.parse().ok()) else { return };
        // At a crash nothing else says how many there were.
        self.executions = Some(executions);
        for pair in words.windows(2) {
            match pair[0] {
                "cov:" => self.edges = pair[1].parse().ok(),
                "ft:" => self.features = pair[1].parse().ok(),
                _ => {}
            }
        }
    }

    fn cells(&self, target: &str) -> [String; 8] {
        let told = |figure: Option<u64>| figure.map_or_else(|| "-".to_owned(), |f| f.to_string());
        let a_second = self.executions.map(|executions| executions / self.seconds.max(1));
        [
            target.to_owned(),
            told(self.executions),
            told(a_second),
            told(self.edges),
            told(self.features),
            self.new_inputs.to_string(),
            self.kept.to_string(),
            self.crashes.to_string(),
        ]
    }
}

const HEADS: [&str; 8] =
    ["target", "executions", "a second", "edges", "features", "new inputs", "kept", "crashes"];

/// The table, a line a target.
pub(super) fn table(rows: &[(&str, Figures)]) -> String {
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(rows.iter().map(|(target, figures)| figures.cells(target)));
    let mut text = String::new();
    for line in lines {
        let [target, others @ ..] = line;
        // Writing to a text cannot fail.
        let _ = write!(text, "{target:<10}");
        for other in others {
            let _ = write!(text, " {other:>10}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_that_was_said_counts() {
        let mut figures = Figures { seconds: 4, new_inputs: 1, kept: 7, ..Figures::default() };
        assert!(table(&[("facts", figures.clone())]).contains("facts               -          -"));
        for line in [
            "INFO: Seed: 1",
            "#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 38Mb",
            "#512\tpulse  cov: 20 ft: 31 corp: 4/9b lim: 4 exec/s: 512 rss: 39Mb",
            "# of nothing",
            "stat::number_of_executed_units: 900",
            "stat::average_exec_per_sec: 225",
        ] {
            figures.hear(line);
        }
        let expected = "\
target     executions   a second      edges   features new inputs       kept    crashes
facts             900        225         20         31          1          7          0
";
        assert_eq!(table(&[("facts", figures)]), expected);
    }
}
