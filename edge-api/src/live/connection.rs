//! One listener: a cursor on a board, and the text that follows from it. The next text is made
//! when the connection has room for it, so a slow one gets fewer and larger ones.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{Stream, stream};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use super::board::{Cursor, News, Next, Presence};
use super::text;
use crate::in_flight::Permit;
use crate::limits::HEARTBEAT_EVERY;
use crate::problem::Problem;

/// A listener, counted as one until dropped.
pub(crate) struct Connection {
    presence: Presence,
    news: watch::Receiver<News>,
    cursor: Option<Cursor>,
    stopping: CancellationToken,
    is_greeted: bool,
    _place: Permit,
}

impl Connection {
    pub(super) fn new(
        presence: Presence,
        known: Option<u64>,
        stopping: CancellationToken,
        place: Permit,
    ) -> Self {
        let (news, cursor) = (presence.board().news(), known.map(Cursor::known));
        Self { presence, news, cursor, stopping, is_greeted: false, _place: place }
    }

    /// Waits until there is something to tell.
    ///
    /// # Errors
    /// If there never will be, with what the engine says.
    pub(super) async fn ready(&mut self) -> Result<(), Problem> {
        let is_decided = |news: &News| !matches!(news, News::Opening);
        let decided = tokio::select! {
            decided = self.news.wait_for(is_decided) => decided.map(|news| news.clone()),
            () = self.stopping.cancelled() => Ok(News::Over(None)),
        };
        match decided {
            Ok(News::Shown | News::Opening) => Ok(()),
            Ok(News::Over(Some(why))) => Err(why.into()),
            // Either this edge is being stopped, or the event was just left by everybody else.
            Ok(News::Over(None)) | Err(_) => {
                Err(Status::new(Code::Unavailable, "the stream is ending; open it again").into())
            }
        }
    }

    /// All that it is to be sent, until it leaves or nothing more will come.
    pub(crate) fn texts(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(self, |mut connection| async {
            let text = connection.next().await?;
            Some((Ok(text), connection))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if !self.is_greeted {
            self.is_greeted = true;
            return Some(Bytes::from_static(text::OPENING.as_bytes()));
        }
        loop {
            // Seen before it is looked at, so that what comes meanwhile wakes this again.
            let is_over = matches!(*self.news.borrow_and_update(), News::Over(_));
            if is_over || self.stopping.is_cancelled() {
                return None;
            }
            if let Some(text) = self.look() {
                return Some(text);
            }
            tokio::select! {
                changed = self.news.changed() => changed.ok()?,
                () = self.stopping.cancelled() => return None,
                () = sleep(HEARTBEAT_EVERY) => {
                    return Some(Bytes::from_static(text::HEARTBEAT.as_bytes()));
                }
            }
        }
    }

    fn look(&mut self) -> Option<Bytes> {
        let board = self.presence.board();
        let (text, here) = match board.after(self.cursor) {
            Next::Wait => return None,
            Next::Text(text, here) => (text, here),
            Next::Behind(frames, here) => {
                let known = self.cursor.map_or(0, Cursor::version);
                (board.merge(known, &frames), here)
            }
        };
        self.cursor = Some(here);
        Some(text)
    }
}
