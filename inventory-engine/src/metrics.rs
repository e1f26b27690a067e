//! The engine's metrics: their names, their words, and handles that cost an addition.

use metrics::{Counter, Gauge, Histogram, Unit};

use inventory_core::fact::Change;
use inventory_core::rejection::RejectionCode;

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
/// How long recovery took at the last start.
pub const RECOVERY_SECONDS: &str = "holdfast_recovery_seconds";

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
        "1 while there is no space for the journal's next segment: the engine stops when the \
         present one is full"
    );
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
    metrics::describe_gauge!(RECOVERY_SECONDS, Unit::Seconds, "Time of the last recovery");
}

/// A writer's own handles, looked up once.
pub(crate) struct WriterMetrics {
    accepted: [Counter; VERBS.len()],
    repeated: Counter,
    refused: Counter,
    rejections: Vec<Counter>,
    pub(crate) late: Counter,
    pub(crate) unknown: Counter,
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
}

impl JournalMetrics {
    pub(crate) fn new() -> Self {
        Self {
            append_seconds: metrics::histogram!(APPEND_SECONDS),
            group_facts: metrics::histogram!(GROUP_FACTS),
            short_of_space: metrics::gauge!(SHORT_OF_SPACE),
        }
    }
}
