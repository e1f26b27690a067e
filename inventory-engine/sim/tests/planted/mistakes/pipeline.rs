//! Mistakes on the way from a decision to its answer, and in the room that is kept for endings.

use super::{Edit, Mistake};

const PIPELINE: &str = "inventory-engine/src/pipeline.rs";
const ROOM: &str = "inventory-engine/src/room.rs";

pub(super) const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "reply before sync",
        breaks: "what is acknowledged may be gone after a crash",
        edits: &[Edit::new(PIPELINE, "rests_on <= lane.durable_lsn", "true")],
    },
    Mistake {
        name: "refusal of an undurable state",
        breaks: "somebody is refused for what after a crash never was",
        edits: &[Edit::new(
            PIPELINE,
            "rests_on <= lane.durable_lsn",
            "rests_on <= lane.durable_lsn || matches!(answer, Answer::Refused(_))",
        )],
    },
    Mistake {
        name: "repeat does not wait for the sync",
        breaks: "who asks twice is told of what may be gone after a crash",
        edits: &[Edit::new(
            PIPELINE,
            "rests_on <= lane.durable_lsn",
            "rests_on <= lane.durable_lsn
                || matches!(&answer, Answer::Accepted(accepted) if accepted.is_repeat)",
        )],
    },
    Mistake {
        name: "every answer let go at once",
        breaks: "answers go out with a sync that was not theirs",
        edits: &[Edit::new(PIPELINE, "parked.0 <= lsn", "parked.0 > Lsn(0)")],
    },
    Mistake {
        name: "answer before its fact is shown",
        breaks: "who bought a seat sees it as free",
        edits: &[Edit::new(PIPELINE, "fact.lsn <= lsn", "fact.lsn < lsn")],
    },
    Mistake {
        name: "idle shard never woken",
        breaks: "holds of a shard outlive their deadlines until somebody asks for something",
        edits: &[Edit::new(PIPELINE, "self.note_deadline(shard);", "").within(
            "if is_new {\n            self.fresh.insert(shard);\n            \
             self.note_deadline(shard);",
        )],
    },
    Mistake {
        name: "recovered shard never woken",
        breaks: "holds from before a start outlive their deadlines",
        edits: &[Edit::new(PIPELINE, "pipeline.note_deadline(shard);", "")],
    },
    Mistake {
        name: "sequence not raised",
        breaks: "the journal refuses the second batch of a shard",
        edits: &[Edit::new(PIPELINE, "lane.next_sequence += 1;", "")],
    },
    Mistake {
        name: "no room kept for endings",
        breaks: "on a full disk holds can be neither sold nor released",
        edits: &[Edit::new(ROOM, "bytes + margin_bytes", "margin_bytes")],
    },
    Mistake {
        name: "room of ended holds never given back",
        breaks: "after a while new holds are refused although there is space",
        edits: &[Edit::new(
            ROOM,
            "if is_taken { toll.owed_before } else { toll.owed_after }",
            "if is_taken { 0 } else { toll.owed_after }",
        )],
    },
    Mistake {
        name: "ending refused for want of room",
        breaks: "a hold cannot be sold on a full disk, though room was kept for it",
        edits: &[Edit::new(
            ROOM,
            "toll(Kind::Ending, ending_bytes(had), 0)",
            "toll(Kind::Claim, ending_bytes(had), 0)",
        )],
    },
];
