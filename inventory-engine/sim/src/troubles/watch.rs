//! What looks at each operation on a disk, and lets go wrong what was prepared for it.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use persistence::disk::Access;
use persistence::disk::simulated::{Chance, Fault, Kind, Operation};

use crate::node::DATA_DIR;
use crate::tally::Tally;

/// How far ahead something is prepared; a first start takes about as many.
const OPERATIONS_AHEAD: usize = 50;
const FAILED_SYNC: &str = "failed sync";
const POWER_CUT: &str = "power cut within a step";

/// What looks at each operation.
#[derive(Default)]
pub(super) struct Watch {
    prepared: Option<Prepared>,
    has_struck: bool,
    /// In front of which operation the power goes when it is done next, whatever else happens.
    pub(super) ordered: Option<String>,
    pub(super) has_lost_power: bool,
    /// At the operation of which number what goes wrong.
    pub(super) at: Option<(usize, Fault)>,
    /// All operations that change something, each by its name.
    pub(super) changes: Vec<(String, Kind)>,
    /// How long each sync takes.
    pub(super) sync_takes: Duration,
    pub(super) operations: BTreeMap<String, Operations>,
}

/// How often something was done to files of one kind, and how often it went wrong.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Operations {
    /// How often it was done.
    pub done: u64,
    /// How often the power was cut in front of it.
    pub cut: u64,
    /// How often it failed.
    pub failed: u64,
}

/// Something that goes wrong at one of the next operations that it fits.
struct Prepared {
    name: &'static str,
    fault: Fault,
    /// Only at operations of this name.
    only: Option<String>,
    left: usize,
}

impl Prepared {
    fn fits(&self, kind: Kind, name: &str) -> bool {
        if self.only.as_deref().is_some_and(|only| only != name) {
            return false;
        }
        match self.fault {
            Fault::PowerCut => kind.changes(),
            Fault::Short { .. } => matches!(kind, Kind::Write(_)),
            _ if self.name == FAILED_SYNC => matches!(kind, Kind::Sync | Kind::SyncDir),
            _ => kind.changes() && kind != Kind::Sync,
        }
    }
}

impl Watch {
    /// Prepares something that will go wrong soon. Says what.
    pub(super) fn prepare(&mut self, chance: &mut Chance) -> String {
        let kind = [io::ErrorKind::Other, io::ErrorKind::StorageFull][chance.below(2)];
        if chance.once_in(4) {
            return self.prepare_cut_at_a_sync(chance);
        }
        let (name, fault) = match chance.below(6) {
            0 => (FAILED_SYNC, Fault::Fail(io::ErrorKind::Other)),
            1 => ("failed operation", Fault::Fail(kind)),
            2 => ("short write", Fault::Short { bytes: chance.below(600), kind }),
            _ => (POWER_CUT, Fault::PowerCut),
        };
        // Half of the time at something that was done before, however seldom that is.
        let known = chance.below(self.operations.len());
        let only = self.operations.keys().nth(known).filter(|_| chance.once_in(2)).cloned();
        let left = 1 + chance.below(if only.is_some() { 1 } else { OPERATIONS_AHEAD });
        self.set(Prepared { name, fault, only, left })
    }

    /// The power goes at one of the next syncs of the journal: some of a group is there.
    fn prepare_cut_at_a_sync(&mut self, chance: &mut Chance) -> String {
        let only = ["sync journal/#.journal", "sync journal/next.#.tmp"][chance.below(2)];
        let left = 1 + chance.below(4);
        let (name, only) = (POWER_CUT, Some(only.to_owned()));
        self.set(Prepared { name, fault: Fault::PowerCut, only, left })
    }

    fn set(&mut self, prepared: Prepared) -> String {
        let Prepared { name, only, left, .. } = &prepared;
        let said = format!("{name} in {left} operations, {only:?}");
        (self.prepared, self.has_struck) = (Some(prepared), false);
        said
    }

    /// Whether something is prepared that has not struck.
    pub(super) fn is_prepared(&self) -> bool {
        self.prepared.is_some() && !self.has_struck
    }

    /// Whether something has struck that was not counted yet.
    pub(super) fn has_struck(&self) -> bool {
        self.has_struck || self.has_lost_power
    }

    /// Counts what was prepared if it has struck, and says whether it has. If not, it will not.
    pub(super) fn settle(&mut self, tally: &mut Tally) -> bool {
        let prepared = self.prepared.take();
        let has_struck = std::mem::take(&mut self.has_struck);
        let has_lost_power = std::mem::take(&mut self.has_lost_power);
        let prepared = prepared.filter(|prepared| prepared.fault != Fault::PowerCut);
        if let Some(Prepared { name, .. }) = prepared.filter(|_| has_struck) {
            tally.fault(name);
        }
        if has_lost_power {
            tally.fault(POWER_CUT);
        }
        has_struck || has_lost_power
    }

    /// An operation is about to be done: whether it is to go wrong.
    pub(super) fn see(&mut self, operation: &Operation) -> Option<Fault> {
        if !operation.kind.changes() {
            return None;
        }
        let name = name_of(operation);
        let seen = self.operations.entry(name.clone()).or_default();
        seen.done += 1;
        self.changes.push((name.clone(), operation.kind));
        if let Some((_, fault)) = self.at.filter(|(at, _)| *at == self.changes.len()) {
            match fault {
                Fault::PowerCut => (self.has_lost_power, seen.cut) = (true, seen.cut + 1),
                _ => (self.has_struck, seen.failed) = (true, seen.failed + 1),
            }
            return Some(fault);
        }
        if self.ordered.as_ref() == Some(&name) {
            (self.ordered, self.has_lost_power) = (None, true);
            seen.cut += 1;
            return Some(Fault::PowerCut);
        }
        let prepared = self.prepared.as_mut().filter(|_| !self.has_struck)?;
        if !prepared.fits(operation.kind, &name) {
            return None;
        }
        prepared.left -= 1;
        if prepared.left > 0 {
            return None;
        }
        self.has_struck = true;
        match prepared.fault {
            Fault::PowerCut => {
                self.has_lost_power = true;
                seen.cut += 1;
            }
            _ => seen.failed += 1,
        }
        Some(prepared.fault)
    }
}

/// What is done, to what kind of file: numbers and hashes in names say only which. An open file
/// has the name that it was opened by.
fn name_of(operation: &Operation) -> String {
    let kind = match operation.kind {
        Kind::Open(Access::Create) => "create or open",
        Kind::Open(_) => "create",
        Kind::Rename => "rename to",
        Kind::Exchange => "exchange",
        Kind::Remove => "remove",
        Kind::CreateDir => "create folder",
        Kind::SyncDir => "sync folder",
        Kind::Write(_) => "write",
        Kind::Allocate => "allocate",
        Kind::SetLength => "set length of",
        Kind::Sync => "sync",
        _ => "other",
    };
    let path = operation.path.strip_prefix(DATA_DIR).unwrap_or(&operation.path);
    let path = path.to_string_lossy();
    let names: Vec<_> = path.split('/').map(kind_of_name).collect();
    format!("{kind} {}", names.join("/"))
}

fn kind_of_name(name: &str) -> String {
    let is_number = |part: &str| {
        !part.is_empty() && part.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-')
    };
    let parts = name.split('.').filter(|part| part.len() > 1 || !is_number(part));
    parts.map(|part| if is_number(part) { "#" } else { part }).collect::<Vec<_>>().join(".")
}
