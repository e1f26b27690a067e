//! The seat-inventory engine: shards with one writer each, the commit pipeline, recovery, and
//! the gRPC services.
//!
//! A command's way: [`grpc`] makes it typed, [`engine::Handle`] puts it into the inbox of the
//! writer that owns its shard, the [`pipeline`] decides and applies it, the journal's thread
//! syncs it, and only then its answer leaves.

pub mod ack;
pub mod answer;
pub mod ask;
mod bounded_work;
pub mod clock;
pub mod directory;
pub mod engine;
pub mod feed;
pub mod grpc;
mod inbox;
mod journal_thread;
pub mod limits;
pub mod metrics;
pub mod names;
pub mod past;
pub mod pipeline;
pub mod progress;
pub mod projected;
mod projection_thread;
pub mod readiness;
pub mod recovery;
mod replay;
pub mod room;
pub mod seat_history;
mod settle;
pub mod snapshot_thread;
pub mod snapshots;
pub mod stop;
mod throttle;
pub mod ticket;
pub mod view;
mod writer;
