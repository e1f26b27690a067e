//! Seats and places as requests name them and replies tell them: labels of seats, each sold as a
//! ticket type where the event has any, and places of areas by their number.
//!
//! Must always hold: what names nothing is refused, and never taken for everything.

use proto::inventory::v1::{AreaPlaces, Seats};
use serde::{Deserialize, Serialize};

use crate::object::{List, Listed, Object};
use crate::problem::Problem;
use crate::values::{Label, SeatCount, TicketTypeKey};

/// A seat, and what it is to be sold as.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TypedSeat {
    seat_id: Label,
    ticket_type: Option<TicketTypeKey>,
}

/// Places of an area, and what they are to be sold as.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AreaLine {
    area: Label,
    count: SeatCount,
    ticket_type: Option<TicketTypeKey>,
}

/// How many of a wish are to be of one ticket type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CountedType {
    pub(super) ticket_type: TicketTypeKey,
    pub(super) count: SeatCount,
}

impl Listed for TypedSeat {
    const LIST: &'static str = "a list of seats, each an object with seatId and ticketType";
}

impl Listed for AreaLine {
    const LIST: &'static str = "a list of areas, each an object with area, count and ticketType";
}

impl Listed for CountedType {
    const LIST: &'static str = "a list of ticket types, each an object with ticketType and count";
}

pub(super) type SeatLabels = List<Label>;
pub(super) type TypedSeats = List<Object<TypedSeat>>;
pub(super) type AreaLines = List<Object<AreaLine>>;

/// Seats by label, all of one ticket type or of none.
pub(super) fn seats(List(labels): SeatLabels, ticket_type: Option<&TicketTypeKey>) -> Seats {
    Seats {
        labels: labels.into_iter().map(|label| label.0).collect(),
        ticket_types: ticket_type.map(|key| key.0.clone()).into_iter().collect(),
        ..Seats::default()
    }
}

/// Seats with a ticket type each; `default` is that of those that name none.
pub(super) fn typed_seats(List(seats): TypedSeats, default: Option<&TicketTypeKey>) -> Seats {
    let has_types =
        default.is_some() || seats.iter().any(|Object(seat)| seat.ticket_type.is_some());
    let (mut labels, mut ticket_types) = (Vec::with_capacity(seats.len()), Vec::new());
    for Object(TypedSeat { seat_id, ticket_type }) in seats {
        labels.push(seat_id.0);
        if has_types {
            ticket_types.push(key(ticket_type, default));
        }
    }
    Seats { labels, ticket_types, ..Seats::default() }
}

/// Places of areas; `default` is the ticket type of those that name none.
pub(super) fn area_places(
    List(lines): AreaLines,
    default: Option<&TicketTypeKey>,
) -> Vec<AreaPlaces> {
    let places = |Object(line): Object<AreaLine>| AreaPlaces {
        area: line.area.0,
        count: line.count.0,
        ticket_type: key(line.ticket_type, default),
    };
    lines.into_iter().map(places).collect()
}

fn key(ticket_type: Option<TicketTypeKey>, default: Option<&TicketTypeKey>) -> String {
    let key = ticket_type.or_else(|| default.cloned());
    key.map(|key| key.0).unwrap_or_default()
}

/// A part of what a hold or an allocation has, as the engine takes it: neither seats nor places
/// mean all. Lists that name nothing are refused here, where they can still be told from no
/// lists at all: what is meant for none must never be done to all.
pub(super) fn part(
    seat_ids: Option<SeatLabels>,
    areas: Option<AreaLines>,
) -> Result<(Option<Seats>, Vec<AreaPlaces>), Problem> {
    check_named(&[seat_ids.as_ref().map(|list| list.0.len()), areas.as_ref().map(|l| l.0.len())])?;
    let seats = seat_ids.filter(|list| !list.0.is_empty()).map(|list| seats(list, None));
    Ok((seats, areas.map(|lines| area_places(lines, None)).unwrap_or_default()))
}

/// Refuses lists of which there are some and which name nothing.
pub(super) fn check_named(lengths: &[Option<usize>]) -> Result<(), Problem> {
    let is_there = lengths.iter().any(Option::is_some);
    if is_there && lengths.iter().flatten().sum::<usize>() == 0 {
        return Err(Problem::selection_empty());
    }
    Ok(())
}

/// Seats and places that something was done to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpotsDocument {
    seat_ids: Vec<String>,
    /// In the same order, where the event has ticket types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seats: Vec<SoldSeat>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    areas: Vec<AreaDocument>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SoldSeat {
    seat_id: String,
    ticket_type: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AreaDocument {
    area: String,
    count: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    ticket_type: String,
}

impl SpotsDocument {
    /// Of an answer's labels, ticket types in the same order, and areas.
    pub(super) fn new(
        labels: Vec<String>,
        ticket_types: Vec<String>,
        areas: Vec<AreaPlaces>,
    ) -> Self {
        let typed = labels.iter().cloned().zip(ticket_types);
        let seats = typed.map(|(seat_id, ticket_type)| SoldSeat { seat_id, ticket_type }).collect();
        let area = |places: AreaPlaces| AreaDocument {
            area: places.area,
            count: places.count,
            ticket_type: places.ticket_type,
        };
        Self { seats, seat_ids: labels, areas: areas.into_iter().map(area).collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read<T: for<'de> Deserialize<'de>>(json: Value) -> T {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn ticket_types_are_one_for_all_or_one_each_or_none() {
        let adult = TicketTypeKey("adult".into());
        let all = seats(read(json!(["A-1", 2])), Some(&adult));
        assert_eq!(
            (all.labels, all.ticket_types),
            (["A-1", "2"].map(str::to_owned).into(), vec!["adult".to_owned()])
        );
        assert!(seats(read(json!(["A-1"])), None).ticket_types.is_empty());
        let mixed =
            || read(json!([{ "seatId": "A-1", "ticketType": "child" }, { "seatId": "A-2" }]));
        assert_eq!(typed_seats(mixed(), Some(&adult)).ticket_types, ["child", "adult"]);
        assert_eq!(typed_seats(mixed(), None).ticket_types, ["child", ""]);
        let untyped = read(json!([{ "seatId": "A-1" }]));
        assert!(typed_seats(untyped, None).ticket_types.is_empty());
        let lines = || read(json!([{ "area": "Lawn", "count": 2 }]));
        assert_eq!(area_places(lines(), Some(&adult))[0].ticket_type, "adult");
        assert_eq!(area_places(lines(), None)[0].ticket_type, "");
    }

    #[test]
    fn a_part_that_names_nothing_is_not_the_whole() {
        let part = |body: Value| {
            let list = |name: &str| body.get(name).cloned();
            super::part(list("seatIds").map(read), list("areas").map(read))
        };
        let (seats, areas) = part(json!({})).unwrap();
        assert!(seats.is_none() && areas.is_empty());
        for empty in [
            json!({ "seatIds": [] }),
            json!({ "areas": [] }),
            json!({ "seatIds": [], "areas": [] }),
        ] {
            assert!(part(empty).is_err());
        }
        let lawn = json!([{ "area": "Lawn", "count": 1 }]);
        let (seats, areas) = part(json!({ "seatIds": [], "areas": lawn })).unwrap();
        assert_eq!((seats, areas.len()), (None, 1));
        let (seats, areas) = part(json!({ "seatIds": ["A-1"], "areas": [] })).unwrap();
        assert!(seats.is_some() && areas.is_empty());
    }
}
