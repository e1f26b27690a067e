//! Every limit of the projection, related at compile time.

use std::time::Duration;

use persistence::limits::BATCH_FACTS_MAX;

/// Facts after which a transaction takes no more batches.
pub const CHUNK_FACTS_MAX: usize = 16_384;

/// Facts that a transaction is content with when larger ones took too long.
pub const CHUNK_FACTS_MIN: usize = 64;

/// Facts of a transaction while sales go on and little is behind: short ones, so that Postgres has
/// a processor for some milliseconds at a time where both share a machine.
pub const GENTLE_FACTS_MAX: usize = 1_024;

/// How often as long as such a transaction took is rested behind it.
pub const GENTLE_RESTS: u32 = 3;

/// One of so many parts of the journal's budget may be behind before nothing is rested any more.
pub const GENTLE_BUDGET_PARTS: u64 = 8;

/// Bytes of the journal after which a transaction takes no more batches.
pub const CHUNK_BYTES_MAX: u64 = 16 << 20;

/// Bytes that are sent to Postgres at a time.
pub const SEND_BYTES_MAX: usize = 1 << 20;

/// How long a connection may take.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long a transaction may take. One that takes longer is given up and tried again with half
/// as many facts.
pub const TRANSACTION_MAX: Duration = Duration::from_secs(30);

/// How long Postgres leaves a transaction open that nobody goes on with, so that an engine which
/// was stopped in the middle of one keeps nobody from taking over.
pub const IDLE_IN_TRANSACTION_MAX: Duration = Duration::from_secs(10);

/// How often is asked, while there is nothing to write, whether the shards are still ours.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);

/// What is waited for first after a failure; twice as long after each further one.
pub const RETRY_MIN: Duration = Duration::from_millis(50);

/// What is waited for at most.
pub const RETRY_MAX: Duration = Duration::from_secs(2);

/// How long a start waits for Postgres to say whose database it is.
pub const ASK_AT_START_MAX: Duration = Duration::from_secs(5);

/// The priority of the thread that projects: below those that serve, above the making of
/// snapshots.
pub const PROJECTOR_NICENESS: i32 = 10;

/// How hard archived facts and images are compressed.
pub const COMPRESSION_LEVEL: i32 = 1;

/// Bytes of one piece of an archived image, compressed.
pub const PIECE_BYTES_MAX: usize = 4 << 20;

/// Bytes of a shard's image, not compressed: more than the memory of any machine should have of
/// one shard.
pub const IMAGE_BYTES_MAX: u64 = 16 << 30;

/// Bytes of a shard's archived facts, not compressed: what one batch of the largest facts takes.
pub const FACTS_BYTES_MAX: usize = persistence::limits::RECORD_BYTES_MAX;

/// Archived facts behind the newest archived snapshot that make it time for another.
pub const SNAPSHOT_AFTER_FACTS: u64 = 1_000_000;

/// How often is looked whether a snapshot is to be archived.
pub const SNAPSHOT_LOOK_EVERY: Duration = Duration::from_secs(30);

/// Complete snapshots that the archive keeps.
pub const SNAPSHOTS_KEPT: i64 = 2;

/// Facts of the history that are read at a time.
pub const HISTORY_ROWS_MAX: i64 = 10_000;

/// Differences of one table that a comparison tells.
pub const DIFFERENCES_TOLD_MAX: usize = 10;

const _: () = assert!(CHUNK_FACTS_MIN < CHUNK_FACTS_MAX);
// What a chunk has of one shard is one archived batch, which is one batch when it is restored; a
// chunk may go beyond its limit by one batch of the journal.
const _: () = assert!(CHUNK_FACTS_MAX <= BATCH_FACTS_MAX);
const _: () = assert!(RETRY_MIN.as_millis() < RETRY_MAX.as_millis());
