//! The projection, on a real engine and a real Postgres that the tests start themselves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod house;
mod projecting;
mod queries;
mod recovering;
mod sale;
