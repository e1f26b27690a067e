//! The gRPC face of the engine. Protobuf types come in and go out here and travel no further.

mod admin;
mod answers;
mod gate;
mod inventory;
mod message;
mod reads;
mod requests;
mod seat_history;
mod server;
mod status;
mod stream;
mod terms;
mod watch;

pub use server::{ServeError, Services};
