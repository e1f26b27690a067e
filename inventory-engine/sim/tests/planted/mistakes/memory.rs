//! Mistakes in the memory of requests: what makes asking again harmless.

use super::{Edit, Mistake};

const STATE: &str = "inventory-engine/core/src/state/mod.rs";
const REQUESTS: &str = "inventory-engine/core/src/state/requests.rs";
const TIME_ORDERED: &str = "inventory-engine/core/src/state/requests/time_ordered.rs";

pub(super) const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "hashed request id lost",
        breaks: "a request with an id that says nothing of time is done twice",
        edits: &[Edit::new(REQUESTS, "self.hashed.push(request.id, fact)", "()")],
    },
    Mistake {
        name: "request of another accepted as a repeat",
        breaks: "who uses an id again is told that something else was done",
        edits: &[Edit::new(STATE, "first.request() == Some(mark)", "first.request().is_some()")],
    },
    Mistake {
        name: "repeat answered with the wrong fact",
        breaks: "who asks again is told of another place in history",
        edits: &[Edit::new(
            STATE,
            "Arc::new(first.decode())",
            "Arc::new(Fact { lsn: self.last_lsn, ..first.decode() })",
        )],
    },
    Mistake {
        name: "one request evicted too early",
        breaks: "one request fewer is remembered than was promised",
        edits: &[Edit::new(REQUESTS, "self.len() > self.kept_max", "self.len() >= self.kept_max")],
    },
    Mistake {
        name: "evicted request accepted again",
        breaks: "a request that was forgotten is done twice",
        edits: &[Edit::new(
            TIME_ORDERED,
            "self.newest_forgotten = self.newest_forgotten.max(forgotten.0.id.get());",
            "",
        )],
    },
];
