//! One short round of a row as it is run: the same clients ask the engine and its limit, and the
//! engine is held against what they know. Nothing is said about speed.

use std::sync::Arc;
use std::time::Duration;

use benches::client::{Round, admin, stream, unary};
use benches::measured::Measured;
use benches::noop;
use benches::workload::{Load, Sale};
use inventory_engine::engine::{Engine, EngineOptions};
use inventory_engine::grpc::Services;
use inventory_engine::progress::RecoveryProgress;
use inventory_engine::snapshots::SnapshotOptions;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// So small that several events are sold out.
const SEATS: u32 = 400;
const EVENTS: u32 = 300;

fn load() -> Load {
    Load {
        events: 1,
        seats: SEATS,
        clients: 2,
        depth: 32,
        warm_up: Duration::from_millis(20),
        measured: Duration::from_millis(200),
        seed: 11,
    }
}

async fn stream_round(address: &str, sale: &Arc<Sale>) -> Measured {
    let load = load();
    let channel = admin::connect(address).await.unwrap();
    let round = Round::begin(sale, &load);
    let clients =
        (0..load.clients).map(|client| stream::run(channel.clone(), round.clone(), client, 8));
    let of_clients = futures::future::try_join_all(clients).await.unwrap();
    Measured::merged(load.measured, of_clients)
}

async fn unary_round(address: &str, sale: &Arc<Sale>) -> Measured {
    let load = load();
    let channel = admin::connect(address).await.unwrap();
    let measured = unary::run(channel, Round::begin(sale, &load), 0).await.unwrap();
    Measured::merged(load.measured, [measured])
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
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
    let (listener, address) = listen().await;
    let shutdown = CancellationToken::new();
    let services = Services::of(&engine.handle()).await.unwrap();
    let server = tokio::spawn(services.serve(listener, shutdown.clone()));

    let organizer = admin::connect(&address).await.unwrap();
    admin::prepare(&organizer, SEATS, EVENTS).await.unwrap();
    let sale = Arc::new(Sale::new(1, SEATS, EVENTS));
    for measured in [stream_round(&address, &sale).await, unary_round(&address, &sale).await] {
        assert!(measured.confirmed > 0 && measured.refused == 0, "{measured:?}");
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
    let (listener, address) = listen().await;
    let server = tokio::spawn(noop::grpc::serve(listener));
    let sale = Arc::new(Sale::new(1, SEATS, 10_000));
    for measured in [stream_round(&address, &sale).await, unary_round(&address, &sale).await] {
        assert!(measured.confirmed > 0 && measured.refused == 0, "{measured:?}");
    }
    server.abort();
}
