//! What lasts: the journal as it would be if the power went now, read from its first fact that is
//! still there.

use std::path::PathBuf;
use std::sync::Arc;

use inventory_core::fact::Change;
use inventory_core::ids::ShardId;
use inventory_core::state::{Memory, ShardState};
use inventory_core::time::Timestamp;
use persistence::dir::DataDirPaths;
use persistence::disk::simulated::{PowerCut, SimulatedDisk};
use persistence::file::reader::JournalReader;
use persistence::machine::{Machine, SimulatedClock};

use crate::auditor::Auditor;
use crate::node::DATA_DIR;

/// Batches of one append, at most: some turns of a few shards.
const GROUP_BATCHES: usize = 9;

/// Reads all of it: each batch is what was decided, and where nothing was removed yet, each leads
/// to the state whose digest it names, and all of them to the states that are served.
pub(crate) fn read_all(
    disk: &SimulatedDisk,
    memory: Memory,
    shards: &[(ShardState, u64)],
    auditor: &Auditor,
) -> Result<(), String> {
    let paths =
        DataDirPaths::read_on(as_it_lasts(disk), DATA_DIR).map_err(|error| error.to_string())?;
    let paths = paths.ok_or("there is no data directory")?;
    let unreadable = |error| format!("the journal cannot be read: {error}");
    let mut reader = JournalReader::of(&paths).map_err(unreadable)?;
    let mut replay = (reader.begins_with() == 1).then(|| Replay::new(memory));
    while let Some(stored) = reader.next_batch().map_err(unreadable)? {
        let batch = stored.batch;
        auditor.journaled(&batch)?;
        let Some(replay) = &mut replay else { continue };
        let state = replay.shard(batch.shard());
        batch.facts().iter().for_each(|fact| {
            if let Change::EventCreated { chart, .. } = fact.change {
                state.register_chart(chart, Arc::clone(&auditor.venue().chart));
            }
            state.apply(fact);
        });
        if state.digest() != batch.digest_after() {
            return Err(format!("a replay of {batch:?} leads elsewhere"));
        }
    }
    let Some(mut replay) = replay else { return Ok(()) };
    for (state, _) in shards {
        if replay.shard(state.shard()).digest() != state.digest() {
            return Err(format!("shard {} is not what lasts of it", state.shard()));
        }
    }
    Ok(())
}

/// The segment that was written last, and where in it batches stand that are durable for sure: all
/// but as many as one append may have written. `None` if there are none.
pub(crate) fn durable_batches(disk: &SimulatedDisk) -> Option<(PathBuf, Vec<(u64, u64)>)> {
    let machine = as_it_lasts(disk);
    let paths = DataDirPaths::read_on(machine, DATA_DIR).ok().flatten()?;
    let mut reader = JournalReader::of(&paths).ok()?;
    let mut batches = Vec::new();
    while let Some(stored) = reader.next_batch().ok()? {
        let segment = reader.segments().len();
        batches.push((segment, stored.offset, stored.bytes));
    }
    batches.truncate(batches.len().saturating_sub(GROUP_BATCHES));
    let last = reader.segments().len();
    let of_last = batches.into_iter().filter(|&(segment, ..)| segment == last);
    let of_last: Vec<_> = of_last.map(|(_, offset, bytes)| (offset, bytes)).collect();
    let path = reader.segments().last()?.path.clone();
    (!of_last.is_empty()).then_some((path, of_last))
}

fn as_it_lasts(disk: &SimulatedDisk) -> Machine {
    Machine::simulated(disk.after(PowerCut::HARSH), SimulatedClock::new(Timestamp(0)), 0)
}

/// States from nothing but facts.
struct Replay {
    memory: Memory,
    shards: Vec<ShardState>,
}

impl Replay {
    fn new(memory: Memory) -> Self {
        Self { memory, shards: Vec::new() }
    }

    fn shard(&mut self, shard: ShardId) -> &mut ShardState {
        let place = self.shards.iter().position(|state| state.shard() == shard);
        let place = place.unwrap_or_else(|| {
            self.shards.push(ShardState::remembering(shard, 0, self.memory));
            self.shards.len() - 1
        });
        &mut self.shards[place]
    }
}
