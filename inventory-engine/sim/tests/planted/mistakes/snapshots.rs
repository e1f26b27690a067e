//! Mistakes in snapshots, and in what becomes of the segments that they stand behind.

use super::{Edit, Mistake};

const ARCHIVE: &str = "persistence/src/file/archive.rs";
const ENCODING: &str = "persistence/src/encoding/image.rs";
const IMAGE: &str = "inventory-engine/core/src/state/image.rs";
const KNOWN: &str = "persistence/src/snapshot/known.rs";
const RECOVERY: &str = "inventory-engine/src/recovery.rs";
const SNAPSHOTS: &str = "inventory-engine/src/snapshots.rs";
const WRITE: &str = "persistence/src/snapshot/write.rs";

pub(super) const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "snapshot behind its state",
        breaks: "no snapshot is ever made, and the journal grows for ever",
        edits: &[Edit::new(SNAPSHOTS, "Ok(sealed.position())", "Ok(begin.clone())")],
    },
    Mistake {
        name: "snapshot ahead of its sequences",
        breaks: "a start from a snapshot gives out sequences that the journal refuses",
        edits: &[Edit::new(
            RECOVERY,
            "position.next_sequence(section.shard())",
            "position.next_sequence(section.shard()) + 1",
        )],
    },
    Mistake {
        name: "snapshot without requests",
        breaks: "no snapshot can be used: who asks again after a start would be served twice",
        edits: &[Edit::new(IMAGE, "self.requests.image()", "EncodedFacts::default()")],
    },
    Mistake {
        name: "snapshot without extensions",
        breaks: "no snapshot of an extended hold can be used",
        edits: &[Edit::new(ENCODING, "writer.u16(hold.extensions);", "writer.u16(0);")],
    },
    Mistake {
        name: "restored buyer's limit forgets what is sold",
        breaks: "after a start from a snapshot a buyer may have more than the limit",
        edits: &[Edit::new(
            IMAGE,
            "event.add_buyer_spots(buyer_id, spots.count());",
            "if matches!(state, SeatState::Held(_)) {
                event.add_buyer_spots(buyer_id, spots.count());
            }",
        )],
    },
    Mistake {
        name: "restored holds wait for no deadline",
        breaks: "holds in a snapshot live for ever after a start",
        edits: &[Edit::new(IMAGE, "self.deadlines.insert((hold.deadline, id));", "")],
    },
    Mistake {
        name: "snapshot named before it is synced",
        breaks: "after a power cut a snapshot has a name and cannot be used",
        edits: &[Edit::new(WRITE, "self.file.sync_all()", "Ok(())")],
    },
    Mistake {
        name: "one snapshot is enough",
        breaks: "when the only snapshot is damaged, what it stood for is gone",
        edits: &[Edit::new(KNOWN, "verified == SNAPSHOTS_BEHIND", "verified == 1")],
    },
    Mistake {
        name: "needed segment pruned",
        breaks: "old segments are removed whether snapshots stand behind them or not",
        edits: &[Edit::new(
            ARCHIVE,
            "file.number < boundary",
            "file.number < boundary + 1_000_000",
        )
        .within("move |file: &&SegmentFile| file.number < boundary")],
    },
    Mistake {
        name: "compressed segment not synced",
        breaks: "a power cut takes history whose raw form was removed",
        edits: &[Edit::new(ARCHIVE, "encoder.finish()?.sync_all()?;", "encoder.finish()?;")],
    },
    Mistake {
        name: "compressed segment without its last batch",
        breaks: "history has a gap where a segment was compressed",
        edits: &[Edit::new(ARCHIVE, "&content[..used]", "&content[..used - 64]")],
    },
];
