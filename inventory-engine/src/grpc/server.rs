//! The engine's services behind one listener: health, reflection, limits, and a shutdown that
//! drains. They are served before the engine is there, so that who asks is told why it is not.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use proto::inventory::v1::inventory_admin_server::{self, InventoryAdminServer};
use proto::inventory::v1::inventory_server::{self, InventoryServer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::info;

use crate::engine::Handle;
use crate::grpc::admin::AdminService;
use crate::grpc::gate::Gate;
use crate::grpc::inventory::InventoryService;
use crate::limits::{
    ANSWER_BYTES_MAX, CHART_REQUEST_BYTES_MAX, CONNECTION_DRAIN_MAX, CONNECTION_STREAMS_MAX,
    REQUEST_BYTES_MAX,
};
use crate::readiness::Readiness;

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

/// What health tells of: everything, and each service by its name.
const WITH_HEALTH: [&str; 3] =
    ["", inventory_server::SERVICE_NAME, inventory_admin_server::SERVICE_NAME];

/// The services of one engine, to be called in process or put behind a listener. Until they are
/// opened health says that they do not serve, and every call is told how far the recovery is.
#[derive(Clone)]
pub struct Services {
    routes: Routes,
    health: HealthReporter,
    inventory: Gate<InventoryServer<InventoryService>>,
    admin: Gate<InventoryAdminServer<AdminService>>,
    engine: Arc<OnceLock<Handle>>,
    readiness: Readiness,
}

impl Services {
    /// The services of an engine that is about to recover.
    ///
    /// # Errors
    /// If the contracts cannot be reflected.
    pub async fn closed(readiness: &Readiness) -> Result<Self, ServeError> {
        let (health, health_service) = tonic_health::server::health_reporter();
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        // Many tools still ask in the older version's words.
        let (reflection, older) = (reflection().build_v1()?, reflection().build_v1alpha()?);
        let (inventory, admin) = (Gate::new(readiness), Gate::new(readiness));
        let routes = Routes::new(inventory.clone())
            .add_service(admin.clone())
            .add_service(health_service)
            .add_service(reflection)
            .add_service(older);
        let engine = Arc::default();
        let services =
            Self { routes, health, inventory, admin, engine, readiness: readiness.clone() };
        services.say(ServingStatus::NotServing).await;
        Ok(services)
    }

    /// The services of an engine that is there.
    ///
    /// # Errors
    /// If the contracts cannot be reflected.
    pub async fn of(engine: &Handle) -> Result<Self, ServeError> {
        let services = Self::closed(&Readiness::recovering()).await?;
        services.open(engine).await;
        Ok(services)
    }

    /// The engine is there: from now on it is ready, and calls reach it.
    pub async fn open(&self, engine: &Handle) {
        self.inventory.open(
            InventoryServer::new(InventoryService::new(engine.clone()))
                .max_decoding_message_size(REQUEST_BYTES_MAX)
                .max_encoding_message_size(ANSWER_BYTES_MAX),
        );
        self.admin.open(
            InventoryAdminServer::new(AdminService { engine: engine.clone() })
                .max_decoding_message_size(CHART_REQUEST_BYTES_MAX)
                .max_encoding_message_size(ANSWER_BYTES_MAX),
        );
        // An engine starts once; the first one is the one that serves.
        drop(self.engine.set(engine.clone()));
        self.readiness.ready(engine.stopper());
        self.say(ServingStatus::Serving).await;
    }

    /// The services, to be called without a socket.
    pub fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// From now on health says that nobody should come any more. Who comes is served until the
    /// server is told to shut down.
    pub async fn leave(&self) {
        self.readiness.leave();
        self.say(ServingStatus::NotServing).await;
    }

    async fn say(&self, status: ServingStatus) {
        for service in WITH_HEALTH {
            self.health.set_service_status(service, status).await;
        }
    }

    /// Serves until `shutdown`, then says so by its health, takes nothing new, lets what is under
    /// way be answered, and closes.
    ///
    /// The caller shuts the engine down once this has returned.
    ///
    /// # Errors
    /// If the transport fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> Result<(), ServeError> {
        // Here, for the builder's own setting is not for listeners that it is given. Without it a
        // short answer waits until its caller has acknowledged the one before: up to 40 ms.
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let draining = shutdown.clone();
        let routes = self.routes();
        let server = Server::builder()
            .max_concurrent_streams(CONNECTION_STREAMS_MAX)
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .http2_keepalive_timeout(Some(KEEP_ALIVE))
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, async move {
                draining.cancelled().await;
                self.leave().await;
                if let Some(engine) = self.engine.get() {
                    engine.drain();
                }
            });
        let overdue = async {
            shutdown.cancelled().await;
            tokio::time::sleep(CONNECTION_DRAIN_MAX).await;
        };
        tokio::select! {
            served = server => served?,
            () = overdue => {
                let after_secs = CONNECTION_DRAIN_MAX.as_secs();
                info!(after_secs, "gRPC connections that would not end were cut");
            }
        }
        Ok(())
    }
}
