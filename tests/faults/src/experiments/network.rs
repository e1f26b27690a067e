//! Everything between clients and the server goes through a proxy that delays, stalls, splits, cuts
//! and half opens connections, while one request in four leaves by two connections at once: each of
//! them overtakes the other, comes late, comes twice, or never comes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures::FutureExt;
use tonic::transport::Endpoint;

use super::stage::{Left, Stage, again, habits};
use super::{Experiment, Outcome, Setting};
use crate::client::Habits;
use crate::pause::pass;
use crate::proxy::Proxy;

const NAME: &str = "network";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "delay, stall, split into single bytes, half open and cut connections, and send requests \
           twice by two connections",
    passes_when: "every request id has one effect and one answer, and every history is one that \
                  single seats could have",
    sizes: ("6 s", "60 s"),
    run: |setting| run(setting).boxed(),
};

const HOLD: Duration = Duration::from_millis(1_500);

/// Each fault has to have been done so often.
const HARM_MIN: u64 = 3;

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let stage = Stage::open(setting, HOLD, |server, _| server).await?;
    let target = stage.server.address().unwrap_or_default().to_owned();
    let proxy = Proxy::start(&target, setting.seed).await?;
    let endpoint = Endpoint::from_shared(format!("http://{}", proxy.address()))?;
    let habits = Habits { clients: 200, twice_once_in: 4, again_once_in: 8, ..habits(setting) };
    let crowd = stage.admit(habits, stage.doors(&endpoint, 8));
    let until = Instant::now() + Duration::from_secs(setting.sized(6, 60));
    let harm = proxy.harm();
    let all = [&harm.cut, &harm.half_open, &harm.stalled, &harm.trickled, &harm.delayed];
    let done = |of: &AtomicU64| of.load(Ordering::Relaxed);
    while Instant::now() < until {
        pass(Duration::from_millis(50)).await;
    }
    proxy.calm();
    let [cut, half_open, stalled, trickled, delayed] = all.map(done);
    let fewest = all.into_iter().map(done).min().unwrap_or(0);
    ensure!(fewest >= HARM_MIN, "too little was done to the network: {harm:?}");
    let unknown = crowd.sold().unknown;
    // What the server does under load is not the proxy's doing: it has to be there all the time.
    ensure!(stage.server.process_id().is_some(), "the server is gone");
    let left = Left::of(crowd).await;
    let outcome = stage.verdict(left, &again(NAME, setting)).await?;
    let mut figures = vec![format!(
        "{cut} connections cut, {half_open} half open, {stalled} stalls, {trickled} chunks byte by \
         byte, {delayed} late, {unknown} sendings never answered"
    )];
    figures.extend(outcome.figures);
    let runs = cut + half_open + stalled + trickled + delayed;
    Ok(Outcome { runs, figures, ..outcome })
}
