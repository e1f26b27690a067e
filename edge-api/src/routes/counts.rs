//! How many seats and places are in which state, as replies tell it. Of whatever has a capacity
//! the four states add up to it.

use proto::inventory::v1::{Counts, NamedCounts};
use serde::Serialize;

/// How many are in which state; they add up to the capacity.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct CountsDocument {
    available: u32,
    held: u32,
    allocated: u32,
    blocked: u32,
    capacity: u32,
}

impl From<Counts> for CountsDocument {
    fn from(counts: Counts) -> Self {
        Self {
            available: counts.available,
            held: counts.held,
            allocated: counts.allocated,
            blocked: counts.blocked,
            capacity: counts.capacity,
        }
    }
}

impl CountsDocument {
    /// Of a field that an engine always fills.
    pub(crate) fn of(counts: Option<Counts>) -> Self {
        counts.map(Self::from).unwrap_or_default()
    }
}

/// Those of something with a name, under the word for what it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Name {
    /// A section's label; empty for what is in none.
    Section(String),
    /// A category's key; empty for what has none.
    Category(String),
    /// A ticket type's key.
    TicketType(String),
    /// An area's label.
    Area(String),
}

#[derive(Debug, Serialize)]
pub(super) struct NamedDocument {
    #[serde(flatten)]
    name: Name,
    #[serde(flatten)]
    counts: CountsDocument,
}

/// A list of them.
pub(super) fn named(list: Vec<NamedCounts>, name: fn(String) -> Name) -> Vec<NamedDocument> {
    let document = |of: NamedCounts| NamedDocument {
        name: name(of.name),
        counts: CountsDocument::of(of.counts),
    };
    list.into_iter().map(document).collect()
}
