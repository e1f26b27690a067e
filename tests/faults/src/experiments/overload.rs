//! Ten times the operations in flight, with the server and its callers on a core each: how much is
//! still confirmed, how much memory that takes, and what who calls beside the streams is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use futures::FutureExt;
use proto::inventory::v1::answer::Outcome as Wire;
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_types::StatusExt;

use super::stage::again;
use super::{Experiment, Outcome, Setting};
use crate::client::{InFlight, Organizer, Unary, command};
use crate::history::{Ask, HoldId, RequestId};
use crate::limits::{OVERLOAD_CONFIRMED_MIN, OVERLOAD_MEMORY_MIB_MAX};
use crate::load::{Course, Load, Running};
use crate::pause::pass;
use crate::process::Server;

const NAME: &str = "overload";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "ten times the operations in flight, server and callers on a core each",
    passes_when: "at least 80% of peak are confirmed, memory is bounded, unary calls are refused \
                  with a time to come again",
    sizes: ("10 s between 3 s at peak", "60 s between 10 s at peak"),
    run: |setting| run(setting).boxed(),
};

const EVENT: u64 = 11;
const HOLD: Duration = Duration::from_secs(3_600);
/// In flight at peak: what one core of callers and one of the server do best with.
const PEAK: (u32, u32) = (8, 512);
/// Ten times as many, on as many streams as would take them if they were all read.
const TENFOLD: (u32, u32) = (16, 2_560);
const SEATS: u32 = 60_000;
/// Callers of unary calls beside the streams, each with a seat of its own.
const CALLERS: u32 = 32;
/// What is not counted of a load: the streams open.
const WARM_UP: Duration = Duration::from_secs(1);

const _: () = assert!(PEAK.0 * PEAK.1 * 10 == TENFOLD.0 * TENFOLD.1);
const _: () = assert!(TENFOLD.0 * TENFOLD.1 + CALLERS < SEATS);

/// What unary callers were told.
#[derive(Debug, Default)]
struct Told {
    answered: AtomicU64,
    refused: AtomicU64,
    /// Refused without a time to come again, or ended in another way.
    otherwise: AtomicU64,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    peak: f64,
    tenfold: f64,
    memory_at_peak_mib: u64,
    memory_mib: u64,
    answered: u64,
    refused: u64,
    otherwise: u64,
}

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let folder = tempfile::Builder::new().prefix("faults-").tempdir()?;
    let server = Server::new(&setting.program, folder.path());
    let mut server = server.wrapped(&["taskset", "--cpu-list", "0"]);
    server.start().await?;
    Organizer::new(&server.endpoint()?).put_on_sale(&[EVENT], SEATS, HOLD).await?;
    let (endpoint, process_id) = (server.endpoint()?, server.process_id().context("it runs")?);
    let spans = [setting.sized(3, 10), setting.sized(10, 60)].map(Duration::from_secs);
    // A thread of its own, for threads are what cores are given to.
    let measured = tokio::task::spawn_blocking(move || {
        let mut core = CpuSet::new();
        core.set(1);
        sched_setaffinity(None, &core).context("stay on the second core")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(measure(&endpoint, process_id, spans))
    });
    let measured = measured.await??;
    server.stop().await?;
    Ok(judged(setting, measured))
}

async fn measure(
    endpoint: &Endpoint,
    process_id: u32,
    [peak_span, span]: [Duration; 2],
) -> anyhow::Result<Measured> {
    let load = |(streams, slots)| {
        let (seats, course) = (SEATS - CALLERS, Course::Endless);
        Load { event_id: EVENT, streams, slots, seats, course }.start(endpoint)
    };
    let mut measured = Measured::default();
    let before = rate(load(PEAK), peak_span).await;
    measured.memory_at_peak_mib = resident_mib(process_id)?;

    let running = load(TENFOLD);
    pass(WARM_UP).await;
    let told = Arc::new(Told::default());
    let mut callers = JoinSet::new();
    let unary = Arc::new(Unary::open(endpoint, InFlight::default()));
    for caller in 0..CALLERS {
        let seat = SEATS - 1 - caller;
        callers.spawn(call(Arc::clone(&unary), seat, Arc::clone(&told)));
    }
    let watching = async {
        let mut most = 0;
        loop {
            most = resident_mib(process_id).map_or(most, |now| most.max(now));
            measured.memory_mib = most;
            pass(Duration::from_millis(100)).await;
        }
    };
    measured.tenfold = tokio::select! {
        rate = running.rate(span) => rate,
        () = watching => 0.0,
    };
    callers.shutdown().await;
    drop(running);
    // Other work on the machine comes and goes: peak is what it is before and behind.
    measured.peak = before.midpoint(rate(load(PEAK), peak_span).await);
    let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
    measured.answered = count(&told.answered);
    (measured.refused, measured.otherwise) = (count(&told.refused), count(&told.otherwise));
    Ok(measured)
}

/// What is confirmed a second of a load that comes and goes.
async fn rate(running: Running, over: Duration) -> f64 {
    pass(WARM_UP).await;
    running.rate(over).await
}

/// Holds a seat and gives it back by unary calls, until it is ended.
async fn call(unary: Arc<Unary>, seat: u32, told: Arc<Told>) {
    let mut hold_id: Option<HoldId> = None;
    let buyer = format!("caller-{seat}");
    loop {
        let buyer = buyer.clone();
        let ask = match hold_id {
            Some(hold_id) => Ask::Release { hold_id, buyer },
            None => Ask::Place { event_id: EVENT, buyer, seats: vec![seat] },
        };
        match unary.call(command(RequestId::now(), &ask)).await {
            Ok(outcome) => {
                told.answered.fetch_add(1, Ordering::Relaxed);
                hold_id = match outcome {
                    Wire::Placed(placed) => HoldId::from_bytes(&placed.hold_id).ok(),
                    _ => None,
                };
            }
            Err(status) if status.code() == Code::ResourceExhausted => {
                let after = status.get_details_retry_info().and_then(|info| info.retry_delay);
                let of = if after.is_some() { &told.refused } else { &told.otherwise };
                of.fetch_add(1, Ordering::Relaxed);
                pass(after.unwrap_or_default()).await;
            }
            Err(_) => {
                told.otherwise.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn resident_mib(process_id: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.context("the system says nothing of the server's memory")? >> 10)
}

fn judged(setting: &Setting, measured: Measured) -> Outcome {
    let Measured { peak, tenfold, memory_at_peak_mib, memory_mib, .. } = measured;
    let Measured { answered, refused, otherwise, .. } = measured;
    let share = tenfold / peak;
    let mut violations = Vec::new();
    if setting.judges_time && share < OVERLOAD_CONFIRMED_MIN {
        violations.push(format!("{:.0}% of peak are confirmed", share * 100.0));
    }
    if memory_mib > OVERLOAD_MEMORY_MIB_MAX {
        violations.push(format!("the server has {memory_mib} MiB"));
    }
    if refused == 0 || otherwise > 0 {
        violations.push(format!(
            "of unary calls {refused} were refused with a time to come again, {otherwise} ended \
             otherwise"
        ));
    }
    let figures = vec![
        format!("{peak:.0} a second at peak, {tenfold:.0} at ten times ({:.0}%)", share * 100.0),
        format!("{memory_at_peak_mib} MiB at peak, at most {memory_mib} MiB at ten times"),
        format!("of unary calls {answered} answered, {refused} told when to come again"),
    ];
    Outcome { runs: 1, violations, kept: Some(again(NAME, setting)), figures }
}
