//! Snapshots in the archive: when enough facts lie behind the last one, the newest snapshot of
//! the data directory is brought there, and the facts that two snapshots stand for may go.
//!
//! Must always hold: a snapshot counts once all of it is there; it is never of a state that is
//! ahead of the facts in the tables; and facts go only behind two that count.

use std::io::Read;
use std::time::Duration;

use inventory_core::state::ShardImage;
use persistence::dir::DataDirPaths;
use persistence::encoding::write_image;
use persistence::snapshot::{Section, SnapshotReader};
use sqlx::{Connection, PgConnection, Row};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::claim::check_ours;
use crate::database::Database;
use crate::error::Error;
use crate::limits::{
    COMPRESSION_LEVEL, PIECE_BYTES_MAX, SNAPSHOT_AFTER_FACTS, SNAPSHOT_LOOK_EVERY, SNAPSHOTS_KEPT,
};
use crate::waiting::waiting;
use crate::write::Owner;

/// Facts in the tables that no archived snapshot stands for, and the node's progress.
const DUE: &str = "
    SELECT (SELECT number FROM nodes WHERE node = $1) AS number,
        (SELECT sum(lsn) FROM shards)::bigint - coalesce((SELECT sum(lsn) FROM snapshot_shards
            WHERE snapshot = (SELECT max(snapshot) FROM snapshots
                WHERE completed_at IS NOT NULL)), 0)::bigint AS facts";
const BEGIN: [&str; 2] = [
    "DELETE FROM snapshots WHERE completed_at IS NULL",
    "INSERT INTO snapshots (node, number) VALUES ($1, $2) ON CONFLICT DO NOTHING
     RETURNING snapshot",
];
const SHARD: &str = "INSERT INTO snapshot_shards VALUES ($1, $2, $3, $4)";
const PIECE: &str = "INSERT INTO snapshot_pieces VALUES ($1, $2, $3, $4)";
const COMPLETE: &str = "UPDATE snapshots SET completed_at = now() WHERE snapshot = $1";
const FORGET: &str = "
    DELETE FROM snapshots WHERE snapshot NOT IN (SELECT snapshot FROM snapshots
        WHERE completed_at IS NOT NULL ORDER BY snapshot DESC LIMIT $1)";
/// Nothing goes while there are fewer than are kept.
const PRUNE: &str = "
    DELETE FROM fact_batches USING (
        SELECT shard, min(lsn) AS lsn FROM snapshot_shards
        WHERE (SELECT count(*) FROM snapshots WHERE completed_at IS NOT NULL) >= $1
        GROUP BY shard) AS covered
    WHERE fact_batches.shard = covered.shard AND fact_batches.last_lsn <= covered.lsn";

/// When snapshots are archived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ArchiveOptions {
    /// Facts behind the last one that make it time for another.
    pub after_facts: u64,
    /// How often is looked whether it is.
    pub look_every: Duration,
}

impl Default for ArchiveOptions {
    fn default() -> Self {
        Self { after_facts: SNAPSHOT_AFTER_FACTS, look_every: SNAPSHOT_LOOK_EVERY }
    }
}

/// Brings snapshots to a database as long as it is let.
pub(crate) struct Archivist {
    pub(crate) database: Database,
    pub(crate) owner: Owner,
    pub(crate) paths: DataDirPaths,
    pub(crate) options: ArchiveOptions,
}

impl Archivist {
    /// Never ends.
    pub(crate) async fn run(self) {
        let mut is_told = false;
        loop {
            sleep(self.options.look_every).await;
            match self.look().await {
                Ok(()) => is_told = false,
                // What is away, and who was superseded, the projection tells.
                Err(Error::Database(_) | Error::TimedOut | Error::Fenced) => {}
                Err(_) if is_told => {}
                Err(cause) => {
                    is_told = true;
                    warn!(
                        %cause,
                        "a snapshot could not be archived; facts are, and it is tried again"
                    );
                }
            }
        }
    }

    /// Archives the newest snapshot, if it is time and the tables have come that far.
    async fn look(&self) -> Result<(), Error> {
        let mut connection = self.database.connect().await?;
        let due = sqlx::query(DUE).bind(self.owner.node).fetch_one(&mut connection).await?;
        let facts: Option<i64> = due.try_get("facts")?;
        let projected: Option<i64> = due.try_get("number")?;
        let (Some(facts), Some(projected)) = (facts, projected) else { return Ok(()) };
        if facts.cast_unsigned() < self.options.after_facts {
            return Ok(());
        }
        let Some(reader) = self.newest(projected.cast_unsigned()).await? else { return Ok(()) };
        let number = reader.position().next_number();
        if let Some(bytes) = self.bring(&mut connection, reader).await? {
            info!(snapshot = number, bytes, "a snapshot was archived in Postgres");
        }
        Ok(())
    }

    /// The newest snapshot that the tables have all facts of.
    async fn newest(&self, projected: u64) -> Result<Option<SnapshotReader>, Error> {
        let paths = self.paths.clone();
        waiting(move || {
            let snapshots = paths.snapshots();
            for number in snapshots.newest_first()? {
                // One that cannot be read is told by who needs it.
                if number <= projected + 1
                    && let Ok(reader) = snapshots.open(number)
                {
                    return Ok(Some(reader));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Brings a snapshot, unless it is there already. Returns the bytes that it takes there.
    async fn bring(
        &self,
        connection: &mut PgConnection,
        mut reader: SnapshotReader,
    ) -> Result<Option<u64>, Error> {
        let [forget, begin] = BEGIN;
        sqlx::query(forget).execute(&mut *connection).await?;
        let number = reader.position().next_number().cast_signed();
        let begin = sqlx::query_scalar::<_, i64>(begin).bind(self.owner.node).bind(number);
        let Some(snapshot) = begin.fetch_optional(&mut *connection).await? else {
            return Ok(None);
        };
        let mut bytes = 0;
        loop {
            let (back, section) = waiting(move || {
                let section = reader.next_section()?;
                let packed = section.map(|section| Packed::of(&section)).transpose()?;
                Ok((reader, packed))
            })
            .await?;
            reader = back;
            let Some(packed) = section else { break };
            bytes += packed.write(connection, snapshot).await?;
        }
        self.complete(connection, snapshot).await?;
        Ok(Some(bytes))
    }

    /// Lets it count, and what it replaces go.
    async fn complete(&self, connection: &mut PgConnection, snapshot: i64) -> Result<(), Error> {
        let mut transaction = connection.begin().await?;
        check_ours(&mut transaction, self.owner).await?;
        sqlx::query(COMPLETE).bind(snapshot).execute(&mut *transaction).await?;
        sqlx::query(FORGET).bind(SNAPSHOTS_KEPT).execute(&mut *transaction).await?;
        sqlx::query(PRUNE).bind(SNAPSHOTS_KEPT).execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}

/// The image of a shard in the form of the archive.
struct Packed {
    shard: i16,
    lsn: i64,
    digest: [u8; 16],
    bytes: Vec<u8>,
}

impl Packed {
    /// Of a section of a snapshot, which is verified by that.
    fn of(section: &Section) -> Result<Self, Error> {
        let image = section.image()?;
        Ok(Self {
            shard: image.shard.0.cast_signed(),
            lsn: image.last_lsn.0.cast_signed(),
            digest: image.digest.0.to_be_bytes(),
            bytes: pack(&image)?,
        })
    }

    async fn write(self, connection: &mut PgConnection, snapshot: i64) -> Result<u64, Error> {
        let mut transaction = connection.begin().await?;
        let shard = sqlx::query(SHARD).bind(snapshot).bind(self.shard).bind(self.lsn);
        shard.bind(&self.digest[..]).execute(&mut *transaction).await?;
        for (index, piece) in (0_i32..).zip(self.bytes.chunks(PIECE_BYTES_MAX)) {
            let piece = sqlx::query(PIECE).bind(snapshot).bind(self.shard).bind(index).bind(piece);
            piece.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(self.bytes.len() as u64)
    }
}

fn pack(image: &ShardImage) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    write_image(image, &mut bytes);
    let packed = zstd::encode_all(bytes.as_slice(), COMPRESSION_LEVEL);
    packed.map_err(Error::Compression)
}

/// The image that was packed, if it is not longer than `bytes_max`.
pub(crate) fn unpack(packed: &[u8], bytes_max: u64) -> Result<ShardImage, Error> {
    let mut bytes = Vec::new();
    let decoder = zstd::Decoder::new(packed).map_err(Error::Compression)?;
    decoder.take(bytes_max).read_to_end(&mut bytes).map_err(Error::Compression)?;
    persistence::encoding::read_image(&bytes)
        .map_err(|cause| Error::ArchiveDamaged(format!("an image cannot be read: {cause}")))
}
