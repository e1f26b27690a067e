//! What a checker finds.

use std::fmt;

/// What kind of promise was broken.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// The same request was answered in two ways.
    AnswerDiffers,
    /// A request that was done was refused when it came again.
    AnswerForgotten,
    /// An acknowledged change is not in the journal.
    AcknowledgedMissing,
    /// The journal has another change where an answer says its own is.
    OtherResult,
    /// One request has more than one effect in the journal.
    DoneTwice,
    /// A change that was acknowledged before another was asked for stands behind it.
    OrderInverted,
    /// A refusal names a state that its seats never had meanwhile.
    RefusalUnexplained,
    /// A fact does not fit the facts in front of it.
    FactImpossible,
    /// Two live holds or allocations have one seat.
    SeatSoldTwice,
    /// A hold ended by its deadline before it.
    EarlyExpiry,
    /// The server's counts or states are not the journal's.
    StateDiffers,
    /// The server found something wrong with itself.
    SelfReported,
    /// No order of a seat's operations explains what was answered.
    NotLinearizable,
    /// The search for such an order came to its bound.
    Undecided,
}

/// A promise that was broken, with what shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// Which promise.
    pub kind: Kind,
    /// In words.
    pub says: String,
    /// The operations and facts that show it.
    pub quotes: Vec<String>,
}

impl Violation {
    pub(super) fn new(kind: Kind, says: impl Into<String>, quotes: Vec<String>) -> Self {
        Self { kind, says: says.into(), quotes }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.says)?;
        self.quotes.iter().try_for_each(|quote| write!(f, "\n      {quote}"))
    }
}
