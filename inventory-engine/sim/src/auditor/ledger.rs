//! One shard as it has to be: all that was decided of it, how much of that has to last, and how
//! much of it may be seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{EventId, Lsn, ShardId};
use inventory_core::spots::Spots;
use inventory_core::state::{Memory, ShardState};
use inventory_core::time::Timestamp;
use inventory_engine::feed::Picture;
use inventory_model::Model;

use super::Decided;
use crate::venue::Venue;

/// What each event looks like at each of its versions, as far as it may be seen.
#[derive(Default)]
pub(crate) struct Gallery(BTreeMap<EventId, BTreeMap<u64, Picture>>);

/// One shard. Watermarks, oldest first: `shown` <= durable <= `handed` <= the last one decided.
pub(super) struct Ledger {
    /// All that was decided and may have lasted; the first has LSN 1.
    facts: Vec<Arc<Fact>>,
    /// Up to where facts were given to the journal, whatever became of them.
    pub(super) handed: Lsn,
    pub(super) shown: Lsn,
    /// As it is by all that is durable for sure.
    durable: Model,
    /// As it is by all that was decided.
    pub(super) decided: Model,
}

impl Gallery {
    /// An event at a version; its last one up to there.
    pub(crate) fn at(&self, event_id: EventId, version: u64) -> Option<&Picture> {
        self.0.get(&event_id)?.range(..=version).next_back().map(|(_, picture)| picture)
    }

    fn hang(&mut self, model: &Model, fact: &Fact) {
        let Some(picture) = picture(model, fact) else { return };
        self.0.entry(fact.event_id).or_default().insert(fact.lsn.0, picture);
    }
}

/// What a fact's event looks like behind it.
fn picture(model: &Model, fact: &Fact) -> Option<Picture> {
    let event_id = fact.event_id;
    let seats = model.seat_statuses(event_id)?;
    Some(Picture {
        version: fact.lsn.0,
        statuses: seats.into_iter().map(|status| status as u8).collect(),
        areas: model.area_counts(event_id)?,
        ticket_types: model.ticket_type_counts(event_id)?,
        is_closed: model.closed_at(event_id).is_some(),
    })
}

impl Ledger {
    pub(super) fn new(shard: ShardId, memory: Memory, venue: &Venue) -> Self {
        let mut model = Model::new(shard, memory);
        model.know_chart(venue.hash, Arc::clone(&venue.chart));
        Self {
            facts: Vec::new(),
            handed: Lsn(0),
            shown: Lsn(0),
            durable: model.clone(),
            decided: model,
        }
    }

    pub(super) fn durable_lsn(&self) -> Lsn {
        self.durable.last_lsn()
    }

    /// A turn begins with the ends of holds whose time has come: as many as may be, and no others.
    pub(super) fn expire(
        &mut self,
        now: Timestamp,
        expiries_max: usize,
        decided: &mut Decided,
    ) -> Result<(), String> {
        for due in self.decided.due(now, expiries_max) {
            let found = decided.next(self.decided.shard());
            let found = found.ok_or_else(|| format!("{due:?} is due at {now}"))?;
            if *found != due {
                return Err(format!("{found:?} instead of {due:?}"));
            }
            self.decide(&found)?;
        }
        Ok(())
    }

    /// A fact was decided.
    pub(super) fn decide(&mut self, fact: &Arc<Fact>) -> Result<(), String> {
        self.decided.apply(fact).map_err(|why| format!("{fact:?} cannot be: {why}"))?;
        self.facts.push(Arc::clone(fact));
        Ok(())
    }

    /// Whether room was kept for a fact when its hold was placed.
    pub(super) fn is_ending(&self, fact: &Fact) -> bool {
        let is_all = |hold_id, spots: &Spots| {
            let hold = self.decided.live_hold(hold_id);
            hold.is_some_and(|hold| hold.spots.count() == spots.count())
        };
        match &fact.change {
            Change::HoldReleased { hold_id, spots }
            | Change::HoldAllocated { hold_id, spots, .. } => is_all(*hold_id, spots),
            Change::HoldExpired { .. } => true,
            _ => false,
        }
    }

    /// All up to here is durable.
    pub(super) fn durable(&mut self, lsn: Lsn, gallery: &mut Gallery) -> Result<(), String> {
        while self.durable.last_lsn() < lsn {
            let fact = self.facts.get(self.durable.last_lsn().0 as usize);
            let fact = fact.ok_or_else(|| format!("{lsn} is durable, and was never decided"))?;
            self.durable.apply(fact)?;
            gallery.hang(&self.durable, fact);
        }
        Ok(())
    }

    pub(super) fn show(&mut self, fact: &Fact) -> Result<(), String> {
        let (lsn, durable) = (fact.lsn, self.durable.last_lsn());
        if lsn > durable {
            return Err(format!("fact {lsn} was shown when {durable} was durable"));
        }
        if lsn != self.shown.next() {
            return Err(format!("fact {lsn} was shown behind {}", self.shown));
        }
        self.shown = lsn;
        self.journaled(fact)
    }

    /// A fact as somebody outside of the pipeline has it.
    pub(super) fn journaled(&self, fact: &Fact) -> Result<(), String> {
        let place = (fact.lsn.0 as usize).wrapping_sub(1);
        match self.facts.get(place) {
            Some(decided) if **decided == *fact => Ok(()),
            decided => Err(format!("{fact:?} was decided as {decided:?}")),
        }
    }

    /// A new life begins with a state: what has to last is there, and what may be there besides.
    pub(super) fn restart(
        &mut self,
        state: &ShardState,
        gallery: &mut Gallery,
    ) -> Result<(), String> {
        let (last, durable) = (state.last_lsn(), self.durable.last_lsn());
        let shard = state.shard();
        if last < durable {
            return Err(format!("shard {shard} ends at {last}, and {durable} was durable"));
        }
        if last > self.handed {
            let handed = self.handed;
            return Err(format!("shard {shard} ends at {last}, and {handed} was the last"));
        }
        self.facts.truncate(last.0 as usize);
        self.durable(last, gallery)?;
        (self.handed, self.shown) = (last, last);
        self.decided = self.durable.clone();
        let compared = self.decided.compare(state);
        compared.map_err(|why| format!("shard {shard} after a start: {why}"))
    }
}
