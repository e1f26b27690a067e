//! Holdfast beside what its transports could do at most.

use super::{BATCH, CALL, ONE, Row, STREAM, UNARY, hot, over_many, row};
use crate::served::{Way, Who};

const TONIC: &str = "tonic, doing nothing";
const AXUM: &str = "axum, doing nothing";

/// Our side and the limit of its transport.
macro_rules! limit {
    ($who:expr, $way:expr) => {
        (ours!($who, $way), ours!(Who::NoOp, $way))
    };
}

pub(super) const ROWS: [Row; 8] = [
    row("gRPC unary, 8 x 64 in flight", TONIC, limit!(UNARY, CALL), hot(8, 64), Some(0.75)),
    row("gRPC unary, 64 x 1 in flight", TONIC, limit!(UNARY, CALL), hot(64, 1), None),
    row(
        "gRPC unary, 8 x 64 in flight, 1,000 events",
        TONIC,
        limit!(UNARY, CALL),
        over_many(8, 64),
        Some(0.75),
    ),
    row(
        "gRPC unary under h2load, a repeated place, 8 x 64 in flight",
        TONIC,
        limit!(UNARY, Way::H2load),
        hot(8, 64),
        Some(0.75),
    ),
    row(
        "gRPC stream, 1 a message, 8 x 512 in flight",
        TONIC,
        limit!(STREAM, ONE),
        hot(8, 512),
        None,
    ),
    row(
        "gRPC stream, 64 a message, 8 x 1,024 in flight",
        TONIC,
        limit!(STREAM, BATCH),
        hot(8, 1_024),
        Some(0.35),
    ),
    row(
        "gRPC stream, 64 a message, 8 x 1,024 in flight, 1,000 events",
        TONIC,
        limit!(STREAM, BATCH),
        over_many(8, 1_024),
        Some(0.35),
    ),
    row("REST, 64 x 1 in flight", AXUM, limit!(UNARY, Way::Rest), hot(64, 1), None),
];
