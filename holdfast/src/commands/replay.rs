//! `holdfast replay`: the seat map of an event as it was at a moment.
//!
//! The journal of a data directory is read without its lock and may be written meanwhile. Where
//! it no longer has the moment, or is gone, the history in Postgres has, if there is one. The exit
//! code is 1 if there is no such event or no such moment, and 2 for a moment that is none.

mod document;
mod drawing;
mod until;

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use inventory_core::ids::EventId;
use inventory_engine::past::{Error, SeatMap, Until, from_journal};
use persistence::dir::DataDirPaths;
use persistence_postgres::Database;
use persistence_postgres::past::seat_map;

use self::until::{UntilFlag, at};
use crate::config::{DataDirFlags, DatabaseUrl, SettingFlags, Settings};
use crate::node;

/// What to show.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The event
    #[arg(long, value_name = "EVENT")]
    event: u64,
    /// The moment: as 2026-11-28T20:15:00Z, in milliseconds since 1970, or lsn:123 for a fact of
    /// the event's shard [default: the end]
    #[arg(long, value_name = "T", default_value = "end", hide_default_value = true)]
    until: UntilFlag,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
    /// A database to replay from where the journal no longer has the moment [default: what
    /// HOLDFAST_DATABASE_URL says]
    #[arg(long, value_name = "URL")]
    database_url: Option<DatabaseUrl>,
    #[command(flatten)]
    data_dir: DataDirFlags,
}

/// A map, and where it is from.
struct Shown {
    map: SeatMap,
    source: String,
}

/// Replays, and shows what comes out.
pub(crate) fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let mut flags = SettingFlags::from(args.data_dir);
    flags.layer.database_url = args.database_url;
    let settings = Settings::resolve(flags)?;
    let database = settings.database_url.is_some().then(|| settings.database()).transpose()?;
    let (event_id, UntilFlag(until)) = (EventId(args.event), args.until);
    let shown = show(&settings.data_dir, database, event_id, until)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.json {
        true => document::write(&shown.map, &shown.source, &mut out),
        false => drawing::write(&shown.map, &shown.source, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// From the journal, or from the database if the journal cannot show it.
fn show(
    data_dir: &Path,
    database: Option<Database>,
    event_id: EventId,
    until: Until,
) -> anyhow::Result<Shown> {
    let paths = DataDirPaths::read(data_dir)?;
    let from_files = paths.map(|paths| from_journal(&paths, event_id, until));
    let why_not = match from_files {
        Some(Ok(map)) => {
            let source = format!("the journal in {}", data_dir.display());
            return Ok(Shown { map, source });
        }
        Some(Err(error)) if is_gone(&error) => told(error),
        Some(Err(error)) => return Err(told(error)),
        None => {
            let data_dir = data_dir.display();
            anyhow!("{data_dir} is not a data directory: it has no identity.json")
        }
    };
    let Some(database) = database else { return Err(why_not) };
    node::block_on(async move {
        let source = format!("the history in Postgres at {}", database.place());
        match seat_map(&database, event_id, until).await {
            Ok(map) => Ok(Shown { map, source }),
            Err(persistence_postgres::Error::Past(error)) => {
                Err(told(error).context(format!("in {source}")))
            }
            Err(error) => Err(error.into()),
        }
    })
}

/// Whether the moment may be had from elsewhere.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Pruned { .. } | Error::SnapshotsUnusable { .. } | Error::Snapshot(_))
}

/// An error with its moments as people write them, and with what can be done.
fn told(error: Error) -> anyhow::Error {
    match error {
        Error::NotYet { event_id, created_at, .. } => {
            anyhow!("event {event_id} was not there yet: it was created at {}", at(created_at))
        }
        Error::Pruned { event_id, first_at, first_lsn } => anyhow!(
            "the journal no longer has event {event_id} as it was then, for its front was pruned. \
             The first moment that it can show is {} (lsn:{first_lsn}); a database that is \
             projected to has all of them (--database-url)",
            at(first_at)
        ),
        other => other.into(),
    }
}
