//! Whose shards these are, and how far they have come.

use inventory_core::ids::Epoch;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::changes::Changes;
use crate::error::Error;

const MOVE_NODE: &str =
    "UPDATE nodes SET number = $2, projected_at = now() WHERE node = $1 AND number <= $2";

const MOVE_SHARDS: &str = "
    UPDATE shards SET lsn = of.lsn, digest = of.digest, decided_at = at_millis(of.at)
    FROM unnest($3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bigint[])
        AS of(shard, before, lsn, digest, at)
    WHERE shards.shard = of.shard AND shards.lsn = of.before
      AND shards.node = $1 AND shards.epoch = $2";

/// Who writes, and in which life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Owner {
    pub(crate) node: Uuid,
    pub(crate) epoch: Epoch,
}

/// Moves the lines of the shards, if they are the owner's and stand in front of the facts.
pub(super) async fn pass(
    connection: &mut PgConnection,
    owner: Owner,
    number: u64,
    changes: &Changes,
) -> Result<(), Error> {
    // First, as in a takeover: whoever comes second waits here, and not somewhere in the middle.
    let moved = sqlx::query(MOVE_NODE)
        .bind(owner.node)
        .bind(number.cast_signed())
        .execute(&mut *connection)
        .await?;
    let shards = changes.shards.iter();
    let moved_shards = sqlx::query(MOVE_SHARDS)
        .bind(owner.node)
        .bind(owner.epoch.0.cast_signed())
        .bind(shards.clone().map(|(shard, _)| shard.0.cast_signed()).collect::<Vec<_>>())
        .bind(shards.clone().map(|(_, of)| of.before.0.cast_signed()).collect::<Vec<_>>())
        .bind(shards.clone().map(|(_, of)| of.last().0.cast_signed()).collect::<Vec<_>>())
        .bind(shards.clone().map(|(_, of)| of.digest.0.to_be_bytes()).collect::<Vec<_>>())
        .bind(shards.clone().map(|(_, of)| of.at().0.cast_signed()).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    if moved.rows_affected() != 1 || moved_shards.rows_affected() != shards.len() as u64 {
        return Err(Error::Fenced);
    }
    Ok(())
}
