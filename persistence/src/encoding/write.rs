//! Facts to bytes.

use std::sync::Arc;

use inventory_core::fact::{Change, Fact, RequestMark};
use inventory_core::ids::TicketTypeIndex;
use inventory_core::rules::EventRules;
use inventory_core::spots::Spots;
use inventory_core::ticket_type::TicketType;
use inventory_core::time::Timestamp;

use super::{PAYLOAD_VERSION, kind};

/// Appends the payload of a batch of `facts`. What [`crate::batch::Batch::new`] accepted always
/// reads back.
pub fn write_facts(facts: &[Arc<Fact>], out: &mut Vec<u8>) {
    out.push(PAYLOAD_VERSION);
    facts.iter().for_each(|fact| Writer(out).fact(fact));
}

pub(super) struct Writer<'a>(pub(super) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(super) fn fact(&mut self, fact: &Fact) {
        self.u64(fact.at.0);
        self.u64(fact.event_id.0);
        self.request(fact.request);
        match &fact.change {
            Change::EventCreated { name, chart, rules, ticket_types } => {
                self.u8(kind::EVENT_CREATED);
                self.text(name);
                self.0.extend_from_slice(&chart.0);
                self.rules(rules);
                self.count(ticket_types.len());
                ticket_types.iter().for_each(|ticket_type| self.ticket_type(ticket_type));
            }
            Change::EventClosed => self.u8(kind::EVENT_CLOSED),
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline } => {
                self.u8(kind::HOLD_PLACED);
                self.u128(hold_id.0);
                self.text(buyer_id.as_str());
                self.u64(deadline.0);
                self.spots(spots);
            }
            Change::HoldExtended { hold_id, deadline } => {
                self.u8(kind::HOLD_EXTENDED);
                self.u128(hold_id.0);
                self.u64(deadline.0);
            }
            Change::HoldReleased { hold_id, spots } => {
                self.u8(kind::HOLD_RELEASED);
                self.u128(hold_id.0);
                self.spots(spots);
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots } => {
                self.u8(kind::HOLD_ALLOCATED);
                self.u128(hold_id.0);
                self.u128(allocation_id.0);
                self.text(buyer_id.as_str());
                self.spots(spots);
            }
            Change::HoldExpired { hold_id, spots } => {
                self.u8(kind::HOLD_EXPIRED);
                self.u128(hold_id.0);
                self.spots(spots);
            }
            Change::SpotsReturned { allocation_id, spots } => {
                self.u8(kind::SPOTS_RETURNED);
                self.u128(allocation_id.0);
                self.spots(spots);
            }
            Change::SpotsBlocked { spots } => {
                self.u8(kind::SPOTS_BLOCKED);
                self.spots(spots);
            }
            Change::SpotsUnblocked { spots } => {
                self.u8(kind::SPOTS_UNBLOCKED);
                self.spots(spots);
            }
        }
    }

    fn request(&mut self, request: Option<RequestMark>) {
        self.flag(request.is_some());
        if let Some(RequestMark { id, fingerprint }) = request {
            self.u128(id.get());
            self.u64(fingerprint);
        }
    }

    pub(super) fn rules(&mut self, rules: &EventRules) {
        self.u64(rules.hold_ttl_millis);
        self.u16(rules.extensions_max);
        self.flag(rules.buyer_seats_max.is_some());
        if let Some(seats) = rules.buyer_seats_max {
            self.u32(seats);
        }
        self.window([rules.sale_opens_at, rules.sale_closes_at]);
    }

    fn window(&mut self, window: [Option<Timestamp>; 2]) {
        for at in window {
            self.flag(at.is_some());
            if let Some(at) = at {
                self.u64(at.0);
            }
        }
    }

    pub(super) fn ticket_type(&mut self, ticket_type: &TicketType) {
        self.text(&ticket_type.key);
        self.flag(ticket_type.quota.is_some());
        if let Some(quota) = ticket_type.quota {
            self.u32(quota);
        }
        self.window([ticket_type.sale_opens_at, ticket_type.sale_closes_at]);
        self.count(ticket_type.categories.len());
        ticket_type.categories.iter().for_each(|category| self.u32(category.0));
    }

    /// Seats are most of a journal, so ticket types are written only where any seat has one.
    pub(super) fn spots(&mut self, spots: &Spots) {
        let has_types = spots.seats.iter().any(|spot| spot.ticket_type.is_some());
        let count = u32::try_from(spots.seats.len()).expect("a batch checked how many it names");
        self.u32(count);
        self.flag(has_types);
        for spot in &spots.seats {
            self.u32(spot.seat.0);
            if has_types {
                self.ticket_type_index(spot.ticket_type);
            }
        }
        self.count(spots.areas.len());
        for places in &spots.areas {
            self.u32(places.area.0);
            self.ticket_type_index(places.ticket_type);
            self.u32(places.count);
        }
    }

    /// 0 for none, else one more than the index.
    fn ticket_type_index(&mut self, ticket_type: Option<TicketTypeIndex>) {
        self.u16(ticket_type.map_or(0, |index| index.0 + 1));
    }

    pub(super) fn count(&mut self, count: usize) {
        self.u16(u16::try_from(count).expect("a batch checked how long its lists are"));
    }

    pub(super) fn text(&mut self, text: &str) {
        let bytes = u16::try_from(text.len()).expect("a batch checked how long its texts are");
        self.u16(bytes);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.u8(u8::from(flag));
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub(super) fn u16(&mut self, number: u16) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn u128(&mut self, number: u128) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }
}
