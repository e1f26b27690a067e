//! Facts of a shard one after the other, until the moment that was asked for.
//!
//! Must always hold: where the first facts are missing, the map is that of a snapshot, with the
//! facts behind the moment taken back from it; so each moment that the facts reach is shown
//! exactly, whichever side of the snapshot it lies on.

use std::sync::Arc;

use inventory_core::chart::Chart;
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{ChartHash, EventId, Lsn};
use inventory_core::time::Timestamp;

use super::seat_map::{Beginning, SeatMap};
use super::{Error, Until};

/// A map that is being made.
#[derive(Debug)]
pub struct Replay {
    event_id: EventId,
    until: Until,
    /// Made of the event's facts from its creation on.
    map: Option<SeatMap>,
    snapshot: Option<Snapshot>,
    /// The first fact of the shard that was seen, and the last one up to the moment.
    first: Option<(Lsn, Timestamp)>,
    last: Option<(Lsn, Timestamp)>,
    /// Facts of the event between the moment and the snapshot.
    behind: Vec<Arc<Fact>>,
    /// When and by what the event was created behind the moment.
    created_later: Option<(Lsn, Timestamp)>,
}

/// A shard in the middle of its history.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) lsn: Lsn,
    pub(super) at: Timestamp,
    /// `None` if the event was not there yet.
    pub(super) map: Option<SeatMap>,
}

impl Replay {
    /// From the shard's first fact on.
    pub fn new(event_id: EventId, until: Until) -> Self {
        Self {
            event_id,
            until,
            map: None,
            snapshot: None,
            first: None,
            last: None,
            behind: Vec::new(),
            created_later: None,
        }
    }

    /// From a later fact on, with a snapshot that says what was.
    pub(super) fn around(event_id: EventId, until: Until, snapshot: Snapshot) -> Self {
        Self { snapshot: Some(snapshot), ..Self::new(event_id, until) }
    }

    /// Takes the next fact of the event's shard, of whatever event; `read_chart` reads the chart
    /// of a fact that creates the event. False once no later fact can matter.
    pub fn take(
        &mut self,
        fact: &Arc<Fact>,
        read_chart: impl FnOnce(ChartHash) -> Result<Chart, Error>,
    ) -> Result<bool, Error> {
        if fact.event_id != self.event_id {
            return Ok(self.pass(fact.lsn, fact.at));
        }
        self.first.get_or_insert((fact.lsn, fact.at));
        if !self.until.includes(fact) {
            return Ok(self.take_later(fact));
        }
        self.last = Some((fact.lsn, fact.at));
        match (&fact.change, &mut self.map, &mut self.snapshot) {
            (Change::EventCreated { name, chart, ticket_types, .. }, map, _) => {
                let beginning = Beginning {
                    event_id: fact.event_id,
                    name: name.to_string(),
                    chart: Arc::new(read_chart(*chart)?),
                    ticket_types: ticket_types.iter().map(|of| of.key.to_string()).collect(),
                    created_at: fact.at,
                };
                *map = Some(SeatMap::begin(beginning, fact.lsn));
            }
            (_, Some(map), _) => map.take(fact)?,
            (_, None, Some(snapshot)) => {
                // What is in front of it is in it.
                if let Some(map) = snapshot.map.as_mut().filter(|_| fact.lsn > snapshot.lsn) {
                    map.take(fact)?;
                }
            }
            (_, None, None) => {
                let what = format!("event {} was not created", self.event_id);
                return Err(Error::Impossible { lsn: fact.lsn, what });
            }
        }
        Ok(true)
    }

    /// Passes by a fact of another event, which only says how far the shard was. False once no
    /// later fact can matter.
    pub fn pass(&mut self, lsn: Lsn, at: Timestamp) -> bool {
        self.first.get_or_insert((lsn, at));
        if self.until.reaches(lsn, at) {
            self.last = Some((lsn, at));
            return true;
        }
        self.looks_behind(lsn)
    }

    /// A fact of the event behind the moment.
    fn take_later(&mut self, fact: &Arc<Fact>) -> bool {
        if matches!(fact.change, Change::EventCreated { .. }) {
            self.created_later = Some((fact.lsn, fact.at));
            return false;
        }
        let is_in_snapshot = self.snapshot.as_ref().is_some_and(|of| fact.lsn <= of.lsn);
        if self.map.is_none() && is_in_snapshot {
            self.behind.push(Arc::clone(fact));
        }
        self.looks_behind(fact.lsn)
    }

    /// Whether facts behind one that is itself behind the moment may matter: those that a
    /// snapshot has, and the one that creates the event, which is worth telling.
    fn looks_behind(&self, lsn: Lsn) -> bool {
        let has_map = match &self.snapshot {
            Some(snapshot) if lsn <= snapshot.lsn => false,
            Some(snapshot) => snapshot.map.is_some(),
            None => false,
        };
        self.map.is_none() && !has_map
    }

    /// The map, now that all facts were taken.
    pub fn finish(self) -> Result<SeatMap, Error> {
        let event_id = self.event_id;
        let seen = self.snapshot.as_ref().map_or(Lsn(0), |snapshot| snapshot.lsn);
        let last_lsn = self.last.map_or(seen, |(lsn, _)| lsn.max(seen));
        if let Some((lsn, created_at)) = self.created_later {
            return Err(Error::NotYet { event_id, created_at, lsn });
        }
        let mut map = match (self.map, self.snapshot) {
            (Some(map), _) => map,
            (None, Some(snapshot)) => {
                let known = self.first.unwrap_or((snapshot.lsn, snapshot.at));
                let mut map = snapshot.map.ok_or(Error::EventUnknown(event_id))?;
                let created_at = map.event.created_at;
                if matches!(self.until, Until::At(until) if until < created_at) {
                    return Err(Error::NotYet { event_id, created_at, lsn: known.0 });
                }
                // With no fact seen, the shard was quiet from the snapshot's last one on.
                let (first_lsn, first_at) = known.min((snapshot.lsn, snapshot.at));
                if !self.until.reaches(first_lsn, first_at) {
                    return Err(Error::Pruned { event_id, first_at, first_lsn });
                }
                for fact in self.behind.iter().rev() {
                    map.take_back(fact)?;
                }
                map
            }
            (None, None) => return Err(Error::EventUnknown(event_id)),
        };
        if let Until::Through(lsn) = self.until
            && lsn > last_lsn
        {
            let shard = event_id.shard();
            return Err(Error::FactMissing { shard, lsn, last_lsn });
        }
        if let Some((lsn, at)) = self.last {
            (map.lsn, map.at) = (lsn, at);
        }
        Ok(map)
    }
}
