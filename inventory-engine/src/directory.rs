//! Who knows what, for any thread: the events on sale as everybody may see them, and the charts.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use dashmap::DashMap;
use inventory_core::chart::Chart;
use inventory_core::fact::{Change, Fact};
use inventory_core::ids::{ChartHash, EventId, Lsn};
use inventory_core::state::EventState;

use crate::view::EventView;

/// The events and the charts of one engine.
#[derive(Debug, Default)]
pub struct Directory {
    events: DashMap<EventId, Arc<EventView>>,
    /// The same by id, for listings.
    ordered: RwLock<BTreeMap<EventId, Arc<EventView>>>,
    /// Charts that somebody uses. One that was only stored can be read again.
    charts: DashMap<ChartHash, Weak<Chart>>,
}

impl Directory {
    /// An event whose creation is durable.
    pub fn event(&self, event_id: EventId) -> Option<Arc<EventView>> {
        self.events.get(&event_id).map(|entry| Arc::clone(entry.value()))
    }

    /// At most `count` events after an id, by id, and whether there are more.
    pub fn events_after(&self, after: EventId, count: usize) -> (Vec<Arc<EventView>>, bool) {
        // Nothing panics while it holds this lock, and a map that was being read is whole.
        let ordered = self.ordered.read().unwrap_or_else(PoisonError::into_inner);
        let behind = ordered.range((Bound::Excluded(after), Bound::Unbounded));
        let mut events: Vec<_> =
            behind.take(count + 1).map(|(_, event)| Arc::clone(event)).collect();
        let more = events.len() > count;
        events.truncate(count);
        (events, more)
    }

    /// How many events there are.
    pub fn event_count(&self) -> usize {
        self.events.len()
    }

    /// How many seats all events have together.
    pub fn seat_count(&self) -> u64 {
        self.events.iter().map(|event| u64::from(event.counts().total())).sum()
    }

    /// A chart that somebody uses.
    pub fn chart(&self, hash: ChartHash) -> Option<Arc<Chart>> {
        self.charts.get(&hash)?.upgrade()
    }

    /// Makes a chart known, and gives the one that everybody shares.
    pub fn share_chart(&self, hash: ChartHash, chart: Arc<Chart>) -> Arc<Chart> {
        let mut shared = self.charts.entry(hash).or_default();
        if let Some(known) = shared.upgrade() {
            return known;
        }
        *shared = Arc::downgrade(&chart);
        chart
    }

    /// Shows an event as it was recovered.
    pub fn add_recovered(&self, event: &EventState, lsn: Lsn) {
        self.add_event(EventView::recovered(event, lsn));
    }

    /// Shows a durable fact.
    pub fn show(&self, event: &EventState, fact: &Fact) {
        if matches!(fact.change, Change::EventCreated { .. }) {
            self.add_event(EventView::created(event, fact));
        } else if let Some(view) = self.events.get(&fact.event_id) {
            view.show(fact);
        }
    }

    fn add_event(&self, view: EventView) {
        let view = Arc::new(view);
        let mut ordered = self.ordered.write().unwrap_or_else(PoisonError::into_inner);
        ordered.insert(view.id, Arc::clone(&view));
        self.events.insert(view.id, view);
    }
}
