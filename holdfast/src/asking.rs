//! What the tools share that ask a running engine over gRPC.

use std::time::Duration;

use anyhow::Context;
use proto::inventory::v1::inventory_admin_client::InventoryAdminClient;
use proto::inventory::v1::inventory_client::InventoryClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::config::{EngineFlags, Settings};

/// How long an engine may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// Bytes of one answer: the history of a seat, or the violations of an event.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The services of one engine.
pub(crate) struct Engine {
    pub(crate) inventory: InventoryClient<Channel>,
    pub(crate) admin: InventoryAdminClient<Channel>,
}

impl Engine {
    /// Connects to the engine that the settings name.
    pub(crate) async fn connect(flags: EngineFlags) -> anyhow::Result<Self> {
        let settings = Settings::resolve(flags.into())?;
        let endpoint = Endpoint::from_shared(settings.engine.clone())?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT);
        let channel = endpoint.connect().await.with_context(|| {
            format!("no engine answers at {}: start one, or give --engine", settings.engine)
        })?;
        let inventory = InventoryClient::new(channel.clone());
        let admin = InventoryAdminClient::new(channel);
        Ok(Self {
            inventory: inventory.max_decoding_message_size(ANSWER_BYTES_MAX),
            admin: admin.max_decoding_message_size(ANSWER_BYTES_MAX),
        })
    }
}

/// What the engine said when it did not answer, as the tool's own error.
pub(crate) fn refused(status: &Status) -> anyhow::Error {
    match status.code() {
        Code::NotFound | Code::InvalidArgument | Code::FailedPrecondition => {
            anyhow::anyhow!("{}", status.message())
        }
        code => anyhow::anyhow!("the engine did not answer ({code:?}): {}", status.message()),
    }
}
