//! Live changes for browsers: one upstream stream an event, opened with its first connection and
//! closed a while after the last one left; a [`Board`] that keeps the whole picture and the last
//! deltas, each made into text once; and any number of connections that each know nothing but the
//! version they are at.
//!
//! Must always hold: who has applied every update up to an id has the picture of that version; a
//! connection that is slow holds up nobody and has at most one update of its own in memory.

mod board;
mod connection;
mod picture;
#[cfg(test)]
mod tests;
mod text;
mod upstream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::gauge;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::engine::EngineService;
use crate::in_flight::InFlightLimit;
use crate::limits::{LIVE_CONNECTIONS_MAX, LIVE_EVENTS_MAX};
use crate::live::board::{Board, Presence};
use crate::live::connection::Connection;
use crate::metric_names;
use crate::problem::Problem;
use crate::throttle::Throttle;
use crate::values::EventId;

/// The events that somebody watches through this edge.
pub(crate) struct Live {
    hall: Arc<Hall>,
    connections: InFlightLimit,
    timeout: Duration,
}

/// What connections and upstream tasks share.
struct Hall {
    engine: EngineService,
    boards: Mutex<HashMap<u64, Arc<Board>>>,
    stopping: CancellationToken,
    /// An engine that restarts breaks the streams of all events at once.
    lines: Throttle,
}

impl Live {
    /// Whoever begins to watch an event waits at most `timeout` for its first picture.
    pub(crate) fn new(engine: EngineService, timeout: Duration) -> Self {
        let open = gauge!(metric_names::LIVE_CONNECTIONS);
        let connections = InFlightLimit::new(LIVE_CONNECTIONS_MAX, open);
        let (boards, stopping) = (Mutex::default(), CancellationToken::new());
        let hall = Hall { engine, boards, stopping, lines: Throttle::new() };
        Self { hall: Arc::new(hall), connections, timeout }
    }

    /// Begins to watch an event. `known` is the version of the picture that the caller has.
    /// Must be called within a tokio runtime: the first one starts the event's upstream task.
    pub(crate) async fn watch(
        &self,
        event_id: EventId,
        known: Option<u64>,
    ) -> Result<Connection, Problem> {
        let place = self.connections.try_acquire().ok_or_else(Problem::too_many_waiting)?;
        let presence = self.hall.come(event_id.0).ok_or_else(Problem::too_many_waiting)?;
        let mut connection = Connection::new(presence, known, self.hall.stopping.clone(), place);
        match timeout(self.timeout, connection.ready()).await {
            Ok(ready) => ready?,
            Err(_) => return Err(Status::deadline_exceeded("no picture in time").into()),
        }
        Ok(connection)
    }

    /// Ends all connections and takes no more.
    pub(crate) fn stop(&self) {
        self.hall.stopping.cancel();
    }
}

impl Hall {
    fn boards(&self) -> MutexGuard<'_, HashMap<u64, Arc<Board>>> {
        // Nothing panics between its changes.
        self.boards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection to an event; `None` if there is no room for another event.
    fn come(self: &Arc<Self>, event_id: u64) -> Option<Presence> {
        let mut boards = self.boards();
        if let Some(board) = boards.get(&event_id) {
            return Some(Presence::at(board));
        }
        if boards.len() >= LIVE_EVENTS_MAX {
            return None;
        }
        let board = Arc::new(Board::new(event_id));
        // There before the upstream task can find the board deserted.
        let presence = Presence::at(&board);
        boards.insert(event_id, Arc::clone(&board));
        gauge!(metric_names::LIVE_EVENTS).set(boards.len() as f64);
        tokio::spawn(upstream::run(Arc::clone(self), board));
        Some(presence)
    }

    /// Takes a board down, unless it is only to be taken down if nobody is there and somebody
    /// has come meanwhile. Returns whether it did.
    fn take_down(&self, board: &Board, is_patient: bool) -> bool {
        // Under the lock under which connections come.
        let mut boards = self.boards();
        if is_patient && !board.is_deserted() {
            return false;
        }
        boards.remove(&board.event_id());
        gauge!(metric_names::LIVE_EVENTS).set(boards.len() as f64);
        true
    }
}
