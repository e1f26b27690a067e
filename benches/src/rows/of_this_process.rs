//! What cannot be beaten: the disk with nothing above it, and the core with nothing around it. The
//! disk makes groups durable, each of as many operations as one sync of the engine serves.

use super::{BATCH, Row, STREAM, Shape, hot, row};
use crate::peers::here::{bare, core, disk_direct, disk_written};

/// Of what asks itself, one thing after the other.
pub(super) const SHAPE: Shape = hot(1, 1);

pub(super) const ROWS: [Row; 3] = [
    Row {
        peer_shape: Some(SHAPE),
        ..row(
            "stream, 64 a message, and the disk, 8 x 1,024 in flight",
            "the disk alone, one group after the other, 1 x 1 in flight",
            (ours!(STREAM, BATCH), disk_written),
            hot(8, 1_024),
            None,
        )
    },
    row(
        "the disk alone: a write and fdatasync, as the journal does it",
        "O_DIRECT and O_DSYNC",
        (disk_written, disk_direct),
        SHAPE,
        None,
    ),
    row("the core alone: decide and apply", "an array and a hash map", (core, bare), SHAPE, None),
];
