//! Typed answers into protobuf ones.

use bytes::Bytes;
use inventory_core::fact::{Change, Fact, SeatStatus};
use inventory_core::rejection::{AreaConflict, Retry, SeatConflict};
use inventory_core::spots::{AreaPlaces, Counts, Spots};
use inventory_core::state::{Ending, Verification};
use proto::inventory::v1::{self, answer::Outcome};

use crate::ack::Durability;
use crate::answer::{Answer, Failure, HoldReport, Refusal, Reply};
use crate::names::{EventNames, NamesOf};

/// A reply to a command of a stream. `None` for what no command is answered with.
pub(crate) fn outcome(reply: Reply, names: &mut NamesOf<'_>) -> Option<Outcome> {
    match reply {
        Ok(Answer::Accepted(accepted)) => accepted_outcome(&accepted.fact, names),
        Ok(Answer::Refused(refusal)) => Some(Outcome::Rejection(rejection(&refusal))),
        Ok(Answer::Hold(_) | Answer::Verified(_)) => None,
        Err(failure) => Some(Outcome::Failure(failure_message(&failure))),
    }
}

/// Where a change is.
pub(crate) fn durability(durability: Durability) -> v1::Durability {
    match durability {
        Durability::Journal => v1::Durability::Journal,
        Durability::JournalAndPostgres => v1::Durability::JournalAndPostgres,
    }
}

fn accepted_outcome(fact: &Fact, names: &mut NamesOf<'_>) -> Option<Outcome> {
    let (event_id, lsn) = (fact.event_id.0, fact.lsn.0);
    let spots = fact.change.spots_moved().map(|(spots, _, _)| spots);
    let Told { seats, labels, ticket_types, areas } =
        spots.map(|spots| Told::of(spots, names.event(fact.event_id))).unwrap_or_default();
    Some(match &fact.change {
        Change::HoldPlaced { hold_id, deadline, .. } => Outcome::Placed(v1::Placed {
            hold_id: id_bytes(hold_id.0),
            event_id,
            seats,
            labels,
            deadline_millis: deadline.0,
            lsn,
            ticket_types,
            areas,
        }),
        Change::HoldExtended { hold_id, deadline } => Outcome::Extended(v1::Extended {
            hold_id: id_bytes(hold_id.0),
            deadline_millis: deadline.0,
            lsn,
        }),
        Change::HoldReleased { hold_id, .. } => {
            let hold_id = id_bytes(hold_id.0);
            Outcome::Released(v1::Released { hold_id, seats, labels, lsn, ticket_types, areas })
        }
        Change::HoldAllocated { hold_id, allocation_id, .. } => Outcome::Allocated(v1::Allocated {
            hold_id: id_bytes(hold_id.0),
            allocation_id: id_bytes(allocation_id.0),
            event_id,
            seats,
            labels,
            lsn,
            ticket_types,
            areas,
        }),
        Change::SpotsReturned { allocation_id, .. } => Outcome::Returned(v1::Returned {
            allocation_id: id_bytes(allocation_id.0),
            seats,
            labels,
            lsn,
            ticket_types,
            areas,
        }),
        Change::SpotsBlocked { .. } => {
            Outcome::Blocked(v1::Blocked { event_id, seats, labels, lsn, areas })
        }
        Change::SpotsUnblocked { .. } => {
            Outcome::Unblocked(v1::Unblocked { event_id, seats, labels, lsn, areas })
        }
        // None of these is what a command of a stream asks for.
        Change::EventCreated { .. } | Change::EventClosed | Change::HoldExpired { .. } => {
            return None;
        }
    })
}

/// Spots as the contract tells them.
#[derive(Default)]
struct Told {
    seats: Vec<u32>,
    labels: Vec<String>,
    ticket_types: Vec<String>,
    areas: Vec<v1::AreaPlaces>,
}

impl Told {
    fn of(spots: &Spots, names: &EventNames) -> Self {
        let has_types = spots.seats.iter().any(|spot| spot.ticket_type.is_some());
        let ticket_type = |ticket_type| names.ticket_type(ticket_type).to_owned();
        let typed = spots.seats.iter().filter(|_| has_types);
        Self {
            seats: spots.seat_indexes().map(|seat| seat.0).collect(),
            labels: spots.seat_indexes().map(|seat| names.seat(seat).to_owned()).collect(),
            ticket_types: typed.map(|spot| ticket_type(spot.ticket_type)).collect(),
            areas: spots.areas.iter().map(|places| area_places(places, names)).collect(),
        }
    }
}

pub(crate) fn area_places(places: &AreaPlaces, names: &EventNames) -> v1::AreaPlaces {
    v1::AreaPlaces {
        area: names.area(places.area).to_owned(),
        count: places.count,
        ticket_type: names.ticket_type(places.ticket_type).to_owned(),
    }
}

pub(crate) fn rejection(refusal: &Refusal) -> v1::Rejection {
    let (rejection, unknown) = (&refusal.rejection, &refusal.unknown);
    let names = refusal.names.as_ref();
    let seat_label = |seat| match unknown.seat(seat) {
        Some(label) => label,
        None => names.map_or("", |names| names.seat(seat)),
    };
    let area_label = |area| match unknown.area(area) {
        Some(label) => label,
        None => names.map_or("", |names| names.area(area)),
    };
    let ticket_type = |index| match unknown.ticket_type(index) {
        Some(key) => key,
        None => names.map_or("", |names| names.ticket_type(Some(index))),
    };
    let conflict = |conflict: &SeatConflict| v1::SeatConflict {
        index: conflict.seat.0,
        label: seat_label(conflict.seat).to_owned(),
        status: conflict.status.map_or(v1::SeatStatus::Unspecified, seat_status).into(),
    };
    let area_conflict = |conflict: &AreaConflict| v1::AreaConflict {
        area: area_label(conflict.area).to_owned(),
        could_have: conflict.could_have,
    };
    v1::Rejection {
        code: rejection.code as u32,
        reason: rejection.code.name().to_owned(),
        message: rejection.code.advice().to_owned(),
        retryable: rejection.retry != Retry::Never,
        retry_at_millis: match rejection.retry {
            Retry::At(at) => Some(at.0),
            Retry::Never | Retry::Later => None,
        },
        conflicts: rejection.conflicts.iter().map(conflict).collect(),
        could_have: rejection.could_have,
        areas: rejection.areas.iter().map(area_conflict).collect(),
        ticket_type: rejection.ticket_type.map(ticket_type).unwrap_or_default().to_owned(),
    }
}

fn failure_message(failure: &Failure) -> v1::Failure {
    let (code, retry_after) = match failure {
        Failure::Invalid(_) => (v1::FailureCode::Invalid, None),
        Failure::Overloaded { retry_after } => {
            (v1::FailureCode::Overloaded, Some(retry_after.as_millis() as u32))
        }
        Failure::StorageShort { retry_after } => {
            (v1::FailureCode::StorageShort, Some(retry_after.as_millis() as u32))
        }
        Failure::ProjectionBehind { retry_after } => {
            (v1::FailureCode::ProjectionBehind, Some(retry_after.as_millis() as u32))
        }
        Failure::DeadlineExceeded => (v1::FailureCode::DeadlineExceeded, None),
        Failure::Unknown => (v1::FailureCode::Unknown, None),
        Failure::ShuttingDown => (v1::FailureCode::ShuttingDown, None),
    };
    v1::Failure { code: code.into(), message: failure.to_string(), retry_after_millis: retry_after }
}

pub(crate) fn hold(report: &HoldReport) -> v1::Hold {
    let state = match report.ending {
        None => v1::HoldState::Live,
        Some(Ending::Expired) => v1::HoldState::Expired,
        Some(Ending::Released) => v1::HoldState::Released,
        Some(Ending::Allocated) => v1::HoldState::Allocated,
    };
    let Told { seats, labels, ticket_types, areas } = Told::of(&report.spots, &report.names);
    v1::Hold {
        hold_id: id_bytes(report.hold_id.0),
        event_id: report.event_id.0,
        buyer_id: report.buyer_id.as_str().to_owned(),
        state: state.into(),
        seats,
        labels,
        deadline_millis: report.deadline.0,
        extensions_left: u32::from(report.extensions_left),
        ticket_types,
        areas,
    }
}

pub(crate) fn verification(verification: Verification, names: &EventNames) -> v1::Verification {
    let areas = names.chart.parts().areas.iter().zip(&verification.areas);
    let areas = areas.map(|(area, &of)| named_counts(&area.label, of)).collect();
    let ticket_types = names.ticket_types.iter().zip(&verification.ticket_types);
    let ticket_types = ticket_types.map(|(of, &counts)| named_counts(&of.key, counts)).collect();
    v1::Verification {
        event_id: verification.event_id.0,
        lsn: verification.lsn.0,
        seats: Some(counts(verification.counts)),
        live_holds: verification.live_holds,
        live_allocations: verification.live_allocations,
        digest: id_bytes(verification.digest.0),
        violations: verification.violations,
        areas,
        ticket_types,
    }
}

pub(crate) fn named_counts(name: &str, of: Counts) -> v1::NamedCounts {
    v1::NamedCounts { name: name.to_owned(), counts: Some(counts(of)) }
}

pub(crate) fn counts(counts: Counts) -> v1::Counts {
    v1::Counts {
        available: counts.get(SeatStatus::Available),
        held: counts.get(SeatStatus::Held),
        allocated: counts.get(SeatStatus::Allocated),
        blocked: counts.get(SeatStatus::Blocked),
        capacity: counts.total(),
    }
}

pub(crate) fn seat_status(status: SeatStatus) -> v1::SeatStatus {
    match status {
        SeatStatus::Available => v1::SeatStatus::Available,
        SeatStatus::Held => v1::SeatStatus::Held,
        SeatStatus::Allocated => v1::SeatStatus::Allocated,
        SeatStatus::Blocked => v1::SeatStatus::Blocked,
    }
}

fn id_bytes(id: u128) -> Bytes {
    Bytes::copy_from_slice(&id.to_be_bytes())
}
