//! One short round of a row as it is run: the same clients ask the engine and its limit, and the
//! engine is held against what they know. Nothing is said about speed.

use std::sync::Arc;
use std::time::Duration;

use benches::client::{Round, admin, stream, unary};
use benches::measured::Measured;
use benches::noop;
use benches::testing::until_confirmed;
use benches::workload::{Load, Sale};
use futures::future::try_join_all;
use inventory_engine::engine::{Engine, EngineOptions};
use inventory_engine::grpc::Services;
use inventory_engine::progress::RecoveryProgress;
use inventory_engine::snapshots::SnapshotOptions;
use tokio::net::TcpListener;
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

/// A round of streams, and then one of unary calls.
async fn rounds(address: &str, sale: &Arc<Sale>) -> anyhow::Result<[Measured; 2]> {
    let channel = admin::connect(address).await?;
    let streams = async |window| {
        let load = load(window);
        let round = Round::begin(sale, &load);
        let clients = 0..load.clients;
        let streams = clients.map(|client| stream::run(channel.clone(), round.clone(), client, 8));
        Ok(Measured::merged(window, try_join_all(streams).await?))
    };
    let unary =
        async |window| unary::run(channel.clone(), Round::begin(sale, &load(window)), 0).await;
    Ok([until_confirmed(streams).await?, until_confirmed(unary).await?])
}

async fn listen() -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    Ok((listener, address))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_sells_what_its_clients_were_told() {
    let folder = tempfile::tempdir().unwrap();
    let options = EngineOptions {
        data_dir: folder.path().join("data"),
        writers: 1,
        journal: persistence::file::Options { segment_bytes: 1 << 20 },
        snapshots: SnapshotOptions::default(),
    };
    let engine = Engine::start(&options, &Arc::new(RecoveryProgress::default())).unwrap();
    let (listener, address) = listen().await.unwrap();
    let shutdown = CancellationToken::new();
    let services = Services::of(&engine.handle()).await.unwrap();
    let server = tokio::spawn(services.serve(listener, shutdown.clone()));

    let organizer = admin::connect(&address).await.unwrap();
    admin::prepare(&organizer, SEATS, EVENTS).await.unwrap();
    let sale = Arc::new(Sale::new(1, SEATS, EVENTS));
    for measured in rounds(&address, &sale).await.unwrap() {
        assert_eq!(measured.refused, 0, "no two picks have a seat in common");
        assert_eq!(measured.latency.len(), measured.confirmed);
    }
    assert!(sale.seats_sold() > 0);
    admin::verify(&organizer, &sale, 0).await.unwrap();

    // What the clients do not know of is found.
    let other = Arc::new(Sale::new(1, SEATS, EVENTS));
    assert!(admin::verify(&organizer, &other, 0).await.is_err());

    drop(organizer);
    shutdown.cancel();
    server.await.unwrap().unwrap();
    assert!(engine.shutdown().await.is_none());
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
