//! What the tables have to say, by a replay of the journal fact by fact.

use std::collections::{BTreeMap, HashMap};

use inventory_core::chart::Chart;
use inventory_core::digest::Digest;
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::ids::{ChartHash, EventId, Lsn, ShardId};
use inventory_core::spots::Spots;
use inventory_core::time::Timestamp;
use persistence::charts::ChartStore;

use super::{Table, found};
use crate::error::Error;

/// All tables, row by row.
pub(super) struct Expected {
    store: ChartStore,
    charts: HashMap<ChartHash, Chart>,
    events: Table,
    ticket_types: Table,
    seats: Table,
    labels: HashMap<(EventId, u32), String>,
    places: BTreeMap<String, [i64; 3]>,
    places_rows: Table,
    areas: Table,
    holds: HashMap<u128, Hold>,
    holds_rows: Table,
    allocations: HashMap<u128, Allocation>,
    allocations_rows: Table,
    history: Table,
    /// The facts themselves, and the digests behind them.
    pub(super) facts: HashMap<(ShardId, Lsn), Fact>,
    pub(super) digests: HashMap<(ShardId, Lsn), Digest>,
}

struct Hold {
    event_id: EventId,
    buyer_id: String,
    status: &'static str,
    spots: u32,
    left: u32,
    placed_at: Timestamp,
    deadline: Timestamp,
    extensions: u32,
    ended_at: Option<Timestamp>,
}

struct Allocation {
    hold_id: u128,
    event_id: EventId,
    buyer_id: String,
    spots: u32,
    left: u32,
    at: Timestamp,
    returned_at: Option<Timestamp>,
}

impl Expected {
    pub(super) fn new(store: ChartStore) -> Self {
        Self {
            store,
            charts: HashMap::new(),
            events: Table::new(),
            ticket_types: Table::new(),
            seats: Table::new(),
            labels: HashMap::new(),
            places: BTreeMap::new(),
            places_rows: Table::new(),
            areas: Table::new(),
            holds: HashMap::new(),
            holds_rows: Table::new(),
            allocations: HashMap::new(),
            allocations_rows: Table::new(),
            history: Table::new(),
            facts: HashMap::new(),
            digests: HashMap::new(),
        }
    }

    /// Each table with the question that it answers.
    pub(super) fn tables(&self) -> [(&'static str, &'static str, &Table); 8] {
        [
            ("event", found::EVENTS, &self.events),
            ("ticket type", found::TICKET_TYPES, &self.ticket_types),
            ("seat", found::SEATS, &self.seats),
            ("area", found::AREAS, &self.areas),
            ("places", found::PLACES, &self.places_rows),
            ("hold", found::HOLDS, &self.holds_rows),
            ("allocation", found::ALLOCATIONS, &self.allocations_rows),
            ("fact", found::HISTORY, &self.history),
        ]
    }

    /// That a shard's state had this digest behind a fact.
    pub(super) fn stands_at(&mut self, shard: ShardId, lsn: Lsn, digest: Digest) {
        self.digests.insert((shard, lsn), digest);
    }

    /// Takes the next fact of a shard.
    pub(super) fn take(&mut self, shard: ShardId, fact: &Fact) -> Result<(), Error> {
        let key = format!("{}/{}", shard, fact.lsn);
        self.history.insert(key, history_row(fact));
        self.facts.insert((shard, fact.lsn), fact.clone());
        match &fact.change {
            Change::EventCreated { name, chart, .. } => self.create(fact, name, *chart)?,
            Change::EventClosed => self.close(fact),
            Change::HoldPlaced { hold_id, buyer_id, spots, deadline } => {
                let hold = Hold {
                    event_id: fact.event_id,
                    buyer_id: buyer_id.to_string(),
                    status: "live",
                    spots: spots.count(),
                    left: spots.count(),
                    placed_at: fact.at,
                    deadline: *deadline,
                    extensions: 0,
                    ended_at: None,
                };
                self.holds.insert(hold_id.0, hold);
                self.write_hold(hold_id.0, fact.lsn);
            }
            Change::HoldExtended { hold_id, deadline } => {
                if let Some(hold) = self.holds.get_mut(&hold_id.0) {
                    hold.deadline = *deadline;
                    hold.extensions += 1;
                }
                self.write_hold(hold_id.0, fact.lsn);
            }
            Change::HoldReleased { hold_id, spots } => {
                self.leave(hold_id.0, fact, spots, "released");
            }
            Change::HoldExpired { hold_id, spots } => {
                self.leave(hold_id.0, fact, spots, "expired");
            }
            Change::HoldAllocated { hold_id, allocation_id, buyer_id, spots } => {
                self.leave(hold_id.0, fact, spots, "allocated");
                let allocation = Allocation {
                    hold_id: hold_id.0,
                    event_id: fact.event_id,
                    buyer_id: buyer_id.to_string(),
                    spots: spots.count(),
                    left: spots.count(),
                    at: fact.at,
                    returned_at: None,
                };
                self.allocations.insert(allocation_id.0, allocation);
                self.write_allocation(allocation_id.0, fact.lsn);
            }
            Change::SpotsReturned { allocation_id, spots } => {
                if let Some(allocation) = self.allocations.get_mut(&allocation_id.0) {
                    allocation.left -= spots.count();
                    allocation.returned_at = (allocation.left == 0).then_some(fact.at);
                }
                self.write_allocation(allocation_id.0, fact.lsn);
            }
            Change::SpotsBlocked { .. } | Change::SpotsUnblocked { .. } => {}
        }
        self.move_spots(fact);
        Ok(())
    }

    fn create(&mut self, fact: &Fact, name: &str, hash: ChartHash) -> Result<(), Error> {
        if !self.charts.contains_key(&hash) {
            let document = self.store.get(hash)?;
            let chart = inventory_charts::from_canonical_bytes(&document)
                .map_err(|cause| Error::ChartInvalid { hash, cause })?;
            self.charts.insert(hash, chart);
        }
        let parts = self.charts[&hash].parts();
        let event = fact.event_id.0.cast_signed();
        self.events.insert(event.to_string(), format!("{name}|{hash}|{}|-", fact.at.0));
        if let Change::EventCreated { ticket_types, .. } = &fact.change {
            for (index, of) in ticket_types.iter().enumerate() {
                let quota = of.quota.map_or_else(|| "-".to_owned(), |quota| quota.to_string());
                self.ticket_types.insert(format!("{event}/{index}"), format!("{}|{quota}", of.key));
            }
        }
        for (index, seat) in (0..).zip(&parts.seats) {
            let section = seat.section.map_or("-", |of| &*parts.sections[of.0 as usize].label);
            let category = seat.category.map_or("-", |of| &*parts.categories[of.0 as usize].key);
            let label = format!("{}|{section}|{category}", seat.label);
            let row = format!("{label}|available|-|-|-|{}|{}", fact.at.0, fact.lsn);
            self.seats.insert(format!("{event}/{index}"), row);
            self.labels.insert((fact.event_id, index), label);
        }
        for (index, area) in parts.areas.iter().enumerate() {
            let section = area.section.map_or("-", |of| &*parts.sections[of.0 as usize].label);
            let category = area.category.map_or("-", |of| &*parts.categories[of.0 as usize].key);
            let row = format!("{}|{section}|{category}|{}", area.label, area.capacity);
            self.areas.insert(format!("{event}/{index}"), row);
        }
        Ok(())
    }

    fn close(&mut self, fact: &Fact) {
        if let Some(row) = self.events.get_mut(&fact.event_id.0.cast_signed().to_string()) {
            row.truncate(row.len() - 1);
            row.push_str(&fact.at.0.to_string());
        }
    }

    fn leave(&mut self, hold_id: u128, fact: &Fact, spots: &Spots, how: &'static str) {
        if let Some(hold) = self.holds.get_mut(&hold_id) {
            hold.left -= spots.count();
            if hold.left == 0 {
                (hold.status, hold.ended_at) = (how, Some(fact.at));
            }
        }
        self.write_hold(hold_id, fact.lsn);
    }

    fn write_hold(&mut self, hold_id: u128, lsn: Lsn) {
        let Some(hold) = self.holds.get(&hold_id) else { return };
        let row = format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{}|{lsn}",
            hold.event_id.0.cast_signed(),
            hold.buyer_id,
            hold.status,
            hold.spots,
            hold.left,
            hold.placed_at.0,
            hold.deadline.0,
            hold.extensions,
            millis(hold.ended_at)
        );
        self.holds_rows.insert(format!("{hold_id:032x}"), row);
    }

    fn write_allocation(&mut self, allocation_id: u128, lsn: Lsn) {
        let Some(of) = self.allocations.get(&allocation_id) else { return };
        let row = format!(
            "{:032x}|{}|{}|{}|{}|{}|{}|{lsn}",
            of.hold_id,
            of.event_id.0.cast_signed(),
            of.buyer_id,
            of.spots,
            of.left,
            of.at.0,
            millis(of.returned_at)
        );
        self.allocations_rows.insert(format!("{allocation_id:032x}"), row);
    }

    fn move_spots(&mut self, fact: &Fact) {
        let Some((spots, from, to)) = fact.change.spots_moved() else { return };
        let event = fact.event_id.0.cast_signed();
        let (hold, allocation) = match &fact.change {
            Change::HoldPlaced { hold_id, .. } => (hex(Some(hold_id.0)), hex(None)),
            Change::HoldAllocated { allocation_id, .. } => (hex(None), hex(Some(allocation_id.0))),
            _ => (hex(None), hex(None)),
        };
        for spot in &spots.seats {
            let label = self.labels.get(&(fact.event_id, spot.seat.0)).cloned().unwrap_or_default();
            let sold_as = match (to, spot.ticket_type) {
                (SeatStatus::Held | SeatStatus::Allocated, Some(of)) => of.to_string(),
                _ => "-".to_owned(),
            };
            let status = to.name();
            let row = format!(
                "{label}|{status}|{sold_as}|{hold}|{allocation}|{}|{}",
                fact.at.0, fact.lsn
            );
            self.seats.insert(format!("{event}/{}", spot.seat), row);
        }
        for of in &spots.areas {
            let sold_as = of.ticket_type.map_or(-1, |of| i32::from(of.0));
            let key = format!("{event}/{}/{sold_as}", of.area);
            let counts = self.places.entry(key.clone()).or_default();
            for (status, sign) in [(from, -1), (to, 1)] {
                let place = match status {
                    SeatStatus::Available => continue,
                    SeatStatus::Held => 0,
                    SeatStatus::Allocated => 1,
                    SeatStatus::Blocked => 2,
                };
                counts[place] += sign * i64::from(of.count);
            }
            let [held, allocated, blocked] = *counts;
            if [held, allocated, blocked] == [0; 3] {
                self.places_rows.remove(&key);
            } else {
                self.places_rows.insert(key, format!("{held}|{allocated}|{blocked}"));
            }
        }
    }
}

fn history_row(fact: &Fact) -> String {
    let request = hex(fact.request.map(|mark| mark.id.get()));
    let (mut hold, mut allocation, mut buyer, mut deadline) = (None, None, "-", None);
    match &fact.change {
        Change::HoldPlaced { hold_id, buyer_id, deadline: at, .. } => {
            (hold, buyer, deadline) = (Some(hold_id.0), buyer_id.as_str(), Some(*at));
        }
        Change::HoldExtended { hold_id, deadline: at } => {
            (hold, deadline) = (Some(hold_id.0), Some(*at));
        }
        Change::HoldReleased { hold_id, .. } | Change::HoldExpired { hold_id, .. } => {
            hold = Some(hold_id.0);
        }
        Change::HoldAllocated { hold_id, allocation_id, buyer_id, .. } => {
            (hold, allocation) = (Some(hold_id.0), Some(allocation_id.0));
            buyer = buyer_id.as_str();
        }
        Change::SpotsReturned { allocation_id, .. } => allocation = Some(allocation_id.0),
        _ => {}
    }
    let spots = fact.change.spots_moved().map(|(spots, ..)| spots.clone()).unwrap_or_default();
    let list = |values: Vec<String>| {
        if values.is_empty() { "-".to_owned() } else { values.join(",") }
    };
    let is_typed = spots.seats.iter().any(|spot| spot.ticket_type.is_some());
    let seats = list(spots.seats.iter().map(|spot| spot.seat.to_string()).collect());
    let of_type = |of: Option<_>| of.map_or_else(|| "none".to_owned(), |of| format!("{of}"));
    let types = spots.seats.iter().filter(|_| is_typed).map(|spot| of_type(spot.ticket_type));
    let types = list(types.collect());
    let places = spots.areas.iter().map(|of| match of.ticket_type {
        Some(sold_as) => format!("{}x{} {sold_as}", of.area, of.count),
        None => format!("{}x{}", of.area, of.count),
    });
    let places = list(places.collect());
    format!(
        "{}|{}|{}|{request}|{}|{}|{buyer}|{}|{seats}|{types}|{places}|{}",
        fact.event_id.0.cast_signed(),
        fact.at.0,
        fact.change.name(),
        hex(hold),
        hex(allocation),
        spots.count(),
        millis(deadline)
    )
}

fn hex(id: Option<u128>) -> String {
    id.map_or_else(|| "-".to_owned(), |id| format!("{id:032x}"))
}

fn millis(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.0.to_string())
}
