//! A ticket office of a few lines behind the real contract, so that the simulator and its audit
//! can be tried without the engine: honest, or lying in one way.
//!
//! It keeps one event in memory, writes its facts as the journal's lines, and is a [`Server`]:
//! a kill takes its connections away in the middle of everything and leaves state and facts.

mod office;
mod service;
mod venue;

use std::io::{BufRead, Cursor};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use loadtests::audit::dump::JournalSource;
use loadtests::process::{Addresses, Error, Server};
use tokio::runtime::Runtime;

pub(crate) use office::Lie;
use office::Office;
use proto::inventory::v1::inventory_admin_server::InventoryAdminServer;
use proto::inventory::v1::inventory_server::InventoryServer;
pub(crate) use service::Freeze;
pub(crate) use venue::{TABLE_SEATS, Venue};

/// The server of one office; a clone is the same office.
#[derive(Clone)]
pub(crate) struct NaiveServer {
    office: Arc<Mutex<Office>>,
    /// How long each batch takes, as a disk would.
    batch_pause: Duration,
    freeze: Freeze,
    running: Arc<Mutex<Option<Runtime>>>,
    address: Arc<Mutex<Option<SocketAddr>>>,
}

impl NaiveServer {
    pub(crate) fn new(venue: Venue, hold: Duration, batch_pause: Duration, lie: Lie) -> Self {
        Self {
            office: Arc::new(Mutex::new(Office::new(venue, hold, lie))),
            batch_pause,
            freeze: Freeze::default(),
            running: Arc::default(),
            address: Arc::default(),
        }
    }

    /// The same, answering nothing for a while.
    pub(crate) fn freezing(mut self, freeze: Freeze) -> Self {
        self.freeze = freeze;
        self
    }

    /// The facts, as the dump of a journal has them.
    pub(crate) fn journal(&self) -> Box<dyn JournalSource> {
        let office = self.office.clone();
        Box::new(move || {
            let lines = office.lock().unwrap().journal.clone();
            Ok(Box::new(Cursor::new(lines)) as Box<dyn BufRead + Send>)
        })
    }

    fn listen(&self) -> Addresses {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mut address = self.address.lock().unwrap();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let bind = tokio::net::TcpListener::bind(address.unwrap_or(any));
        let listener = futures::executor::block_on(async { runtime.spawn(bind).await });
        let listener = listener.unwrap().unwrap();
        let bound = listener.local_addr().unwrap();
        *address = Some(bound);
        let service = service::Service {
            office: self.office.clone(),
            batch_pause: self.batch_pause,
            freeze: self.freeze.clone(),
        };
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let serving = tonic::transport::Server::builder()
            .add_service(InventoryServer::new(service.clone()))
            .add_service(InventoryAdminServer::new(service))
            .serve_with_incoming(incoming);
        runtime.spawn(serving);
        *self.running.lock().unwrap() = Some(runtime);
        Addresses { grpc: bound.to_string(), http: bound.to_string() }
    }

    fn end(&self) -> Result<(), Error> {
        let runtime = self.running.lock().unwrap().take().ok_or(Error::NotRunning)?;
        // Every task is dropped where it stands, and with it every connection.
        let ending = std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(5)));
        ending.join().map_err(|_| Error::NotRunning)
    }
}

impl Server for NaiveServer {
    fn start(&mut self) -> BoxFuture<'_, Result<Addresses, Error>> {
        let server = self.clone();
        async move { Ok(server.listen()) }.boxed()
    }

    fn kill(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        async { self.end() }.boxed()
    }

    fn stop(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        async { self.end() }.boxed()
    }
}
