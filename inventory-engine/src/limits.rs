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

/// Batches that one sync of the journal covers at most.
pub const GROUP_BATCHES_MAX: usize = 1_024;

/// Commands of one stream that are not answered yet. Beyond it the stream is not read.
pub const STREAM_COMMANDS_IN_FLIGHT_MAX: usize = 4_096;

/// Commands in one message of a stream.
pub const STREAM_MESSAGE_COMMANDS_MAX: usize = 1_024;

/// Answers in one message of a stream.
pub const STREAM_MESSAGE_ANSWERS_MAX: usize = 256;

/// Streams of one connection.
pub const CONNECTION_STREAMS_MAX: u32 = 1_024;

/// Bytes of one request that is not a chart.
pub const REQUEST_BYTES_MAX: usize = 1 << 20;

/// Bytes of one request that brings a chart.
pub const CHART_REQUEST_BYTES_MAX: usize = 64 << 20;

/// Bytes of one answer: a map of the largest chart has to fit.
pub const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Events in one page of a listing, unless asked for another number, and at most.
pub const LIST_PAGE_EVENTS_DEFAULT: usize = 100;
/// See [`LIST_PAGE_EVENTS_DEFAULT`].
pub const LIST_PAGE_EVENTS_MAX: usize = 1_000;

/// What who is refused for overload is told to wait.
pub const OVERLOADED_RETRY_AFTER: Duration = Duration::from_millis(50);

/// How long connections may take to end once the engine has answered everything.
pub const CONNECTION_DRAIN_MAX: Duration = Duration::from_secs(5);

// A drained batch has to leave room for what arrives while the disk syncs.
const _: () = assert!(BATCH_COMMANDS_MAX * 4 <= INBOX_COMMANDS_MAX);
// One message has to fit where its commands wait, in whole.
const _: () = assert!(STREAM_MESSAGE_COMMANDS_MAX <= STREAM_COMMANDS_IN_FLIGHT_MAX);
const _: () = assert!(STREAM_COMMANDS_IN_FLIGHT_MAX <= INBOX_COMMANDS_MAX);
const _: () = assert!(STREAM_MESSAGE_ANSWERS_MAX <= STREAM_COMMANDS_IN_FLIGHT_MAX);
// A turn takes one message beyond its bound at most, and may expire holds before it.
const _: () = assert!(
    BATCH_COMMANDS_MAX + STREAM_MESSAGE_COMMANDS_MAX + BATCH_EXPIRIES_MAX
        <= persistence::limits::BATCH_FACTS_MAX
);
// One sync can take all that one writer may leave undurable.
const _: () = assert!(TURNS_IN_FLIGHT_MAX <= GROUP_BATCHES_MAX);
const _: () = assert!(REQUEST_BYTES_MAX < CHART_REQUEST_BYTES_MAX);
