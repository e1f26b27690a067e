//! Requests and answers as the engine's contract carries them.
//!
//! Seats go by index, areas and ticket types by name, a whole table under its own label. An
//! answer that names what the layout does not have cannot be read: then it is only known that
//! something was answered.

use proto::inventory::v1;

use crate::ids::{AllocationId, HoldId, IdError};
use crate::layout::Layout;
use crate::request::{Answer, Best, Denial, Refusal, Request, Selection, Verb, word};
use crate::spots::{Places, Spots};

/// Why an answer cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error(transparent)]
    Id(#[from] IdError),
    #[error("the event has no {0:?}")]
    Name(String),
    #[error("nothing that was asked for is answered by this")]
    OtherVerb,
}

fn keys(layout: &Layout, ticket_types: &[u16]) -> Vec<String> {
    ticket_types.iter().map(|of| layout.type_key(*of).to_owned()).collect()
}

fn seats(layout: &Layout, spots: &Spots) -> v1::Seats {
    v1::Seats {
        indexes: spots.seats.to_vec(),
        labels: Vec::new(),
        ticket_types: keys(layout, &spots.seat_types),
    }
}

fn areas(layout: &Layout, spots: &Spots) -> Vec<v1::AreaPlaces> {
    let places = |of: &Places| v1::AreaPlaces {
        area: layout.area_label(of.area).to_owned(),
        count: of.count,
        ticket_type: of.ticket_type.map(|of| layout.type_key(of).to_owned()).unwrap_or_default(),
    };
    spots.areas.iter().map(places).collect()
}

/// A part of a hold or an allocation: seats without ticket types, and places.
fn part(layout: &Layout, part: Option<&Spots>) -> (Option<v1::Seats>, Vec<v1::AreaPlaces>) {
    let Some(spots) = part else { return (None, Vec::new()) };
    let has_seats = !spots.seats.is_empty();
    let seats =
        has_seats.then(|| v1::Seats { indexes: spots.seats.to_vec(), ..v1::Seats::default() });
    (seats, areas(layout, spots))
}

fn place(
    layout: &Layout,
    selection: &Selection,
) -> (Option<v1::place_request::Selection>, Vec<v1::AreaPlaces>) {
    use v1::place_request::Selection as Wire;
    match selection {
        Selection::Spots(spots) => {
            let has_seats = !spots.seats.is_empty();
            (has_seats.then(|| Wire::Seats(seats(layout, spots))), areas(layout, spots))
        }
        Selection::Table { table, ticket_type } => {
            let label = layout.tables().get(*table as usize).map(|table| table.label.clone());
            let ticket_types = keys(layout, ticket_type.as_slice());
            let labels = label.into_iter().collect();
            (Some(Wire::Seats(v1::Seats { indexes: Vec::new(), labels, ticket_types })), Vec::new())
        }
        Selection::Best(Best { quantity, category, ticket_types }) => {
            let counted = ticket_types.iter().map(|(ticket_type, count)| v1::TicketTypeCount {
                ticket_type: layout.type_key(*ticket_type).to_owned(),
                count: *count,
            });
            let wish = v1::BestAvailable {
                quantity: *quantity,
                category: category.as_deref().map(str::to_owned),
                ticket_types: counted.collect(),
                ..v1::BestAvailable::default()
            };
            (Some(Wire::BestAvailable(wish)), Vec::new())
        }
    }
}

pub(super) fn to_wire(request: &Request, event_id: u64, layout: &Layout) -> v1::command::Verb {
    let request_id = request.id.to_bytes();
    let buyer_id = request.buyer.to_string();
    match &request.verb {
        Verb::Place(selection) => {
            let (selection, areas) = place(layout, selection);
            let place = v1::PlaceRequest { request_id, event_id, buyer_id, selection, areas };
            v1::command::Verb::Place(place)
        }
        Verb::Extend(hold_id) => {
            let hold_id = hold_id.to_bytes();
            v1::command::Verb::Extend(v1::ExtendRequest { request_id, hold_id, buyer_id })
        }
        Verb::Release(hold_id, spots) => {
            let (hold_id, (part, areas)) = (hold_id.to_bytes(), part(layout, spots.as_ref()));
            let release = v1::ReleaseRequest { request_id, hold_id, buyer_id, part, areas };
            v1::command::Verb::Release(release)
        }
        Verb::Allocate(hold_id, spots) => {
            let (hold_id, (part, areas)) = (hold_id.to_bytes(), part(layout, spots.as_ref()));
            let allocate = v1::AllocateRequest { request_id, hold_id, buyer_id, part, areas };
            v1::command::Verb::Allocate(allocate)
        }
        Verb::Return(allocation_id, spots) => {
            let allocation_id = allocation_id.to_bytes();
            let (part, areas) = part(layout, spots.as_ref());
            let back = v1::ReturnRequest { request_id, allocation_id, buyer_id, part, areas };
            v1::command::Verb::Return(back)
        }
    }
}

pub(super) fn from_wire(outcome: Option<v1::answer::Outcome>, layout: &Layout) -> Answer {
    read(outcome, layout).unwrap_or_else(|error| {
        // It was answered, so it may have been done: unknown is all that can be said.
        tracing::error!(%error, "an answer of the engine cannot be read");
        Answer::Unknown
    })
}

/// Spots of an answer or a hold.
pub(super) fn spots(
    layout: &Layout,
    seats: Vec<u32>,
    ticket_types: &[String],
    areas: &[v1::AreaPlaces],
) -> Result<Spots, Unreadable> {
    let seat_types = ticket_types.iter().map(|key| type_index(layout, key));
    let places = areas.iter().map(|of| {
        let area = layout.area_index(&of.area).ok_or_else(|| Unreadable::Name(of.area.clone()))?;
        let has_type = !of.ticket_type.is_empty();
        let ticket_type = has_type.then(|| type_index(layout, &of.ticket_type)).transpose()?;
        Ok(Places { area, ticket_type, count: of.count })
    });
    Ok(Spots {
        seats: seats.into(),
        seat_types: seat_types.collect::<Result<_, Unreadable>>()?,
        areas: places.collect::<Result<_, Unreadable>>()?,
    })
}

fn type_index(layout: &Layout, key: &str) -> Result<u16, Unreadable> {
    layout.type_index(key).ok_or_else(|| Unreadable::Name(key.to_owned()))
}

fn read(outcome: Option<v1::answer::Outcome>, layout: &Layout) -> Result<Answer, Unreadable> {
    use v1::answer::Outcome;
    Ok(match outcome {
        Some(Outcome::Placed(of)) => Answer::Placed {
            hold_id: HoldId::from_bytes(&of.hold_id)?,
            spots: spots(layout, of.seats, &of.ticket_types, &of.areas)?,
            deadline_millis: of.deadline_millis,
            lsn: Some(of.lsn),
        },
        Some(Outcome::Extended(extended)) => Answer::Extended {
            hold_id: HoldId::from_bytes(&extended.hold_id)?,
            deadline_millis: extended.deadline_millis,
            lsn: Some(extended.lsn),
        },
        Some(Outcome::Released(of)) => Answer::Released {
            hold_id: HoldId::from_bytes(&of.hold_id)?,
            spots: spots(layout, of.seats, &of.ticket_types, &of.areas)?,
            lsn: Some(of.lsn),
        },
        Some(Outcome::Allocated(of)) => Answer::Allocated {
            hold_id: HoldId::from_bytes(&of.hold_id)?,
            allocation_id: AllocationId::from_bytes(&of.allocation_id)?,
            spots: spots(layout, of.seats, &of.ticket_types, &of.areas)?,
            lsn: Some(of.lsn),
        },
        Some(Outcome::Returned(of)) => Answer::Returned {
            allocation_id: AllocationId::from_bytes(&of.allocation_id)?,
            spots: spots(layout, of.seats, &of.ticket_types, &of.areas)?,
            lsn: Some(of.lsn),
        },
        Some(Outcome::Rejection(rejection)) => Answer::Rejected(refusal(&rejection, layout)),
        Some(Outcome::Failure(failure)) => failed(failure),
        Some(Outcome::Blocked(_) | Outcome::Unblocked(_)) | None => {
            return Err(Unreadable::OtherVerb);
        }
    })
}

fn refusal(rejection: &v1::Rejection, layout: &Layout) -> Refusal {
    // Buyers ask for places of one area at a time.
    let of_area = rejection.areas.first().and_then(|area| area.could_have);
    Refusal {
        reason: word(&rejection.reason),
        could_have: rejection.could_have.or(of_area),
        ticket_type: layout.type_index(&rejection.ticket_type),
    }
}

fn failed(failure: v1::Failure) -> Answer {
    let reason = match failure.code() {
        v1::FailureCode::Invalid => Denial::Invalid(failure.message.into()),
        v1::FailureCode::Overloaded
        | v1::FailureCode::StorageShort
        | v1::FailureCode::ProjectionBehind => Denial::Overloaded,
        v1::FailureCode::DeadlineExceeded => Denial::DeadlineExceeded,
        v1::FailureCode::ShuttingDown => Denial::ShuttingDown,
        v1::FailureCode::Unknown | v1::FailureCode::Unspecified => return Answer::Unknown,
    };
    Answer::Denied { reason, retry_after_millis: failure.retry_after_millis }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RequestId;
    use crate::layout::{Area, SeatPlace, Terms, TicketType};

    fn layout() -> Layout {
        let seat = |label: &str| SeatPlace {
            label: label.to_owned(),
            table: "T1".to_owned(),
            table_is_whole: true,
            ..SeatPlace::default()
        };
        let area = Area { label: "Lawn".to_owned(), capacity: 9, ..Area::default() };
        let of = |key: &str| TicketType { key: key.to_owned(), ..TicketType::default() };
        let ticket_types = vec![of("adult"), of("child")];
        let terms = Terms { ticket_types, buyer_spots_max: None };
        Layout::with(vec![seat("T1-1"), seat("T1-2")], vec![area], terms)
    }

    fn placed(selection: Selection) -> v1::PlaceRequest {
        let verb = Verb::Place(selection);
        let request = Request { id: RequestId(1), buyer: "ann".into(), verb };
        match to_wire(&request, 7, &layout()) {
            v1::command::Verb::Place(place) => place,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn spots_go_out_and_come_back() {
        let spots = Spots {
            seats: Box::new([1, 0]),
            seat_types: Box::new([1, 0]),
            areas: Box::new([Places { area: 0, ticket_type: Some(1), count: 3 }]),
        };
        let place = placed(Selection::Spots(spots.clone()));
        let Some(v1::place_request::Selection::Seats(seats)) = place.selection else { panic!() };
        assert_eq!(
            (&*seats.ticket_types, place.areas.len()),
            (&["child", "adult"].map(str::to_owned)[..], 1)
        );
        let back = super::spots(&layout(), seats.indexes, &seats.ticket_types, &place.areas);
        assert_eq!(back.unwrap(), spots);
        let lawn = Spots { seats: Box::new([]), seat_types: Box::new([]), ..spots };
        assert!(placed(Selection::Spots(lawn)).selection.is_none(), "places alone");
        let strange = [v1::AreaPlaces { area: "Moon".to_owned(), ..v1::AreaPlaces::default() }];
        assert!(super::spots(&layout(), Vec::new(), &[], &strange).is_err());
    }

    #[test]
    fn a_table_goes_by_its_name_and_a_wish_by_its_counts() {
        let place = placed(Selection::Table { table: 0, ticket_type: Some(0) });
        let Some(v1::place_request::Selection::Seats(seats)) = place.selection else { panic!() };
        assert_eq!((&seats.labels[0][..], &seats.ticket_types[0][..]), ("T1", "adult"));
        let wish = Best {
            quantity: 3,
            category: Some("first".into()),
            ticket_types: Box::new([(0, 2), (1, 1)]),
        };
        let place = placed(Selection::Best(wish));
        let Some(v1::place_request::Selection::BestAvailable(best)) = place.selection else {
            panic!()
        };
        assert_eq!((best.quantity, best.category.as_deref()), (3, Some("first")));
        assert_eq!(best.ticket_types[1].ticket_type, "child");
    }

    #[test]
    fn a_refusal_says_what_could_be_had_of_what() {
        let area = v1::AreaConflict { area: "Lawn".to_owned(), could_have: Some(2) };
        let full = v1::Rejection {
            reason: "area_full".to_owned(),
            areas: vec![area],
            ..v1::Rejection::default()
        };
        assert_eq!(refusal(&full, &layout()).could_have, Some(2));
        let quota = v1::Rejection {
            reason: "quota_exceeded".to_owned(),
            could_have: Some(1),
            ticket_type: "child".to_owned(),
            ..v1::Rejection::default()
        };
        let expected =
            Refusal { reason: word("quota_exceeded"), could_have: Some(1), ticket_type: Some(1) };
        assert_eq!(refusal(&quota, &layout()), expected);
    }
}
