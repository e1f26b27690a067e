//! An engine and an edge behind sockets of their own, with two events of one shard on sale.

use std::net::SocketAddr;

use edge_api::{Edge, EdgeOptions, engine};
use inventory_core::command::{Command, CreateEvent, Verb};
use inventory_core::ids::{ChartHash, EventId, RequestId};
use inventory_core::rules::EventRules;
use inventory_core::ticket_type::TicketType;
use inventory_engine::answer::Answer;
use inventory_engine::engine::{Engine, Handle};
use inventory_engine::grpc::{ServeError, Services};
use inventory_engine::recovery::empty_shards;
use persistence::dir::DataDir;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::truth::{History, Picture, Witness};

pub(crate) const EVENT: EventId = EventId(1);
pub(crate) const ROWS: u32 = 30;
pub(crate) const ROW_SEATS: u32 = 50;
pub(crate) const AREA_CAPACITIES: [u32; 2] = [400, 60];
const QUOTAS: [Option<u32>; 3] = [Some(700), None, Some(90)];

pub(crate) struct House {
    pub(crate) handle: Handle,
    pub(crate) history: watch::Receiver<History>,
    /// Another event, whose facts lie between those of the first.
    pub(crate) neighbour: EventId,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    engine: Engine,
    shutdown: CancellationToken,
    edge: JoinHandle<()>,
    serving: JoinHandle<Result<(), ServeError>>,
    _folder: TempDir,
    _dir: DataDir,
}

pub(crate) fn request_id() -> RequestId {
    RequestId::new(uuid::Uuid::now_v7().as_u128()).unwrap()
}

/// The event when it was created.
pub(crate) fn untouched() -> Picture {
    let all = ROWS * ROW_SEATS + AREA_CAPACITIES.iter().sum::<u32>();
    Picture {
        statuses: vec![1; (ROWS * ROW_SEATS) as usize],
        areas: AREA_CAPACITIES.map(|capacity| [capacity, 0, 0, 0]).to_vec(),
        ticket_types: QUOTAS.map(|quota| [quota.unwrap_or(all), 0, 0, 0]).to_vec(),
        is_closed: false,
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        let (journal, history) = Witness::new();
        let engine = Engine::start_on(Box::new(journal), empty_shards(), dir.charts(), 1).unwrap();
        let handle = engine.handle();
        let mut of_shard = (2..).map(EventId).filter(|event| event.shard() == EVENT.shard());
        let neighbour = of_shard.next().unwrap();
        let stored = handle.put_chart(chart().to_string().into(), None).await.unwrap();
        for event_id in [EVENT, neighbour] {
            let create = Command { request_id: request_id(), verb: create(event_id, stored.hash) };
            let chart = Some(stored.chart.clone());
            let reply = handle.create_event(create, chart, None).await;
            assert!(matches!(reply, Ok(Answer::Accepted(_))), "{reply:?}");
        }
        let shutdown = CancellationToken::new();
        let listen = || TcpListener::bind("127.0.0.1:0");
        let (http_listener, grpc_listener) = (listen().await.unwrap(), listen().await.unwrap());
        let http = http_listener.local_addr().unwrap();
        let grpc = grpc_listener.local_addr().unwrap();
        let services = Services::of(&handle).await.unwrap();
        let serving = tokio::spawn(services.serve(grpc_listener, shutdown.clone()));
        let service = engine::remote(&format!("http://{grpc}")).unwrap();
        let edge = Edge::new(EdgeOptions::default(), service, None);
        let edge = tokio::spawn(edge.serve(http_listener, shutdown.clone()));
        Self {
            handle,
            history,
            neighbour,
            http,
            grpc,
            engine,
            shutdown,
            edge,
            serving,
            _folder: folder,
            _dir: dir,
        }
    }

    /// Everything ends in order, though some still listen.
    pub(crate) async fn close(self) {
        self.shutdown.cancel();
        self.edge.await.unwrap();
        self.serving.await.unwrap().unwrap();
        assert_eq!(self.engine.shutdown().await, None);
    }
}

fn chart() -> Value {
    let row = |row| json!({"label": row, "x": 0, "y": row * 10, "seats": ROW_SEATS});
    let area = |(index, capacity): (usize, &u32)| {
        let label = format!("lawn {index}");
        json!({"label": label, "capacity": capacity})
    };
    json!({
        "format": "holdfast-chart",
        "version": 1,
        "name": "Fair",
        "rows": (0..ROWS).map(row).collect::<Vec<_>>(),
        "areas": AREA_CAPACITIES.iter().enumerate().map(area).collect::<Vec<_>>(),
    })
}

fn create(event_id: EventId, chart: ChartHash) -> Verb {
    let ticket_types = (0..).zip(QUOTAS).map(|(index, quota): (u32, _)| TicketType {
        key: format!("type {index}").into(),
        quota,
        sale_opens_at: None,
        sale_closes_at: None,
        categories: Vec::new(),
    });
    Verb::CreateEvent(CreateEvent {
        event_id,
        name: "fair".into(),
        chart,
        rules: EventRules { hold_ttl_millis: 200, ..EventRules::default() },
        ticket_types: ticket_types.collect(),
    })
}
