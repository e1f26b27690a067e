//! A server with a journal in files behind a real socket, and the requests that tests are made
//! of.

use std::path::Path;
use std::sync::Arc;

use inventory_core::rules::EventRules;
use inventory_engine::engine::{Engine, EngineOptions};
use inventory_engine::grpc;
use inventory_engine::projected::ProjectionOptions;
use inventory_engine::snapshots::SnapshotOptions;
use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::inventory_client::InventoryClient;
use proto::inventory::v1::{self, place_request::Selection};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::support;

pub(crate) struct Server {
    engine: Engine,
    serving: JoinHandle<Result<(), grpc::ServeError>>,
    shutdown: CancellationToken,
    pub(crate) channel: Channel,
}

impl Server {
    pub(crate) async fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, None).await
    }

    pub(crate) async fn start_with(data_dir: &Path, projection: Option<ProjectionOptions>) -> Self {
        let options = EngineOptions {
            data_dir: data_dir.to_owned(),
            writers: 2,
            journal: persistence::file::Options { segment_bytes: 1 << 16 },
            snapshots: SnapshotOptions::default(),
            projection,
        };
        let engine = tokio::task::spawn_blocking(move || Engine::start(&options, &Arc::default()));
        let engine = engine.await.unwrap().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let services = grpc::Services::of(&engine.handle()).await.unwrap();
        let shutdown = CancellationToken::new();
        let serving = services.serve(listener, shutdown.clone());
        let serving = tokio::spawn(serving);
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        Self { engine, serving, shutdown, channel }
    }

    pub(crate) async fn with_event(data_dir: &Path, seats: u32) -> Self {
        let server = Self::start(data_dir).await;
        support::create_event(&server.engine.handle(), seats, EventRules::default()).await;
        server
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn inventory(&self) -> InventoryClient<Channel> {
        InventoryClient::new(self.channel.clone())
    }

    pub(crate) fn admin(&self) -> InventoryAdminClient<Channel> {
        InventoryAdminClient::new(self.channel.clone())
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        drop(self.channel);
        self.serving.await.unwrap().unwrap();
        self.engine.shutdown().await;
    }
}

pub(crate) fn request_id() -> bytes::Bytes {
    uuid::Uuid::now_v7().into_bytes().to_vec().into()
}

pub(crate) fn place(buyer: &str, seats: v1::Seats) -> v1::PlaceRequest {
    v1::PlaceRequest {
        request_id: request_id(),
        event_id: 1,
        buyer_id: buyer.into(),
        selection: Some(Selection::Seats(seats)),
        areas: Vec::new(),
    }
}

pub(crate) fn indexes(indexes: &[u32]) -> v1::Seats {
    v1::Seats { indexes: indexes.to_vec(), ..v1::Seats::default() }
}

pub(crate) fn labels(labels: &[&str]) -> v1::Seats {
    v1::Seats {
        indexes: Vec::new(),
        labels: labels.iter().map(ToString::to_string).collect(),
        ..v1::Seats::default()
    }
}
