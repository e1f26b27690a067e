//! Mistakes in what is decided, and in what a fact does to the state.

use super::{Edit, Mistake};

const COMMANDS: &str = "inventory-engine/core/src/commands/mod.rs";
const ALLOCATE: &str = "inventory-engine/core/src/commands/allocate.rs";
const EXPIRE: &str = "inventory-engine/core/src/commands/expire.rs";
const EXTEND: &str = "inventory-engine/core/src/commands/extend.rs";
const PLACE: &str = "inventory-engine/core/src/commands/place.rs";
const RELEASE: &str = "inventory-engine/core/src/commands/release.rs";
const RETURN: &str = "inventory-engine/core/src/commands/return.rs";
const EVENT: &str = "inventory-engine/core/src/state/event.rs";
const BEST_AVAILABLE: &str = "inventory-engine/core/src/best_available.rs";

pub(super) const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "deadline does not bind",
        breaks: "a hold is sold after its deadline if its expiry was not written yet",
        edits: &[Edit::new(COMMANDS, "hold.deadline > now", "true")],
    },
    Mistake {
        name: "expires early",
        breaks: "holds end before their deadlines",
        edits: &[Edit::new(EXPIRE, "deadline <= now", "deadline <= now.plus_millis(1_000)")],
    },
    Mistake {
        name: "never expires",
        breaks: "a new hold does not wait for its deadline, and lives for ever",
        edits: &[Edit::new(PLACE, "self.deadlines.insert((deadline, hold_id));", "")],
    },
    Mistake {
        name: "wrong deadline after extend",
        breaks: "a hold gets a hold time more than it may, counted from its old deadline",
        edits: &[Edit::new(
            EXTEND,
            "hold.deadline.max(now.plus_millis(rules.hold_ttl_millis))",
            "hold.deadline.plus_millis(rules.hold_ttl_millis)",
        )],
    },
    Mistake {
        name: "extended hold still waits for its first deadline",
        breaks: "a hold ends although it was extended",
        edits: &[Edit::new(EXTEND, "self.deadlines.remove(&(hold.deadline, hold_id));", "")],
    },
    Mistake {
        name: "extension not counted",
        breaks: "a hold is extended as often as one likes",
        edits: &[Edit::new(EXTEND, "hold.extensions += 1;", "")],
    },
    Mistake {
        name: "closed event still sells",
        breaks: "seats of an event are held after its sale ended for good",
        edits: &[Edit::new(PLACE, "event.closed_at.is_some()", "false")],
    },
    Mistake {
        name: "owner of a hold not checked",
        breaks: "anybody who knows a hold may use it",
        edits: &[Edit::new(COMMANDS, "hold.buyer_id == *buyer_id", "true")
            .within("Live(hold)) if hold.buyer_id == *buyer_id")],
    },
    Mistake {
        name: "owner of a sale not checked",
        breaks: "anybody who knows a sale may give it back",
        edits: &[Edit::new(RETURN, "allocation.buyer_id == command.buyer_id", "true")],
    },
    Mistake {
        name: "seat of another taken",
        breaks: "what is held or sold is given to the next who asks",
        edits: &[Edit::new(
            COMMANDS,
            "event.seat(seat) != Some(needed)",
            "event.seat(seat).is_none()",
        )],
    },
    Mistake {
        name: "part of a hold frees the whole",
        breaks: "who gives one seat back loses them all",
        edits: &[Edit::new(
            RELEASE,
            "Change::HoldReleased { hold_id: hold.id, spots }",
            "Change::HoldReleased { hold_id: hold.id, spots: hold.spots.clone() }",
        )],
    },
    Mistake {
        name: "part of a whole table",
        breaks: "a table that is sold as a whole is taken apart",
        edits: &[Edit::new(COMMANDS, "check_tables(event, seats.iter().copied())?;", "")],
    },
    Mistake {
        name: "released hold said to be expired",
        breaks: "who released a hold is told that it ran out",
        edits: &[Edit::new(RELEASE, "Ending::Released", "Ending::Expired")
            .within("hold_id, spots, Ending::Released);")],
    },
    Mistake {
        name: "quota leaks on release",
        breaks: "what is released is never again there for its ticket type",
        edits: &[Edit::new(
            EVENT,
            "self.ticket_type_counts[usize::from(index)].shift(from, to, count);",
            "if to != SeatStatus::Available {
                self.ticket_type_counts[usize::from(index)].shift(from, to, count);
            }",
        )],
    },
    Mistake {
        name: "buyer's limit leaks on partial release",
        breaks: "seats that a buyer gave back still count against the buyer's limit",
        edits: &[Edit::new(
            RELEASE,
            "event.remove_buyer_spots(&buyer_id, spots.count());",
            "if !self.holds.contains_key(&hold_id) {
                event.remove_buyer_spots(&buyer_id, spots.count());
            }",
        )],
    },
    Mistake {
        name: "buyer's limit forgets what is sold",
        breaks: "a buyer who has bought may hold as much again",
        edits: &[Edit::new(
            ALLOCATE,
            "allocation.add_to(&mut self.digest);",
            "event.remove_buyer_spots(&allocation.buyer_id, spots.count());
            allocation.add_to(&mut self.digest);",
        )],
    },
    Mistake {
        name: "returned seat stays sold in the digest",
        breaks: "the digest is no longer that of the state",
        edits: &[Edit::new(
            EVENT,
            "remove_seat(digest, self.id, index, from);",
            "if !matches!(from, SeatState::Allocated(_)) {
                remove_seat(digest, self.id, index, from);
            }",
        )],
    },
    Mistake {
        name: "best available measures no row again",
        breaks: "who asks for seats together is turned away although some came free",
        edits: &[Edit::new(EVENT, "self.measured_rows.forget(row);", "")],
    },
    Mistake {
        name: "best available passes over the last seats of a run",
        breaks: "seats that are farther away are given although nearer ones are free",
        edits: &[Edit::new(
            BEST_AVAILABLE,
            "run.iter().zip(&run[quantity..])",
            "run.iter().zip(&run[quantity..run.len().max(quantity + 1) - 1])",
        )],
    },
];
