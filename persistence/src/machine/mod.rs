//! What a data directory stands on: a disk, clocks, and hands for work beside. Whoever opens the
//! directory says which machine that is; everything that works in it asks that one.
//!
//! Must always hold: what persistence does is decided by its callers and by what the machine
//! answers, and by nothing else. So a simulated machine that gives the same answers again sees
//! the same steps again.

mod clock;
mod errands;
#[cfg(any(test, feature = "simulation"))]
mod steps;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use inventory_core::time::Timestamp;

pub use self::clock::Clock;
use self::clock::RealClock;
#[cfg(any(test, feature = "simulation"))]
pub use self::clock::SimulatedClock;
pub(crate) use self::errands::Errands;
#[cfg(any(test, feature = "simulation"))]
pub use self::steps::Steps;
use crate::disk::{Disk, Entry, RealDisk};

/// A machine; cheap to clone, and a clone is the same one.
#[derive(Clone, Debug)]
pub struct Machine {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    disk: Box<dyn Disk>,
    clock: Box<dyn Clock>,
    hands: Hands,
    process_id: u32,
    /// Names for temporary files that were given out.
    names: AtomicU64,
}

/// Who does what is ordered beside.
#[derive(Debug)]
enum Hands {
    /// A thread for each work. Node ids are of time and chance.
    Threads,
    /// Whoever drives the simulation. A new directory gets this node id.
    #[cfg(any(test, feature = "simulation"))]
    Steps { steps: Steps, node_id: u128 },
}

impl Machine {
    /// The machine that this process runs on.
    pub fn real() -> Self {
        static REAL: LazyLock<Machine> = LazyLock::new(|| Machine {
            parts: Arc::new(Parts {
                disk: Box::new(RealDisk),
                clock: Box::new(RealClock),
                hands: Hands::Threads,
                process_id: std::process::id(),
                names: AtomicU64::new(1),
            }),
        });
        REAL.clone()
    }

    /// One of a simulation. No thread is ever started on it: work beside is done by
    /// [`Machine::steps`], or by whoever waits for it. A directory that is made on it belongs to
    /// `node_id`.
    #[cfg(any(test, feature = "simulation"))]
    pub fn simulated(
        disk: impl Disk + 'static,
        clock: impl Clock + 'static,
        node_id: u128,
    ) -> Self {
        let parts = Parts {
            disk: Box::new(disk),
            clock: Box::new(clock),
            hands: Hands::Steps { steps: Steps::default(), node_id },
            // In a container every life has the same one.
            process_id: 1,
            names: AtomicU64::new(1),
        };
        Self { parts: Arc::new(parts) }
    }

    /// Its disk.
    pub fn disk(&self) -> &dyn Disk {
        &*self.parts.disk
    }

    /// The wall clock, for the people who read when something was created, and for how long
    /// history is kept.
    pub fn wall_clock(&self) -> Timestamp {
        self.parts.clock.wall()
    }

    /// Time that passed since it was started, asleep or awake. Never goes back.
    pub fn since_boot(&self) -> Duration {
        self.parts.clock.since_boot()
    }

    /// Whether there are threads to share work with. On a simulated one there are none: what they
    /// would do first, no seed could decide.
    pub fn has_threads(&self) -> bool {
        matches!(self.parts.hands, Hands::Threads)
    }

    /// The work that waits for somebody to do it; `None` where threads do.
    #[cfg(any(test, feature = "simulation"))]
    pub fn steps(&self) -> Option<&Steps> {
        match &self.parts.hands {
            Hands::Threads => None,
            Hands::Steps { steps, .. } => Some(steps),
        }
    }

    /// An id for a new data directory that no other one has.
    pub(crate) fn new_node_id(&self) -> u128 {
        match &self.parts.hands {
            Hands::Threads => uuid::Uuid::now_v7().as_u128(),
            #[cfg(any(test, feature = "simulation"))]
            Hands::Steps { node_id, .. } => *node_id,
        }
    }

    /// What makes a temporary name one that nobody else uses.
    pub(crate) fn next_name(&self) -> (u32, u64) {
        (self.parts.process_id, self.parts.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Bytes of the file at a path; `None` if there is nothing that can be looked at.
    pub(crate) fn bytes_at(&self, path: &Path) -> Option<u64> {
        match self.disk().look_at(path) {
            Ok(Entry::File { bytes }) => Some(bytes),
            Ok(Entry::Directory) | Err(_) => None,
        }
    }
}
