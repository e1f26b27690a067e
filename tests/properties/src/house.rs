//! An engine in memory for one input: its journal, its charts and one event on sale.
//!
//! Must always hold: every house is the same at its beginning, and when it is left, the engine has
//! answered everybody, has not stopped by itself, and finds nothing wrong with any event.

use std::sync::LazyLock;

use inventory_core::ids::{EventId, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::ShardState;
use inventory_core::time::Timestamp;
use inventory_engine::answer::Answer;
use inventory_engine::engine::Engine;
use inventory_engine::grpc::Services;
use persistence::batch::Batch;
use persistence::dir::DataDir;
use persistence::disk::simulated::SimulatedDisk;
use persistence::journal::{Append, Journal};
use persistence::machine::{Machine, SimulatedClock};
use persistence::memory::MemoryJournal;
use tokio::runtime::{Builder, Runtime};
use tonic::service::Routes;

use crate::story::{self, CHART, Story};

/// What everything that is not the engine's own threads runs on.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(2).build();
    runtime.expect("a runtime can be had")
});

/// Events that one input creates are far fewer.
const EVENTS_MAX: usize = 1_000;

/// A running engine.
pub(crate) struct House {
    engine: Engine,
    routes: Routes,
}

/// Opens a house, lets `visit` do something in it, and leaves it.
pub(crate) fn with_house(visit: impl AsyncFnOnce(&House)) {
    RUNTIME.block_on(async {
        let house = House::open().await;
        visit(&house).await;
        house.leave().await;
    });
}

impl House {
    async fn open() -> Self {
        let Story { state, facts } = story::on_sale();
        let mut journal = MemoryJournal::new();
        let (shard, epoch) = (state.shard(), journal.epoch());
        let batch = Batch::new(shard, epoch, 1, facts, state.digest());
        let batch = batch.expect("the story follows the limits");
        assert!(matches!(journal.append(&[batch]), Append::Durable));
        let others = (0..SHARDS).map(ShardId).filter(|other| *other != shard);
        let others = others.map(|other| (ShardState::new(other), 1));
        let shards = others.chain([(state, 2)]).collect();

        let disk = SimulatedDisk::new(256 << 20, 1);
        let clock = SimulatedClock::new(Timestamp(1_700_000_000_000));
        let machine = Machine::simulated(disk, clock, 1);
        let charts = DataDir::open_on(machine, "/data").expect("the disk is whole").charts();
        let document = inventory_charts::to_canonical_bytes(&CHART);
        charts.put(&document).expect("the disk has space");
        let engine = Engine::start_on(Box::new(journal), shards, charts, 1);
        let engine = engine.expect("threads can be had");
        let services = Services::of(&engine.handle()).await;
        let routes = services.expect("the contracts are sound").routes();
        Self { engine, routes }
    }

    /// Its services, to be called in process.
    pub(crate) fn routes(&self) -> Routes {
        self.routes.clone()
    }

    async fn leave(self) {
        let Self { engine, routes } = self;
        let handle = engine.handle();
        let (events, _) = handle.directory().events_after(EventId(0), EVENTS_MAX);
        let events: Vec<EventId> = events.iter().map(|event| event.id).collect();
        assert!(events.contains(&story::EVENT));
        for event_id in events {
            match handle.verify(event_id, None).await {
                Ok(Answer::Verified(Some(verified))) => {
                    assert_eq!(verified.violations, Vec::<String>::new());
                }
                other => panic!("event {event_id} was verified as {other:?}"),
            }
        }
        drop((handle, routes));
        assert_eq!(engine.shutdown().await.map(|reason| format!("{reason:?}")), None);
    }
}
