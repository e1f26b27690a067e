//! Sides that are no server but work of this process: the disk by itself, and the core's floor.
//!
//! Must always hold: between its rounds such a side does nothing, so that there is nothing to
//! pause, and a round has a thread of its own, so that nobody else's work waits behind it.

use std::sync::Arc;

use anyhow::Context;
use futures::FutureExt;
use futures::future::BoxFuture;
use inventory_engine::limits::BATCH_COMMANDS_MAX;

use super::disk::{Disk, Group, Way};
use super::floor;
use crate::measured::Measured;
use crate::side::{Setting, Side, Starting};
use crate::workload::Load;

/// Facts of a group of the disk: two turns of a writer. Under the stream of 64 a message and 8 x
/// 1,024 in flight one sync of the engine's journal made 987 facts durable in the mean of 1,487
/// groups (`holdfast_journal_group_facts`).
const GROUP_FACTS: usize = 2 * BATCH_COMMANDS_MAX;

/// Groups of the journal's bytes, written and synced as the journal does it.
pub fn disk_written(_: &Setting, load: &Load) -> Starting<'static> {
    disk(Way::WriteAndSync, load)
}

/// The same groups past the page cache.
pub fn disk_direct(_: &Setting, load: &Load) -> Starting<'static> {
    disk(Way::Direct, load)
}

fn disk(way: Way, load: &Load) -> Starting<'static> {
    let load = load.clone();
    let start = move || {
        let group = Group::of(&floor::facts(&load, GROUP_FACTS)?);
        let disk = Disk::start(way, group)?;
        Ok(Here::boxed(move |load| disk.run(load)))
    };
    async { on_a_thread(start).await }.boxed()
}

/// `decide` and `apply`.
pub fn core(_: &Setting, _: &Load) -> Starting<'static> {
    async { Ok(Here::boxed(|load| Ok(floor::core(load)))) }.boxed()
}

/// An array and a hash map.
pub fn bare(_: &Setting, _: &Load) -> Starting<'static> {
    async { Ok(Here::boxed(|load| Ok(floor::bare(load)))) }.boxed()
}

/// A round of this process.
struct Here<R>(Arc<R>);

impl<R: Fn(&Load) -> anyhow::Result<Measured> + Send + Sync + 'static> Here<R> {
    fn boxed(round: R) -> Box<dyn Side> {
        Box::new(Self(Arc::new(round)))
    }
}

impl<R: Fn(&Load) -> anyhow::Result<Measured> + Send + Sync + 'static> Side for Here<R> {
    fn round<'a>(&'a mut self, load: &'a Load) -> BoxFuture<'a, anyhow::Result<Measured>> {
        let (round, load) = (Arc::clone(&self.0), load.clone());
        on_a_thread(move || round(&load)).boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, anyhow::Result<()>> {
        std::future::ready(Ok(())).boxed()
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("work of this process panicked")?
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::side::Start;
    use crate::testing::until_confirmed;

    #[tokio::test]
    async fn each_takes_rounds_and_refuses_nothing() {
        let [holdfast, bench, folder] = [(); 3].map(|()| PathBuf::new());
        let setting = Setting { holdfast, bench, folder, rounds: 3 };
        let load = Load {
            events: 1,
            seats: 50_000,
            clients: 1,
            depth: 1,
            warm_up: Duration::ZERO,
            measured: Duration::ZERO,
            seed: 1,
        };
        let sides: [(Start, bool); 4] =
            [(disk_written, true), (disk_direct, true), (core, false), (bare, false)];
        for (start, is_timed) in sides {
            let mut side = start(&setting, &load).await.unwrap();
            let round = async |measured| side.round(&Load { measured, ..load.clone() }).await;
            let measured = until_confirmed(round).await.unwrap();
            assert_eq!(measured.refused, 0);
            assert_eq!(measured.p99_micros().is_some(), is_timed, "a floor has no latencies");
            side.finish().await.unwrap();
        }
    }
}
