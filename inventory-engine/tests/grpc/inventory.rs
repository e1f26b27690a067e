//! Areas, whole tables, ticket types with quotas and windows, and the close of an event, as callers
//! of gRPC see them: what is done, every way to be refused, and that the counts add up.

use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;
use proto::inventory::v1::{self, place_request::Selection};
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::server::{Server, labels, request_id};

/// 22 seats and 70 places.
const CHART: &str = include_str!("festival.json");

/// A server with event 1 on sale on that chart.
struct Festival {
    server: Server,
    _folder: TempDir,
}

impl Festival {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path()).await;
        let chart = v1::PutChartRequest { content: CHART.into(), format: 0 };
        let chart = server.admin().put_chart(chart).await.unwrap().into_inner();
        assert_eq!((chart.seats, chart.places), (22, 70));
        let of = |key: &str| v1::TicketType { key: key.into(), ..v1::TicketType::default() };
        let in_an_hour = Some(now_millis() + 3_600_000);
        let create = v1::CreateEventRequest {
            request_id: request_id(),
            event_id: 1,
            name: "Festival".into(),
            chart_hash: chart.chart_hash,
            rules: None,
            ticket_types: vec![
                of("adult"),
                v1::TicketType { quota: Some(3), ..of("child") },
                v1::TicketType { sale_opens_at_millis: in_an_hour, ..of("late") },
                v1::TicketType { sale_closes_at_millis: Some(1), ..of("early") },
                v1::TicketType { categories: vec!["stand".into()], ..of("stander") },
            ],
        };
        let event = server.admin().create_event(create).await.unwrap().into_inner();
        assert_eq!((event.ticket_types.len(), event.places.unwrap().capacity), (5, 70));
        Self { server, _folder: folder }
    }

    async fn place(&self, wanted: v1::PlaceRequest) -> Result<v1::Placed, Status> {
        self.server.inventory().place(wanted).await.map(tonic::Response::into_inner)
    }

    async fn availability(&self) -> v1::Availability {
        let everything = v1::GetAvailabilityRequest {
            event_id: 1,
            by_section: true,
            by_category: true,
            by_ticket_type: true,
            by_area: true,
            by_seat: true,
        };
        self.server.inventory().get_availability(everything).await.unwrap().into_inner()
    }

    async fn is_sound(&self) -> v1::Verification {
        let request = v1::VerifyEventRequest { event_id: 1 };
        let verified = self.server.admin().verify_event(request).await.unwrap().into_inner();
        assert_eq!(verified.violations, Vec::<String>::new());
        verified
    }
}

fn now_millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

fn line(area: &str, count: u32, ticket_type: &str) -> v1::AreaPlaces {
    v1::AreaPlaces { area: area.into(), count, ticket_type: ticket_type.into() }
}

/// Seats by label, with their ticket types, and lines of areas.
fn spots(named: &[&str], ticket_types: &[&str], areas: &[v1::AreaPlaces]) -> v1::PlaceRequest {
    let ticket_types = ticket_types.iter().map(ToString::to_string).collect();
    let seats = v1::Seats { ticket_types, ..labels(named) };
    v1::PlaceRequest {
        request_id: request_id(),
        event_id: 1,
        buyer_id: "ann".into(),
        selection: (!named.is_empty()).then_some(Selection::Seats(seats)),
        areas: areas.to_vec(),
    }
}

fn best(quantity: u32, zone: Option<&str>, types: &[(&str, u32)]) -> v1::PlaceRequest {
    let counted =
        types.iter().map(|&(key, count)| v1::TicketTypeCount { ticket_type: key.into(), count });
    let wish = v1::BestAvailable {
        quantity,
        zone: zone.map(str::to_owned),
        ticket_types: counted.collect(),
        ..v1::BestAvailable::default()
    };
    let selection = Some(Selection::BestAvailable(wish));
    v1::PlaceRequest { selection, ..spots(&[], &[], &[]) }
}

/// The rejection among a status's details.
fn rejection(status: &Status) -> v1::Rejection {
    let rich = tonic_types::pb::Status::decode(status.details()).unwrap();
    let is_ours = |url: &str| url.ends_with("/holdfast.inventory.v1.Rejection");
    let detail = rich.details.into_iter().find(|detail| is_ours(&detail.type_url));
    let detail = detail.unwrap_or_else(|| panic!("no rejection in {status:?}"));
    v1::Rejection::decode(detail.value.as_slice()).unwrap()
}

/// Of a list of counts, those under a name: available, held, allocated, blocked.
fn counts(list: &[v1::NamedCounts], name: &str) -> [u32; 4] {
    let found = list.iter().find(|of| of.name == name);
    let of = found.unwrap_or_else(|| panic!("no {name:?} in {list:?}")).counts.unwrap();
    assert_eq!(of.available + of.held + of.allocated + of.blocked, of.capacity, "{name}");
    [of.available, of.held, of.allocated, of.blocked]
}

#[tokio::test]
async fn a_hold_of_seats_a_table_and_places_is_sold_and_returned_in_parts() {
    let festival = Festival::open().await;
    let lines =
        [line("Lawn", 4, "adult"), line("Lawn", 1, "child"), line("Stalls-Pit", 2, "stander")];
    let wanted = spots(&["Stalls-A-2", "Stalls-T1"], &["child", "adult"], &lines);
    let placed = festival.place(wanted.clone()).await.unwrap();
    let table = ["Stalls-T1-1", "Stalls-T1-2", "Stalls-T1-3", "Stalls-T1-4"];
    assert_eq!(placed.labels, [&["Stalls-A-2"], &table[..]].concat());
    assert_eq!(placed.ticket_types, ["child", "adult", "adult", "adult", "adult"]);
    assert_eq!(placed.areas, lines);
    assert_eq!(festival.place(wanted).await.unwrap(), placed, "again");
    let asked = v1::GetHoldRequest { hold_id: placed.hold_id.clone(), buyer_id: None };
    let hold = festival.server.inventory().get_hold(asked).await.unwrap().into_inner();
    assert_eq!((&hold.ticket_types, &hold.areas), (&placed.ticket_types, &placed.areas));

    let mut inventory = festival.server.inventory();
    let allocate = v1::AllocateRequest {
        request_id: request_id(),
        hold_id: placed.hold_id.clone(),
        buyer_id: "ann".into(),
        part: Some(labels(&["Stalls-T1"])),
        areas: vec![line("Lawn", 3, "adult")],
    };
    let sold = inventory.allocate(allocate).await.unwrap().into_inner();
    assert_eq!(
        (sold.labels, sold.areas),
        (table.map(str::to_owned).into(), vec![line("Lawn", 3, "adult")])
    );
    let release = v1::ReleaseRequest {
        request_id: request_id(),
        hold_id: placed.hold_id,
        buyer_id: "ann".into(),
        part: None,
        areas: vec![line("Lawn", 1, "child")],
    };
    let released = inventory.release(release).await.unwrap().into_inner();
    assert!(released.labels.is_empty() && released.areas == [line("Lawn", 1, "child")]);
    let give_back = |part, areas| v1::ReturnRequest {
        request_id: request_id(),
        allocation_id: sold.allocation_id.clone(),
        buyer_id: "ann".into(),
        part,
        areas,
    };
    let part = give_back(None, vec![line("Lawn", 1, "adult")]);
    inventory.r#return(part).await.unwrap();
    let verified = festival.is_sound().await;
    assert_eq!(counts(&verified.areas, "Lawn"), [47, 1, 2, 0]);
    assert_eq!(counts(&verified.areas, "Stalls-Pit"), [18, 2, 0, 0]);
    assert_eq!(counts(&verified.ticket_types, "child"), [2, 1, 0, 0]);
    assert_eq!(counts(&verified.ticket_types, "adult")[1..], [1, 6, 0]);
    let rest = inventory.r#return(give_back(None, Vec::new())).await.unwrap().into_inner();
    assert_eq!((rest.labels.len(), &rest.areas[0]), (4, &line("Lawn", 2, "adult")));
    let status = inventory.r#return(give_back(None, Vec::new())).await.unwrap_err();
    assert_eq!(rejection(&status).reason, "allocation_unknown");
    festival.server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_had_is_refused_by_its_own_code() {
    let festival = Festival::open().await;
    let adult = ["adult"];
    let table: [(v1::PlaceRequest, Code, &str); 27] = [
        (spots(&[], &[], &[line("Moon", 1, "adult")]), Code::NotFound, "area_unknown"),
        (spots(&["Lawn"], &adult, &[]), Code::NotFound, "seat_unknown"),
        (spots(&["Stalls-T2"], &adult, &[]), Code::NotFound, "seat_unknown"),
        (spots(&["Stalls-A-1"], &["king"], &[]), Code::NotFound, "ticket_type_unknown"),
        (spots(&[], &[], &[line("Lawn", 1, "king")]), Code::NotFound, "ticket_type_unknown"),
        (best(1, None, &[("king", 1)]), Code::NotFound, "ticket_type_unknown"),
        (spots(&["Stalls-A-1"], &[], &[]), Code::InvalidArgument, "ticket_type_required"),
        (
            spots(&["Stalls-A-1", "Stalls-A-2"], &["adult", ""], &[]),
            Code::InvalidArgument,
            "ticket_type_required",
        ),
        (spots(&[], &[], &[line("Lawn", 1, "")]), Code::InvalidArgument, "ticket_type_required"),
        (best(2, None, &[]), Code::InvalidArgument, "ticket_type_required"),
        (best(2, None, &[("adult", 1)]), Code::InvalidArgument, "ticket_type_required"),
        (
            best(2, None, &[("adult", u32::MAX), ("child", 3)]),
            Code::InvalidArgument,
            "ticket_type_required",
        ),
        (spots(&["Stalls-A-1"], &["stander"], &[]), Code::InvalidArgument, "ticket_type_mismatch"),
        (spots(&["Stalls-T1-1"], &adult, &[]), Code::InvalidArgument, "table_not_whole"),
        (spots(&["Stalls-T1", "Stalls-T1-2"], &adult, &[]), Code::InvalidArgument, "seat_repeated"),
        (
            spots(&[], &[], &[line("Lawn", 1, "adult"), line("Lawn", 2, "adult")]),
            Code::InvalidArgument,
            "seat_repeated",
        ),
        (spots(&[], &[], &[line("Lawn", 0, "adult")]), Code::InvalidArgument, "selection_empty"),
        (
            spots(&[], &[], &vec![line("Lawn", 1, "adult"); 65]),
            Code::InvalidArgument,
            "selection_too_large",
        ),
        (spots(&[], &[], &[line("Lawn", 51, "adult")]), Code::FailedPrecondition, "area_full"),
        (
            spots(&[], &[], &[line("Lawn", u32::MAX, "adult"), line("Lawn", u32::MAX, "stander")]),
            Code::FailedPrecondition,
            "area_full",
        ),
        (spots(&[], &[], &[line("Lawn", 4, "child")]), Code::FailedPrecondition, "quota_exceeded"),
        (spots(&["Stalls-A-1"], &["late"], &[]), Code::FailedPrecondition, "ticket_type_not_open"),
        (spots(&["Stalls-A-1"], &["early"], &[]), Code::FailedPrecondition, "ticket_type_closed"),
        (best(7, None, &[("adult", 7)]), Code::FailedPrecondition, "not_enough_together"),
        (best(1, Some("moon"), &[("adult", 1)]), Code::InvalidArgument, "invalid_request"),
        (
            spots(&["Stalls-A-1", "Stalls-A-2", "Stalls-A-3"], &["adult", "child"], &[]),
            Code::InvalidArgument,
            "invalid_request",
        ),
        (spots(&["Stalls-A-1"], &[&"k".repeat(65)], &[]), Code::InvalidArgument, "invalid_request"),
    ];
    for (wanted, code, reason) in table {
        let status = festival.place(wanted.clone()).await.unwrap_err();
        let told = status.get_details_error_info().unwrap().reason;
        assert_eq!((status.code(), told.as_str()), (code, reason), "{wanted:?}");
    }
    let both = v1::PlaceRequest {
        areas: vec![line("Lawn", 1, "adult")],
        ..best(1, None, &[("adult", 1)])
    };
    let status = festival.place(both).await.unwrap_err();
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "areas");
    let status = festival.place(spots(&[], &[], &[line("Lawn", 51, "adult")])).await.unwrap_err();
    let lawn = v1::AreaConflict { area: "Lawn".into(), could_have: Some(50) };
    assert_eq!(rejection(&status).areas, [lawn]);
    let status = festival.place(spots(&[], &[], &[line("Moon", 4, "adult")])).await.unwrap_err();
    let moon = v1::AreaConflict { area: "Moon".into(), could_have: None };
    assert_eq!(rejection(&status).areas, [moon]);
    let status = festival.place(spots(&[], &[], &[line("Lawn", 4, "child")])).await.unwrap_err();
    let told = rejection(&status);
    assert_eq!((told.ticket_type.as_str(), told.could_have), ("child", Some(3)));
    let status = festival.place(spots(&["Stalls-A-1"], &["late"], &[])).await.unwrap_err();
    assert!(rejection(&status).retry_at_millis.is_some_and(|at| at > now_millis()));
    assert_eq!(festival.is_sound().await.live_holds, 0, "nothing was done");
    festival.server.stop().await;
}

#[tokio::test]
async fn every_count_is_told_and_adds_up() {
    let festival = Festival::open().await;
    let before = festival.availability().await;
    let held = spots(&["Stalls-A-1"], &["adult"], &[line("Stalls-Pit", 5, "stander")]);
    festival.place(held).await.unwrap();
    let far = festival.place(best(2, Some("far"), &[("adult", 1), ("child", 1)])).await.unwrap();
    assert!(far.labels.iter().all(|label| label.starts_with("Balcony-A-")), "{far:?}");
    assert_eq!(far.ticket_types, ["adult", "child"]);
    let block = |places| v1::BlockRequest {
        request_id: request_id(),
        event_id: 1,
        seats: Some(labels(&["Stalls-T1"])),
        areas: vec![line("Lawn", places, "")],
    };
    let mut admin = festival.server.admin();
    let blocked = admin.block(block(10)).await.unwrap().into_inner();
    assert_eq!((blocked.labels.len(), blocked.areas[0].count), (4, 10));
    let status = admin.block(block(1)).await.unwrap_err();
    assert_eq!(rejection(&status).reason, "seats_unavailable");
    let after = festival.availability().await;
    assert!(after.version > before.version);
    assert_eq!(counts(&after.sections, "Stalls"), [27, 6, 0, 4]);
    assert_eq!(counts(&after.sections, "Balcony"), [3, 2, 0, 0]);
    assert_eq!(counts(&after.sections, ""), [40, 0, 0, 10]);
    assert_eq!(counts(&after.categories, "stand"), [55, 5, 0, 10]);
    assert_eq!(counts(&after.ticket_types, "child"), [2, 1, 0, 0]);
    assert_eq!(counts(&after.ticket_types, "stander")[1..], [5, 0, 0]);
    assert_eq!(counts(&after.areas, "Stalls-Pit"), [15, 5, 0, 0]);
    let free = |told: &v1::Availability| -> u32 {
        told.available_seats.iter().map(|byte| byte.count_ones()).sum()
    };
    assert_eq!((free(&before), free(&after)), (22, after.seats.unwrap().available));
    let places = after.places.unwrap();
    assert_eq!((places.available, places.held, places.blocked), (55, 5, 10));
    let unblock = v1::UnblockRequest {
        request_id: request_id(),
        event_id: 1,
        seats: None,
        areas: vec![line("Lawn", 10, "")],
    };
    admin.unblock(unblock.clone()).await.unwrap();
    let again = v1::UnblockRequest { request_id: request_id(), ..unblock };
    assert_eq!(rejection(&admin.unblock(again).await.unwrap_err()).reason, "seat_not_blocked");
    let verified = festival.is_sound().await;
    assert_eq!(counts(&verified.areas, "Lawn"), [50, 0, 0, 0]);
    festival.server.stop().await;
}

#[tokio::test]
async fn a_closed_event_sells_what_is_held_and_nothing_more() {
    let festival = Festival::open().await;
    let held = festival.place(spots(&["Stalls-A-1"], &["adult"], &[])).await.unwrap();
    let close = v1::CloseEventRequest { request_id: request_id(), event_id: 1 };
    let closed = festival.server.admin().close_event(close.clone()).await.unwrap().into_inner();
    assert!(closed.closed_at_millis.is_some() && festival.availability().await.is_closed);
    let again = festival.server.admin().close_event(close).await.unwrap().into_inner();
    assert_eq!(again.closed_at_millis, closed.closed_at_millis, "again");
    let status = festival.place(spots(&["Stalls-A-2"], &["adult"], &[])).await.unwrap_err();
    assert_eq!(rejection(&status).reason, "event_closed");
    let (hold_id, buyer_id) = (held.hold_id, "ann".to_owned());
    let mut inventory = festival.server.inventory();
    let extend = v1::ExtendRequest {
        request_id: request_id(),
        hold_id: hold_id.clone(),
        buyer_id: buyer_id.clone(),
    };
    assert_eq!(rejection(&inventory.extend(extend).await.unwrap_err()).reason, "event_closed");
    let request_id = request_id();
    let allocate = v1::AllocateRequest { request_id, hold_id, buyer_id, part: None, areas: vec![] };
    inventory.allocate(allocate).await.unwrap();
    let unknown = v1::CloseEventRequest { request_id: crate::server::request_id(), event_id: 9 };
    let status = festival.server.admin().close_event(unknown).await.unwrap_err();
    assert_eq!(
        (status.code(), rejection(&status).reason.as_str()),
        (Code::NotFound, "event_unknown")
    );
    festival.is_sound().await;
    festival.server.stop().await;
}

#[tokio::test]
async fn a_map_shows_areas_tables_and_where_to_go_in() {
    let festival = Festival::open().await;
    let ask = v1::GetSeatMapRequest { event_id: 1, with_chart: true };
    let map = festival.server.inventory().get_seat_map(ask).await.unwrap().into_inner();
    let seat = map.seats.iter().find(|seat| seat.label == "Stalls-T1-1").unwrap();
    assert_eq!((seat.table.as_str(), seat.table_is_whole), ("Stalls-T1", true));
    let where_to = (seat.zone.as_str(), seat.floor.as_str(), seat.entrance.as_str());
    assert_eq!(where_to, ("near", "Ground", "Door 1"));
    let areas: Vec<(&str, &str, u32)> = map
        .areas
        .iter()
        .map(|of| (of.label.as_str(), of.category.as_str(), of.counts.unwrap().capacity))
        .collect();
    assert_eq!(areas, [("Stalls-Pit", "stand", 20), ("Lawn", "stand", 50)]);
    festival.place(spots(&[], &[], &[line("Lawn", 1, "adult")])).await.unwrap();
    let ask = v1::GetSeatMapRequest { event_id: 1, with_chart: false };
    let later = festival.server.inventory().get_seat_map(ask).await.unwrap().into_inner();
    assert!(later.version > map.version && later.areas[1].counts.unwrap().held == 1);
    festival.server.stop().await;
}
