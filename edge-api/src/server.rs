//! Connections: taken while there is room, served, and ended in order. A connection on which
//! nothing moves and a head that does not arrive end by themselves, so that nobody keeps others
//! out by being slow.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use metrics::{Gauge, gauge};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::idle::IdleLimit;
use crate::limits::{
    CONNECTION_IDLE_TIMEOUT, CONNECTION_STREAMS_MAX, CONNECTIONS_MAX, HEAD_BYTES_MAX, HEAD_TIMEOUT,
    KEEP_ALIVE_EVERY, UNSENT_BYTES_MAX,
};
use crate::metric_names;
use crate::rate_limits::Peer;
use crate::throttle::Throttle;

/// After a failure that is not about a single connection, such as too many open files.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// How long others may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the head of a request.
    pub(crate) head: Duration,
    /// For anything to move on a connection.
    pub(crate) idle: Duration,
    /// For what is in flight at the end.
    pub(crate) drain: Duration,
}

impl Patience {
    /// The limits of the edge, and the operator's for the end.
    pub(crate) fn with_drain(drain: Duration) -> Self {
        Self { head: HEAD_TIMEOUT, idle: CONNECTION_IDLE_TIMEOUT, drain }
    }
}

/// Serves until `shutdown`, then answers what is in flight.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    patience: Patience,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = GracefulShutdown::new();
    let builder = builder(patience.head);
    let lines = Throttle::new();
    let open = gauge!(metric_names::HTTP_CONNECTIONS);
    while let Some((stream, peer, place)) = next(&listener, &room, &shutdown, &lines).await {
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection does not take its options");
        }
        let stream = TokioIo::new(IdleLimit::new(stream, patience.idle));
        let from_peer = move |mut request: Request<_>| {
            request.extensions_mut().insert(peer);
            request
        };
        let service = TowerToHyperService::new(router.clone().map_request(from_peer));
        let connection = connections.watch(builder.serve_connection(stream, service).into_owned());
        let counted = Open::new(open.clone(), place);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended before its time");
            }
            drop(counted);
        });
    }
    // From here on connecting is refused, and what is open ends after its answer.
    drop(listener);
    if timeout(patience.drain, connections.shutdown()).await.is_err() {
        let waited_ms = patience.drain.as_millis() as u64;
        tracing::warn!(waited_ms, "HTTP requests that were still in flight were cut");
    }
}

/// Replies are small and each is awaited: none may wait for more to fill a packet. And what the
/// system takes is not to grow old there.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
}

fn builder(head_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE_EVERY)
        .max_concurrent_streams(CONNECTION_STREAMS_MAX);
    builder
}

/// The next connection, once there is room for it; none when it is time to stop.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    shutdown: &CancellationToken,
    lines: &Throttle,
) -> Option<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let accepting = async {
        let place = Arc::clone(room).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return Some((stream, Peer(peer.ip()), place)),
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    if let Some(attempts) = lines.count() {
                        tracing::error!(%error, attempts, "no connection can be taken");
                    }
                    sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        accepted = accepting => accepted,
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Counts a connection as open, and keeps its place, until dropped.
struct Open {
    gauge: Gauge,
    _place: OwnedSemaphorePermit,
}

impl Open {
    fn new(gauge: Gauge, place: OwnedSemaphorePermit) -> Self {
        gauge.increment(1.0);
        Self { gauge, _place: place }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}
