//! Mistakes in a start: what is read of the journal, and what goes on from there.

use super::{Edit, Mistake};

const ACTIVE: &str = "persistence/src/file/active.rs";
const CLOCK: &str = "inventory-engine/src/clock.rs";
const FILE_RECOVERY: &str = "persistence/src/file/recovery.rs";
const RECOVERY: &str = "inventory-engine/src/recovery.rs";
const REPLAY: &str = "inventory-engine/src/replay.rs";
const SCAN: &str = "persistence/src/file/scan.rs";
const WITNESS: &str = "persistence/src/file/witness.rs";

pub(super) const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "double apply on replay",
        breaks: "what happened once happens twice when it is read",
        edits: &[Edit::new(
            REPLAY,
            "state.apply(fact)",
            "{
                state.apply(fact);
                state.apply(fact)
            }",
        )],
    },
    Mistake {
        name: "sequence reused after a start",
        breaks: "the journal refuses the first batch of a shard after each start",
        edits: &[Edit::new(RECOVERY, "batch.sequence() + 1", "batch.sequence()")],
    },
    Mistake {
        name: "epoch not raised",
        breaks: "what two starts wrote cannot be told apart",
        edits: &[Edit::new(
            FILE_RECOVERY,
            "self.scanner.highest_epoch().0 + 1",
            "self.scanner.highest_epoch().0",
        )],
    },
    Mistake {
        name: "start writes over the tail",
        breaks: "the first append after a start takes the last batch with it",
        edits: &[Edit::new(
            ACTIVE,
            "(HEADER_BYTES + records.len()) as u64",
            "records.len() as u64",
        )
        .within(
            "file_name(header.first_number));\n        \
                 let position = (HEADER_BYTES + records.len()) as u64;\n        \
                 let capacity = self.capacity",
        )],
    },
    Mistake {
        name: "start copies whole pages only",
        breaks: "the acknowledged end of a segment is cut, and its LSNs are given away again",
        edits: &[Edit::new(
            FILE_RECOVERY,
            "(SegmentHeader { epoch, ..header }, records)",
            "(
                SegmentHeader { epoch, ..header },
                &records[..records.len() / 4_096 * 4_096],
            )",
        )],
    },
    Mistake {
        name: "batch of an earlier epoch refused",
        breaks: "the second start is refused, for what was written before the first",
        edits: &[Edit::new(
            SCAN,
            "header.epoch > open.header.epoch",
            "header.epoch != open.header.epoch",
        )],
    },
    Mistake {
        name: "durable tail cut",
        breaks: "damage of what was acknowledged is cut like the tail of a crash",
        edits: &[Edit::new(SCAN, "witnesses.durable_number > self.chain.last_number", "false")],
    },
    Mistake {
        name: "torn tail taken for damage",
        breaks: "a start is refused for what was never acknowledged",
        edits: &[Edit::new(
            WITNESS,
            "self.durable_number.max(header.durable_number)",
            "self.durable_number.max(header.number)",
        )],
    },
    Mistake {
        name: "time goes back after a start",
        breaks: "with a wall clock that was set back holds live longer than they may",
        edits: &[Edit::new(CLOCK, "wall.max(last_at)", "wall")],
    },
];
