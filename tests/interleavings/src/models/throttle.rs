//! Lines of the log that stand for many events.

use loom::thread;

use super::in_every_order;
use crate::limits::LOG_LINE_EVERY;
use crate::sync::Arc;
use crate::throttle::Throttle;
use crate::time;

/// Of events that come at once one makes a line, and the next line has those that made none.
pub fn no_event_is_lost_to_the_count() {
    in_every_order(|| {
        let throttle = Arc::new(Throttle::new());
        let other = thread::spawn({
            let throttle = Arc::clone(&throttle);
            move || throttle.count()
        });
        let mine = throttle.count();
        let theirs = other.join().expect("it counts and goes");
        assert_ne!(mine.is_some(), theirs.is_some());
        time::pass(LOG_LINE_EVERY);
        assert_eq!(throttle.count(), mine.or(theirs).map(|told| 3 - told));
    });
}
