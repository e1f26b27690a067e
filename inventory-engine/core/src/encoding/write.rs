//! Facts, and what they are made of, to bytes.

use crate::fact::{Change, Fact, RequestMark};
use crate::ids::TicketTypeIndex;
use crate::rules::EventRules;
use crate::spots::Spots;
use crate::ticket_type::TicketType;
use crate::time::Timestamp;

use super::kind;

/// Writes what a [`super::Reader`] reads, behind what is there already.
#[derive(Debug)]
pub struct Writer<'a>(&'a mut Vec<u8>);

impl<'a> Writer<'a> {
    /// Appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self(out)
    }
}

impl Writer<'_> {
    /// A fact without its LSN.
    pub fn fact(&mut self, fact: &Fact) {
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

    /// Rules of a sale.
    pub fn rules(&mut self, rules: &EventRules) {
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

    /// A ticket type.
    pub fn ticket_type(&mut self, ticket_type: &TicketType) {
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
    pub fn spots(&mut self, spots: &Spots) {
        let has_types = spots.seats.iter().any(|spot| spot.ticket_type.is_some());
        let count =
            u32::try_from(spots.seats.len()).expect("a fact names no more than its limits let it");
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

    /// A list, behind its length in 32 bits.
    pub fn long_list<T>(&mut self, list: &[T], write: impl Fn(&mut Self, &T)) {
        self.u32(u32::try_from(list.len()).expect("the limits of a shard keep its lists shorter"));
        list.iter().for_each(|item| write(self, item));
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// How long a list is, in 16 bits.
    pub fn count(&mut self, count: usize) {
        self.u16(u16::try_from(count).expect("a fact has no longer lists than its limits let it"));
    }

    /// A text of at most 65,535 bytes, behind its length in 16 bits.
    pub fn text(&mut self, text: &str) {
        let bytes =
            u16::try_from(text.len()).expect("a fact has no longer texts than its limits let it");
        self.u16(bytes);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A flag, as one byte.
    pub fn flag(&mut self, flag: bool) {
        self.u8(u8::from(flag));
    }

    /// A number.
    pub fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    /// A number.
    pub fn u16(&mut self, number: u16) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A number.
    pub fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A number.
    pub fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A number.
    pub fn u128(&mut self, number: u128) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }
}
