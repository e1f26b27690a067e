//! What really happened: every fact that the journal made durable, and what an event looked like
//! at each version by a map that knows nothing of views, feeds and boards.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{Epoch, EventId};
use inventory_core::spots::Counts;
use persistence::batch::Batch;
use persistence::journal::{Append, Journal};
use persistence::memory::MemoryJournal;
use tokio::sync::watch;

/// The facts so far.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) facts: Vec<Arc<Fact>>,
    /// Spots of all events that are held.
    pub(crate) held: i64,
}

/// A journal that shows what it wrote.
pub(crate) struct Witness {
    journal: MemoryJournal,
    history: watch::Sender<History>,
}

impl Witness {
    pub(crate) fn new() -> (Self, watch::Receiver<History>) {
        let (history, seen) = watch::channel(History::default());
        (Self { journal: MemoryJournal::new(), history }, seen)
    }
}

impl Journal for Witness {
    fn append(&mut self, group: &[Batch]) -> Append {
        let append = self.journal.append(group);
        assert!(matches!(append, Append::Durable), "memory does not fail");
        self.history.send_modify(|history| {
            for fact in group.iter().flat_map(Batch::facts) {
                if let Some((spots, from, became)) = fact.change.spots_moved() {
                    let is_held = |status| i64::from(status == SeatStatus::Held);
                    history.held += (is_held(became) - is_held(from)) * i64::from(spots.count());
                }
                history.facts.push(Arc::clone(fact));
            }
        });
        append
    }

    fn epoch(&self) -> Epoch {
        self.journal.epoch()
    }
}

/// An event as somebody sees it.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Picture {
    /// By seat, a number of the contract's.
    pub(crate) statuses: Vec<u8>,
    /// By area: available, held, allocated, blocked.
    pub(crate) areas: Vec<[u32; 4]>,
    pub(crate) ticket_types: Vec<[u32; 4]>,
    pub(crate) is_closed: bool,
}

impl Picture {
    pub(crate) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// What a fact makes of it.
    fn apply(&mut self, fact: &Fact) {
        self.is_closed |= matches!(fact.change, Change::EventClosed);
        let Some((spots, from, became)) = fact.change.spots_moved() else { return };
        let shift = |counts: &mut [u32; 4], count| {
            let mut shifted = Counts(*counts);
            shifted.shift(from, became, count);
            *counts = shifted.0;
        };
        for spot in &spots.seats {
            let status = &mut self.statuses[spot.seat.0 as usize];
            assert_eq!(*status, from as u8 + 1);
            *status = became as u8 + 1;
        }
        for places in &spots.areas {
            shift(&mut self.areas[places.area.0 as usize], places.count);
        }
        for (ticket_type, count) in spots.by_ticket_type() {
            shift(&mut self.ticket_types[usize::from(ticket_type.0)], count);
        }
    }
}

/// The digests of an event's pictures at the versions that are `wanted`, from what it looked
/// like when it was created.
pub(crate) fn digests(
    facts: &[Arc<Fact>],
    event_id: EventId,
    mut picture: Picture,
    wanted: &BTreeSet<u64>,
) -> BTreeMap<u64, u64> {
    let mut digests = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.event_id == event_id) {
        picture.apply(fact);
        if wanted.contains(&fact.lsn.0) {
            digests.insert(fact.lsn.0, picture.digest());
        }
    }
    digests
}
