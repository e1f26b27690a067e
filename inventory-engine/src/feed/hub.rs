//! What a feed keeps for its watchers: the picture as of the last frame, and the frames that led
//! there, as many as there is room for. A watcher's only state is the version it knows.
//!
//! Must always hold: each frame begins where the one before ended, and the last one ends at the
//! picture's version; nothing is handed out while the picture is not exact.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::feed::Shared;
use crate::feed::frame::{Base, Frame};
use crate::feed::picture::{Delta, Picture};
use crate::limits::{FEED_FRAMES_MAX, FEED_MERGES_KEPT_MAX, FEED_RING_CHANGES_MAX};

#[derive(Debug)]
pub(super) struct Hub {
    picture: Picture,
    /// The picture may show parts of this fact while its version is lower.
    exact_from: u64,
    frames: VecDeque<Arc<Shared<Delta>>>,
    /// How many changes all frames have.
    changes: usize,
    /// The picture, once somebody wanted it.
    snapshot: Option<Arc<Shared<Picture>>>,
    /// Deltas that were merged for who was behind and lead to the picture's version: others may
    /// be as far behind.
    merged: Vec<Arc<Shared<Delta>>>,
}

/// What a watcher gets next.
#[derive(Debug)]
pub(super) enum Next {
    /// It knows everything.
    Wait,
    Snapshot(Arc<Shared<Picture>>),
    Delta(Arc<Shared<Delta>>),
    /// It is behind: these frames, merged.
    Behind {
        from_version: u64,
        frames: Vec<Arc<Shared<Delta>>>,
    },
}

impl Hub {
    pub(super) fn new(base: Base) -> Self {
        Self {
            picture: base.picture,
            exact_from: base.exact_from,
            frames: VecDeque::new(),
            changes: 0,
            snapshot: None,
            merged: Vec::new(),
        }
    }

    /// The picture's version.
    pub(super) fn version(&self) -> u64 {
        self.picture.version
    }

    /// Goes on with a frame, which begins at the picture's version.
    pub(super) fn go_on(&mut self, frame: Frame) {
        match frame {
            Frame::Delta(delta) => self.publish(delta),
            // Nobody can be led from what was before to this.
            Frame::Base(base) => *self = Self::new(base),
        }
    }

    fn publish(&mut self, delta: Delta) {
        assert_eq!(delta.from_version, self.picture.version, "frames follow one another");
        let delta = Delta { is_closed: delta.is_closed || self.picture.is_closed, ..delta };
        self.picture.apply(&delta);
        self.changes += delta.changes();
        self.frames.push_back(Shared::new(delta));
        while self.frames.len() > FEED_FRAMES_MAX || self.changes > FEED_RING_CHANGES_MAX {
            let Some(oldest) = self.frames.pop_front() else { break };
            self.changes -= oldest.content().changes();
        }
        self.snapshot = None;
        self.merged.clear();
    }

    /// What follows for who knows a version. One between two frames' ends is as good: deltas
    /// say what became of things, so those of the whole frame lead on from anywhere in it.
    pub(super) fn after(&mut self, known: Option<u64>) -> Next {
        let version = self.picture.version;
        if version < self.exact_from {
            return Next::Wait;
        }
        let oldest = self.frames.front().map(|frame| frame.content().from_version);
        match known {
            Some(known) if known == version => Next::Wait,
            Some(known) if known < version && oldest.is_some_and(|oldest| oldest <= known) => {
                self.behind(known)
            }
            _ => Next::Snapshot(self.snapshot()),
        }
    }

    fn behind(&self, known: u64) -> Next {
        let first = self.frames.partition_point(|frame| frame.content().to_version <= known);
        let is_whole = |frame: &Arc<Shared<Delta>>| frame.content().from_version == known;
        if let Some(frame) = self.frames.get(first)
            && first + 1 == self.frames.len()
            && is_whole(frame)
        {
            return Next::Delta(Arc::clone(frame));
        }
        if let Some(merged) = self.merged.iter().find(|merged| is_whole(merged)) {
            return Next::Delta(Arc::clone(merged));
        }
        let frames = self.frames.range(first..).map(Arc::clone).collect();
        Next::Behind { from_version: known, frames }
    }

    /// Keeps a delta that was merged, if it still leads to the picture's version.
    pub(super) fn keep(&mut self, merged: Arc<Shared<Delta>>) {
        let leads_here = merged.content().to_version == self.picture.version;
        if leads_here && self.merged.len() < FEED_MERGES_KEPT_MAX {
            self.merged.push(merged);
        }
    }

    fn snapshot(&mut self) -> Arc<Shared<Picture>> {
        let snapshot = self.snapshot.get_or_insert_with(|| Shared::new(self.picture.clone()));
        Arc::clone(snapshot)
    }
}
