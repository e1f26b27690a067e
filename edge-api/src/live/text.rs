//! Updates as server-sent events (HTML Living Standard, 9.2): text that is made once for all
//! connections. Ids are versions.

use bytes::Bytes;
use proto::inventory::v1::Counts;
use serde::Serialize;

use super::picture::{Delta, Picture};
use crate::routes::counts::CountsDocument;

/// What a connection begins with: how long to wait before it is opened again.
pub(super) const OPENING: &str = "retry: 2000\n\n";

/// Shows that somebody is there.
pub(super) const HEARTBEAT: &str = ":\n\n";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotDocument<'a> {
    event_id: u64,
    version: u64,
    statuses: &'a str,
    areas: Vec<CountsDocument>,
    ticket_types: Vec<CountsDocument>,
    closed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeltaDocument {
    event_id: u64,
    from_version: u64,
    to_version: u64,
    seats: Vec<(u32, u8)>,
    areas: Vec<IndexedCountsDocument>,
    ticket_types: Vec<IndexedCountsDocument>,
    closed: bool,
}

#[derive(Serialize)]
struct IndexedCountsDocument {
    index: u32,
    #[serde(flatten)]
    counts: CountsDocument,
}

/// Everything.
pub(super) fn snapshot(event_id: u64, picture: &Picture) -> Bytes {
    let counts = |of: &[Counts]| of.iter().copied().map(CountsDocument::from).collect();
    let document = SnapshotDocument {
        event_id,
        version: picture.version,
        // Digits that this edge wrote itself.
        statuses: std::str::from_utf8(&picture.statuses).unwrap_or_default(),
        areas: counts(&picture.areas),
        ticket_types: counts(&picture.ticket_types),
        closed: picture.is_closed,
    };
    event("snapshot", picture.version, &document)
}

/// What changed.
pub(super) fn delta(event_id: u64, delta: &Delta) -> Bytes {
    let indexed = |of: &[(u32, Counts)]| {
        let indexed = |&(index, counts): &(u32, Counts)| IndexedCountsDocument {
            index,
            counts: CountsDocument::from(counts),
        };
        of.iter().map(indexed).collect()
    };
    let document = DeltaDocument {
        event_id,
        from_version: delta.from_version,
        to_version: delta.to_version,
        seats: delta.seats.iter().map(|&(index, digit)| (index, digit - b'0')).collect(),
        areas: indexed(&delta.areas),
        ticket_types: indexed(&delta.ticket_types),
        closed: delta.is_closed,
    };
    event("delta", delta.to_version, &document)
}

/// JSON has no line breaks of its own, so it is one line of data.
fn event(name: &str, id: u64, document: &impl Serialize) -> Bytes {
    let mut text = format!("event: {name}\nid: {id}\ndata: ").into_bytes();
    serde_json::to_writer(&mut text, document).expect("numbers and texts can be written as JSON");
    text.extend_from_slice(b"\n\n");
    text.into()
}
