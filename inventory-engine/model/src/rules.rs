//! By which rules an event can be sold at all.

use inventory_core::chart::Chart;
use inventory_core::limits::{
    EVENT_NAME_BYTES_MAX, HOLD_TTL_MILLIS_MAX, HOLD_TTL_MILLIS_MIN, TICKET_TYPE_CATEGORIES_MAX,
    TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX,
};
use inventory_core::rules::EventRules;
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

/// Whether an event of this name could be sold on a chart by these rules.
pub(crate) fn can_be_sold(
    name: &str,
    chart: &Chart,
    rules: &EventRules,
    ticket_types: &[TicketType],
) -> bool {
    let ttl_millis = rules.hold_ttl_millis;
    name.len() <= EVENT_NAME_BYTES_MAX
        && (HOLD_TTL_MILLIS_MIN..=HOLD_TTL_MILLIS_MAX).contains(&ttl_millis)
        && rules.buyer_seats_max != Some(0)
        && is_open_once(rules.sale_opens_at, rules.sale_closes_at)
        && ticket_types.len() <= TICKET_TYPES_MAX
        && ticket_types.iter().all(|of| can_be_sold_as(chart, of))
        && are_different(ticket_types.iter().map(|of| &of.key))
}

fn can_be_sold_as(chart: &Chart, ticket_type: &TicketType) -> bool {
    let categories = &ticket_type.categories;
    let known = chart.parts().categories.len();
    !ticket_type.key.is_empty()
        && ticket_type.key.len() <= TICKET_TYPE_KEY_BYTES_MAX
        && ticket_type.quota != Some(0)
        && is_open_once(ticket_type.sale_opens_at, ticket_type.sale_closes_at)
        && categories.len() <= TICKET_TYPE_CATEGORIES_MAX
        && categories.iter().all(|category| (category.0 as usize) < known)
        && are_different(categories.iter())
}

/// What never closes is open once, and what opens with everything else.
fn is_open_once(opens_at: Option<Timestamp>, closes_at: Option<Timestamp>) -> bool {
    opens_at.is_none() || closes_at.is_none() || opens_at < closes_at
}

fn are_different<T: PartialEq>(mut all: impl Iterator<Item = T> + Clone) -> bool {
    while let Some(one) = all.next() {
        if all.clone().any(|other| other == one) {
            return false;
        }
    }
    true
}
