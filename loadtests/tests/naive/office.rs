//! The rules of the naive office, and its lies.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::place_request::Selection;
use proto::inventory::v1::{self, SeatStatus};
use serde_json::json;

use super::venue::{Spots, Venue};

/// What an office may do wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lie {
    /// Nothing.
    None,
    /// The first sold seat is held and sold once more.
    SellsTwice,
    /// It acknowledges the first sale and does not keep it.
    LosesASale,
    /// It takes money for holds that have run out.
    TakesLatePayments,
    /// It has seats and gives them to nobody.
    SellsToNobody,
    /// It gives away more places of its areas than there are.
    OversellsItsAreas,
    /// It takes no notice of quotas.
    ForgetsQuotas,
    /// It acknowledges the first sale of places and does not keep it.
    LosesPlaces,
}

/// How much of an area or of a ticket type is taken.
#[derive(Clone, Copy, Default)]
struct Taken {
    held: u32,
    sold: u32,
}

pub(super) struct Hold {
    pub(super) buyer: String,
    pub(super) spots: Spots,
    pub(super) deadline: u64,
}

/// What somebody bought, and has not brought back.
struct Sale {
    buyer: String,
    spots: Spots,
}

pub(super) struct Office {
    pub(super) venue: Venue,
    pub(super) statuses: Vec<SeatStatus>,
    areas: Vec<Taken>,
    ticket_types: Vec<Taken>,
    pub(super) holds: HashMap<Bytes, Hold>,
    sales: HashMap<Bytes, Sale>,
    /// What was accepted, by request id.
    accepted: HashMap<Bytes, Outcome>,
    /// One line a fact.
    pub(super) journal: Vec<u8>,
    pub(super) lsn: u64,
    now: u64,
    hold_millis: u64,
    lie: Lie,
    has_lied: bool,
}

/// An id that says where it comes from.
fn id(kind: u64, lsn: u64) -> Bytes {
    Bytes::copy_from_slice(&(u128::from(kind) << 64 | u128::from(lsn)).to_be_bytes())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rejection(reason: &str, could_have: Option<u32>) -> Outcome {
    let reason = reason.to_owned();
    Outcome::Rejection(v1::Rejection { reason, could_have, ..v1::Rejection::default() })
}

impl Office {
    pub(super) fn new(venue: Venue, hold: Duration, lie: Lie) -> Self {
        let mut office = Self {
            statuses: vec![SeatStatus::Available; venue.all_seats()],
            areas: vec![Taken::default(); venue.areas.len()],
            ticket_types: vec![Taken::default(); venue.ticket_types.len()],
            venue,
            holds: HashMap::new(),
            sales: HashMap::new(),
            accepted: HashMap::new(),
            journal: Vec::new(),
            lsn: 0,
            now: 0,
            hold_millis: hold.as_millis() as u64,
            lie,
            has_lied: false,
        };
        office.turn_clock();
        let types = office.venue.ticket_types.iter();
        let types: Vec<_> =
            types.map(|(key, quota)| json!({ "key": key, "quota": quota })).collect();
        let created = json!({ "change": "event_created", "ticket_types": types });
        office.write(created, &Spots::default());
        office
    }

    /// Time goes on, and what has run out is free.
    pub(super) fn turn_clock(&mut self) {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        self.now = self.now.max(since_1970.as_millis() as u64);
        if self.lie == Lie::TakesLatePayments {
            return self.expire(|hold, now| hold.deadline + 3_000 <= now);
        }
        self.expire(|hold, now| hold.deadline <= now);
    }

    fn expire(&mut self, is_due: impl Fn(&Hold, u64) -> bool) {
        let now = self.now;
        let due: Vec<Bytes> = self
            .holds
            .iter()
            .filter(|(_, hold)| is_due(hold, now))
            .map(|(hold_id, _)| hold_id.clone())
            .collect();
        for hold_id in due {
            let hold = self.holds.remove(&hold_id).unwrap();
            self.turn(&hold.spots, SeatStatus::Held, SeatStatus::Available);
            let fact = json!({ "change": "hold_expired", "hold_id": hex(&hold_id) });
            self.write(fact, &hold.spots);
        }
    }

    fn turn(&mut self, spots: &Spots, from: SeatStatus, to: SeatStatus) {
        for seat in spots.indexes() {
            self.statuses[seat as usize] = to;
        }
        let turn = |taken: &mut Taken, count: u32| {
            for (status, is_more) in [(from, false), (to, true)] {
                let of = match status {
                    SeatStatus::Held => &mut taken.held,
                    SeatStatus::Allocated => &mut taken.sold,
                    _ => continue,
                };
                *of = if is_more { *of + count } else { of.saturating_sub(count) };
            }
        };
        for (area, taken) in self.areas.iter_mut().enumerate() {
            turn(taken, spots.of_area(area));
        }
        for (of, taken) in self.ticket_types.iter_mut().enumerate() {
            turn(taken, spots.of_type(of));
        }
    }

    fn write(&mut self, mut fact: serde_json::Value, spots: &Spots) {
        let named = spots.json();
        fact.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
        self.lsn += 1;
        let common = json!({
            "lsn": self.lsn, "shard": 3, "epoch": 1, "batch": self.lsn, "at_millis": self.now,
            "event_id": 1,
        });
        fact.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
        serde_json::to_writer(&mut self.journal, &fact).unwrap();
        self.journal.push(b'\n');
    }

    pub(super) fn decide(&mut self, verb: Verb) -> Outcome {
        let request_id = match &verb {
            Verb::Place(place) => &place.request_id,
            Verb::Extend(extend) => &extend.request_id,
            Verb::Release(release) => &release.request_id,
            Verb::Allocate(allocate) => &allocate.request_id,
            Verb::Return(back) => &back.request_id,
            other => panic!("nobody asks for {other:?} here"),
        }
        .clone();
        if let Some(outcome) = self.accepted.get(&request_id) {
            return outcome.clone();
        }
        let outcome = match verb {
            Verb::Place(place) => self.place(place),
            Verb::Extend(extend) => self.extend(&extend),
            Verb::Release(release) => self.release(&release),
            Verb::Allocate(allocate) => self.allocate(&allocate),
            Verb::Return(back) => self.bring_back(&back),
            other => panic!("nobody asks for {other:?} here"),
        };
        if !matches!(outcome, Outcome::Rejection(_)) {
            self.accepted.insert(request_id, outcome.clone());
        }
        outcome
    }

    fn place(&mut self, place: v1::PlaceRequest) -> Outcome {
        if self.lie == Lie::SellsToNobody {
            return rejection("seats_unavailable", None);
        }
        let is_free = |seat: &u32| self.statuses[*seat as usize] == SeatStatus::Available;
        let spots = match place.selection {
            Some(Selection::Seats(seats)) => self.venue.spots(Some(&seats), &place.areas),
            None => self.venue.spots(None, &place.areas),
            Some(Selection::BestAvailable(best)) => {
                let all = 0..self.venue.seats as u32;
                let free: Vec<u32> = all.filter(is_free).take(best.quantity as usize).collect();
                let sold = self.statuses.iter().position(|s| *s == SeatStatus::Allocated);
                let seats = match (self.lie, sold) {
                    (Lie::SellsTwice, Some(seat)) if !self.has_lied => {
                        self.has_lied = true;
                        return self.placed(
                            place.request_id,
                            place.buyer_id,
                            Spots { seats: vec![(seat as u32, None)], areas: Vec::new() },
                        );
                    }
                    _ if free.len() < best.quantity as usize => {
                        return rejection("not_enough_together", Some(free.len() as u32));
                    }
                    _ => free,
                };
                let counted = best.ticket_types.iter();
                let types = counted
                    .flat_map(|of| std::iter::repeat_n(of.ticket_type.clone(), of.count as usize));
                let ticket_types = types.collect();
                let seats = v1::Seats { indexes: seats, labels: Vec::new(), ticket_types };
                self.venue.spots(Some(&seats), &[])
            }
        };
        match self.refusal(&spots) {
            Some(refusal) => refusal,
            None => self.placed(place.request_id, place.buyer_id, spots),
        }
    }

    /// Why these spots cannot be held.
    fn refusal(&self, spots: &Spots) -> Option<Outcome> {
        let seats = spots.indexes();
        let untyped =
            spots.seats.iter().map(|(_, of)| *of).chain(spots.areas.iter().map(|of| of.1));
        if !self.venue.ticket_types.is_empty() && untyped.into_iter().any(|of| of.is_none()) {
            return Some(rejection("ticket_type_required", None));
        }
        let mut tables = seats.iter().filter_map(|seat| self.venue.table(*seat));
        if tables.any(|table| self.venue.table_seats(table).any(|seat| !seats.contains(&seat))) {
            return Some(rejection("table_not_whole", None));
        }
        for (of, (key, quota)) in self.venue.ticket_types.iter().enumerate() {
            let taken = self.ticket_types[of];
            let left =
                quota.map_or(u32::MAX, |quota| quota.saturating_sub(taken.held + taken.sold));
            if spots.of_type(of) > left && self.lie != Lie::ForgetsQuotas {
                return Some(Outcome::Rejection(v1::Rejection {
                    reason: "quota_exceeded".to_owned(),
                    could_have: Some(left),
                    ticket_type: (*key).to_owned(),
                    ..v1::Rejection::default()
                }));
            }
        }
        let is_taken = |seat: &u32| self.statuses[*seat as usize] != SeatStatus::Available;
        if seats.iter().any(is_taken) {
            return Some(rejection("seats_unavailable", None));
        }
        for (area, (label, capacity)) in self.venue.areas.iter().enumerate() {
            let more = if self.lie == Lie::OversellsItsAreas { 9 } else { 0 };
            let left = capacity + more - (self.areas[area].held + self.areas[area].sold);
            if spots.of_area(area) > left {
                let area = v1::AreaConflict { area: (*label).to_owned(), could_have: Some(left) };
                return Some(Outcome::Rejection(v1::Rejection {
                    reason: "area_full".to_owned(),
                    areas: vec![area],
                    ..v1::Rejection::default()
                }));
            }
        }
        None
    }

    fn placed(&mut self, request_id: Bytes, buyer_id: String, spots: Spots) -> Outcome {
        self.turn(&spots, SeatStatus::Available, SeatStatus::Held);
        let (hold_id, deadline) = (id(1, self.lsn + 1), self.now + self.hold_millis);
        let fact = json!({
            "change": "hold_placed", "request_id": hex(&request_id), "hold_id": hex(&hold_id),
            "buyer_id": buyer_id, "deadline_millis": deadline,
        });
        self.write(fact, &spots);
        let placed = v1::Placed {
            hold_id: hold_id.clone(),
            event_id: 1,
            seats: spots.indexes(),
            labels: Vec::new(),
            deadline_millis: deadline,
            lsn: self.lsn,
            ticket_types: self.venue.keys(&spots),
            areas: self.venue.places(&spots),
        };
        self.holds.insert(hold_id, Hold { buyer: buyer_id, spots, deadline });
        Outcome::Placed(placed)
    }

    fn extend(&mut self, extend: &v1::ExtendRequest) -> Outcome {
        let (now, hold_millis) = (self.now, self.hold_millis);
        let Some(hold) = self.holds.get_mut(&extend.hold_id) else {
            return rejection("hold_expired", None);
        };
        hold.deadline = now + hold_millis;
        let deadline = hold.deadline;
        let fact = json!({
            "change": "hold_extended", "request_id": hex(&extend.request_id),
            "hold_id": hex(&extend.hold_id), "deadline_millis": deadline,
        });
        self.write(fact, &Spots::default());
        let hold_id = extend.hold_id.clone();
        Outcome::Extended(v1::Extended { hold_id, deadline_millis: deadline, lsn: self.lsn })
    }

    /// The part of somebody's spots that a request means, or why it cannot be had.
    fn part(
        &self,
        owned: &Spots,
        part: Option<&v1::Seats>,
        areas: &[v1::AreaPlaces],
    ) -> Result<Spots, Box<Outcome>> {
        if part.is_none() && areas.is_empty() {
            return Ok(owned.clone());
        }
        let named = self.venue.spots(part, areas);
        let part =
            owned.part(&named).ok_or_else(|| Box::new(rejection("seat_not_in_hold", None)))?;
        let seats = part.indexes();
        let mut tables = seats.iter().filter_map(|seat| self.venue.table(*seat));
        if tables.any(|table| self.venue.table_seats(table).any(|seat| !seats.contains(&seat))) {
            return Err(Box::new(rejection("table_not_whole", None)));
        }
        Ok(part)
    }

    /// Takes spots out of a hold of this buyer.
    fn take(
        &mut self,
        hold_id: &Bytes,
        buyer: &str,
        part: Option<&v1::Seats>,
        areas: &[v1::AreaPlaces],
    ) -> Result<Spots, Box<Outcome>> {
        let hold = self.holds.get(hold_id).filter(|hold| hold.buyer == buyer);
        let hold = hold.ok_or_else(|| Box::new(rejection("hold_expired", None)))?;
        let part = self.part(&hold.spots, part, areas)?;
        let Some(hold) = self.holds.get_mut(hold_id) else { return Ok(part) };
        hold.spots.take(&part);
        if hold.spots.is_empty() {
            self.holds.remove(hold_id);
        }
        Ok(part)
    }

    fn release(&mut self, release: &v1::ReleaseRequest) -> Outcome {
        let (part, areas) = (release.part.as_ref(), &release.areas);
        let spots = match self.take(&release.hold_id, &release.buyer_id, part, areas) {
            Ok(spots) => spots,
            Err(refusal) => return *refusal,
        };
        self.turn(&spots, SeatStatus::Held, SeatStatus::Available);
        let fact = json!({
            "change": "hold_released", "request_id": hex(&release.request_id),
            "hold_id": hex(&release.hold_id),
        });
        self.write(fact, &spots);
        Outcome::Released(v1::Released {
            hold_id: release.hold_id.clone(),
            seats: spots.indexes(),
            labels: Vec::new(),
            lsn: self.lsn,
            ticket_types: self.venue.keys(&spots),
            areas: self.venue.places(&spots),
        })
    }

    fn allocate(&mut self, allocate: &v1::AllocateRequest) -> Outcome {
        let (part, areas) = (allocate.part.as_ref(), &allocate.areas);
        let spots = match self.take(&allocate.hold_id, &allocate.buyer_id, part, areas) {
            Ok(spots) => spots,
            Err(refusal) => return *refusal,
        };
        let mut allocation_id = id(2, self.lsn + 1);
        let is_lost = match self.lie {
            Lie::LosesASale => !self.has_lied,
            Lie::LosesPlaces => !self.has_lied && !spots.areas.is_empty(),
            _ => false,
        };
        if is_lost {
            self.has_lied = true;
            // Not the id that the next sale gets.
            allocation_id = id(3, self.lsn + 1);
            self.turn(&spots, SeatStatus::Held, SeatStatus::Available);
        } else {
            self.turn(&spots, SeatStatus::Held, SeatStatus::Allocated);
            let fact = json!({
                "change": "hold_allocated", "request_id": hex(&allocate.request_id),
                "hold_id": hex(&allocate.hold_id), "allocation_id": hex(&allocation_id),
                "buyer_id": allocate.buyer_id,
            });
            self.write(fact, &spots);
            let sale = Sale { buyer: allocate.buyer_id.clone(), spots: spots.clone() };
            self.sales.insert(allocation_id.clone(), sale);
        }
        Outcome::Allocated(v1::Allocated {
            hold_id: allocate.hold_id.clone(),
            allocation_id,
            event_id: 1,
            seats: spots.indexes(),
            labels: Vec::new(),
            lsn: self.lsn,
            ticket_types: self.venue.keys(&spots),
            areas: self.venue.places(&spots),
        })
    }

    fn bring_back(&mut self, back: &v1::ReturnRequest) -> Outcome {
        let sale = self.sales.get(&back.allocation_id).filter(|sale| sale.buyer == back.buyer_id);
        let Some(sale) = sale else { return rejection("allocation_unknown", None) };
        let spots = match self.part(&sale.spots, back.part.as_ref(), &back.areas) {
            Ok(spots) => spots,
            Err(refusal) => return *refusal,
        };
        if let Some(sale) = self.sales.get_mut(&back.allocation_id) {
            sale.spots.take(&spots);
        }
        self.turn(&spots, SeatStatus::Allocated, SeatStatus::Available);
        let fact = json!({
            "change": "spots_returned", "request_id": hex(&back.request_id),
            "allocation_id": hex(&back.allocation_id),
        });
        self.write(fact, &spots);
        Outcome::Returned(v1::Returned {
            allocation_id: back.allocation_id.clone(),
            seats: spots.indexes(),
            labels: Vec::new(),
            lsn: self.lsn,
            ticket_types: self.venue.keys(&spots),
            areas: self.venue.places(&spots),
        })
    }

    /// The places of an area. One that is oversold has none left, and says so.
    pub(super) fn area_counts(&self, area: usize) -> v1::Counts {
        counts(self.areas[area], self.venue.areas[area].1)
    }

    pub(super) fn type_counts(&self, ticket_type: usize) -> v1::Counts {
        let capacity = self.venue.ticket_types[ticket_type].1.unwrap_or(1_000_000);
        counts(self.ticket_types[ticket_type], capacity)
    }

    pub(super) fn places(&self) -> v1::Counts {
        let areas = (0..self.areas.len()).map(|area| self.area_counts(area));
        areas.fold(v1::Counts::default(), |sum, of| v1::Counts {
            available: sum.available + of.available,
            held: sum.held + of.held,
            allocated: sum.allocated + of.allocated,
            blocked: 0,
            capacity: sum.capacity + of.capacity,
        })
    }

    pub(super) fn counts(&self) -> v1::Counts {
        let of = |status| self.statuses.iter().filter(|s| **s == status).count() as u32;
        v1::Counts {
            available: of(SeatStatus::Available),
            held: of(SeatStatus::Held),
            allocated: of(SeatStatus::Allocated),
            blocked: of(SeatStatus::Blocked),
            capacity: self.statuses.len() as u32,
        }
    }
}

fn counts(taken: Taken, capacity: u32) -> v1::Counts {
    v1::Counts {
        available: capacity.saturating_sub(taken.held + taken.sold),
        held: taken.held,
        allocated: taken.sold,
        blocked: 0,
        capacity,
    }
}
