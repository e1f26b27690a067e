//! What is shown of one event: its picture, the deltas that led there, as many as there is room
//! for, and who looks. One upstream task writes it; connections read.
//!
//! Must always hold: each delta begins where the one before ended, and the last one ends at the
//! picture's version.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use metrics::counter;
use proto::inventory::v1::Update;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tonic::Status;

use super::picture::{Delta, Misfit, Picture};
use super::text;
use crate::limits::{LIVE_FRAMES_MAX, LIVE_MERGES_KEPT_MAX, LIVE_RING_CHANGES_MAX};
use crate::metric_names;

pub(super) struct Board {
    event_id: u64,
    shown: Mutex<Option<Shown>>,
    news: watch::Sender<News>,
    connections: AtomicUsize,
    /// The first has come, or the last has left.
    came_or_left: Notify,
}

/// How a board is doing; changes with everything that is new on it.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// There is nothing on it yet.
    Opening,
    /// There is something on it.
    Shown,
    /// Nothing more will come; why, if that was no choice of this edge.
    Over(Option<Status>),
}

struct Shown {
    picture: Picture,
    /// How often the picture was replaced by one that no delta leads to.
    resets: u64,
    frames: VecDeque<Arc<Frame>>,
    /// How many changes all frames have.
    changes: usize,
    /// The picture's text, once somebody wanted it.
    snapshot: Option<Bytes>,
    /// Texts of merged deltas that lead to the picture's version, by where they begin: others
    /// may be as far behind.
    merged: Vec<(u64, Bytes)>,
}

pub(super) struct Frame {
    delta: Delta,
    text: Bytes,
}

/// Where a connection is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    version: u64,
    /// Unknown of one that has just come back.
    resets: Option<u64>,
}

/// What a connection is sent next.
pub(super) enum Next {
    /// It has everything.
    Wait,
    Text(Bytes, Cursor),
    /// It is behind: these frames, merged.
    Behind(Vec<Arc<Frame>>, Cursor),
}

/// A connection that is there, until dropped.
pub(super) struct Presence {
    board: Arc<Board>,
}

impl Presence {
    pub(super) fn at(board: &Arc<Board>) -> Self {
        if board.connections.fetch_add(1, Ordering::AcqRel) == 0 {
            board.came_or_left.notify_one();
        }
        Self { board: Arc::clone(board) }
    }

    pub(super) fn board(&self) -> &Board {
        &self.board
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if self.board.connections.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.board.came_or_left.notify_one();
        }
    }
}

impl Cursor {
    /// Of somebody who has the picture of this version.
    pub(super) fn known(version: u64) -> Self {
        Self { version, resets: None }
    }

    pub(super) fn version(self) -> u64 {
        self.version
    }
}

impl Board {
    pub(super) fn new(event_id: u64) -> Self {
        let (shown, connections) = (Mutex::default(), AtomicUsize::new(0));
        let (news, came_or_left) = (watch::Sender::new(News::Opening), Notify::new());
        Self { event_id, shown, news, connections, came_or_left }
    }

    pub(super) fn event_id(&self) -> u64 {
        self.event_id
    }

    pub(super) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// The version of what is shown.
    pub(super) fn version(&self) -> Option<u64> {
        self.shown().as_ref().map(|shown| shown.picture.version)
    }

    pub(super) fn is_deserted(&self) -> bool {
        self.connections.load(Ordering::Acquire) == 0
    }

    /// Waits until nobody has been here for so long.
    pub(super) async fn deserted_for(&self, patience: Duration) {
        loop {
            let came_or_left = self.came_or_left.notified();
            if !self.is_deserted() {
                came_or_left.await;
                continue;
            }
            tokio::select! {
                () = came_or_left => {}
                () = sleep(patience) => if self.is_deserted() {
                    return;
                },
            }
        }
    }

    /// Nothing more will come.
    pub(super) fn end(&self, why: Option<Status>) {
        self.news.send_replace(News::Over(why));
    }

    /// Shows what came from upstream. Only the upstream task calls this.
    ///
    /// # Errors
    /// If it does not fit what is shown; nothing is changed then.
    pub(super) fn take(&self, update: Update) -> Result<(), Misfit> {
        match update {
            Update::Snapshot(snapshot) => self.take_picture(Picture::from(snapshot)),
            Update::Delta(delta) => {
                let delta = Delta::try_from(delta)?;
                let shown = self.shown();
                let picture = &shown.as_ref().ok_or(Misfit::Early)?.picture;
                picture.check(&delta)?;
                // Who is upstream may begin earlier than where this picture is.
                let delta = Delta { from_version: picture.version, ..delta };
                drop(shown);
                self.publish(delta);
            }
        }
        self.news.send_replace(News::Shown);
        Ok(())
    }

    /// A picture becomes a delta, so that no connection sees that it came; unless none leads to
    /// it: then everybody begins anew.
    fn take_picture(&self, picture: Picture) {
        let mut shown = self.shown();
        let (delta, resets) = match &*shown {
            Some(shown) => (shown.picture.difference(&picture), shown.resets + 1),
            None => (None, 0),
        };
        match delta {
            Some(delta) => {
                drop(shown);
                self.publish(delta);
            }
            None => *shown = Some(Shown::new(picture, resets)),
        }
    }

    /// Adds a delta that fits, if it leads anywhere.
    fn publish(&self, delta: Delta) {
        if delta.from_version == delta.to_version {
            return;
        }
        counter!(metric_names::LIVE_DELTAS).increment(1);
        // Outside of the lock, for it may be long.
        let frame = Frame { text: text::delta(self.event_id, &delta), delta };
        if let Some(shown) = &mut *self.shown() {
            shown.publish(frame);
        }
    }

    /// What follows for a connection.
    pub(super) fn after(&self, cursor: Option<Cursor>) -> Next {
        match &mut *self.shown() {
            Some(shown) => shown.after(self.event_id, cursor),
            None => Next::Wait,
        }
    }

    /// The text of frames that a connection has missed, merged.
    pub(super) fn merge(&self, from_version: u64, frames: &[Arc<Frame>]) -> Bytes {
        counter!(metric_names::LIVE_MERGED).increment(frames.len() as u64);
        let merged = Delta::merged(from_version, frames.iter().map(|frame| &frame.delta));
        let merged_text = text::delta(self.event_id, &merged);
        if let Some(shown) = &mut *self.shown()
            && shown.picture.version == merged.to_version
            && shown.merged.len() < LIVE_MERGES_KEPT_MAX
        {
            shown.merged.push((from_version, merged_text.clone()));
        }
        merged_text
    }

    fn shown(&self) -> MutexGuard<'_, Option<Shown>> {
        // What is checked before it is applied does not panic in between.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn new(picture: Picture, resets: u64) -> Self {
        let (frames, merged) = (VecDeque::new(), Vec::new());
        Self { picture, resets, frames, changes: 0, snapshot: None, merged }
    }

    fn publish(&mut self, frame: Frame) {
        self.picture.apply(&frame.delta);
        self.changes += frame.delta.changes();
        self.frames.push_back(Arc::new(frame));
        while self.frames.len() > LIVE_FRAMES_MAX || self.changes > LIVE_RING_CHANGES_MAX {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.changes -= oldest.delta.changes();
        }
        self.snapshot = None;
        self.merged.clear();
    }

    fn after(&mut self, event_id: u64, cursor: Option<Cursor>) -> Next {
        let version = self.picture.version;
        let here = Cursor { version, resets: Some(self.resets) };
        let cursor = cursor.filter(|cursor| cursor.resets.is_none_or(|of| of == self.resets));
        let oldest = self.frames.front().map(|frame| frame.delta.from_version);
        let Some(known) = cursor.map(|cursor| cursor.version).filter(|&known| {
            known == version || known < version && oldest.is_some_and(|oldest| oldest <= known)
        }) else {
            counter!(metric_names::LIVE_SNAPSHOTS).increment(1);
            let picture = &self.picture;
            let snapshot = self.snapshot.get_or_insert_with(|| text::snapshot(event_id, picture));
            return Next::Text(snapshot.clone(), here);
        };
        let first = self.frames.partition_point(|frame| frame.delta.to_version <= known);
        let frames = self.frames.range(first..);
        match frames.len() {
            0 => Next::Wait,
            1 if self.frames[first].delta.from_version == known => {
                Next::Text(self.frames[first].text.clone(), here)
            }
            _ => match self.merged.iter().find(|(from_version, _)| *from_version == known) {
                Some((_, merged)) => Next::Text(merged.clone(), here),
                None => Next::Behind(frames.map(Arc::clone).collect(), here),
            },
        }
    }
}
