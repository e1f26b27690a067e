//! Whose database this is: an engine claims its shards before it writes, and learns how far they
//! have come.
//!
//! Must always hold: a claim never takes shards from another node, and never goes back to a lower
//! epoch; who does that is an operator, with [`crate::recover`].

use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::time::Timestamp;
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use crate::error::Error;
use crate::write::Owner;

/// Claims and takeovers take turns, by this lock of Postgres.
pub(crate) const TURN: &str = "SELECT pg_advisory_xact_lock(hashtext('holdfast.claim'))";

const LINES: &str = "SELECT shard, node, epoch, lsn FROM shards ORDER BY shard";
const NEW_NODE: &str = "INSERT INTO nodes (node, number) VALUES ($1, 0)";
const NEW_LINES: &str = "
    INSERT INTO shards (shard, node, epoch, lsn, digest)
    SELECT shard, $1, $2, 0, decode(repeat('00', 16), 'hex') FROM generate_series(0, 255) AS shard";
const RAISE: &str = "UPDATE shards SET epoch = $2 WHERE node = $1 AND epoch < $2";
const PROGRESS: &str = "
    SELECT number, coalesce((SELECT (extract(epoch FROM max(decided_at)) * 1000)::bigint
                             FROM shards), 0) AS at
    FROM nodes WHERE node = $1";
const OURS: &str = "SELECT count(*) FROM shards WHERE node = $1 AND epoch = $2";
const TAKEOVER: &str = "
    SELECT to_node, to_epoch, lsns FROM takeovers WHERE from_node = $1
    ORDER BY takeover DESC LIMIT 1";

/// Why shards are not this engine's to write. What was tried was not done.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Others have recovered from here what this engine had written.
    #[error(
        "this engine was superseded: node {by} has taken the shards over under epoch {epoch}. What \
         this one has acknowledged since does not count"
    )]
    Superseded {
        /// Who has.
        by: Uuid,
        /// Under which epoch.
        epoch: Epoch,
        /// The last fact of each shard that counts.
        lsns: Vec<Lsn>,
    },
    /// Another process writes with the same data.
    #[error(
        "the shards are written under epoch {found}, and this engine's is {own}: its data \
         directory is a copy, and the engine on the other one goes on"
    )]
    Copy {
        /// The epoch in the database.
        found: Epoch,
        /// This engine's.
        own: Epoch,
    },
    /// It is another deployment's, or this one's before its disk was lost.
    #[error(
        "this database belongs to node {node}, whose data directory this is not. If that one is \
         lost, `holdfast recover --from-postgres` makes this one of what is in the database: {} \
         facts, the last of shard {} being {}; else give this engine a database of its own",
        facts(.lsns), longest(.lsns).0, longest(.lsns).1
    )]
    Foreign {
        /// Whose it is.
        node: Uuid,
        /// The last fact of each shard that can be restored.
        lsns: Vec<Lsn>,
    },
    /// The journal does not have what the database lacks.
    #[error(
        "the database needs all facts from batch {next} of the journal on, and the journal begins \
         with batch {first_number}: what is in front was pruned before it was written anywhere. \
         Postgres can stand behind a data directory from its beginning only; leave database_url \
         out, or begin a new data directory"
    )]
    Pruned {
        /// The batch that is needed.
        next: u64,
        /// The first batch of the journal.
        first_number: u64,
    },
    /// The database has facts that the journal does not have.
    #[error(
        "the database has fact {projected} of shard {shard}, and the journal ends with \
         {journaled}: the data directory is an older copy, or has lost what it had. Bring the \
         newest copy back, or `holdfast recover --from-postgres` into an empty directory"
    )]
    Ahead {
        /// The shard.
        shard: ShardId,
        /// Its last fact in the database.
        projected: Lsn,
        /// Its last fact in the journal.
        journaled: Lsn,
    },
}

fn facts(lsns: &[Lsn]) -> u64 {
    lsns.iter().map(|lsn| lsn.0).sum()
}

/// The shard with the most facts.
fn longest(lsns: &[Lsn]) -> (u16, Lsn) {
    let longest = (0_u16..).zip(lsns).max_by_key(|(_, lsn)| **lsn);
    longest.map_or((0, Lsn(0)), |(shard, lsn)| (shard, *lsn))
}

/// Where the projection goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Claim {
    /// The last batch of the owner's journal that is there.
    pub(crate) number: u64,
    /// When the last fact that is there was decided.
    pub(crate) at: Timestamp,
    /// The last fact of each shard that is there.
    pub(crate) lsns: Vec<Lsn>,
}

/// The line of every shard; none in a database that nobody has written to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Lines {
    /// Who writes them; all lines say the same, since nobody takes some of them.
    pub(crate) owner: Option<(Uuid, Epoch)>,
    pub(crate) lsns: Vec<Lsn>,
}

/// Reads the lines.
pub(crate) async fn lines(connection: &mut PgConnection) -> Result<Lines, Error> {
    let rows = sqlx::query(LINES).fetch_all(connection).await?;
    let mut lines = Lines::default();
    for row in &rows {
        let epoch = Epoch(row.try_get::<i64, _>("epoch")?.cast_unsigned());
        let highest = lines.owner.map_or(epoch, |(_, highest)| highest.max(epoch));
        lines.owner = Some((row.try_get("node")?, highest));
        lines.lsns.push(Lsn(row.try_get::<i64, _>("lsn")?.cast_unsigned()));
    }
    if !lines.lsns.is_empty() && lines.lsns.len() != usize::from(SHARDS) {
        return Err(Error::Diverged {
            statement: LINES.to_owned(),
            expected: u64::from(SHARDS),
            found: lines.lsns.len() as u64,
        });
    }
    Ok(lines)
}

/// Why `node` under `epoch` may not have these lines, or that it may.
pub(crate) async fn judge(
    connection: &mut PgConnection,
    lines: &Lines,
    own: Owner,
) -> Result<(), Error> {
    let Some((node, epoch)) = lines.owner else { return Ok(()) };
    if node == own.node {
        let copy = Refusal::Copy { found: epoch, own: own.epoch };
        return if epoch > own.epoch { Err(Box::new(copy).into()) } else { Ok(()) };
    }
    let takeover = sqlx::query(TAKEOVER).bind(own.node).fetch_optional(connection).await?;
    let refusal = match takeover {
        None => Refusal::Foreign { node, lsns: lines.lsns.clone() },
        Some(row) => {
            let lsns: Vec<i64> = row.try_get("lsns")?;
            Refusal::Superseded {
                by: row.try_get("to_node")?,
                epoch: Epoch(row.try_get::<i64, _>("to_epoch")?.cast_unsigned()),
                lsns: lsns.into_iter().map(|lsn| Lsn(lsn.cast_unsigned())).collect(),
            }
        }
    };
    Err(Box::new(refusal).into())
}

/// Claims all shards for `own`, whose journal ends with these LSNs.
pub(crate) async fn claim(
    connection: &mut PgConnection,
    own: Owner,
    journaled: &[Lsn],
) -> Result<Claim, Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query(TURN).execute(&mut *transaction).await?;
    let mut lines = lines(&mut transaction).await?;
    judge(&mut transaction, &lines, own).await?;
    let epoch = own.epoch.0.cast_signed();
    if lines.owner.is_none() {
        sqlx::query(NEW_NODE).bind(own.node).execute(&mut *transaction).await?;
        sqlx::query(NEW_LINES).bind(own.node).bind(epoch).execute(&mut *transaction).await?;
        lines.lsns = vec![Lsn(0); usize::from(SHARDS)];
    } else {
        sqlx::query(RAISE).bind(own.node).bind(epoch).execute(&mut *transaction).await?;
    }
    let pairs = (0..).map(ShardId).zip(lines.lsns.iter().zip(journaled));
    for (shard, (&projected, &journaled)) in pairs {
        if projected > journaled {
            return Err(Box::new(Refusal::Ahead { shard, projected, journaled }).into());
        }
    }
    let progress = sqlx::query(PROGRESS).bind(own.node).fetch_one(&mut *transaction).await?;
    let number = progress.try_get::<i64, _>("number")?.cast_unsigned();
    let at = Timestamp(progress.try_get::<i64, _>("at")?.cast_unsigned());
    transaction.commit().await?;
    Ok(Claim { number, at, lsns: lines.lsns })
}

/// Whether all shards are still the owner's.
pub(crate) async fn check_ours(connection: &mut PgConnection, own: Owner) -> Result<(), Error> {
    let epoch = own.epoch.0.cast_signed();
    let ours: i64 =
        sqlx::query_scalar(OURS).bind(own.node).bind(epoch).fetch_one(connection).await?;
    if ours == i64::from(SHARDS) { Ok(()) } else { Err(Error::Fenced) }
}
