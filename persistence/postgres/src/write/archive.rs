//! The facts themselves, as the journal has them.

use persistence::encoding::write_facts;
use sqlx::PgConnection;

use super::copy;
use crate::changes::Changes;
use crate::copy::Rows;
use crate::error::Error;
use crate::limits::COMPRESSION_LEVEL;

const BATCHES: &str = "COPY fact_batches FROM STDIN BINARY";

/// Writes a row a shard.
pub(super) async fn append(connection: &mut PgConnection, changes: &Changes) -> Result<(), Error> {
    let mut rows = Rows::new();
    let mut facts = Vec::new();
    for (shard, of) in &changes.shards {
        facts.clear();
        write_facts(&of.facts, &mut facts);
        let packed = zstd::bulk::compress(&facts, COMPRESSION_LEVEL).map_err(Error::Compression)?;
        rows.row(7).smallint(shard.0).bigint(of.before.0 + 1).bigint(of.last().0);
        rows.bigint(of.epoch.0).timestamptz(of.at());
        rows.bytes(&of.digest.0.to_be_bytes()).bytes(&packed);
    }
    copy(connection, BATCHES, rows).await
}
