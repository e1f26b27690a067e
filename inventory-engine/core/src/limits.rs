//! Every limit of the state machine, related at compile time.

/// Logical shards. Fixed when the data is created.
pub const SHARDS: u16 = 256;

/// Seats that one hold may take.
pub const HOLD_SEATS_MAX: usize = 64;

/// Areas, each with one ticket type, that one command may name.
pub const AREA_LINES_MAX: usize = 64;

/// Seats that one block or unblock may name.
pub const BLOCK_SEATS_MAX: usize = 16_384;

/// Seats of one chart.
pub const CHART_SEATS_MAX: usize = 1 << 20;

/// Places of all areas of one chart together.
pub const CHART_PLACES_MAX: u32 = 1_000_000;

/// Areas of one chart.
pub const CHART_AREAS_MAX: usize = 1 << 16;

/// Ticket types of one event.
pub const TICKET_TYPES_MAX: usize = 64;

/// Bytes of a ticket type's key.
pub const TICKET_TYPE_KEY_BYTES_MAX: usize = 64;

/// Categories that one ticket type may be limited to.
pub const TICKET_TYPE_CATEGORIES_MAX: usize = 64;

/// Bytes of a full seat label, of any other label of a chart, and of its name.
pub const LABEL_BYTES_MAX: usize = 255;

/// Bytes of a buyer id.
pub const BUYER_ID_BYTES_MAX: usize = 64;

/// Bytes of an event's name.
pub const EVENT_NAME_BYTES_MAX: usize = 255;

/// How long a hold lasts unless the event says otherwise: 15 minutes.
pub const HOLD_TTL_MILLIS_DEFAULT: u64 = 15 * 60 * 1_000;

/// The longest and the shortest that an event may let its holds last.
pub const HOLD_TTL_MILLIS_MAX: u64 = 24 * 60 * 60 * 1_000;
/// See [`HOLD_TTL_MILLIS_MAX`].
pub const HOLD_TTL_MILLIS_MIN: u64 = 100;

/// How often a hold may be extended unless the event says otherwise.
pub const EXTENSIONS_DEFAULT: u16 = 3;

/// How long a request id is remembered: 24 hours.
pub const REQUEST_KEPT_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// Request ids that one shard remembers at most, whatever their age.
pub const REQUESTS_KEPT_MAX: usize = 1 << 20;

/// Request ids that one fact may push out of memory, so that no fact costs much.
pub const EVICTIONS_PER_FACT_MAX: usize = 4;

/// How far a request id's own time may lie ahead of the engine's.
pub const REQUEST_AHEAD_MILLIS_MAX: u64 = 5 * 60 * 1_000;

/// Ended holds that one shard remembers, so that who comes late is told what happened.
pub const ENDED_HOLDS_KEPT_MAX: usize = 1 << 17;

// By the defaults no hold outlives the memory of the request that placed it.
const _: () =
    assert!(HOLD_TTL_MILLIS_DEFAULT * (EXTENSIONS_DEFAULT as u64 + 1) <= REQUEST_KEPT_MILLIS);
const _: () = assert!(HOLD_TTL_MILLIS_MIN < HOLD_TTL_MILLIS_DEFAULT);
const _: () = assert!(HOLD_TTL_MILLIS_DEFAULT < HOLD_TTL_MILLIS_MAX);
// The memory of ended holds is a courtesy, that of requests a promise: the courtesy costs less.
const _: () = assert!(ENDED_HOLDS_KEPT_MAX <= REQUESTS_KEPT_MAX);
const _: () = assert!(HOLD_SEATS_MAX <= BLOCK_SEATS_MAX && BLOCK_SEATS_MAX <= CHART_SEATS_MAX);
// Indexes of ticket types are stored in 16 bits.
const _: () = assert!(TICKET_TYPES_MAX <= u16::MAX as usize);
// Spots of one event are counted in 32 bits, and three of its counts are published in one word.
const _: () = assert!(CHART_SEATS_MAX + (CHART_PLACES_MAX as usize) < 1 << 21);
// An event's shard is a remainder by this number: a power of two favours no shard.
const _: () = assert!(SHARDS.is_power_of_two());
// Each fact remembers one id, so forgetting keeps up only if it can forget more than one.
const _: () = assert!(EVICTIONS_PER_FACT_MAX > 1);
