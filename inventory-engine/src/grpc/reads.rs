//! Reads that any thread answers from what is durable and shown to everybody.

use std::sync::Arc;

use bytes::Bytes;
use inventory_core::chart::{Category, Seat, Table};
use inventory_core::fact::SeatStatus;
use inventory_core::ids::{CategoryIndex, EventId, RowIndex, SeatIndex};
use inventory_core::ticket_type::TicketType;
use proto::inventory::v1;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::engine::Handle;
use crate::grpc::answers;
use crate::view::{EventView, PartCounts};

pub(crate) fn event(engine: &Handle, event_id: u64) -> Result<Arc<EventView>, Status> {
    let event = engine.directory().event(EventId(event_id));
    event.ok_or_else(|| not_found("event_unknown", "there is no event with this id"))
}

pub(crate) fn not_found(reason: &str, message: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, "holdfast", []);
    Status::with_error_details(Code::NotFound, message, details)
}

/// What was asked for beside the totals, all of it at least as new as the version.
pub(crate) fn availability(
    event: &EventView,
    request: &v1::GetAvailabilityRequest,
) -> v1::Availability {
    let version = event.version();
    let part = |part: PartCounts<'_>| answers::named_counts(part.name, part.counts);
    let mut availability = v1::Availability {
        event_id: event.id.0,
        version,
        seats: Some(answers::counts(event.counts())),
        places: Some(answers::counts(event.places())),
        is_closed: event.closed_at().is_some(),
        ..v1::Availability::default()
    };
    if request.by_section {
        availability.sections = event.sections().map(part).collect();
    }
    if request.by_category {
        availability.categories = event.categories().map(part).collect();
    }
    if request.by_ticket_type {
        let keys = event.ticket_types.iter().map(|of| of.key.as_str());
        let counted = keys.zip(event.ticket_type_counts());
        availability.ticket_types =
            counted.map(|(key, counts)| answers::named_counts(key, counts)).collect();
    }
    if request.by_area {
        let labels = event.chart.parts().areas.iter().map(|area| area.label.as_str());
        let counted = labels.zip(event.areas());
        availability.areas =
            counted.map(|(label, counts)| answers::named_counts(label, counts)).collect();
    }
    if request.by_seat {
        availability.available_seats = event.available_seats().into();
    }
    availability
}

pub(crate) fn seat_map(event: &EventView) -> v1::SeatMap {
    // Before the states, so that it never claims more than they show.
    let version = event.version();
    let statuses: Vec<u8> = event.statuses().map(on_the_wire).collect();
    v1::SeatMap {
        event_id: event.id.0,
        version,
        statuses: statuses.into(),
        seats: Vec::new(),
        categories: Vec::new(),
        areas: area_infos(event),
        chart_hash: Bytes::copy_from_slice(&event.chart_hash.0),
    }
}

/// With what the chart says of each seat: long, and the same each time.
pub(crate) fn seat_map_with_chart(event: &EventView) -> v1::SeatMap {
    let category = |category: &Category| v1::CategoryInfo {
        key: category.key.clone(),
        label: category.label.clone(),
        color: category.color.clone().unwrap_or_default(),
    };
    let categories = event.chart.parts().categories.iter().map(category).collect();
    v1::SeatMap { seats: seat_infos(event), categories, ..seat_map(event) }
}

fn area_infos(event: &EventView) -> Vec<v1::AreaInfo> {
    let chart = event.chart.parts();
    let infos = chart.areas.iter().zip(event.areas()).map(|(area, counts)| {
        let section = area.section.map(|section| &chart.sections[section.0 as usize]);
        let category = area.category.map(|category| &chart.categories[category.0 as usize]);
        v1::AreaInfo {
            label: area.label.clone(),
            section: section.map(|section| section.label.clone()).unwrap_or_default(),
            category: category.map(|category| category.key.clone()).unwrap_or_default(),
            counts: Some(answers::counts(counts)),
        }
    });
    infos.collect()
}

fn seat_infos(event: &EventView) -> Vec<v1::SeatInfo> {
    let chart = event.chart.parts();
    let row_label = |row: RowIndex| chart.rows[row.0 as usize].label.clone();
    let mut table_of = vec![None; chart.seats.len()];
    for table in &chart.tables {
        table.seats.iter().for_each(|seat| table_of[seat.0 as usize] = Some(table));
    }
    let info = |(index, seat): (u32, &Seat)| {
        let place = event.chart.seat_place(SeatIndex(index));
        let section = seat.section.map(|section| &chart.sections[section.0 as usize]);
        let category = seat.category.map(|category| &chart.categories[category.0 as usize]);
        let zone = section.and_then(|of| of.zone).map(|zone| &chart.zones[zone.0 as usize]);
        let of_section = section.and_then(|section| section.entrance.as_ref());
        let entrance = seat.entrance.as_ref().or(of_section);
        let table: Option<&Table> = table_of[index as usize];
        v1::SeatInfo {
            label: seat.label.clone(),
            section: section.map(|section| section.label.clone()).unwrap_or_default(),
            row: place.and_then(|place| place.row).map(row_label).unwrap_or_default(),
            category: category.map(|category| category.key.clone()).unwrap_or_default(),
            x: seat.position.x,
            y: seat.position.y,
            accessible: seat.accessible,
            companion: seat.companion,
            restricted_view: seat.restricted_view,
            zone: zone.map(|zone| zone.key.clone()).unwrap_or_default(),
            floor: section.and_then(|section| section.floor.clone()).unwrap_or_default(),
            entrance: entrance.cloned().unwrap_or_default(),
            table: table.map(|table| table.label.clone()).unwrap_or_default(),
            table_is_whole: table.is_some_and(|table| table.book_whole),
        }
    };
    (0..).zip(&chart.seats).map(info).collect()
}

/// A status as views keep it into the contract's number for it.
pub(crate) fn on_the_wire(status: u8) -> u8 {
    let status = SeatStatus::ALL.get(usize::from(status)).copied();
    status.map_or(v1::SeatStatus::Unspecified, answers::seat_status) as u8
}

pub(crate) fn event_message(event: &EventView) -> v1::Event {
    let rules = &event.rules;
    v1::Event {
        event_id: event.id.0,
        name: event.name.clone(),
        chart_hash: Bytes::copy_from_slice(&event.chart_hash.0),
        rules: Some(v1::EventRules {
            hold_ttl_millis: Some(rules.hold_ttl_millis),
            extensions_max: Some(u32::from(rules.extensions_max)),
            buyer_seats_max: rules.buyer_seats_max,
            sale_opens_at_millis: rules.sale_opens_at.map(|at| at.0),
            sale_closes_at_millis: rules.sale_closes_at.map(|at| at.0),
        }),
        seats: Some(answers::counts(event.counts())),
        version: event.version(),
        created_at_millis: event.created_at.0,
        places: Some(answers::counts(event.places())),
        ticket_types: event.ticket_types.iter().map(|of| ticket_type(event, of)).collect(),
        closed_at_millis: event.closed_at().map(|at| at.0),
    }
}

fn ticket_type(event: &EventView, of: &TicketType) -> v1::TicketType {
    let key =
        |category: &CategoryIndex| event.chart.parts().categories[category.0 as usize].key.clone();
    v1::TicketType {
        key: of.key.to_string(),
        quota: of.quota,
        sale_opens_at_millis: of.sale_opens_at.map(|at| at.0),
        sale_closes_at_millis: of.sale_closes_at.map(|at| at.0),
        categories: of.categories.iter().map(key).collect(),
    }
}
