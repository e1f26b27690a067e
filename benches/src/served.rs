//! Sides that are a server process: Holdfast itself, and the limits of its transports. Which of
//! the two it is makes no difference to the clients.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use proto::inventory::v1::PlaceRequest;
use proto::inventory::v1::inventory_client::InventoryClient;
use tempfile::TempDir;
use tonic::transport::Channel;

use crate::client::asks::Asks;
use crate::client::{Round, admin, h2load, rest, stream, unary};
use crate::measured::{Measured, Window};
use crate::process::ServerProcess;
use crate::side::{Setting, Side, Starting};
use crate::workload::{Choice, Load, Pick, Sale};

/// Who serves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// The real program on a fresh data directory. It gets as many events as so many operations
    /// a second can sell.
    Holdfast {
        /// No side is expected to be faster.
        per_second_max: u32,
    },
    /// A server that does nothing.
    NoOp,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// A unary call of gRPC an operation.
    Unary(Choice),
    /// So many operations in a message of a stream.
    Stream {
        /// Operations in a message.
        per_message: usize,
    },
    /// A request of HTTP/1.1 an operation.
    Rest,
    /// The same unary call again and again.
    H2load,
}

/// A limit sells nothing that has to be created; a side that does nothing may be this fast.
const NO_OP_PER_SECOND_MAX: f64 = 4_000_000.0;

impl Way {
    fn is_rest(self) -> bool {
        self == Self::Rest
    }
}

/// Starts a server and prepares what is sold on it.
pub fn start(who: Who, way: Way, setting: &Setting, load: &Load) -> Starting<'static> {
    let (setting, load) = (setting.clone(), load.clone());
    async move {
        let served = Served::start(who, way, &setting, &load).await;
        let served = served.with_context(|| format!("start {who}"))?;
        Ok(Box::new(served) as Box<dyn Side>)
    }
    .boxed()
}

impl fmt::Display for Who {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Holdfast { .. } => "holdfast",
            Self::NoOp => "the no-op",
        })
    }
}

struct Served {
    server: ServerProcess,
    way: Way,
    sale: Arc<Sale>,
    labels: Arc<[String]>,
    /// Only to what can be verified.
    organizer: Option<Channel>,
    folder: TempDir,
}

impl Served {
    async fn start(who: Who, way: Way, setting: &Setting, load: &Load) -> anyhow::Result<Self> {
        let folder = setting.folder_of(if who == Who::NoOp { "noop" } else { "holdfast" })?;
        let sale = |per_second| Arc::new(Sale::of(load, setting.rounds, per_second));
        let (sale, server) = match who {
            Who::Holdfast { per_second_max } => {
                (sale(f64::from(per_second_max)), holdfast(way, setting, &folder).await?)
            }
            Who::NoOp => (sale(NO_OP_PER_SECOND_MAX), no_op(way, setting, &folder).await?),
        };
        let mut served = Self {
            server,
            way,
            sale,
            labels: admin::labels(load.seats)?.into(),
            organizer: None,
            folder,
        };
        if matches!(who, Who::Holdfast { .. }) {
            let channel = admin::connect(&served.server.address("grpc")?).await?;
            admin::prepare(&channel, load.seats, served.sale.events_in_all()).await?;
            served.organizer = Some(channel);
        }
        if way == Way::H2load {
            served.place_what_is_repeated(load).await?;
        }
        Ok(served)
    }

    async fn measure(&self, load: &Load) -> anyhow::Result<Measured> {
        if self.way == Way::H2load {
            return h2load::run(&self.server.address("grpc")?, self.folder.path(), load).await;
        }
        let address = self.server.address(if self.way.is_rest() { "http" } else { "grpc" })?;
        let mut channels = Vec::new();
        if !self.way.is_rest() {
            channels = try_join_all((0..load.clients).map(|_| admin::connect(&address))).await?;
        }
        let round = Round::begin(&self.sale, load);
        let clients = (0..load.clients).map(|client| {
            let round = round.clone();
            match self.way {
                Way::Rest => {
                    let labels = Arc::clone(&self.labels);
                    tokio::spawn(rest::run(address.clone(), labels, round, client))
                }
                Way::Stream { per_message } => {
                    let channel = channels[client].clone();
                    tokio::spawn(stream::run(channel, round, client, per_message))
                }
                Way::Unary(choice) => {
                    tokio::spawn(unary::run(channels[client].clone(), round, client, choice))
                }
                // It has returned above.
                Way::H2load => tokio::spawn(async { bail!("h2load is a client of its own") }),
            }
        });
        let ended = try_join_all(clients).await.context("a client panicked")?;
        let of_clients = ended.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Measured::merged(load.measured, of_clients))
    }

    /// Has one place accepted, and leaves the message of it for h2load.
    async fn place_what_is_repeated(&self, load: &Load) -> anyhow::Result<()> {
        let window = Window::after(load.warm_up, load.measured);
        let round = Round { sale: Arc::clone(&self.sale), window, depth: 1, seed: load.seed };
        let mut asks = Asks::new(round.random(0));
        let pick = Pick { event: 0, seats: [0, load.seats - 1] };
        let request: PlaceRequest = asks.place(Instant::now(), &pick, 1, Choice::ById);
        let channel = admin::connect(&self.server.address("grpc")?).await?;
        let mut inventory = InventoryClient::new(channel);
        inventory.place(request.clone()).await.context("place what is repeated")?;
        std::fs::write(h2load::message_in(self.folder.path()), h2load::framed(&request))
            .context("write the message")
    }

    async fn check(&self) -> anyhow::Result<()> {
        let Some(channel) = &self.organizer else { return Ok(()) };
        let held = if self.way == Way::H2load { 1 } else { 0 };
        admin::verify(channel, &self.sale, held).await
    }
}

impl Side for Served {
    fn round<'a>(&'a mut self, load: &'a Load) -> BoxFuture<'a, anyhow::Result<Measured>> {
        async move {
            let measured = self.measure(load).await;
            measured.with_context(|| format!("the server's log: {}", self.server.log_tail()))
        }
        .boxed()
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        self.server.pause()
    }

    fn resume(&mut self) -> anyhow::Result<()> {
        self.server.resume()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, anyhow::Result<()>> {
        async move {
            self.check().await.context("after the rounds")?;
            let Self { server, folder, organizer, .. } = *self;
            // Whoever drains waits for connections to end.
            drop(organizer);
            server.stop().await?;
            folder.close().context("remove a data directory")
        }
        .boxed()
    }
}

/// Any free port.
const ANY_PORT: &str = "127.0.0.1:0";

async fn holdfast(way: Way, setting: &Setting, folder: &TempDir) -> anyhow::Result<ServerProcess> {
    let data = folder.path().join("data").display().to_string();
    let (command, names): (&str, &[&str]) =
        if way.is_rest() { ("up", &["http", "grpc"]) } else { ("engine", &["grpc"]) };
    let mut arguments = vec![command, "--data-dir", &data, "--grpc", ANY_PORT, "--log", "warn"];
    if way.is_rest() {
        arguments.extend(["--http", ANY_PORT]);
    }
    let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
    let log = folder.path().join("server.log");
    ServerProcess::start(&setting.holdfast, &arguments, log, names).await
}

async fn no_op(way: Way, setting: &Setting, folder: &TempDir) -> anyhow::Result<ServerProcess> {
    let (limit, name) = if way.is_rest() { ("noop-rest", "http") } else { ("noop-grpc", "grpc") };
    let arguments = ["serve".to_owned(), limit.to_owned()];
    let log = folder.path().join("server.log");
    ServerProcess::start(&setting.bench, &arguments, log, &[name]).await
}
