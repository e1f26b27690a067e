//! `holdfast onsale`: a drop is simulated until all is sold that can be, and then audited. Without
//! a target it starts a server of its own, which is this program again, and may kill it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use inventory_charts::{generate, to_canonical_bytes};
use loadtests::audit::dump::{DumpCommand, JournalSource};
use loadtests::page::Origin;
use loadtests::process::ServerProcess;
use loadtests::{Curve, Error, NewTicketType, OnsaleOptions, Target, Transport, progress};
use tempfile::TempDir;

use crate::node;

/// How long a hold of the own server's event lasts unless one says otherwise. Seats of buyers
/// who left come back after it, so it bounds the tail of the sale.
const HOLD_SECS_DEFAULT: u64 = 10;

/// Settings of a run.
#[derive(Debug, Args)]
pub(crate) struct OnsaleArgs {
    /// Sell at a server that runs already: grpc://HOST:PORT or http://HOST:PORT
    #[arg(long, value_name = "URI", conflicts_with_all = OWN_SERVER)]
    target: Option<String>,
    /// The event that is sold out [default: 1; with ticket types 2, which is put on sale]
    #[arg(long, value_name = "ID")]
    event: Option<u64>,
    /// Sell the seats of this chart [default: a venue of our own]
    #[arg(long, value_name = "FILE", conflicts_with = "seats")]
    chart: Option<PathBuf>,
    /// Sell a venue that is drawn with so many seats
    #[arg(long, value_name = "N")]
    seats: Option<u32>,
    /// Sell as this ticket type too, as KEY, KEY=QUOTA or KEY=QUOTA@CATEGORY,CATEGORY; repeatable
    #[arg(long = "ticket-type", value_name = "TYPE")]
    ticket_types: Vec<NewTicketType>,
    /// Who comes, bots included
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    buyers: u64,
    /// From the first arrival to the last
    #[arg(long, value_name = "SECS", default_value_t = 30.0, value_parser = seconds)]
    over: f64,
    /// How the arrivals are spread: spike, ramp or waves
    #[arg(long, default_value_t = Curve::Spike)]
    curve: Curve,
    /// Where all chance comes from: the same seed brings the same buyers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The share of the arrivals that are bots, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    bots: f64,
    /// How many of a hundred who bought bring it back
    #[arg(long, value_name = "PERCENT", default_value_t = 0.0, value_parser = percent)]
    returns: f64,
    /// How long a hold lasts at the own server [default: 10]
    #[arg(long, value_name = "SECS")]
    hold_secs: Option<u64>,
    /// Kill the own server so often, each time with at least 100 requests unanswered
    #[arg(long, value_name = "N")]
    kill_server: Option<u32>,
    /// Which door of the own server buyers use: grpc or http
    #[arg(long, value_name = "DOOR")]
    door: Option<Door>,
    /// Connections to the server [default: 4 of gRPC, 256 of HTTP]
    #[arg(long, value_name = "N")]
    connections: Option<usize>,
    /// Where the own server keeps its data [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Write the report to this file, for programs
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report to this file as one page to look at
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// What only makes sense for a server of the run's own.
const OWN_SERVER: [&str; 7] =
    ["chart", "seats", "ticket_types", "hold_secs", "kill_server", "door", "data_dir"];

/// What the own server has on sale from its start, and what a run puts on sale beside it.
const EVENT_DEFAULT: u64 = 1;
const EVENT_WITH_TYPES_DEFAULT: u64 = 2;

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Door {
    Grpc,
    Http,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(secs) if (0.001..=86_400.0).contains(&secs) => Ok(secs),
        _ => Err("a time of more than 0 and at most 86400 seconds".to_owned()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("a number from 0 to 100".to_owned()),
    }
}

/// Runs a drop. The exit code is 0 only if all was sold that can be and nothing is wrong.
pub(crate) fn run(args: OnsaleArgs) -> anyhow::Result<ExitCode> {
    let mut json = args.json.as_deref().map(create).transpose()?;
    let mut page = args.html.as_deref().map(create).transpose()?;
    let (target, own) = match &args.target {
        Some(target) => (target.parse::<Target>()?, None),
        None => {
            let own = OwnServer::prepare(&args)?;
            (own.target(), Some(own))
        }
    };
    let journal = own.as_ref().map(OwnServer::journal);
    let mut options = OnsaleOptions::new(target);
    let event_default =
        if args.ticket_types.is_empty() { EVENT_DEFAULT } else { EVENT_WITH_TYPES_DEFAULT };
    options.event_id = args.event.unwrap_or(event_default);
    options.ticket_types.clone_from(&args.ticket_types);
    options.returns = args.returns / 100.0;
    options.buyers = args.buyers;
    options.over = Duration::from_secs_f64(args.over);
    options.curve = args.curve;
    options.seed = args.seed;
    options.bots = args.bots;
    options.kill_server = args.kill_server.unwrap_or(0);
    options.connections = args.connections;

    let (outcome, stalled) = node::block_on(async move {
        let progress = progress::for_stderr();
        match loadtests::run(options, journal, progress.as_ref()).await {
            Ok(outcome) => Ok((outcome, None)),
            Err(error) => {
                let why = error.to_string();
                match error {
                    // What did not sell everything has something to report all the same.
                    Error::Stalled { outcome, .. } => Ok((*outcome, Some(why))),
                    other => Err(anyhow::Error::from(other)),
                }
            }
        }
    })?;
    let report = &outcome.report;
    if let Some(file) = &mut json {
        serde_json::to_writer_pretty(&mut *file, report).context("write the report")?;
        file.write_all(b"\n").context("write the report")?;
    }
    if let Some(file) = &mut page {
        let html = loadtests::page::html(&outcome, &origin(&args, own.as_ref()));
        file.write_all(html.as_bytes()).context("write the page of the report")?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{report}").context("print the report")?;
    let is_clean = report.violations.is_empty() && stalled.is_none();
    if let Some(own) = own {
        own.leave(is_clean)?;
    }
    if let Some(why) = stalled {
        bail!("{why}");
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file of the report: what cannot be written is told before the run rather than after it.
fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("write the report to {}", path.display()))
}

/// Where the run came from, for who wants to repeat it.
fn origin(args: &OnsaleArgs, own: Option<&OwnServer>) -> Origin {
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let venue = match (&args.chart, args.seats) {
        (Some(path), _) => format!("chart {}", path.display()),
        (None, Some(seats)) => format!("drawn with {seats} seats"),
        (None, None) => "the demonstration venue".to_owned(),
    };
    let mut options = vec![("bots", args.bots.to_string())];
    if own.is_some() {
        let hold_secs = args.hold_secs.unwrap_or(HOLD_SECS_DEFAULT);
        options.push(("venue", venue));
        options.push(("a hold lasts", format!("{hold_secs} s")));
        options.push(("kills", args.kill_server.unwrap_or(0).to_string()));
    }
    if args.returns > 0.0 {
        options.push(("brought back", format!("{} %", args.returns)));
    }
    if !args.ticket_types.is_empty() {
        let keys = args.ticket_types.iter().map(|of| of.key.as_str());
        options.push(("ticket types", keys.collect::<Vec<_>>().join(", ")));
    }
    if let Some(connections) = args.connections {
        options.push(("connections", connections.to_string()));
    }
    Origin {
        command: ["holdfast".to_owned()].into_iter().chain(arguments).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        options,
    }
}

/// This program again, as a server that the run may do with as it likes.
struct OwnServer {
    program: PathBuf,
    arguments: Vec<String>,
    data_dir: PathBuf,
    door: Transport,
    folder: Option<TempDir>,
}

impl OwnServer {
    fn prepare(args: &OnsaleArgs) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("find this program")?;
        let folder = match &args.data_dir {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("holdfast-onsale-").tempdir()?),
        };
        let data_dir = match &folder {
            Some(folder) => folder.path().to_owned(),
            None => args.data_dir.clone().unwrap_or_default(),
        };
        std::fs::create_dir_all(&data_dir)
            .with_context(|| format!("create the data directory {}", data_dir.display()))?;
        let hold_secs = args.hold_secs.unwrap_or(HOLD_SECS_DEFAULT).to_string();
        let mut arguments = vec!["up".to_owned(), "--data-dir".to_owned(), text(&data_dir)?];
        arguments.extend(["--hold-secs".to_owned(), hold_secs]);
        let chart = match (&args.chart, args.seats) {
            (Some(path), _) => Some(path.clone()),
            (None, Some(seats)) => Some(draw(&data_dir, seats)?),
            (None, None) => None,
        };
        if let Some(chart) = chart {
            arguments.extend(["--chart".to_owned(), text(&chart)?]);
        }
        let door = match args.door {
            None | Some(Door::Grpc) => Transport::Grpc,
            Some(Door::Http) => Transport::Http,
        };
        Ok(Self { program, arguments, data_dir, door, folder })
    }

    fn target(&self) -> Target {
        let log = self.data_dir.join("server.log");
        let server = ServerProcess::new(&self.program, log).args(self.arguments.clone());
        Target::Own(Box::new(server), self.door)
    }

    /// The journal as the files have it, read by a process of its own.
    fn journal(&self) -> Box<dyn JournalSource> {
        let data_dir = self.data_dir.display().to_string();
        let arguments = ["journal", "dump", "--data-dir"].map(str::to_owned);
        let arguments = arguments.into_iter().chain([data_dir]).collect();
        Box::new(DumpCommand { program: self.program.clone(), arguments })
    }

    /// Keeps the evidence if there is something to look into.
    fn leave(self, is_clean: bool) -> anyhow::Result<()> {
        if let (false, Some(folder)) = (is_clean, self.folder) {
            let path = folder.keep();
            writeln!(
                std::io::stderr(),
                "the server's data and log are kept in {}",
                path.display()
            )?;
        }
        Ok(())
    }
}

/// Draws a venue and leaves its chart in the data directory.
fn draw(data_dir: &Path, seats: u32) -> anyhow::Result<PathBuf> {
    let chart = generate::with_seats(seats)?;
    let path = data_dir.join("venue.json");
    std::fs::write(&path, to_canonical_bytes(&chart))
        .with_context(|| format!("write the chart {}", path.display()))?;
    Ok(path)
}

fn text(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.with_context(|| format!("the path {} is not valid UTF-8", path.display()))
}
