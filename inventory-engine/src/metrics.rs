//! The engine's metrics: their names, their words, and handles that cost an addition.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Unit};

use inventory_core::fact::Change;
use inventory_core::rejection::RejectionCode;

use crate::ack::Durability;
use crate::answer::Answer;

/// Commands answered, by verb and outcome (`accepted`, `repeated`, `refused`).
pub const COMMANDS: &str = "holdfast_commands_total";
/// Refusals, by code.
pub const REJECTIONS: &str = "holdfast_rejections_total";
/// Commands not decided or not known to be durable, by reason.
pub const FAILURES: &str = "holdfast_failures_total";
/// Holds placed.
pub const RESERVATIONS: &str = "holdfast_holds_placed_total";
/// Holds that ended by their deadline.
pub const EXPIRED: &str = "expired_reservations_released";
/// Facts made durable.
pub const FACTS: &str = "holdfast_facts_durable_total";
/// Facts that one sync covers.
pub const GROUP_FACTS: &str = "holdfast_journal_group_facts";
/// How long one append with its sync takes.
pub const APPEND_SECONDS: &str = "holdfast_journal_append_seconds";
/// Commands that wait for a writer.
pub const INBOX: &str = "holdfast_inbox_commands";
/// Whether the journal's next segment could not be had: 1 or 0.
pub const SHORT_OF_SPACE: &str = "holdfast_journal_short_of_space";
/// Bytes of the journal that are taken of the disk and not written yet.
pub const ROOM_BYTES: &str = "holdfast_journal_room_bytes";
/// Bytes of the journal that the endings of all live holds may need.
pub const OWED_BYTES: &str = "holdfast_journal_owed_bytes";
/// Whether new holds are refused for want of space: 1 or 0.
pub const REFUSING_HOLDS: &str = "holdfast_storage_short";
/// Facts that are durable and not projected.
pub const PROJECTION_LAG_FACTS: &str = "holdfast_projection_lag_facts";
/// The age of the oldest of them.
pub const PROJECTION_LAG_SECONDS: &str = "holdfast_projection_lag_seconds";
/// Bytes of the journal that are not projected.
pub const PROJECTION_LAG_BYTES: &str = "holdfast_projection_lag_bytes";
/// Bytes of the journal that may be behind.
pub const PROJECTION_BUDGET_BYTES: &str = "holdfast_projection_budget_bytes";
/// Whether Postgres answers: 1 or 0.
pub const PROJECTION_REACHABLE: &str = "holdfast_projection_reachable";
/// Whether new holds are refused because too much is not projected: 1 or 0.
pub const PROJECTION_REFUSING: &str = "holdfast_projection_refusing";
/// Answers that wait for Postgres.
pub const PROJECTION_WAITING: &str = "holdfast_projection_waiting_answers";
/// Answers that were to be in Postgres, by what they left as (`journal`, `journal+postgres`).
pub const PROJECTION_ANSWERS: &str = "holdfast_projection_answers_total";
/// Answers that wait for the disk.
pub const PARKED: &str = "holdfast_parked_answers";
/// Streams that are open.
pub const STREAMS: &str = "holdfast_streams_open";
/// Who watches events.
pub const WATCHERS: &str = "holdfast_watchers_open";
/// Events that are watched.
pub const FEEDS: &str = "holdfast_watched_events";
/// Frames made for watchers.
pub const FRAMES: &str = "holdfast_watch_frames_total";
/// Frames that were merged for watchers who were behind.
pub const FRAMES_MERGED: &str = "holdfast_watch_frames_merged_total";
/// Snapshots sent to watchers.
pub const SNAPSHOTS_SENT: &str = "holdfast_watch_snapshots_total";
/// Times that a feed could not keep up with its writer.
pub const FEED_OVERFLOWS: &str = "holdfast_watch_overflows_total";
/// Events on sale.
pub const EVENTS: &str = "holdfast_events";
/// Whether the engine serves: 1 or 0.
pub const READY: &str = "holdfast_ready";
/// How long recovery took at the last start.
pub const RECOVERY_SECONDS: &str = "holdfast_recovery_seconds";
/// Bytes that the recovery has to read.
pub const RECOVERY_BYTES_TOTAL: &str = "holdfast_recovery_bytes";
/// Bytes that it has read.
pub const RECOVERY_BYTES_READ: &str = "holdfast_recovery_bytes_read";
/// Facts that it has applied.
pub const RECOVERY_FACTS_APPLIED: &str = "holdfast_recovery_facts_applied";
/// Snapshots made.
pub const SNAPSHOTS: &str = "holdfast_snapshots_total";
/// How long a snapshot takes.
pub const SNAPSHOT_SECONDS: &str = "holdfast_snapshot_seconds";
/// Snapshots that could not be made, and old segments that could not be put away.
pub const SNAPSHOT_FAILURES: &str = "holdfast_snapshot_failures_total";
/// The first batch behind the last snapshot.
pub const SNAPSHOT_NUMBER: &str = "holdfast_snapshot_number";

/// Tells the recorder what each metric means. Call once, when it is installed.
pub fn describe() {
    metrics::describe_counter!(COMMANDS, "Commands answered, by verb and outcome");
    metrics::describe_counter!(REJECTIONS, "Commands refused by the rules, by code");
    metrics::describe_counter!(
        FAILURES,
        "Commands not decided or of unknown durability, by reason"
    );
    metrics::describe_counter!(RESERVATIONS, "Holds placed");
    metrics::describe_counter!(EXPIRED, "Holds that ended by their deadline");
    metrics::describe_counter!(FACTS, "Facts made durable");
    metrics::describe_histogram!(GROUP_FACTS, "Facts that one sync of the journal covers");
    metrics::describe_histogram!(
        APPEND_SECONDS,
        Unit::Seconds,
        "Time of one journal append with its sync"
    );
    metrics::describe_gauge!(
        SHORT_OF_SPACE,
        "1 while the disk has no space for the journal's next segment"
    );
    metrics::describe_gauge!(
        ROOM_BYTES,
        Unit::Bytes,
        "Bytes of the journal that are taken of the disk and not written yet"
    );
    metrics::describe_gauge!(
        OWED_BYTES,
        Unit::Bytes,
        "Bytes of the journal that the endings of all live holds may need"
    );
    metrics::describe_gauge!(
        REFUSING_HOLDS,
        "1 while new holds are refused because the disk is nearly full"
    );
    describe_projection();
    metrics::describe_gauge!(INBOX, "Commands that wait, by writer");
    metrics::describe_gauge!(PARKED, "Answers that wait for the disk, by writer");
    metrics::describe_gauge!(STREAMS, "Pipeline streams that are open");
    metrics::describe_gauge!(EVENTS, "Events on sale");
    metrics::describe_gauge!(WATCHERS, "Streams of live changes that are open");
    metrics::describe_gauge!(FEEDS, "Events that are watched");
    metrics::describe_counter!(FRAMES, "Frames of live changes made, each once for all watchers");
    metrics::describe_counter!(FRAMES_MERGED, "Frames merged for watchers that were behind");
    metrics::describe_counter!(SNAPSHOTS_SENT, "Snapshots sent to watchers");
    metrics::describe_counter!(
        FEED_OVERFLOWS,
        "Times that live changes came faster than they were taken, and snapshots had to be sent"
    );
    metrics::describe_gauge!(READY, "1 while the engine serves");
    metrics::describe_gauge!(RECOVERY_SECONDS, Unit::Seconds, "Time of the last recovery");
    metrics::describe_gauge!(RECOVERY_BYTES_TOTAL, Unit::Bytes, "Bytes that recovery has to read");
    metrics::describe_gauge!(RECOVERY_BYTES_READ, Unit::Bytes, "Bytes that recovery has read");
    metrics::describe_gauge!(RECOVERY_FACTS_APPLIED, "Facts that recovery has applied");
    metrics::describe_counter!(SNAPSHOTS, "Snapshots made");
    metrics::describe_histogram!(SNAPSHOT_SECONDS, Unit::Seconds, "Time of making a snapshot");
    metrics::describe_counter!(
        SNAPSHOT_FAILURES,
        "Snapshots that could not be made, and old segments that could not be put away"
    );
    metrics::describe_gauge!(SNAPSHOT_NUMBER, "The first batch behind the last snapshot");
}

fn describe_projection() {
    metrics::describe_gauge!(PROJECTION_LAG_FACTS, "Facts that are durable and not in Postgres");
    metrics::describe_gauge!(
        PROJECTION_LAG_SECONDS,
        Unit::Seconds,
        "Age of the oldest fact that is durable and not in Postgres"
    );
    metrics::describe_gauge!(
        PROJECTION_LAG_BYTES,
        Unit::Bytes,
        "Bytes of the journal whose facts are not in Postgres"
    );
    metrics::describe_gauge!(
        PROJECTION_BUDGET_BYTES,
        Unit::Bytes,
        "Bytes of the journal that may be behind; near the end new holds are refused"
    );
    metrics::describe_gauge!(PROJECTION_REACHABLE, "1 while Postgres answers");
    metrics::describe_gauge!(
        PROJECTION_REFUSING,
        "1 while new holds are refused because too much is not in Postgres"
    );
    metrics::describe_gauge!(PROJECTION_WAITING, "Answers that wait for Postgres");
    metrics::describe_counter!(
        PROJECTION_ANSWERS,
        "Answers that were to be in Postgres, by what they left as"
    );
}

/// A writer's own handles, looked up once.
pub(crate) struct WriterMetrics {
    accepted: [Counter; VERBS.len()],
    repeated: Counter,
    refused: Counter,
    rejections: Vec<Counter>,
    pub(crate) late: Counter,
    pub(crate) unknown: Counter,
    pub(crate) storage_short: Counter,
    pub(crate) projection_behind: Counter,
    pub(crate) expired: Counter,
    pub(crate) facts: Counter,
    placed: Counter,
    pub(crate) inbox: Gauge,
    pub(crate) parked: Gauge,
    pub(crate) events: Gauge,
}

const VERBS: [&str; 9] = [
    "create_event",
    "place",
    "extend",
    "release",
    "allocate",
    "return",
    "block",
    "unblock",
    "close_event",
];

/// The position in [`VERBS`] of the verb that a change came of; `None` for an expiry.
fn verb_position(change: &Change) -> Option<usize> {
    match change {
        Change::EventCreated { .. } => Some(0),
        Change::HoldPlaced { .. } => Some(1),
        Change::HoldExtended { .. } => Some(2),
        Change::HoldReleased { .. } => Some(3),
        Change::HoldAllocated { .. } => Some(4),
        Change::SpotsReturned { .. } => Some(5),
        Change::SpotsBlocked { .. } => Some(6),
        Change::SpotsUnblocked { .. } => Some(7),
        Change::EventClosed => Some(8),
        Change::HoldExpired { .. } => None,
    }
}

impl WriterMetrics {
    pub(crate) fn new(writer: usize) -> Self {
        let writer = writer.to_string();
        let rejection = |code: &RejectionCode| metrics::counter!(REJECTIONS, "code" => code.name());
        Self {
            accepted: VERBS
                .map(|verb| metrics::counter!(COMMANDS, "verb" => verb, "outcome" => "accepted")),
            repeated: metrics::counter!(COMMANDS, "verb" => "any", "outcome" => "repeated"),
            refused: metrics::counter!(COMMANDS, "verb" => "any", "outcome" => "refused"),
            rejections: RejectionCode::ALL.iter().map(rejection).collect(),
            late: metrics::counter!(FAILURES, "reason" => "deadline_exceeded"),
            unknown: metrics::counter!(FAILURES, "reason" => "unknown"),
            storage_short: metrics::counter!(FAILURES, "reason" => "storage_short"),
            projection_behind: metrics::counter!(FAILURES, "reason" => "projection_behind"),
            expired: metrics::counter!(EXPIRED),
            facts: metrics::counter!(FACTS),
            placed: metrics::counter!(RESERVATIONS),
            inbox: metrics::gauge!(INBOX, "writer" => writer.clone()),
            parked: metrics::gauge!(PARKED, "writer" => writer),
            events: metrics::gauge!(EVENTS),
        }
    }

    pub(crate) fn answered(&self, answer: &Answer) {
        match answer {
            Answer::Accepted(accepted) if accepted.is_repeat => self.repeated.increment(1),
            Answer::Accepted(accepted) => {
                let change = &accepted.fact.change;
                if let Some(verb) = verb_position(change) {
                    self.accepted[verb].increment(1);
                }
                if matches!(change, Change::HoldPlaced { .. }) {
                    self.placed.increment(1);
                }
            }
            Answer::Refused(refusal) => {
                self.refused.increment(1);
                self.rejections[refusal.rejection.code as usize - 1].increment(1);
            }
            Answer::Hold(_) | Answer::Verified(_) => {}
        }
    }
}

/// The journal task's own handles.
pub(crate) struct JournalMetrics {
    pub(crate) append_seconds: Histogram,
    pub(crate) group_facts: Histogram,
    pub(crate) short_of_space: Gauge,
    pub(crate) room_bytes: Gauge,
    pub(crate) owed_bytes: Gauge,
    pub(crate) refusing_holds: Gauge,
}

impl JournalMetrics {
    pub(crate) fn new() -> Self {
        Self {
            append_seconds: metrics::histogram!(APPEND_SECONDS),
            group_facts: metrics::histogram!(GROUP_FACTS),
            short_of_space: metrics::gauge!(SHORT_OF_SPACE),
            room_bytes: metrics::gauge!(ROOM_BYTES),
            owed_bytes: metrics::gauge!(OWED_BYTES),
            refusing_holds: metrics::gauge!(REFUSING_HOLDS),
        }
    }
}

/// The handles of who looks after a projection.
pub(crate) struct ProjectionMetrics {
    pub(crate) lag_facts: Gauge,
    pub(crate) lag_seconds: Gauge,
    pub(crate) lag_bytes: Gauge,
    pub(crate) budget_bytes: Gauge,
    pub(crate) reachable: Gauge,
}

impl ProjectionMetrics {
    pub(crate) fn new() -> Self {
        Self {
            lag_facts: metrics::gauge!(PROJECTION_LAG_FACTS),
            lag_seconds: metrics::gauge!(PROJECTION_LAG_SECONDS),
            lag_bytes: metrics::gauge!(PROJECTION_LAG_BYTES),
            budget_bytes: metrics::gauge!(PROJECTION_BUDGET_BYTES),
            reachable: metrics::gauge!(PROJECTION_REACHABLE),
        }
    }
}

/// The handles of answers that wait for Postgres.
#[derive(Debug)]
pub(crate) struct WaitMetrics {
    pub(crate) waiting: Gauge,
    pub(crate) projected: Counter,
    pub(crate) journal_only: Counter,
}

impl WaitMetrics {
    pub(crate) fn new() -> Self {
        let left_as = |durability: Durability| {
            let durability = durability.name();
            metrics::counter!(PROJECTION_ANSWERS, "durability" => durability)
        };
        Self {
            waiting: metrics::gauge!(PROJECTION_WAITING),
            projected: left_as(Durability::JournalAndPostgres),
            journal_only: left_as(Durability::Journal),
        }
    }
}

/// The handles of the thread that makes snapshots.
pub(crate) struct SnapshotMetrics {
    made: Counter,
    seconds: Histogram,
    pub(crate) failures: Counter,
    number: Gauge,
}

impl SnapshotMetrics {
    pub(crate) fn new() -> Self {
        Self {
            made: metrics::counter!(SNAPSHOTS),
            seconds: metrics::histogram!(SNAPSHOT_SECONDS),
            failures: metrics::counter!(SNAPSHOT_FAILURES),
            number: metrics::gauge!(SNAPSHOT_NUMBER),
        }
    }

    pub(crate) fn made(&self, number: u64, took: Duration) {
        self.made.increment(1);
        self.seconds.record(took);
        self.number.set(number as f64);
    }
}
