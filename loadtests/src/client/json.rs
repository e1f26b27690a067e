//! The JSON documents of the REST API, as far as the load tester writes and reads them.
//!
//! What a reply has more is not looked at; what it lacks is what it is without.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{HoldStateSeen, ReadError, Totals};
use crate::ids::{AllocationId, HoldId};
use crate::layout::{Area, SeatPlace, Terms, TicketType};
use crate::seat_map::{ALLOCATED, AVAILABLE, BLOCKED, Counts, HELD};

/// Any of the requests that change something.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    pub(super) user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hold_id: Option<HoldId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allocation_id: Option<AllocationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seat_ids: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seats: Option<Vec<TypedSeat<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) areas: Option<Vec<AreaLine<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quantity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) best_available: Option<Wish<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ticket_type: Option<&'a str>,
}

/// A seat and what it is sold as.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypedSeat<'a> {
    #[serde(borrow)]
    pub(super) seat_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) ticket_type: Cow<'a, str>,
}

/// Places of an area.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AreaLine<'a> {
    #[serde(borrow)]
    pub(super) area: Cow<'a, str>,
    pub(super) count: u32,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) ticket_type: Option<Cow<'a, str>>,
}

/// A wish for the best available seats.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wish<'a> {
    pub(super) quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) category: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ticket_types: Vec<CountedType<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CountedType<'a> {
    pub(super) ticket_type: &'a str,
    pub(super) count: u32,
}

/// Any of the successes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Done<'a> {
    pub(super) hold_id: Option<HoldId>,
    pub(super) allocation_id: Option<AllocationId>,
    #[serde(borrow, default)]
    pub(super) seat_ids: Vec<Cow<'a, str>>,
    /// In the order of the ids, where the event has ticket types.
    #[serde(borrow, default)]
    pub(super) seats: Vec<TypedSeat<'a>>,
    #[serde(borrow, default)]
    pub(super) areas: Vec<AreaLine<'a>>,
    pub(super) expires_at_millis: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    pub(super) code: String,
    #[serde(default)]
    pub(super) detail: String,
    pub(super) could_have: Option<u32>,
    pub(super) ticket_type: Option<String>,
    #[serde(default)]
    pub(super) areas: Vec<ScarceArea>,
    /// Years, for a sale that opens then.
    pub(super) retry_after_millis: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScarceArea {
    pub(super) could_have: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct Map {
    pub(super) seats: Vec<MapSeat>,
    #[serde(default)]
    pub(super) areas: Vec<AreaSeen>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MapSeat {
    seat_id: String,
    #[serde(default)]
    section: String,
    #[serde(default)]
    row: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    table: String,
    #[serde(default)]
    table_is_whole: bool,
    #[serde(default)]
    accessible: bool,
    #[serde(default)]
    companion: bool,
    #[serde(default)]
    x: f64,
    #[serde(default)]
    y: f64,
    pub(super) status: String,
}

impl From<MapSeat> for SeatPlace {
    fn from(seat: MapSeat) -> Self {
        Self {
            label: seat.seat_id,
            section: seat.section,
            row: seat.row,
            category: seat.category,
            table: seat.table,
            table_is_whole: seat.table_is_whole,
            reserved: seat.accessible || seat.companion,
            x: seat.x,
            y: seat.y,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Statuses {
    /// One digit a seat, the numbers of the contract.
    pub(super) statuses: String,
    #[serde(default)]
    pub(super) areas: Vec<AreaSeen>,
}

#[derive(Deserialize)]
pub(super) struct AreaSeen {
    area: String,
    #[serde(default)]
    section: String,
    #[serde(default)]
    category: String,
    #[serde(flatten)]
    pub(super) counts: CountsSeen,
}

impl From<&AreaSeen> for Area {
    fn from(of: &AreaSeen) -> Self {
        Self {
            label: of.area.clone(),
            section: of.section.clone(),
            category: of.category.clone(),
            capacity: of.counts.capacity,
        }
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct CountsSeen {
    available: u32,
    held: u32,
    allocated: u32,
    blocked: u32,
    capacity: u32,
}

impl From<CountsSeen> for Counts {
    fn from(seen: CountsSeen) -> Self {
        let CountsSeen { available, held, allocated, blocked, .. } = seen;
        Self { available, held, allocated, blocked }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Availability {
    #[serde(flatten)]
    seats: CountsSeen,
    #[serde(default)]
    places: CountsSeen,
    #[serde(default)]
    pub(super) ticket_types: Vec<TicketsSeen>,
}

#[derive(Deserialize)]
pub(super) struct TicketsSeen {
    #[serde(flatten)]
    pub(super) counts: CountsSeen,
}

impl Availability {
    pub(super) fn totals(&self) -> Totals {
        Totals {
            seats: self.seats.into(),
            capacity: self.seats.capacity,
            places: self.places.into(),
            places_capacity: self.places.capacity,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(default)]
    ticket_types: Vec<TypeOfEvent>,
    #[serde(default)]
    rules: RulesOfEvent,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RulesOfEvent {
    buyer_seats_max: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeOfEvent {
    key: String,
    quota: Option<u32>,
    sale_opens_at: Option<String>,
    sale_closes_at: Option<String>,
    #[serde(default)]
    categories: Vec<String>,
}

impl Event {
    pub(super) fn terms(self) -> Result<Terms, ReadError> {
        let time = |text: Option<String>| text.map(|text| unix_millis(&text)).transpose();
        let of_event = |of: TypeOfEvent| {
            Ok(TicketType {
                key: of.key,
                quota: of.quota,
                opens_at_millis: time(of.sale_opens_at)?,
                closes_at_millis: time(of.sale_closes_at)?,
                categories: of.categories,
            })
        };
        let ticket_types = self.ticket_types.into_iter().map(of_event);
        Ok(Terms {
            ticket_types: ticket_types.collect::<Result<_, ReadError>>()?,
            buyer_spots_max: self.rules.buyer_seats_max,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hold<'a> {
    state: String,
    #[serde(flatten, borrow)]
    pub(super) spots: Done<'a>,
}

impl Hold<'_> {
    pub(super) fn state(&self) -> Result<HoldStateSeen, ReadError> {
        Ok(match self.state.as_str() {
            "live" => HoldStateSeen::Live,
            "expired" => HoldStateSeen::Expired,
            "released" => HoldStateSeen::Released,
            "allocated" => HoldStateSeen::Allocated,
            other => return Err(ReadError::Nonsense(format!("a hold is {other:?}"))),
        })
    }
}

/// The number of a seat's status.
pub(super) fn status_number(status: &str) -> Result<u8, ReadError> {
    match status {
        "available" => Ok(AVAILABLE),
        "held" => Ok(HELD),
        "allocated" => Ok(ALLOCATED),
        "blocked" => Ok(BLOCKED),
        other => Err(ReadError::Nonsense(format!("a seat is {other:?}"))),
    }
}

/// A point in time as the API writes it, such as `2026-11-21T07:08:34.250Z`: always UTC, always
/// with milliseconds. Days by the civil calendar, counted from March of the year 0.
fn unix_millis(text: &str) -> Result<u64, ReadError> {
    let read = || {
        let digits = |from: usize, until: usize| text.get(from..until)?.parse::<u64>().ok();
        let is_whole = text.len() == 24 && text.ends_with('Z');
        let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
        let (hours, minutes, seconds) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
        let days = days.checked_sub(719_469)?;
        let millis = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
        is_whole.then_some(millis * 1_000 + digits(20, 23)?)
    };
    read().ok_or_else(|| ReadError::Nonsense(format!("{text:?} is no point in time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_time_is_read_as_it_is_written() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("2000-02-29T12:30:00.007Z", Some(951_827_400_007)),
            ("2026-11-21T07:08:34.250Z", Some(1_795_244_914_250)),
            ("2026-11-21T07:08:34Z", None),
            ("tomorrow", None),
        ] {
            assert_eq!(unix_millis(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_event_says_its_ticket_types() {
        let event = r#"{"eventId":2,"rules":{"holdTtlMillis":1,"buyerSeatsMax":6},"ticketTypes":[
            {"key":"adult"},
            {"key":"child","quota":20,"saleOpensAt":"2026-11-21T07:08:34.250Z",
             "categories":["first"]}]}"#;
        let terms = serde_json::from_str::<Event>(event).unwrap().terms().unwrap();
        assert_eq!(terms.buyer_spots_max, Some(6));
        let [adult, child] = &terms.ticket_types[..] else { panic!() };
        assert_eq!((&adult.key[..], adult.quota, adult.categories.len()), ("adult", None, 0));
        assert_eq!((child.quota, &child.categories[0][..]), (Some(20), "first"));
        assert_eq!(child.opens_at_millis, Some(1_795_244_914_250));
    }
}
