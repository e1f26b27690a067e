//! `holdfast chart`: seat maps, looked at before they are sold.
//!
//! What is in a chart goes to stdout. Every mistake of a file goes to stderr, all at once, and
//! makes the exit code 1.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use inventory_charts::limits::FILE_BYTES_MAX;
use inventory_charts::{Format, inspect};

/// What can be done with a chart.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ChartCommand {
    /// Say what is in a chart, or everything that is wrong with it
    Inspect(InspectArgs),
}

/// Which chart, and how it is read.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The chart
    file: PathBuf,
    /// Its format: holdfast, canonical or seats-io [default: found by content]
    #[arg(long)]
    format: Option<Format>,
}

/// Does what was asked for.
pub(crate) fn run(command: ChartCommand) -> anyhow::Result<ExitCode> {
    let ChartCommand::Inspect(args) = command;
    let mut stdout = BufWriter::new(io::stdout().lock());
    inspect_to(&args, &mut stdout, &mut io::stderr().lock())
}

fn inspect_to(
    args: &InspectArgs,
    out: &mut impl Write,
    problems: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let bytes =
        read(&args.file).with_context(|| format!("reading the chart {}", args.file.display()))?;
    let report = match inspect::inspect(&bytes, args.format) {
        Ok(report) => report,
        Err(mistakes) => {
            writeln!(problems, "{}: {mistakes}", args.file.display()).context("reporting")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    match write!(out, "{report}").and_then(|()| out.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        written => written.map(|()| ExitCode::SUCCESS).context("writing the report"),
    }
}

/// The bytes of a file, but hardly more of them than a chart may have: the import then refuses
/// what is too large, whatever the file is.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Exit code, stdout and stderr of an inspection of a file with this content.
    fn inspected(content: &str) -> (String, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chart.json");
        fs::write(&file, content).unwrap();
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        let code =
            inspect_to(&InspectArgs { file, format: None }, &mut out, &mut problems).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (format!("{code:?}"), text(out), text(problems))
    }

    const GOOD: &str = r#"{"format": "holdfast-chart", "version": 1, "name": "Small hall",
        "rows": [{"label": "A", "seats": [
            {"label": "1", "x": 0, "y": 0}, {"label": "2", "x": 1, "y": 0}]}]}"#;

    #[test]
    fn a_chart_is_reported_on_stdout() {
        let (code, out, problems) = inspected(GOOD);
        assert_eq!(problems, "");
        assert_eq!(code, format!("{:?}", ExitCode::SUCCESS));
        assert!(out.contains("Small hall"), "{out}");
    }

    #[test]
    fn every_mistake_is_listed_on_stderr() {
        let both_nowhere = GOOD.replace("\"y\": 0", "\"y\": []");
        let (code, out, problems) = inspected(&both_nowhere);
        assert_eq!(code, format!("{:?}", ExitCode::FAILURE));
        assert_eq!(out, "");
        assert!(problems.contains("chart.json: the chart has 2 mistakes"), "{problems}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let args = InspectArgs { file: PathBuf::from("/nowhere/chart.json"), format: None };
        let error = inspect_to(&args, &mut Vec::new(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "reading the chart /nowhere/chart.json");
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chart.json");
        fs::write(&file, GOOD).unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        drop(reader);
        let args = InspectArgs { file, format: Some(Format::Holdfast) };
        let code = inspect_to(&args, &mut writer, &mut Vec::new()).unwrap();
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    }
}
