//! The rows of the table: what is compared with what, under which load, and how close it has to
//! come. A row has both sides as functions that start them, so that peers slot in by their names.

use crate::rounds::ROUNDS_MIN;
use crate::served::{Way, Who};
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

const CALL: Way = Way::Unary(Choice::ById);
const BEST: Way = Way::Unary(Choice::BestAvailable);
const ONE: Way = Way::Stream { per_message: 1 };
const BATCH: Way = Way::Stream { per_message: 64 };

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

/// Our side as a program that is asked over a network.
macro_rules! ours {
    ($who:expr, $way:expr) => {
        |setting, load| crate::served::start($who, $way, setting, load)
    };
}

mod of_stores;
mod of_this_process;
mod of_transports;

/// All rows whose names have the words in them, whatever their case.
pub fn named(words: Option<&str>) -> Vec<Row> {
    let words = words.unwrap_or_default().to_lowercase();
    let is_meant = |row: &Row| {
        row.name.to_lowercase().contains(&words) || row.peer_name.to_lowercase().contains(&words)
    };
    let all = of_transports::ROWS.into_iter().chain(of_stores::ROWS).chain(of_this_process::ROWS);
    all.filter(is_meant).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::report::thousands;

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

    #[test]
    fn names_say_what_is_in_flight_on_either_side() {
        let in_flight = |shape: Shape| {
            format!("{} x {} in flight", shape.clients, thousands(shape.depth as f64))
        };
        for row in named(None) {
            let is_said = row.name.contains(&in_flight(row.shape));
            assert!(is_said || row.shape == of_this_process::SHAPE, "{}", row.name);
            let of_peer = row.peer_shape.map(in_flight);
            let is_said = of_peer.as_ref().is_none_or(|shape| row.peer_name.contains(shape));
            assert!(is_said, "{}: {}", row.name, row.peer_name);
        }
    }

    #[test]
    fn peers_sell_the_same_events_in_another_shape() {
        for row in named(None) {
            let peer = row.peer_shape.unwrap_or(row.shape);
            assert_eq!((peer.events, peer.seats), (row.shape.events, row.shape.seats));
        }
    }
}
