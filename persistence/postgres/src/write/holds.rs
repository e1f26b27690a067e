//! Holds and allocations as they stand.

use inventory_core::ids::{AllocationId, HoldId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{check, copy};
use crate::changes::{Allocation, Changes, Hold};
use crate::copy::Rows;
use crate::error::Error;

const NEW_HOLDS: &str = "COPY holds FROM STDIN BINARY";
const HOLDS: &str = "
    UPDATE holds SET
        spots_left = spots_left - of.gone,
        status = CASE WHEN spots_left = of.gone THEN of.ending::hold_status ELSE status END,
        ended_at = CASE WHEN spots_left = of.gone THEN at_millis(of.at) END,
        deadline = coalesce(at_millis(of.deadline), holds.deadline),
        extensions = holds.extensions + of.extensions,
        lsn = of.lsn
    FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::int[],
        $7::bigint[]) AS of(hold_id, gone, ending, at, deadline, extensions, lsn)
    WHERE holds.hold_id = of.hold_id AND holds.status = 'live'";

const NEW_ALLOCATIONS: &str = "COPY allocations FROM STDIN BINARY";
const ALLOCATIONS: &str = "
    UPDATE allocations SET
        spots_left = spots_left - of.returned,
        returned_at = CASE WHEN spots_left = of.returned THEN at_millis(of.at) END,
        lsn = of.lsn
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[])
        AS of(allocation_id, returned, at, lsn)
    WHERE allocations.allocation_id = of.allocation_id AND allocations.returned_at IS NULL";

/// Writes the holds that are new as they are now, and moves the others.
pub(super) async fn write(connection: &mut PgConnection, changes: &Changes) -> Result<(), Error> {
    let mut new = Rows::new();
    let mut moved: Vec<(&HoldId, &Hold)> = Vec::new();
    for (hold_id, hold) in &changes.holds {
        let Some(placed) = &hold.placed else {
            moved.push((hold_id, hold));
            continue;
        };
        let ending = hold.ending.filter(|_| hold.is_over());
        new.row(11).uuid(hold_id.0).bigint(placed.event_id.0).text(placed.buyer_id.as_str());
        new.text(ending.map_or("live", |(ending, _)| ending.name()));
        new.bigint(placed.spots).bigint(placed.spots - hold.gone).timestamptz(placed.at);
        new.timestamptz(hold.deadline.unwrap_or(placed.at)).integer(hold.extensions);
        new.maybe(ending.map(|(_, at)| at), Rows::timestamptz).bigint(hold.lsn.0);
    }
    copy(connection, NEW_HOLDS, new).await?;
    if moved.is_empty() {
        return Ok(());
    }
    moved.sort_unstable_by_key(|(hold_id, _)| **hold_id);
    let of = moved.iter().map(|(_, hold)| hold);
    let millis = |at: inventory_core::time::Timestamp| at.0.cast_signed();
    let updated = sqlx::query(HOLDS)
        .bind(moved.iter().map(|(id, _)| Uuid::from_u128(id.0)).collect::<Vec<_>>())
        .bind(of.clone().map(|hold| hold.gone.cast_signed()).collect::<Vec<_>>())
        .bind(of.clone().map(|hold| hold.ending.map(|(of, _)| of.name())).collect::<Vec<_>>())
        .bind(of.clone().map(|hold| hold.ending.map(|(_, at)| millis(at))).collect::<Vec<_>>())
        .bind(of.clone().map(|hold| hold.deadline.map(millis)).collect::<Vec<_>>())
        .bind(of.clone().map(|hold| hold.extensions.cast_signed()).collect::<Vec<_>>())
        .bind(of.clone().map(|hold| hold.lsn.0.cast_signed()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    check(HOLDS, moved.len() as u64, updated.rows_affected())
}

/// Writes the allocations that are new as they are now, and moves the others.
pub(super) async fn write_allocations(
    connection: &mut PgConnection,
    changes: &Changes,
) -> Result<(), Error> {
    let mut new = Rows::new();
    let mut moved: Vec<(&AllocationId, &Allocation)> = Vec::new();
    for (allocation_id, allocation) in &changes.allocations {
        let Some((hold_id, placed)) = &allocation.placed else {
            moved.push((allocation_id, allocation));
            continue;
        };
        let left = placed.spots - allocation.returned;
        new.row(9).uuid(allocation_id.0).uuid(hold_id.0).bigint(placed.event_id.0);
        new.text(placed.buyer_id.as_str()).bigint(placed.spots).bigint(left);
        new.timestamptz(placed.at);
        new.maybe(allocation.returned_at.filter(|_| left == 0), Rows::timestamptz);
        new.bigint(allocation.lsn.0);
    }
    copy(connection, NEW_ALLOCATIONS, new).await?;
    if moved.is_empty() {
        return Ok(());
    }
    moved.sort_unstable_by_key(|(allocation_id, _)| **allocation_id);
    let of = moved.iter().map(|(_, allocation)| allocation);
    let returned_at = |allocation: &Allocation| Some(allocation.returned_at?.0.cast_signed());
    let updated = sqlx::query(ALLOCATIONS)
        .bind(moved.iter().map(|(id, _)| Uuid::from_u128(id.0)).collect::<Vec<_>>())
        .bind(of.clone().map(|allocation| allocation.returned.cast_signed()).collect::<Vec<_>>())
        .bind(of.clone().map(|allocation| returned_at(allocation)).collect::<Vec<_>>())
        .bind(of.clone().map(|allocation| allocation.lsn.0.cast_signed()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    check(ALLOCATIONS, moved.len() as u64, updated.rows_affected())
}
