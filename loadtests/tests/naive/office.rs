//! The rules of the naive office, and its lies.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::place_request::Selection;
use proto::inventory::v1::{self, SeatStatus};
use serde_json::json;

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
}

pub(super) struct Hold {
    pub(super) buyer: String,
    pub(super) seats: Vec<u32>,
    pub(super) deadline: u64,
}

pub(super) struct Office {
    pub(super) statuses: Vec<SeatStatus>,
    pub(super) holds: HashMap<Bytes, Hold>,
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
    pub(super) fn new(seats: usize, hold: Duration, lie: Lie) -> Self {
        let mut office = Self {
            statuses: vec![SeatStatus::Available; seats],
            holds: HashMap::new(),
            accepted: HashMap::new(),
            journal: Vec::new(),
            lsn: 0,
            now: 0,
            hold_millis: hold.as_millis() as u64,
            lie,
            has_lied: false,
        };
        office.turn_clock();
        office.write(json!({ "change": "event_created" }));
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
            self.set(&hold.seats, SeatStatus::Available);
            let change = "hold_expired";
            self.write(json!({ "change": change, "hold_id": hex(&hold_id), "seats": hold.seats }));
        }
    }

    fn set(&mut self, seats: &[u32], status: SeatStatus) {
        for seat in seats {
            self.statuses[*seat as usize] = status;
        }
    }

    fn write(&mut self, mut fact: serde_json::Value) {
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
        let seats = match place.selection {
            Some(Selection::Seats(seats)) => {
                if !seats.indexes.iter().all(is_free) {
                    return rejection("seats_unavailable", None);
                }
                seats.indexes
            }
            Some(Selection::BestAvailable(best)) => {
                let all = 0..self.statuses.len() as u32;
                let free: Vec<u32> = all.filter(is_free).take(best.quantity as usize).collect();
                let sold = self.statuses.iter().position(|s| *s == SeatStatus::Allocated);
                match (self.lie, sold) {
                    (Lie::SellsTwice, Some(seat)) if !self.has_lied => {
                        self.has_lied = true;
                        vec![seat as u32]
                    }
                    _ if free.len() < best.quantity as usize => {
                        return rejection("not_enough_together", Some(free.len() as u32));
                    }
                    _ => free,
                }
            }
            None => return rejection("selection_empty", None),
        };
        self.set(&seats, SeatStatus::Held);
        let (hold_id, deadline) = (id(1, self.lsn + 1), self.now + self.hold_millis);
        self.write(json!({
            "change": "hold_placed", "request_id": hex(&place.request_id),
            "hold_id": hex(&hold_id), "buyer_id": place.buyer_id, "seats": seats,
            "deadline_millis": deadline,
        }));
        let hold = Hold { buyer: place.buyer_id, seats: seats.clone(), deadline };
        self.holds.insert(hold_id.clone(), hold);
        Outcome::Placed(v1::Placed {
            hold_id,
            event_id: 1,
            seats,
            labels: Vec::new(),
            deadline_millis: deadline,
            lsn: self.lsn,
            ..v1::Placed::default()
        })
    }

    fn extend(&mut self, extend: &v1::ExtendRequest) -> Outcome {
        let (now, hold_millis) = (self.now, self.hold_millis);
        let Some(hold) = self.holds.get_mut(&extend.hold_id) else {
            return rejection("hold_expired", None);
        };
        hold.deadline = now + hold_millis;
        let deadline = hold.deadline;
        self.write(json!({
            "change": "hold_extended", "request_id": hex(&extend.request_id),
            "hold_id": hex(&extend.hold_id), "deadline_millis": deadline,
        }));
        let hold_id = extend.hold_id.clone();
        Outcome::Extended(v1::Extended { hold_id, deadline_millis: deadline, lsn: self.lsn })
    }

    /// Takes seats out of a hold of this buyer; `None` if it does not have them.
    fn take(&mut self, hold_id: &Bytes, buyer: &str, part: Option<&v1::Seats>) -> Option<Vec<u32>> {
        let hold = self.holds.get_mut(hold_id).filter(|hold| hold.buyer == buyer)?;
        let seats = part.map_or_else(|| hold.seats.clone(), |part| part.indexes.clone());
        if !seats.iter().all(|seat| hold.seats.contains(seat)) {
            return None;
        }
        hold.seats.retain(|seat| !seats.contains(seat));
        if hold.seats.is_empty() {
            self.holds.remove(hold_id);
        }
        Some(seats)
    }

    fn release(&mut self, release: &v1::ReleaseRequest) -> Outcome {
        let taken = self.take(&release.hold_id, &release.buyer_id, release.part.as_ref());
        let Some(seats) = taken else { return rejection("hold_expired", None) };
        self.set(&seats, SeatStatus::Available);
        self.write(json!({
            "change": "hold_released", "request_id": hex(&release.request_id),
            "hold_id": hex(&release.hold_id), "seats": seats,
        }));
        let hold_id = release.hold_id.clone();
        Outcome::Released(v1::Released {
            hold_id,
            seats,
            labels: Vec::new(),
            lsn: self.lsn,
            ..v1::Released::default()
        })
    }

    fn allocate(&mut self, allocate: &v1::AllocateRequest) -> Outcome {
        let taken = self.take(&allocate.hold_id, &allocate.buyer_id, allocate.part.as_ref());
        let Some(seats) = taken else { return rejection("hold_expired", None) };
        let mut allocation_id = id(2, self.lsn + 1);
        if self.lie == Lie::LosesASale && !self.has_lied {
            self.has_lied = true;
            // Not the id that the next sale gets.
            allocation_id = id(3, self.lsn + 1);
            self.set(&seats, SeatStatus::Available);
        } else {
            self.set(&seats, SeatStatus::Allocated);
            self.write(json!({
                "change": "hold_allocated", "request_id": hex(&allocate.request_id),
                "hold_id": hex(&allocate.hold_id), "allocation_id": hex(&allocation_id),
                "buyer_id": allocate.buyer_id, "seats": seats,
            }));
        }
        Outcome::Allocated(v1::Allocated {
            hold_id: allocate.hold_id.clone(),
            allocation_id,
            event_id: 1,
            seats,
            labels: Vec::new(),
            lsn: self.lsn,
            ..v1::Allocated::default()
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
