//! Holdfast beside what others would keep seats in. What is in flight is the same on both sides:
//! Redis gets it as pipelines of so many scripts, Postgres on so many connections. Only where
//! Redis is asked as suits it best each side has a shape of its own.
//!
//! How Redis liked its shapes, connections x operations in flight on each, in parts of the one
//! that its row uses. Medians of nine rounds of a second on two cores shared with other work;
//! rounds of the same shape differed by up to a half.
//!
//! | shape     | in memory | synced |
//! |-----------|----------:|-------:|
//! | 64 x 1    |      0.28 |   0.19 |
//! | 1 x 64    |      0.92 |   0.23 |
//! | 2 x 64    |      0.81 |   0.25 |
//! | 8 x 64    |      0.81 |   0.65 |
//! | 2 x 256   |         1 |   0.45 |
//! | 8 x 256   |      0.95 |      1 |
//! | 4 x 512   |      0.83 |   0.76 |
//! | 2 x 1,024 |      0.93 |   0.66 |
//! | 8 x 1,024 |      0.88 |   1.02 |
//!
//! In memory all but the first are as good as each other but for chance. Synced, four times as
//! many as 8 x 256 made answers take four times as long and nothing faster.

use super::{BATCH, BEST, CALL, Row, STREAM, UNARY, hot, row};
use crate::peers::sides::{postgres_best_available, postgres_by_id, redis_in_memory, redis_synced};

const MEMORY: &str = "Redis, Lua scripts, in memory";
const SYNCED: &str = "Redis, Lua scripts, appendfsync always";
const LOCKS: &str = "Postgres, row locks";
const SKIP: &str = "Postgres, SKIP LOCKED";

pub(super) const ROWS: [Row; 10] = [
    row(
        "unary, and Redis in memory, 64 x 1 in flight",
        MEMORY,
        (ours!(UNARY, CALL), redis_in_memory),
        hot(64, 1),
        None,
    ),
    row(
        "unary, and Redis on disk, 64 x 1 in flight",
        SYNCED,
        (ours!(UNARY, CALL), redis_synced),
        hot(64, 1),
        None,
    ),
    row(
        "stream, 64 a message, and Redis in memory, 8 x 256 in flight",
        MEMORY,
        (ours!(STREAM, BATCH), redis_in_memory),
        hot(8, 256),
        Some(4.0),
    ),
    row(
        "stream, 64 a message, and Redis on disk, 8 x 256 in flight",
        SYNCED,
        (ours!(STREAM, BATCH), redis_synced),
        hot(8, 256),
        Some(4.0),
    ),
    Row {
        peer_shape: Some(hot(2, 256)),
        ..row(
            "stream, 64 a message, and Redis in memory at its best, 8 x 1,024 in flight",
            "Redis, Lua scripts, in memory, 2 x 256 in flight",
            (ours!(STREAM, BATCH), redis_in_memory),
            hot(8, 1_024),
            Some(4.0),
        )
    },
    Row {
        peer_shape: Some(hot(8, 256)),
        ..row(
            "stream, 64 a message, and Redis on disk at its best, 8 x 1,024 in flight",
            "Redis, Lua scripts, appendfsync always, 8 x 256 in flight",
            (ours!(STREAM, BATCH), redis_synced),
            hot(8, 1_024),
            Some(4.0),
        )
    },
    row(
        "unary, and Postgres by id, 8 x 1 in flight",
        LOCKS,
        (ours!(UNARY, CALL), postgres_by_id),
        hot(8, 1),
        None,
    ),
    row(
        "unary, and Postgres by id, 32 x 1 in flight",
        LOCKS,
        (ours!(UNARY, CALL), postgres_by_id),
        hot(32, 1),
        None,
    ),
    row(
        "unary, best available, 8 x 1 in flight",
        SKIP,
        (ours!(UNARY, BEST), postgres_best_available),
        hot(8, 1),
        None,
    ),
    row(
        "unary, best available, 32 x 1 in flight",
        SKIP,
        (ours!(UNARY, BEST), postgres_best_available),
        hot(32, 1),
        None,
    ),
];
