//! Where commands wait for a writer: bounded in commands, refused at once when full, closed for
//! good when the engine shuts down.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};
use metrics::Counter;
use tokio::sync::{Semaphore, TryAcquireError};
use tracing::warn;

use crate::answer::Failure;
use crate::ask::Ask;
use crate::limits::{INBOX_COMMANDS_MAX, OVERLOADED_RETRY_AFTER};
use crate::metrics::FAILURES;
use crate::throttle::Throttle;
use crate::ticket::Ticket;

/// Something asked, and who waits for the answer.
pub(crate) struct Request {
    pub(crate) ask: Ask,
    pub(crate) ticket: Ticket,
    /// From then on nobody waits any more.
    pub(crate) give_up_at: Option<Instant>,
}

/// What a writer finds in its inbox.
pub(crate) enum Parcel {
    /// Requests that came together, or one.
    Requests(Vec<Request>),
    /// Nothing comes after this.
    Last,
}

impl Parcel {
    /// The requests in it.
    pub(crate) fn into_requests(self) -> Vec<Request> {
        match self {
            Self::Requests(requests) => requests,
            Self::Last => Vec::new(),
        }
    }
}

/// The end that callers put requests into. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Inbox {
    room: Arc<Semaphore>,
    parcels: Sender<Parcel>,
    overloaded: Counter,
    told: Arc<Throttle>,
}

/// A new inbox and the writer's end of it.
pub(crate) fn inbox() -> (Inbox, Receiver<Parcel>) {
    // Bounded by `room`, in commands rather than in parcels.
    let (sender, receiver) = unbounded();
    let room = Arc::new(Semaphore::new(INBOX_COMMANDS_MAX));
    let overloaded = metrics::counter!(FAILURES, "reason" => "overloaded");
    let told = Arc::new(Throttle::new());
    (Inbox { room, parcels: sender, overloaded, told }, receiver)
}

impl Inbox {
    /// Takes one request, or says at once why not.
    pub(crate) fn try_put(&self, request: Request) -> Result<(), Failure> {
        match self.room.try_acquire() {
            Ok(permit) => permit.forget(),
            Err(TryAcquireError::NoPermits) => {
                self.overloaded.increment(1);
                if let Some(refused) = self.told.count() {
                    let waiting = self.waiting();
                    warn!(refused, waiting, "calls were refused because the inbox is full");
                }
                return Err(Failure::Overloaded { retry_after: OVERLOADED_RETRY_AFTER });
            }
            Err(TryAcquireError::Closed) => return Err(Failure::ShuttingDown),
        }
        self.parcels.send(Parcel::Requests(vec![request])).map_err(|_| Failure::ShuttingDown)
    }

    /// Takes requests that came together, when there is room for all.
    ///
    /// # Errors
    /// Gives the requests back if the engine is shutting down.
    pub(crate) async fn put(&self, requests: Vec<Request>) -> Result<(), Vec<Request>> {
        match self.room.acquire_many(requests.len() as u32).await {
            Ok(permit) => permit.forget(),
            Err(_closed) => return Err(requests),
        }
        self.parcels.send(Parcel::Requests(requests)).map_err(|refused| refused.0.into_requests())
    }

    /// Says that a writer took so many requests out.
    pub(crate) fn make_room(&self, requests: usize) {
        self.room.add_permits(requests);
    }

    /// How many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        INBOX_COMMANDS_MAX - self.room.available_permits().min(INBOX_COMMANDS_MAX)
    }

    /// Takes nothing more. The writer ends once it has done what is in here.
    pub(crate) fn close(&self) {
        self.room.close();
        // A writer that is gone already needs no last word.
        drop(self.parcels.send(Parcel::Last));
    }
}
