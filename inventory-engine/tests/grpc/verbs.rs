//! Every verb and every read, refusals, streams, shutdown, health and reflection.

use std::time::Duration;

use proto::inventory::v1::{self, answer::Outcome, command::Verb, place_request::Selection};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::server::{Server, indexes, labels, place, request_id};

#[tokio::test]
async fn every_verb_and_every_read_as_a_caller_sees_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_event(folder.path(), 40).await;
    let (mut inventory, mut admin) = (server.inventory(), server.admin());

    let map = v1::GetSeatMapRequest { event_id: 1, with_chart: true };
    let map = inventory.get_seat_map(map).await.unwrap().into_inner();
    assert_eq!((map.seats.len(), map.statuses.len()), (40, 40));
    assert!(map.statuses.iter().all(|&status| status == v1::SeatStatus::Available as u8));
    let (first, second) = (map.seats[0].label.clone(), map.seats[1].label.clone());

    let placed = inventory.place(place("ann", labels(&[&first, &second]))).await.unwrap();
    let placed = placed.into_inner();
    assert_eq!(
        (placed.seats.as_slice(), placed.labels.clone()),
        ([0, 1].as_slice(), vec![first.clone(), second.clone()])
    );

    let hold = v1::GetHoldRequest { hold_id: placed.hold_id.clone(), buyer_id: Some("ann".into()) };
    let hold = inventory.get_hold(hold).await.unwrap().into_inner();
    assert_eq!((hold.state(), hold.seats.len(), hold.extensions_left), (v1::HoldState::Live, 2, 3));
    let stranger =
        v1::GetHoldRequest { hold_id: placed.hold_id.clone(), buyer_id: Some("bob".into()) };
    assert_eq!(inventory.get_hold(stranger).await.unwrap_err().code(), Code::NotFound);

    let extend = v1::ExtendRequest {
        request_id: request_id(),
        hold_id: placed.hold_id.clone(),
        buyer_id: "ann".into(),
    };
    let extended = inventory.extend(extend).await.unwrap().into_inner();
    assert!(extended.deadline_millis >= placed.deadline_millis);

    let release = v1::ReleaseRequest {
        request_id: request_id(),
        hold_id: placed.hold_id.clone(),
        buyer_id: "ann".into(),
        part: Some(labels(&[&second])),
        ..v1::ReleaseRequest::default()
    };
    assert_eq!(inventory.release(release).await.unwrap().into_inner().labels, [second]);

    let allocate = v1::AllocateRequest {
        request_id: request_id(),
        hold_id: placed.hold_id.clone(),
        buyer_id: "ann".into(),
        part: None,
        ..v1::AllocateRequest::default()
    };
    let allocated = inventory.allocate(allocate.clone()).await.unwrap().into_inner();
    assert_eq!(allocated.labels, [first]);
    assert_eq!(inventory.allocate(allocate).await.unwrap().into_inner(), allocated, "again");

    let block = v1::BlockRequest {
        request_id: request_id(),
        event_id: 1,
        seats: Some(indexes(&[5, 6])),
        ..v1::BlockRequest::default()
    };
    assert_eq!(admin.block(block).await.unwrap().into_inner().seats, [5, 6]);
    let available =
        v1::GetAvailabilityRequest { event_id: 1, ..v1::GetAvailabilityRequest::default() };
    let counts = inventory.get_availability(available).await.unwrap().into_inner().seats.unwrap();
    assert_eq!((counts.available, counts.held, counts.allocated, counts.blocked), (37, 0, 1, 2));
    let unblock = v1::UnblockRequest {
        request_id: request_id(),
        event_id: 1,
        seats: Some(indexes(&[5])),
        ..v1::UnblockRequest::default()
    };
    assert_eq!(admin.unblock(unblock).await.unwrap().into_inner().seats, [5]);

    let give_back = v1::ReturnRequest {
        request_id: request_id(),
        allocation_id: allocated.allocation_id,
        buyer_id: "ann".into(),
        part: None,
        ..v1::ReturnRequest::default()
    };
    assert_eq!(inventory.r#return(give_back).await.unwrap().into_inner().seats, [0]);

    let verified = admin.verify_event(v1::VerifyEventRequest { event_id: 1 }).await.unwrap();
    let verified = verified.into_inner();
    assert_eq!(verified.violations, Vec::<String>::new());
    assert_eq!(verified.seats.unwrap().capacity, 40);
    let events = admin.list_events(v1::ListEventsRequest::default()).await.unwrap().into_inner();
    assert_eq!((events.events.len(), events.more), (1, false));
    assert_eq!(events.events[0].rules.unwrap().hold_ttl_millis, Some(900_000));
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_says_why_on_what_and_whether_to_try_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_event(folder.path(), 10).await;
    let mut inventory = server.inventory();
    inventory.place(place("ann", indexes(&[3]))).await.unwrap();

    let status = inventory.place(place("bob", indexes(&[2, 3]))).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.get_details_error_info().unwrap().reason, "seats_unavailable");
    let status = inventory.place(place("bob", labels(&["no such seat"]))).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.message().contains("seat_unknown"), "{status}");

    let mut nameless = place("bob", indexes(&[1]));
    nameless.buyer_id.clear();
    let status = inventory.place(nameless).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "buyer_id");

    let mut late = Request::new(place("bob", indexes(&[1])));
    late.metadata_mut().insert("grpc-timeout", "1n".parse().unwrap());
    let code = inventory.place(late).await.unwrap_err().code();
    assert!(matches!(code, Code::DeadlineExceeded | Code::Cancelled), "{code:?}");
    let counts =
        v1::GetAvailabilityRequest { event_id: 1, ..v1::GetAvailabilityRequest::default() };
    let counts = inventory.get_availability(counts).await.unwrap().into_inner().seats.unwrap();
    assert_eq!(counts.held, 1, "what came too late was not done");

    let chart = v1::PutChartRequest { content: "{}".into(), format: 0 };
    let status = server.admin().put_chart(chart).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_error_info().unwrap().reason, "chart_invalid");
    server.stop().await;
}

#[tokio::test]
async fn a_stream_answers_each_command_of_a_batch_by_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_event(folder.path(), 100).await;
    let (sender, receiver) = mpsc::channel(4);
    let stream = server.inventory().pipeline(ReceiverStream::new(receiver)).await.unwrap();
    let mut answers = stream.into_inner();

    let place_one = |id: u64, buyer: &str, seat: u32| v1::Command {
        correlation_id: id,
        timeout_millis: None,
        ack: 0,
        verb: Some(Verb::Place(place(buyer, indexes(&[seat])))),
    };
    let mut commands: Vec<_> =
        (0..60).map(|id| place_one(id, &format!("b{id}"), id as u32)).collect();
    commands.push(place_one(60, "late", 0));
    commands.push(v1::Command { correlation_id: 61, ..v1::Command::default() });
    commands.push(v1::Command {
        correlation_id: 62,
        timeout_millis: Some(0),
        ack: 0,
        verb: Some(Verb::Place(place("nobody", indexes(&[70])))),
    });
    sender.send(v1::CommandBatch { commands }).await.unwrap();
    let mut outcomes = std::collections::BTreeMap::new();
    while outcomes.len() < 63 {
        for answer in answers.next().await.unwrap().unwrap().answers {
            assert!(outcomes.insert(answer.correlation_id, answer.outcome.unwrap()).is_none());
        }
    }
    for id in 0..60 {
        assert!(matches!(&outcomes[&id], Outcome::Placed(placed) if placed.seats == [id as u32]));
    }
    assert!(matches!(&outcomes[&60], Outcome::Rejection(rejection)
        if rejection.reason == "seats_unavailable" && rejection.retryable
            && !rejection.conflicts[0].label.is_empty()));
    let failure = |id| match &outcomes[&id] {
        Outcome::Failure(failure) => failure.code(),
        other => panic!("{other:?}"),
    };
    assert_eq!(failure(61), v1::FailureCode::Invalid);
    assert_eq!(failure(62), v1::FailureCode::DeadlineExceeded);
    drop(sender);
    assert!(answers.next().await.is_none(), "the stream ends when all is said and answered");
    server.stop().await;
}

#[tokio::test]
async fn a_message_with_too_many_commands_ends_its_stream_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_event(folder.path(), 10).await;
    let commands =
        vec![v1::Command::default(); inventory_engine::limits::STREAM_MESSAGE_COMMANDS_MAX + 1];
    let batch = tokio_stream::iter([v1::CommandBatch { commands }]);
    let mut answers = server.inventory().pipeline(batch).await.unwrap().into_inner();
    let status = answers.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(server.inventory().place(place("ann", indexes(&[1]))).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn absurdly_long_requests_get_short_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_event(folder.path(), 10).await;
    let mut inventory = server.inventory();
    let refused = |status: &tonic::Status| {
        status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
    };
    let status = inventory.place(place("ann", labels(&[""; 400_000]))).await.unwrap_err();
    assert_eq!(refused(&status), "selection_too_large");
    let status = inventory.place(place("ann", indexes(&[1; 900_000]))).await.unwrap_err();
    assert_eq!(refused(&status), "selection_too_large");
    let long = "é".repeat(400_000);
    let status = inventory.place(place("ann", labels(&[&long]))).await.unwrap_err();
    assert_eq!(
        (status.code(), refused(&status)),
        (Code::InvalidArgument, "invalid_request".into())
    );
    let wish = v1::BestAvailable { quantity: 2, section: Some(long), ..Default::default() };
    let wish = v1::PlaceRequest {
        selection: Some(Selection::BestAvailable(wish)),
        ..place("ann", indexes(&[]))
    };
    let status = inventory.place(wish).await.unwrap_err();
    assert_eq!(
        (status.code(), refused(&status)),
        (Code::InvalidArgument, "invalid_request".into())
    );
    let many: Vec<u32> = (100..16_000).collect();
    let block = v1::BlockRequest {
        request_id: request_id(),
        event_id: 1,
        seats: Some(indexes(&many)),
        ..v1::BlockRequest::default()
    };
    let status = server.admin().block(block).await.unwrap_err();
    assert_eq!(refused(&status), "seat_unknown");
    server.stop().await;
}

#[tokio::test]
async fn a_caller_who_does_not_read_holds_up_no_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_event(folder.path(), 10).await;
    let (sender, receiver) = mpsc::channel(1);
    let stream = server.inventory().pipeline(ReceiverStream::new(receiver)).await.unwrap();
    let unread = stream.into_inner();
    let message = || {
        let command = v1::Command {
            verb: Some(Verb::Place(place("ann", labels(&["a seat that is not there"; 60])))),
            ..Default::default()
        };
        v1::CommandBatch { commands: vec![command; 500] }
    };
    // Until the server does not read any more, because nobody reads its answers.
    let full = Duration::from_millis(500);
    while tokio::time::timeout(full, sender.send(message())).await.is_ok() {}
    tokio::time::timeout(Duration::from_secs(30), server.stop()).await.unwrap();
    drop(unread);
}

#[tokio::test]
async fn shutdown_ends_open_streams_with_their_answers_and_a_restart_knows_them() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with_event(folder.path(), 300).await;
    let (sender, receiver) = mpsc::channel(4);
    let stream = server.inventory().pipeline(ReceiverStream::new(receiver)).await.unwrap();
    let mut answers = stream.into_inner();
    let requests: Vec<_> = (0..200).map(|seat| place("ann", indexes(&[seat]))).collect();
    let commands = (0..).zip(&requests).map(|(id, request)| v1::Command {
        correlation_id: id,
        timeout_millis: None,
        ack: 0,
        verb: Some(Verb::Place(request.clone())),
    });
    sender.send(v1::CommandBatch { commands: commands.collect() }).await.unwrap();
    // The first answer shows that the message was read.
    let first = answers.next().await.unwrap().unwrap();
    let stopping = tokio::spawn(server.stop());
    let mut answered = first.answers;
    while let Some(batch) = answers.next().await {
        answered.extend(batch.unwrap().answers);
    }
    assert_eq!(answered.len(), 200);
    drop(sender);
    tokio::time::timeout(Duration::from_secs(20), stopping).await.unwrap().unwrap();

    let server = Server::start(folder.path()).await;
    let again = server.inventory().place(requests[7].clone()).await.unwrap().into_inner();
    let first = answered.iter().find(|answer| answer.correlation_id == 7).unwrap();
    assert_eq!(first.outcome, Some(Outcome::Placed(again)));
    server.stop().await;
}

#[tokio::test]
async fn health_and_reflection_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(server.channel.clone());
    let service = "holdfast.inventory.v1.Inventory".to_owned();
    let check = tonic_health::pb::HealthCheckRequest { service };
    let serving = tonic_health::pb::health_check_response::ServingStatus::Serving;
    assert_eq!(health.check(check).await.unwrap().into_inner().status(), serving);

    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    let mut reflection = ServerReflectionClient::new(server.channel.clone());
    let list = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let replies = reflection.server_reflection_info(tokio_stream::iter([list])).await.unwrap();
    let reply = replies.into_inner().next().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = reply.message_response else {
        panic!("no list of services: {reply:?}");
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    for name in ["holdfast.inventory.v1.Inventory", "holdfast.inventory.v1.InventoryAdmin"] {
        assert!(names.contains(&name), "{names:?}");
    }
    server.stop().await;
}
