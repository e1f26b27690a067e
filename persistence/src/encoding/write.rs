//! Facts to bytes.

use std::sync::Arc;

use inventory_core::fact::{Change, Fact, RequestMark};
use inventory_core::ids::SeatIndex;
use inventory_core::rules::EventRules;

use super::{PAYLOAD_VERSION, kind};

/// Appends the payload of a batch of `facts`. What [`crate::batch::Batch::new`] accepted always
/// reads back.
pub fn write_facts(facts: &[Arc<Fact>], out: &mut Vec<u8>) {
    out.push(PAYLOAD_VERSION);
    facts.iter().for_each(|fact| Writer(out).fact(fact));
}

struct Writer<'a>(&'a mut Vec<u8>);

impl Writer<'_> {
    fn fact(&mut self, fact: &Fact) {
        self.u64(fact.at.0);
        self.u64(fact.event_id.0);
        self.request(fact.request);
        match &fact.change {
            Change::EventCreated { name, chart, rules } => {
                self.u8(kind::EVENT_CREATED);
                self.text(name);
                self.0.extend_from_slice(&chart.0);
                self.rules(rules);
            }
            Change::HoldPlaced { hold_id, buyer_id, seats, deadline } => {
                self.u8(kind::HOLD_PLACED);
                self.u128(hold_id.0);
                self.text(buyer_id.as_str());
                self.u64(deadline.0);
                self.seats(seats);
            }
            Change::HoldExtended { hold_id, deadline } => {
                self.u8(kind::HOLD_EXTENDED);
                self.u128(hold_id.0);
                self.u64(deadline.0);
            }
            Change::HoldReleased { hold_id, seats } => {
                self.u8(kind::HOLD_RELEASED);
                self.u128(hold_id.0);
                self.seats(seats);
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, seats } => {
                self.u8(kind::HOLD_ALLOCATED);
                self.u128(hold_id.0);
                self.u128(allocation_id.0);
                self.text(buyer_id.as_str());
                self.seats(seats);
            }
            Change::HoldExpired { hold_id, seats } => {
                self.u8(kind::HOLD_EXPIRED);
                self.u128(hold_id.0);
                self.seats(seats);
            }
            Change::SpotsReturned { allocation_id, seats } => {
                self.u8(kind::SEATS_RETURNED);
                self.u128(allocation_id.0);
                self.seats(seats);
            }
            Change::SpotsBlocked { seats } => {
                self.u8(kind::SEATS_BLOCKED);
                self.seats(seats);
            }
            Change::SpotsUnblocked { seats } => {
                self.u8(kind::SEATS_UNBLOCKED);
                self.seats(seats);
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

    fn rules(&mut self, rules: &EventRules) {
        self.u64(rules.hold_ttl_millis);
        self.u16(rules.extensions_max);
        self.flag(rules.buyer_seats_max.is_some());
        if let Some(seats) = rules.buyer_seats_max {
            self.u32(seats);
        }
        for at in [rules.sale_opens_at, rules.sale_closes_at] {
            self.flag(at.is_some());
            if let Some(at) = at {
                self.u64(at.0);
            }
        }
    }

    fn seats(&mut self, seats: &[SeatIndex]) {
        let count = u32::try_from(seats.len()).expect("a batch checked how many seats it names");
        self.u32(count);
        seats.iter().for_each(|seat| self.u32(seat.0));
    }

    fn text(&mut self, text: &str) {
        let bytes = u16::try_from(text.len()).expect("a batch checked how long its texts are");
        self.u16(bytes);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.u8(u8::from(flag));
    }

    fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    fn u16(&mut self, number: u16) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u128(&mut self, number: u128) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }
}
