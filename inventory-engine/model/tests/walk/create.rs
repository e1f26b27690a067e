//! Events to be put on sale: their rules and ticket types, and now and then a flaw for which they
//! cannot be.

use inventory_core::command::CreateEvent;
use inventory_core::ids::{CategoryIndex, EventId};
use inventory_core::limits::{
    EVENT_NAME_BYTES_MAX, HOLD_TTL_MILLIS_MAX, HOLD_TTL_MILLIS_MIN, TICKET_TYPE_CATEGORIES_MAX,
    TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX,
};
use inventory_core::rules::EventRules;
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;
use proptest::prelude::*;

use crate::op;
use crate::venue::{CHART, NO_CHART};

/// When a walk begins, at a round moment.
pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000);

/// How many flaws there are.
const FLAWS: usize = 14;

/// An event that somebody wants to put on sale.
#[derive(Clone, Debug)]
pub(crate) struct Create {
    pub(crate) event: usize,
    rules: EventRules,
    ticket_types: Vec<TicketType>,
    has_chart: bool,
    flaw: Option<usize>,
}

impl Create {
    /// As it is asked for.
    pub(crate) fn command(&self, event_id: EventId) -> CreateEvent {
        let mut create = CreateEvent {
            event_id,
            name: "random".into(),
            chart: if self.has_chart { CHART } else { NO_CHART },
            rules: self.rules,
            ticket_types: self.ticket_types.clone(),
        };
        if let Some(flaw) = self.flaw {
            spoil(&mut create, flaw);
        }
        create
    }
}

/// Any event, mostly one that can be sold.
pub(crate) fn create() -> BoxedStrategy<Create> {
    let event = prop_oneof![1 => op::event(), 2 => Just(1_usize)];
    let flaw = prop::option::weighted(0.2, 0..FLAWS);
    (event, rules(), ticket_types(), prop::bool::weighted(0.9), flaw)
        .prop_map(|(event, rules, ticket_types, has_chart, flaw)| Create {
            event,
            rules,
            ticket_types,
            has_chart,
            flaw,
        })
        .boxed()
}

/// The event that is there from the beginning.
pub(crate) fn first() -> impl Strategy<Value = Create> {
    (rules(), ticket_types()).prop_map(|(rules, ticket_types)| Create {
        event: 0,
        rules,
        ticket_types,
        has_chart: true,
        flaw: None,
    })
}

fn rules() -> impl Strategy<Value = EventRules> {
    let limit = prop::option::of(1_u32..12);
    (window(), 0_u16..4, op::millis(1_000, 60_000), limit).prop_map(
        |((sale_opens_at, sale_closes_at), extensions_max, hold_ttl_millis, buyer_seats_max)| {
            EventRules {
                hold_ttl_millis,
                extensions_max,
                buyer_seats_max,
                sale_opens_at,
                sale_closes_at,
            }
        },
    )
}

/// When something opens and closes, if it does.
fn window() -> impl Strategy<Value = (Option<Timestamp>, Option<Timestamp>)> {
    let opens_after = prop::option::weighted(0.3, op::millis(1, 20_000));
    let closes_after = prop::option::weighted(0.3, op::millis(1, 200_000));
    (opens_after, closes_after).prop_map(|(opens_after, closes_after)| {
        let opens_at = opens_after.map(|millis| START.plus_millis(millis));
        let from = opens_at.unwrap_or(START);
        (opens_at, closes_after.map(|millis| from.plus_millis(millis)))
    })
}

fn ticket_types() -> impl Strategy<Value = Vec<TicketType>> {
    prop::collection::vec(ticket_type(), 0..4).prop_map(|mut types| {
        for (number, ticket_type) in types.iter_mut().enumerate() {
            ticket_type.key = format!("type {number}").into();
        }
        types
    })
}

fn ticket_type() -> impl Strategy<Value = TicketType> {
    let categories = vec![CategoryIndex(0), CategoryIndex(1)];
    let categories = prop::sample::subsequence(categories, 0..=2);
    (prop::option::of(1_u32..9), window(), categories).prop_map(
        |(quota, (sale_opens_at, sale_closes_at), categories)| TicketType {
            key: "type".into(),
            quota,
            sale_opens_at,
            sale_closes_at,
            categories,
        },
    )
}

/// Makes something of an event that can be sold that cannot, in one of so many ways; of each
/// limit there is the first that is too much.
fn spoil(create: &mut CreateEvent, flaw: usize) {
    let long = |bytes: usize| "x".repeat(bytes + 1).into();
    let closed_at_once = (Some(START), Some(START));
    let rules = &mut create.rules;
    let blank = TicketType {
        key: "spoiled".into(),
        quota: None,
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    };
    let types = &mut create.ticket_types;
    match flaw {
        0 => create.name = long(EVENT_NAME_BYTES_MAX),
        1 => rules.hold_ttl_millis = HOLD_TTL_MILLIS_MIN - 1,
        2 => rules.hold_ttl_millis = HOLD_TTL_MILLIS_MAX + 1,
        3 => rules.buyer_seats_max = Some(0),
        4 => (rules.sale_opens_at, rules.sale_closes_at) = closed_at_once,
        5 => types.push(TicketType { key: "".into(), ..blank }),
        6 => types.push(TicketType { key: long(TICKET_TYPE_KEY_BYTES_MAX), ..blank }),
        7 => types.extend([blank.clone(), blank]),
        8 => types.push(TicketType { quota: Some(0), ..blank }),
        9 => {
            let (sale_opens_at, sale_closes_at) = closed_at_once;
            types.push(TicketType { sale_opens_at, sale_closes_at, ..blank });
        }
        10 => types.push(TicketType { categories: vec![CategoryIndex(2)], ..blank }),
        11 => types.push(TicketType { categories: vec![CategoryIndex(0); 2], ..blank }),
        12 => {
            let categories = (0..=TICKET_TYPE_CATEGORIES_MAX as u32).map(CategoryIndex).collect();
            types.push(TicketType { categories, ..blank });
        }
        13 => {
            let keys = types.len()..=TICKET_TYPES_MAX;
            let keyed =
                keys.map(|key| TicketType { key: format!("{key}").into(), ..blank.clone() });
            types.extend(keyed);
        }
        _ => panic!("there are {FLAWS} flaws"),
    }
}
