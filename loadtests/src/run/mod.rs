//! One run from the first connection to the verdict.
//!
//! The order matters: the record is closed when the last buyer has left, the server is
//! questioned while it still runs, it is stopped, and only then is its journal read.

mod selling;
mod verdict;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Endpoint;

use crate::audit::Violation;
use crate::audit::dump::JournalSource;
use crate::buyer::Sale;
use crate::client::{Door, InFlight, ReadError, Reader, grpc, http};
use crate::clock::{Clock, millis};
use crate::ids::RequestId;
use crate::kill::KillError;
use crate::layout::Layout;
use crate::options::{MODEL_EVENT_ID, OnsaleOptions, Target, Transport};
use crate::picture::Picture;
use crate::process::{self, Addresses, Server};
use crate::progress::Progress;
use crate::record::Recorder;
use crate::report::Report;
use crate::seat_map::{SeatMap, Stock, View};

/// How long a server may take to answer the first question.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// From the last preparation to the doors' opening.
const OPENING_PAUSE_MICROS: u64 = 100_000;

/// Connections if nobody says how many.
const GRPC_CONNECTIONS: usize = 4;
const HTTP_CONNECTIONS: usize = 256;

/// Slack of the clocks if nobody says how much: one machine, or two.
const OWN_CLOCK_SLACK: Duration = Duration::from_millis(50);
const REMOTE_CLOCK_SLACK: Duration = Duration::from_secs(2);

/// A run that sold everything that could be sold.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// All that happened and all that was found.
    pub report: Report,
    /// The same to look at.
    pub picture: Picture,
}

impl Outcome {
    /// What must not be; empty if all is well.
    pub fn violations(&self) -> &[Violation] {
        &self.report.violations
    }
}

/// Why a run could not be made or did not sell everything.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options contradict each other.
    #[error("{0}")]
    Options(String),
    /// The target is not an address.
    #[error("{uri} is not an address to connect to: {source}")]
    Address {
        /// What was given.
        uri: String,
        /// Why it is none.
        source: tonic::transport::Error,
    },
    /// The REST client could not be made.
    #[error("cannot speak HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// The own server could not be started or stopped.
    #[error(transparent)]
    Server(#[from] process::Error),
    /// The own server could not be killed as it was to be.
    #[error(transparent)]
    Kill(#[from] KillError),
    /// The event could not be read.
    #[error("event {event_id} cannot be read: {source}")]
    NotReady {
        /// The event.
        event_id: u64,
        /// What came last.
        source: ReadError,
    },
    /// The event could not be put on sale.
    #[error("event {event_id} cannot be put on sale: {source}")]
    NotCreated {
        /// The event.
        event_id: u64,
        /// What the server said.
        source: ReadError,
    },
    /// The sale stood still with something unsold. The audit was made all the same.
    #[error(
        "the sale stood still for {stall_secs} s with {available} seats and places free and \
        {held} held of {capacity}; {violations} violations were found{why}"
    )]
    Stalled {
        /// How long nothing was sold and no hold could end.
        stall_secs: u64,
        /// Seats and places that nobody has.
        available: u32,
        /// Seats and places in holds.
        held: u32,
        /// Seats and places of the event.
        capacity: u32,
        /// What the audit found nevertheless.
        violations: u64,
        /// What the server said last, if it did not answer.
        why: String,
        /// The report of what was done.
        outcome: Box<Outcome>,
    },
}

/// Everything that a run needs beside its buyers.
struct Venue {
    sale: Arc<Sale>,
    reader: Reader,
    in_flight: Arc<InFlight>,
    layout: Arc<Layout>,
    /// Seats and places before the first buyer.
    before: View,
    server: Option<Box<dyn Server>>,
    transport: &'static str,
    clock_slack: Duration,
    opened_micros: u64,
}

/// Sells out the event and audits the sale.
///
/// Has to be called within a tokio runtime, best one with several threads. Returns when the
/// audit is over; reading the journal blocks the calling task.
///
/// # Errors
/// If no run could be made, or not all seats were sold. Violations are no error: they are in
/// the outcome.
pub async fn run(
    options: OnsaleOptions,
    journal: Option<Box<dyn JournalSource>>,
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    options.check().map_err(Error::Options)?;
    let terms = Terms::of(&options);
    let mut venue = Venue::open(options).await?;
    let sold = selling::sell_out(&mut venue, &terms, progress).await;
    progress.finish();
    let sold = sold?;
    let outcome = verdict::reach(venue, &terms, &sold, journal).await;
    let Some(why) = sold.stalled else { return Ok(outcome) };
    let report = &outcome.report;
    Err(Error::Stalled {
        stall_secs: terms.stall.as_secs(),
        available: report.all().available,
        held: report.all().held,
        capacity: report.capacity.saturating_add(report.places_capacity),
        violations: report.violations_total,
        why,
        outcome: Box::new(outcome),
    })
}

/// What stays of the options when the target has been taken out.
#[derive(Debug)]
struct Terms {
    event_id: u64,
    buyers: u64,
    over: Duration,
    curve: crate::options::Curve,
    seed: u64,
    kill_server: u32,
    kill_unanswered_min: usize,
    map_refresh: Duration,
    stall: Duration,
    expiry_slack: Duration,
    holds_sampled: usize,
}

impl Terms {
    fn of(options: &OnsaleOptions) -> Self {
        Self {
            event_id: options.event_id,
            buyers: options.buyers,
            over: options.over,
            curve: options.curve,
            seed: options.seed,
            kill_server: options.kill_server,
            kill_unanswered_min: options.kill_unanswered_min,
            map_refresh: options.map_refresh,
            stall: options.stall,
            expiry_slack: options.expiry_slack,
            holds_sampled: options.holds_sampled,
        }
    }
}

impl Venue {
    /// Starts the own server, connects, and reads the chart.
    async fn open(options: OnsaleOptions) -> Result<Self, Error> {
        let mut server = None;
        let mut options = options;
        let target = std::mem::replace(&mut options.target, Target::Grpc(String::new()));
        let (grpc_uri, http_uri, transport) = match target {
            Target::Grpc(uri) => (Some(uri), None, Transport::Grpc),
            Target::Http(uri) => (None, Some(uri), Transport::Http),
            Target::Own(mut own, transport) => {
                let Addresses { grpc, http } = own.start().await?;
                server = Some(own);
                (Some(format!("http://{grpc}")), Some(format!("http://{http}")), transport)
            }
        };
        let event_id = options.event_id;
        let endpoint = grpc_uri.map(endpoint).transpose()?;
        let reader = match (&endpoint, &http_uri) {
            (Some(endpoint), _) => Reader::Grpc(Box::new(grpc::Reader::new(endpoint, event_id))),
            (None, uri) => {
                Reader::Http(http::Reader::new(uri.as_deref().unwrap_or_default(), event_id)?)
            }
        };
        if let (false, Reader::Grpc(reader)) = (options.ticket_types.is_empty(), &reader) {
            put_on_sale(reader, &options).await?;
        }
        let (layout, stock) = await_layout(&reader, event_id).await?;
        let layout = Arc::new(layout);
        let before = View::new(stock, &layout);
        let in_flight = Arc::new(InFlight::default());
        let connections = options.connections;
        let door = match (transport, &endpoint, http_uri) {
            (Transport::Http, _, Some(uri)) => {
                let connections = connections.unwrap_or(HTTP_CONNECTIONS);
                let layout = layout.clone();
                Door::Http(http::Requests::new(&uri, event_id, connections, layout, &in_flight)?)
            }
            (_, Some(endpoint), _) => {
                let connections = connections.unwrap_or(GRPC_CONNECTIONS);
                let (timeout, layout) = (options.request_timeout, layout.clone());
                let lanes = (event_id, connections, layout, timeout);
                Door::Grpc(grpc::Lanes::open(endpoint, lanes, &in_flight))
            }
            _ => return Err(Error::Options("the target has no address".to_owned())),
        };
        let clock = Clock::start();
        let opened_micros = clock.now_micros() + OPENING_PAUSE_MICROS;
        let usual_slack = if server.is_some() { OWN_CLOCK_SLACK } else { REMOTE_CLOCK_SLACK };
        let clock_slack = options.clock_slack.unwrap_or(usual_slack);
        let transport = if matches!(door, Door::Http(_)) { "http" } else { "grpc" };
        let sale = Sale {
            clock,
            recorder: Recorder::new(opened_micros),
            map: SeatMap::new(layout.clone(), before.clone()),
            door,
            seed: options.seed,
            bots: options.bots,
            sending_timeout: options.request_timeout * 2,
            clock_slack,
            returns: options.returns,
            returning: 0.into(),
            is_sold_out: false.into(),
            stop: CancellationToken::new(),
            buyers: TaskTracker::new(),
        };
        Ok(Self {
            sale: Arc::new(sale),
            reader,
            in_flight,
            layout,
            before,
            server,
            transport,
            clock_slack,
            opened_micros,
        })
    }
}

fn endpoint(uri: String) -> Result<Endpoint, Error> {
    let endpoint =
        Endpoint::from_shared(uri.clone()).map_err(|source| Error::Address { uri, source })?;
    // Many answers on few streams: windows that do not stop them.
    Ok(endpoint.initial_stream_window_size(4 << 20).initial_connection_window_size(16 << 20))
}

/// Creates the run's event as soon as the own server answers.
async fn put_on_sale(reader: &grpc::Reader, options: &OnsaleOptions) -> Result<(), Error> {
    let (event_id, until) = (options.event_id, Instant::now() + READY_TIMEOUT);
    let now_millis = millis(Clock::start().now_micros());
    // One id for every try: the event is created once.
    let request_id = RequestId::new(now_millis, u128::from(options.seed));
    loop {
        match reader.create_like(MODEL_EVENT_ID, request_id, &options.ticket_types).await {
            Ok(()) => return Ok(()),
            Err(source) if Instant::now() >= until || !source.is_early() => {
                return Err(Error::NotCreated { event_id, source });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn await_layout(reader: &Reader, event_id: u64) -> Result<(Layout, Stock), Error> {
    let until = Instant::now() + READY_TIMEOUT;
    loop {
        match reader.layout().await {
            Ok(layout) => return Ok(layout),
            Err(source) if Instant::now() >= until => {
                return Err(Error::NotReady { event_id, source });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
