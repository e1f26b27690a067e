//! What clients recorded: each sending of a request with the moments at which it left and at which
//! its answer came, by one monotonic clock, and what the answer said.
//!
//! Must always hold: nothing is left out that left a client, and a sending whose answer never came
//! says so. What a server would rather not have said is what a checker needs most.

mod ids;
mod operation;
mod recorder;
mod words;

use std::sync::Arc;

pub use self::ids::{AllocationId, HoldId, IdError, RequestId};
pub use self::operation::{Operation, operations};
pub use self::recorder::Recorder;

/// Stands for the moment of an answer that never came.
pub const NEVER_MICROS: u64 = u64::MAX;

/// What was asked for. Holds and allocations are asked for as a whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ask {
    /// Hold these seats, all or none.
    Place {
        /// Of this event.
        event_id: u64,
        /// For whom.
        buyer: String,
        /// By dense index.
        seats: Vec<u32>,
    },
    /// Let a hold last for a full hold time from now.
    Extend {
        /// Which.
        hold_id: HoldId,
        /// Whose.
        buyer: String,
    },
    /// Give a hold's seats back.
    Release {
        /// Which.
        hold_id: HoldId,
        /// Whose.
        buyer: String,
    },
    /// Sell a hold's seats.
    Allocate {
        /// Which.
        hold_id: HoldId,
        /// Whose.
        buyer: String,
    },
    /// Put sold seats back on sale.
    Return {
        /// Which.
        allocation_id: AllocationId,
        /// Whose.
        buyer: String,
    },
}

/// A change that was acknowledged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// Its place in its shard's history.
    pub lsn: u64,
    /// What it changed.
    pub done: Done,
    /// The seats that changed; of an extension none are told.
    pub seats: Vec<u32>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Done {
    /// Seats are held.
    Placed {
        /// By this hold.
        hold_id: HoldId,
        /// Until then by the server's clock, milliseconds since 1970.
        deadline_millis: u64,
    },
    /// A hold lasts longer.
    Extended {
        /// This one.
        hold_id: HoldId,
        /// Until then.
        deadline_millis: u64,
    },
    /// A hold was given back.
    Released {
        /// This one.
        hold_id: HoldId,
    },
    /// A hold's seats were sold.
    Allocated {
        /// Of this hold.
        hold_id: HoldId,
        /// As this allocation.
        allocation_id: AllocationId,
    },
    /// Sold seats are on sale again.
    Returned {
        /// Of this allocation.
        allocation_id: AllocationId,
    },
}

/// A refusal by the rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejected {
    /// The word for programs.
    pub reason: String,
    /// The seats that stood in the way, each with its state.
    pub conflicts: Vec<(u32, SeatStatus)>,
}

/// The state of a seat.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SeatStatus {
    /// On sale.
    Available,
    /// Held by somebody.
    Held,
    /// Sold.
    Allocated,
    /// Off sale, or no such seat.
    Other,
}

/// What became of one sending.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Said {
    /// It was done, now or before.
    Accepted(Accepted),
    /// The rules said no.
    Rejected(Rejected),
    /// It was not decided; the word says why.
    NotDone(String),
    /// Nobody knows.
    Unknown,
}

/// A request as it left a client, once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sending {
    /// Who sent it.
    pub client: u32,
    /// What makes it the same request.
    pub request_id: RequestId,
    /// What was asked for.
    pub ask: Arc<Ask>,
    /// When it left, microseconds of the recorder's clock.
    pub invoked_micros: u64,
    /// When the answer was there; [`NEVER_MICROS`] if none came.
    pub answered_micros: u64,
    /// What came of it.
    pub said: Said,
}

/// What the server was told of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Terms {
    /// How long a hold lasts.
    pub hold_micros: u64,
    /// How far the server's clock may be from the recorder's: holds that end so much too early are
    /// not told from right ones.
    pub early_slack_micros: u64,
    /// The same for holds that end too late; `None` where the server's clock may stand still, as it
    /// does over a restart with a wall clock that went back.
    pub late_slack_micros: Option<u64>,
}

/// All sendings of a run, in the order in which their answers came or were given up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct History {
    /// What held for all of it.
    pub terms: Terms,
    /// What was sent.
    pub sendings: Vec<Sending>,
}
