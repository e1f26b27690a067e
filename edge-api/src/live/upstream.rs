//! An event's one stream from the engine. It is opened again whenever it broke, from the version
//! that the board is at, so that connections see nothing of it; and closed a while after the
//! last of them left.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use metrics::counter;
use prost::DecodeError;
use proto::inventory::v1::inventory_client::InventoryClient;
use proto::inventory::v1::{EventUpdate, WatchEventRequest};
use tokio::time::{sleep, timeout};
use tonic::{Code, Status};

use super::Hall;
use super::board::Board;
use super::picture::Misfit;
use crate::limits::{
    BACKOFF_MAX, BACKOFF_MIN, LIVE_LINGER, SEAT_MAP_BYTES_MAX, STREAM_OPEN_TIMEOUT,
};
use crate::metric_names;

/// Why a stream ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("this edge is being stopped")]
    Stopping,
    #[error("nobody listens any more")]
    Deserted,
    #[error("the engine refused or broke it: {0}")]
    Engine(Status),
    #[error("it could not be opened in {STREAM_OPEN_TIMEOUT:?}")]
    NotOpenedInTime,
    #[error("the engine closed it")]
    Closed,
    #[error("what came is no update: {0}")]
    Unreadable(#[from] DecodeError),
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error("the engine panicked")]
    Panicked,
}

/// One board's upstream: what it has seen and how it is doing.
struct Upstream {
    hall: Arc<Hall>,
    board: Arc<Board>,
    /// Whether the stream that is open has brought anything.
    has_brought: bool,
    /// Whether the next stream has to begin with a snapshot.
    starts_anew: bool,
}

/// Keeps a board up to date until it is taken down.
pub(super) async fn run(hall: Arc<Hall>, board: Arc<Board>) {
    let mut upstream = Upstream { hall, board, has_brought: false, starts_anew: false };
    let mut backoff = BACKOFF_MIN;
    loop {
        // An engine in this process that panics unwinds into here.
        let stream = AssertUnwindSafe(upstream.one_stream()).catch_unwind();
        let end = stream.await.unwrap_or(End::Panicked);
        if upstream.is_over(&end) {
            return;
        }
        if upstream.has_brought {
            backoff = BACKOFF_MIN;
        }
        sleep(backoff).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

impl Upstream {
    /// Takes the board down if there is no point in another stream. Returns whether it did.
    fn is_over(&mut self, end: &End) -> bool {
        let (hall, board) = (&self.hall, &self.board);
        let event_id = board.event_id();
        let why = match end {
            End::Stopping => None,
            End::Deserted => {
                // Who has come meanwhile finds the board as it is, and another stream.
                let is_over = hall.take_down(board, true);
                if is_over {
                    board.end(None);
                }
                return is_over;
            }
            End::Engine(status) if is_final(status) => Some(status.clone()),
            // Who waits for the first picture is told; who has one waits for the next.
            end if board.version().is_none() => Some(match end {
                End::Engine(status) => status.clone(),
                end => {
                    // Who asked is told, and the request is counted as a failed one.
                    tracing::debug!(event_id, reason = %end, "no live changes of an event");
                    Status::unavailable("the engine could not be listened to")
                }
            }),
            end => {
                counter!(metric_names::LIVE_STREAMS_BROKEN).increment(1);
                let lost = if self.has_brought { hall.lines.count() } else { None };
                if let Some(streams) = lost {
                    tracing::warn!(streams, event_id, reason = %end, "live changes were lost");
                } else {
                    tracing::debug!(event_id, reason = %end, "no live changes yet");
                }
                // Something is not as it should be on one of the sides.
                self.starts_anew = matches!(end, End::Misfit(_) | End::Unreadable(_));
                return false;
            }
        };
        hall.take_down(board, false);
        board.end(why);
        true
    }

    /// Opens a stream and shows what it brings until it ends.
    async fn one_stream(&mut self) -> End {
        self.has_brought = false;
        let hall = Arc::clone(&self.hall);
        let board = Arc::clone(&self.board);
        tokio::select! {
            biased;
            () = hall.stopping.cancelled() => End::Stopping,
            // Lives as long as the stream: its patience does not begin anew with each update.
            () = pin!(board.deserted_for(LIVE_LINGER)) => End::Deserted,
            end = self.exchange() => match end {
                Ok(never) => match never {},
                Err(end) => end,
            },
        }
    }

    async fn exchange(&mut self) -> Result<std::convert::Infallible, End> {
        let after_version = self.board.version().filter(|_| !self.starts_anew);
        let request = WatchEventRequest { event_id: self.board.event_id(), after_version };
        let client = InventoryClient::new(self.hall.engine.clone());
        let mut client = client.max_decoding_message_size(SEAT_MAP_BYTES_MAX);
        let opened = timeout(STREAM_OPEN_TIMEOUT, client.watch_event(request)).await;
        let opened = opened.map_err(|_| End::NotOpenedInTime)?;
        let mut updates = opened.map_err(End::Engine)?.into_inner();
        loop {
            let update = updates.message().await.map_err(End::Engine)?;
            self.show(&update.ok_or(End::Closed)?)?;
        }
    }

    fn show(&mut self, update: &EventUpdate) -> Result<(), End> {
        // What a newer engine adds to the contract may be left out.
        if let Some(update) = update.read()? {
            self.board.take(update)?;
            (self.has_brought, self.starts_anew) = (true, false);
        }
        Ok(())
    }
}

/// Whether asking again would get the same answer.
fn is_final(status: &Status) -> bool {
    matches!(status.code(), Code::NotFound | Code::InvalidArgument | Code::Unimplemented)
}
