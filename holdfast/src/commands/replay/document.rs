//! A seat map as one JSON document. The names of its fields are a contract; ids of 128 bits are 32
//! hexadecimal digits; what a seat does not have is left out.

use std::io::{self, Write};

use inventory_core::fact::SeatStatus;
use inventory_core::ids::AreaIndex;
use inventory_core::spots::Counts;
use inventory_engine::past::{Owner, PlacesThen, SeatMap, SeatThen};
use serde::Serialize;

use super::until::at;

#[derive(Serialize)]
struct Document<'a> {
    event: u64,
    name: &'a str,
    source: &'a str,
    /// When the last fact up to the moment was decided.
    at: String,
    at_millis: u64,
    lsn: u64,
    shard: u16,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<String>,
    totals: Totals,
    seats: Vec<SeatDocument<'a>>,
    areas: Vec<AreaDocument<'a>>,
}

#[derive(Serialize)]
struct Totals {
    seats: CountsDocument,
    places: CountsDocument,
}

#[derive(Serialize)]
struct CountsDocument {
    available: u32,
    held: u32,
    allocated: u32,
    blocked: u32,
    capacity: u32,
}

#[derive(Serialize)]
struct SeatDocument<'a> {
    seat: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation: Option<String>,
}

#[derive(Serialize)]
struct AreaDocument<'a> {
    area: &'a str,
    #[serde(flatten)]
    counts: CountsDocument,
    /// What is held and sold, each as what. Without ticket types it is one of none.
    ticket_types: Vec<TypeDocument<'a>>,
}

#[derive(Serialize)]
struct TypeDocument<'a> {
    ticket_type: Option<&'a str>,
    held: u32,
    allocated: u32,
}

/// Writes it, with a line's end behind it.
pub(super) fn write(map: &SeatMap, source: &str, out: &mut impl Write) -> io::Result<()> {
    let parts = map.event.chart.parts();
    let seats = parts.seats.iter().zip(map.seats());
    let areas = (0..).map(AreaIndex).zip(&parts.areas);
    let document = Document {
        event: map.event.event_id.0,
        name: &map.event.name,
        source,
        at: at(map.at),
        at_millis: map.at.0,
        lsn: map.lsn.0,
        shard: map.event.event_id.shard().0,
        created_at: at(map.event.created_at),
        closed_at: map.closed_at.map(at),
        totals: Totals { seats: map.seat_counts().into(), places: map.place_counts().into() },
        seats: seats.map(|(seat, then)| SeatDocument::of(map, &seat.label, then)).collect(),
        areas: areas.map(|(index, area)| AreaDocument::of(map, index, &area.label)).collect(),
    };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}

impl<'a> SeatDocument<'a> {
    fn of(map: &'a SeatMap, seat: &'a str, then: &SeatThen) -> Self {
        let (hold, allocation) = match then.owner {
            Owner::Nobody => (None, None),
            Owner::Hold(id) => (Some(id.to_string()), None),
            Owner::Allocation(id) => (None, Some(id.to_string())),
        };
        let ticket_type = then.ticket_type.map(|of| map.ticket_type(of));
        Self { seat, status: then.status.name(), ticket_type, hold, allocation }
    }
}

impl<'a> AreaDocument<'a> {
    fn of(map: &'a SeatMap, index: AreaIndex, area: &'a str) -> Self {
        let taken = map.places(index).filter(|(_, of)| of.held + of.allocated > 0);
        let ticket_types = taken.map(|(ticket_type, PlacesThen { held, allocated, .. })| {
            let ticket_type = ticket_type.map(|of| map.ticket_type(of));
            TypeDocument { ticket_type, held, allocated }
        });
        let ticket_types = ticket_types.collect();
        Self { area, counts: map.area_counts(index).into(), ticket_types }
    }
}

impl From<Counts> for CountsDocument {
    fn from(counts: Counts) -> Self {
        Self {
            available: counts.get(SeatStatus::Available),
            held: counts.get(SeatStatus::Held),
            allocated: counts.get(SeatStatus::Allocated),
            blocked: counts.get(SeatStatus::Blocked),
            capacity: counts.total(),
        }
    }
}
