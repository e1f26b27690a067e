//! The rows of the table: what is compared with what, under which load, and how close it has to
//! come. Peers bring rows of their own in the same form.

use crate::rounds::ROUNDS_MIN;
use crate::served::{Way, Who, start};
use crate::side::Start;

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

/// A side of a row is a function without anything of its own, so that peers can be added by their
/// names.
macro_rules! side {
    ($who:expr, $way:expr) => {
        |setting, load| start($who, $way, setting, load)
    };
}

macro_rules! row {
    ($name:expr, $who:expr, $way:expr, $peer:expr, $shape:expr, $target:expr) => {
        Row {
            name: $name,
            peer_name: $peer,
            ours: side!($who, $way),
            peer: side!(Who::NoOp, $way),
            shape: $shape,
            target: $target,
            rounds_min: ROUNDS_MIN,
        }
    };
}

const ONE: Way = Way::Stream { per_message: 1 };
const BATCH: Way = Way::Stream { per_message: 64 };

/// Holdfast beside what its transports could do at most.
pub const OF_TRANSPORTS: &[Row] = &[
    row!("gRPC unary, 8 x 64 in flight", UNARY, Way::Unary, TONIC, hot(8, 64), Some(0.75)),
    row!("gRPC unary, 64 x 1 in flight", UNARY, Way::Unary, TONIC, hot(64, 1), None),
    row!(
        "gRPC unary, 8 x 64 in flight, 1,000 events",
        UNARY,
        Way::Unary,
        TONIC,
        over_many(8, 64),
        Some(0.75)
    ),
    row!(
        "gRPC unary under h2load, a repeated place, 8 x 64 in flight",
        UNARY,
        Way::H2load,
        TONIC,
        hot(8, 64),
        Some(0.75)
    ),
    row!("gRPC stream, 1 a message, 8 x 512 in flight", STREAM, ONE, TONIC, hot(8, 512), None),
    row!(
        "gRPC stream, 64 a message, 8 x 1,024 in flight",
        STREAM,
        BATCH,
        TONIC,
        hot(8, 1_024),
        Some(0.35)
    ),
    row!(
        "gRPC stream, 64 a message, 8 x 1,024 in flight, 1,000 events",
        STREAM,
        BATCH,
        TONIC,
        over_many(8, 1_024),
        Some(0.35)
    ),
    row!("REST, 64 x 1 in flight", UNARY, Way::Rest, AXUM, hot(64, 1), None),
];

/// All rows whose names have the words in them, whatever their case.
pub fn named(words: Option<&str>) -> Vec<&'static Row> {
    let words = words.unwrap_or_default().to_lowercase();
    let all = OF_TRANSPORTS.iter();
    let is_meant = |row: &&Row| {
        row.name.to_lowercase().contains(&words) || row.peer_name.to_lowercase().contains(&words)
    };
    all.filter(is_meant).collect()
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
