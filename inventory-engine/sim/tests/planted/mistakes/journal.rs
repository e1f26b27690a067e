//! Mistakes in the writing of the journal: what is said to be durable and is not.

use super::{Edit, Mistake};

const ACTIVE: &str = "persistence/src/file/active.rs";
const CHAIN: &str = "persistence/src/chain.rs";
const EPOCH: &str = "persistence/src/file/epoch.rs";
const FILES: &str = "persistence/src/files.rs";
const JOURNAL: &str = "persistence/src/file/mod.rs";
const SEGMENT: &str = "persistence/src/segment/mod.rs";
const SPARES: &str = "persistence/src/file/spares.rs";

pub(super) const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "append without sync",
        breaks: "a power cut takes what was acknowledged",
        edits: &[Edit::new(ACTIVE, "self.file.sync_data().context(\"sync\", &self.path)?;", "")],
    },
    Mistake {
        name: "failed sync taken for success",
        breaks: "what the disk refused is acknowledged",
        edits: &[Edit::new(
            ACTIVE,
            "self.file.sync_data().context(\"sync\", &self.path)?;",
            "let _ = self.file.sync_data();",
        )],
    },
    Mistake {
        name: "segment named before it is synced",
        breaks: "after a power cut a segment has a name and no header",
        edits: &[Edit::new(ACTIVE, "self.file.sync_all()", "Ok(())").within(
            "self.file.write_all_at(records, HEADER_BYTES as u64))\n            \
             .and_then(|()| self.file.sync_all());",
        )],
    },
    Mistake {
        name: "directory not synced after a new segment",
        breaks: "a power cut takes a segment with all that was acknowledged in it",
        edits: &[Edit::new(
            ACTIVE,
            "rename_lasting(&self.machine, &self.path, &path)",
            "self.machine.disk().rename(&self.path, &path).context(\"rename\", &path)",
        )],
    },
    Mistake {
        name: "directory never synced",
        breaks: "no rename lasts",
        edits: &[Edit::new(
            FILES,
            "sync_dir(machine, to.parent().unwrap_or(Path::new(\".\")))",
            "Ok(())",
        )],
    },
    Mistake {
        name: "small file not synced",
        breaks: "after a power cut an identity or a mark is empty",
        edits: &[Edit::new(FILES, "file.sync_all()", "Ok(())")],
    },
    Mistake {
        name: "mark not synced",
        breaks: "after a power cut the mark of the newest segment is half written",
        edits: &[Edit::new(EPOCH, "file.sync_all()?;", "")],
    },
    Mistake {
        name: "mark of a new segment not written",
        breaks: "a whole segment that is gone is not missed",
        edits: &[Edit::new(
            JOURNAL,
            "self.marks.write(EpochMark::new(&next, next.first_number - 1))?;",
            "",
        )],
    },
    Mistake {
        name: "segment header from behind the group",
        breaks: "a segment says that it begins with a later batch than it does",
        edits: &[Edit::new(
            JOURNAL,
            "self.make_room(segment_if_rolled)",
            "self.make_room(self.next_segment_header())",
        )],
    },
    Mistake {
        name: "batch of the same group called durable",
        breaks: "a torn group looks like damage, and the next start is refused",
        edits: &[Edit::new(
            JOURNAL,
            "self.chain.header_of(batch, self.durable_number)",
            "self.chain.header_of(batch, self.chain.last_number)",
        )],
    },
    Mistake {
        name: "durable number not raised",
        breaks: "damage of what was acknowledged looks like the tail of a crash",
        edits: &[Edit::new(JOURNAL, "self.durable_number = self.chain.last_number;", "")],
    },
    Mistake {
        name: "checksum over the wrong range",
        breaks: "facts that were written by half are believed",
        edits: &[Edit::new(
            SEGMENT,
            "&bytes[CHECKSUM_BYTES..]",
            "&bytes[CHECKSUM_BYTES..bytes.len().min(crate::limits::RECORD_HEADER_BYTES)]",
        )],
    },
    Mistake {
        name: "digest of a shard added up twice",
        breaks: "no snapshot can be used: its header contradicts itself",
        edits: &[Edit::new(
            CHAIN,
            "self.state_digest.minus(before).plus(header.digest_after)",
            "{
                let _ = before;
                self.state_digest.plus(header.digest_after)
            }",
        )],
    },
    Mistake {
        name: "next segment never ordered",
        breaks: "the journal ends with its second segment",
        edits: &[Edit::new(SPARES, "self.order(Order::Spare);", "")
            .within("Stock::Ready(spare) => {\n                self.order(Order::Spare);")],
    },
];
