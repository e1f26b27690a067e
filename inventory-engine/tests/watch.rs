//! `WatchEvent` over a real socket: what a watcher is sent first, what follows, what it gets when
//! it comes back or does not read, and how its stream ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use inventory_core::rules::EventRules;
use inventory_engine::engine::Engine;
use inventory_engine::grpc::{ServeError, Services};
use inventory_engine::limits::WATCHERS_MAX;
use inventory_engine::recovery::empty_shards;
use persistence::dir::DataDir;
use persistence::memory::MemoryJournal;
use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::inventory_client::InventoryClient;
use proto::inventory::v1::place_request::Selection;
use proto::inventory::v1::{
    BlockRequest, CloseEventRequest, EventDelta, EventSnapshot, EventUpdate, GetSeatMapRequest,
    PlaceRequest, ReleaseRequest, Seats, UnblockRequest, Update, WatchEventRequest,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
const SEATS: u32 = 2_000;

struct Server {
    engine: Engine,
    channel: Channel,
    shutdown: CancellationToken,
    serving: tokio::task::JoinHandle<Result<(), ServeError>>,
    _folder: TempDir,
    _dir: DataDir,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        let journal = Box::new(MemoryJournal::new());
        let engine = Engine::start_on(journal, empty_shards(), dir.charts(), 1).unwrap();
        support::create_event(&engine.handle(), SEATS, EventRules::default()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let services = Services::of(&engine.handle()).await.unwrap();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(services.serve(listener, shutdown.clone()));
        // Small windows: who does not read is soon felt on the other side.
        let endpoint = Endpoint::from_shared(address).unwrap().initial_stream_window_size(16_384);
        let channel = endpoint.connect().await.unwrap();
        Self { engine, channel, shutdown, serving, _folder: folder, _dir: dir }
    }

    fn inventory(&self) -> InventoryClient<Channel> {
        InventoryClient::new(self.channel.clone())
    }

    fn admin(&self) -> InventoryAdminClient<Channel> {
        InventoryAdminClient::new(self.channel.clone())
    }

    async fn watch(
        &self,
        event_id: u64,
        after_version: Option<u64>,
    ) -> Result<Streaming<EventUpdate>, Status> {
        let request = WatchEventRequest { event_id, after_version };
        Ok(self.inventory().watch_event(request).await?.into_inner())
    }

    /// Blocks a seat; the LSN.
    async fn block(&self, seats: &[u32]) -> u64 {
        let request_id = request_id();
        let seats = Some(indexes(seats));
        let block = BlockRequest { request_id, event_id: 1, seats, ..BlockRequest::default() };
        self.admin().block(block).await.unwrap().into_inner().lsn
    }

    async fn unblock(&self, seats: &[u32]) -> u64 {
        let request_id = request_id();
        let seats = Some(indexes(seats));
        let unblock =
            UnblockRequest { request_id, event_id: 1, seats, ..UnblockRequest::default() };
        self.admin().unblock(unblock).await.unwrap().into_inner().lsn
    }
}

fn request_id() -> bytes::Bytes {
    uuid::Uuid::now_v7().into_bytes().to_vec().into()
}

fn indexes(indexes: &[u32]) -> Seats {
    Seats { indexes: indexes.to_vec(), ..Seats::default() }
}

async fn next(stream: &mut Streaming<EventUpdate>) -> Update {
    let update = timeout(PATIENCE, stream.message()).await.expect("something comes");
    update.unwrap().expect("the stream goes on").read().unwrap().unwrap()
}

async fn snapshot(stream: &mut Streaming<EventUpdate>) -> EventSnapshot {
    match next(stream).await {
        Update::Snapshot(snapshot) => snapshot,
        other => panic!("a snapshot comes first: {other:?}"),
    }
}

async fn delta(stream: &mut Streaming<EventUpdate>) -> EventDelta {
    match next(stream).await {
        Update::Delta(delta) => delta,
        other => panic!("deltas follow: {other:?}"),
    }
}

/// Deltas up to a version, as one.
async fn deltas_up_to(stream: &mut Streaming<EventUpdate>, version: u64) -> EventDelta {
    let mut all = delta(stream).await;
    while all.to_version < version {
        let more = delta(stream).await;
        assert_eq!(more.from_version, all.to_version);
        all.to_version = more.to_version;
        all.is_closed = more.is_closed;
        all.seats.extend(more.seats);
        all.statuses = [all.statuses, more.statuses].concat().into();
    }
    all
}

#[tokio::test]
async fn a_snapshot_and_then_what_changes() {
    let server = Server::start().await;
    let mut stream = server.watch(1, None).await.unwrap();
    let first = snapshot(&mut stream).await;
    assert_eq!((first.version, first.statuses.len()), (1, SEATS as usize));
    assert!(first.statuses.iter().all(|&status| status == 1) && !first.is_closed);

    let mut inventory = server.inventory();
    let place = PlaceRequest {
        request_id: request_id(),
        event_id: 1,
        buyer_id: "ann".into(),
        selection: Some(Selection::Seats(indexes(&[7, 3]))),
        areas: Vec::new(),
    };
    let placed = inventory.place(place).await.unwrap().into_inner();
    let change = deltas_up_to(&mut stream, placed.lsn).await;
    assert_eq!((change.from_version, change.to_version), (1, placed.lsn));
    assert_eq!((&*change.seats, &*change.statuses), (&[3, 7][..], &[2, 2][..]));

    let release = ReleaseRequest {
        request_id: request_id(),
        hold_id: placed.hold_id,
        buyer_id: "ann".into(),
        ..ReleaseRequest::default()
    };
    let released = inventory.release(release).await.unwrap().into_inner().lsn;
    let change = deltas_up_to(&mut stream, released).await;
    assert_eq!((&*change.seats, &*change.statuses), (&[3, 7][..], &[1, 1][..]));

    let close = CloseEventRequest { request_id: request_id(), event_id: 1 };
    let closed = server.admin().close_event(close).await.unwrap().into_inner();
    let change = deltas_up_to(&mut stream, closed.version).await;
    assert!(change.is_closed && change.seats.is_empty());
    let late = snapshot(&mut server.watch(1, None).await.unwrap()).await;
    assert!(late.is_closed && late.version == closed.version);
}

#[tokio::test]
async fn who_comes_back_misses_nothing() {
    let server = Server::start().await;
    let mut stream = server.watch(1, None).await.unwrap();
    assert_eq!(snapshot(&mut stream).await.version, 1);
    let versions = [server.block(&[1]).await, server.block(&[2]).await, server.unblock(&[1]).await];
    deltas_up_to(&mut stream, versions[2]).await;
    drop(stream);
    for (known, missed) in [(1, vec![1, 2]), (versions[0], vec![1, 2]), (versions[1], vec![1])] {
        let mut back = server.watch(1, Some(known)).await.unwrap();
        let missed_delta = deltas_up_to(&mut back, versions[2]).await;
        assert_eq!(missed_delta.from_version, known);
        // It may be told more than it missed, never less, and always how it is at the end.
        for seat in missed {
            let place = missed_delta.seats.iter().rposition(|&told| told == seat).unwrap();
            assert_eq!(missed_delta.statuses[place], if seat == 1 { 1 } else { 4 });
        }
    }
    // Who knows everything is told the next change alone.
    let mut idle = server.watch(1, Some(versions[2])).await.unwrap();
    let version = server.block(&[9]).await;
    let change = deltas_up_to(&mut idle, version).await;
    assert_eq!((change.from_version, &*change.seats), (versions[2], &[9][..]));
    // What never was is answered with everything.
    for unknown in [0, version + 1, u64::MAX] {
        let mut lost = server.watch(1, Some(unknown)).await.unwrap();
        assert_eq!(snapshot(&mut lost).await.version, version);
    }
    let map = GetSeatMapRequest { event_id: 1, with_chart: false };
    let map = server.inventory().get_seat_map(map).await.unwrap().into_inner();
    let whole = snapshot(&mut server.watch(1, None).await.unwrap()).await;
    assert_eq!((map.version, map.statuses), (whole.version, whole.statuses));
}

#[tokio::test]
async fn who_does_not_read_holds_up_nobody_and_gets_few_large_deltas() {
    let server = Server::start().await;
    let mut slow = server.watch(1, None).await.unwrap();
    let mut quick = server.watch(1, None).await.unwrap();
    assert_eq!(snapshot(&mut slow).await, snapshot(&mut quick).await);
    let all: Vec<u32> = (0..SEATS).collect();
    let mut frames = 0;
    let mut version = 1;
    // Each is waited for, so each makes a frame of its own.
    while frames < 24 {
        version =
            if frames % 2 == 0 { server.block(&all).await } else { server.unblock(&all).await };
        deltas_up_to(&mut quick, version).await;
        frames += 1;
    }
    let mut messages = 0;
    let mut known = 1;
    while known < version {
        let change = delta(&mut slow).await;
        assert_eq!((change.from_version, change.seats.len()), (known, all.len()));
        known = change.to_version;
        messages += 1;
    }
    assert!(messages < frames / 2, "{messages} messages for {frames} frames");
}

#[tokio::test]
async fn who_may_not_watch_is_told_why() {
    let server = Server::start().await;
    let status = server.watch(2, None).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.get_details_error_info().unwrap().reason, "event_unknown");
    // In process, for a connection has fewer streams.
    let services = Services::of(&server.engine.handle()).await.unwrap();
    let mut inventory = InventoryClient::new(services.routes().prepare());
    let mut streams = Vec::new();
    for _ in 0..WATCHERS_MAX {
        let request = WatchEventRequest { event_id: 1, after_version: None };
        streams.push(inventory.watch_event(request).await.unwrap().into_inner());
    }
    let request = WatchEventRequest { event_id: 1, after_version: None };
    let status = inventory.watch_event(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
    streams.pop();
    let request = WatchEventRequest { event_id: 1, after_version: None };
    let mut again = inventory.watch_event(request).await.unwrap().into_inner();
    assert_eq!(snapshot(&mut again).await.version, 1);
}

#[tokio::test]
async fn streams_end_when_the_engine_leaves() {
    let server = Server::start().await;
    let mut reader = server.watch(1, None).await.unwrap();
    snapshot(&mut reader).await;
    let unread = server.watch(1, None).await.unwrap();
    server.shutdown.cancel();
    let status = timeout(PATIENCE, reader.message()).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_error_info().unwrap().reason, "shutting_down");
    drop((reader, unread, server.channel));
    timeout(PATIENCE, server.serving).await.unwrap().unwrap().unwrap();
    assert_eq!(server.engine.shutdown().await, None);
}
