//! Every limit of the edge, related at compile time. What an operator may change is in
//! [`EdgeOptions`](crate::EdgeOptions), with its default here; what follows from the contract
//! or guards the process is fixed.

use std::time::Duration;

use crate::rate_limits::HOUR_MICROS;

/// Bytes of a request's body, by default.
pub(crate) const BODY_BYTES_MAX_DEFAULT: usize = 64 * 1024;

/// Bytes of a body that is too large which are read before its sender is told.
pub(crate) const BODY_BYTES_SKIPPED_MAX: usize = 16 * 1024 * 1024;

/// How long a caller waits for an answer, by default.
pub(crate) const REQUEST_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// How long requests that are in flight may take when the edge stops, by default.
pub(crate) const DRAIN_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// Connections at once; more wait outside until one ends.
pub(crate) const CONNECTIONS_MAX: usize = 16_384;

/// How long the head of a request may take to arrive, and the next one to begin.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection on which nothing moves for so long is ended, whatever it waits for.
pub(crate) const CONNECTION_IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Bytes of a request's head, and of what is read ahead on a connection.
pub(crate) const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Bytes that the system takes for a connection beyond what it has sent already. What lies there
/// grows old: a listener who does not read is better told later, and all at once.
pub(crate) const UNSENT_BYTES_MAX: u32 = 64 * 1024;

/// Requests at once on one connection of HTTP/2.
pub(crate) const CONNECTION_STREAMS_MAX: u32 = 256;

/// How often a connection of HTTP/2 is asked whether it is still there.
pub(crate) const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(20);

/// Commands that wait for the engine at once, by default: as many as the engine takes from
/// [`PIPELINE_STREAMS_DEFAULT`] streams before it stops reading them.
pub(crate) const COMMANDS_IN_FLIGHT_MAX_DEFAULT: usize = 8_192;

/// Reads that wait for the engine at once, by default.
pub(crate) const READS_IN_FLIGHT_MAX_DEFAULT: usize = 1_024;

/// Streams to the engine, by default.
pub(crate) const PIPELINE_STREAMS_DEFAULT: usize = 2;

/// Commands of one batch.
pub(crate) const BATCH_COMMANDS_MAX: usize = 64;

/// Bytes of its commands after which a batch takes no more. The engine takes messages of 1 MiB,
/// and no body makes a command of half of that.
pub(crate) const BATCH_BYTES_FULL: usize = 256 * 1024;

/// Batches that were made and wait for room on the stream. One: what comes meanwhile makes the
/// next batch larger, not the line longer.
pub(crate) const BATCHES_QUEUED_MAX: usize = 1;

/// How long it may take to open a stream.
pub(crate) const STREAM_OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// The first and the longest wait before a stream is opened again.
pub(crate) const BACKOFF_MIN: Duration = Duration::from_millis(20);
/// See [`BACKOFF_MIN`].
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// How long a stream that takes no more commands may go on answering.
pub(crate) const LAST_ANSWERS_TIMEOUT: Duration = Duration::from_secs(1);

/// A stream whose oldest command has waited this many request timeouts is given up.
pub(crate) const STALLED_AFTER_TIMEOUTS: u32 = 6;

/// How often a stream is looked at for that.
pub(crate) const STALL_CHECK_EVERY: Duration = Duration::from_secs(1);

/// How long the engine may take to say that it is well.
pub(crate) const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the engine may read in its journal for a seat's history: tens of gigabytes.
pub(crate) const HISTORY_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of a seat map with its chart: a million seats.
pub(crate) const SEAT_MAP_BYTES_MAX: usize = 192 * 1024 * 1024;

/// Charts whose seats are kept ready to be written out.
pub(crate) const CHARTS_CACHED_MAX: usize = 64;

/// Connections that listen to live changes. They last, so others need places too.
pub(crate) const LIVE_CONNECTIONS_MAX: usize = 8_192;

/// Events that are listened to at once, each over a stream of its own to the engine.
pub(crate) const LIVE_EVENTS_MAX: usize = 512;

/// How long an event's stream stays open when nobody listens any more.
pub(crate) const LIVE_LINGER: Duration = Duration::from_secs(10);

/// Deltas of an event that are kept for who is behind or comes back.
pub(crate) const LIVE_FRAMES_MAX: usize = 1_024;

/// Changes in all deltas of an event that are kept.
pub(crate) const LIVE_RING_CHANGES_MAX: usize = 131_072;

/// Texts of merged deltas that are kept until the next delta, for others who are as far behind.
pub(crate) const LIVE_MERGES_KEPT_MAX: usize = 16;

/// How often a listener to whom there is nothing to tell is shown that somebody is there.
pub(crate) const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// How long a call to Redis may take before the request goes on without it.
pub(crate) const REDIS_DEADLINE: Duration = Duration::from_millis(40);

/// What a request may lose by a Redis that is away or slow, in all.
const REDIS_COST_MAX: Duration = Duration::from_millis(100);

/// How often Redis is looked for while it is away.
pub(crate) const REDIS_PROBE_EVERY: Duration = Duration::from_secs(1);

/// Of how many such looks in vain there is a line in the log.
pub(crate) const REDIS_PROBES_A_LINE: u32 = 60;

/// How long connecting to Redis may take, which no request waits for.
pub(crate) const REDIS_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Calls that wait to be written to Redis's connection.
pub(crate) const REDIS_CALLS_QUEUED_MAX: usize = 1_024;

/// Requests of a limit in its period, and at once, at most.
pub(crate) const RATE_LIMIT_COUNT_MAX: u32 = 1_000_000;
/// See [`RATE_LIMIT_COUNT_MAX`].
pub(crate) const RATE_LIMIT_BURST_MAX: u32 = 1_000_000;

/// Keys of one limit that this process counts at once: 1.5 MiB.
pub(crate) const LIMIT_KEYS_MAX: usize = 65_536;

/// Places that a key may be in.
pub(crate) const LIMIT_KEY_PLACES: usize = 16;

/// Proxies of ours that a request may come through.
pub const TRUSTED_PROXIES_MAX: u8 = 8;

/// How old an answer about how much is left may be, where edges share answers.
pub(crate) const AVAILABILITY_PERIOD: Duration = Duration::from_millis(300);

/// How long a request waits for an answer that somebody else asks the engine for.
pub(crate) const AVAILABILITY_PATIENCE: Duration = Duration::from_millis(50);

/// How often it is looked whether another edge has the answer.
pub(crate) const AVAILABILITY_LOOK_EVERY: Duration = Duration::from_millis(5);

/// Bytes of an answer that is shared: a million seats by a bit each, and more.
pub(crate) const AVAILABILITY_BYTES_KEPT_MAX: usize = 256 * 1024;

/// Questions whose answers an edge keeps in memory at once.
pub(crate) const AVAILABILITY_QUESTIONS_MAX: usize = 512;

/// Bytes of an idempotency key.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Bytes of a user id; the engine takes no longer ones.
pub(crate) const USER_ID_BYTES_MAX: usize = 64;

/// Bytes of a label; no chart has longer ones.
pub(crate) const LABEL_BYTES_MAX: usize = 255;

/// Bytes of a ticket type's key; no event has longer ones.
pub(crate) const TICKET_TYPE_BYTES_MAX: usize = 64;

/// Things that happened to a seat of which one request is told, by default and at most.
pub(crate) const HISTORY_MOMENTS_DEFAULT: u32 = 100;
/// See [`HISTORY_MOMENTS_DEFAULT`].
pub(crate) const HISTORY_MOMENTS_MAX: u32 = 10_000;

/// Bytes of a body of an organizer's that is no chart: the longest list of seats to block.
pub(crate) const ADMIN_BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of a chart. The engine takes messages of 64 MiB from organizers.
pub(crate) const CHART_BODY_BYTES_MAX: usize = 63 * 1024 * 1024;

/// Charts that are taken in at once.
pub(crate) const CHARTS_IN_FLIGHT_MAX: usize = 2;

/// Organizers' requests that wait for the engine at once.
pub(crate) const ADMIN_CALLS_IN_FLIGHT_MAX: usize = 64;

/// How long a chart may take to arrive, and the engine to read it.
pub(crate) const CHART_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of a body that is not wanted at all.
pub(crate) const NO_BODY_BYTES_MAX: usize = 1024;

/// Characters of what a problem document says in words.
pub(crate) const DETAIL_CHARS_MAX: usize = 400;

/// Events of one page, by default and at most.
pub(crate) const EVENTS_PAGE_DEFAULT: u32 = 100;
/// See [`EVENTS_PAGE_DEFAULT`].
pub(crate) const EVENTS_PAGE_MAX: u32 = 1_000;

/// What a caller who was refused for lack of room is told to wait.
pub(crate) const OVERLOADED_RETRY_MILLIS: u64 = 500;

/// What a caller whose engine is away is told to wait.
pub(crate) const UNAVAILABLE_RETRY_MILLIS: u64 = 1_000;

/// What a caller who was refused for want of space on the engine's disk is told to wait.
pub(crate) const STORAGE_SHORT_RETRY_MILLIS: u64 = 5_000;

/// What a caller who was refused because the engine's database is too far behind is told to wait.
pub(crate) const PROJECTION_BEHIND_RETRY_MILLIS: u64 = 5_000;

/// How often a line of the log is written that many events would write.
pub(crate) const LOG_LINE_EVERY: Duration = Duration::from_secs(1);

// A request is counted by one call; a read may look for an answer, too.
const _: () = assert!(
    REDIS_DEADLINE.as_millis() + AVAILABILITY_PATIENCE.as_millis() < REDIS_COST_MAX.as_millis()
);
const _: () = assert!(REDIS_DEADLINE.as_millis() < AVAILABILITY_PATIENCE.as_millis());
const _: () = assert!(AVAILABILITY_LOOK_EVERY.as_millis() * 4 < AVAILABILITY_PATIENCE.as_millis());
// Who waits for another edge is not left without an answer for the most of a period.
const _: () = assert!(AVAILABILITY_PATIENCE.as_millis() * 2 < AVAILABILITY_PERIOD.as_millis());
// The numbers of Lua are exact below 2^53: a point in time, and the widest limit beyond it.
const _: () = assert!((RATE_LIMIT_BURST_MAX as u64 + 1) * HOUR_MICROS + (1 << 51) < 1 << 53);
// Kept answers take 128 MiB, if all are as large as they may be.
const _: () = assert!(AVAILABILITY_QUESTIONS_MAX * AVAILABILITY_BYTES_KEPT_MAX <= 128 << 20);
const _: () = assert!(LIMIT_KEYS_MAX.is_multiple_of(LIMIT_KEY_PLACES));
// Who waits for an answer, or is only asked whether it is there, is not taken for idle.
const _: () = assert!(REQUEST_TIMEOUT_DEFAULT.as_secs() * 2 < CONNECTION_IDLE_TIMEOUT.as_secs());
const _: () = assert!(KEEP_ALIVE_EVERY.as_secs() * 2 < CONNECTION_IDLE_TIMEOUT.as_secs());
const _: () = assert!(HEARTBEAT_EVERY.as_secs() * 2 < CONNECTION_IDLE_TIMEOUT.as_secs());
// Who listens leaves half of the places to who asks.
const _: () = assert!(LIVE_CONNECTIONS_MAX * 2 <= CONNECTIONS_MAX);
// A batch that was not full and the largest command stay below 1 MiB: what a body names by a
// letter may cost the engine's form of it a ticket type's key each.
const _: () = assert!(BATCH_BYTES_FULL + 8 * BODY_BYTES_MAX_DEFAULT < 1024 * 1024);
// A head that is late is told from a connection that is idle.
const _: () = assert!(HEAD_TIMEOUT.as_secs() < CONNECTION_IDLE_TIMEOUT.as_secs());
const _: () = assert!(CHART_TIMEOUT.as_secs() * 2 < CONNECTION_IDLE_TIMEOUT.as_secs());
const _: () = assert!(HISTORY_MOMENTS_DEFAULT <= HISTORY_MOMENTS_MAX);
const _: () = assert!(ADMIN_BODY_BYTES_MAX < CHART_BODY_BYTES_MAX);
const _: () = assert!(CHARTS_IN_FLIGHT_MAX <= ADMIN_CALLS_IN_FLIGHT_MAX);
const _: () = assert!(EVENTS_PAGE_DEFAULT <= EVENTS_PAGE_MAX);
const _: () = assert!(BODY_BYTES_MAX_DEFAULT < BODY_BYTES_SKIPPED_MAX);
const _: () = assert!(BATCH_COMMANDS_MAX <= COMMANDS_IN_FLIGHT_MAX_DEFAULT);
// A caller whose command waits for a stream to open again is not told 'unavailable' too late.
const _: () = assert!(BACKOFF_MAX.as_millis() < REQUEST_TIMEOUT_DEFAULT.as_millis());
const _: () = assert!(BACKOFF_MIN.as_millis() < BACKOFF_MAX.as_millis());
// A caller who waits for a history is not cut off because nothing moves meanwhile.
const _: () = assert!(HISTORY_TIMEOUT.as_secs() < CONNECTION_IDLE_TIMEOUT.as_secs());
// What is in flight when the edge stops has its whole time.
const _: () = assert!(REQUEST_TIMEOUT_DEFAULT.as_millis() <= DRAIN_TIMEOUT_DEFAULT.as_millis());
