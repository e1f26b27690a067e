//! Short rounds of a row as it is run: the same clients ask the engine and its limit, and the
//! engine is held against what they know. Nothing is said about speed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use benches::client::{Round, admin, stream, unary};
use benches::measured::Measured;
use benches::noop;
use benches::testing::until_confirmed;
use benches::workload::{Choice, Load, Sale};
use futures::future::try_join_all;
use inventory_engine::engine::{Engine, EngineOptions};
use inventory_engine::grpc::Services;
use inventory_engine::progress::RecoveryProgress;
use inventory_engine::snapshots::SnapshotOptions;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// So small that several events are sold out.
const SEATS: u32 = 400;
const EVENTS: u32 = 300;

fn load(measured: Duration) -> Load {
    Load {
        events: 1,
        seats: SEATS,
        clients: 2,
        depth: 32,
        warm_up: Duration::from_millis(20),
        measured,
        seed: 11,
    }
}

/// A round of streams, and then two of unary calls, by id and of the best that is available.
async fn rounds(address: &str, sale: &Arc<Sale>) -> anyhow::Result<[Measured; 3]> {
    let channel = admin::connect(address).await?;
    let streams = async |window| {
        let load = load(window);
        let round = Round::begin(sale, &load);
        let clients = 0..load.clients;
        let streams = clients.map(|client| stream::run(channel.clone(), round.clone(), client, 8));
        Ok(Measured::merged(window, try_join_all(streams).await?))
    };
    let unary = async |choice| {
        let round = async |window| {
            let round = Round::begin(sale, &load(window));
            unary::run(channel.clone(), round, 0, choice).await
        };
        until_confirmed(round).await
    };
    let streams = until_confirmed(streams).await?;
    Ok([streams, unary(Choice::ById).await?, unary(Choice::BestAvailable).await?])
}

async fn listen() -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    Ok((listener, address))
}

/// An engine with events on sale.
struct House {
    engine: Engine,
    address: String,
    shutdown: CancellationToken,
    server: JoinHandle<anyhow::Result<()>>,
    _folder: TempDir,
}

impl House {
    async fn open(seats: u32) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let options = EngineOptions {
            data_dir: folder.path().join("data"),
            writers: 1,
            journal: persistence::file::Options { segment_bytes: 1 << 20 },
            snapshots: SnapshotOptions::default(),
            projection: None,
        };
        let engine = Engine::start(&options, &Arc::new(RecoveryProgress::default()))?;
        let (listener, address) = listen().await?;
        let shutdown = CancellationToken::new();
        let services = Services::of(&engine.handle()).await?;
        let serve = services.serve(listener, shutdown.clone());
        let server = tokio::spawn(async { serve.await.map_err(anyhow::Error::from) });
        let organizer = admin::connect(&address).await?;
        admin::prepare(&organizer, seats, EVENTS).await?;
        Ok(Self { engine, address, shutdown, server, _folder: folder })
    }

    /// Whether what was sold is what the clients know of.
    async fn verify(&self, sale: &Sale) -> anyhow::Result<()> {
        let organizer = admin::connect(&self.address).await?;
        admin::verify(&organizer, sale, 0).await
    }

    async fn close(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.server.await??;
        ensure!(self.engine.shutdown().await.is_none(), "the engine has stopped by itself");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_sells_what_its_clients_were_told() {
    let house = House::open(SEATS).await.unwrap();
    let sale = Arc::new(Sale::new(1, SEATS, EVENTS));
    let [streams, by_id, best] = rounds(&house.address, &sale).await.unwrap();
    for measured in [&streams, &by_id] {
        assert_eq!(measured.refused, 0, "no two picks have a seat in common");
    }
    for measured in [streams, by_id, best] {
        assert_eq!(measured.latency.len(), measured.confirmed);
    }
    assert!(sale.seats_sold() > 0);
    house.verify(&sale).await.unwrap();

    // What the clients do not know of is found.
    let other = Sale::new(1, SEATS, EVENTS);
    assert!(house.verify(&other).await.is_err());
    house.close().await.unwrap();
}

/// The clients believe in twice as many seats as there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_two_seats_are_left_the_best_available_are_refused_and_the_sale_goes_on() {
    let house = House::open(SEATS / 2).await.unwrap();
    let sale = Arc::new(Sale::new(1, SEATS, EVENTS));
    let channel = admin::connect(&house.address).await.unwrap();
    let round = async |window| {
        let round = Round::begin(&sale, &load(window));
        unary::run(channel.clone(), round, 0, Choice::BestAvailable).await
    };
    let mut refused = 0;
    // An event is left when as many were refused as there are too few. All events end the test.
    while refused == 0 || sale.events_touched().count() == 1 {
        let measured = until_confirmed(round).await.unwrap();
        assert_eq!(measured.latency.len(), measured.confirmed, "a refusal has no latency");
        refused += measured.refused;
    }
    house.verify(&sale).await.unwrap();
    drop(channel);
    house.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_takes_the_same_round() {
    let (listener, address) = listen().await.unwrap();
    let server = tokio::spawn(noop::grpc::serve(listener));
    let sale = Arc::new(Sale::new(1, SEATS, 10_000));
    for measured in rounds(&address, &sale).await.unwrap() {
        assert_eq!(measured.refused, 0, "no two picks have a seat in common");
    }
    server.abort();
}
