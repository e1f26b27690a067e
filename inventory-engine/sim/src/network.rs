//! The way between those who ask and the engine: what is sent may come late, twice, in another
//! order, in another life of the engine, or not at all.

use persistence::disk::simulated::Chance;

use crate::buyers::Ticket;
use crate::tally::Tally;

/// Requests on their way.
pub(crate) struct Network {
    chance: Chance,
    requests: Vec<Ticket>,
}

impl Network {
    pub(crate) fn new(seed: u64) -> Self {
        Self { chance: Chance::of(seed, 3), requests: Vec::new() }
    }

    /// Somebody asks.
    pub(crate) fn send(&mut self, ticket: Ticket, tally: &mut Tally) {
        if self.chance.once_in(25) {
            return tally.fault("request lost");
        }
        self.requests.push(ticket);
        if self.chance.once_in(12) {
            tally.fault("request duplicated");
            self.requests.push(ticket);
        }
    }

    /// The next that comes through, mostly the oldest.
    pub(crate) fn arrive(&mut self, tally: &mut Tally) -> Option<Ticket> {
        if self.requests.is_empty() {
            return None;
        }
        if !self.chance.once_in(4) {
            return Some(self.requests.remove(0));
        }
        let place = self.chance.below(self.requests.len());
        if place > 0 {
            tally.fault("request overtaken");
        }
        Some(self.requests.remove(place))
    }

    /// Whether an answer gets lost.
    pub(crate) fn loses_answer(&mut self) -> bool {
        self.chance.once_in(25)
    }

    /// Everything that is under way is lost but a few that are only late.
    pub(crate) fn break_off(&mut self, tally: &mut Tally) {
        let before = self.requests.len();
        self.requests.retain(|_| self.chance.once_in(4));
        for _ in self.requests.len()..before {
            tally.fault("request lost");
        }
    }

    /// From now on nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}
