//! What stands here for the engine's limits: as small as lets a model reach them.

use crate::time::Duration;

/// Room for two facts with a spot and a fact with two, not for two such facts.
pub(crate) const FEED_PENDING_CHANGES_MAX: usize = 5;
pub(crate) const FEED_FRAMES_MAX: usize = 4;
pub(crate) const FEED_RING_CHANGES_MAX: usize = 16;
pub(crate) const FEED_MERGES_KEPT_MAX: usize = 1;

pub(crate) const LOG_LINE_EVERY: Duration = Duration::from_secs(1);

pub(crate) const ROOM_MARGIN_SEGMENT_PARTS: u64 = 16;
pub(crate) const ROOM_MARGIN_BYTES_MAX: u64 = 1 << 20;
