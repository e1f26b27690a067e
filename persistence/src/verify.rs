//! `holdfast journal verify`: reads a whole journal and says what is in it, and whether it is
//! whole. Changes nothing and needs no lock.

use std::fmt;
use std::path::Path;

use crate::file::error::{Damage, Error};
use crate::file::reader::JournalReader;
use crate::file::{SegmentSummary, UnsyncedTail};

/// What is in a journal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verification {
    /// The node that wrote it.
    pub node_id: u128,
    /// The first batch of its history: 1, unless what was in front of it has been pruned.
    pub begins_with: u64,
    /// Its segments, in order.
    pub segments: Vec<SegmentSummary>,
    /// Batches that can be read.
    pub batches: u64,
    /// Facts that can be read.
    pub facts: u64,
    /// Shards that have any.
    pub shards: usize,
    /// What lies unsynced behind the last batch; the next start cuts it.
    pub tail: Option<UnsyncedTail>,
    /// Where reading ended too early.
    pub damage: Option<Damage>,
}

/// The outcome in one word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// All is whole.
    Whole,
    /// All that was durable is whole; an unsynced group is left behind it.
    UnsyncedTail,
    /// Something that was durable is lost.
    Damaged,
}

/// Reads the whole journal of a data directory. Damage is part of the result; an error is what
/// kept it from being read at all.
pub fn verify(data_dir: impl AsRef<Path>) -> Result<Verification, Error> {
    let mut reader = JournalReader::open(data_dir)?;
    let damage = loop {
        match reader.next_batch() {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(Error::Damage(damage)) => break Some(*damage),
            Err(error) => return Err(error),
        }
    };
    let segments = reader.segments().to_vec();
    Ok(Verification {
        node_id: reader.identity().node_id,
        begins_with: reader.begins_with(),
        batches: segments.iter().map(|segment| segment.batches).sum(),
        facts: segments.iter().map(|segment| segment.facts).sum(),
        shards: reader.shards_in_use(),
        tail: reader.tail().cloned(),
        segments,
        damage,
    })
}

impl Verification {
    /// The outcome in one word.
    pub fn outcome(&self) -> Outcome {
        match (&self.damage, &self.tail) {
            (Some(_), _) => Outcome::Damaged,
            (None, Some(_)) => Outcome::UnsyncedTail,
            (None, None) => Outcome::Whole,
        }
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "journal of node {:032x}", self.node_id)?;
        if self.begins_with > 1 {
            let first = self.begins_with;
            writeln!(f, "  history begins with batch {first}; what was in front has been pruned")?;
        }
        for segment in &self.segments {
            let name = segment.path.file_name().unwrap_or_default().display();
            let SegmentSummary { epoch, first_number, batches, facts, bytes, .. } = segment;
            write!(f, "  {name}  epoch {epoch}  ")?;
            match batches {
                0 => write!(f, "no batches")?,
                _ => write!(f, "batches {first_number} to {}", first_number + batches - 1)?,
            }
            writeln!(f, "  {facts} facts  {bytes} bytes")?;
        }
        let Self { batches, facts, shards, .. } = self;
        writeln!(f, "{facts} facts in {batches} batches of {shards} shards")?;
        if let Some(UnsyncedTail { path, offset, bytes }) = &self.tail {
            let path = path.display();
            writeln!(
                f,
                "unsynced tail: {bytes} bytes at byte {offset} of {path}, never acknowledged; \
                 the next start cuts them"
            )?;
        }
        match &self.damage {
            Some(damage) => write!(f, "DAMAGED: {damage}"),
            None => write!(f, "whole: every checksum, number and LSN follows the one before it"),
        }
    }
}
