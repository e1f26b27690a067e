//! The way to the engine: one type of service, whether the engine is in this process or behind
//! a network. Callers of either see gRPC; nothing here knows a command from a read.

use std::convert::Infallible;
use std::time::Duration;

use http::uri::Scheme;
use tonic::Status;
use tonic::service::Routes;
use tonic::transport::Endpoint;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// A gRPC service to call, cheap to clone.
pub type EngineService = BoxCloneSyncService<
    http::Request<tonic::body::Body>,
    http::Response<tonic::body::Body>,
    Status,
>;

/// Why an engine's address is of no use.
#[derive(Debug, thiserror::Error)]
pub enum EngineAddressError {
    /// Not a URI.
    #[error("an engine's address is http://HOST:PORT; this is {address:?}: {cause}")]
    NotAUri {
        /// What was given.
        address: String,
        /// What is wrong with it.
        cause: tonic::transport::Error,
    },
    /// A URI of something else.
    #[error("an engine's address is http://HOST:PORT; this is {address:?}")]
    NotHttp {
        /// What was given.
        address: String,
    },
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection over which nothing comes is asked for a sign of life this often, and given up
/// when none comes in the same time again: a machine that is gone does not say so.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Seat maps are large; a window that fits one needs no round trips in between.
const STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// An engine at `http://HOST:PORT`. It is connected to when first needed, and again whenever
/// the connection was lost. Must be called within a tokio runtime.
///
/// # Errors
/// If the address is not of that form.
pub fn remote(address: &str) -> Result<EngineService, EngineAddressError> {
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|cause| EngineAddressError::NotAUri { address: address.to_owned(), cause })?;
    if endpoint.uri().scheme() != Some(&Scheme::HTTP) || endpoint.uri().host().is_none() {
        return Err(EngineAddressError::NotHttp { address: address.to_owned() });
    }
    let channel = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .connect_lazy();
    Ok(BoxCloneSyncService::new(channel.map_err(|error| Status::from_error(Box::new(error)))))
}

/// An engine in this process: its services are called without a socket.
pub fn in_process(routes: Routes) -> EngineService {
    type Request = http::Request<tonic::body::Body>;
    let never_fails = |never: Infallible| match never {};
    let routes = routes.prepare();
    BoxCloneSyncService::new(ServiceExt::<Request>::map_err(routes, never_fails))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_http_host_and_port() {
        assert!(remote("http://127.0.0.1:7071").is_ok());
        for bad in ["", "127.0.0.1:7071", "grpc://127.0.0.1:7071", "http://", "/path", "a b"] {
            assert!(remote(bad).is_err(), "{bad:?}");
        }
    }
}
