//! What an event's organizer decides: how long holds last, how much one buyer may take, when
//! the sale is open.

use crate::limits::{
    EXTENSIONS_DEFAULT, HOLD_TTL_MILLIS_DEFAULT, HOLD_TTL_MILLIS_MAX, HOLD_TTL_MILLIS_MIN,
};
use crate::time::Timestamp;

/// The rules of one event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventRules {
    /// How long a hold lasts, and by how much an extension moves its deadline from now.
    pub hold_ttl_millis: u64,
    /// How often one hold may be extended.
    pub extensions_max: u16,
    /// Seats and places that one buyer may hold and own together.
    pub buyer_seats_max: Option<u32>,
    /// From when on spots may be held.
    pub sale_opens_at: Option<Timestamp>,
    /// From when on no more spots may be held. Holds that live may still be allocated.
    pub sale_closes_at: Option<Timestamp>,
}

impl Default for EventRules {
    fn default() -> Self {
        Self {
            hold_ttl_millis: HOLD_TTL_MILLIS_DEFAULT,
            extensions_max: EXTENSIONS_DEFAULT,
            buyer_seats_max: None,
            sale_opens_at: None,
            sale_closes_at: None,
        }
    }
}

impl EventRules {
    /// Whether an event could be sold by these rules.
    pub fn is_valid(&self) -> bool {
        let window_is_open_once = match (self.sale_opens_at, self.sale_closes_at) {
            (Some(opens), Some(closes)) => opens < closes,
            _ => true,
        };
        (HOLD_TTL_MILLIS_MIN..=HOLD_TTL_MILLIS_MAX).contains(&self.hold_ttl_millis)
            && self.buyer_seats_max != Some(0)
            && window_is_open_once
    }
}
