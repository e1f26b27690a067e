//! The two doors to a server, gRPC and REST, behind one small interface.
//!
//! A client never retries and never waits for its own sake: it says what became of the one
//! request it was given. Retrying with the same id is the buyer's part.

pub(crate) mod grpc;
pub(crate) mod http;
mod json;
mod wire;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::ids::HoldId;
use crate::layout::Layout;
use crate::request::{Answer, Request};
use crate::seat_map::{Counts, Stock};
use crate::spots::Spots;

/// Requests that left and were not answered, as the whole run sees them.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    now: AtomicUsize,
    sent: AtomicU64,
    lost: AtomicU64,
}

impl InFlight {
    /// Unanswered at this moment.
    pub(crate) fn now(&self) -> usize {
        self.now.load(Ordering::Acquire)
    }

    /// All that ever left.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// All that left and whose connection ended before their answer came.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn leave(&self, requests: usize) {
        self.now.fetch_add(requests, Ordering::AcqRel);
        self.sent.fetch_add(requests as u64, Ordering::Relaxed);
    }

    fn answered(&self) {
        self.now.fetch_sub(1, Ordering::AcqRel);
    }

    fn lose(&self, requests: usize) {
        self.now.fetch_sub(requests, Ordering::AcqRel);
        self.lost.fetch_add(requests as u64, Ordering::Relaxed);
    }
}

/// Why something could not be read from the server.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The gRPC call failed.
    #[error("the engine did not answer: {:?}: {}", .0.code(), .0.message())]
    Grpc(Box<tonic::Status>),
    /// The REST call failed.
    #[error("the edge did not answer: {0}")]
    Http(#[from] reqwest::Error),
    /// There was an answer, and it makes no sense.
    #[error("the server's answer makes no sense: {0}")]
    Nonsense(String),
}

impl ReadError {
    /// Whether it may be too early to ask: nobody answers yet, or what was asked for is not there
    /// yet, as while a server starts.
    pub(crate) fn is_early(&self) -> bool {
        use tonic::Code::{NotFound, Unavailable};
        matches!(self, Self::Grpc(status) if matches!(status.code(), Unavailable | NotFound))
    }
}

impl From<Box<tonic::Status>> for ReadError {
    /// The status is quoted, and is no cause of its own: it says everything once more, for
    /// programmers.
    fn from(status: Box<tonic::Status>) -> Self {
        Self::Grpc(status)
    }
}

/// What the server says about one hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HoldSeen {
    pub(crate) state: HoldStateSeen,
    /// Of a live hold.
    pub(crate) deadline_millis: Option<u64>,
    /// What it still has.
    pub(crate) spots: Spots,
}

/// The server's own sums, and the capacities that it claims.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Totals {
    pub(crate) seats: Counts,
    pub(crate) capacity: u32,
    pub(crate) places: Counts,
    pub(crate) places_capacity: u32,
}

/// How the server says that a hold stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HoldStateSeen {
    Live,
    Expired,
    Released,
    Allocated,
}

/// Where buyers' requests go.
#[derive(Debug)]
pub(crate) enum Door {
    Grpc(grpc::Lanes),
    Http(http::Requests),
}

impl Door {
    /// Sends it once. Requests of one lane leave in order.
    pub(crate) async fn send(&self, request: &Request, lane: usize) -> Answer {
        match self {
            Self::Grpc(lanes) => lanes.send(request, lane).await,
            Self::Http(requests) => requests.send(request).await,
        }
    }
}

/// Where the page's map and the audit's questions go.
#[derive(Clone, Debug)]
pub(crate) enum Reader {
    Grpc(Box<grpc::Reader>),
    Http(http::Reader),
}

impl Reader {
    /// The chart and the terms of the event, and the states of everything.
    pub(crate) async fn layout(&self) -> Result<(Layout, Stock), ReadError> {
        match self {
            Self::Grpc(reader) => reader.layout().await,
            Self::Http(reader) => reader.layout().await,
        }
    }

    /// The states of everything.
    pub(crate) async fn stock(&self, layout: &Layout) -> Result<Stock, ReadError> {
        match self {
            Self::Grpc(reader) => reader.stock(layout).await,
            Self::Http(reader) => reader.stock(layout).await,
        }
    }

    /// The server's own sums.
    pub(crate) async fn totals(&self) -> Result<Totals, ReadError> {
        match self {
            Self::Grpc(reader) => reader.totals().await,
            Self::Http(reader) => reader.totals().await,
        }
    }

    /// One hold; `None` if the server knows none by this id.
    pub(crate) async fn hold(
        &self,
        hold_id: HoldId,
        layout: &Layout,
    ) -> Result<Option<HoldSeen>, ReadError> {
        match self {
            Self::Grpc(reader) => reader.hold(hold_id, layout).await,
            Self::Http(reader) => reader.hold(hold_id, layout).await,
        }
    }

    /// What the server finds wrong with itself; `None` if this door has no such question.
    pub(crate) async fn verify(&self) -> Result<Option<Vec<String>>, ReadError> {
        match self {
            Self::Grpc(reader) => reader.verify().await.map(Some),
            Self::Http(_) => Ok(None),
        }
    }
}
