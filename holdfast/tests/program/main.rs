//! The real program in a process of its own, as operators and callers meet it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asking;
mod festival;
mod full_disk;
mod grpc_page;
mod metrics;
mod node;
mod onsale_everything;
mod onsale_page;
mod recovering;
mod redis;
mod replaying;
mod rest;
mod rest_examples;
mod rest_inventory;
mod rest_organizers;
mod running;
mod venue;
