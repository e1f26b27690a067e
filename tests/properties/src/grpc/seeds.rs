//! Calls as callers make them: a whole sale, alone and on a stream, what organizers do, and
//! messages as an edge receives them.

use prost::Message;

use super::*;

/// The low half of every request id of the story.
const LOW_HALF: u128 = 0x8000_0000_0000_0001;

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let sale = sale();
    let batch = |verbs: &[Verb]| {
        let command = |(number, verb): (u64, &Verb)| v1::Command {
            correlation_id: number,
            timeout_millis: None,
            verb: Some(verb.clone()),
            ack: 0,
        };
        let commands = (0..).zip(verbs).map(command).collect();
        v1::CommandBatch { commands }.encode_to_vec()
    };
    let mut alone = vec![calls(sale.iter().map(unary))];
    alone.push(calls([(ON_A_STREAM, batch(&sale))]));
    alone.push(calls(sale.iter().map(|verb| (ON_A_STREAM, batch(std::slice::from_ref(verb))))));
    alone.push(calls(reads()));
    alone.extend(organizing());
    alone.extend(received());
    alone
}

fn calls(calls: impl IntoIterator<Item = (u8, Vec<u8>)>) -> Vec<u8> {
    let mut seed = Vec::new();
    for (number, message) in calls {
        seed.push(number);
        put_piece(&message, &mut seed);
    }
    seed
}

fn request_id(number: usize) -> Bytes {
    story::request_id(number).get().to_be_bytes().to_vec().into()
}

/// The id of what the fact with this LSN made: its shard, the LSN, and half of the request's id.
fn id(lsn: u128) -> Bytes {
    let shard = u128::from(story::EVENT.shard().0);
    (shard << 112 | lsn << 64 | LOW_HALF).to_be_bytes().to_vec().into()
}

fn seats(labels: &[&str], ticket_types: &[&str]) -> v1::Seats {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    v1::Seats { labels: texts(labels), ticket_types: texts(ticket_types), ..v1::Seats::default() }
}

fn places(area: &str, count: u32, ticket_type: &str) -> v1::AreaPlaces {
    v1::AreaPlaces { area: area.to_owned(), count, ticket_type: ticket_type.to_owned() }
}

fn place(number: usize, selection: Option<Selection>, areas: Vec<v1::AreaPlaces>) -> Verb {
    Verb::Place(v1::PlaceRequest {
        request_id: request_id(number),
        event_id: story::EVENT.0,
        buyer_id: "ann".to_owned(),
        selection,
        areas,
    })
}

/// Two holds and what becomes of them. The event was fact 1; what is placed first is fact 2.
fn sale() -> Vec<Verb> {
    let by_index = v1::Seats {
        indexes: vec![9, 10, 11, 12],
        ticket_types: vec!["adult".into()],
        ..v1::Seats::default()
    };
    let wish = v1::BestAvailable {
        quantity: 2,
        zone: Some("near".into()),
        ticket_types: vec![v1::TicketTypeCount { ticket_type: "child".into(), count: 2 }],
        ..v1::BestAvailable::default()
    };
    let (buyer_id, areas) = (|| "ann".to_owned(), Vec::new);
    let labels = seats(&["Stalls-A-1", "Stalls-A-2"], &["adult", "child"]);
    vec![
        place(1, Some(Selection::Seats(labels)), vec![places("Lawn", 3, "adult")]),
        place(2, Some(Selection::Seats(by_index)), Vec::new()),
        place(3, Some(Selection::BestAvailable(wish)), Vec::new()),
        Verb::Extend(v1::ExtendRequest {
            request_id: request_id(4),
            hold_id: id(2),
            buyer_id: buyer_id(),
        }),
        Verb::Release(v1::ReleaseRequest {
            request_id: request_id(5),
            hold_id: id(2),
            buyer_id: buyer_id(),
            part: Some(seats(&["Stalls-A-1"], &[])),
            areas: vec![places("Lawn", 1, "adult")],
        }),
        Verb::Allocate(v1::AllocateRequest {
            request_id: request_id(6),
            hold_id: id(2),
            buyer_id: buyer_id(),
            part: None,
            areas: areas(),
        }),
        Verb::Return(v1::ReturnRequest {
            request_id: request_id(7),
            allocation_id: id(7),
            buyer_id: buyer_id(),
            part: Some(seats(&["Stalls-A-2"], &[])),
            areas: areas(),
        }),
        Verb::Block(v1::BlockRequest {
            request_id: request_id(8),
            event_id: story::EVENT.0,
            seats: Some(seats(&["Stalls-B-1"], &[])),
            areas: vec![places("Lawn", 2, "")],
        }),
        Verb::Unblock(v1::UnblockRequest {
            request_id: request_id(9),
            event_id: story::EVENT.0,
            seats: None,
            areas: vec![places("Lawn", 1, "")],
        }),
        place(10, None, vec![places("Lawn", 3, "adult")]),
    ]
}

fn unary(verb: &Verb) -> (u8, Vec<u8>) {
    match verb {
        Verb::Place(request) => (0, request.encode_to_vec()),
        Verb::Extend(request) => (1, request.encode_to_vec()),
        Verb::Release(request) => (2, request.encode_to_vec()),
        Verb::Allocate(request) => (3, request.encode_to_vec()),
        Verb::Return(request) => (4, request.encode_to_vec()),
        Verb::Block(request) => (14, request.encode_to_vec()),
        Verb::Unblock(request) => (15, request.encode_to_vec()),
    }
}

fn reads() -> Vec<(u8, Vec<u8>)> {
    let event_id = story::EVENT.0;
    let availability = v1::GetAvailabilityRequest {
        event_id,
        by_section: true,
        by_category: true,
        by_ticket_type: true,
        by_area: true,
        by_seat: true,
    };
    let seat = Some(v1::seat_history_request::Seat::Label("Stalls-A-1".into()));
    let history = v1::SeatHistoryRequest { event_id, seat, moments_max: 3 };
    let hold = v1::GetHoldRequest { hold_id: id(2), buyer_id: Some("ann".into()) };
    let map = |with_chart| v1::GetSeatMapRequest { event_id, with_chart }.encode_to_vec();
    let watch = |after_version| v1::WatchEventRequest { event_id, after_version }.encode_to_vec();
    vec![
        unary(&sale()[0]),
        (5, availability.encode_to_vec()),
        (6, map(false)),
        (6, map(true)),
        (7, hold.encode_to_vec()),
        (8, history.encode_to_vec()),
        (WATCHED, watch(None)),
        (WATCHED, watch(Some(1))),
    ]
}

fn organizing() -> Vec<Vec<u8>> {
    let put = v1::PutChartRequest { content: VENUE.into(), ..v1::PutChartRequest::default() };
    let ticket_type = v1::TicketType {
        key: "adult".into(),
        quota: Some(7),
        categories: vec!["best".into()],
        ..v1::TicketType::default()
    };
    let rules = v1::EventRules { hold_ttl_millis: Some(60_000), ..v1::EventRules::default() };
    let create = v1::CreateEventRequest {
        request_id: request_id(20),
        event_id: 9,
        name: "Matinee".into(),
        chart_hash: CHART_HASH.0.to_vec().into(),
        rules: Some(rules),
        ticket_types: vec![ticket_type],
    };
    let close = v1::CloseEventRequest { request_id: request_id(21), event_id: 9 };
    let list = v1::ListEventsRequest { page_size: 1, after_event_id: 1 };
    let get = v1::GetEventRequest { event_id: 9 };
    let verify = v1::VerifyEventRequest { event_id: 9 };
    let after_the_chart = [
        (10, create.encode_to_vec()),
        (12, list.encode_to_vec()),
        (13, get.encode_to_vec()),
        (16, verify.encode_to_vec()),
        (11, close.encode_to_vec()),
    ];
    vec![calls([(9, put.encode_to_vec())]), calls(after_the_chart)]
}

/// Messages that an edge receives.
fn received() -> Vec<Vec<u8>> {
    let placed = v1::Placed {
        hold_id: id(2),
        event_id: 1,
        seats: vec![0, 300],
        labels: vec!["Stalls-A-1".into(), "é".into()],
        lsn: 2,
        areas: vec![places("Lawn", 3, "adult")],
        ..v1::Placed::default()
    };
    let rejection = v1::Rejection { code: 23, could_have: Some(0), ..v1::Rejection::default() };
    let answer = |correlation_id, outcome| {
        let outcome = Some(outcome);
        v1::Answer { correlation_id, outcome, ..v1::Answer::default() }
    };
    let answers =
        vec![answer(0, Outcome::Placed(placed)), answer(1 << 40, Outcome::Rejection(rejection))];
    let counts = v1::Counts { available: 1, capacity: 1, ..v1::Counts::default() };
    let snapshot = v1::EventSnapshot {
        version: 9,
        statuses: vec![1, 2, 3].into(),
        areas: vec![counts],
        ..v1::EventSnapshot::default()
    };
    let delta = v1::EventDelta {
        from_version: 9,
        to_version: 11,
        seats: vec![0, 300],
        ..v1::EventDelta::default()
    };
    let updates = [v1::Update::Snapshot(snapshot), v1::Update::Delta(delta)];
    let mut calls_of: Vec<(u8, Vec<u8>)> =
        updates.map(|of| (RECEIVED_UPDATE, v1::EventUpdate::new(of).encode_to_vec())).into();
    calls_of.push((RECEIVED_ANSWERS, v1::AnswerBatch::from(answers).encode_to_vec()));
    calls_of.into_iter().map(|call| calls([call])).collect()
}
