//! What is on sale: a few events on one small chart, on shards of their own.

use std::sync::Arc;

use inventory_charts::{generate, to_canonical_bytes};
use inventory_core::chart::Chart;
use inventory_core::ids::{ChartHash, EventId};
use persistence::charts::ChartStore;

/// Events that are sold. So few that buyers get in each other's way.
pub(crate) const EVENTS: [EventId; 3] = [EventId(1), EventId(2), EventId(3)];

/// Seats of each.
pub(crate) const SEATS: u32 = 24;

/// The chart of all events.
#[derive(Clone, Debug)]
pub(crate) struct Venue {
    pub(crate) chart: Arc<Chart>,
    pub(crate) document: Arc<[u8]>,
    pub(crate) hash: ChartHash,
}

impl Venue {
    pub(crate) fn new() -> Self {
        let chart = generate::with_seats(SEATS).expect("a chart may have so many seats");
        let document = to_canonical_bytes(&chart);
        let hash = ChartStore::hash_of(&document);
        Self { chart: Arc::new(chart), document: document.into(), hash }
    }
}
