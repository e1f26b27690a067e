//! What the tables say, as text, and what the archive holds.

use std::collections::BTreeMap;

use inventory_core::ids::{Lsn, ShardId};
use persistence::encoding::read_facts;
use sqlx::{PgConnection, Row};

use super::expected::Expected;
use super::{Comparison, Table};
use crate::error::Error;
use crate::limits::FACTS_BYTES_MAX;

pub(super) const EVENTS: &str = "
    SELECT event_id::text,
        concat_ws('|', name, encode(chart, 'hex'), pg_temp.millis(created_at),
            pg_temp.millis(closed_at))
    FROM events";
pub(super) const TICKET_TYPES: &str = "
    SELECT concat_ws('/', event_id, ticket_type), concat_ws('|', key, coalesce(quota::text, '-'))
    FROM ticket_types";
pub(super) const SEATS: &str = "
    SELECT concat_ws('/', event_id, seat), concat_ws('|', label, coalesce(section, '-'),
        coalesce(category, '-'), status, coalesce(ticket_type::text, '-'), pg_temp.hex(hold_id),
        pg_temp.hex(allocation_id), pg_temp.millis(changed_at), lsn)
    FROM seats";
pub(super) const AREAS: &str = "
    SELECT concat_ws('/', event_id, area), concat_ws('|', label, coalesce(section, '-'),
        coalesce(category, '-'), capacity)
    FROM areas";
pub(super) const PLACES: &str = "
    SELECT concat_ws('/', event_id, area, ticket_type), concat_ws('|', held, allocated, blocked)
    FROM area_places WHERE (held, allocated, blocked) <> (0, 0, 0)";
pub(super) const HOLDS: &str = "
    SELECT pg_temp.hex(hold_id), concat_ws('|', event_id, buyer_id, status, spots,
        spots_left, pg_temp.millis(placed_at), pg_temp.millis(deadline), extensions,
        pg_temp.millis(ended_at), lsn)
    FROM holds";
pub(super) const ALLOCATIONS: &str = "
    SELECT pg_temp.hex(allocation_id), concat_ws('|', pg_temp.hex(hold_id), event_id,
        buyer_id, spots, spots_left, pg_temp.millis(allocated_at), pg_temp.millis(returned_at), lsn)
    FROM allocations";
pub(super) const HISTORY: &str = "
    SELECT concat_ws('/', shard, lsn), concat_ws('|', event_id, pg_temp.millis(at), change,
        pg_temp.hex(request_id), pg_temp.hex(hold_id), pg_temp.hex(allocation_id),
        coalesce(buyer_id, '-'), spots,
        coalesce(array_to_string(seats, ','), '-'),
        coalesce(array_to_string(seat_types, ',', 'none'), '-'),
        coalesce((SELECT string_agg(concat_ws('x', of->>'area', of->>'count')
                || coalesce(' ' || (of->>'ticket_type'), ''), ',' ORDER BY ordinality)
            FROM jsonb_array_elements(places) WITH ORDINALITY AS places(of)), '-'),
        pg_temp.millis(deadline))
    FROM history";

/// What makes ids and times the words that they are compared by. Gone with the connection.
const FUNCTIONS: [&str; 2] = [
    "CREATE FUNCTION pg_temp.hex(id uuid) RETURNS text LANGUAGE sql IMMUTABLE
        RETURN coalesce(replace(id::text, '-', ''), '-')",
    "CREATE FUNCTION pg_temp.millis(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE
        RETURN coalesce(((extract(epoch FROM at) * 1000)::bigint)::text, '-')",
];

const ARCHIVE: &str = "
    SELECT shard, first_lsn, last_lsn, digest, facts FROM fact_batches ORDER BY shard, first_lsn";

/// Up to which fact an archived snapshot stands for each shard: the oldest that is kept.
const SNAPSHOTS: &str = "
    SELECT shard, min(lsn) AS lsn FROM snapshot_shards JOIN snapshots USING (snapshot)
    WHERE completed_at IS NOT NULL GROUP BY shard";

/// Makes the functions, in front of a transaction that only reads.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), Error> {
    for function in FUNCTIONS {
        sqlx::query(function).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The rows of a question.
pub(super) async fn table(
    connection: &mut PgConnection,
    statement: &'static str,
) -> Result<Table, Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(statement).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Holds the archived facts against those of the journal. Those that a snapshot stands for may be
/// gone, from the oldest on.
pub(super) async fn check_archive(
    connection: &mut PgConnection,
    expected: &Expected,
    lsns: &[Lsn],
    comparison: &mut Comparison,
) -> Result<(), Error> {
    let mut ends: BTreeMap<ShardId, Lsn> = BTreeMap::new();
    for row in &sqlx::query(SNAPSHOTS).fetch_all(&mut *connection).await? {
        let shard = ShardId(row.try_get::<i16, _>("shard")?.cast_unsigned());
        ends.insert(shard, Lsn(row.try_get::<i64, _>("lsn")?.cast_unsigned()));
    }
    let snapshots = ends.clone();
    let rows = sqlx::query(ARCHIVE).fetch_all(connection).await?;
    for row in &rows {
        comparison.rows += 1;
        let shard = ShardId(row.try_get::<i16, _>("shard")?.cast_unsigned());
        let first = Lsn(row.try_get::<i64, _>("first_lsn")?.cast_unsigned());
        let last = Lsn(row.try_get::<i64, _>("last_lsn")?.cast_unsigned());
        let place = format!("archived facts {first} to {last} of shard {shard}");
        let mut differs = |how: &str| comparison.differences.push(format!("{place} {how}"));
        let end = ends.insert(shard, last).unwrap_or(Lsn(0));
        // The first ones may be of before the snapshot.
        let is_first = snapshots.get(&shard).is_some_and(|lsn| *lsn == end);
        if end.next() != first && !(is_first && first <= end) {
            differs("do not follow those in front");
        }
        let packed: Vec<u8> = row.try_get("facts")?;
        let facts = zstd::bulk::decompress(&packed, FACTS_BYTES_MAX).ok().and_then(|bytes| {
            read_facts(&bytes, first, (last.0 + 1).saturating_sub(first.0) as usize).ok()
        });
        let Some(facts) = facts else {
            differs("cannot be read");
            continue;
        };
        if facts.iter().any(|fact| expected.facts.get(&(shard, fact.lsn)) != Some(fact)) {
            differs("are not those of the journal");
        }
        let digest: Vec<u8> = row.try_get("digest")?;
        let said = expected.digests.get(&(shard, last));
        if said.is_none_or(|said| digest != said.0.to_be_bytes()) {
            differs("lead to another digest");
        }
    }
    for (shard, lsn) in (0..).map(ShardId).zip(lsns) {
        let end = ends.get(&shard).copied().unwrap_or(Lsn(0));
        if end < *lsn {
            let how = format!("the archive of shard {shard} ends with fact {end}, not with {lsn}");
            comparison.differences.push(how);
        }
    }
    Ok(())
}
