//! Every limit of the running engine, related at compile time.

use std::time::Duration;

/// Commands that wait for one writer. Beyond it unary calls are refused at once and streams are
/// not read.
pub const INBOX_COMMANDS_MAX: usize = 8_192;

/// Commands that one turn of a writer decides.
pub const BATCH_COMMANDS_MAX: usize = 512;

/// Holds that one turn of a writer expires in one shard.
pub const BATCH_EXPIRIES_MAX: usize = 256;

/// Turns of a writer whose facts wait for the disk. Beyond it the writer waits too.
pub const TURNS_IN_FLIGHT_MAX: usize = 64;

/// Answers of one writer that wait for the disk, refusals among them. Beyond it the writer takes
/// no more requests until the disk has answered.
pub const PARKED_ANSWERS_MAX: usize = 16_384;

/// Longest sleep of a writer that has live holds. Sleep does not count while the machine is
/// suspended, deadlines do.
pub const DEADLINE_SLEEP_MAX: Duration = Duration::from_secs(1);

/// Batches that one sync of the journal covers at most.
pub const GROUP_BATCHES_MAX: usize = 1_024;

/// Commands of one stream that are not answered yet. Beyond it the stream is not read.
pub const STREAM_COMMANDS_IN_FLIGHT_MAX: usize = 4_096;

/// Commands in one message of a stream.
pub const STREAM_MESSAGE_COMMANDS_MAX: usize = 1_024;

/// Answers in one message of a stream.
pub const STREAM_MESSAGE_ANSWERS_MAX: usize = 256;

/// Bytes after which a message of a stream takes no more answers: a quarter of what gRPC clients
/// take by default.
pub const STREAM_MESSAGE_ANSWER_BYTES_MAX: usize = 1 << 20;

/// Bytes of the rich details of one status. They travel in headers, of which clients take 8 KiB
/// by default, in Base64.
pub const STATUS_DETAIL_BYTES_MAX: usize = 4 << 10;

/// Streams of one connection.
pub const CONNECTION_STREAMS_MAX: u32 = 1_024;

/// Bytes of one request that is not a chart.
pub const REQUEST_BYTES_MAX: usize = 1 << 20;

/// Bytes of one request that brings a chart.
pub const CHART_REQUEST_BYTES_MAX: usize = 64 << 20;

/// How long an answer that is to be in Postgres waits for it while Postgres answers; then it
/// leaves as what it is, in the journal.
pub const PROJECTION_PATIENCE: Duration = Duration::from_secs(2);

/// Of the time that a caller has left, the parts of ten that such an answer may wait: the rest is
/// for its way back.
pub const PROJECTION_PATIENCE_TENTHS: u32 = 9;

/// Answers of one stream that wait for Postgres. Beyond it they leave as what they are, so that
/// there is always room for commands that do not wait.
pub const STREAM_ANSWERS_WAITING_MAX: usize = 1_024;

/// Bytes of the journal that may be behind what is projected, unless the options say otherwise.
pub const JOURNAL_BUDGET_BYTES_DEFAULT: u64 = 8 << 30;

/// The smallest budget.
pub const JOURNAL_BUDGET_BYTES_MIN: u64 = 1 << 20;

/// Of so many parts of the budget ...
pub const BUDGET_PARTS: u64 = 4;
/// ... these are free: as long as less is behind nothing is counted and nobody is refused.
pub const BUDGET_FREE_PARTS: u64 = 3;

/// Pieces in which the backlog of a projection is counted, whatever its length.
pub const BACKLOG_PIECES_MAX: usize = 1_024;

/// Facts decided within so many milliseconds are one piece of a short backlog.
pub const BACKLOG_PIECE_MILLIS_MIN: u64 = 10;

/// How often the lag of a projection is shown in the metrics.
pub const PROJECTION_LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often it is noted in the data directory how far a projection is.
pub const PROJECTED_MARK_EVERY: Duration = Duration::from_secs(5);

/// Seat histories that are read at a time; each has a segment of the journal in memory.
pub const HISTORY_READS_MAX: usize = 2;

/// Moments of a seat's history that one answer tells, unless the caller says fewer or more.
pub const HISTORY_MOMENTS_DEFAULT: usize = 1_000;

/// Moments of a seat's history that one answer tells at most.
pub const HISTORY_MOMENTS_MAX: usize = 10_000;

/// Charts that are read from requests at the same time.
pub const CHART_IMPORTS_MAX: usize = 2;

/// Seat maps with their charts that are made at the same time.
pub const CHART_MAPS_MAX: usize = 2;

/// Bytes of one answer: a map of the largest chart has to fit.
pub const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Threads that apply what a start reads.
pub const REPLAY_THREADS_MAX: usize = 8;

/// Batches that a start reads ahead of each of them.
pub const REPLAY_BATCHES_AHEAD_MAX: usize = 256;

/// Shards of a snapshot that a start reads ahead of the threads that restore them.
pub const RESTORE_SECTIONS_AHEAD_MAX: usize = 4;

/// How often a recovery says in the log how far it is.
pub const TELL_PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Shards whose states the making of a snapshot has in memory at a time, beside those that serve.
pub const SNAPSHOT_PASS_SHARDS: u16 = 32;

/// Sealed segments behind the last snapshot that make it time for the next, unless the options
/// say otherwise.
pub const SNAPSHOT_AFTER_SEGMENTS_DEFAULT: usize = 1;

/// The time between the end of a snapshot, made or failed, and the next attempt.
pub const SNAPSHOT_PAUSE_DEFAULT: Duration = Duration::from_secs(30);

/// How long sealed segments are kept that no start needs, unless the options say otherwise.
pub const HISTORY_RETENTION_DEFAULT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How often old segments are looked for while no snapshot is made, unless the options say
/// otherwise.
pub const ARCHIVE_EVERY_DEFAULT: Duration = Duration::from_secs(60 * 60);

/// The priority of the thread that makes snapshots: the lowest there is.
pub const SNAPSHOT_NICENESS: i32 = 19;

/// Events in one page of a listing, unless asked for another number, and at most.
pub const LIST_PAGE_EVENTS_DEFAULT: usize = 100;
/// See [`LIST_PAGE_EVENTS_DEFAULT`].
pub const LIST_PAGE_EVENTS_MAX: usize = 1_000;

/// What who is refused for overload is told to wait.
pub const OVERLOADED_RETRY_AFTER: Duration = Duration::from_millis(50);

/// What who is refused for want of space on the disk is told to wait.
pub const STORAGE_SHORT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// What who is refused because the projection is too far behind is told to wait.
pub const PROJECTION_BEHIND_RETRY_AFTER: Duration = Duration::from_secs(5);

/// What who comes before the engine has recovered is told to wait.
pub const RECOVERING_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How often an idle journal is asked how much room it has.
pub const ROOM_CHECK_EVERY: Duration = Duration::from_secs(1);

/// Bytes of the journal that new holds leave for seats that come back and for the unused tails
/// of segments: one of so many parts of a segment.
pub const ROOM_MARGIN_SEGMENT_PARTS: u64 = 16;
/// See [`ROOM_MARGIN_SEGMENT_PARTS`]; and at most this.
pub const ROOM_MARGIN_BYTES_MAX: u64 = 1 << 20;

/// An append that takes longer is told in the log.
pub const APPEND_SLOW: Duration = Duration::from_secs(1);

/// How often a line of the log is written that many events would write.
pub const LOG_LINE_EVERY: Duration = Duration::from_secs(1);

/// How long connections may take to end once the engine has answered everything.
pub const CONNECTION_DRAIN_MAX: Duration = Duration::from_secs(5);

/// How often the feed of an event that is watched makes a frame; the first after a pause is made
/// at once.
pub const FRAME_INTERVAL: Duration = Duration::from_millis(50);

/// Watchers of all events.
pub const WATCHERS_MAX: usize = 4_096;

/// Events that are watched at the same time.
pub const FEEDS_MAX: usize = 1_024;

/// How long a feed goes on when nobody watches any more: who comes back gets what it missed.
pub const FEED_LINGER: Duration = Duration::from_secs(10);

/// Frames that a feed keeps for who is behind or comes back: those of 51 busy seconds.
pub const FEED_FRAMES_MAX: usize = 1_024;

/// Changes in all frames that a feed keeps.
pub const FEED_RING_CHANGES_MAX: usize = 131_072;

/// Changes that a writer has told and the feed has not taken. Beyond it they are dropped, and
/// every watcher gets a snapshot.
pub const FEED_PENDING_CHANGES_MAX: usize = 65_536;

/// Merged deltas that a feed keeps until its next frame, for others who are as far behind.
pub const FEED_MERGES_KEPT_MAX: usize = 16;

// A drained batch has to leave room for what arrives while the disk syncs.
const _: () = assert!(BATCH_COMMANDS_MAX * 4 <= INBOX_COMMANDS_MAX);
// A writer that may decide may decide a whole turn.
const _: () = assert!(INBOX_COMMANDS_MAX <= PARKED_ANSWERS_MAX);
// One message has to fit where its commands wait, in whole.
const _: () = assert!(STREAM_MESSAGE_COMMANDS_MAX <= STREAM_COMMANDS_IN_FLIGHT_MAX);
const _: () = assert!(STREAM_COMMANDS_IN_FLIGHT_MAX <= INBOX_COMMANDS_MAX);
const _: () = assert!(STREAM_MESSAGE_ANSWERS_MAX <= STREAM_COMMANDS_IN_FLIGHT_MAX);
// A turn takes one message beyond its bound at most, and may expire holds before it.
const _: () = assert!(
    BATCH_COMMANDS_MAX + STREAM_MESSAGE_COMMANDS_MAX + BATCH_EXPIRIES_MAX
        <= persistence::limits::BATCH_FACTS_MAX
);
// The shards are passed through in equal parts.
const _: () = assert!(inventory_core::limits::SHARDS.is_multiple_of(SNAPSHOT_PASS_SHARDS));
// One sync can take all that one writer may leave undurable.
const _: () = assert!(TURNS_IN_FLIGHT_MAX <= GROUP_BATCHES_MAX);
const _: () = assert!(REQUEST_BYTES_MAX < CHART_REQUEST_BYTES_MAX);
// The largest frame fits into the ring.
const _: () = assert!(FEED_PENDING_CHANGES_MAX <= FEED_RING_CHANGES_MAX);
// Whatever one fact can change can be told.
const _: () = assert!(
    (inventory_core::limits::BLOCK_SEATS_MAX + inventory_core::limits::AREA_LINES_MAX) * 2
        <= FEED_PENDING_CHANGES_MAX
);
const _: () = assert!(FEEDS_MAX <= WATCHERS_MAX);
const _: () = assert!(FRAME_INTERVAL.as_millis() < FEED_LINGER.as_millis());
// Who comes back when told finds what the journal has said meanwhile.
const _: () = assert!(ROOM_CHECK_EVERY.as_secs() < STORAGE_SHORT_RETRY_AFTER.as_secs());
const _: () = assert!(ROOM_CHECK_EVERY.as_secs() < PROJECTION_BEHIND_RETRY_AFTER.as_secs());
// Who waits for Postgres when the engine leaves is answered before connections are cut.
const _: () = assert!(PROJECTION_PATIENCE.as_secs() < CONNECTION_DRAIN_MAX.as_secs());
const _: () = assert!(PROJECTION_PATIENCE_TENTHS < 10);
// Waiting for Postgres leaves most of a stream to others.
const _: () = assert!(STREAM_ANSWERS_WAITING_MAX * 4 <= STREAM_COMMANDS_IN_FLIGHT_MAX);
const _: () = assert!(JOURNAL_BUDGET_BYTES_MIN <= JOURNAL_BUDGET_BYTES_DEFAULT);
const _: () = assert!(BUDGET_FREE_PARTS < BUDGET_PARTS);
const _: () = assert!(BACKLOG_PIECES_MAX.is_multiple_of(2));
// What is shown is never older than what is noted.
const _: () = assert!(PROJECTION_LOOK_EVERY.as_millis() <= PROJECTED_MARK_EVERY.as_millis());
