//! The contracts between callers, the edge, the services and the engine: generated messages,
//! clients and servers, one module a package.

#![expect(missing_docs, reason = "generated; the .proto files hold the words")]
#![expect(
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

mod answer_batch;
mod event_update;

/// The seat inventory, version 1.
pub mod inventory {
    /// `holdfast.inventory.v1`.
    pub mod v1 {
        tonic::include_proto!("holdfast.inventory.v1");
        pub use crate::answer_batch::{ANSWERS_TAG, AnswerBatch};
        pub use crate::event_update::{EventUpdate, Update};
    }
}

/// The descriptors of every contract, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
