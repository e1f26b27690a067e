//! `holdfast recover --from-postgres`: a data directory made of what is in Postgres, for when a
//! disk is gone. An operator's act: from then on the old engine's writes are refused.
//!
//! Must always hold: the shards are taken over before anything is read that has to be complete,
//! so that nothing comes behind what is restored; and the directory serves only once it was
//! replayed to the same digests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::{ShardImage, ShardState};
use inventory_engine::progress::RecoveryProgress;
use persistence::charts::ChartStore;
use persistence::encoding::read_facts;
use persistence::file::Options;
use persistence::file::restore::{JournalRestoration, Restoration, Standing};
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use crate::archive::unpack;
use crate::claim::{TURN, lines};
use crate::database::Database;
use crate::error::Error;
use crate::limits::{FACTS_BYTES_MAX, IMAGE_BYTES_MAX};
use crate::waiting::waiting;

const SNAPSHOT: &str = "
    SELECT snapshot FROM snapshots WHERE completed_at IS NOT NULL ORDER BY snapshot DESC";
const STANDING: &str = "SELECT shard, lsn, digest FROM snapshot_shards WHERE snapshot = $1";
const PIECES: &str =
    "SELECT image FROM snapshot_pieces WHERE snapshot = $1 AND shard = $2 ORDER BY piece";
const NAMES: &str = "SELECT chart FROM charts";
const CHART: &str = "SELECT document FROM charts WHERE chart = $1";
const BATCHES: &str = "
    SELECT first_lsn, last_lsn, digest, facts FROM fact_batches
    WHERE shard = $1 AND last_lsn > $2 ORDER BY first_lsn LIMIT 64";
const DIGESTS: &str = "SELECT digest FROM shards ORDER BY shard";

const LOCK_NODES: &str = "SELECT node FROM nodes FOR UPDATE";
const NEW_NODE: &str = "INSERT INTO nodes (node, number) VALUES ($1, 0)";
const TAKE: &str = "UPDATE shards SET node = $1, epoch = $2";
const TOLD: &str = "
    INSERT INTO takeovers (from_node, from_epoch, to_node, to_epoch, lsns)
    VALUES ($1, $2, $3, $4, $5)";
const NUMBER: &str = "UPDATE nodes SET number = $2 WHERE node = $1";

/// What was recovered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recovered {
    /// Where it is.
    pub path: PathBuf,
    /// The node that had the shards.
    pub from: Uuid,
    /// The node that has them now.
    pub node: Uuid,
    /// The epoch that they were taken over with.
    pub epoch: Epoch,
    /// The last fact of each shard.
    pub lsns: Vec<Lsn>,
}

impl Recovered {
    /// How many facts there are.
    pub fn facts(&self) -> u64 {
        self.lsns.iter().map(|lsn| lsn.0).sum()
    }
}

/// Takes the shards over and makes a data directory at `path`, which is empty, not there, or left
/// by an attempt that failed.
pub async fn recover(database: &Database, path: &Path) -> Result<Recovered, Error> {
    database.migrate().await?;
    let mut connection = database.connect().await?;
    let Some((from, epoch)) = lines(&mut connection).await?.owner else {
        return Err(Error::NothingThere);
    };
    let base = Base::newest(&mut connection).await?;
    let epoch = Epoch(epoch.0 + 1);
    let mut restoration = Restoration::begin(path, epoch, &base.standing)?;
    let node = Uuid::from_u128(restoration.node_id());
    let lsns = take_over(&mut connection, from, node, epoch).await?;
    bring_charts(&mut connection, &restoration).await?;
    base.bring(&mut connection, &mut restoration).await?;
    let mut journal = restoration.into_journal()?;
    for (shard, end) in (0..).map(ShardId).zip(&lsns) {
        bring_facts(&mut connection, &mut journal, shard, *end).await?;
    }
    let number = journal.flush()?.cast_signed();
    sqlx::query(NUMBER).bind(node).bind(number).execute(&mut connection).await?;
    journal.finish()?;
    verify(&mut connection, path, &lsns).await?;
    Ok(Recovered { path: path.to_owned(), from, node, epoch, lsns })
}

/// Makes the shards the new node's. What the old one has not written by now never counts.
async fn take_over(
    connection: &mut PgConnection,
    from: Uuid,
    node: Uuid,
    epoch: Epoch,
) -> Result<Vec<Lsn>, Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query(TURN).execute(&mut *transaction).await?;
    // Whoever writes now is waited for, and is there or not at all.
    sqlx::query(LOCK_NODES).fetch_all(&mut *transaction).await?;
    let lines = lines(&mut transaction).await?;
    if lines.owner != Some((from, Epoch(epoch.0 - 1))) {
        return Err(Error::Fenced);
    }
    sqlx::query(NEW_NODE).bind(node).execute(&mut *transaction).await?;
    let (old, new) = (epoch.0.cast_signed() - 1, epoch.0.cast_signed());
    sqlx::query(TAKE).bind(node).bind(new).execute(&mut *transaction).await?;
    let lsns: Vec<i64> = lines.lsns.iter().map(|lsn| lsn.0.cast_signed()).collect();
    let told = sqlx::query(TOLD).bind(from).bind(old).bind(node).bind(new).bind(lsns);
    told.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(lines.lsns)
}

/// Where the facts begin that have to be applied: behind a snapshot, or behind nothing.
struct Base {
    snapshot: Option<i64>,
    standing: Vec<Standing>,
}

impl Base {
    /// The newest snapshot all of which can be read.
    async fn newest(connection: &mut PgConnection) -> Result<Self, Error> {
        let nothing = vec![Standing::default(); usize::from(SHARDS)];
        let snapshots: Vec<i64> = sqlx::query_scalar(SNAPSHOT).fetch_all(&mut *connection).await?;
        for snapshot in snapshots {
            let mut base = Self { snapshot: Some(snapshot), standing: nothing.clone() };
            let rows = sqlx::query(STANDING).bind(snapshot).fetch_all(&mut *connection).await?;
            for row in &rows {
                let shard: i16 = row.try_get("shard")?;
                let lsn = Lsn(row.try_get::<i64, _>("lsn")?.cast_unsigned());
                let digest = digest_of(&row.try_get::<Vec<u8>, _>("digest")?)?;
                if let Some(standing) = base.standing.get_mut(usize::from(shard.cast_unsigned())) {
                    *standing = Standing { lsn, digest };
                }
            }
            match base.check(connection).await {
                Ok(()) => return Ok(base),
                Err(cause @ (Error::ArchiveDamaged(_) | Error::Compression(_))) => tracing::warn!(
                    snapshot,
                    %cause,
                    "an archived snapshot cannot be used; an older one, or all facts, are"
                ),
                Err(error) => return Err(error),
            }
        }
        Ok(Self { snapshot: None, standing: nothing })
    }

    /// Whether every image can be read and is what it was said to be.
    async fn check(&self, connection: &mut PgConnection) -> Result<(), Error> {
        for shard in (0..SHARDS).map(ShardId) {
            self.image(connection, shard).await?;
        }
        Ok(())
    }

    async fn image(
        &self,
        connection: &mut PgConnection,
        shard: ShardId,
    ) -> Result<ShardImage, Error> {
        let Some(snapshot) = self.snapshot else { return Ok(ShardState::new(shard).image()) };
        let pieces: Vec<Vec<u8>> = sqlx::query_scalar(PIECES)
            .bind(snapshot)
            .bind(shard.0.cast_signed())
            .fetch_all(connection)
            .await?;
        let image = unpack(&pieces.concat(), IMAGE_BYTES_MAX)?;
        let said = self.standing[usize::from(shard.0)];
        if (image.shard, image.last_lsn, image.digest) != (shard, said.lsn, said.digest) {
            let how = format!("the image of shard {shard} is of another state than it says");
            return Err(Error::ArchiveDamaged(how));
        }
        Ok(image)
    }

    async fn bring(
        &self,
        connection: &mut PgConnection,
        restoration: &mut Restoration,
    ) -> Result<(), Error> {
        for shard in (0..SHARDS).map(ShardId) {
            restoration.add(&self.image(connection, shard).await?)?;
        }
        Ok(())
    }
}

async fn bring_charts(
    connection: &mut PgConnection,
    restoration: &Restoration,
) -> Result<(), Error> {
    let names: Vec<Vec<u8>> = sqlx::query_scalar(NAMES).fetch_all(&mut *connection).await?;
    for name in names {
        let document: Vec<u8> =
            sqlx::query_scalar(CHART).bind(&name).fetch_one(&mut *connection).await?;
        if ChartStore::hash_of(&document).0[..] != name[..] {
            let how = "a chart's document is not the one that its name promises";
            return Err(Error::ArchiveDamaged(how.to_owned()));
        }
        restoration.put_chart(&document)?;
    }
    Ok(())
}

/// Brings the facts of a shard that come behind the snapshot, up to `end`.
async fn bring_facts(
    connection: &mut PgConnection,
    journal: &mut JournalRestoration,
    shard: ShardId,
    end: Lsn,
) -> Result<(), Error> {
    while journal.last_lsn(shard) < end {
        let last = journal.last_lsn(shard);
        let batches = sqlx::query(BATCHES)
            .bind(shard.0.cast_signed())
            .bind(last.0.cast_signed())
            .fetch_all(&mut *connection)
            .await?;
        if batches.is_empty() {
            return Err(Error::ArchiveGap { shard, lsn: last.next() });
        }
        for row in &batches {
            let first = Lsn(row.try_get::<i64, _>("first_lsn")?.cast_unsigned());
            let batch_end = Lsn(row.try_get::<i64, _>("last_lsn")?.cast_unsigned());
            let last = journal.last_lsn(shard);
            if first > last.next() {
                return Err(Error::ArchiveGap { shard, lsn: last.next() });
            }
            let packed: Vec<u8> = row.try_get("facts")?;
            let bytes =
                zstd::bulk::decompress(&packed, FACTS_BYTES_MAX).map_err(Error::Compression)?;
            let count = (batch_end.0 + 1).saturating_sub(first.0) as usize;
            let facts = read_facts(&bytes, first, count).map_err(|cause| {
                let how = format!("facts of shard {shard} from {first} on: {cause}");
                Error::ArchiveDamaged(how)
            })?;
            // A snapshot may stand in the middle of what was archived together.
            let facts = facts.into_iter().filter(|fact| fact.lsn > last).map(Arc::new).collect();
            let digest = digest_of(&row.try_get::<Vec<u8>, _>("digest")?)?;
            journal.append(shard, facts, digest)?;
        }
    }
    Ok(())
}

/// Replays the directory as every start does, and holds its digests against those of the shards.
async fn verify(connection: &mut PgConnection, path: &Path, lsns: &[Lsn]) -> Result<(), Error> {
    let progress = Arc::new(RecoveryProgress::default());
    let path = path.to_owned();
    let replayed = waiting(move || {
        let recovered = inventory_engine::recovery::recover(&path, Options::default(), &progress)?;
        let end = |(state, _): (ShardState, u64)| (state.last_lsn(), state.digest());
        Ok(recovered.shards.into_iter().map(end).collect::<Vec<_>>())
    });
    let replayed = replayed.await?;
    let digests: Vec<Vec<u8>> = sqlx::query_scalar(DIGESTS).fetch_all(connection).await?;
    for ((shard, (lsn, digest)), (said_lsn, said)) in
        (0..).map(ShardId).zip(replayed).zip(lsns.iter().zip(&digests))
    {
        if (lsn, digest) != (*said_lsn, digest_of(said)?) {
            let how = format!("shard {shard} at fact {lsn} has another digest than at {said_lsn}");
            return Err(Error::ArchiveDamaged(how));
        }
    }
    Ok(())
}

fn digest_of(bytes: &[u8]) -> Result<Digest, Error> {
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| Error::ArchiveDamaged("a digest is too short".to_owned()))?;
    Ok(Digest(u128::from_be_bytes(bytes)))
}
