//! Every limit of what is stored, related to those of the state machine at compile time.

use inventory_core::limits::{
    AREA_LINES_MAX, BLOCK_SEATS_MAX, BUYER_ID_BYTES_MAX, EVENT_NAME_BYTES_MAX, HOLD_SEATS_MAX,
    TICKET_TYPE_CATEGORIES_MAX, TICKET_TYPE_KEY_BYTES_MAX, TICKET_TYPES_MAX,
};

/// Bytes of a segment's header.
pub const HEADER_BYTES: usize = 128;

/// Bytes of a batch on the disk in front of its facts.
pub const RECORD_HEADER_BYTES: usize = 112;

/// Facts of one batch.
pub const BATCH_FACTS_MAX: usize = 16_384;

/// Seats that one fact may name.
pub const FACT_SEATS_MAX: usize = BLOCK_SEATS_MAX;

/// Bytes of one encoded fact without its spots and ticket types: its frame, ids, rules and texts.
pub const FACT_FRAME_BYTES_MAX: usize = 512;

/// Bytes of a fact's spots: seats and areas, each with a ticket type.
pub const FACT_SPOTS_BYTES_MAX: usize = 7 + 6 * FACT_SEATS_MAX + 10 * AREA_LINES_MAX;

/// Bytes of an event's ticket types.
pub const FACT_TICKET_TYPES_BYTES_MAX: usize =
    2 + TICKET_TYPES_MAX * (27 + TICKET_TYPE_KEY_BYTES_MAX + 4 * TICKET_TYPE_CATEGORIES_MAX);

/// Bytes of one encoded fact.
pub const FACT_BYTES_MAX: usize = FACT_FRAME_BYTES_MAX + FACT_SPOTS_BYTES_MAX;

/// Bytes of one batch on the disk, with its header and padding.
pub const RECORD_BYTES_MAX: usize =
    RECORD_HEADER_BYTES + 1 + BATCH_FACTS_MAX * FACT_BYTES_MAX + RECORD_ALIGNMENT;

/// Batches begin at multiples of this many bytes, so that they can be found again behind damage.
pub const RECORD_ALIGNMENT: usize = 64;

/// Bytes that a segment has unless the options say otherwise. A group that needs more gets more.
pub const SEGMENT_BYTES_DEFAULT: u64 = 64 << 20;

/// Bytes behind the last batch of the segment that a start makes: so few that nobody waits for
/// them, and enough until the next segment has been prepared.
pub const ROOM_AT_START_BYTES: u64 = 4 << 20;

/// The fewest bytes that a segment may have.
pub const SEGMENT_BYTES_MIN: u64 = 1 << 10;

/// Bytes of a segment that is compressed and read back. A longer one stays as it is.
pub const COMPRESSED_BYTES_MAX: u64 = (HEADER_BYTES + RECORD_BYTES_MAX) as u64;

/// How hard sealed segments are compressed: the fastest level, for it shares the machine with
/// the sale.
pub const COMPRESSION_LEVEL: i32 = 1;

/// Bytes that are compressed, or copied into a snapshot, between two looks at whether to go on.
pub const COPY_BYTES: usize = 1 << 20;

/// Bytes that a snapshot's header says of one shard.
pub const SNAPSHOT_SHARD_BYTES: usize = 32;

/// Snapshots that are kept.
pub const SNAPSHOTS_KEPT: usize = 2;

/// Usable snapshots that stand behind a segment before it is put away: one may turn out to be
/// damaged when it is needed.
pub const SNAPSHOTS_BEHIND: usize = 2;

/// Batches that one sync makes durable while a journal is restored.
pub const RESTORED_BATCHES_A_SYNC: usize = 512;

/// Bytes of a chart's document.
pub const CHART_BYTES_MAX: u64 = 256 << 20;

/// Bytes of the small documents that describe a data directory.
pub const DESCRIPTION_BYTES_MAX: u64 = 64 << 10;

/// How long a failed preparation of the next segment rests before it is tried again.
pub const PREPARE_AGAIN_MILLIS: u64 = 1_000;

// No fact has both spots and ticket types, and spots may take more room.
const _: () = assert!(FACT_TICKET_TYPES_BYTES_MAX <= FACT_SPOTS_BYTES_MAX);
// A hold's facts fit wherever a block's do.
const _: () = assert!(HOLD_SEATS_MAX <= FACT_SEATS_MAX);
// Frame 42, event 322 with its name: the longest of all changes without its lists.
const _: () = assert!(EVENT_NAME_BYTES_MAX + 128 <= FACT_FRAME_BYTES_MAX);
const _: () = assert!(BUYER_ID_BYTES_MAX + 128 <= FACT_FRAME_BYTES_MAX);
// Lengths of texts and short lists are stored in 16 bits, those of records in 32.
const _: () = assert!(AREA_LINES_MAX <= u16::MAX as usize);
const _: () = assert!(TICKET_TYPES_MAX < u16::MAX as usize);
const _: () = assert!(EVENT_NAME_BYTES_MAX <= u16::MAX as usize);
const _: () = assert!(RECORD_BYTES_MAX <= u32::MAX as usize);
const _: () = assert!(HEADER_BYTES.is_multiple_of(RECORD_ALIGNMENT));
const _: () = assert!(SEGMENT_BYTES_MIN >= (HEADER_BYTES + RECORD_HEADER_BYTES) as u64);
const _: () = assert!(SEGMENT_BYTES_MIN <= SEGMENT_BYTES_DEFAULT);
const _: () = assert!(SEGMENT_BYTES_DEFAULT <= COMPRESSED_BYTES_MAX);
// Else nothing would ever be put away.
const _: () = assert!(SNAPSHOTS_BEHIND <= SNAPSHOTS_KEPT);
// A damaged snapshot is no loss while there is an older one.
const _: () = assert!(SNAPSHOTS_BEHIND >= 2);
const _: () = assert!(ROOM_AT_START_BYTES <= SEGMENT_BYTES_DEFAULT);
