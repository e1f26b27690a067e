//! The rows of the table: what is compared with what, under which load, and how close it has to
//! come. A row has both sides as functions that start them, so that peers slot in by their names.

use crate::peers::sides::{postgres_by_id, redis_in_memory, redis_synced};
use crate::rounds::ROUNDS_MIN;
use crate::served::{Way, Who, start};
use crate::side::Start;
use crate::workload::Choice;

/// The load of a row but for its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shape {
    /// Events on sale at the same time.
    pub events: u32,
    /// Seats of each.
    pub seats: u32,
    /// Connections.
    pub clients: usize,
    /// Operations in flight on each.
    pub depth: usize,
}

/// One comparison.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What is asked of both sides; unique.
    pub name: &'static str,
    /// What ours is compared with.
    pub peer_name: &'static str,
    /// Our side.
    pub ours: Start,
    /// The other one.
    pub peer: Start,
    /// The load of both.
    pub shape: Shape,
    /// The load of the peer where another one is better for it; its name says which.
    pub peer_shape: Option<Shape>,
    /// What ours over the peer's is to be at least; `None` where it is told and not promised.
    pub target: Option<f64>,
    /// Rounds of each side at least.
    pub rounds_min: u32,
}

/// Seats of an event: a large hall, or a small stadium.
const SEATS: u32 = 50_000;

const fn hot(clients: usize, depth: usize) -> Shape {
    Shape { events: 1, seats: SEATS, clients, depth }
}

const fn over_many(clients: usize, depth: usize) -> Shape {
    Shape { events: 1_000, seats: SEATS, clients, depth }
}

/// Unary calls of gRPC are no faster than this on any machine that has been seen, and streams no
/// faster than that: so many events are put on sale ahead.
const UNARY: Who = Who::Holdfast { per_second_max: 200_000 };
const STREAM: Who = Who::Holdfast { per_second_max: 800_000 };

const TONIC: &str = "tonic, doing nothing";
const AXUM: &str = "axum, doing nothing";

/// Our side and the limit of its transport.
macro_rules! limit {
    ($who:expr, $way:expr) => {
        (
            |setting, load| start($who, $way, setting, load),
            |setting, load| start(Who::NoOp, $way, setting, load),
        )
    };
}

/// Our side and a store.
macro_rules! store {
    ($who:expr, $way:expr, $peer:expr) => {
        (|setting, load| start($who, $way, setting, load), $peer)
    };
}

const fn row(
    name: &'static str,
    peer_name: &'static str,
    (ours, peer): (Start, Start),
    shape: Shape,
    target: Option<f64>,
) -> Row {
    let rounds_min = ROUNDS_MIN;
    Row { name, peer_name, ours, peer, shape, peer_shape: None, target, rounds_min }
}

const ONE: Way = Way::Stream { per_message: 1 };
const BATCH: Way = Way::Stream { per_message: 64 };

/// Holdfast beside what its transports could do at most.
const OF_TRANSPORTS: [Row; 8] = [
    row(
        "gRPC unary, 8 x 64 in flight",
        TONIC,
        limit!(UNARY, Way::Unary(Choice::ById)),
        hot(8, 64),
        Some(0.75),
    ),
    row(
        "gRPC unary, 64 x 1 in flight",
        TONIC,
        limit!(UNARY, Way::Unary(Choice::ById)),
        hot(64, 1),
        None,
    ),
    row(
        "gRPC unary, 8 x 64 in flight, 1,000 events",
        TONIC,
        limit!(UNARY, Way::Unary(Choice::ById)),
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

/// Holdfast beside what others would keep seats in. What is in flight is the same on both sides:
/// Redis gets it as pipelines of so many scripts, Postgres on so many connections.
const OF_STORES: [Row; 3] = [
    row(
        "stream, 64 a message, and Redis in memory, 8 x 256 in flight",
        "Redis, Lua scripts, in memory",
        store!(STREAM, BATCH, redis_in_memory),
        hot(8, 256),
        Some(4.0),
    ),
    row(
        "stream, 64 a message, and Redis on disk, 8 x 256 in flight",
        "Redis, Lua scripts, appendfsync always",
        store!(STREAM, BATCH, redis_synced),
        hot(8, 256),
        Some(4.0),
    ),
    row(
        "unary, and Postgres by id, 32 x 1 in flight",
        "Postgres, row locks",
        store!(UNARY, Way::Unary(Choice::ById), postgres_by_id),
        hot(32, 1),
        None,
    ),
];

/// All rows whose names have the words in them, whatever their case.
pub fn named(words: Option<&str>) -> Vec<Row> {
    let words = words.unwrap_or_default().to_lowercase();
    let is_meant = |row: &Row| {
        row.name.to_lowercase().contains(&words) || row.peer_name.to_lowercase().contains(&words)
    };
    OF_TRANSPORTS.into_iter().chain(OF_STORES).filter(is_meant).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_rounds_enough() {
        let all = named(None);
        let names: HashSet<_> = all.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), all.len());
        assert!(all.iter().all(|row| row.rounds_min >= ROUNDS_MIN));
    }

    #[test]
    fn rows_are_found_by_part_of_a_name() {
        assert_eq!(named(Some("rest, 64")).len(), 1);
        assert_eq!(named(Some("h2LOAD")).len(), 1);
        assert!(named(Some("stream")).len() > 2);
        assert!(named(Some("no such row")).is_empty());
    }
}
