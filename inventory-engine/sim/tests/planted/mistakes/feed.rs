//! Mistakes in what everybody sees: the view of an event, and the changes that watchers add up.

use super::{Edit, Mistake};

const VIEW: &str = "inventory-engine/src/view.rs";
const HUB: &str = "inventory-engine/src/feed/hub.rs";
const PICTURE: &str = "inventory-engine/src/feed/picture.rs";
const TAP: &str = "inventory-engine/src/feed/tap.rs";

pub(super) const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "delta without version",
        breaks: "a watcher does not know how new its picture is",
        edits: &[Edit::new(PICTURE, "self.version = delta.to_version;", "")],
    },
    Mistake {
        name: "delta keeps the first word",
        breaks: "a seat that moved twice between two frames is shown as it was in between",
        edits: &[Edit::new(PICTURE, "*kept = *later;", "")],
    },
    Mistake {
        name: "merged delta forgets the end of the sale",
        breaks: "a watcher that was behind believes that the sale goes on",
        edits: &[Edit::new(PICTURE, "merged.is_closed |= delta.is_closed;", "")],
    },
    Mistake {
        name: "places not told to watchers",
        breaks: "areas stand still for who watches",
        edits: &[Edit::new(
            VIEW,
            "pending.area(places.area.0, self.areas[places.area.0 as usize].get());",
            "",
        )],
    },
    Mistake {
        name: "watcher that was away misses frames",
        breaks: "who comes back after a long time is led on from where nobody was",
        edits: &[Edit::new(
            HUB,
            "oldest.is_some_and(|oldest| oldest <= known)",
            "oldest.is_some()",
        )],
    },
    Mistake {
        name: "watcher that is behind misses a frame",
        breaks: "the oldest of the frames that a watcher needs is left out",
        edits: &[Edit::new(
            HUB,
            "frame.content().to_version <= known",
            "frame.content().from_version <= known",
        )],
    },
    Mistake {
        name: "first fact of a frame left out",
        breaks: "watchers never see what the first fact behind their version changed",
        edits: &[Edit::new(TAP, "*lsn > from_version", "*lsn > from_version + 1")],
    },
    Mistake {
        name: "blocked seats shown as free after a start",
        breaks: "who looks sees seats on sale that are not",
        edits: &[Edit::new(
            VIEW,
            "became != SeatStatus::Available",
            "became != SeatStatus::Available && became != SeatStatus::Blocked",
        )],
    },
    Mistake {
        name: "end of the sale not shown after a start",
        breaks: "a closed event looks open",
        edits: &[Edit::new(
            VIEW,
            "view.closed_at.store(event.closed_at.map_or(0, |at| at.0), Ordering::Relaxed);",
            "",
        )],
    },
    Mistake {
        name: "ticket types not counted in the view",
        breaks: "what is left of a quota is never shown",
        edits: &[Edit::new(
            VIEW,
            "self.ticket_types_sold[usize::from(ticket_type.0)].shift(from, became, count);",
            "let _ = (ticket_type, count);",
        )],
    },
];
