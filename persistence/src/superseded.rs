//! What an engine acknowledged that does not count any more, since its shards were taken over:
//! `superseded.jsonl` in its data directory, a line a fact as `holdfast journal dump` shows it.

use std::path::PathBuf;

use inventory_core::ids::Lsn;

use crate::dir::DataDirPaths;
use crate::dump::{FactRecord, dump};
use crate::file::error::Error;
use crate::files::write_lasting;

/// What was listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Superseded {
    /// Where the list is.
    pub path: PathBuf,
    /// How many facts there are.
    pub facts: u64,
    /// How many of them sold something.
    pub allocations: u64,
}

/// Lists all facts behind these LSNs, the last ones of shard 0, 1, 2 and so on that count.
pub fn list(paths: &DataDirPaths, lsns: &[Lsn]) -> Result<Superseded, Error> {
    let path = paths.path().join("superseded.jsonl");
    let mut listed = Superseded { path, facts: 0, allocations: 0 };
    let mut lines = Vec::new();
    for record in dump(paths.path())? {
        let record = record?;
        let counts = lsns.get(usize::from(record.shard)).is_some_and(|last| record.lsn <= last.0);
        if counts {
            continue;
        }
        listed.facts += 1;
        listed.allocations += u64::from(is_sale(&record));
        serde_json::to_writer(&mut lines, &record).expect("a record is always JSON");
        lines.push(b'\n');
    }
    write_lasting(paths.machine(), &listed.path, &lines)?;
    Ok(listed)
}

fn is_sale(record: &FactRecord) -> bool {
    record.change == "hold_allocated"
}
