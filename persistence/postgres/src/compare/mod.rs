//! Whether Postgres says what the journal says: every row of every table beside what a replay of
//! the journal comes to.
//!
//! Must always hold: the replay here takes one fact at a time and shares nothing with what the
//! projector writes, so that a mistake there is not made twice. It changes nothing.

mod expected;
mod found;

use std::collections::BTreeMap;
use std::fmt;

use inventory_core::ids::{Lsn, ShardId};
use inventory_core::limits::SHARDS;
use persistence::dir::DataDirPaths;
use persistence::file::reader::JournalReader;
use sqlx::{Connection, PgConnection};

use self::expected::Expected;
use crate::claim::lines;
use crate::database::Database;
use crate::error::Error;
use crate::limits::DIFFERENCES_TOLD_MAX;

/// Rows of a table as text, by their keys as text.
type Table = BTreeMap<String, String>;

/// What a comparison found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Comparison {
    /// Facts that Postgres has.
    pub facts: u64,
    /// Durable facts that it does not have yet.
    pub behind: u64,
    /// Rows that were compared, all tables together.
    pub rows: u64,
    /// What differs, in words; not more than the first few of each table.
    pub differences: Vec<String>,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { facts, behind, rows, differences } = self;
        let verdict = if differences.is_empty() { "equals" } else { "differs from" };
        write!(
            f,
            "Postgres {verdict} the journal's replay: {facts} facts, {rows} rows; {behind} facts \
             behind"
        )?;
        differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
    }
}

/// Compares a database with the journal of a data directory, from its first fact. Both may go on
/// meanwhile: what is compared is one moment of the database.
pub async fn compare(database: &Database, paths: &DataDirPaths) -> Result<Comparison, Error> {
    let mut connection = database.connect().await?;
    found::prepare(&mut connection).await?;
    let mut transaction = connection.begin().await?;
    let of_one_moment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    sqlx::query(of_one_moment).execute(&mut *transaction).await?;
    let lines = lines(&mut transaction).await?;
    let mut lsns = lines.lsns;
    lsns.resize(usize::from(SHARDS), Lsn(0));
    let mut comparison = Comparison { facts: sum(&lsns), ..Comparison::default() };
    let expected = replay(paths, &lsns, &mut comparison)?;
    compare_tables(&mut transaction, &expected, &mut comparison).await?;
    found::check_archive(&mut transaction, &expected, &lsns, &mut comparison).await?;
    Ok(comparison)
}

fn sum(lsns: &[Lsn]) -> u64 {
    lsns.iter().map(|lsn| lsn.0).sum()
}

/// Replays the journal up to where the database is.
fn replay(
    paths: &DataDirPaths,
    lsns: &[Lsn],
    comparison: &mut Comparison,
) -> Result<Expected, Error> {
    let mut expected = Expected::new(paths.charts());
    let mut reader = JournalReader::of(paths)?;
    if reader.begins_with() > 1 {
        return Err(Error::JournalBegins { first_number: reader.begins_with() });
    }
    let mut replayed = vec![Lsn(0); usize::from(SHARDS)];
    while let Some(stored) = reader.next_batch()? {
        let batch = &stored.batch;
        let shard = usize::from(batch.shard().0);
        for fact in batch.facts() {
            if fact.lsn > lsns[shard] {
                comparison.behind += 1;
                continue;
            }
            expected.take(batch.shard(), fact)?;
            replayed[shard] = fact.lsn;
        }
        if batch.last_lsn() <= lsns[shard] {
            expected.stands_at(batch.shard(), batch.last_lsn(), batch.digest_after());
        }
    }
    for (shard, (replayed, projected)) in (0..).map(ShardId).zip(replayed.iter().zip(lsns)) {
        if replayed != projected {
            comparison.differences.push(format!(
                "shard {shard}: Postgres has facts up to {projected}, the journal up to {replayed}"
            ));
        }
    }
    Ok(expected)
}

async fn compare_tables(
    connection: &mut PgConnection,
    expected: &Expected,
    comparison: &mut Comparison,
) -> Result<(), Error> {
    for (name, statement, rows) in expected.tables() {
        let found = found::table(connection, statement).await?;
        comparison.rows += found.len() as u64;
        comparison.differences.extend(differences(name, rows, &found));
    }
    Ok(())
}

fn differences(name: &str, expected: &Table, found: &Table) -> Vec<String> {
    let missing = expected.iter().filter_map(|(key, row)| match found.get(key) {
        Some(other) if other == row => None,
        Some(other) => Some(format!("{name} {key}: {other:?} where {row:?} belongs")),
        None => Some(format!("{name} {key}: there is no row, where {row:?} belongs")),
    });
    let surplus = found.iter().filter(|(key, _)| !expected.contains_key(*key));
    let surplus = surplus.map(|(key, row)| format!("{name} {key}: {row:?} belongs to nothing"));
    missing.chain(surplus).take(DIFFERENCES_TOLD_MAX).collect()
}
