//! The limits of the transports: servers that read the same requests and write the same replies
//! as Holdfast, and do nothing in between. No server on these libraries can be faster.
//!
//! They run in a process of their own with the allocator, the runtime and the settings of
//! `holdfast`, and say where they are in the same way.

pub mod grpc;
pub mod rest;

use std::io::Write;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Which limit to serve.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Limit {
    /// The engine's service over tonic.
    NoopGrpc,
    /// The edge's paths over axum.
    NoopRest,
}

/// Labels as long as those of a venue with 50,000 seats.
const LABELS: [&str; 2] = ["2018-M-17", "2018-M-18"];

/// Seats as far into the chart.
const SEATS: [u32; 2] = [41_208, 41_209];

/// A deadline and a place in history: numbers that travel in as many bytes as real ones.
const DEADLINE_MILLIS: u64 = 1_795_244_914_250;
const LSN: u64 = 1_234_567;

/// An id of a hold or an allocation.
const ID: [u8; 16] = [0xe5; 16];

/// Serves until it is told to leave.
///
/// # Errors
/// If the address cannot be taken or the server fails.
pub fn serve(limit: Limit) -> anyhow::Result<()> {
    // As `holdfast` does it.
    rustix::thread::disable_transparent_huge_pages(true).context("keep pages small")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("wait for SIGTERM")?;
        let listener = TcpListener::bind("127.0.0.1:0").await.context("take a port")?;
        let address = listener.local_addr()?;
        let name = match limit {
            Limit::NoopGrpc => "grpc",
            Limit::NoopRest => "http",
        };
        {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{name}={address}").context("say where it is")?;
            out.flush().context("say where it is")?;
        }
        let served = async {
            match limit {
                Limit::NoopGrpc => grpc::serve(listener).await,
                Limit::NoopRest => rest::serve(listener).await,
            }
        };
        tokio::select! {
            served = served => served,
            _ = terminate.recv() => Ok(()),
        }
    })
}
