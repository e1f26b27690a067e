//! The edge's limit of what waits at once.

use loom::thread;
use metrics::Gauge;

use super::{in_every_order, in_most_orders};
use crate::in_flight::InFlightLimit;

/// However many come at once, no more get a place than there are, and all of them are free again
/// in the end.
pub fn no_more_get_a_place_than_there_are() {
    in_most_orders(3, || {
        let limit = InFlightLimit::new(2, Gauge::noop());
        let others = [(); 2].map(|()| {
            let limit = limit.clone();
            thread::spawn(move || limit.try_acquire())
        });
        let mine = limit.try_acquire();
        let places = others.map(|other| other.join().expect("it asks and goes"));
        let taken = places.iter().chain([&mine]).filter(|place| place.is_some()).count();
        assert_eq!(taken, 2);
        drop((places, mine));
        assert!([limit.try_acquire(), limit.try_acquire()].iter().all(Option::is_some));
    });
}

/// Nobody is refused because of somebody who was refused.
pub fn a_free_place_is_had_by_somebody() {
    in_every_order(|| {
        let limit = InFlightLimit::new(1, Gauge::noop());
        let first = limit.try_acquire();
        assert!(first.is_some());
        let other = thread::spawn({
            let limit = limit.clone();
            move || limit.try_acquire()
        });
        drop(first);
        let mine = limit.try_acquire();
        let theirs = other.join().expect("it asks and goes");
        assert_ne!(mine.is_some(), theirs.is_some());
    });
}
