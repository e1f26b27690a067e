//! The map of a moment from the files of a data directory: without its lock, changing nothing,
//! also while an engine writes to them.

use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::ids::{ChartHash, EventId};
use persistence::dir::DataDirPaths;
use persistence::history::ShardHistory;
use persistence::snapshot;

use super::replay::{Replay, Snapshot};
use super::seat_map::SeatMap;
use super::{Error, Until};

/// Reads an event's shard, and shows the event as it was. Where the front of the journal was
/// pruned, that is every moment from its first fact on, as long as a snapshot can be read.
///
/// # Errors
/// If the event or the moment is not there, if the moment was pruned, or if files cannot be read.
pub fn from_journal(
    paths: &DataDirPaths,
    event_id: EventId,
    until: Until,
) -> Result<SeatMap, Error> {
    let history = ShardHistory::open(paths, event_id.shard())?;
    let mut replay = match history.is_whole() {
        true => Replay::new(event_id, until),
        false => {
            let snapshot = oldest_snapshot(paths, event_id, history.begins_with())?;
            Replay::around(event_id, until, snapshot)
        }
    };
    for fact in history {
        if !replay.take(&fact?, |hash| read_chart(paths, hash))? {
            break;
        }
    }
    replay.finish()
}

/// The oldest snapshot that says what was in front of the journal's first batch.
fn oldest_snapshot(
    paths: &DataDirPaths,
    event_id: EventId,
    first_number: u64,
) -> Result<Snapshot, Error> {
    let snapshots = paths.snapshots();
    let mut last_error = Error::SnapshotsUnusable { first_number };
    for number in snapshots.newest_first()?.into_iter().rev() {
        if number < first_number {
            continue;
        }
        match read_snapshot(paths, event_id, number) {
            Ok(snapshot) => return Ok(snapshot),
            // A later one may be whole.
            Err(error @ Error::Snapshot(_)) => last_error = error,
            Err(error) => return Err(error),
        }
    }
    Err(last_error)
}

fn read_snapshot(paths: &DataDirPaths, event_id: EventId, number: u64) -> Result<Snapshot, Error> {
    let shard = event_id.shard();
    let mut reader = paths.snapshots().open(number)?;
    let section = reader.next_section_of(&(shard.0..shard.0 + 1))?;
    let missing = || snapshot::Error::Damaged {
        path: paths.path().join("snapshots"),
        what: "it has no section of the event's shard",
    };
    let image = section.ok_or_else(missing)?.image()?;
    let event = image.events.iter().find(|event| event.id == event_id);
    let map = event.map(|event| {
        let chart = Arc::new(read_chart(paths, event.chart)?);
        SeatMap::of_image(&image, event, chart)
    });
    Ok(Snapshot { lsn: image.last_lsn, at: image.last_at, map: map.transpose()? })
}

fn read_chart(paths: &DataDirPaths, hash: ChartHash) -> Result<Chart, Error> {
    let document = paths.charts().get(hash)?;
    inventory_charts::from_canonical_bytes(&document)
        .map_err(|cause| Error::ChartInvalid { hash, cause })
}
