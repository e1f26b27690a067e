//! `holdfast chart`: seat maps, looked at before they are sold, drawn, and written out again.
//!
//! What was asked for goes to stdout, or to the file that `--out` names. Every mistake of a chart
//! goes to stderr, all at once, and makes the exit code 1; so do warnings, which do not.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use inventory_charts::limits::FILE_BYTES_MAX;
use inventory_charts::{
    Format, Imported, Mistakes, Report, draw, generate, import, to_canonical_bytes, to_document,
};
use inventory_core::chart::Chart;

/// What can be done with a chart.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ChartCommand {
    /// Say what is in a chart, or everything that is wrong with it
    Inspect(InspectArgs),
    /// Write a chart in our own format, whatever format it came in
    Export(ExportArgs),
    /// Draw a chart as an SVG to look at
    Draw(DrawArgs),
}

/// Which chart, and how it is read.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The chart
    file: PathBuf,
    /// Its format: holdfast, canonical, seats-io or pretix [default: found by content]
    #[arg(long)]
    format: Option<Format>,
}

/// Which chart, and how it is written.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The chart [default: the venue that `holdfast up` puts on sale]
    file: Option<PathBuf>,
    /// Its format: holdfast, canonical, seats-io or pretix [default: found by content]
    #[arg(long)]
    from: Option<Format>,
    /// What to write: the format that people write, or the one that charts are stored in
    #[arg(long, value_enum, default_value_t = ExportFormat::Holdfast)]
    format: ExportFormat,
    /// Where to write it [default: stdout]
    #[arg(long)]
    out: Option<PathBuf>,
}

/// The formats that are written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// Our own, pleasant to read and to change
    Holdfast,
    /// Our own, as charts are stored and named
    Canonical,
}

/// Which chart, and where the drawing goes.
#[derive(Debug, clap::Args)]
pub(crate) struct DrawArgs {
    /// The chart [default: the venue that `holdfast up` puts on sale]
    file: Option<PathBuf>,
    /// Its format: holdfast, canonical, seats-io or pretix [default: found by content]
    #[arg(long)]
    format: Option<Format>,
    /// Where to write the SVG [default: stdout]
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Does what was asked for.
pub(crate) fn run(command: ChartCommand) -> anyhow::Result<ExitCode> {
    let mut streams = Streams { out: io::stdout().lock(), problems: io::stderr().lock() };
    match command {
        ChartCommand::Inspect(args) => streams.inspect(&args),
        ChartCommand::Export(args) => streams.export(&args),
        ChartCommand::Draw(args) => streams.draw(&args),
    }
}

/// Where what was asked for goes, and where what is wrong goes.
struct Streams<O, P> {
    out: O,
    problems: P,
}

impl<O: Write, P: Write> Streams<O, P> {
    fn inspect(&mut self, args: &InspectArgs) -> anyhow::Result<ExitCode> {
        match read(&args.file, args.format)? {
            Ok(imported) => self.write(None, Report::of(&imported).to_string().as_bytes()),
            Err(mistakes) => self.tell(&args.file, &mistakes),
        }
    }

    fn export(&mut self, args: &ExportArgs) -> anyhow::Result<ExitCode> {
        self.with_chart(args.file.as_deref(), args.from, args.out.as_deref(), |chart| {
            match args.format {
                ExportFormat::Holdfast => to_document(chart).into_bytes(),
                ExportFormat::Canonical => to_canonical_bytes(chart),
            }
        })
    }

    fn draw(&mut self, args: &DrawArgs) -> anyhow::Result<ExitCode> {
        self.with_chart(args.file.as_deref(), args.format, args.out.as_deref(), |chart| {
            draw::to_svg(chart).into_bytes()
        })
    }

    /// Writes what can be made of a chart.
    fn with_chart(
        &mut self,
        file: Option<&Path>,
        format: Option<Format>,
        out: Option<&Path>,
        make: impl Fn(&Chart) -> Vec<u8>,
    ) -> anyhow::Result<ExitCode> {
        let Some(file) = file else { return self.write(out, &make(&generate::demonstration())) };
        match read(file, format)? {
            Ok(Imported { chart, warnings, .. }) => {
                for warning in warnings {
                    writeln!(self.problems, "warning: {warning}").context("reporting")?;
                }
                self.write(out, &make(&chart))
            }
            Err(mistakes) => self.tell(file, &mistakes),
        }
    }

    fn tell(&mut self, file: &Path, mistakes: &Mistakes) -> anyhow::Result<ExitCode> {
        writeln!(self.problems, "{}: {mistakes}", file.display()).context("reporting")?;
        Ok(ExitCode::FAILURE)
    }

    fn write(&mut self, out: Option<&Path>, bytes: &[u8]) -> anyhow::Result<ExitCode> {
        let Some(path) = out else {
            return match self.out.write_all(bytes).and_then(|()| self.out.flush()) {
                // Whoever reads has seen enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
                written => written.map(|()| ExitCode::SUCCESS).context("writing to stdout"),
            };
        };
        let write_file = || {
            let mut file = BufWriter::new(File::create(path)?);
            file.write_all(bytes)?;
            file.flush()
        };
        write_file().with_context(|| format!("writing {}", path.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads a chart, but hardly more bytes than a chart may have: the import then refuses what is too
/// large, whatever the file is.
fn read(path: &Path, format: Option<Format>) -> anyhow::Result<Result<Imported, Mistakes>> {
    let read = || {
        let file = File::open(path)?;
        // Of a pipe nobody knows how long it is; it is bounded all the same.
        let bytes_max = FILE_BYTES_MAX as u64 + 1;
        let bytes_expected = file.metadata()?.len().min(bytes_max) + 1;
        let mut bytes = Vec::with_capacity(bytes_expected as usize);
        file.take(bytes_max).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    let bytes = read().with_context(|| format!("reading the chart {}", path.display()))?;
    Ok(import(&bytes, format))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const GOOD: &str = r#"{"format": "holdfast-chart", "version": 1, "name": "Small hall",
        "rows": [{"label": "A", "seats": [
            {"label": "1", "x": 0, "y": 0}, {"label": "2", "x": 1, "y": 0}]}]}"#;

    /// A folder with a chart of this content, and its path.
    fn chart(content: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chart.json");
        fs::write(&file, content).unwrap();
        (folder, file)
    }

    /// Exit code, stdout and stderr of a command.
    fn done(
        command: impl FnOnce(&mut Streams<Vec<u8>, Vec<u8>>) -> anyhow::Result<ExitCode>,
    ) -> (bool, String, String) {
        let mut streams = Streams { out: Vec::new(), problems: Vec::new() };
        let code = command(&mut streams).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let is_success = format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS);
        (is_success, text(streams.out), text(streams.problems))
    }

    fn inspected(content: &str) -> (bool, String, String) {
        let (_folder, file) = chart(content);
        done(|streams| streams.inspect(&InspectArgs { file, format: None }))
    }

    #[test]
    fn a_chart_is_reported_on_stdout() {
        let (is_success, out, problems) = inspected(GOOD);
        assert!(is_success);
        assert_eq!(problems, "");
        assert!(out.contains("Small hall"), "{out}");
    }

    #[test]
    fn every_mistake_is_listed_on_stderr() {
        let both_nowhere = GOOD.replace("\"y\": 0", "\"y\": []");
        let (is_success, out, problems) = inspected(&both_nowhere);
        assert!(!is_success);
        assert_eq!(out, "");
        assert!(problems.contains("chart.json: the chart has 2 mistakes"), "{problems}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let file = PathBuf::from("/nowhere/chart.json");
        let mut streams = Streams { out: Vec::new(), problems: Vec::new() };
        let error = streams.inspect(&InspectArgs { file, format: None }).unwrap_err();
        assert_eq!(error.to_string(), "reading the chart /nowhere/chart.json");
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let (_folder, file) = chart(GOOD);
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut streams = Streams { out: writer, problems: Vec::new() };
        let format = Some(Format::Holdfast);
        let code = streams.inspect(&InspectArgs { file, format }).unwrap();
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::SUCCESS));
    }

    #[test]
    fn an_export_is_the_same_chart_in_either_format() {
        let (folder, file) = chart(GOOD);
        let hash = |file: &Path| {
            let imported = read(file, None).unwrap().unwrap();
            Report::of(&imported).content_hash
        };
        for format in [ExportFormat::Holdfast, ExportFormat::Canonical] {
            let out = folder.path().join("again.json");
            let args =
                ExportArgs { file: Some(file.clone()), from: None, format, out: Some(out.clone()) };
            let (is_success, stdout, problems) = done(|streams| streams.export(&args));
            assert!(is_success);
            assert_eq!(stdout, "");
            assert!(problems.starts_with("warning: 2 seats"), "{problems}");
            assert_eq!(hash(&out), hash(&file), "{format:?}");
        }
    }

    #[test]
    fn without_a_file_it_is_the_demonstration_venue_that_is_drawn() {
        let args = DrawArgs { file: None, format: None, out: None };
        let (is_success, out, problems) = done(|streams| streams.draw(&args));
        assert!(is_success);
        assert_eq!(problems, "");
        assert!(out.starts_with("<svg ") && out.ends_with("</svg>\n"));
        assert!(out.contains("Holdfast Arena"));
    }

    #[test]
    fn a_wrong_chart_is_neither_exported_nor_drawn() {
        let (folder, file) = chart("{}");
        let out = folder.path().join("out");
        let args = DrawArgs { file: Some(file), format: None, out: Some(out.clone()) };
        let (is_success, _, problems) = done(|streams| streams.draw(&args));
        assert!(!is_success && problems.contains("the chart has a mistake"), "{problems}");
        assert!(!out.exists());
    }
}
