//! Reserving: REST's word for the engine's 'place'. What is wished for comes in one of several
//! forms, and anything that could be meant in two ways is refused.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use proto::inventory::v1::answer::Outcome;
use proto::inventory::v1::command::Verb;
use proto::inventory::v1::place_request::Selection;
use proto::inventory::v1::{AreaPlaces, BestAvailable, PlaceRequest, TicketTypeCount};
use serde::{Deserialize, Serialize};

use super::holds::{outcome, unexpected};
use super::spots::{
    AreaLines, CountedType, SeatLabels, SpotsDocument, TypedSeats, area_places, check_named, seats,
    typed_seats,
};
use crate::ack::{Durable, WantedAck};
use crate::app::App;
use crate::extract::{JsonBody, OptionalKey};
use crate::object::{List, Object};
use crate::pipeline::Answered;
use crate::problem::Problem;
use crate::rate_limits::Caller;
use crate::request_id::request_id;
use crate::timestamp::rfc3339;
use crate::values::{EventId, Label, SeatCount, TicketTypeKey, UserId, hex};

/// Seats by label, with or without ticket types of their own, or how many next to each other;
/// one of the four. Areas, beside named seats or alone.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ReserveBody {
    event_id: EventId,
    user_id: UserId,
    seat_ids: Option<SeatLabels>,
    seats: Option<TypedSeats>,
    areas: Option<AreaLines>,
    best_available: Option<Object<Wish>>,
    /// The short form of a wish that has nothing else.
    quantity: Option<SeatCount>,
    /// Of everything that names none of its own.
    ticket_type: Option<TicketTypeKey>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wish {
    /// May be left out where the ticket types say it.
    quantity: Option<SeatCount>,
    section: Option<Label>,
    zone: Option<Label>,
    category: Option<Label>,
    #[serde(default)]
    accessible: bool,
    ticket_types: Option<List<Object<CountedType>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reserved {
    hold_id: String,
    event_id: u64,
    #[serde(flatten)]
    spots: SpotsDocument,
    expires_at: String,
    expires_at_millis: u64,
}

pub(super) async fn reserve(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalKey(key): OptionalKey,
    WantedAck(ack): WantedAck,
    JsonBody(body): JsonBody<ReserveBody>,
) -> Result<Durable<Json<Reserved>>, Problem> {
    let request_id = request_id(&body.user_id.0, "reserve", key.as_ref());
    let (event_id, buyer_id) = (body.event_id.0, body.user_id.0.clone());
    let (selection, areas) = selection(body)?;
    app.rate_limits.admit_change(caller, &buyer_id, Some(event_id)).await?;
    let verb = Verb::Place(PlaceRequest { request_id, event_id, buyer_id, selection, areas });
    let Answered { outcome, durability } = outcome(&app, verb, ack).await?;
    let reply = match outcome {
        Outcome::Placed(placed) => Json(Reserved {
            hold_id: hex(&placed.hold_id),
            event_id: placed.event_id,
            spots: SpotsDocument::new(placed.labels, placed.ticket_types, placed.areas),
            expires_at: rfc3339(placed.deadline_millis),
            expires_at_millis: placed.deadline_millis,
        }),
        other => return Err(unexpected(&other)),
    };
    Ok(Durable { durability, reply })
}

/// What is to be held: seats or a wish for them, and places.
fn selection(body: ReserveBody) -> Result<(Option<Selection>, Vec<AreaPlaces>), Problem> {
    let ticket_type = body.ticket_type;
    if body.areas.is_some() && (body.best_available.is_some() || body.quantity.is_some()) {
        let detail = "areas: bestAvailable and quantity are about seats alone; hold places in a \
                      request of their own, or name the seats";
        return Err(Problem::invalid(detail));
    }
    let of_areas = body.areas.as_ref().map(|lines| lines.0.len());
    let named = match (body.seat_ids, body.seats, body.best_available, body.quantity) {
        (Some(labels), None, None, None) => {
            check_named(&[Some(labels.0.len()), of_areas])?;
            Some(seats(labels, ticket_type.as_ref()))
        }
        (None, Some(list), None, None) => {
            check_named(&[Some(list.0.len()), of_areas])?;
            Some(typed_seats(list, ticket_type.as_ref()))
        }
        (None, None, Some(Object(wish)), None) => {
            return Ok((
                Some(Selection::BestAvailable(best_available(wish, ticket_type)?)),
                vec![],
            ));
        }
        (None, None, None, Some(quantity)) => {
            let wish = Wish::of(quantity);
            return Ok((
                Some(Selection::BestAvailable(best_available(wish, ticket_type)?)),
                vec![],
            ));
        }
        (None, None, None, None) if of_areas.is_some() => {
            check_named(&[of_areas])?;
            None
        }
        (None, None, None, None) => {
            return Err(Problem::invalid(
                "say what to hold: one of seatIds, seats, bestAvailable and quantity, or areas",
            ));
        }
        _ => {
            return Err(Problem::invalid(
                "give one of seatIds, seats, bestAvailable and quantity, not several",
            ));
        }
    };
    let named = named.filter(|seats| !seats.labels.is_empty());
    let areas = body.areas.map(|lines| area_places(lines, ticket_type.as_ref()));
    Ok((named.map(Selection::Seats), areas.unwrap_or_default()))
}

impl Wish {
    fn of(quantity: SeatCount) -> Self {
        Self {
            quantity: Some(quantity),
            section: None,
            zone: None,
            category: None,
            accessible: false,
            ticket_types: None,
        }
    }
}

/// A wish whose quantity and ticket types agree, which the engine could only call unfit.
fn best_available(
    wish: Wish,
    ticket_type: Option<TicketTypeKey>,
) -> Result<BestAvailable, Problem> {
    let counted = match (wish.ticket_types, ticket_type, wish.quantity) {
        (Some(_), Some(_), _) => {
            return Err(Problem::invalid(
                "ticketType: bestAvailable has ticketTypes of its own; give one of the two",
            ));
        }
        (Some(List(counted)), None, _) => counted.into_iter().map(|Object(of)| of).collect(),
        (None, Some(ticket_type), Some(count)) => vec![CountedType { ticket_type, count }],
        (None, _, _) => Vec::new(),
    };
    let sum: u64 = counted.iter().map(|of| u64::from(of.count.0)).sum();
    let quantity = match wish.quantity {
        Some(SeatCount(quantity)) if counted.is_empty() || u64::from(quantity) == sum => quantity,
        Some(SeatCount(quantity)) => {
            return Err(Problem::invalid(format!(
                "bestAvailable.ticketTypes: the counts add up to {sum}, and quantity is {quantity}"
            )));
        }
        None if counted.is_empty() => {
            return Err(Problem::invalid("bestAvailable: say how many seats, by a quantity"));
        }
        None => u32::try_from(sum).unwrap_or(u32::MAX),
    };
    let count =
        |of: CountedType| TicketTypeCount { ticket_type: of.ticket_type.0, count: of.count.0 };
    Ok(BestAvailable {
        quantity,
        section: wish.section.map(|label| label.0),
        zone: wish.zone.map(|key| key.0),
        category: wish.category.map(|key| key.0),
        accessible: wish.accessible,
        ticket_types: counted.into_iter().map(count).collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(mut body: Value) -> Result<(Option<Selection>, Vec<AreaPlaces>), Problem> {
        body["eventId"] = json!(1);
        body["userId"] = json!("u");
        selection(serde_json::from_value(body).unwrap())
    }

    fn wish(body: Value) -> BestAvailable {
        match of(body) {
            Ok((Some(Selection::BestAvailable(wish)), _)) => wish,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wish_has_as_many_seats_as_its_ticket_types() {
        let two =
            json!([{ "ticketType": "adult", "count": 2 }, { "ticketType": "child", "count": 1 }]);
        let counted = wish(json!({ "bestAvailable": { "ticketTypes": two } }));
        assert_eq!((counted.quantity, counted.ticket_types.len()), (3, 2));
        let short = wish(json!({ "quantity": 4, "ticketType": "adult" }));
        assert_eq!((short.quantity, short.ticket_types[0].count), (4, 4));
        let long = wish(json!({ "bestAvailable": { "quantity": 4 }, "ticketType": "adult" }));
        assert_eq!(long, short);
        let absurd =
            json!([{ "ticketType": "a", "count": u64::MAX }, { "ticketType": "a", "count": 9 }]);
        assert_eq!(wish(json!({ "bestAvailable": { "ticketTypes": absurd } })).quantity, u32::MAX);
        for bad in [
            json!({ "bestAvailable": { "quantity": 2, "ticketTypes": two } }),
            json!({ "bestAvailable": { "ticketTypes": two }, "ticketType": "adult" }),
            json!({ "bestAvailable": { "ticketTypes": [] } }),
            json!({ "bestAvailable": {} }),
        ] {
            assert!(of(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn places_stand_alone_or_beside_named_seats() {
        let lawn = json!([{ "area": "Lawn", "count": 2 }]);
        let (seats, areas) = of(json!({ "areas": lawn })).unwrap();
        assert_eq!((seats, areas.len()), (None, 1));
        let (seats, areas) = of(json!({ "areas": lawn, "seatIds": [] })).unwrap();
        assert_eq!((seats, areas.len()), (None, 1));
        let (seats, areas) = of(json!({ "areas": lawn, "seats": [{ "seatId": "A" }] })).unwrap();
        assert!(matches!(seats, Some(Selection::Seats(_))) && areas.len() == 1);
        for bad in [
            json!({ "areas": [] }),
            json!({ "areas": [], "seatIds": [] }),
            json!({ "areas": lawn, "quantity": 1 }),
            json!({ "areas": lawn, "bestAvailable": { "quantity": 1 } }),
            json!({ "seats": [{ "seatId": "A" }], "seatIds": ["A"] }),
            json!({}),
        ] {
            assert!(of(bad.clone()).is_err(), "{bad}");
        }
    }
}
