//! What the engine's tests share: an event on sale, and request ids.

use inventory_charts::{Format, generate, to_canonical_bytes};
use inventory_core::command::{Command, CreateEvent, Verb};
use inventory_core::ids::{EventId, RequestId};
use inventory_core::rules::EventRules;
use inventory_engine::answer::{Answer, Reply};
use inventory_engine::engine::Handle;

pub(crate) const EVENT: EventId = EventId(1);

pub(crate) async fn create_event(handle: &Handle, seats: u32, rules: EventRules) {
    let reply = ask_for_event(handle, seats, rules).await;
    assert!(matches!(reply, Ok(Answer::Accepted(_))), "{reply:?}");
}

pub(crate) async fn ask_for_event(handle: &Handle, seats: u32, rules: EventRules) -> Reply {
    let document = to_canonical_bytes(&generate::with_seats(seats).unwrap());
    let stored = handle.put_chart(document.into(), Some(Format::Canonical)).await.unwrap();
    let create = CreateEvent {
        event_id: EVENT,
        name: "test".into(),
        chart: stored.hash,
        rules,
        ticket_types: Vec::new(),
    };
    let command = Command { request_id: request_id(), verb: Verb::CreateEvent(create) };
    handle.create_event(command, Some(stored.chart), None).await
}

pub(crate) fn request_id() -> RequestId {
    RequestId::new(uuid::Uuid::now_v7().as_u128()).unwrap()
}
