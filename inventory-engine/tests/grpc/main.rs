//! The gRPC face over a real socket and a journal in files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod inventory;
mod projection;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod verbs;
