//! The engine's services behind one listener: health, reflection, limits, and a shutdown that
//! drains.

use std::time::Duration;

use proto::inventory::v1::inventory_admin_server::{self, InventoryAdminServer};
use proto::inventory::v1::inventory_server::{self, InventoryServer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::info;

use crate::engine::Handle;
use crate::grpc::admin::AdminService;
use crate::grpc::inventory::InventoryService;
use crate::limits::{
    ANSWER_BYTES_MAX, CHART_REQUEST_BYTES_MAX, CONNECTION_DRAIN_MAX, CONNECTION_STREAMS_MAX,
    REQUEST_BYTES_MAX,
};

/// Why the services could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The reflection service did not take the contracts.
    #[error("the contracts cannot be reflected: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// A dead peer is noticed after at most two of these.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The services over an engine, to be called in process or put behind a listener, and what says
/// whether they serve.
pub async fn routes(engine: &Handle) -> Result<(Routes, HealthReporter), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    for service in ["", inventory_server::SERVICE_NAME, inventory_admin_server::SERVICE_NAME] {
        health.set_service_status(service, ServingStatus::Serving).await;
    }
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    // Many tools still ask in the older version's words.
    let (reflection, older_reflection) = (reflection().build_v1()?, reflection().build_v1alpha()?);
    let inventory = InventoryServer::new(InventoryService::new(engine.clone()))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(ANSWER_BYTES_MAX);
    let admin = InventoryAdminServer::new(AdminService { engine: engine.clone() })
        .max_decoding_message_size(CHART_REQUEST_BYTES_MAX)
        .max_encoding_message_size(ANSWER_BYTES_MAX);
    let routes = Routes::new(inventory)
        .add_service(admin)
        .add_service(health_service)
        .add_service(reflection)
        .add_service(older_reflection);
    Ok((routes, health))
}

/// Serves until `shutdown`, then says so by its health, takes nothing new, lets what is under
/// way be answered, and closes.
///
/// The caller shuts the engine down once this has returned.
pub async fn serve(
    engine: Handle,
    routes: Routes,
    health: HealthReporter,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let incoming = TcpListenerStream::new(listener);
    let draining = shutdown.clone();
    let server = Server::builder()
        .max_concurrent_streams(CONNECTION_STREAMS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .tcp_nodelay(true)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, async move {
            draining.cancelled().await;
            for service in
                ["", inventory_server::SERVICE_NAME, inventory_admin_server::SERVICE_NAME]
            {
                health.set_service_status(service, ServingStatus::NotServing).await;
            }
            engine.drain();
        });
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(CONNECTION_DRAIN_MAX).await;
    };
    tokio::select! {
        served = server => served?,
        () = overdue => info!("connections that would not end were cut"),
    }
    Ok(())
}
