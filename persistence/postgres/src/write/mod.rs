//! One transaction: what some facts come to, their archive, and how far that is.
//!
//! Must always hold: the fence stands in front of everything else, and all of it is one
//! transaction. So a fact is in all tables or in none, and never twice; and who was superseded
//! writes nothing.

mod archive;
mod events;
mod fence;
mod history;
mod holds;
mod seats;

use persistence::charts::ChartStore;
use sqlx::PgConnection;

pub(crate) use self::fence::Owner;
use crate::changes::Changes;
use crate::copy::Rows;
use crate::error::Error;
use crate::limits::SEND_BYTES_MAX;

/// Writes `changes`, after which all batches up to `number` of the owner's journal are here.
/// To be called in a transaction, which is of no use after an error.
pub(crate) async fn write(
    connection: &mut PgConnection,
    owner: Owner,
    number: u64,
    changes: &Changes,
    charts: &ChartStore,
) -> Result<(), Error> {
    fence::pass(connection, owner, number, changes).await?;
    events::create(connection, changes, charts).await?;
    seats::update(connection, changes).await?;
    seats::update_places(connection, changes).await?;
    holds::write(connection, changes).await?;
    holds::write_allocations(connection, changes).await?;
    events::close(connection, changes).await?;
    history::append(connection, changes).await?;
    archive::append(connection, changes).await
}

/// Sends rows to a table; nothing if there are none.
async fn copy(connection: &mut PgConnection, statement: &str, rows: Rows) -> Result<(), Error> {
    let count = rows.count();
    if count == 0 {
        return Ok(());
    }
    let bytes = rows.finish();
    let mut copy = connection.copy_in_raw(statement).await?;
    for piece in bytes.chunks(SEND_BYTES_MAX) {
        copy.send(piece).await?;
    }
    check(statement, count, copy.finish().await?)
}

/// Each row has to be met once: another number says that the tables are not as the facts in front
/// have left them.
fn check(statement: &str, expected: u64, found: u64) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let statement = statement.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
    Err(Error::Diverged { statement, expected, found })
}
