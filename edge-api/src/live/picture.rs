//! What an event looks like at one version, and what changed between two, as browsers are told.
//! Deltas say what became of things, never by how much they changed.

use proto::inventory::v1::{Counts, EventDelta, EventSnapshot, IndexedCounts};

use crate::seat_map::digit;

/// An event at one version.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Picture {
    pub(super) version: u64,
    /// A digit a seat, as the seat map has them.
    pub(super) statuses: Vec<u8>,
    pub(super) areas: Vec<Counts>,
    pub(super) ticket_types: Vec<Counts>,
    pub(super) is_closed: bool,
}

/// What changed after one version up to and with another.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Delta {
    pub(super) from_version: u64,
    pub(super) to_version: u64,
    /// By index, ascending, each with its digit.
    pub(super) seats: Vec<(u32, u8)>,
    pub(super) areas: Vec<(u32, Counts)>,
    pub(super) ticket_types: Vec<(u32, Counts)>,
    pub(super) is_closed: bool,
}

/// An update that does not fit the picture that it is about.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Misfit {
    #[error("a delta leads from version {from} to {to}; the picture is at {at}")]
    Gap { from: u64, to: u64, at: u64 },
    #[error("a delta has {seats} seats and {statuses} states")]
    Uneven { seats: usize, statuses: usize },
    #[error("a delta names the {what} {index}, of {count}")]
    Unknown { what: &'static str, index: u32, count: usize },
    #[error("a delta came before any snapshot")]
    Early,
}

impl From<EventSnapshot> for Picture {
    fn from(snapshot: EventSnapshot) -> Self {
        Self {
            version: snapshot.version,
            statuses: snapshot.statuses.iter().copied().map(digit).collect(),
            areas: snapshot.areas,
            ticket_types: snapshot.ticket_types,
            is_closed: snapshot.is_closed,
        }
    }
}

impl TryFrom<EventDelta> for Delta {
    type Error = Misfit;

    fn try_from(delta: EventDelta) -> Result<Self, Misfit> {
        let (seats, statuses) = (delta.seats.len(), delta.statuses.len());
        if seats != statuses {
            return Err(Misfit::Uneven { seats, statuses });
        }
        let counts = |of: Vec<IndexedCounts>| {
            of.into_iter().map(|of| (of.index, of.counts.unwrap_or_default())).collect()
        };
        Ok(Self {
            from_version: delta.from_version,
            to_version: delta.to_version,
            seats: delta.seats.into_iter().zip(delta.statuses.into_iter().map(digit)).collect(),
            areas: counts(delta.areas),
            ticket_types: counts(delta.ticket_types),
            is_closed: delta.is_closed,
        })
    }
}

impl Picture {
    /// Whether another picture is of the same seats, areas and ticket types.
    fn is_alike(&self, other: &Self) -> bool {
        let sizes = |of: &Self| (of.statuses.len(), of.areas.len(), of.ticket_types.len());
        sizes(self) == sizes(other)
    }

    /// What leads from this picture to a later one; `None` if nothing does.
    pub(super) fn difference(&self, later: &Self) -> Option<Delta> {
        let is_later = later.version > self.version || later == self;
        if !is_later || !self.is_alike(later) {
            return None;
        }
        Some(Delta {
            from_version: self.version,
            to_version: later.version,
            seats: changed(&self.statuses, &later.statuses),
            areas: changed(&self.areas, &later.areas),
            ticket_types: changed(&self.ticket_types, &later.ticket_types),
            is_closed: later.is_closed,
        })
    }

    /// Whether a delta leads on from here, and names nothing that is not here.
    pub(super) fn check(&self, delta: &Delta) -> Result<(), Misfit> {
        let (from, to, at) = (delta.from_version, delta.to_version, self.version);
        if from > at || to < at {
            return Err(Misfit::Gap { from, to, at });
        }
        known("seat", &delta.seats, self.statuses.len())?;
        known("area", &delta.areas, self.areas.len())?;
        known("ticket type", &delta.ticket_types, self.ticket_types.len())
    }

    /// Lays a delta over the picture that was checked against it.
    pub(super) fn apply(&mut self, delta: &Delta) {
        lay(&mut self.statuses, &delta.seats);
        lay(&mut self.areas, &delta.areas);
        lay(&mut self.ticket_types, &delta.ticket_types);
        self.is_closed = delta.is_closed;
        self.version = delta.to_version;
    }
}

impl Delta {
    /// One delta of several that follow one another. The first may begin before `from_version`.
    pub(super) fn merged<'a>(from_version: u64, deltas: impl Iterator<Item = &'a Self>) -> Self {
        let mut merged = Self { from_version, ..Self::default() };
        for delta in deltas {
            merged.seats.extend_from_slice(&delta.seats);
            merged.areas.extend_from_slice(&delta.areas);
            merged.ticket_types.extend_from_slice(&delta.ticket_types);
            merged.is_closed = delta.is_closed;
            merged.to_version = delta.to_version;
        }
        keep_last(&mut merged.seats);
        keep_last(&mut merged.areas);
        keep_last(&mut merged.ticket_types);
        merged
    }

    /// How many things it says changed.
    pub(super) fn changes(&self) -> usize {
        self.seats.len() + self.areas.len() + self.ticket_types.len()
    }
}

fn changed<T: Copy + PartialEq>(before: &[T], after: &[T]) -> Vec<(u32, T)> {
    let pairs = (0..).zip(before.iter().zip(after));
    pairs.filter(|(_, (before, after))| before != after).map(|(at, (_, now))| (at, *now)).collect()
}

fn known<T>(what: &'static str, of: &[(u32, T)], count: usize) -> Result<(), Misfit> {
    match of.iter().find(|(index, _)| *index as usize >= count) {
        Some(&(index, _)) => Err(Misfit::Unknown { what, index, count }),
        None => Ok(()),
    }
}

fn lay<T: Copy>(over: &mut [T], said: &[(u32, T)]) {
    said.iter().for_each(|&(index, became)| over[index as usize] = became);
}

/// Of what is said of each index keeps the last, in the order of the indexes.
fn keep_last<T: Copy>(said: &mut Vec<(u32, T)>) {
    // Stable: of one index, what was said last stays last.
    said.sort_by_key(|&(index, _)| index);
    said.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            *kept = *later;
        }
        is_same
    });
}
