//! Feeds: somebody watches an event while its writer goes on. Every picture that is handed out is
//! held against the truth of its version, and who waits for a fact that is never told waits for
//! ever, which loom reports.

use loom::thread::{self, JoinHandle};

use super::in_most_orders;
use crate::feed::watcher::Watcher;
use crate::story::{Step, Story};
use crate::sync::Arc;
use crate::view::EventView;

/// Stops where a thread need not wait; without a bound it takes minutes and more.
const STOPS_MAX: usize = 3;

/// Whoever begins to watch, at whatever moment, is told what the first picture does not show, up
/// to the last fact, once and in order.
pub fn who_begins_to_watch_is_told_what_the_picture_lacks() {
    let story = Story::of(&[Step::Hold, Step::SellSeat, Step::Close]);
    in_most_orders(STOPS_MAX, move || {
        let event = story.view();
        let writer = show(&story, &event);
        watch_to_the_end(&story, &event);
        writer.join().expect("the writer shows it all");
    });
}

/// What is more than may be told is read anew, and nothing is missed on the way.
pub fn who_cannot_be_told_it_all_reads_it_anew() {
    let story = Story::of(&[Step::Hold, Step::Sell]);
    in_most_orders(STOPS_MAX, move || {
        let event = story.view();
        let writer = show(&story, &event);
        watch_to_the_end(&story, &event);
        writer.join().expect("the writer shows it all");
    });
}

/// A feed that ends while the writer tells leaves nothing behind that a later one would take for
/// its own.
pub fn a_feed_that_ends_leaves_nothing_to_the_next() {
    let story = Story::of(&[Step::Hold, Step::SellSeat]);
    in_most_orders(STOPS_MAX, move || {
        let event = story.view();
        let writer = show(&story, &event);
        Watcher::begin(&event).end();
        watch_to_the_end(&story, &event);
        writer.join().expect("the writer shows it all");
    });
}

fn watch_to_the_end(story: &Story, event: &EventView) {
    let mut watcher = Watcher::begin(event);
    let mut version_before = 0;
    loop {
        if let Some(picture) = watcher.look() {
            assert_eq!(Some(picture), story.truth.get(&picture.version));
            assert!(version_before <= picture.version, "nobody is led back");
            version_before = picture.version;
        }
        if version_before == story.last_version() {
            return watcher.end();
        }
        watcher.wait();
    }
}

/// The event's writer, on a thread of its own.
fn show(story: &Arc<Story>, event: &Arc<EventView>) -> JoinHandle<()> {
    let (story, event) = (Arc::clone(story), Arc::clone(event));
    thread::spawn(move || story.facts.iter().for_each(|fact| event.show(fact)))
}
