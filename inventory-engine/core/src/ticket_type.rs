//! Ticket types: what a spot of an event may be sold as, how many of them, and when.

use compact_str::CompactString;

use crate::chart::Chart;
use crate::ids::CategoryIndex;
use crate::limits::{TICKET_TYPE_CATEGORIES_MAX, TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX};
use crate::time::Timestamp;

/// One ticket type of an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TicketType {
    /// The organizer's key, unique in the event.
    pub key: CompactString,
    /// How many spots may be held and sold as this type together; no limit if absent.
    pub quota: Option<u32>,
    /// From when on spots may be held as this type; with the event's sale if absent.
    pub sale_opens_at: Option<Timestamp>,
    /// From when on no more spots may be held as this type; with the event's sale if absent.
    pub sale_closes_at: Option<Timestamp>,
    /// The categories whose spots may be sold as this type; empty: all, and spots without one.
    pub categories: Vec<CategoryIndex>,
}

impl TicketType {
    /// Whether a spot of a category may be sold as this type.
    pub fn applies_to(&self, category: Option<CategoryIndex>) -> bool {
        self.categories.is_empty()
            || category.is_some_and(|category| self.categories.contains(&category))
    }

    fn is_valid(&self, chart: &Chart) -> bool {
        let is_open_once = match (self.sale_opens_at, self.sale_closes_at) {
            (Some(opens), Some(closes)) => opens < closes,
            _ => true,
        };
        let categories = chart.parts().categories.len();
        let mut seen = self.categories.clone();
        seen.sort_unstable();
        seen.dedup();
        (1..=TICKET_TYPE_KEY_BYTES_MAX).contains(&self.key.len())
            && self.quota != Some(0)
            && is_open_once
            && self.categories.len() <= TICKET_TYPE_CATEGORIES_MAX
            && seen.len() == self.categories.len()
            && seen.iter().all(|category| (category.0 as usize) < categories)
    }
}

/// Whether an event on this chart could be sold by these types.
pub fn are_valid(ticket_types: &[TicketType], chart: &Chart) -> bool {
    let mut keys: Vec<&str> = ticket_types.iter().map(|of| of.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    ticket_types.len() <= TICKET_TYPES_MAX
        && keys.len() == ticket_types.len()
        && ticket_types.iter().all(|ticket_type| ticket_type.is_valid(chart))
}
