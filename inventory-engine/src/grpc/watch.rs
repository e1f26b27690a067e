//! The `WatchEvent` stream: an event's feed on the wire. A stream makes its next message when the
//! connection has room for it, so who reads slowly is sent fewer and larger ones and holds up
//! nobody; what many are sent is encoded once.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use inventory_core::spots::Counts;
use proto::inventory::v1;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_stream::Stream;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::answer::Failure;
use crate::engine::Handle;
use crate::feed::{self, Delta, Picture, Shared, Update, Watcher};
use crate::grpc::{answers, reads, status};
use crate::limits::{FEEDS_MAX, OVERLOADED_RETRY_AFTER, WATCHERS_MAX};

/// How many may watch, and how many events may be watched.
#[derive(Clone)]
pub(crate) struct Places {
    watchers: Arc<Semaphore>,
    feeds: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { watchers: places(WATCHERS_MAX), feeds: places(FEEDS_MAX) }
    }
}

/// One caller's stream.
struct Watch {
    engine: Handle,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
}

/// Serves one stream until its caller leaves or the engine does.
pub(crate) fn serve(
    engine: &Handle,
    places: &Places,
    request: &v1::WatchEventRequest,
) -> Result<impl Stream<Item = Result<v1::EventUpdate, Status>> + use<>, Status> {
    let event = reads::event(engine, request.event_id)?;
    let place = Arc::clone(&places.watchers).try_acquire_owned();
    let place = place.map_err(|_| refused("too many watch already; try again later"))?;
    let watcher = feed::watch(&event, request.after_version, &places.feeds);
    let watcher = watcher.map_err(|error| refused(&error.to_string()))?;
    let watch = Watch { engine: engine.clone(), watcher, _place: place };
    Ok(stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        let update = watch.next().await;
        // After a failure there is nothing more.
        let rest = update.is_ok().then_some(watch);
        Some((update, rest))
    }))
}

fn refused(why: &str) -> Status {
    let mut details = ErrorDetails::with_error_info("overloaded", "holdfast", []);
    details.set_retry_info(Some(OVERLOADED_RETRY_AFTER));
    Status::with_error_details(Code::ResourceExhausted, why, details)
}

impl Watch {
    async fn next(&mut self) -> Result<v1::EventUpdate, Status> {
        let stopper = self.engine.stopper();
        tokio::select! {
            biased;
            () = self.engine.draining().cancelled() => {}
            _ = stopper.stopped() => {}
            update = self.watcher.next() => match update {
                Some(Update::Snapshot(picture)) => return Ok(message(&picture, snapshot)),
                Some(Update::Delta(delta)) => return Ok(message(&delta, event_delta)),
                None => return Err(Status::unavailable("the event's feed broke; watch it again")),
            },
        }
        Err(status::of_failure(&Failure::ShuttingDown))
    }
}

/// A message whose bytes are made by the first who sends it.
fn message<T>(shared: &Shared<T>, update: fn(&T) -> v1::Update) -> v1::EventUpdate {
    let encode = |content: &T| v1::EventUpdate::new(update(content)).encoded().clone();
    v1::EventUpdate::from_encoded(shared.encoded(encode))
}

fn snapshot(picture: &Picture) -> v1::Update {
    let statuses: Vec<u8> = picture.statuses.iter().copied().map(reads::on_the_wire).collect();
    let counts = |of: &[Counts]| of.iter().copied().map(answers::counts).collect();
    v1::Update::Snapshot(v1::EventSnapshot {
        version: picture.version,
        statuses: statuses.into(),
        areas: counts(&picture.areas),
        ticket_types: counts(&picture.ticket_types),
        is_closed: picture.is_closed,
    })
}

fn event_delta(delta: &Delta) -> v1::Update {
    let indexed = |&(index, counts): &(u32, Counts)| v1::IndexedCounts {
        index,
        counts: Some(answers::counts(counts)),
    };
    let status = |&(_, became)| answers::seat_status(became) as u8;
    v1::Update::Delta(v1::EventDelta {
        from_version: delta.from_version,
        to_version: delta.to_version,
        seats: delta.seats.iter().map(|&(index, _)| index).collect(),
        statuses: delta.seats.iter().map(status).collect::<Bytes>(),
        areas: delta.areas.iter().map(indexed).collect(),
        ticket_types: delta.ticket_types.iter().map(indexed).collect(),
        is_closed: delta.is_closed,
    })
}
